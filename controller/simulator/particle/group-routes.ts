// The routes of a product's groups, and of the dry run of a release to them.

import { takeText } from './bodies.ts';
import { groupDocument } from './documents.ts';
import { createGroup, editGroup, findGroup, removeGroup } from './group-actions.ts';
import { previewImpact } from './impact.ts';
import { NO_CONTENT, ok, route } from './routes.ts';
import type { Route } from './routes.ts';
import type { World } from './world.ts';

const BASE = '/v1/products/:product/groups';

export function groupRoutes(world: World): readonly Route[] {
  return [
    route('GET', BASE, { scope: 'groups:list' }, ({ product, query }) => {
      const name = query.get('name') ?? '';
      const groups = [...product.groups.values()].filter((group) => group.name.includes(name));
      return ok({ groups: groups.map(groupDocument) });
    }),

    route('POST', BASE, { scope: 'groups:create' }, ({ product, body }) => {
      const group = createGroup(product, takeText(body, 'name') ?? '', {
        description: takeText(body, 'description'),
        color: takeText(body, 'color'),
      });
      return { status: 201, body: { group: groupDocument(group) } };
    }),

    route('GET', `${BASE}/:group`, { scope: 'groups:get' }, ({ product, path }) => {
      const group = findGroup(product, path['group'] ?? '');
      const members = [...product.devices.values()].filter(({ groups }) =>
        groups.includes(group.name),
      );
      return ok({ group: { ...groupDocument(group), device_count: members.length } });
    }),

    route('PUT', `${BASE}/:group`, { scope: 'groups:update' }, ({ product, path, body }) => {
      const group = findGroup(product, path['group'] ?? '');
      editGroup(group, {
        description: takeText(body, 'description'),
        color: takeText(body, 'color'),
      });
      return ok({ group: groupDocument(group) });
    }),

    route('DELETE', `${BASE}/:group`, { scope: 'groups:remove' }, ({ product, path }) => {
      removeGroup(world, product, path['group'] ?? '');
      return NO_CONTENT;
    }),

    route(
      'GET',
      '/v1/products/:product/impact',
      { scope: 'groups.impact:get' },
      ({ product, query }) => ok({ devices: { firmware_update: previewImpact(product, query) } }),
    ),
  ];
}
