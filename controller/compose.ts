// The one file that knows every adapter: connects state, fleets, source, controller and server, and takes them down in
// the right order. Decides nothing.

import { hash } from 'node:crypto';
import { dirname, join } from 'node:path';
import type { Clock } from './base/clock.ts';
import { systemClock } from './base/clock.ts';
import type { Failure } from './base/failure.ts';
import { failure } from './base/failure.ts';
import type { Result } from './base/result.ts';
import { fail, ok } from './base/result.ts';
import type { GatewayDriver } from './fleets/gateway/gateway-driver.ts';
import { FLEET_DRIVERS } from './fleets/registry.ts';
import type { Controller } from './reconciler/controller.ts';
import { createController } from './reconciler/create-controller.ts';
import { createRevisionLoader } from './reconciler/revision-loader.ts';
import type { ReconcilerLog } from './reconciler/ports.ts';
import { createServer } from './server/create-server.ts';
import type { LockstepServer } from './server/create-server.ts';
import type { SourceSpec } from './sources/open-source.ts';
import { openSource } from './sources/open-source.ts';
import { openUrl } from './sources/open-url.ts';
import type { Source } from './sources/source.ts';
import type { State } from './stores/open-state.ts';
import { openState, openStateToRead } from './stores/open-state.ts';

/** A place to listen on. Port 0 lets the machine choose. */
export interface ListenAddress {
  readonly host: string;
  readonly port: number;
}

export interface ComposeOptions {
  /** Null: what the state holds is served, and nothing is read. */
  readonly source: SourceSpec | null;
  /** `sqlite:FILE`. */
  readonly stateSpec: string;
  readonly listen: ListenAddress;
  /** A port of their own for devices; null: they share `listen`. */
  readonly deviceListen: ListenAddress | null;
  /** What links to devices start with; null: what the device used. */
  readonly publicUrl: string | null;
  readonly intervalMs: number;
  readonly gatewayToken: string | null;
  readonly allowAnonymous: boolean;
  readonly adopt: boolean;
  readonly log: ReconcilerLog;
  readonly clock?: Clock;
  readonly random?: () => number;
}

/** A controller that serves. */
export interface Composition {
  readonly controller: Controller;
  /** Where the API is, such as `http://127.0.0.1:8080`. */
  readonly address: string;
  /** Where devices are served. */
  readonly deviceAddress: string;
  /** Stops serving, lets a pass under way end, and closes the state. */
  close(): Promise<void>;
}

/**
 * Opens everything and starts serving. Devices are answered by what the state holds from the first moment, before the
 * source is read; resolves when the first reading and pass are done.
 */
export async function composeController(
  options: ComposeOptions,
): Promise<Result<Composition, Failure>> {
  const source = openSourceOf(options);
  if (!source.ok) return source;
  const state = await openState(options.stateSpec);
  if (!state.ok) return state;
  const { store } = state.value;
  const clock = options.clock ?? systemClock;
  const { log } = options;
  const gateway = createGateway(state.value, clock, log, options);
  const controller = connect(state.value, gateway, source.value, options, clock);
  const server = await createServer(
    { controller, store, deviceRoutes: gateway.routes, gateway, clock, log },
    { listen: options.listen, deviceListen: options.deviceListen },
  );
  const close = async (): Promise<void> => {
    await server.close();
    await controller.close();
    await gateway.close();
    await source.value?.close();
    await state.value.release();
  };
  // What the state holds is in force before the first device is let in: it must never meet an empty policy.
  const restored = await controller.restore();
  const listening = restored.ok ? await server.listen() : restored;
  if (!listening.ok) {
    await close();
    return listening;
  }
  gateway.start();
  const { address, deviceAddress } = listening.value;
  state.value.announce(address);
  const started = await controller.start();
  if (!started.ok) {
    await close();
    return started;
  }
  return ok({ controller, address, deviceAddress, close });
}

function openSourceOf(
  options: Pick<ComposeOptions, 'source' | 'stateSpec'>,
): Result<Source | null, Failure> {
  if (options.source === null) return ok(null);
  const opened = openSource(options.source, { cacheDir: cacheFolder(options.stateSpec) });
  if (opened.ok) return opened;
  return fail(failure('SourceInvalid', `${opened.error.message} ${opened.error.remedy}`, 'stall'));
}

function createGateway(
  state: State,
  clock: Clock,
  log: ReconcilerLog,
  access: Pick<ComposeOptions, 'gatewayToken' | 'allowAnonymous' | 'publicUrl'>,
): GatewayDriver {
  const { gatewayToken, allowAnonymous, publicUrl } = access;
  return FLEET_DRIVERS.gateway(
    { store: state.store, binaries: state.binaries, clock, log },
    {
      gatewayTokenHash: gatewayToken === null ? null : hash('sha256', gatewayToken),
      allowAnonymous,
      publicUrl,
    },
  );
}

function connect(
  state: State,
  gateway: GatewayDriver,
  source: Source | null,
  options: Pick<ComposeOptions, 'adopt' | 'intervalMs' | 'random' | 'log'>,
  clock: Clock,
): Controller {
  return createController(
    {
      store: state.store,
      binaries: state.binaries,
      source,
      loader: createRevisionLoader({
        openUrl,
        knownBinary: (sha256) => state.binaries.facts(sha256),
      }),
      drivers: new Map([[gateway.name, gateway]]),
      openUrl,
      clock,
      log: options.log,
    },
    { adopt: options.adopt, intervalMs: options.intervalMs, random: options.random ?? Math.random },
  );
}

/** An API over a state that no controller owns: for looking at it, and for issuing tokens. */
export interface OfflineComposition {
  readonly server: LockstepServer;
  readonly controller: Controller;
  close(): Promise<void>;
}

/**
 * Opens a state in place, without a source and without serving anything. A state that is not there is read as an empty
 * one, and nothing is made on the disk. Fails with the address where another process owns it.
 */
export async function composeOffline(options: {
  readonly stateSpec: string;
  readonly log: ReconcilerLog;
  /** False where something is to be written, so that a missing state is made. */
  readonly readOnly: boolean;
}): Promise<Result<OfflineComposition, Failure>> {
  const { stateSpec, log } = options;
  const state = options.readOnly ? await openStateToRead(stateSpec) : await openState(stateSpec);
  if (!state.ok) return state;
  const gateway = createGateway(state.value, systemClock, log, {
    gatewayToken: null,
    allowAnonymous: false,
    publicUrl: null,
  });
  const controller = connect(
    state.value,
    gateway,
    null,
    { adopt: false, intervalMs: 60_000, log },
    systemClock,
  );
  const started = await controller.restore();
  if (!started.ok) {
    await state.value.release();
    return started;
  }
  const server = await createServer(
    {
      controller,
      store: state.value.store,
      deviceRoutes: gateway.routes,
      gateway,
      clock: systemClock,
      log,
    },
    { listen: { host: '127.0.0.1', port: 0 }, deviceListen: null },
  );
  return ok({
    server,
    controller,
    async close() {
      await server.close();
      await controller.close();
      await gateway.close();
      await state.value.release();
    },
  });
}

/** Where a git source keeps its mirror: beside the state. */
function cacheFolder(stateSpec: string): string {
  return join(dirname(stateSpec.replace(/^sqlite:/, '')), 'source');
}
