// How far a product's fleet is with what is in force. Looks at the devices that do not run their target yet, and only
// until it is clear that one of them can still move.

import { isOnline } from '../devices/listening.ts';
import { compilePolicy } from '../devices/policy.ts';
import type { Desired } from '../model/desired.ts';
import type { DeviceSighting } from '../model/device.ts';
import type { ProductPlan } from '../model/plan.ts';
import type { ProductPolicy } from '../model/policy.ts';
import { pendingDevices } from '../releases/conditions.ts';
import { resolveTarget } from '../releases/target.ts';
import type { Store } from '../stores/store.ts';
import type { Convergence } from './controller.ts';

const NAMES_MAX = 10;
const PAGE = 500;
/** Pending devices that are looked at; a fleet with more of them offline is called converged only up to here. */
const LOOKED_AT_MAX = 200_000;

export interface ConvergenceInput {
  readonly product: string;
  readonly inForce: Desired;
  readonly plan: ProductPlan;
  readonly stopped: boolean;
  readonly inFlight: number;
  readonly failed: number;
}

/** Tells how far the product is. */
export async function readConvergence(input: ConvergenceInput, store: Store): Promise<Convergence> {
  const pending = pendingDevices(input.plan);
  const offline = createCounter();
  const leftAlone = createCounter();
  const records = await store.firmware(input.product);
  const policy = compilePolicy(input.inForce, records, { stopped: input.stopped });
  const movable =
    policy === null || pending === 0
      ? null
      : await findMovable(input, policy, store, offline, leftAlone);
  return {
    converged: pending === 0 || movable === null,
    pending,
    offline: offline.result(),
    leftAlone: leftAlone.result(),
    inFlight: input.inFlight,
    failed: input.failed,
  };
}

/** The first pending device that is online and may still move; null where there is none. */
async function findMovable(
  input: ConvergenceInput,
  policy: ProductPolicy,
  store: Store,
  offline: Counter,
  leftAlone: Counter,
): Promise<string | null> {
  const product = (await store.products()).find(({ name }) => name === input.product);
  const listened = product?.listenedMs ?? 0;
  const running = new Set(input.plan.impact.flashes.map(({ from }) => from));
  let looked = 0;
  for (const version of running) {
    let afterId: string | undefined;
    for (;;) {
      const page = await store.devices({
        product: input.product,
        running: version,
        standing: 'active',
        limit: PAGE,
        ...(afterId === undefined ? {} : { afterId }),
      });
      for (const sighting of page) {
        const verdict = judge(sighting, policy, listened);
        if (verdict === 'moves') return sighting.device.id;
        if (verdict === 'offline') offline.add(sighting.device.id);
        if (verdict === 'leftAlone') leftAlone.add(sighting.device.id);
      }
      looked += page.length;
      afterId = page.at(-1)?.device.id;
      if (page.length < PAGE || looked >= LOOKED_AT_MAX) break;
    }
  }
  return null;
}

function judge(
  { device, contact }: DeviceSighting,
  policy: ProductPolicy,
  listened: number,
): 'settled' | 'moves' | 'offline' | 'leftAlone' {
  const target = resolveTarget(device, policy);
  if (target.kind === 'none') return 'settled';
  const { version } = target.firmware;
  if (device.running === version && device.action === null) return 'settled';
  if (!isOnline(contact, listened, policy.settings.pollIntervalMs)) return 'offline';
  if (policy.stopped) return 'leftAlone';
  if (device.lock !== null && !device.lock.armed) return 'leftAlone';
  if (device.failures?.version === version && device.failures.retryAt === null) return 'leftAlone';
  if (device.action === null && device.running === null && device.blindOffer === version)
    return 'leftAlone';
  return 'moves';
}

interface Counter {
  add(name: string): void;
  result(): { readonly count: number; readonly names: readonly string[] };
}

function createCounter(): Counter {
  let count = 0;
  const names: string[] = [];
  return {
    add(name) {
      count += 1;
      if (names.length < NAMES_MAX) names.push(name);
    },
    result: () => ({ count, names }),
  };
}
