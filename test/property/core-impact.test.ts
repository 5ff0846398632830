// The counted impact of a plan against a count over an explicit list of devices, under random releases that are under
// way: strategies, exposures, bases, holds, stepping stones, groups by list and by attribute, locks, silent devices.

import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { censusPlace } from '../../controller/devices/tally.ts';
import type { Desired } from '../../controller/model/desired.ts';
import { DIRECT_STRATEGY } from '../../controller/model/desired.ts';
import type { DeviceRecord } from '../../controller/model/device.ts';
import type { ReleasePlan } from '../../controller/model/plan.ts';
import { bucketOf, positionOf } from '../../controller/releases/circle.ts';
import { coveringRelease, resolveTarget } from '../../controller/releases/target.ts';
import { buildCensus } from '../support/census.ts';
import type { PlanWords } from '../support/plan-input.ts';
import {
  carried,
  desired,
  device,
  liveOf,
  namedDevice,
  planOne,
  policyOf,
  remembered,
} from '../support/plan-input.ts';

const IDS = Array.from({ length: 14 }, (_, index) => `d${index}`);
const VERSIONS = [41, 42, 43] as const;

const version = fc.constantFrom(...VERSIONS);
const some = fc.uniqueArray(fc.constantFrom(...IDS), { maxLength: 6 });
const limit = fc.oneof(fc.constantFrom(0, 10_000, 10_000), fc.integer({ min: 1, max: 9_999 }));
const track = fc.record({
  limit,
  base: fc.option(fc.constantFrom(40, ...VERSIONS)),
  rolledBack: fc.uniqueArray(version, { maxLength: 1 }),
  isHalted: fc.integer({ min: 0, max: 5 }).map((n) => n === 0),
  isRollback: fc.boolean(),
});

const fleets = fc.record({
  running: fc.array(fc.option(fc.constantFrom(40, ...VERSIONS)), {
    minLength: IDS.length,
    maxLength: IDS.length,
  }),
  strangers: fc.uniqueArray(fc.constantFrom(...IDS), { maxLength: 3 }),
  asleep: some,
  roof: some,
  groups: fc.record({ a: some, b: some }),
  locks: fc.record({ one: some, two: some }),
  lockVersions: fc.tuple(version, version),
  releases: fc.record({
    a: fc.option(version),
    b: fc.option(version),
    match: fc.option(version, { freq: 2 }),
    all: fc.option(version),
  }),
  tracks: fc.record({ a: track, b: track, match: track, all: track }),
  withdrawn: fc.option(version),
  requires: fc.option(fc.constantFrom(40, 41, 42)),
  paused: fc.integer({ min: 0, max: 6 }).map((n) => n === 0),
});

type Fleet = typeof fleets extends fc.Arbitrary<infer T> ? T : never;

/** Releases that stay as they are: the step that they are in asks for a success of all the devices. */
const PATIENT = {
  ...DIRECT_STRATEGY,
  halt: { failureRate: 100, minAttempts: 1, action: 'hold' as const },
  steps: [
    { name: 'now', exposure: 1, minDevices: 0, soakMs: 1e12, successes: 99, approval: false },
    { name: 'all', exposure: 10_000, minDevices: 0, soakMs: 0, successes: 99, approval: true },
  ],
};

function stateOf(fleet: Fleet) {
  const { a, b, match, all } = fleet.releases;
  const second = fleet.locks.two.filter((id) => !fleet.locks.one.includes(id));
  const trackOf = (each: Fleet['tracks']['a']) => ({
    limit: each.limit,
    base: each.base,
    rolledBack: each.rolledBack,
    rollback: each.isRollback,
    // Nothing moves: it is in its first step, or has finished.
    step: 'now',
    finishedAt: each.limit === 0 || each.isRollback ? 1 : null,
    halt: each.isHalted
      ? { action: 'hold' as const, at: 1, failed: 1, succeeded: 0, message: 'bad' }
      : null,
  });
  const words: PlanWords = {
    fleet: { groupBy: ['site'] },
    firmware: [40, ...VERSIONS].map((each) => ({
      version: each,
      withdrawn: each === fleet.withdrawn,
      ...(each === 43 && fleet.requires !== null && { requiresFrom: fleet.requires }),
    })),
    groups: fleet.groups,
    matchGroups: { match: { site: 'roof' } },
    locks: {
      one: { version: fleet.lockVersions[0], devices: fleet.locks.one },
      two: { version: fleet.lockVersions[1], devices: second },
    },
    groupReleases: {
      ...(a !== null && { a }),
      ...(b !== null && { b }),
      ...(match !== null && { match }),
    },
    ...(all !== null && { release: all }),
    rollout: { strategy: PATIENT, paused: fleet.paused },
    tracks: {
      ...(a !== null && { a: trackOf(fleet.tracks.a) }),
      ...(b !== null && { b: trackOf(fleet.tracks.b) }),
      ...(match !== null && { match: trackOf(fleet.tracks.match) }),
      '': trackOf(fleet.tracks.all),
    },
  };
  return desired(words);
}

