// The API under `/api/v1`: its routes, who may use them, and the OpenAPI document, which is made of the very schemas of the
// routes.

import { randomUUID } from 'node:crypto';

import swagger from '@fastify/swagger';
import type { FastifyError, FastifyInstance, FastifyPluginAsync } from 'fastify';

import { SESSION_COOKIE, type Guard } from './guard.ts';
import { sendError, sendThrown, SEE_DOCUMENT } from './errors.ts';
import { createChanges } from './live/changes.ts';
import { createRenderings, type Renderings } from './live/renderings.ts';
import type { LiveTimes } from './live/live-times.ts';
import { createStreams, type Streams } from './live/streams.ts';
import { tagAnswer } from './not-modified.ts';
import type { ApiContext } from './ports.ts';
import { addCredentialRoutes } from './routes/credential-routes.ts';
import { addDeviceRoutes } from './routes/device-routes.ts';
import { addFleetRoutes } from './routes/fleet-routes.ts';
import { addLiveRoute } from './routes/live-route.ts';
import { addOperationRoutes } from './routes/operation-routes.ts';
import { addProposalRoutes } from './routes/proposal-routes.ts';
import { addReviewRoutes } from './routes/review-routes.ts';
import { addWatchRoutes } from './routes/watch-routes.ts';
import { addSessionRoutes } from './routes/session-routes.ts';
import type { NamedSchema } from './schemas/build.ts';
import { DEVICE_SCHEMAS } from './schemas/device-schemas.ts';
import { PLAN_SCHEMAS } from './schemas/plan-schemas.ts';
import { PRODUCT_SCHEMAS } from './schemas/product-schemas.ts';
import { PROPOSAL_SCHEMAS } from './schemas/proposal-schemas.ts';
import { REVIEW_SCHEMAS } from './schemas/review-schemas.ts';
import { SESSION_SCHEMAS } from './schemas/session-schema.ts';
import { SNAPSHOT_SCHEMAS } from './schemas/snapshot-schema.ts';
import { WATCH_SCHEMAS } from './schemas/watch-schemas.ts';
import { createValidator } from './validation.ts';

/** Largest body where a route does not say otherwise. */
const BODY_BYTES_MAX = 64 * 1024;

const METHODS = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE'] as const;

const SCHEMAS: readonly NamedSchema[] = [
  ...PRODUCT_SCHEMAS,
  ...WATCH_SCHEMAS,
  ...DEVICE_SCHEMAS,
  ...PLAN_SCHEMAS,
  ...SNAPSHOT_SCHEMAS,
  ...REVIEW_SCHEMAS,
  ...PROPOSAL_SCHEMAS,
  ...SESSION_SCHEMAS,
];

/** The API as a plugin, to be mounted at `/api/v1`. */
export function createApi(
  context: ApiContext,
  guard: Guard,
  live: Partial<LiveTimes>,
): FastifyPluginAsync {
  return async (app) => {
    app.setValidatorCompiler(createValidator(SCHEMAS));
    // Answers are written as they are: a schema that lags behind must not drop a field in silence. That answers and
    // schemas agree is what the contract test is for.
    app.setSerializerCompiler(() => (answer) => JSON.stringify(answer));
    app.setErrorHandler((error: FastifyError, request, reply) =>
      sendThrown(context.log, error, request, reply),
    );
    app.setNotFoundHandler((request, reply) => {
      const message = `There is no ${request.method} ${cutPath(request.url)}.`;
      return sendError(reply, 404, 'NotFound', message, SEE_DOCUMENT);
    });
    // Without this one a form of any page could post here without the browser asking first.
    app.removeContentTypeParser('text/plain');
    for (const schema of SCHEMAS) app.addSchema(schema);
    app.decorateRequest('caller', '');
    app.addHook('onRoute', (route) => {
      route.bodyLimit ??= BODY_BYTES_MAX;
    });
    app.addHook('onRequest', async (request, reply) => {
      void reply.header('cache-control', 'no-store').header('x-content-type-options', 'nosniff');
      const { role } = request.routeOptions.config;
      if (role !== undefined && !(await guard.admit(request, reply, role))) return reply;
      return undefined;
    });
    app.addHook('preValidation', async (request) => {
      // A body may be left out where nothing in it is required.
      if (request.method === 'POST') request.body ??= {};
    });
    app.addHook('onSend', tagAnswer);
    await registerDocument(app, context);
    const paths = collectPaths(app);
    const renderings = createRenderings(context);
    addFleetRoutes(app, context, renderings);
    addWatchRoutes(app, context);
    addLiveRoute(app, openStreams(context, renderings, live), (request) =>
      guard.allows(request, 'viewer'),
    );
    addDeviceRoutes(app, context);
    addOperationRoutes(app, context);
    addReviewRoutes(app, context);
    addProposalRoutes(app, context);
    addCredentialRoutes(app, context);
    await addSessionRoutes(app, context, guard);
    app.get('/openapi.json', { schema: { hide: true } }, async () => app.swagger());
    refuseOtherMethods(app, paths);
  };
}

