// Why a device runs what it runs: each situation that a device can be in, and the text that a person reads.

import { describe, expect, it } from 'vitest';

import { compilePolicy } from '../../../controller/devices/policy.ts';
import type { Desired, ReleaseSpec, StrategySpec } from '../../../controller/model/desired.ts';
import { DIRECT_STRATEGY } from '../../../controller/model/desired.ts';
import type { DeviceRecord, EvidenceRecord } from '../../../controller/model/device.ts';
import type { ProductPolicy } from '../../../controller/model/policy.ts';
import type { ReleaseState } from '../../../controller/model/rollout.ts';
import { bucketOf, offsetOf, positionOf } from '../../../controller/releases/circle.ts';
import { renderWhyText } from '../../../controller/reports/why-text.ts';
import { explainDevice, type ExplainInput } from '../../../controller/reports/why.ts';
import { sampleRelease } from './release-samples.ts';
import {
  sampleAction,
  sampleCarriedLock,
  sampleDesired,
  sampleDevice,
  sampleFirmware,
  sampleFirmwareRecord,
  sampleOrigin,
  sampleProductPlan,
  sampleReleaseState,
} from './samples.ts';

const TENTH = { name: '', exposure: 0, minDevices: 0, soakMs: 0, successes: 1, approval: false };
const GOLDEN = '../../fixtures/reports';
const NOW = 1_700_000_600_000;
const LISTENED = 10_000_000;
const RECORDS = [sampleFirmwareRecord(41), sampleFirmwareRecord(42)];

function policyOf(change: Partial<ProductPolicy> = {}): ProductPolicy {
  const policy = compilePolicy(sampleDesired(), RECORDS, { stopped: false });
  if (policy === null) throw new Error('the sample has no Product');
  return { ...policy, ...change };
}

function inputFor(device: DeviceRecord | null, change: Partial<ExplainInput> = {}): ExplainInput {
  return {
    product: 'thermostat',
    id: device?.id ?? 'e00f01',
    device,
    contact: { at: NOW - 60_000, listened: LISTENED - 60_000 },
    policy: policyOf(),
    listened: LISTENED,
    now: NOW,
    inForce: sampleDesired(),
    isListening: true,
    evidence: [],
    refusals: [],
    releases: [],
    moves: [],
    ...change,
  };
}

function sampleEvidence(change: Partial<EvidenceRecord>): EvidenceRecord {
  return {
    product: 'thermostat',
    version: 41,
    sha256: String(41).padStart(64, '0'),
    device: 'bench-1',
    level: 'flashed',
    since: 0,
    passedAt: null,
    soakedMs: 3_600_000,
    ...change,
  };
}

function waitsOf(input: ExplainInput): readonly string[] {
  return explainDevice(input).waits.map(({ reason }) => reason);
}

