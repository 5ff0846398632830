// Devices to look at: lists, one device, its attributes, its actions, and why it runs what it runs.

import type { FastifyInstance } from 'fastify';

import { emptyDesired } from '../../model/desired.ts';
import type { ActionRecord } from '../../model/device.ts';
import type { ActionSummaryJson } from '../../reports/answers.ts';
import { deviceJson, type DeviceContext } from '../../reports/device-json.ts';
import { isoTime } from '../../reports/plain-text.ts';
import { explainDevice } from '../../reports/why.ts';
import type { DeviceQuery } from '../../stores/store.ts';
import { sendError, sendUnknownDevice, sendUnknownProduct } from '../errors.ts';
import type { ApiContext } from '../ports.ts';
import { flag, listOf, oneWord, pageOf, ref, text } from '../schemas/build.ts';
import { findProduct } from './fleet-routes.ts';
import {
  ACTION_PARAMS,
  DEVICE_PARAMS,
  describeRoute,
  limit,
  PAGE_DEFAULT,
  PRODUCT_PARAMS,
  query,
  type DeviceParams,
  type ProductParams,
} from './route.ts';

interface DevicesQuery {
  readonly prefix?: string;
  /** A version, or `unknown`. */
  readonly running?: string;
  readonly locked?: boolean;
  readonly standing?: 'expected' | 'active' | 'quarantined';
  readonly failing?: boolean;
  readonly updating?: boolean;
  readonly after?: string;
  readonly limit?: number;
}

const DEVICES_QUERY = query({
  prefix: { type: 'string', minLength: 1, maxLength: 256, description: 'How their ids begin.' },
  running: {
    type: 'string',
    pattern: '^(unknown|[1-9][0-9]{0,4})$',
    description: 'A version, or `unknown`.',
  },
  locked: flag,
  standing: oneWord(['expected', 'active', 'quarantined']),
  failing: flag,
  updating: { ...flag, description: 'An action is open.' },
  after: {
    type: 'string',
    minLength: 1,
    maxLength: 256,
    description: 'Only ids after this one: `next` of the page before.',
  },
  limit,
});

/** Moves from group to group that an explanation tells. */
const MOVES_SHOWN = 5;

const ACTIONS_QUERY = query({ limit });

