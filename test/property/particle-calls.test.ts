// Whatever is in force and however Particle is, the calls lead there, and at no moment between two of them does Particle
// have a version for a device that it is neither to leave nor to reach.

import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { compilePolicy } from '../../controller/devices/policy.ts';
import { EMPTY_LEDGER } from '../../controller/fleets/particle/ledger.ts';
import type { CloudDevice, Snapshot } from '../../controller/fleets/particle/nouns.ts';
import type { PlanCallsInput } from '../../controller/fleets/particle/plan-calls.ts';
import { planCalls } from '../../controller/fleets/particle/plan-calls.ts';
import { wantOf } from '../../controller/fleets/particle/want.ts';
import type { DeviceRecord } from '../../controller/model/device.ts';
import { expectedDevice } from '../../controller/model/device.ts';
import { resolveTarget } from '../../controller/releases/target.ts';
import { buildDesired } from '../support/desired.ts';
import { cloudDevice, createCloudModel, filed } from '../support/particle/cloud-model.ts';
import { releaseAll } from '../support/tracks.ts';

const VERSIONS = [40, 41, 42, 43];
const IDS = Array.from({ length: 12 }, (_, number) => `d${String(number).padStart(2, '0')}`);
const GROUPS = ['bench', 'lab'];
const NOW = Date.UTC(2026, 0, 5, 12);

const anyVersion = fc.constantFrom(...VERSIONS);
const maybe = <T>(arbitrary: fc.Arbitrary<T>): fc.Arbitrary<T | null> =>
  fc.option(arbitrary, { freq: 2 });
/** Most devices are plain: with all that can be about one, hardly any would meet what is released to everyone else. */
const seldom = <T>(usual: T, other: fc.Arbitrary<T>): fc.Arbitrary<T> =>
  fc.oneof({ weight: 3, arbitrary: fc.constant(usual) }, { weight: 1, arbitrary: other });

const anyDevice = fc.record({
  running: fc.option(anyVersion, { freq: 8 }),
  online: fc.boolean(),
  lock: seldom<number | null>(null, anyVersion),
  lockedTo: seldom<number | null>(null, anyVersion),
  groups: fc.oneof(
    fc.constant([]),
    fc.subarray(['lockstep-v41', 'lockstep-v42']),
    fc.subarray([...GROUPS, 'console', 'lockstep-v41', 'lockstep-v42']),
  ),
  development: seldom(false, fc.constant(true)),
  failed: seldom('no', fc.constantFrom('backOff', 'for good')),
});

const anyTrack = fc.record({
  limit: fc.constantFrom(0, 2_500, 6_000, 10_000),
  base: maybe(anyVersion),
  hold: seldom(false, fc.constant(true)),
});

const anyScene = fc.record({
  devices: fc.array(anyDevice, { minLength: IDS.length, maxLength: IDS.length }),
  everyone: maybe(anyVersion),
  groupVersions: fc.record({
    bench: maybe(anyVersion),
    lab: maybe(anyVersion),
    console: maybe(anyVersion),
  }),
  release: maybe(anyVersion),
  groupReleases: fc.record({ bench: maybe(anyVersion), lab: maybe(anyVersion) }),
  tracks: fc.record({ product: anyTrack, bench: anyTrack, lab: anyTrack }),
  listed: fc.record({ bench: fc.subarray(IDS), lab: fc.subarray(IDS) }),
  verified: fc.subarray(VERSIONS, { minLength: 1 }),
  stopped: seldom(false, fc.constant(true)),
  rated: fc.boolean(),
  refused: fc.oneof({ weight: 3, arbitrary: fc.constant([]) }, fc.subarray(VERSIONS)),
  mayDelete: fc.boolean(),
});

type Scene = typeof anyScene extends fc.Arbitrary<infer T> ? T : never;

