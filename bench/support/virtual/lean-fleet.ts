// A fleet of any size in virtual time: what each device runs is a number in an array, and only devices that are in the
// middle of something have an object. Polls that lead to nothing can be left out: those without a link, also where a
// release that soaks asks what still runs and hears what it knows. `test/property/idle-polls` shows that this changes
// nothing.

import { assert } from '../../../controller/base/assert.ts';
import type { Feedback } from '../../../controller/devices/feedback.ts';
import type { DeviceDesk } from '../../../controller/fleets/gateway/desk.ts';
import type { ProductPolicy } from '../../../controller/model/policy.ts';
import { bucketOf } from '../../../controller/releases/circle.ts';
import { resolveTarget } from '../../../controller/releases/target.ts';
import type { DeviceFaults } from './device-faults.ts';

export interface LeanFleetOptions {
  readonly product: string;
  readonly devices: number;
  readonly idOf: (i: number) => string;
  /** What all devices run to begin with. */
  readonly version: number;
  readonly pollMs: number;
  /** Devices act at multiples of this; it divides `pollMs`. */
  readonly slotMs: number;
  /** From the fetch to the reboot into the new version. */
  readonly installMs: number;
  readonly faults: DeviceFaults;
  /** Every device polls at each of its turns; otherwise only those for which it leads to something. */
  readonly pollsWhenIdle: boolean;
  /** Called when a device begins to install a version. */
  readonly onFlash?: (i: number, version: number) => void;
}

export interface LeanFleet {
  /** Devices that run a version in truth. */
  countRunning(version: number): number;
  /** What a device runs in truth. */
  running(i: number): number;
  /** Flashes begun so far. */
  flashes(): number;
  /** Virtual time (milliseconds since the start) at which the next device acts; null: none will by itself. */
  nextDueMs(): number | null;
  /** All devices that are due at a time act, a thousand at once. */
  act(atMs: number, desk: DeviceDesk): Promise<void>;
  /** What is in force changed: whoever it has something for polls at its next turn. */
  follow(policy: ProductPolicy, nowMs: number): void;
}

/** Devices whose contacts go on at the same time, and so share commits. */
const TOGETHER = 1_000;

const NEVER = -1;

/** A flash that a device works on. */
interface Work {
  readonly actionId: number;
  readonly version: number;
  readonly doneMs: number;
}

/** A fault that will show. */
interface Relapse {
  readonly version: number;
  readonly atMs: number;
}

