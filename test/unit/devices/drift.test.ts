// Who drifts and who waits: single situations, and over random policies and devices that the words agree with those of
// `why`, and that nobody drifts or waits outside of the suspects.

import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { findGapSuspects, findWaits, isDrifted } from '../../../controller/devices/drift.ts';
import { DIRECT_STRATEGY, emptyDesired } from '../../../controller/model/desired.ts';
import type { DeviceRecord } from '../../../controller/model/device.ts';
import type { ProductPolicy } from '../../../controller/model/policy.ts';
import { offsetOf, positionOf } from '../../../controller/releases/circle.ts';
import { WAIT_REASONS, type WaitReason } from '../../../controller/model/wait-reasons.ts';
import { deviceJson } from '../../../controller/reports/device-json.ts';
import { explainWaits } from '../../../controller/reports/why-waits.ts';
import { carried, desired, device, NOW, openAction, policyOf } from '../../support/plan-input.ts';

const MOMENT = { at: NOW, listened: 10_000_000 };
const firmware = [40, 41, 42, 43].map((version) => ({ version }));
const unarmed = { ...carried(42), armed: false };
const settled = policyOf(desired({ firmware, release: 42 }));

function failures(retryAt: number | null): DeviceRecord['failures'] {
  return { version: 42, round: 1, count: 1, retryAt, lastAt: NOW, lastMessage: 'CRC' };
}

describe('a device', () => {
  it('drifts where it runs another version than its target, and nothing is under way', () => {
    const drifts = (change: Partial<DeviceRecord>, policy = settled): boolean =>
      isDrifted(device(change), policy);
    expect(drifts({ running: 41 })).toBe(true);
    expect(drifts({ running: 42 })).toBe(false);
    expect(drifts({ running: null })).toBe(false);
    expect(drifts({ running: 41, action: openAction({ version: 42 }) })).toBe(false);
    // An action that leads elsewhere mends nothing.
    expect(drifts({ running: 41, action: openAction({ version: 43 }) })).toBe(true);
    expect(drifts({ running: 42, lock: carried(41) })).toBe(true);
    expect(drifts({ running: 41, standing: 'quarantined' })).toBe(false);
    expect(drifts({ running: 41, standing: 'expected' })).toBe(false);
    const outside = policyOf(desired({ firmware, release: 42, tracks: { '': { limit: 0 } } }));
    expect(drifts({ running: 41 }, { ...outside, release: null })).toBe(false);
  });

  it('waits for what keeps it from what it is meant to run', () => {
    const waits = (
      change: Partial<DeviceRecord>,
      policy: ProductPolicy = settled,
      isOnline = true,
    ): readonly WaitReason[] => findWaits(device(change), isOnline, policy, MOMENT);
    const behind = { running: 41 };
    expect(waits(behind)).toEqual([]);
    expect(waits({ running: 42 }, settled, false)).toEqual([]);
    expect(waits(behind, settled, false)).toEqual(['DeviceOffline']);
    expect(waits({ ...behind, action: openAction({ version: 42 }) }, settled, false)).toEqual([]);
    expect(waits({ ...behind, standing: 'quarantined' }, settled, false)).toEqual([]);
    expect(waits({ running: null })).toEqual(['VersionUnknown']);
    expect(waits({ ...behind, failures: failures(null) })).toEqual(['RetriesUsedUp']);
    expect(waits({ ...behind, failures: failures(NOW + 5) })).toEqual(['BackOff']);
    expect(waits({ ...behind, lock: unarmed })).toEqual(['OnReset']);
    expect(waits(behind, { ...settled, stopped: true })).toEqual(['EmergencyStop']);
    const none = { base: null, finishedAt: null };
    const held = (track: object): ProductPolicy =>
      policyOf(desired({ firmware, release: 42, tracks: { '': { ...none, ...track } } }));
    expect(waits(behind, held({ limit: 0 }))).toEqual(['OutsideExposure']);
    // It has what the release would bring.
    expect(waits({ running: 42 }, held({ limit: 0 }))).toEqual([]);
    const strategy = { ...DIRECT_STRATEGY, rate: { flashes: 1, perMs: 1_000 } };
    const rated = policyOf(desired({ firmware, release: 42, rollout: { strategy } }));
    expect(waits(behind, rated)).toEqual(['RateReached']);
    const paused = policyOf(desired({ firmware, release: 42, rollout: { paused: true } }));
    expect(waits(behind, paused)).toEqual(['ReleasePaused']);
    expect(waits({ running: 42 }, paused)).toEqual([]);
  });
});

