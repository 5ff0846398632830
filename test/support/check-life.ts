// Lives a random life of a small fleet and checks the invariants of the design (1, 2, 5, 7, 8, 9) after every step. What
// a device has verified is tracked here by an account of its own, which knows only what devices said.

import { expect } from 'vitest';

import type { Desired } from '../../controller/model/desired.ts';
import type { DeviceRecord } from '../../controller/model/device.ts';
import type { Snapshot } from '../../controller/model/revision.ts';
import { NO_ROLLOUT, trackOf } from '../../controller/model/rollout.ts';
import { buildPlan } from '../../controller/plan/build-plan.ts';
import { isSamePlan } from '../../controller/plan/fingerprint.ts';
import { bucketOf, offsetOf, positionOf } from '../../controller/releases/circle.ts';
import type { Step } from './core-steps.ts';
import { snapshotOf } from './core-steps.ts';
import type { Pass, World } from './core-world.ts';
import { createWorld } from './core-world.ts';
import { reverseInput } from './reverse-input.ts';

/** Who has run which version for how long, from the devices' own words. */
interface Account {
  readonly current: Map<string, { readonly version: string; since: number; boot: string | null }>;
  /** Longest time that a device was seen running a version, by version and device; whether we had given it to it. */
  readonly ran: Map<number, Map<string, { readonly ms: number; readonly isFlashed: boolean }>>;
  readonly verified: Set<number>;
}

/** Lives through the steps and throws at the first that breaks an invariant. Returns how many were lived through. */
export function checkLife(steps: readonly Step[]): number {
  const world = createWorld();
  const account: Account = { current: new Map(), ran: new Map(), verified: new Set() };
  const shown = new Map<string, number[]>();
  let tip: Snapshot | null = null;
  let isStopped = false;
  let count = 0;
  for (const step of steps) {
    count += 1;
    const before = world.inForce();
    const locks = locksOf(world);
    if (step.type === 'commit') {
      tip = snapshotOf(step, `r${count}`, tip);
      const rewritten = step.arrival === 'rewritten' ? [historyRewritten] : [];
      const pass = world.commit(tip, step.adopt, rewritten);
      checkPass(world, account, pass, before);
      if (step.arrival !== 'good') {
        // Failing devices halt a release also while its source is broken; nothing else moves.
        for (const action of pass.product?.actions ?? []) {
          expect(action).toMatchObject({
            type: 'SetExposure',
            cause: expect.stringMatching(/^(hold|rollback)$/),
          });
        }
        expect({ ...world.inForce(), rollout: null }).toEqual({ ...before, rollout: null });
        expect(locksOf(world)).toEqual(locks);
      }
      continue;
    }
    if (step.type === 'stop' || step.type === 'resume') {
      isStopped = step.type === 'stop';
      world.setStopped(isStopped);
    } else if (step.type === 'after') world.after(step.ms);
    else if (step.type === 'poll') checkPoll(world, account, step.device, shown, isStopped);
    else if (step.type === 'download') checkDownload(world, step.device);
    else if (step.type === 'report') {
      world.report(step.device, {
        fw_version: step.version,
        ...(step.boot !== null && { boot: step.boot }),
        ...(step.site !== null && { site: step.site }),
      });
      keepAccount(world, account, step);
    } else if (step.type === 'feedback' || step.type === 'cancelFeedback') {
      const { device, execution, finished } = step;
      const id = shown.get(device)?.at(-1 - step.back) ?? 1;
      world[step.type](device, id, {
        execution,
        finished,
        progress: null,
        code: null,
        details: [],
      });
    }
    if (tip === null) continue;
    expect(locksOf(world)).toEqual(locks);
    if (tip.frozen.length === 0 && Object.keys(tip.products).length > 0) {
      checkPass(world, account, world.pass(), before);
    }
  }
  return count;
}

const historyRewritten = {
  severity: 'error',
  reason: 'HistoryRewritten',
  message: 'rewritten',
  remedy: '',
  place: null,
  excerpt: null,
  product: null,
} as const;

function locksOf(world: World): Readonly<Record<string, number>> {
  const entries: [string, number][] = [];
  for (const { id, lock } of world.devices.values())
    if (lock !== null) entries.push([id, lock.version]);
  return Object.fromEntries(entries);
}