/** Creates a fleet of devices that the gateway knows already. */
export function createLeanFleet(options: LeanFleetOptions): LeanFleet {
  const { product, devices, idOf, pollMs, slotMs, faults, pollsWhenIdle } = options;
  assert(pollMs % slotMs === 0, 'a poll interval is a whole number of slots');
  const runs = new Uint16Array(devices).fill(options.version);
  const buckets = Uint16Array.from({ length: devices }, (_, i) => bucketOf(idOf(i)));
  /** When a device acts next. Entries of `agenda` that say otherwise are out of date. */
  const dueAt = new Float64Array(devices).fill(NEVER);
  const agenda = new Map<number, number[]>();
  const works = new Map<number, Work>();
  const relapses = new Map<number, Relapse>();
  const mustReport = new Set<number>();
  let policy: ProductPolicy | null = null;
  let flashes = 0;

  /** Devices poll spread over the interval, each always at the same place in it. */
  function nextTurn(i: number, afterMs: number): number {
    const phase = (i % (pollMs / slotMs)) * slotMs;
    return Math.floor((afterMs - phase) / pollMs + 1) * pollMs + phase;
  }

  function schedule(i: number, atMs: number): void {
    const known = dueAt[i] ?? NEVER;
    if (known !== NEVER && known <= atMs) return;
    dueAt[i] = atMs;
    const list = agenda.get(atMs);
    if (list === undefined) agenda.set(atMs, [i]);
    else list.push(i);
  }

  /** Whether what is in force has another version for the device than the one it runs. */
  function isWanting(i: number): boolean {
    if (policy === null) return false;
    const running = runs[i] ?? 0;
    const subject = { ...ANYBODY, id: idOf(i), running };
    const target = resolveTarget(subject, policy, buckets[i] ?? 0);
    return target.kind === 'version' && target.firmware.version !== running;
  }

  function plan(i: number, nowMs: number): void {
    const work = works.get(i);
    const relapse = relapses.get(i);
    if (relapse !== undefined) schedule(i, relapse.atMs);
    if (work !== undefined) schedule(i, work.doneMs);
    if (pollsWhenIdle || work !== undefined || mustReport.has(i) || isWanting(i)) {
      schedule(i, nextTurn(i, nowMs));
    }
  }

  function boot(i: number, version: number): void {
    runs[i] = version;
    mustReport.add(i);
  }

  async function finish(i: number, work: Work, nowMs: number, desk: DeviceDesk): Promise<void> {
    const { actionId, version } = work;
    works.delete(i);
    if (faults.fails(i, version)) {
      await desk.feedback(product, idOf(i), actionId, FAILURE);
      return;
    }
    await desk.feedback(product, idOf(i), actionId, SUCCESS);
    const afterMs = faults.fallsBackAfterMs(i, version);
    if (afterMs !== null) {
      const atMs = Math.ceil((nowMs + afterMs) / slotMs) * slotMs;
      relapses.set(i, { version: runs[i] ?? 0, atMs });
    }
    boot(i, version);
  }

  async function fetch(i: number, actionId: number, nowMs: number, desk: DeviceDesk) {
    const fetched = await desk.fetch(product, idOf(i), actionId);
    if (fetched.status !== 200) return;
    const { version } = fetched;
    flashes += 1;
    relapses.delete(i);
    options.onFlash?.(i, version);
    works.set(i, { actionId, version, doneMs: nowMs + options.installMs });
  }

  async function poll(i: number, nowMs: number, desk: DeviceDesk): Promise<void> {
    const id = idOf(i);
    const polled = await desk.poll(product, id);
    if (polled.status !== 200) return;
    if (polled.asksAttributes || mustReport.has(i)) {
      const taken = await desk.report(product, id, { fw_version: String(runs[i]) });
      if (taken === 200) mustReport.delete(i);
    }
    const { link } = polled;
    if (link?.kind === 'cancel') {
      works.delete(i);
      await desk.answerCancel(product, id, link.actionId, SUCCESS);
    } else if (link !== null && !works.has(i)) await fetch(i, link.actionId, nowMs, desk);
  }

  async function live(i: number, nowMs: number, desk: DeviceDesk): Promise<void> {
    const relapse = relapses.get(i);
    if (relapse !== undefined && relapse.atMs <= nowMs) {
      relapses.delete(i);
      boot(i, relapse.version);
    }
    const work = works.get(i);
    if (work !== undefined && work.doneMs <= nowMs) await finish(i, work, nowMs, desk);
    if (!works.has(i)) await poll(i, nowMs, desk);
    plan(i, nowMs);
  }

  if (pollsWhenIdle) {
    for (let i = 0; i < devices; i += 1) if (!faults.isOff(i)) schedule(i, nextTurn(i, -1));
  }

  return {
    countRunning: (version) => runs.reduce((sum, each) => sum + (each === version ? 1 : 0), 0),
    running: (i) => runs[i] ?? 0,
    flashes: () => flashes,
    nextDueMs() {
      let next: number | null = null;
      for (const atMs of agenda.keys()) if (next === null || atMs < next) next = atMs;
      return next;
    },
    async act(atMs, desk) {
      const due: number[] = [];
      for (const i of agenda.get(atMs) ?? []) {
        if (dueAt[i] !== atMs) continue;
        dueAt[i] = NEVER;
        due.push(i);
      }
      agenda.delete(atMs);
      // Who is served first must not depend on who else is there.
      due.sort((one, other) => one - other);
      for (let first = 0; first < due.length; first += TOGETHER) {
        const together = due.slice(first, first + TOGETHER);
        await Promise.all(together.map((i) => live(i, atMs, desk)));
      }
    },
    follow(next, nowMs) {
      policy = next;
      if (pollsWhenIdle) return;
      for (let i = 0; i < devices; i += 1) {
        // Who is due polls anyway.
        if ((dueAt[i] ?? NEVER) !== NEVER && !relapses.has(i)) continue;
        if (!faults.isOff(i) && isWanting(i)) schedule(i, nextTurn(i, nowMs));
      }
    },
  };
}

/** A device of no groups and without a lock. */
const ANYBODY = { standing: 'active', quarantine: null, traits: {}, lock: null } as const;

const SUCCESS: Feedback = sayClosed('success');
const FAILURE: Feedback = sayClosed('failure');

function sayClosed(finished: Feedback['finished']): Feedback {
  return { execution: 'closed', finished, progress: null, code: null, details: [] };
}
