// The URLs of DDI. One table; a method that a resource does not have is 405, everything else below a device is 404.

import type { FastifyError, FastifyInstance, FastifyPluginAsync } from 'fastify';
import type { FastifyReply, FastifyRequest } from 'fastify';

import { messageOf } from '../../base/failure.ts';
import {
  handleCancel,
  handleCancelFeedback,
  handleDeployment,
  handleFeedback,
  handleInstalled,
} from './action-routes.ts';
import { handleArtifact, handleArtifactList } from './artifact-route.ts';
import type { Gateway } from './gateway.ts';
import { handlePoll } from './poll-route.ts';
import { sendRefusal } from './replies.ts';
import { handleAttributes, handleInstalledReport } from './report-routes.ts';

/** What the server that mounts the routes has to set: device ids have up to 256 characters, encoded three times that. */
export const GATEWAY_ROUTER_OPTIONS = { maxParamLength: 1_024 } as const;

/** Longest body of a POST or PUT. */
export const BODY_BYTES_MAX = 256 * 1024;

const METHODS = ['GET', 'HEAD', 'POST', 'PUT', 'DELETE', 'PATCH', 'OPTIONS'] as const;

type Method = (typeof METHODS)[number];

type Handler = (
  gateway: Gateway,
  request: FastifyRequest,
  reply: FastifyReply,
) => Promise<FastifyReply>;

const RESOURCES: readonly (readonly [
  path: string,
  handlers: Readonly<Partial<Record<Method, Handler>>>,
])[] = [
  ['', { GET: handlePoll }],
  ['/deploymentBase/:actionId', { GET: handleDeployment }],
  ['/deploymentBase/:actionId/feedback', { POST: handleFeedback }],
  ['/cancelAction/:actionId', { GET: handleCancel }],
  ['/cancelAction/:actionId/feedback', { POST: handleCancelFeedback }],
  ['/configData', { PUT: handleAttributes }],
  ['/installedBase', { PUT: handleInstalledReport }],
  ['/installedBase/:actionId', { GET: handleInstalled }],
  ['/softwaremodules/:version/artifacts', { GET: handleArtifactList }],
  ['/softwaremodules/:version/artifacts/:fileName', { GET: handleArtifact, HEAD: handleArtifact }],
];

/** The routes as a plugin, to be mounted at `/` without a prefix. */
export function createRoutes(gateway: Gateway): FastifyPluginAsync {
  return async (server) => {
    prepareBodies(server);
    server.setErrorHandler((error: FastifyError, request, reply) =>
      sendFailure(gateway, error, request, reply),
    );
    for (const [path, handlers] of RESOURCES) addResource(server, gateway, path, handlers);
    server.route({
      method: [...METHODS],
      url: '/:tenant/controller/v1/*',
      onRequest: (_request, reply) => void sendRefusal(reply, 404),
      handler: (_request, reply) => sendRefusal(reply, 404),
      logLevel: 'warn',
    });
  };
}

/** Bodies stay text here: they are read after the device is known, so that strangers get 401 whatever they send. */
function prepareBodies(server: FastifyInstance): void {
  server.removeAllContentTypeParsers();
  server.addContentTypeParser(
    'application/json',
    { parseAs: 'string', bodyLimit: BODY_BYTES_MAX },
    (_request, body, done) => done(null, body),
  );
}

function addResource(
  server: FastifyInstance,
  gateway: Gateway,
  path: string,
  handlers: Readonly<Partial<Record<Method, Handler>>>,
): void {
  const url = `/:tenant/controller/v1/:deviceId${path}`;
  const missing: Method[] = [];
  for (const method of METHODS) {
    const handler = handlers[method];
    if (handler === undefined) {
      missing.push(method);
      continue;
    }
    server.route({
      method,
      url,
      exposeHeadRoute: false,
      logLevel: 'warn',
      bodyLimit: BODY_BYTES_MAX,
      handler: (request, reply) => handler(gateway, request, reply),
    });
  }
  const allow = Object.keys(handlers).join(', ');
  server.route({
    method: missing,
    url,
    logLevel: 'warn',
    onRequest: (_request, reply) => void reply.code(405).header('allow', allow).send(''),
    handler: (_request, reply) => reply.code(405).send(''),
  });
}

/** What Fastify refuses keeps its status; anything else means that the state or a file could not be reached. */
function sendFailure(
  gateway: Gateway,
  error: FastifyError,
  request: FastifyRequest,
  reply: FastifyReply,
): FastifyReply {
  const { statusCode } = error;
  if (statusCode !== undefined && statusCode >= 400 && statusCode < 500) {
    return sendRefusal(reply, statusCode, { code: error.code, message: error.message });
  }
  gateway.log.warn(`${request.method} ${request.url} failed: ${messageOf(error)}`);
  return sendRefusal(reply, 503);
}
