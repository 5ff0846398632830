// The list of a product's devices: filters, orders, and pages that cursors lead through.

import type { FastifyInstance } from 'fastify';

import { WAIT_REASONS } from '../../model/wait-reasons.ts';
import { deviceJson } from '../../reports/device-json.ts';
import { DEVICE_ORDERS, type DevicePage, type DeviceSearch } from '../../stores/device-search.ts';
import { CURSOR_LENGTH_MAX, readCursor, writeCursor, type ListName } from '../device-cursor.ts';
import { compileFilter, type DeviceListQuery } from '../device-filters.ts';
import { sendError, sendUnknownProduct } from '../errors.ts';
import type { ApiContext } from '../ports.ts';
import { count, flag, nullable, object, arrayOf, oneWord, ref, text } from '../schemas/build.ts';
import { describeNow } from './describe-now.ts';
import { findProduct } from './fleet-routes.ts';
import {
  describeRoute,
  limit,
  PAGE_DEFAULT,
  PRODUCT_PARAMS,
  query,
  type ProductParams,
} from './route.ts';

const DEVICES_QUERY = query({
  prefix: { type: 'string', minLength: 1, maxLength: 256, description: 'How their ids begin.' },
  running: {
    type: 'string',
    pattern: '^(unknown|[1-9][0-9]{0,4})$',
    description: 'A version, or `unknown`.',
  },
  group: {
    type: 'string',
    minLength: 1,
    maxLength: 253,
    description: 'The name of a DeviceGroup in force; its members, listed or matching.',
  },
  locked: flag,
  standing: oneWord(['expected', 'active', 'quarantined']),
  online: { ...flag, description: 'False: also devices that never made contact.' },
  failing: flag,
  updating: { ...flag, description: 'An action is open.' },
  drifted: {
    ...flag,
    description:
      'Active, known to run another version than their target, and no action is open that would mend it.',
  },
  waiting: oneWord(
    ['any', 'none', ...WAIT_REASONS],
    'Active, without an open action, and not yet on the version that they are meant to run: what stands in the way, in the words of `waits` of an explanation. Whether a rate has a token left is not known before one is taken.',
  ),
  sort: oneWord(
    DEVICE_ORDERS,
    '`id` (default), `version` (that they run; unknown ones first) or `registration` (first contact; those without one first). Equal ones are ordered by id, and ids by code points.',
  ),
  descending: { ...flag, description: 'The reverse order.' },
  after: {
    type: 'string',
    minLength: 1,
    maxLength: CURSOR_LENGTH_MAX,
    description: '`next` of the page before, of the same filters and order.',
  },
  limit,
});

const ANSWER = object({
  items: {
    ...arrayOf(ref('DeviceSummary')),
    description: 'May be fewer than `limit`, or none, where `next` is not null.',
  },
  next: {
    ...nullable(text),
    description:
      'What `after` is for the next page; null at the end, and only there. A page is answered in bounded time: where matches are rare and no index leads to them, it ends early, and the next one goes on.',
  },
  total: {
    ...nullable(count),
    description:
      'How many devices match, on all pages together; null where that cannot be told without looking at too many of them.',
  },
});

/** Adds the route. */
export function addDeviceListRoute(app: FastifyInstance, context: ApiContext): void {
  const { store } = context;
  app.get<{ Params: ProductParams; Querystring: DeviceListQuery }>(
    '/products/:product/devices',
    describeRoute({
      operationId: 'listDevices',
      summary: 'Devices by filters that apply together, in an order, page by page',
      tag: 'devices',
      role: 'viewer',
      params: PRODUCT_PARAMS,
      querystring: DEVICES_QUERY,
      answer: ANSWER,
    }),
    async (request, reply) => {
      const { product } = request.params;
      const view = findProduct(context, product);
      if (view === null) return sendUnknownProduct(reply, product);
      const asked = request.query;
      const name = nameList(product, asked);
      const after = asked.after === undefined ? null : readCursor(name, asked.after);
      if (after?.ok === false) {
        return after.error === 'foreign'
          ? sendError(reply, 400, 'CursorOfAnotherList', FOREIGN, START_OVER)
          : sendError(reply, 400, 'InvalidCursor', UNREADABLE, START_OVER);
      }
      const now = describeNow(context, product);
      const filter = compileFilter(asked, {
        policy: now.policy,
        moment: { at: now.now, listened: now.listened },
        inForce: view.inForce,
        tallies: await store.tallies(product),
      });
      if (filter === 'unknownGroup') {
        const message = `${product} has no group ${JSON.stringify(asked.group)} in force.`;
        const remedy = 'Check the name; groups come from DeviceGroup manifests.';
        return sendError(reply, 404, 'UnknownGroup', message, remedy);
      }
      const search: DeviceSearch | null =
        filter === 'nobody'
          ? null
          : {
              product,
              filter,
              order: asked.sort ?? 'id',
              descending: asked.descending ?? false,
              after: after?.value ?? null,
              limit: asked.limit ?? PAGE_DEFAULT,
            };
      const page = search === null ? NOBODY : await store.searchDevices(search);
      return {
        items: page.sightings.map(({ device, contact }) => deviceJson(device, contact, now)),
        next: page.next === null ? null : writeCursor(name, page.next),
        total: page.total,
      };
    },
  );
}

const NOBODY: DevicePage = { sightings: [], next: null, total: 0 };

const FOREIGN = 'The cursor in `after` belongs to a list of other filters or another order.';
const UNREADABLE = 'The value of `after` is no cursor of a list of devices.';
const START_OVER = 'Give `next` of a page of the same list, or leave `after` out to start over.';

function nameList(product: string, asked: DeviceListQuery): ListName {
  const { prefix, running, group, locked, standing, online, failing, updating } = asked;
  const { drifted, waiting, sort = 'id', descending = false } = asked;
  return [
    product,
    prefix ?? null,
    running ?? null,
    group ?? null,
    locked ?? null,
    standing ?? null,
    online ?? null,
    failing ?? null,
    updating ?? null,
    drifted ?? null,
    waiting ?? null,
    sort,
    descending,
  ];
}
