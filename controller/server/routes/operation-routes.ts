// What a person may ask the controller to do: plan, go to a revision, stop and resume; and the audit log of it all.

import type { FastifyInstance } from 'fastify';

import type { Event } from '../../model/event.ts';
import type { Snapshot } from '../../model/revision.ts';
import type { ControllerView } from '../../reconciler/controller.ts';
import type { EventJson } from '../../reports/answers.ts';
import { isoTime } from '../../reports/plain-text.ts';
import { parsePlanJson, planJson, type PlanJson } from '../../reports/plan-json.ts';
import type { EventQuery } from '../../stores/store.ts';
import { sendError, sendFailure } from '../errors.ts';
import { findManifestPlace } from '../manifest-places.ts';
import type { ApiContext } from '../ports.ts';
import { failureAnswer } from '../product-answers.ts';
import { arrayOf, count, flag, object, pageOf, ref, text, type Schema } from '../schemas/build.ts';
import { pullRequestNumber } from '../schemas/review-schemas.ts';
import { concludeReview } from './review-routes.ts';
import { describeRoute, limit, PAGE_DEFAULT, query } from './route.ts';

/** A snapshot, or a saved plan, of a fleet repo with thousands of manifests. */
const PLAN_BYTES_MAX = 64 * 1024 * 1024;

interface EventsQuery {
  readonly product?: string;
  readonly device?: string;
  readonly type?: string | readonly string[];
  readonly before?: number;
  readonly after?: number;
  readonly limit?: number;
}

/** There are hardly more types. */
const TYPES_MAX = 50;

const name: Schema = { type: 'string', minLength: 1, maxLength: 256 };
const eventId: Schema = { type: 'integer', minimum: 0, maximum: Number.MAX_SAFE_INTEGER };

const EVENTS_QUERY = query({
  product: name,
  device: name,
  type: {
    anyOf: [name, { type: 'array', items: name, maxItems: TYPES_MAX }],
    description: 'May be given several times: any of them.',
  },
  before: { ...eventId, description: 'Only older ones; newest first.' },
  after: { ...eventId, description: 'Only newer ones; with it the order is oldest first.' },
  limit,
});

/** Adds the routes. */
export function addOperationRoutes(app: FastifyInstance, context: ApiContext): void {
  const { controller, store, log } = context;

  app.get<{ Querystring: EventsQuery }>(
    '/events',
    describeRoute({
      operationId: 'listEvents',
      summary: 'The audit log',
      tag: 'fleet',
      role: 'viewer',
      querystring: EVENTS_QUERY,
      answer: pageOf(ref('Event'), count),
    }),
    async (request) => {
      const size = request.query.limit ?? PAGE_DEFAULT;
      const found = await store.events(eventQuery(request.query, size + 1));
      const items = found.slice(0, size);
      return {
        items: items.map((event) => eventAnswer(event, controller.view())),
        next: found.length > size ? (items.at(-1)?.id ?? null) : null,
      };
    },
  );

  app.post<{ Body: { readonly snapshot?: Snapshot; readonly adopt?: boolean } }>(
    '/plan',
    describeRoute({
      operationId: 'plan',
      summary: 'Plan a snapshot, or the newest revision, against the live fleet; changes nothing',
      tag: 'operations',
      role: 'viewer',
      body: object({ snapshot: ref('Snapshot'), adopt: flag }, { optional: ['snapshot', 'adopt'] }),
      answer: ref('Plan'),
      bodyLimit: PLAN_BYTES_MAX,
    }),
    async (request, reply) => {
      const { snapshot = null, adopt = false } = request.body;
      const planned = await controller.plan(snapshot, { adopt });
      return planned.ok ? planJson(planned.value) : sendFailure(reply, planned.error);
    },
  );

  app.post<{
    Body: {
      readonly revision?: string;
      readonly adopt?: boolean;
      readonly acceptHistory?: boolean;
      readonly plan?: PlanJson;
      readonly pullRequest?: number;
    };
  }>(
    '/sync',
    describeRoute({
      operationId: 'sync',
      summary: 'Read the source and carry out a revision now',
      tag: 'operations',
      role: 'deployer',
      body: object(
        {
          revision: name,
          adopt: flag,
          acceptHistory: flag,
          plan: { ...ref('Plan'), description: 'Carry out only if the plan is still this one.' },
          pullRequest: {
            ...pullRequestNumber,
            description: 'That the revision was merged from: its review is compared with it.',
          },
        },
        { optional: ['revision', 'adopt', 'acceptHistory', 'plan', 'pullRequest'] },
      ),
      answer: ref('SyncReport'),
      bodyLimit: PLAN_BYTES_MAX,
    }),
    async (request, reply) => {
      const { plan, pullRequest, ...asked } = request.body;
      const expected = plan === undefined ? undefined : parsePlanJson(plan);
      if (expected === null) {
        const message = `The plan's format ${JSON.stringify(plan?.formatVersion)} is not known.`;
        const remedy = 'Make the plan again with this version of Lockstep.';
        return sendError(reply, 400, 'PlanFormatUnknown', message, remedy);
      }
      log.info(`sync to ${asked.revision ?? 'the newest revision'} by ${request.caller}`);
      const synced = await controller.sync({
        ...asked,
        ...(expected === undefined ? {} : { expectedPlan: expected }),
      });
      if (!synced.ok) return sendFailure(reply, synced.error);
      const { revision, failures } = synced.value;
      return {
        revision,
        plan: planJson(synced.value.plan),
        failures: Object.fromEntries(
          Object.entries(failures).map(([product, each]) => [product, failureAnswer(each)]),
        ),
        reviewed:
          pullRequest === undefined
            ? null
            : await concludeReview(pullRequest, { asked: asked.revision, revision }, context),
      };
    },
  );

  for (const operation of ['stop', 'resume'] as const) {
    app.post<{ Body: { readonly product?: string } }>(
      `/${operation}`,
      describeRoute({
        operationId: operation,
        summary:
          operation === 'stop'
            ? 'Emergency stop: offer nothing more, cancel what is not fetched'
            : 'End the emergency stop',
        tag: 'operations',
        role: 'deployer',
        body: object({ product: name }, { optional: ['product'] }),
        answer: object({ products: arrayOf(text) }),
      }),
      async (request, reply) => {
        const product = request.body.product ?? null;
        log.info(`${operation} of ${product ?? 'every product'} by ${request.caller}`);
        const done = await controller[operation](product);
        return done.ok ? { products: done.value } : sendFailure(reply, done.error);
      },
    );
  }
}

function eventQuery(asked: EventsQuery, size: number): EventQuery {
  const { product, device, type, before, after } = asked;
  return {
    limit: size,
    ...(product === undefined ? {} : { product }),
    ...(device === undefined ? {} : { device }),
    ...(type === undefined ? {} : { type }),
    ...(before === undefined ? {} : { beforeId: before }),
    ...(after === undefined ? {} : { afterId: after }),
  };
}

function eventAnswer(event: Event, view: ControllerView): EventJson {
  const { id, type, at, product, revision, manifest, device, actionId, message } = event;
  return {
    id,
    type,
    at: isoTime(at),
    product,
    revision,
    manifest,
    device,
    actionId: actionId === null ? null : String(actionId),
    message,
    ...findManifestPlace(event, view),
  };
}
