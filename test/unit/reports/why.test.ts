// Why a device runs what it runs: each situation that a device can be in, and the text that a person reads.

import { describe, expect, it } from 'vitest';

import { compilePolicy } from '../../../controller/devices/policy.ts';
import type { DeviceRecord, EvidenceRecord } from '../../../controller/model/device.ts';
import type { ProductPolicy } from '../../../controller/model/policy.ts';
import { renderWhyText } from '../../../controller/reports/why-text.ts';
import { explainDevice, type ExplainInput } from '../../../controller/reports/why.ts';
import {
  sampleAction,
  sampleCarriedLock,
  sampleDesired,
  sampleDevice,
  sampleFirmwareRecord,
  sampleProductPlan,
} from './samples.ts';

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