function openStreams(
  context: ApiContext,
  renderings: Renderings,
  times: Partial<LiveTimes>,
): Streams {
  const hello = { version: context.version, server: randomUUID() };
  return createStreams(createChanges(context, renderings), hello, context.log, times);
}

async function registerDocument(app: FastifyInstance, context: ApiContext): Promise<void> {
  await app.register(swagger, {
    convertConstToEnum: false,
    refResolver: {
      buildLocalReference: (schema, _base, _fragment, index) =>
        typeof schema['$id'] === 'string' ? schema['$id'] : `schema-${index}`,
    },
    openapi: {
      openapi: '3.1.0',
      info: {
        title: 'Lockstep',
        version: context.version,
        description:
          'What a Lockstep controller knows of its fleet, and the few things that may be asked of it. Times are ISO 8601 in UTC; every error has the form of `Error`.',
        license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
      },
      tags: [
        { name: 'fleet', description: 'Products and what is in force for them.' },
        { name: 'devices', description: 'Devices and their actions.' },
        { name: 'operations', description: 'Plan, sync, stop and resume.' },
        {
          name: 'proposals',
          description: 'Changes of the manifests that become pull requests; none moves the fleet.',
        },
        { name: 'access', description: 'Tokens of devices and of people.' },
      ],
      components: {
        securitySchemes: {
          token: {
            type: 'http',
            scheme: 'bearer',
            description:
              'Made by `lockstep token create`. Not needed from the machine that the controller runs on.',
          },
          session: {
            type: 'apiKey',
            in: 'cookie',
            name: SESSION_COOKIE,
            description:
              'Set by `POST /session`. What changes something is then taken only from pages of this server, as JSON.',
          },
        },
      },
      security: [{ token: [] }, { session: [] }, {}],
    },
  });
}

/** The methods of each path, as routes are added from now on. */
function collectPaths(app: FastifyInstance): Map<string, Set<string>> {
  const paths = new Map<string, Set<string>>();
  app.addHook('onRoute', (route) => {
    const methods = paths.get(route.path) ?? new Set<string>();
    for (const method of [route.method].flat()) methods.add(method);
    paths.set(route.path, methods);
  });
  return paths;
}

/** A path that exists answers other methods with 405, and says which it has. */
function refuseOtherMethods(app: FastifyInstance, paths: ReadonlyMap<string, Set<string>>): void {
  for (const [path, methods] of paths) {
    const allowed = [...methods].sort().join(', ');
    const rest = METHODS.filter((method) => !methods.has(method));
    app.route({
      method: rest,
      url: path.slice(app.prefix.length),
      exposeHeadRoute: false,
      schema: { hide: true },
      onRequest: async (request, reply) => {
        const message = `${request.method} is not possible there.`;
        return sendError(
          reply.header('allow', allowed),
          405,
          'MethodNotAllowed',
          message,
          `Use ${allowed}.`,
        );
      },
      handler: async (_request, reply) => reply,
    });
  }
}

function cutPath(url: string): string {
  return (url.split('?', 1)[0] ?? '').slice(0, 200);
}
