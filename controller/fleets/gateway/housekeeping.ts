// What the passing of time brings: contacts to write, listening time to advance, attempts to expire, a wall clock that
// jumps, and, hourly, devices that are silent for long and history to drop. Each part stands alone: one that fails is
// tried again at the next tick.

import { messageOf } from '../../base/failure.ts';
import type { Decision } from '../../devices/decision.ts';
import { draftOf } from '../../devices/decision.ts';
import { DORMANT_AFTER_MS, makeDormant } from '../../devices/dormancy.ts';
import { expireAttempt } from '../../devices/expire.ts';
import { forgetDevice } from '../../devices/forget.ts';
import type { FleetHeard } from '../../devices/listening.ts';
import {
  advanceListening,
  expectedWithinMs,
  offlineAfterMs,
  tickGapMaxMs,
} from '../../devices/listening.ts';
import type { DeviceRecord } from '../../model/device.ts';
import type { ProductPolicy } from '../../model/policy.ts';
import type { Gateway } from './gateway.ts';
import { TICK_MS } from './gateway.ts';
import type { ServedProduct } from './served-products.ts';
import { momentFor } from './served-products.ts';

/** Slots of contacts are at most this long. */
const SLOT_MS_MAX = 60_000;

/** A larger difference between the wall clock and the monotonic one is a jump. */
const CLOCK_JUMP_MS = 5_000;

const HOUR_MS = 3_600_000;

/** Events about single devices and closed actions are kept this long. */
export const HISTORY_KEPT_MS = 90 * 86_400_000;

/** Devices that are read at a time, and how often in one tick: a tick has to end. */
const PAGE_SIZE = 500;
const PAGES_MAX = 20;

/** How many devices are heard within a day changes slowly, and takes the longest to count. */
const EXPECTED_KEPT_MS = 10_000;

type ExpectedCount = Pick<FleetHeard, 'expected' | 'devices'>;

export interface Housekeeping {
  /** Does all that is due. Never rejects. A call while one is running waits for that one. */
  tick(): Promise<void>;
  /** Writes the contacts and listening times that are not written yet; rejects when the state is unavailable. */
  flush(): Promise<void>;
}

