// Devices to look at: lists, one device, its attributes, its actions, and why it runs what it runs.

import type { FastifyInstance } from 'fastify';

import { emptyDesired } from '../../model/desired.ts';
import type { ActionRecord } from '../../model/device.ts';
import type { ActionSummaryJson } from '../../reports/answers.ts';
import { deviceJson } from '../../reports/device-json.ts';
import { isoTime } from '../../reports/plain-text.ts';
import { explainDevice } from '../../reports/why.ts';
import { sendError, sendUnknownDevice, sendUnknownProduct } from '../errors.ts';
import type { ApiContext } from '../ports.ts';
import { listOf, ref } from '../schemas/build.ts';
import { describeNow } from './describe-now.ts';
import { addDeviceListRoute } from './device-list-route.ts';
import { findProduct } from './fleet-routes.ts';
import {
  ACTION_PARAMS,
  DEVICE_PARAMS,
  describeRoute,
  limit,
  PAGE_DEFAULT,
  query,
  type DeviceParams,
} from './route.ts';

/** Moves from group to group that an explanation tells. */
const MOVES_SHOWN = 5;

const ACTIONS_QUERY = query({ limit });

/** Adds the routes. */
export function addDeviceRoutes(app: FastifyInstance, context: ApiContext): void {
  const { store } = context;

  addDeviceListRoute(app, context);

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