describe('an explanation', () => {
  it('names the rule that decides, and those that it overrules', () => {
    const { rules, device, summary } = explainDevice(
      inputFor(sampleDevice({ id: 'bench-1', lock: sampleCarriedLock() })),
    );
    expect(rules.map(({ rule, outcome }) => [rule, outcome])).toEqual([
      ['lock', 'decides'],
      ['groupRelease', 'doesNotApply'],
      ['release', 'overruled'],
    ]);
    expect(rules[0]?.trace).toMatchObject({
      manifest: 'DeviceLock/bench-on-42',
      file: 'devicelock.yaml',
      line: 12,
    });
    expect(device.target).toMatchObject({ version: 42, rule: 'lock' });
    expect(summary).toContain('should run version 42, by DeviceLock/bench-on-42');
  });

  it('says that all is well where the target runs', () => {
    const explanation = explainDevice(inputFor(sampleDevice()));
    expect(explanation.summary).toBe('It runs version 41, by Release/thermostat, as it should.');
    expect(explanation.nextPoll).toBe('nothing');
    expect(explanation.waits).toEqual([]);
  });

  it('says what a poll would get now, by the function that answers polls', () => {
    const next = (device: DeviceRecord, change?: Partial<ExplainInput>): string =>
      explainDevice(inputFor(device, change)).nextPoll;
    const behind = sampleDevice({ reported: '40', running: 40 });
    expect(next(behind)).toBe('offer');
    expect(next(behind, { policy: policyOf({ stopped: true }) })).toBe('nothing');
    expect(next(behind, { policy: null })).toBe('refused');
    const going = sampleAction({ version: 41, sha256: String(41).padStart(64, '0') });
    expect(next({ ...behind, action: going })).toBe('continue');
    expect(next({ ...behind, action: sampleAction() })).toBe('cancel');
    expect(next(sampleDevice({ reported: null, running: null, askedSince: 0 }))).toBe('ask');
  });

  it('says what the device waits for', () => {
    const behind = sampleDevice({ reported: '40', running: 40 });
    expect(waitsOf(inputFor(behind, { contact: null }))).toEqual(['DeviceOffline']);
    expect(waitsOf(inputFor(behind, { policy: policyOf({ stopped: true }) }))).toEqual([
      'EmergencyStop',
    ]);
    expect(waitsOf(inputFor({ ...behind, action: sampleAction({ phase: 'cancelling' }) }))).toEqual(
      ['CancelPending'],
    );
    expect(waitsOf(inputFor({ ...behind, standing: 'expected' }))).toEqual(['UnknownDevice']);
    expect(waitsOf(inputFor(null))).toEqual(['UnknownDevice']);
    expect(waitsOf(inputFor(sampleDevice({ reported: null, running: null })))).toEqual([
      'VersionUnknown',
    ]);
    const failures = {
      version: 41,
      round: 1,
      count: 2,
      retryAt: NOW + 90_000,
      lastAt: NOW,
      lastMessage: 'CRC',
    };
    expect(waitsOf(inputFor({ ...behind, failures }))).toEqual(['BackOff']);
    expect(waitsOf(inputFor({ ...behind, failures: { ...failures, retryAt: null } }))).toEqual([
      'RetriesUsedUp',
    ]);
    const { refusals } = sampleProductPlan();
    expect(waitsOf(inputFor(behind, { refusals }))).toEqual(['ReleaseUnverified']);
    const locks = refusals.map((each) => ({ ...each, manifest: 'DeviceLock/bench-on-42' }));
    expect(waitsOf(inputFor(behind, { refusals: locks }))).toEqual([]);
  });

  it('says that soaks and time-outs wait while most of the fleet is silent', () => {
    const paused = { isListening: false };
    const busy = sampleDevice({ action: sampleAction() });
    expect(waitsOf(inputFor(busy, paused))).toEqual(['ActionOpen', 'ListeningPaused']);
    const soaking = sampleEvidence({ passedAt: null });
    expect(waitsOf(inputFor(sampleDevice(), { ...paused, evidence: [soaking] }))).toEqual([
      'ListeningPaused',
    ]);
    const passed = sampleEvidence({ passedAt: NOW });
    expect(waitsOf(inputFor(sampleDevice(), { ...paused, evidence: [passed] }))).toEqual([]);
    expect(waitsOf(inputFor(busy))).toEqual(['ActionOpen']);
  });

  it('says that only a missed poll counts for an on-reset lock without a boot attribute', () => {
    const lock = sampleCarriedLock({ flash: 'on-reset', armed: false });
    const device = sampleDevice({ id: 'bench-1', lock });
    const [wait] = explainDevice(inputFor(device)).waits;
    expect(wait).toMatchObject({ reason: 'OnReset' });
    expect(wait?.message).toContain('without a boot attribute only a missed poll counts');
    const policy = policyOf();
    const settings = { ...policy.settings, bootAttribute: 'boot_count' };
    const informed = explainDevice(inputFor(device, { policy: { ...policy, settings } })).waits[0];
    expect(informed?.message).toContain('reports a new boot');
  });

  describe('of a device that a staged release covers', () => {
    const state = sampleReleaseState({
      version: 42,
      limit: 1_000,
      step: 'tenth',
      finishedAt: null,
      baseBefore: 41,
    });
    const [release = fail('the sample has a release')] = sampleDesired().releases;
    const staged: StrategySpec = {
      ...DIRECT_STRATEGY,
      steps: [
        { ...TENTH, name: 'tenth', exposure: 1_000 },
        { ...TENTH, name: 'half', exposure: 5_000 },
        { ...TENTH, name: 'all', exposure: 10_000 },
      ],
    };
    const releases = [sampleRelease()];

    function stagedInput(
      device: DeviceRecord,
      change: {
        readonly state?: Partial<ReleaseState>;
        readonly strategy?: Partial<StrategySpec>;
        readonly base?: number | null;
        readonly spec?: Partial<ReleaseSpec>;
        readonly more?: Partial<Desired>;
        readonly rest?: Partial<ExplainInput>;
      } = {},
    ): ExplainInput {
      const strategy = { ...staged, ...change.strategy };
      const inForce: Desired = {
        ...sampleDesired(),
        releases: [
          {
            ...release,
            origin: release.origin,
            spec: {
              ...release.spec,
              version: 42,
              strategy,
              ...change.spec,
            },
          },
        ],
        rollout: {
          rounds: 2,
          tracks: [
            {
              group: null,
              base: change.base === undefined ? 41 : change.base,
              rolledBack: [],
              release: { ...state, ...change.state },
            },
          ],
        },
        ...change.more,
      };
      const records = [40, 41, 42].map((version) => ({
        ...sampleFirmwareRecord(version),
        verifiedAt: 1,
      }));
      return inputFor(device, {
        inForce,
        policy: compilePolicy(inForce, records, { stopped: false }),
        releases,
        ...change.rest,
      });
    }

    /** A device at a position of the circle within a span, in hundredths of a percent. */
    function deviceAt(
      from: number,
      until: number,
      change: Partial<DeviceRecord> = {},
    ): DeviceRecord {
      const offset = offsetOf('thermostat', 42);
      for (let number = 0; ; number += 1) {
        const id = `device-${number}`;
        const position = positionOf(bucketOf(id), offset);
        if (position >= from && position < until) return sampleDevice({ ...change, id });
      }
    }

    const beyond = deviceAt(1_000, 5_000);
    const within = deviceAt(0, 1_000);

    it('says where it stands, how far the release reaches, and in which step its turn comes', () => {
      const { exposure, rules, device, waits, summary } = explainDevice(stagedInput(beyond));
      const position = positionOf(bucketOf(beyond.id), offsetOf('thermostat', 42)) / 100;
      expect(exposure).toEqual([
        {
          manifest: 'Release/thermostat',
          version: 42,
          group: null,
          position,
          exposure: 10,
          isReached: false,
          step: 'half',
        },
      ]);
      expect(rules.map(({ rule, outcome }) => [rule, outcome])).toEqual([
        ['lock', 'doesNotApply'],
        ['groupRelease', 'doesNotApply'],
        ['release', 'doesNotApply'],
        ['base', 'decides'],
      ]);
      expect(rules[2]?.message).toBe(
        `The product's release is version 42, which reaches 10% of the circle (it stands at ${position}%).`,
      );
      expect(device.target).toMatchObject({ version: null, reason: 'OutsideExposure' });
      expect(waits).toEqual([
        {
          reason: 'OutsideExposure',
          message: `It stands at ${position}% of the circle, and Release/thermostat reaches 10% with version 42; its turn comes in step half. The release waits for successes (98 of 100) and its soak (5h1m left).`,
        },
      ]);
      expect(summary).toBe(
        'It runs version 41 and is left alone: Release/thermostat has not reached it with version 42 yet. Its turn comes in step half.',
      );
    });

    it('says that it is within, and by which rule', () => {
      const { exposure, rules } = explainDevice(stagedInput(within));
      expect(exposure).toMatchObject([{ isReached: true, step: null }]);
      expect(rules.at(-1)).toMatchObject({ rule: 'release', outcome: 'decides' });
    });

    it('returns it to the base where what it runs may not stay', () => {
      const old = { ...beyond, reported: '40', running: 40 };
      const { rules, device } = explainDevice(stagedInput(old));
      expect(rules.at(-1)).toMatchObject({
        rule: 'base',
        outcome: 'decides',
        message: 'What it runs may not stay, so it returns to the base, 41.',
      });
      expect(device.target).toMatchObject({ version: 41, goal: 41, rule: 'base' });
    });

    it('names a halt and a pause as what holds it, also within the exposure', () => {
      const halt = {
        action: 'hold',
        at: 1,
        failed: 5,
        succeeded: 95,
        message: '5 of 100.',
      } as const;
      const halted = explainDevice(stagedInput(within, { state: { halt } }));
      expect(halted.waits).toMatchObject([{ reason: 'ReleaseHalted' }]);
      expect(halted.summary).toContain('5 of 100.');
      expect(halted.rules.at(-1)).toMatchObject({
        rule: 'release',
        outcome: 'decides',
        message: "The product's release is version 42, and halted.",
      });
      const outside = explainDevice(stagedInput(beyond, { state: { halt } }));
      expect(outside.summary).not.toContain('Its turn comes');
      const paused = explainDevice(stagedInput(within, { spec: { paused: true } }));
      expect(paused.waits).toMatchObject([{ reason: 'ReleasePaused' }]);
    });

    it('says when the window opens, and that a rate may make it wait', () => {
      const window = { days: ['Mon'], fromMinute: 480, toMinute: 900, timezone: 'UTC' } as const;
      const shut = explainDevice(stagedInput(within, { strategy: { windows: [window] } }));
      expect(shut.waits).toEqual([
        {
          reason: 'OutsideWindow',
          message: 'The window of Release/thermostat opens at 2023-11-20 08:00Z.',
        },
      ]);
      expect(shut.nextPoll).toBe('nothing');
      const rate = { flashes: 100, perMs: 60_000 };
      const paced = explainDevice(stagedInput(within, { strategy: { rate } }));
      expect(paced.waits).toMatchObject([{ reason: 'RateReached' }]);
      expect(paced.waits[0]?.message).toContain('At most 100/min are started');
    });

    it('says how a device that failed in the round comes to be tried again', () => {
      const failures = {
        version: 42,
        round: 1,
        count: 4,
        retryAt: null,
        lastAt: NOW,
        lastMessage: 'CRC',
      };
      const { waits } = explainDevice(stagedInput({ ...within, failures }));
      expect(waits).toMatchObject([{ reason: 'RetriesUsedUp' }]);
      expect(waits[0]?.message).toContain('failed 4 times with version 42 (CRC)');
      expect(waits[0]?.message).toContain('`attempt` of Release/thermostat is raised');
    });

    it('names the stepping stone, and where it leads', () => {
      const firmware = [40, 41, 42].map((version) => {
        const { spec, origin } = sampleFirmware(version);
        return { origin, spec: { ...spec, requiresFrom: version === 42 ? 41 : null } };
      });
      const old = { ...within, reported: '40', running: 40 };
      const explained = explainDevice(stagedInput(old, { more: { firmware } }));
      expect(explained.device.target).toMatchObject({ version: 41, goal: 42 });
      expect(explained.waits).toMatchObject([{ reason: 'SteppingStone' }]);
      expect(explained.summary).toContain('version 41 on the way to 42, by Release/thermostat');
    });

    it('tells its groups, what put it there, and when it moved', async () => {
      const traits = { hw_rev: 'B', region: null };
      const groups = [
        ...sampleDesired().groups,
        {
          origin: sampleOrigin('DeviceGroup', 'rev-b'),
          spec: { product: 'thermostat', devices: [], match: { hw_rev: 'B' } },
        },
      ];
      const moves = [
        { at: NOW - 7_200_000, message: 'Moved from no group to group rev-b: hw_rev is "B" now.' },
      ];
      const device = { ...beyond, traits, dormant: true };
      const explained = explainDevice(
        stagedInput(device, { more: { groups }, rest: { moves, contact: null } }),
      );
      expect(explained.groups).toEqual(['rev-b']);
      expect(explained.device).toMatchObject({ traits, dormant: true });
      expect(explained.moves).toEqual([
        { at: '2023-11-14T20:23:20.000Z', message: moves[0]?.message },
      ]);
      const text = renderWhyText(explained, NOW, { color: false });
      await expect(text).toMatchFileSnapshot(`${GOLDEN}/why-staged.txt`);
    });

    it('takes the group’s release first, and the product’s where the group has no base', () => {
      const origin = sampleOrigin('Release', 'beta');
      const spec = { ...release.spec, version: 42, strategy: staged };
      const groups = [
        {
          origin: sampleOrigin('DeviceGroup', 'beta'),
          spec: { product: 'thermostat', devices: [beyond.id], match: null },
        },
      ];
      const tracks = [
        { group: null, base: 41, rolledBack: [], release: sampleReleaseState({ version: 41 }) },
        { group: 'beta', base: null, rolledBack: [], release: { ...state, round: 2 } },
      ];
      const more: Partial<Desired> = {
        groups,
        releases: [...sampleDesired().releases, { origin, spec: { ...spec, group: 'beta' } }],
        rollout: { rounds: 2, tracks },
      };
      const { rules, exposure } = explainDevice(stagedInput(beyond, { more }));
      expect(rules.map(({ rule, outcome }) => [rule, outcome])).toEqual([
        ['lock', 'doesNotApply'],
        ['groupRelease', 'doesNotApply'],
        ['release', 'decides'],
      ]);
      expect(exposure.map(({ group, isReached }) => [group, isReached])).toEqual([
        ['beta', false],
        [null, true],
      ]);
      const based = tracks.map((track) => ({ ...track, base: 41 }));
      const kept = stagedInput(beyond, {
        more: { ...more, rollout: { rounds: 2, tracks: based } },
      });
      expect(explainDevice(kept).rules.map(({ rule, outcome }) => [rule, outcome])).toEqual([
        ['lock', 'doesNotApply'],
        ['groupRelease', 'doesNotApply'],
        ['release', 'overruled'],
        ['base', 'decides'],
      ]);
    });
  });

  it('reads as in the golden files', async () => {
    const locked = sampleDevice({
      id: 'bench-1',
      lock: sampleCarriedLock(),
      action: sampleAction({ phase: 'fetched', fetchedAt: NOW - 120_000, attempt: 2 }),
    });
    const evidence = [sampleEvidence({ passedAt: NOW - 86_400_000 })];
    const text = renderWhyText(explainDevice(inputFor(locked, { evidence })), NOW, {
      color: false,
    });
    await expect(text).toMatchFileSnapshot(`${GOLDEN}/why-locked.txt`);
    const quarantined = sampleDevice({
      standing: 'quarantined',
      quarantine: 'no manifest names it',
    });
    const other = renderWhyText(explainDevice(inputFor(quarantined)), NOW, { color: false });
    await expect(other).toMatchFileSnapshot(`${GOLDEN}/why-quarantined.txt`);
  });
});

function fail(message: string): never {
  throw new Error(message);
}