function recordsOf(fleet: Fleet, state: ReturnType<typeof stateOf>): readonly DeviceRecord[] {
  return IDS.map((id, index) => {
    const lock = state.locks.find(({ spec }) => spec.devices?.includes(id));
    return device({
      id,
      running: fleet.running[index] ?? null,
      standing: fleet.strangers.includes(id) ? 'quarantined' : 'active',
      traits: { site: fleet.roof.includes(id) ? 'roof' : null },
      dormant: fleet.asleep.includes(id),
      lock: lock === undefined ? null : carried(lock.spec.version, lock.origin.name),
    });
  });
}

function liveFor(fleet: Fleet, records: readonly DeviceRecord[]) {
  const listed = new Set([...fleet.groups.a, ...fleet.groups.b]);
  const isNamed = ({ id, lock }: DeviceRecord): boolean => listed.has(id) || lock !== null;
  return liveOf(
    records.filter(isNamed).map(({ id, running, standing, lock, traits, dormant }) => {
      return namedDevice(id, { running, standing, lock, traits, dormant });
    }),
    {
      crowd: records
        .filter((each) => !isNamed(each) && each.standing === 'active')
        .map(({ running }) => ({ version: running, devices: 1 })),
      census: buildCensus(records.flatMap((each) => censusPlace(each) ?? [])),
      firmware: [40, ...VERSIONS].map((each) => remembered(each, { verifiedAt: 1 })),
    },
  );
}

describe('the impact of a plan', () => {
  it('is what counting the devices one by one gives', () => {
    fc.assert(
      fc.property(fleets, (fleet) => {
        const state = stateOf(fleet);
        const records = recordsOf(fleet, state);
        const policy = policyOf(state);
        const counted = new Map<string, number>();
        for (const each of records) {
          const target = resolveTarget(each, policy);
          if (target.kind === 'none' || target.firmware.version === each.running) continue;
          const key = `${each.running}>${target.firmware.version}`;
          counted.set(key, (counted.get(key) ?? 0) + 1);
        }
        const live = liveFor(fleet, records);
        const { plan, next } = planOne({ now: state, inForce: state, live });
        expect(reachOf(next)).toEqual(reachOf(state));
        const flashes = plan.impact.flashes.map(
          ({ from, to, devices }) => [`${from}>${to}`, devices] as const,
        );
        expect(new Map(flashes)).toEqual(counted);
        expect(plan.impact).toMatchObject({
          devices: records.filter(({ standing }) => standing === 'active').length,
          locked: records.filter(({ standing, lock }) => standing === 'active' && lock !== null)
            .length,
        });
        const order = plan.impact.flashes.map(({ from, to }) => to * 100_000 + (from ?? 0));
        expect(order).toEqual([...order].sort((one, other) => one - other));
        for (const release of plan.releases) checkReach(release, records, policy);
      }),
      { numRuns: 500 },
    );
  });
});

/** How far each release is, since the count means little where the plan moves it. */
function reachOf({ rollout }: Desired) {
  return (rollout?.tracks ?? []).flatMap(({ group, base, rolledBack, release }) =>
    release === null ? [] : [[group, base, rolledBack, release.limit]],
  );
}

/** The devices that a release says it reaches, against those that it covers within its exposure. */
function checkReach(
  { group, devices, succeeded, exposure, version: released }: ReleasePlan,
  records: readonly DeviceRecord[],
  policy: ReturnType<typeof policyOf>,
): void {
  const reached = records.filter((record) => {
    const { id, standing, lock } = record;
    if (standing !== 'active' || lock !== null) return false;
    const covering = coveringRelease(record, policy, bucketOf(id));
    if (covering === null || covering === 'conflict') return false;
    const { release } = covering;
    return release.group === group && positionOf(bucketOf(id), release.offset) < exposure;
  });
  expect(devices).toBe(reached.length);
  expect(succeeded).toBe(reached.filter(({ running }) => running === released).length);
}
