// The gates one by one: when each passes, and what it says when it does not.

import { describe, expect, it } from 'vitest';

import type { GateContext, LockGate, ReleaseGate } from '../../../controller/gates/gate.ts';
import { LOCK_GATES, RELEASE_GATES } from '../../../controller/gates/registry.ts';
import { devicesOnTheWay, verificationOf } from '../../../controller/gates/verified.ts';
import type { ProductSpec, ReleaseSpec } from '../../../controller/model/desired.ts';
import { DIRECT_STRATEGY } from '../../../controller/model/desired.ts';
import type { EvidenceRecord } from '../../../controller/model/device.ts';
import { isAsStrong } from '../../../controller/model/evidence.ts';
import { PARTICLE_DEFAULTS } from '../../support/particle/managed-cloud.ts';
import { desired, evidence, live, remembered, shaOf, TODAY } from '../../support/plan-input.ts';

const state = desired({
  firmware: [{ version: 42 }],
  release: 42,
  locks: { bench: { version: 42, devices: ['d1'], expires: '2026-01-01' } },
});
const [release] = state.releases;
const [lock] = state.locks;

function context(more: Partial<GateContext> = {}): GateContext {
  if (state.config === null) throw new Error('no config');
  return {
    live: live({ devices: 100 }),
    config: state.config,
    guardrails: state.config.spec.guardrails,
    record: remembered(42, { verifiedAt: 1 }),
    sha256: shaOf(42),
    withdrawn: false,
    verifiers: null,
    ...more,
  };
}

function askRelease(
  gate: ReleaseGate | undefined,
  more: Partial<Parameters<ReleaseGate['evaluate']>[1]> = {},
) {
  if (release === undefined || gate === undefined) throw new Error('nothing to ask');
  return gate.evaluate(release, {
    ...context(more),
    flashes: [],
    rollback: false,
    isListed: false,
    onTheWay: [],
    ...more,
  });
}

function askLock(
  gate: LockGate | undefined,
  more: Partial<Parameters<LockGate['evaluate']>[1]> = {},
) {
  if (lock === undefined || gate === undefined) throw new Error('nothing to ask');
  return gate.evaluate(lock, {
    ...context(more),
    lockedTo: new Set(['d1']),
    today: TODAY,
    established: true,
    ...more,
  });
}

const releaseGate = (name: string) => RELEASE_GATES.find((gate) => gate.name === name);
const lockGate = (name: string) => LOCK_GATES.find((gate) => gate.name === name);

describe('the gates', () => {
  it('are asked in this order, the cheapest remedy first', () => {
    expect(RELEASE_GATES.map(({ name }) => name)).toEqual([
      'withdrawn',
      'carried',
      'verified',
      'max-affected',
    ]);
    expect(LOCK_GATES.map(({ name }) => name)).toEqual([
      'withdrawn',
      'lock-expired',
      'max-unverified',
    ]);
  });

  it('say reason, place, message and remedy whenever they refuse', () => {
    const bad = {
      withdrawn: true,
      record: null,
      guardrails: { ...context().guardrails, maxAffected: 1, maxUnverified: 0 },
    };
    const verdicts = [
      ...RELEASE_GATES.filter(({ name }) => name !== 'carried').map((gate) =>
        askRelease(gate, { ...bad, flashes: [{ from: 41, to: 42, devices: 50 }] }),
      ),
      ...LOCK_GATES.map((gate) => askLock(gate, bad)),
    ];
    for (const verdict of verdicts) {
      if (verdict.passes) throw new Error('a gate passed');
      expect(verdict.at).toMatch(/^spec\./);
      expect(verdict.message).toMatch(/42|2026/);
      expect(verdict.remedy).toMatch(/\.$/);
      expect(verdict.lifts).toBe('commit');
    }
  });
});

describe('withdrawn', () => {
  it('passes what is not withdrawn', () => {
    expect(askRelease(releaseGate('withdrawn')).passes).toBe(true);
    expect(askLock(lockGate('withdrawn')).passes).toBe(true);
    expect(askLock(lockGate('withdrawn'), { withdrawn: true })).toMatchObject({
      reason: 'FirmwareWithdrawn',
    });
  });
});

