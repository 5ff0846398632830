// The counted impact of a plan against a count over an explicit list of devices.

import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import type { DeviceRecord } from '../../controller/model/device.ts';
import { resolveTarget } from '../../controller/releases/target.ts';
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

const fleets = fc.record({
  running: fc.array(fc.option(fc.constantFrom(40, ...VERSIONS)), {
    minLength: IDS.length,
    maxLength: IDS.length,
  }),
  strangers: fc.uniqueArray(fc.constantFrom(...IDS), { maxLength: 3 }),
  groups: fc.record({ a: some, b: some }),
  locks: fc.record({ one: some, two: some }),
  lockVersions: fc.tuple(version, version),
  releases: fc.record({ a: fc.option(version), b: fc.option(version), all: fc.option(version) }),
  withdrawn: fc.option(version),
});

type Fleet = typeof fleets extends fc.Arbitrary<infer T> ? T : never;

function stateOf(fleet: Fleet) {
  const { a, b, all } = fleet.releases;
  const second = fleet.locks.two.filter((id) => !fleet.locks.one.includes(id));
  return desired({
    firmware: VERSIONS.map((each) => ({ version: each, withdrawn: each === fleet.withdrawn })),
    groups: fleet.groups,
    locks: {
      one: { version: fleet.lockVersions[0], devices: fleet.locks.one },
      two: { version: fleet.lockVersions[1], devices: second },
    },
    groupReleases: { ...(a !== null && { a }), ...(b !== null && { b }) },
    ...(all !== null && { release: all }),
  });
}

describe('the impact of a plan', () => {
  it('is what counting the devices one by one gives', () => {
    fc.assert(
      fc.property(fleets, (fleet) => {
        const state = stateOf(fleet);
        const named = new Set([...fleet.groups.a, ...fleet.groups.b]);
        const records = IDS.map((id, index): DeviceRecord => {
          const lock = state.locks.find(({ spec }) => spec.devices?.includes(id));
          return device({
            id,
            running: fleet.running[index] ?? null,
            standing: fleet.strangers.includes(id) ? 'quarantined' : 'active',
            lock: lock === undefined ? null : carried(lock.spec.version, lock.origin.name),
          });
        });
        const isNamed = ({ id, lock }: DeviceRecord): boolean => named.has(id) || lock !== null;
        const live = liveOf(
          records
            .filter(isNamed)
            .map(({ id, running, standing, lock }) => namedDevice(id, { running, standing, lock })),
          {
            crowd: records
              .filter((each) => !isNamed(each) && each.standing === 'active')
              .map(({ running }) => ({ version: running, devices: 1 })),
            firmware: VERSIONS.map((each) => remembered(each, { verifiedAt: 1 })),
          },
        );
        const policy = policyOf(state);
        const counted = new Map<string, number>();
        for (const each of records) {
          const target = resolveTarget(each, policy);
          if (target.kind === 'none' || target.firmware.version === each.running) continue;
          const key = `${each.running}>${target.firmware.version}`;
          counted.set(key, (counted.get(key) ?? 0) + 1);
        }
        const { plan } = planOne({ now: state, inForce: state, live });
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
      }),
      { numRuns: 1_000 },
    );
  });
});
