// A controller over a state, as `compose.ts` connects one, with what a bench has to reach besides: the store, and the
// parts of a plan one by one.

import { assert } from '../../controller/base/assert.ts';
import { systemClock } from '../../controller/base/clock.ts';
import type { Failure } from '../../controller/base/failure.ts';
import type { Result } from '../../controller/base/result.ts';
import { createGatewayDriver } from '../../controller/fleets/gateway/gateway-driver.ts';
import { GATEWAY_ROUTER_OPTIONS } from '../../controller/fleets/gateway/routes.ts';
import type { Plan } from '../../controller/model/plan.ts';
import type { Snapshot } from '../../controller/model/revision.ts';
import type { SyncReport } from '../../controller/reconciler/controller.ts';
import { createController } from '../../controller/reconciler/create-controller.ts';
import { createRevisionLoader } from '../../controller/reconciler/revision-loader.ts';
import { openSource } from '../../controller/sources/open-source.ts';
import { openUrl } from '../../controller/sources/open-url.ts';
import type { Source } from '../../controller/sources/source.ts';
import { openState } from '../../controller/stores/open-state.ts';
import type { Store } from '../../controller/stores/store.ts';
import Fastify from 'fastify';

/** A branch of the fleet repo, read as a git source. */
export interface BranchSource {
  readonly repo: string;
  readonly branch: string;
  /** Where the source keeps its copy. */
  readonly cacheDir: string;
}

export interface OpenFleet {
  readonly store: Store;
  /** Plans a snapshot against the live fleet. */
  plan(snapshot: Snapshot): Promise<Plan>;
  /** Reads the source and makes a pass. */
  sync(): Promise<SyncReport>;
  /** Serves devices on a free port of 127.0.0.1, and does once a second what the passing of time brings. */
  serve(): Promise<number>;
  close(): Promise<void>;
}

const SILENT = { info: () => undefined, warn: () => undefined };

/** Opens a state, and puts in force what it holds. */
export async function openFleet(options: {
  readonly stateSpec: string;
  readonly source: BranchSource | null;
}): Promise<OpenFleet> {
  const state = must(await openState(options.stateSpec));
  const { store, binaries } = state;
  const ports = { store, binaries, clock: systemClock, log: SILENT };
  const gateway = createGatewayDriver(ports, {
    gatewayTokenHash: null,
    allowAnonymous: false,
    publicUrl: null,
  });
  const source = options.source === null ? null : openBranch(options.source);
  const controller = createController(
    {
      ...ports,
      source,
      loader: createRevisionLoader(),
      drivers: new Map([[gateway.name, gateway]]),
      openUrl,
    },
    { adopt: true, followSource: false, intervalMs: 60_000, random: Math.random },
  );
  must(await controller.restore());
  const server = Fastify({ routerOptions: GATEWAY_ROUTER_OPTIONS });
  await server.register(gateway.routes);
  return {
    store,
    plan: async (snapshot) => must(await controller.plan(snapshot, { adopt: true })),
    async sync() {
      const report = must(await controller.sync({ acceptHistory: true }));
      assert(Object.keys(report.failures).length === 0, JSON.stringify(report.failures));
      return report;
    },
    async serve() {
      const address = await server.listen({ host: '127.0.0.1', port: 0 });
      gateway.start();
      return Number(new URL(address).port);
    },
    async close() {
      server.server.closeAllConnections();
      await server.close();
      await controller.close();
      await gateway.close();
      await source?.close();
      await state.release();
    },
  };
}

/** Opens a branch as a source. */
export function openBranch({ repo, branch, cacheDir }: BranchSource): Source {
  const opened = openSource({ kind: 'git', url: repo, ref: branch, subfolder: null }, { cacheDir });
  assert(opened.ok, 'the repo of a bench opens');
  return opened.value;
}

/** Reads and resolves a branch. */
export async function readBranch(branch: BranchSource): Promise<Snapshot> {
  const source = openBranch(branch);
  try {
    return await readSource(source);
  } finally {
    await source.close();
  }
}

/** Reads and resolves what a source has now, with nothing remembered unless a loader is given. */
export async function readSource(
  source: Source,
  loader = createRevisionLoader(),
): Promise<Snapshot> {
  const tree = must(await source.fetch());
  return must(await loader.load(tree, null));
}

/** The value; throws where the outside world failed, since a bench cannot go on then. */
export function must<T>(result: Result<T, Failure>): T {
  if (!result.ok) throw new Error(result.error.message);
  return result.value;
}
