// The gateway: Lockstep's own device server, which devices poll over DDI. It does the I/O; what a device is told is
// decided by the pure functions of `devices/`.

import type { FastifyPluginAsync } from 'fastify';

import type { Failure } from '../../base/failure.ts';
import { failure, messageOf } from '../../base/failure.ts';
import type { Result } from '../../base/result.ts';
import { fail, ok } from '../../base/result.ts';
import { REGISTRATIONS_PER_MINUTE_MAX } from '../../devices/admission.ts';
import { compilePolicy } from '../../devices/policy.ts';
import { onlineSince, startListening } from '../../devices/listening.ts';
import type { Desired } from '../../model/desired.ts';
import type { Moment } from '../../model/device.ts';
import type { Action } from '../../model/plan.ts';
import type { ProductPolicy } from '../../model/policy.ts';
import type { ProductRecord } from '../../stores/store.ts';
import type { FleetDriver } from '../driver.ts';
import { createActionIds } from '../action-ids.ts';
import { createContactBuffer } from './contact-buffer.ts';
import type { DeviceDesk } from './desk.ts';
import { createDesk } from './desk.ts';
import type { Gateway, GatewayOptions, GatewayPorts } from './gateway.ts';
import { TICK_MS } from './gateway.ts';
import { createHousekeeping } from './housekeeping.ts';
import type { Vantage } from '../live-state.ts';
import { readLiveState } from '../live-state.ts';
import { findFirstDevices } from '../first-devices.ts';
import { lockDevice, unlockDevice } from '../locks.ts';
import { createRegistrationCap } from './registration-cap.ts';
import { createRoutes } from './routes.ts';
import type { ServedProduct, ServingStart } from './served-products.ts';
import { createServedProducts, momentFor } from './served-products.ts';
import { createSteadyClock } from '../steady-clock.ts';
import type { Traffic } from './traffic.ts';
import { createTransfers } from './transfers.ts';

/** The gateway as a fleet driver, with what the server and `why` need of it beside. */
export interface GatewayDriver extends FleetDriver {
  readonly name: 'gateway';
  /** The DDI routes, to be mounted at `/` of a server that was made with `GATEWAY_ROUTER_OPTIONS`. */
  readonly routes: FastifyPluginAsync;
  /** The same without HTTP, for devices that live in this process. */
  readonly desk: DeviceDesk;
  /** Does what the passing of time brings; to be called every `tickMs`. Never rejects. */
  tick(): Promise<void>;
  /** Ticks every `tickMs` from now on, until `close`. */
  start(): void;
  /** What the product's devices are answered by now; null where nothing of it is in force. */
  policyOf(product: string): ProductPolicy | null;
  /** Now, as a contact of the product's devices would have it; null where nothing of it was ever in force. */
  momentOf(product: string): Moment | null;
  /** False while the product's listening time stands: most of its fleet is silent, or was until lately. */
  isListening(product: string): boolean;
  /** What the product's devices have asked for since the start; null where nothing of it was ever in force. */
  trafficOf(product: string): Readonly<Traffic> | null;
}