describe('carried', () => {
  const gate = releaseGate('carried');
  const { config } = context();
  const particle: Partial<GateContext> = {
    config: { ...config, spec: { ...config.spec, fleet: PARTICLE_DEFAULTS } },
  };
  const without = {
    ...particle,
    live: live({
      devices: 100,
      reading: { readAt: 0, calls: 1, remarks: [], lacking: ['groups:list', 'groups:create'] },
    }),
  };
  const ask = (
    spec: Partial<ReleaseSpec>,
    more: Partial<Parameters<ReleaseGate['evaluate']>[1]>,
  ) => {
    if (release === undefined || gate === undefined) throw new Error('nothing to ask');
    const whole = { ...context(), flashes: [], rollback: false, isListed: true, onTheWay: [] };
    return gate.evaluate({ ...release, spec: { ...release.spec, ...spec } }, { ...whole, ...more });
  };
  const steps = [
    { ...DIRECT_STRATEGY.steps[0], name: 'tenth', exposure: 1_000 },
    ...DIRECT_STRATEGY.steps,
  ] as ReleaseSpec['strategy']['steps'];

  it.each(['rev.b', 'x'.repeat(65), 'lockstep-v42'])(
    'blocks a release to the group %s, which Particle cannot have',
    (group) => {
      expect(ask({ group }, particle)).toMatchObject({
        reason: 'ReleaseNotCarried',
        at: 'spec.group',
        lifts: 'commit',
      });
      expect(ask({ group }, { ...particle, rollback: true }).passes).toBe(false);
      expect(ask({ group }, {}).passes).toBe(true);
      // What has an attribute in common is no group at Particle.
      expect(ask({ group }, { ...particle, isListed: false }).passes).toBe(true);
    },
  );

  it('blocks steps, windows, rates and groups where the token lacks the scopes, by their names', () => {
    const rate = { count: 1, perMs: 1_000 };
    const window = { days: [], fromMinute: 0, toMinute: 60, timezone: 'UTC' };
    for (const spec of [
      { strategy: { ...DIRECT_STRATEGY, steps } },
      { strategy: { ...DIRECT_STRATEGY, rate } },
      { strategy: { ...DIRECT_STRATEGY, windows: [window] } },
      { group: 'bench' },
    ] as unknown as readonly Partial<ReleaseSpec>[]) {
      expect(ask(spec, without)).toMatchObject({
        reason: 'ReleaseNotCarried',
        message: expect.stringContaining('lacks the scopes groups:list, groups:create'),
        lifts: 'person',
      });
      expect(ask(spec, particle).passes).toBe(true);
      expect(ask(spec, { ...without, rollback: true }).passes).toBe(true);
    }
    expect(ask({}, without).passes).toBe(true);
  });
});

describe('lock-expired', () => {
  it('passes a lock that is not past its date, and the first revision of a product', () => {
    expect(askLock(lockGate('lock-expired'), { today: '2026-01-01' }).passes).toBe(true);
    expect(askLock(lockGate('lock-expired'), { today: '2026-01-02' }).passes).toBe(false);
    expect(askLock(lockGate('lock-expired'), { established: false }).passes).toBe(true);
  });
});

describe('max-unverified', () => {
  it('counts devices up to the limit, of unverified versions only', () => {
    const ids = (count: number) => new Set(Array.from({ length: count }, (_, n) => `d${n}`));
    const ask = (lockedTo: ReadonlySet<string>, record = remembered(42)) =>
      askLock(lockGate('max-unverified'), { lockedTo, record }).passes;
    expect(ask(ids(10))).toBe(true);
    expect(ask(ids(11))).toBe(false);
    expect(ask(ids(11), remembered(42, { verifiedAt: 1 }))).toBe(true);
    expect(ask(ids(11), remembered(42, { verifiedAt: 1, sha256: 'f'.repeat(64) }))).toBe(false);
  });
});

describe('max-affected', () => {
  it('has no limit where none is given, and none for a rollback', () => {
    const flashes = [{ from: 41, to: 42, devices: 100 }];
    const guardrails = { ...context().guardrails, maxAffected: 10 };
    const gate = releaseGate('max-affected');
    expect(askRelease(gate, { flashes }).passes).toBe(true);
    expect(askRelease(gate, { flashes, guardrails }).passes).toBe(false);
    expect(askRelease(gate, { flashes, guardrails, rollback: true }).passes).toBe(true);
    const split = [
      { from: 40, to: 42, devices: 6 },
      { from: 41, to: 42, devices: 5 },
    ];
    expect(askRelease(gate, { flashes: split, guardrails }).passes).toBe(false);
  });
});

