// What is not the API: the page at `/`, `/metrics`, and the two checks that supervisors ask for.

import type { FastifyInstance } from 'fastify';

import type { Controller } from '../reconciler/controller.ts';
import type { Guard } from './guard.ts';
import type { Metrics } from './metrics.ts';

const TEXT = 'text/plain; charset=utf-8';

/** Adds `/healthz` (200 as soon as the server listens) and `/readyz` (200 once the first revision is in force). */
export function addChecks(app: FastifyInstance, controller: Pick<Controller, 'view'>): void {
  app.get('/healthz', async (_request, reply) => reply.type(TEXT).send('ok\n'));
  app.get('/readyz', async (_request, reply) => {
    const { ready, sourceFailure } = controller.view();
    void reply.type(TEXT).header('cache-control', 'no-store');
    if (ready) return reply.send('ready\n');
    // The failure's message may name the source; its code tells a stranger nothing.
    const why = sourceFailure === null ? '' : ` (${sourceFailure.code})`;
    return reply.code(503).send(`not ready: no revision is in force yet${why}\n`);
  });
}

/** Adds `/metrics`, for whoever may look at the API. */
export function addMetrics(app: FastifyInstance, metrics: Metrics, guard: Guard): void {
  app.get('/metrics', async (request, reply) => {
    if (!(await guard.admit(request, reply, 'viewer'))) return reply;
    return reply.type(metrics.contentType).send(await metrics.render());
  });
}

/** Adds the page that tells a person what answers here. It says nothing about the fleet. */
export function addFrontPage(app: FastifyInstance, version: string): void {
  const page = `Lockstep ${version}, a GitOps controller for product firmware.

API       /api/v1/ (described by /api/v1/openapi.json)
Metrics   /metrics
Checks    /healthz, /readyz
Devices   /PRODUCT/controller/v1/DEVICE (hawkBit's DDI)

On the command line: lockstep status --server URL
`;
  app.get('/', async (_request, reply) => reply.type(TEXT).send(page));
}