function checkPass(world: World, account: Account, pass: Pass, before: Desired): void {
  const { product, plan, input } = pass;
  // 7: a pure function of its input, whatever the order of what it is given.
  const again = buildPlan(reverseInput(input)).plan;
  expect(JSON.stringify(again)).toBe(JSON.stringify(plan));
  expect(isSamePlan(plan, again)).toBe(true);
  if (product === null) return;
  // 8: every action goes back to a manifest and a revision.
  for (const { trace } of product.actions) {
    expect(trace.manifest).toMatch(/^[A-Z][A-Za-z]+\/.+/);
    expect(trace.revision).toMatch(/^r\d+$/);
  }
  const inForce = world.inForce();
  judgeAccount(world, account);
  checkExposure(before, inForce);
  // 2: nothing starts before its gate has passed.
  for (const { spec } of inForce.releases) {
    const old = before.releases.find((each) => each.spec.group === spec.group);
    if (old?.spec.version !== spec.version) expect(account.verified).toContain(spec.version);
  }
  // What is carried out is what is in force: nobody is locked or left unlocked by accident.
  for (const device of world.devices.values()) {
    const named = versionsLockedTo(inForce, device.id);
    if (device.lock === null) expect(named).toEqual([]);
    else expect(named).toContain(device.lock.version);
  }
  for (const action of product.actions) {
    if (action.type !== 'WithdrawFirmware') continue;
    account.ran.delete(action.version);
    account.verified.delete(action.version);
  }
  // Running the pass again does nothing more. (A refused release may pass once another one took devices off it.)
  if (product.refusals.length === 0 && product.actions.length > 0) {
    const again = world.pass().product?.actions ?? [];
    // A release may be at its next step by then, or need one more: one step is taken at a time.
    const moves = again.filter(({ type }) => type === 'SetExposure');
    expect(again).toEqual(moves);
    for (let left = STEPS_MAX; left > 0; left -= 1) world.pass();
    expect(world.pass().product?.actions ?? []).toEqual([]);
  }
}

/** More steps than any strategy has. */
const STEPS_MAX = 8;

/** 4: what a release reached falls only by a rollback or a new release, and rises by no more than its steps allow. */
function checkExposure(before: Desired, after: Desired): void {
  expect(after.rollout?.rounds ?? 0).toBeGreaterThanOrEqual(before.rollout?.rounds ?? 0);
  for (const { group, release } of after.rollout?.tracks ?? []) {
    const old = trackOf(before.rollout ?? NO_ROLLOUT, group).release;
    if (release === null || old?.version !== release.version) continue;
    if (old.round === release.round && release.halt?.action !== 'rollback') {
      expect(release.limit).toBeGreaterThanOrEqual(old.limit);
    }
    if (release.halt !== null || old.halt !== null) {
      // Neither a halt nor the end of one reaches anybody.
      expect(release.limit).toBeLessThanOrEqual(old.limit);
    }
    const manifest = after.releases.find(({ spec }) => spec.group === group);
    if (manifest?.spec.paused === true) expect(release.limit).toBeLessThanOrEqual(old.limit);
  }
}

function versionsLockedTo(state: Desired, device: string): readonly number[] {
  return state.locks
    .filter(({ spec }) => {
      const group = state.groups.find(({ origin }) => origin.name === spec.group);
      return (spec.devices ?? group?.spec.devices ?? []).includes(device);
    })
    .map(({ spec }) => spec.version);
}

function checkPoll(
  world: World,
  account: Account,
  id: string,
  shown: Map<string, number[]>,
  isStopped: boolean,
): void {
  const before = world.devices.get(id)?.action ?? null;
  const closed = new Set(
    [...world.kept.values()]
      .filter((each) => each.device === id && each.closedAt !== null && each.id !== before?.id)
      .map((each) => each.id),
  );
  const link = world.poll(id)?.link ?? null;
  if (link === null) return;
  expect(closed).not.toContain(link.actionId);
  shown.set(id, [...(shown.get(id) ?? []), link.actionId]);
  const device = world.devices.get(id);
  if (link.kind !== 'deployment' || device === undefined || device.action === null) return;
  const { action, lock } = device;
  expect(action.id).toBe(link.actionId);
  expect(device.standing).toBe('active');
  if (action.cancelRefused) return;
  const firmware = world.inForce().firmware.find(({ spec }) => spec.version === action.version);
  expect(firmware?.spec.withdrawn).toBeNull();
  // 1: a locked device is offered its lock's version and no other.
  if (lock !== null) expect(action.version).toBe(lock.version);
  // 2: to others only what has passed its gate.
  else expect(account.verified).toContain(action.version);
  if (before?.id === action.id) return;
  expect(isStopped).toBe(false);
  checkOffer(world, device);
}