/** Creates the housekeeping of a gateway; time counts from here. */
export function createHousekeeping(gateway: Gateway): Housekeeping {
  const { store, clock, products } = gateway;
  const gapMaxMs = tickGapMaxMs(gateway.options.tickMs ?? TICK_MS);
  const startedMonotonic = clock.monotonicMs();
  let lastMonotonic = startedMonotonic;
  let clockOffset = clock.now() - startedMonotonic;
  let hourlyDue = startedMonotonic + HOUR_MS;
  let running: Promise<void> | null = null;
  const expected = new Map<string, { readonly count: ExpectedCount; readonly until: number }>();

  async function flush(): Promise<void> {
    const served = products.all();
    const listened = new Map(served.map((product) => [product.name, product.listening.listened]));
    const slotMs = new Map(
      served.map(({ name, policy }) => [name, slotMsFor(policy?.settings.pollIntervalMs ?? 0)]),
    );
    await gateway.contacts.flush((contacts) => store.saveContacts(contacts, listened, { slotMs }));
  }

  async function listen(product: ServedProduct, elapsedMs: number): Promise<void> {
    const { policy } = product;
    if (policy === null) return;
    const { pollIntervalMs } = policy.settings;
    const heard = await countLately(product, offlineAfterMs(pollIntervalMs));
    const fleet = { heard, ...(await countExpected(product, expectedWithinMs(pollIntervalMs))) };
    const tick = { nowMonotonic: clock.monotonicMs(), elapsedMs, gapMaxMs, pollIntervalMs };
    product.listening = advanceListening(product.listening, tick, fleet);
  }

  async function countExpected(product: ServedProduct, withinMs: number): Promise<ExpectedCount> {
    const known = expected.get(product.name);
    const now = clock.monotonicMs();
    if (known !== undefined && now < known.until) return known.count;
    const count = {
      expected: await countLately(product, withinMs),
      devices: (await store.tallies(product.name)).get('standing:active') ?? 0,
    };
    expected.set(product.name, { count, until: now + EXPECTED_KEPT_MS });
    return count;
  }

  /** By a clock that a wall clock that is set does not move: else it would hear devices again, or not at all. */
  function countLately({ name, steadyNow }: ServedProduct, withinMs: number): Promise<number> {
    return store.heardSince(name, steadyNow() - withinMs);
  }

  /** After a gap between two ticks devices look silent that had no chance to be heard. */
  function noteGap(elapsedMs: number): void {
    if (elapsedMs <= gapMaxMs) return;
    for (const product of products.all()) {
      const resumedAt = product.steadyNow();
      const stoppedAt = resumedAt - elapsedMs;
      // A product that is served only since then has its own gap, from before the start.
      if (product.gap.resumedAt > stoppedAt) continue;
      product.gap = { stoppedAt, resumedAt };
    }
  }

  async function expire(product: ServedProduct): Promise<void> {
    for (let page = 0; page < PAGES_MAX; page += 1) {
      const due = await store.dueDevices(product.name, product.listening.listened, PAGE_SIZE);
      const changed = await saveEach(product, due, (device, policy) =>
        expireAttempt(device, policy, momentFor(product, clock.now())),
      );
      if (due.length < PAGE_SIZE || changed === 0) return;
    }
  }

  /** Marks who was silent for a week; then a pass may find that a release waits for nobody any more. */
  async function markDormant(product: ServedProduct): Promise<boolean> {
    return changeSilent(product, DORMANT_AFTER_MS, { awakeOnly: true }, (device) => {
      const dormant = makeDormant(device);
      return dormant === null ? null : draftOf(dormant);
    });
  }

  async function forget(product: ServedProduct): Promise<boolean> {
    const { policy } = product;
    if (policy === null) return true;
    return changeSilent(product, policy.settings.forgetAfterMs, { awakeOnly: false }, (device) =>
      forgetDevice(device, policy, momentFor(product, clock.now())),
    );
  }

  /** Changes devices that were silent for long; false where more of them are left for the next tick. */
  async function changeSilent(
    product: ServedProduct,
    silentMs: number,
    options: { readonly awakeOnly: boolean },
    decide: (device: DeviceRecord) => Decision | null,
  ): Promise<boolean> {
    for (let page = 0; page < PAGES_MAX; page += 1) {
      const before = gateway.steadyNow() - silentMs;
      const sightings = await store.unheardDevices(product.name, before, PAGE_SIZE, options);
      // The index is by the wall clock, and of contacts that are written; silence counts only while we listened.
      const devices = sightings
        .filter(({ contact }) => product.listening.listened - (contact?.listened ?? 0) >= silentMs)
        .map(({ device }) => device)
        .filter(({ key }) => gateway.contacts.last(key) === null);
      const changed = await saveEach(product, devices, decide);
      if (sightings.length < PAGE_SIZE || changed === 0) return true;
    }
    return false;
  }

  /** Writes what `decide` says of each device; who was changed by another hand meanwhile is left for the next tick. */
  async function saveEach(
    product: ServedProduct,
    devices: readonly DeviceRecord[],
    decide: (device: DeviceRecord, policy: ProductPolicy) => Decision | null,
  ): Promise<number> {
    const outcomes = await Promise.all(
      devices.map(async (before) => {
        const decision = product.policy === null ? null : decide(before, product.policy);
        if (decision === null) return false;
        const { device: after, actions, evidence, dropUnmetEvidence, events } = decision;
        const change = { before, after, actions, evidence, dropUnmetEvidence, events };
        return (await store.saveDevice(change)).status === 'saved';
      }),
    );
    const changed = outcomes.filter(Boolean).length;
    if (changed > 0) gateway.notify(product.name);
    return changed;
  }

  async function prune(): Promise<boolean> {
    for (let page = 0; page < PAGES_MAX; page += 1) {
      const dropped = await store.prune(gateway.steadyNow() - HISTORY_KEPT_MS, PAGE_SIZE);
      if (dropped < PAGE_SIZE) return true;
    }
    return false;
  }

  async function watchClock(): Promise<void> {
    const at = clock.now();
    const offset = at - clock.monotonicMs();
    const jumpMs = offset - clockOffset;
    if (Math.abs(jumpMs) <= CLOCK_JUMP_MS) {
      clockOffset = offset;
      return;
    }
    const direction = jumpMs > 0 ? 'ahead' : 'back';
    const message = `The wall clock jumped ${direction} by ${Math.round(Math.abs(jumpMs) / 1000)} s; nothing was moved by it.`;
    gateway.log.warn(message);
    await store.addEvents([
      {
        type: 'ClockJumped',
        at,
        product: null,
        revision: null,
        manifest: null,
        device: null,
        actionId: null,
        message,
      },
    ]);
    clockOffset = offset;
  }

  /** Whether all of a part is done. */
  async function attempt(what: string, part: () => Promise<boolean | void>): Promise<boolean> {
    try {
      return (await part()) !== false;
    } catch (error) {
      gateway.log.warn(`${what} failed and is tried again: ${messageOf(error)}`);
      return false;
    }
  }

  async function runOnce(): Promise<void> {
    const now = clock.monotonicMs();
    const elapsedMs = now - lastMonotonic;
    lastMonotonic = now;
    noteGap(elapsedMs);
    await attempt('Watching the clock', watchClock);
    await attempt('Writing contacts', flush);
    for (const product of products.all()) {
      await attempt(`Listening to ${product.name}`, () => listen(product, elapsedMs));
      await attempt(`Ending overdue attempts of ${product.name}`, () => expire(product));
    }
    if (now < hourlyDue) return;
    let isDone = await attempt('Dropping old history', prune);
    for (const product of products.all()) {
      const { name } = product;
      const isMarked = await attempt(`Marking silent devices of ${name}`, () =>
        markDormant(product),
      );
      const isForgotten = await attempt(`Forgetting devices of ${name}`, () => forget(product));
      isDone &&= isMarked && isForgotten;
    }
    if (isDone) hourlyDue = now + HOUR_MS;
  }

  return {
    tick() {
      running ??= runOnce().finally(() => {
        running = null;
      });
      return running;
    },
    flush,
  };
}

/** Length of the slots in which contacts are counted: short against the silence that makes a device offline. */
function slotMsFor(pollIntervalMs: number): number {
  return Math.min(SLOT_MS_MAX, Math.max(1_000, Math.round(pollIntervalMs / 4)));
}