/** Adds the routes. */
export function addDeviceRoutes(app: FastifyInstance, context: ApiContext): void {
  const { store } = context;

  app.get<{ Params: ProductParams; Querystring: DevicesQuery }>(
    '/products/:product/devices',
    describeRoute({
      operationId: 'listDevices',
      summary: 'Devices, ordered by id',
      tag: 'devices',
      role: 'viewer',
      params: PRODUCT_PARAMS,
      querystring: DEVICES_QUERY,
      answer: pageOf(ref('DeviceSummary'), text),
    }),
    async (request, reply) => {
      const { product } = request.params;
      if (findProduct(context, product) === null) return sendUnknownProduct(reply, product);
      const size = request.query.limit ?? PAGE_DEFAULT;
      // One more than asked for says whether there is a next page.
      const found = await store.devices(storeQuery(product, request.query, size + 1));
      const items = found.slice(0, size);
      const now = describeNow(context, product);
      return {
        items: items.map(({ device, contact }) => deviceJson(device, contact, now)),
        next: found.length > size ? (items.at(-1)?.device.id ?? null) : null,
      };
    },
  );

  app.get<{ Params: DeviceParams }>(
    '/products/:product/devices/:id',
    describeRoute({
      operationId: 'getDevice',
      summary: 'One device, with its attributes exactly as it sent them',
      tag: 'devices',
      role: 'viewer',
      params: DEVICE_PARAMS,
      answer: ref('Device'),
    }),
    async (request, reply) => {
      const { product, id } = request.params;
      if (findProduct(context, product) === null) return sendUnknownProduct(reply, product);
      const device = await store.device(product, id);
      if (device === null) return sendUnknownDevice(reply, product, id);
      const contact = await store.contact(device.key);
      const attributes = (await store.attributes(device.key)) ?? {};
      return { ...deviceJson(device, contact, describeNow(context, product)), attributes };
    },
  );

  app.get<{ Params: DeviceParams }>(
    '/products/:product/devices/:id/attributes',
    describeRoute({
      operationId: 'getDeviceAttributes',
      summary: 'What the device sent about itself, and nothing else',
      tag: 'devices',
      role: 'viewer',
      params: DEVICE_PARAMS,
      answer: ref('Attributes'),
    }),
    async (request, reply) => {
      const { product, id } = request.params;
      if (findProduct(context, product) === null) return sendUnknownProduct(reply, product);
      const device = await store.device(product, id);
      if (device === null) return sendUnknownDevice(reply, product, id);
      return (await store.attributes(device.key)) ?? {};
    },
  );

  app.get<{ Params: DeviceParams }>(
    '/products/:product/devices/:id/why',
    describeRoute({
      operationId: 'explainDevice',
      summary: 'Why the device runs, or should run, what it does',
      tag: 'devices',
      role: 'viewer',
      params: DEVICE_PARAMS,
      answer: ref('Explanation'),
    }),
    async (request, reply) => {
      const { product, id } = request.params;
      const view = findProduct(context, product);
      if (view === null) return sendUnknownProduct(reply, product);
      const now = describeNow(context, product);
      const device = await store.device(product, id);
      // A device that only a manifest names can be explained as well.
      if (device === null && now.policy?.named.has(id) !== true) {
        return sendUnknownDevice(reply, product, id);
      }
      const evidence = await store.evidence(product);
      const moves = await store.events({
        product,
        device: id,
        type: 'DeviceMoved',
        limit: MOVES_SHOWN,
      });
      return explainDevice({
        ...now,
        product,
        id,
        device,
        contact: device === null ? null : await store.contact(device.key),
        isListening: context.gateway.isListening(product),
        inForce: view.inForce ?? emptyDesired(product),
        evidence: evidence.filter((each) => each.device === id),
        refusals: view.plan?.refusals ?? [],
        releases: view.plan?.releases ?? [],
        moves,
      });
    },
  );

  app.get<{ Params: DeviceParams; Querystring: { readonly limit?: number } }>(
    '/products/:product/devices/:id/actions',
    describeRoute({
      operationId: 'listDeviceActions',
      summary: 'The actions of a device, newest first',
      tag: 'devices',
      role: 'viewer',
      params: DEVICE_PARAMS,
      querystring: ACTIONS_QUERY,
      answer: listOf(ref('ActionSummary')),
    }),
    async (request, reply) => {
      const { product, id } = request.params;
      if (findProduct(context, product) === null) return sendUnknownProduct(reply, product);
      if ((await store.device(product, id)) === null) return sendUnknownDevice(reply, product, id);
      const actions = await store.actions(product, id, request.query.limit ?? PAGE_DEFAULT);
      return { items: actions.map(actionAnswer) };
    },
  );

  app.get<{ Params: DeviceParams & { readonly actionId: string } }>(
    '/products/:product/devices/:id/actions/:actionId',
    describeRoute({
      operationId: 'getDeviceAction',
      summary: 'One action by the id that the device was shown, also after its end',
      tag: 'devices',
      role: 'viewer',
      params: ACTION_PARAMS,
      answer: ref('Action'),
    }),
    async (request, reply) => {
      const { product, id, actionId } = request.params;
      const action = await store.action(product, id, Number(actionId));
      if (action === null) {
        const message = `Device ${JSON.stringify(id)} of ${product} has no action ${actionId}.`;
        const remedy = 'Check the id; closed actions are kept for 90 days.';
        return sendError(reply, 404, 'UnknownAction', message, remedy);
      }
      const feedback = await store.feedback(product, id, action.id);
      return {
        ...actionAnswer(action),
        feedback: feedback.map((entry) => ({ ...entry, at: isoTime(entry.at) })),
      };
    },
  );
}

function storeQuery(product: string, asked: DevicesQuery, size: number): DeviceQuery {
  const { prefix, running, locked, standing, failing, updating, after } = asked;
  return {
    product,
    limit: size,
    ...(prefix === undefined ? {} : { idPrefix: prefix }),
    ...(running === undefined ? {} : { running: running === 'unknown' ? null : Number(running) }),
    ...(locked === undefined ? {} : { locked }),
    ...(standing === undefined ? {} : { standing }),
    ...(failing === undefined ? {} : { failing }),
    ...(updating === undefined ? {} : { updating }),
    ...(after === undefined ? {} : { afterId: after }),
  };
}

function describeNow({ gateway, clock }: ApiContext, product: string): DeviceContext {
  const moment = gateway.momentOf(product);
  return {
    policy: gateway.policyOf(product),
    listened: moment?.listened ?? 0,
    now: moment?.at ?? clock.now(),
  };
}

function actionAnswer(action: ActionRecord): ActionSummaryJson {
  return {
    id: String(action.id),
    state: action.state,
    confirmed: action.confirmed,
    version: action.version,
    attempt: action.attempt,
    manifest: action.manifest,
    revision: action.revision,
    offeredAt: isoTime(action.offeredAt),
    fetchedAt: isoTime(action.fetchedAt),
    closedAt: isoTime(action.closedAt),
    message: action.message,
  };
}