const version = fc.constantFrom(40, 41, 42, 43);
const track = fc.record({
  limit: fc.constantFrom(0, 1, 3_000, 9_999, 10_000),
  base: fc.constantFrom(null, 40, 41, 42),
  rolledBack: fc.constantFrom([], [43]),
  finishedAt: fc.constant(null),
});
const days = ['Sun', 'Wed'] as const;
const policyArbitrary = fc
  .record({
    release: fc.option(version, { nil: undefined }),
    groupReleases: fc.dictionary(fc.constantFrom('bench', 'revB', 'revC'), version, { maxKeys: 3 }),
    tracks: fc.dictionary(fc.constantFrom('', 'bench', 'revB', 'revC'), track),
    requiresFrom: fc.constantFrom(undefined, 41),
    withdrawn: fc.constantFrom(0, 0, 41),
    paused: fc.constantFrom(false, false, true),
    stopped: fc.constantFrom(false, false, true),
    isRated: fc.boolean(),
    windowDay: fc.constantFrom(null, ...days),
  })
  .map((words): ProductPolicy => {
    const { release, groupReleases, tracks, requiresFrom, withdrawn, paused, isRated } = words;
    const windows =
      words.windowDay === null
        ? []
        : [{ days: [words.windowDay], fromMinute: 0, toMinute: 1_440, timezone: 'UTC' }];
    const rate = isRated ? { flashes: 1, perMs: 1_000 } : null;
    const inForce = desired({
      firmware: firmware.map((each) => ({
        ...each,
        withdrawn: each.version === withdrawn,
        ...(requiresFrom !== undefined && each.version > requiresFrom && { requiresFrom }),
      })),
      groups: { bench: ['bench-1', 'bench-2'] },
      matchGroups: { revB: { hw: 'B' }, revC: { hw: 'C' } },
      ...(release !== undefined && { release }),
      groupReleases,
      tracks,
      rollout: { paused, strategy: { ...DIRECT_STRATEGY, windows, rate } },
    });
    return { ...policyOf(inForce), stopped: words.stopped };
  });
const deviceArbitrary = fc
  .record({
    id: fc.oneof(fc.constantFrom('bench-1', 'bench-2'), fc.string({ minLength: 1, maxLength: 3 })),
    running: fc.option(version),
    traits: fc.constantFrom({}, { hw: 'B' }, { hw: 'C' }, { hw: null }),
    lock: fc.constantFrom(null, null, null, carried(42), unarmed),
    blindOffer: fc.constantFrom(null, 42),
    failures: fc.constantFrom(null, null, failures(null), failures(NOW + 5)),
    action: fc.constantFrom(null, null, null, openAction({ version: 42 })),
    standing: fc.constantFrom('active', 'active', 'active', 'quarantined', 'expected'),
  })
  .map((change) => device(change));

describe('over random policies and devices', () => {
  it('waits are told in the words of an explanation, and none of them is missing', () => {
    const seen = new Set<WaitReason>();
    fc.assert(
      fc.property(policyArbitrary, deviceArbitrary, fc.boolean(), (policy, record, isOnline) => {
        const { at: now, listened } = MOMENT;
        const contact = isOnline ? MOMENT : { at: 0, listened: 0 };
        const inForce = emptyDesired('thermostat');
        const context = { policy, now, listened, inForce, isListening: true };
        const explained = explainWaits(record, deviceJson(record, contact, context), {
          ...context,
          evidence: [],
          refusals: [],
          releases: [],
        }).map(({ reason }) => reason);
        const waits = findWaits(record, isOnline, policy, MOMENT);
        for (const each of waits) seen.add(each);
        expect(waits.filter((each) => !explained.includes(each))).toEqual([]);
        const known = explained.filter((each) => WAIT_REASONS.some((reason) => reason === each));
        // Who waits for nothing, and drifts, is only to poll.
        const isOpen = waits.length > 0 || isDrifted(record, policy);
        const isTold = isOpen && record.action === null;
        expect(isTold ? waits.toSorted() : []).toEqual(isTold ? known.toSorted() : []);
      }),
      { numRuns: 1_500 },
    );
    const never: readonly WaitReason[] = ['ReleaseHalted', 'BinaryMissing'];
    expect(WAIT_REASONS.filter((each) => !seen.has(each) && !never.includes(each))).toEqual([]);
  });

  it('nobody drifts or waits but suspects', () => {
    let narrowed = 0;
    fc.assert(
      fc.property(policyArbitrary, deviceArbitrary, fc.boolean(), (policy, record, isOnline) => {
        const suspects = findGapSuspects(policy, [null, 40, 41, 42, 43]);
        expect(suspects).not.toBeNull();
        if (suspects === null) return;
        if (suspects.versions.length < 5) narrowed += 1;
        const isSuspect =
          record.lock !== null ||
          suspects.versions.includes(record.running) ||
          suspects.ids.includes(record.id);
        const hasGap =
          isDrifted(record, policy) || findWaits(record, isOnline, policy, MOMENT).length > 0;
        expect(hasGap && !isSuspect).toBe(false);
      }),
      { numRuns: 1_500 },
    );
    expect(narrowed).toBeGreaterThan(500);
  });

  it('suspects are told on each side of the border of a release', () => {
    // A version that was rolled back, and is released again: whoever runs it outside of the exposure is to return.
    const offset = offsetOf('thermostat', 43);
    const track = {
      limit: positionOf(0, offset) + 1,
      base: 41,
      rolledBack: [43],
      finishedAt: null,
    };
    const policy = policyOf(desired({ firmware, release: 43, tracks: { '': track } }));
    expect(findGapSuspects(policy, [43])?.versions).toEqual([43]);
    const all = { ...track, limit: 10_000 };
    const reached = policyOf(desired({ firmware, release: 43, tracks: { '': all } }));
    expect(findGapSuspects(reached, [43])?.versions).toEqual([]);
  });

  it('suspects are not told apart where that would take long', () => {
    const ids = Array.from({ length: 1_001 }, (_, i) => `d${i}`);
    const listed = desired({
      firmware,
      release: 42,
      groups: { bench: ids },
      groupReleases: { bench: 42 },
    });
    expect(findGapSuspects(policyOf(listed), [42])).toBeNull();
    expect(findGapSuspects(settled, [41, 42])).toEqual({ versions: [41], ids: [] });
    const many = Array.from({ length: 101 }, (_, i) => 100 + i);
    expect(findGapSuspects(settled, many)).toBeNull();
  });
});
