// A controller to be killed: state, git source, gateway and reconciler connected as the program connects them, without
// the API. Started as `node kill-program.ts STATE REPO CACHE TOKEN`; says `ready URL` once its devices are served.

import { hash } from 'node:crypto';
import { writeSync } from 'node:fs';
import { flushCompileCache } from 'node:module';

import Fastify from 'fastify';

import { systemClock } from '../../../controller/base/clock.ts';
import { failure } from '../../../controller/base/failure.ts';
import { fail, type Result } from '../../../controller/base/result.ts';
import { createGatewayDriver } from '../../../controller/fleets/gateway/gateway-driver.ts';
import { GATEWAY_ROUTER_OPTIONS } from '../../../controller/fleets/gateway/routes.ts';
import { createController } from '../../../controller/reconciler/create-controller.ts';
import { createRevisionLoader } from '../../../controller/reconciler/revision-loader.ts';
import { openSource } from '../../../controller/sources/open-source.ts';
import { openState } from '../../../controller/stores/open-state.ts';

const [, , state = '', repo = '', cacheDir = '', token = ''] = process.argv;
const log = {
  info: () => undefined,
  warn: (line: string) => void process.stderr.write(`${line}\n`),
};

const { store, binaries } = take(await openState(`sqlite:${state}`));
const source = take(
  openSource({ kind: 'git', url: repo, ref: 'main', subfolder: null }, { cacheDir }),
);
const gateway = createGatewayDriver(
  { store, binaries, clock: systemClock, log },
  { gatewayTokenHash: hash('sha256', token), allowAnonymous: false, publicUrl: null },
);
const controller = createController(
  {
    store,
    binaries,
    source,
    loader: createRevisionLoader(),
    drivers: new Map([[gateway.name, gateway]]),
    openUrl: async () => fail(failure('BinaryUnavailable', 'Nothing is fetched here.', 'stall')),
    clock: systemClock,
    log,
  },
  { adopt: true, followSource: true, intervalMs: 60, random: Math.random },
);
const server = Fastify({ routerOptions: GATEWAY_ROUTER_OPTIONS });
await server.register(gateway.routes);
take(await controller.restore());
const url = await server.listen({ host: '127.0.0.1', port: 0 });
gateway.start();
writeSync(1, `ready ${url}\n`);
take(await controller.start());
// A process that is killed leaves no compiled modules for the next one, unless they are written now.
flushCompileCache();

function take<T>(result: Result<T, { readonly message: string }>): T {
  if (result.ok) return result.value;
  throw new Error(result.error.message);
}