function inputOf(scene: Scene): PlanCallsInput {
  const groupReleases: Record<string, number> = {};
  for (const [name, version] of Object.entries(scene.groupReleases)) {
    if (version !== null) groupReleases[name] = version;
  }
  const built = buildDesired({
    firmware: VERSIONS.map((version) => ({ version })),
    groups: scene.listed,
    groupReleases,
    ...(scene.release !== null && { release: scene.release }),
  });
  const tracks = Object.fromEntries(
    [
      ['', scene.tracks.product] as const,
      ['bench', scene.tracks.bench] as const,
      ['lab', scene.tracks.lab] as const,
    ].map(([name, { limit, base, hold }]) => [
      name,
      {
        limit,
        base,
        ...(hold && {
          halt: {
            action: 'hold' as const,
            at: NOW,
            failed: 1,
            succeeded: 0,
            message: 'Too many failed.',
          },
        }),
      },
    ]),
  );
  const desired = releaseAll(built, tracks);
  const policy = compilePolicy(
    desired,
    desired.firmware.map(({ spec }) => ({
      product: 'thermostat',
      version: spec.version,
      sha256: spec.binary.sha256,
      size: 1,
      sha1: '',
      md5: '',
      addedAt: 0,
      addedRevision: 'r1',
      verifiedAt: scene.verified.includes(spec.version) ? 1 : null,
      finishedAt: null,
      withdrawnAt: null,
      stored: true,
    })),
    { stopped: scene.stopped },
  );
  if (policy === null) throw new Error('no policy');
  const release =
    policy.release !== null && scene.rated
      ? { ...policy.release, rate: { flashes: 1, perMs: 60_000 } }
      : policy.release;
  const devices = new Map<string, CloudDevice>();
  const records = new Map<string, DeviceRecord>();
  scene.devices.forEach((each, index) => {
    const id = IDS[index] ?? '';
    const { running, online, lockedTo, groups, development } = each;
    devices.set(id, cloudDevice(id, { version: running, online, lockedTo, groups, development }));
    records.set(id, recordOf(id, each));
  });
  const snapshot: Snapshot = {
    readAt: NOW,
    devices,
    firmware: new Map(
      VERSIONS.map((version) => [
        version,
        { ...filed(version), isDefault: version === scene.everyone },
      ]),
    ),
    groups: new Map(
      [
        ...Object.entries(scene.groupVersions),
        ['lockstep-v41', 41] as const,
        ['lockstep-v42', 42] as const,
      ].map(([name, version]) => [name, { name, version }]),
    ),
  };
  return {
    policy: { ...policy, release },
    desired,
    snapshot,
    records,
    ledger: EMPTY_LEDGER,
    moment: { at: NOW, listened: 0 },
    skewMs: 0,
    drift: 'mend',
    refused: new Set(scene.refused),
    awoken: new Set(),
    arrived: new Set(),
    mayGroup: true,
    mayDelete: scene.mayDelete,
  };
}

function recordOf(
  id: string,
  { running, lock, failed, development }: Scene['devices'][number],
): DeviceRecord {
  return {
    ...expectedDevice('thermostat', id),
    standing: development ? 'quarantined' : 'active',
    registeredAt: NOW,
    running,
    reported: running === null ? null : String(running),
    lock:
      lock === null
        ? null
        : { version: lock, flash: 'now', armed: true, manifest: 'bench', revision: 'r1', since: 0 },
    failures:
      failed === 'no'
        ? null
        : {
            version: 42,
            round: 0,
            count: 4,
            retryAt: failed === 'backOff' ? NOW + 60_000 : null,
            lastAt: NOW,
            lastMessage: 'No outcome.',
          },
  };
}

describe('the calls to Particle', () => {
  it('lead each device where it is to be, over nothing but what it had and what it gets', () => {
    fc.assert(
      fc.property(anyScene, (scene) => {
        const input = inputOf(scene);
        const plan = planCalls(input);
        const model = createCloudModel(input.snapshot);
        const before = new Map(IDS.map((id) => [id, model.target(id)]));
        const seen = new Map(IDS.map((id) => [id, new Set<number | null>()]));
        for (const call of plan.calls) {
          model.apply(call);
          for (const id of IDS) seen.get(id)?.add(model.target(id));
        }
        for (const [id, record] of input.records) {
          if (plan.unheld.includes(id)) continue;
          const after = model.target(id);
          const want = wantOf(record, input.policy, input.moment);
          const isHeldOut = input.snapshot.devices.get(id)?.development === true;
          const allowed = isHeldOut
            ? [null]
            : want.kind === 'stays' || (want.kind === 'goes' && input.refused.has(want.version))
              ? [record.running, null]
              : [want.version];
          expect(allowed).toContain(after);
          for (const each of seen.get(id) ?? []) {
            expect([before.get(id), after, record.running, null]).toContain(each);
          }
        }
      }),
      { numRuns: 1_500 },
    );
  });

  it('keep a locked device to its lock, and bring nobody a version that is not verified or is lower for no reason', () => {
    fc.assert(
      fc.property(anyScene, (scene) => {
        const input = inputOf(scene);
        const plan = planCalls(input);
        const model = createCloudModel(input.snapshot);
        for (const call of plan.calls) model.apply(call);
        for (const [id, record] of input.records) {
          const after = model.target(id);
          if (after === null || after === record.running || plan.unheld.includes(id)) continue;
          const { lock } = record;
          const isAllowed =
            lock === null
              ? input.policy.firmware.get(after)?.verified === true
              : after === lock.version;
          expect(isAllowed).toBe(true);
          const target = resolveTarget(record, input.policy);
          expect(target).toMatchObject({ kind: 'version', firmware: { version: after } });
        }
      }),
      { numRuns: 1_500 },
    );
  });

  it('are none once they were sent', () => {
    fc.assert(
      fc.property(anyScene, (scene) => {
        const input = inputOf(scene);
        const model = createCloudModel(input.snapshot);
        for (const call of planCalls(input).calls) model.apply(call);
        const again = planCalls({ ...input, snapshot: model.snapshot() });
        expect(again.calls).toEqual([]);
      }),
      { numRuns: 1_000 },
    );
  });

  it('are the same for the same input', () => {
    fc.assert(
      fc.property(anyScene, (scene) => {
        expect(planCalls(inputOf(scene))).toEqual(planCalls(inputOf(scene)));
      }),
      { numRuns: 200 },
    );
  });
});