describe('verified', () => {
  const rule: ProductSpec['verification'] = {
    devices: 1,
    soakMs: 0,
    group: null,
    evidence: 'reported',
  };
  const verify = (
    words: readonly EvidenceRecord[],
    more: Partial<ProductSpec['verification']> = {},
    record = remembered(42),
  ) => verificationOf(42, shaOf(42), record, words, { ...rule, ...more }, null);

  it('counts evidence of this very version and digest only', () => {
    expect(verify([evidence('d1', 42)]).verified).toBe(true);
    expect(verify([]).verified).toBe(false);
    expect(verify([evidence('d1', 41, { sha256: shaOf(42) })]).verified).toBe(false);
    expect(verify([evidence('d1', 42, { sha256: 'f'.repeat(64) })]).verified).toBe(false);
  });

  it('counts evidence that is strong enough only', () => {
    const word = (level: EvidenceRecord['level']) => [evidence('d1', 42, { level })];
    expect(verify(word('claimed')).verified).toBe(false);
    expect(verify(word('claimed'), { evidence: 'claimed' }).verified).toBe(true);
    expect(verify(word('reported'), { evidence: 'flashed' }).verified).toBe(false);
    expect(verify(word('flashed'), { evidence: 'flashed' }).verified).toBe(true);
    expect(verify(word('flashed')).verified).toBe(true);
    expect(isAsStrong('reported', 'reported')).toBe(true);
  });

  it('does not wait for a device that runs the version without having been given it', () => {
    const state = verify([evidence('a', 42)], { evidence: 'flashed' });
    expect(devicesOnTheWay(state, ['a'])).toEqual({ onTheWay: [], suffices: false });
    expect(devicesOnTheWay(state, ['a', 'b'])).toEqual({ onTheWay: ['b'], suffices: true });
    const config = desired({ verification: { ...rule, evidence: 'flashed' } }).config ?? undefined;
    const verdict = askRelease(releaseGate('verified'), {
      record: null,
      live: live({ evidence: [evidence('a', 42)] }),
      ...(config && { config }),
      onTheWay: ['a'],
    });
    expect(verdict).toMatchObject({
      lifts: 'commit',
      message: expect.stringContaining('running it: a.'),
    });
    const claimed = verify([evidence('a', 42, { level: 'claimed' })]);
    expect(devicesOnTheWay(claimed, ['a'])).toEqual({ onTheWay: ['a'], suffices: true });
  });

  it('counts a soak that was met and is long enough, and names who soaks', () => {
    const soaking = verify([evidence('d1', 42, { passedAt: null })]);
    expect(soaking).toMatchObject({ verified: false, soaking: ['d1'], devices: [] });
    const short = verify([evidence('d1', 42, { soakedMs: 999 })], { soakMs: 1000 });
    expect(short.verified).toBe(false);
    const long = verify([evidence('d1', 42, { soakedMs: 1000 })], { soakMs: 1000 });
    expect(long).toMatchObject({ verified: true, soaking: [], devices: ['d1'] });
  });

  it('keeps what passed once, for that digest only', () => {
    expect(verify([], {}, remembered(42, { verifiedAt: 1 })).verified).toBe(true);
    expect(verify([], {}, remembered(42, { finishedAt: 1 })).verified).toBe(true);
    const other = remembered(42, { verifiedAt: 1, finishedAt: 1, sha256: 'f'.repeat(64) });
    expect(verify([], {}, other).verified).toBe(false);
  });

  it('names at most five devices on the way, and the soak that is asked for', () => {
    const verification = { ...rule, soakMs: 3_600_000, group: 'bench' };
    const config = desired({ verification }).config ?? undefined;
    const verdict = askRelease(releaseGate('verified'), {
      record: null,
      ...(config && { config }),
      onTheWay: ['a', 'b', 'c', 'd', 'e', 'f', 'g'],
    });
    expect(verdict).toMatchObject({
      reason: 'ReleaseUnverified',
      lifts: 'devices',
      message:
        'Version 42 is not verified: 0 of 1 device of group bench reported running it and stayed up for 1h. On the way: a, b, c, d, e and 2 more.',
    });
    const idle = askRelease(releaseGate('verified'), { record: null, ...(config && { config }) });
    expect(idle).toMatchObject({
      lifts: 'commit',
      remedy: expect.stringContaining('group: bench'),
    });
  });

  it('has enough on the way only when they make up the number together with those who have done it', () => {
    const two = verify([evidence('a', 42), evidence('b', 42, { passedAt: null })], { devices: 3 });
    expect(devicesOnTheWay(two, ['a', 'b'])).toEqual({ onTheWay: ['b'], suffices: false });
    expect(devicesOnTheWay(two, ['a', 'c'])).toEqual({ onTheWay: ['b', 'c'], suffices: true });
  });
});