/** Creates a gateway that serves no product until `enforce` is called. */
export function createGatewayDriver(ports: GatewayPorts, options: GatewayOptions): GatewayDriver {
  const { store } = ports;
  const watchers = new Set<(product: string) => void>();
  const products = createServedProducts();
  const transfers = createTransfers();
  const gateway: Gateway = {
    ...ports,
    options,
    steadyNow: createSteadyClock(ports.clock),
    products,
    transfers,
    contacts: createContactBuffer(),
    actionIds: createActionIds((count) => store.reserveActionIds(count)),
    registrations: createRegistrationCap(
      options.registrationsPerMinuteMax ?? REGISTRATIONS_PER_MINUTE_MAX,
    ),
    notify(product) {
      for (const changed of watchers) changed(product);
    },
  };
  const housekeeping = createHousekeeping(gateway);
  let timer: NodeJS.Timeout | null = null;
  let enforcing: Promise<unknown> = Promise.resolve();

  async function enforceNow(desired: Desired): Promise<void> {
    const record = (await store.products()).find((each) => each.name === desired.product);
    const records = await store.firmware(desired.product);
    const stopped = record !== undefined && record.stoppedAt !== null;
    const policy = compilePolicy(desired, records, { stopped });
    products.swap(desired.product, policy, await readStart(desired.product, record));
    const aborted = transfers.abortUnserved(desired.product, policy);
    if (aborted > 0) {
      ports.log.warn(
        `${desired.product}: ${aborted} downloads of firmware not in force were ended`,
      );
    }
  }

  /**
   * Before the first contact in this process: the newest one tells when the product was last served. From there the
   * product's clock goes on if the wall clock was set back meanwhile, so that no contact is ever ahead of it.
   */
  async function readStart(
    product: string,
    record: ProductRecord | undefined,
  ): Promise<ServingStart> {
    const known = products.byName(product);
    if (known !== null) return known;
    const stoppedAt = await store.lastHeardAt(product);
    const steadyNow = createSteadyClock(ports.clock, stoppedAt ?? -Infinity);
    return {
      listening: startListening(record?.listenedMs ?? 0, stoppedAt !== null),
      steadyNow,
      gap: { stoppedAt, resumedAt: steadyNow() },
    };
  }

  return {
    name: 'gateway',
    routes: createRoutes(gateway),
    desk: createDesk(gateway),
    tick: () => housekeeping.tick(),
    start() {
      timer ??= setInterval(() => void housekeeping.tick(), options.tickMs ?? TICK_MS);
    },
    policyOf: (product) => products.byName(product)?.policy ?? null,
    momentOf(product) {
      const served = products.byName(product);
      return served === null ? null : momentFor(served, ports.clock.now());
    },
    isListening(product) {
      const served = products.byName(product);
      return served === null || served.policy === null || served.listening.runs;
    },
    trafficOf: (product) => products.byName(product)?.traffic ?? null,
    observe: (product, named) =>
      guard(async () => {
        await housekeeping.flush();
        const served = products.byName(product);
        const vantage = served === null ? null : vantageOf(served);
        return ok(await readLiveState(store, product, named, vantage));
      }),
    firstDevices: (product, span, count) =>
      guard(async () => ok(await findFirstDevices(store, product, span, count))),
    execute: (product, action) => guard(() => executeAction(gateway, product, action)),
    enforce(desired) {
      // One after the other, so that the last call is the one that counts.
      const result = enforcing.then(() =>
        guard(async () => {
          await enforceNow(desired);
          return ok(undefined);
        }),
      );
      enforcing = result;
      return result;
    },
    watch(changed) {
      watchers.add(changed);
      return () => void watchers.delete(changed);
    },
    async close() {
      if (timer !== null) clearInterval(timer);
      timer = null;
      transfers.abortAll();
      await housekeeping.tick();
    },
  };
}

/** How a product's fleet is looked at now; null while nothing of it is in force. */
function vantageOf({ policy, listening, gap, steadyNow }: ServedProduct): Vantage | null {
  if (policy === null) return null;
  const { pollIntervalMs } = policy.settings;
  return {
    listened: listening.listened,
    listening: listening.runs,
    pollIntervalMs,
    onlineSince: onlineSince(gap, steadyNow(), pollIntervalMs),
  };
}

/** Only locks concern single devices; every other action takes effect through `enforce`. */
async function executeAction(
  gateway: Gateway,
  product: string,
  action: Action,
): Promise<Result<void, Failure>> {
  if (action.type === 'LockDevice') return lockDevice(gateway, product, action);
  if (action.type === 'UnlockDevice') return unlockDevice(gateway, product, action);
  return ok(undefined);
}

/** The store throws when the state cannot be reached; that is the outside world, and worth another try. */
async function guard<T>(work: () => Promise<Result<T, Failure>>): Promise<Result<T, Failure>> {
  try {
    return await work();
  } catch (error) {
    return fail(failure('StateUnavailable', messageOf(error), 'retry'));
  }
}
