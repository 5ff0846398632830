// Credentials: target tokens of devices, forgetting a device, and the API's own tokens. A token is in one answer, once;
// the state keeps its hash.

import type { FastifyInstance } from 'fastify';

import { expectedDevice, type DeviceRecord } from '../../model/device.ts';
import type { EventDraft, EventType } from '../../model/event.ts';
import { isoTime } from '../../reports/plain-text.ts';
import type { Role, SaveOutcome } from '../../stores/store.ts';
import { hashApiToken } from '../access.ts';
import { sendError, sendUnknownDevice, sendUnknownProduct } from '../errors.ts';
import type { ApiContext } from '../ports.ts';
import { flag, listOf, object, oneWord, text, time, type Schema } from '../schemas/build.ts';
import { createToken } from '../secrets.ts';
import { findProduct } from './fleet-routes.ts';
import { DEVICE_PARAMS, describeRoute, type DeviceParams } from './route.ts';

/** Rounds of reading and writing a device that changes meanwhile. */
const ROUNDS_MAX = 20;

const role = oneWord(['viewer', 'deployer'], 'A viewer may look and plan, a deployer everything.');
const tokenFields = { name: text, role, createdAt: time } as const satisfies Record<string, Schema>;
const shownOnce: Schema = { ...text, description: 'Shown once; only its hash is kept.' };

/** Adds the routes. */
export function addCredentialRoutes(app: FastifyInstance, context: ApiContext): void {
  const { store, clock, log } = context;

  app.post<{ Params: DeviceParams }>(
    '/products/:product/devices/:id/token',
    describeRoute({
      operationId: 'createDeviceToken',
      summary: 'Issue a target token, also before the first poll; replaces the one before',
      tag: 'access',
      role: 'deployer',
      params: DEVICE_PARAMS,
      answer: object({ product: text, device: text, token: shownOnce }),
      status: 201,
    }),
    async (request, reply) => {
      const { product, id } = request.params;
      if (findProduct(context, product) === null) return sendUnknownProduct(reply, product);
      const token = createToken();
      const saved = await changeDevice(product, id, async (before) => {
        const after = {
          ...(before ?? expectedDevice(product, id)),
          tokenHash: hashApiToken(token),
        };
        const message = `A target token was issued by ${request.caller}.`;
        const events = [draftEvent('TokenCreated', product, id, message)];
        return store.saveDevice({ before, after, events });
      });
      if (!saved) return sendBusy(reply);
      log.info(`${product}: a target token was issued for ${JSON.stringify(id)}`);
      return reply.code(201).send({ product, device: id, token });
    },
  );

  app.delete<{ Params: DeviceParams }>(
    '/products/:product/devices/:id',
    describeRoute({
      operationId: 'forgetDevice',
      summary: 'Forget a device: its token, evidence, attributes and actions; its lock stays',
      tag: 'access',
      role: 'deployer',
      params: DEVICE_PARAMS,
      answer: object({ product: text, device: text, lockStays: flag }),
    }),
    async (request, reply) => {
      const { product, id } = request.params;
      if (findProduct(context, product) === null) return sendUnknownProduct(reply, product);
      if ((await store.device(product, id)) === null) return sendUnknownDevice(reply, product, id);
      let lockStays = false;
      const saved = await changeDevice(product, id, async (before) => {
        if (before === null) return { status: 'saved' };
        const message = `Forgotten by ${request.caller}.`;
        const events = [draftEvent('DeviceForgotten', product, id, message)];
        const erased = store.saveDevice({ before, after: null, events });
        lockStays = before.lock !== null;
        if (before.lock === null) return erased;
        // Asked for in the same turn as the removal, so that both are one commit and no poll comes between them.
        const after = { ...expectedDevice(product, id), lock: before.lock };
        const [outcome] = await Promise.all([erased, store.saveDevice({ before: null, after })]);
        return outcome;
      });
      if (!saved) return sendBusy(reply);
      log.info(`${product}: ${JSON.stringify(id)} was forgotten, asked for by ${request.caller}`);
      return { product, device: id, lockStays };
    },
  );

  app.get(
    '/tokens',
    describeRoute({
      operationId: 'listTokens',
      summary: 'The API’s tokens, without their secrets',
      tag: 'access',
      role: 'deployer',
      answer: listOf(object(tokenFields)),
    }),
    async () => {
      const tokens = await store.tokens();
      return {
        items: tokens.map(({ name, role, createdAt }) => ({
          name,
          role,
          createdAt: isoTime(createdAt),
        })),
      };
    },
  );

  app.post<{ Body: { readonly name: string; readonly role: Role } }>(
    '/tokens',
    describeRoute({
      operationId: 'createToken',
      summary: 'Make a token for the API',
      tag: 'access',
      role: 'deployer',
      body: object({ name: { type: 'string', pattern: '^[A-Za-z0-9._-]{1,64}$' }, role }),
      answer: object({ ...tokenFields, token: shownOnce }),
      status: 201,
    }),
    async (request, reply) => {
      const { name, role } = request.body;
      if ((await store.tokens()).some((token) => token.name === name)) {
        const message = `There is a token named ${name} already.`;
        return sendError(reply, 409, 'NameTaken', message, 'Choose another name.');
      }
      const token = createToken();
      const createdAt = clock.now();
      await store.saveToken({ name, role, hash: hashApiToken(token), createdAt });
      const message = `The token ${name} with the role ${role} was made by ${request.caller}.`;
      await store.addEvents([draftEvent('TokenCreated', null, null, message)]);
      log.info(message);
      return reply.code(201).send({ name, role, createdAt: isoTime(createdAt), token });
    },
  );

  app.delete<{ Params: { readonly name: string } }>(
    '/tokens/:name',
    describeRoute({
      operationId: 'revokeToken',
      summary: 'Revoke a token of the API, and every session that was begun with it',
      tag: 'access',
      role: 'deployer',
      params: object({ name: text }),
      answer: object(tokenFields),
    }),
    async (request, reply) => {
      const { name } = request.params;
      const known = (await store.tokens()).find((token) => token.name === name);
      if (known === undefined) {
        const message = `There is no token named ${name}.`;
        return sendError(
          reply,
          404,
          'NoSuchToken',
          message,
          '`lockstep token list` names those there are.',
        );
      }
      const { role: had, createdAt } = known;
      await store.deleteToken(name);
      const message = `The token ${name} with the role ${had} was revoked by ${request.caller}.`;
      await store.addEvents([draftEvent('TokenRevoked', null, null, message)]);
      log.info(message);
      return { name, role: had, createdAt: isoTime(createdAt) };
    },
  );

  /** Reads a device and writes it, again where another write came between; false where that never ends. */
  async function changeDevice(
    product: string,
    id: string,
    change: (before: DeviceRecord | null) => Promise<Pick<SaveOutcome, 'status'>>,
  ): Promise<boolean> {
    for (let round = 0; round < ROUNDS_MAX; round += 1) {
      const outcome = await change(await store.device(product, id));
      if (outcome.status === 'saved') return true;
    }
    return false;
  }

  function draftEvent(
    type: EventType,
    product: string | null,
    device: string | null,
    message: string,
  ): EventDraft {
    const at = clock.now();
    return { type, at, product, device, message, revision: null, manifest: null, actionId: null };
  }
}

function sendBusy(reply: Parameters<typeof sendError>[0]): ReturnType<typeof sendError> {
  const message = 'The device changes too often at the moment.';
  return sendError(reply, 503, 'DeviceBusy', message, 'Try again in a moment.');
}
