// The routes of events: streams by product, by device and by owner, each with or without one prefix, and publishing.

import { takeText } from './bodies.ts';
import { findDevice } from './device-actions.ts';
import type { EventStreams } from './event-streams.ts';
import { ApiError } from './api-error.ts';
import type { RateLimits } from './rate-limits.ts';
import { ok, route } from './routes.ts';
import type { Access, ApiRequest, Reply, Route } from './routes.ts';
import type { Trouble } from './trouble.ts';
import type { World } from './world.ts';
import { CLOUD_ACTOR } from './world.ts';

const SCOPE: Access = { scope: 'events:get' };
const PRODUCT = '/v1/products/:product';

export function eventRoutes(
  world: World,
  streams: EventStreams,
  limits: RateLimits,
  trouble: Trouble,
): readonly Route[] {
  const open = (productId: number | null, device: string | null, request: ApiRequest): Reply => {
    const { refusal } = trouble.events;
    if (refusal !== null) throw new ApiError(refusal, { ok: false, errors: ['Too many streams'] });
    limits.spend('streamOpens');
    limits.refuseStream(streams.open);
    return { stream: { productId, device, prefix: request.path['prefix'] ?? '' } };
  };
  const ofDevice = (request: ApiRequest): Reply => {
    const { id } = findDevice(request.product, request.path['device'] ?? '');
    return open(request.product.id, id, request);
  };
  const ofOwner = (request: ApiRequest): Reply => open(null, null, request);

  return [
    ...['/events', '/events/:prefix'].flatMap((end) => [
      route('GET', `${PRODUCT}${end}`, SCOPE, (request) => open(request.product.id, null, request)),
      route('GET', `${PRODUCT}/devices/:device${end}`, SCOPE, ofDevice),
      route('GET', `/v1/devices${end}`, 'person', ofOwner),
    ]),
    route('POST', `${PRODUCT}/events`, { scope: 'events:send' }, ({ product, body, caller }) => {
      world.publish({
        name: takeText(body, 'name') ?? '',
        data: takeText(body, 'data') ?? '',
        publishedAt: world.time.now(),
        coreId: CLOUD_ACTOR,
        userId: caller.actor.id,
        version: 0,
        productId: product.id,
      });
      return ok({ ok: true });
    }),
  ];
}