function checkOffer(world: World, device: DeviceRecord): void {
  const { action, id, running, lock } = device;
  if (action === null) return;
  expect(action.manifest).toMatch(/^(DeviceLock|Release)\/.+/);
  expect(action.revision).toMatch(/^r\d+$/);
  const inForce = world.inForce();
  if (lock !== null) {
    expect(versionsLockedTo(inForce, id)).toContain(action.version);
    return;
  }
  const releases = inForce.releases.filter(({ spec }) => covers(inForce, spec.group, device));
  const release = releases.find(({ origin }) => action.manifest === `Release/${origin.name}`);
  const track = trackOf(inForce.rollout ?? NO_ROLLOUT, release?.spec.group ?? null);
  // 4: a held release offers nothing.
  expect(track.release?.halt?.action).not.toBe('hold');
  if (release?.spec.version === action.goal && track.base !== action.goal) {
    // 4: and any release only what is within its exposure.
    const position = positionOf(bucketOf(id), offsetOf(device.product, action.goal));
    expect(position).toBeLessThan(track.release?.limit ?? 0);
    expect(release.spec.paused).toBe(false);
  } else {
    expect([release?.spec.version, track.base]).toContain(action.goal);
  }
  // A stepping stone leads upwards to what is meant, from where it can be taken.
  const { spec } = inForce.firmware.find((each) => each.spec.version === action.version) ?? {};
  if (running !== null) expect(spec?.requiresFrom ?? 0).toBeLessThanOrEqual(running);
  if (action.version !== action.goal) {
    expect(running).toBeLessThan(action.version);
    expect(action.version).toBeLessThan(action.goal);
  }
  // 9: downwards only what a manifest names for the device, or away from what was rolled back or withdrawn.
  if (running === null || running < action.version) return;
  const taken = releases.flatMap(
    ({ spec: { group } }) => trackOf(inForce.rollout ?? NO_ROLLOUT, group).rolledBack,
  );
  const isWithdrawn = inForce.firmware.some(
    (each) => each.spec.version === running && each.spec.withdrawn !== null,
  );
  const isNamed = releases.some((each) => each.spec.version === action.version);
  expect(isNamed || taken.includes(running) || isWithdrawn).toBe(true);
}

/** Whether a release is for a device: to everyone, to a group that lists it, or to one that it matches. */
function covers(inForce: Desired, name: string | null, { id, traits }: DeviceRecord): boolean {
  if (name === null) return true;
  const group = inForce.groups.find(({ origin }) => origin.name === name)?.spec;
  return group?.devices.includes(id) === true || group?.match?.['site'] === traits['site'];
}

function checkDownload(world: World, id: string): void {
  if (!world.download(id)) return;
  const device = world.devices.get(id);
  const version = device?.action?.version;
  const firmware = world.inForce().firmware.find(({ spec }) => spec.version === version);
  expect(device?.standing).toBe('active');
  expect(firmware?.spec.withdrawn).toBeNull();
  expect(firmware?.spec.binary.sha256).toBe(device?.given?.sha256);
}

/** Writes down what a device said: since when it runs which version without a boot in between. */
function keepAccount(
  world: World,
  account: Account,
  step: Extract<Step, { type: 'report' }>,
): void {
  const device = world.devices.get(step.device);
  const policy = world.policy();
  if (device === undefined || device.standing === 'expected' || policy === null) return;
  const now = world.listened();
  const old = account.current.get(step.device);
  const boot = policy.settings.bootAttribute === null ? null : (step.boot ?? old?.boot ?? null);
  const isBoot = old !== undefined && old.boot !== null && boot !== old.boot;
  const goesOn = old?.version === step.version && !isBoot;
  const since = goesOn ? old.since : now;
  account.current.set(step.device, {
    version: step.version,
    since,
    boot: boot ?? old?.boot ?? null,
  });
  const version = Number(step.version);
  const isFlashed = device.given?.version === version;
  if (device.standing !== 'active') return;
  const ran = account.ran.get(version) ?? new Map();
  const earlier = ran.get(step.device) ?? { ms: 0, isFlashed: false };
  ran.set(step.device, {
    ms: Math.max(earlier.ms, now - since),
    isFlashed: earlier.isFlashed || isFlashed,
  });
  account.ran.set(version, ran);
}

/** A version may be verified once enough of the right devices ran it for long enough; then it stays so. */
function judgeAccount(world: World, account: Account): void {
  const { config, groups } = world.inForce();
  if (config === null) return;
  const { devices, soakMs, group, evidence } = config.spec.verification;
  const members = groups.find(({ origin }) => origin.name === group)?.spec.devices ?? [];
  for (const [version, ran] of account.ran) {
    const counted = [...ran].filter(
      ([device, { ms, isFlashed }]) =>
        ms >= soakMs &&
        (evidence !== 'flashed' || isFlashed) &&
        (group === null || members.includes(device)),
    );
    if (counted.length >= Math.max(1, devices)) account.verified.add(version);
  }
}
