// The routes of accounts: sign-in, tokens, products, the team of a product with its API users, and what is open to people
// but not to API users.

import { ApiError, errorList, invalidRequest, notFound, oauthError } from './api-error.ts';
import { takeList, takeText } from './bodies.ts';
import { updateDevice } from './device-routes.ts';
import { deviceDocument, deviceListDocument, productDocument } from './documents.ts';
import type { RateLimits } from './rate-limits.ts';
import { NO_CONTENT, ok, route } from './routes.ts';
import type { ApiRequest, Reply, Route } from './routes.ts';
import type { ApiUser, TokenDesk } from './tokens.ts';
import { PASSWORD } from './tokens.ts';
import type { Device, World } from './world.ts';
import { isoTime } from './world.ts';

const TEAM = '/v1/products/:product/team';

export function accountRoutes(world: World, desk: TokenDesk, limits: RateLimits): readonly Route[] {
  const findAnywhere = (id: string): Device => {
    const found = world.products.find(({ devices }) => devices.has(id))?.devices.get(id);
    if (found === undefined) {
      throw new ApiError(403, { error: 'Permission Denied', info: 'No such device.' });
    }
    return found;
  };

  return [
    route('POST', '/oauth/token', 'open', (request) => signIn(world, desk, limits, request)),

    route('GET', '/v1/access_tokens/current', 'any', ({ caller }) =>
      ok({
        expires_at: caller.expiresAt === null ? null : isoTime(caller.expiresAt),
        client: caller.client,
        // How the scopes of a person's token are written is the fake's own pick.
        scopes: caller.scopes ?? ['*:*'],
        orgs: [],
      }),
    ),
    route('DELETE', '/v1/access_tokens/current', 'any', ({ caller }) => {
      desk.revoke(caller.token);
      return ok({ ok: true });
    }),
    route('DELETE', '/v1/access_tokens', 'person', ({ caller }) => {
      desk.revokeAllOf(caller.actor);
      return ok({ ok: true });
    }),
    // The token in the path is its own credential.
    route('DELETE', '/v1/access_tokens/:token', 'open', ({ path }) => {
      desk.revoke(path['token'] ?? '');
      return ok({ ok: true });
    }),

    route('GET', '/v1/products', 'person', () =>
      ok({ products: world.products.map(productDocument) }),
    ),
    route('GET', '/v1/products/:product', { scope: 'products:get' }, ({ product }) => {
      const document = productDocument(product);
      return ok({ product: world.quirks.isProductInArray ? [document] : document });
    }),

    route('GET', '/v1/devices', 'person', () =>
      ok(
        world.products.flatMap(({ devices }) =>
          [...devices.values()].map((device) => deviceListDocument(world, device)),
        ),
      ),
    ),
    route('GET', '/v1/devices/:device', 'person', ({ path }) =>
      ok(deviceDocument(world, findAnywhere(path['device'] ?? ''))),
    ),
    route('PUT', '/v1/devices/:device', 'person', (request) =>
      updateDevice(world, findAnywhere(request.path['device'] ?? ''), request),
    ),
    route('GET', '/v1/serial_numbers/:serial', 'person', ({ path }) => {
      limits.spend('serialNumbers');
      for (const product of world.products) {
        for (const device of product.devices.values()) {
          if (device.serialNumber !== path['serial']) continue;
          return ok({ ok: true, device_id: device.id, platform_id: device.platformId });
        }
      }
      throw notFound('Serial number');
    }),

    route('GET', TEAM, 'person', ({ product, caller }) =>
      ok({
        team: [
          { username: caller.actor.username, is_programmatic: false },
          ...[...desk.apiUsers.values()]
            .filter(({ productId }) => productId === product.id)
            .map(memberDocument),
        ],
      }),
    ),
    route('POST', TEAM, 'person', ({ product, body }) => {
      const friendlyName = takeText(body, 'friendly_name');
      // An invitation of a person: the fake has no mailbox.
      if (friendlyName === undefined) return ok({ ok: true });
      const user = desk.createApiUser(product, friendlyName, takeList(body, 'scopes') ?? []);
      return ok({ ok: true, created: createdDocument(user) });
    }),
    route('PUT', `${TEAM}/:username`, 'person', ({ path, body }) => {
      desk.changeScopes(path['username'] ?? '', takeList(body, 'scopes') ?? []);
      return ok({ ok: true, ...renewedDocument(desk, path) });
    }),
    route('PUT', `${TEAM}/:username/token`, 'person', ({ path }) => {
      desk.rotate(path['username'] ?? '');
      return ok({ ok: true, ...renewedDocument(desk, path) });
    }),
    route('DELETE', `${TEAM}/:username`, 'person', ({ path }) => {
      desk.removeApiUser(path['username'] ?? '');
      return NO_CONTENT;
    }),
  ];
}

function signIn(world: World, desk: TokenDesk, limits: RateLimits, request: ApiRequest): Reply {
  const { body } = request;
  limits.checkSignIn();
  limits.spend('signIns');
  if (body.kind !== 'form') throw invalidRequest('Method must be POST with a form');
  const { client, secret } = readClient(request);
  if (client === undefined || secret === undefined) {
    throw oauthError(400, 'invalid_client', 'Missing client_id parameter');
  }
  const grant = takeText(body, 'grant_type');
  const username = grant === 'client_credentials' ? client : (takeText(body, 'username') ?? '');
  const isGood =
    grant === 'client_credentials' ||
    (grant === 'password' && takeText(body, 'password') === PASSWORD);
  limits.noteSignIn(isGood);
  if (!isGood) throw oauthError(400, 'invalid_grant', 'User credentials are invalid');
  const seconds = takeText(body, 'expires_in');
  const expiresInMs = seconds === undefined ? undefined : Number(seconds) * 1000;
  const issued = desk.issueUserToken(username, expiresInMs === 0 ? null : expiresInMs, client);
  const left = issued.expiresAt === null ? 0 : (issued.expiresAt - world.time.now()) / 1000;
  return ok({
    token_type: 'bearer',
    access_token: issued.token,
    expires_in: left,
    refresh_token: issued.refreshToken,
  });
}

/** By HTTP Basic or in the form. */
function readClient({ authorization, body }: ApiRequest): {
  readonly client: string | undefined;
  readonly secret: string | undefined;
} {
  const basic = /^Basic (.+)$/i.exec(authorization ?? '')?.[1];
  if (basic === undefined) {
    return { client: takeText(body, 'client_id'), secret: takeText(body, 'client_secret') };
  }
  const [client, secret] = Buffer.from(basic, 'base64').toString('utf8').split(':');
  return { client, secret };
}

function memberDocument({ actor, friendlyName, scopes, productId }: ApiUser): object {
  return {
    username: actor.username,
    friendly_name: friendlyName,
    is_programmatic: true,
    scopes,
    product_id: productId,
  };
}

function createdDocument(user: ApiUser): object {
  return { ...memberDocument(user), tokens: [{ token: user.token }] };
}

function renewedDocument(desk: TokenDesk, path: Readonly<Record<string, string>>): object {
  const user = desk.apiUsers.get(path['username'] ?? '');
  if (user === undefined) throw errorList(404, ['No such member']);
  return { created: createdDocument(user) };
}
