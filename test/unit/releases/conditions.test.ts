// What the controller says of a product.

import { describe, expect, it } from 'vitest';

import { failure } from '../../../controller/base/failure.ts';
import type { LiveState } from '../../../controller/model/live.ts';
import type { Condition } from '../../../controller/model/condition.ts';
import type { ProductPlan, ReleasePlan } from '../../../controller/model/plan.ts';
import type { ConditionInput } from '../../../controller/releases/conditions.ts';
import { stateConditions } from '../../../controller/releases/conditions.ts';
import { desired, live, planOne, remembered } from '../../support/plan-input.ts';
import {
  sampleHaltedRelease,
  sampleRelease,
  sampleWaitingRelease,
} from '../reports/release-samples.ts';

const firmware = [{ version: 41 }, { version: 42 }];
const state = desired({ firmware, release: 41 });
const verified = remembered(41, { verifiedAt: 1 });

function fleet(running: number, more: Partial<LiveState> = {}): LiveState {
  return live({
    devices: 4,
    unlocked: [{ version: running, devices: 4 }],
    firmware: [verified, remembered(42)],
    ...more,
  });
}

function conditions(seen: LiveState, plan: ProductPlan, more: Partial<ConditionInput> = {}) {
  return stateConditions({
    previous: [],
    observedRevision: 'r1',
    live: seen,
    plan,
    failure: null,
    sourceProblem: null,
    now: 1000,
    ...more,
  });
}

const said = (made: ReturnType<typeof conditions>) =>
  made.map(({ type, status, reason }) => `${type} ${status} ${reason}`);

/** What is planned, without what the releases of it would wait for: that is given by the tests that are about it. */
const planFor = (seen: LiveState, now = state): ProductPlan => ({
  ...planOne({ now, inForce: state, live: seen }).plan,
  releases: [],
});

describe('the conditions of a product', () => {
  it('are Ready when every device runs its target', () => {
    const seen = fleet(41);
    expect(said(conditions(seen, planFor(seen)))).toEqual(['Ready True Converged']);
  });

  it('are progressing while devices are on their way', () => {
    const seen = fleet(40, { outcomes: [{ version: 41, inFlight: 2, succeeded: 0, failed: 0 }] });
    const made = conditions(seen, planFor(seen));
    expect(said(made)).toEqual(['Ready False Progressing', 'Reconciling True Progressing']);
    expect(made[1]?.message).toBe('4 devices to go, 2 under way.');
  });

  it('never call a fleet without devices ready', () => {
    const seen = live({ firmware: [verified, remembered(42)] });
    expect(said(conditions(seen, planFor(seen)))).toEqual(['Ready False NoDevices']);
  });

  it('are stalled by what a person has to lift', () => {
    const seen = fleet(41);
    const made = conditions(seen, planFor(seen, desired({ firmware, release: 42 })));
    expect(said(made)).toEqual(['Ready False ReleaseUnverified', 'Stalled True ReleaseUnverified']);
  });

  it('are not stalled by what devices lift by themselves', () => {
    const seen = fleet(41);
    const locks = { bench: { version: 42, devices: ['d1'] } };
    const plan = planFor(seen, desired({ firmware, release: 42, locks }));
    expect(plan.refusals).toMatchObject([{ lifts: 'devices' }]);
    expect(said(conditions(seen, plan))).toEqual([
      'Ready False ReleaseUnverified',
      'Reconciling True Progressing',
    ]);
  });

  it('name what needs a person before what does not', () => {
    const seen = fleet(41);
    const plan = planFor(seen);
    const refusal = {
      reason: 'ReleaseUnverified',
      message: 'waits',
      remedy: '',
      place: { file: 'a', line: 1, column: 1 },
      manifest: 'Release/x',
      flashes: [],
      lifts: 'devices',
    } as const;
    const both = {
      ...plan,
      refusals: [refusal, { ...refusal, reason: 'LockConflict', lifts: 'commit' } as const],
    };
    expect(said(conditions(seen, both))).toEqual([
      'Ready False LockConflict',
      'Stalled True LockConflict',
    ]);
  });

  it('are stalled while the product is frozen, or its state new', () => {
    const seen = fleet(41);
    const frozen = { ...planFor(seen), frozen: true };
    expect(said(conditions(seen, frozen))).toEqual([
      'Ready False InvalidManifest',
      'Stalled True InvalidManifest',
    ]);
    const fresh = fleet(40, { adopted: false });
    const { plan } = planOne({ now: state, live: fresh });
    expect(said(conditions(fresh, { ...plan, releases: [] }))).toEqual([
      'Ready False StateNew',
      'Reconciling True Progressing',
      'Stalled True StateNew',
    ]);
  });

  it('are suspended, and drifted, while stopped before the end', () => {
    const seen = fleet(40, { stopped: true });
    expect(said(conditions(seen, planFor(seen)))).toEqual([
      'Ready False Progressing',
      'Suspended True EmergencyStop',
      'Drifted True Drifted',
    ]);
  });

  it('are drifted when devices have failed', () => {
    const seen = fleet(40, { outcomes: [{ version: 41, inFlight: 0, succeeded: 0, failed: 1 }] });
    expect(said(conditions(seen, planFor(seen)))).toContain('Drifted True Drifted');
  });

  it('count devices in words', () => {
    const lone = fleet(40, { devices: 1, unlocked: [{ version: 40, devices: 1 }] });
    expect(conditions(lone, planFor(lone))[0]?.message).toBe(
      '1 device does not run its target yet.',
    );
    const done = fleet(41, { devices: 1, unlocked: [{ version: 41, devices: 1 }] });
    expect(conditions(done, planFor(done))[0]?.message).toBe(
      'The 1 device runs its target or is to be left alone.',
    );
    expect(conditions(fleet(41), planFor(fleet(41)))[0]?.message).toBe(
      'All 4 devices run their target or are to be left alone.',
    );
  });

  it('are unknown while the fleet cannot be reached, and stalled where only a person can help', () => {
    const retry = failure('FetchFailed', 'no answer', 'retry');
    const seen = fleet(41);
    const plan = planFor(seen);
    expect(said(conditions(seen, plan, { failure: retry }))).toEqual([
      'Ready Unknown FleetUnreachable',
    ]);
    const stall = failure('Forbidden', 'no token', 'stall');
    expect(said(conditions(seen, plan, { failure: stall, live: null }))).toEqual([
      'Ready Unknown FleetUnreachable',
      'Stalled True FleetUnreachable',
    ]);
  });

  it('move their time only when the status changes', () => {
    const [before] = conditions(fleet(40), planFor(fleet(40)));
    const blocked = desired({ firmware, release: 42 });
    const seen = fleet(41);
    const same = conditions(seen, planFor(seen, blocked), {
      previous: before ? [before] : [],
      now: 9999,
    });
    expect(same[0]).toMatchObject({ status: 'False', lastTransitionTime: 1000 });
    const changed = conditions(seen, planFor(seen), {
      previous: before ? [before] : [],
      now: 9999,
    });
    expect(changed[0]).toMatchObject({
      status: 'True',
      lastTransitionTime: 9999,
      observedRevision: 'r1',
    });
  });
});

describe('the conditions of a product with a release under way', () => {
  const seen = fleet(41);
  const withReleases = (...releases: readonly ReleasePlan[]): ProductPlan => ({
    ...planFor(seen),
    releases,
  });

  it('are reconciling, and name the step, the exposure and what it waits for', () => {
    const made = conditions(seen, withReleases(sampleRelease()));
    expect(said(made)).toEqual(['Ready True Converged', 'Reconciling True Progressing']);
    expect(made[1]?.message).toBe(
      'Release of version 42: step tenth, exposure 10%; waits for successes (98 of 100) and its soak.',
    );
  });

  it('name the step that waits for an approval', () => {
    const made = conditions(seen, withReleases(sampleWaitingRelease()));
    expect(made[1]?.message).toContain('waits for approval of step half');
  });

  it('say the same as long as only time passes, so that nothing has to be written', () => {
    const at = (leftMs: number): readonly Condition[] =>
      conditions(seen, withReleases(sampleRelease({ waits: [{ kind: 'soak', leftMs }] })));
    expect(at(1_000)).toEqual(at(7_200_000));
  });

  it('are suspended by a pause, beside another release that goes on', () => {
    const paused = sampleRelease({ group: 'beta', waits: [{ kind: 'paused' }] });
    expect(said(conditions(seen, withReleases(paused)))).toEqual([
      'Ready True Converged',
      'Suspended True ReleasePaused',
    ]);
    const both = conditions(seen, withReleases(sampleRelease(), paused));
    expect(said(both).slice(1)).toEqual([
      'Reconciling True Progressing',
      'Suspended True ReleasePaused',
    ]);
    expect(both[2]?.message).toBe(
      'Release of version 42 for group beta: paused; step tenth, exposure 10%.',
    );
  });

  it('are not ready and stalled once it has halted', () => {
    const refusal = {
      reason: 'ReleaseHalted',
      message: '5 of 100 devices failed.',
      remedy: '',
      place: { file: 'a', line: 1, column: 1 },
      manifest: 'Release/beta',
      flashes: [],
      lifts: 'commit',
    } as const;
    const plan = { ...withReleases(sampleHaltedRelease()), refusals: [refusal] };
    const made = conditions(seen, plan);
    expect(said(made)).toEqual(['Ready False ReleaseHalted', 'Stalled True ReleaseHalted']);
  });

  it('are only stopped while the product is, and say nothing of one that is finished', () => {
    const stopped = fleet(41, { stopped: true });
    const waits = [{ kind: 'stopped' }] as const;
    const plan = { ...planFor(stopped), releases: [sampleRelease({ waits })] };
    expect(said(conditions(stopped, plan))).toEqual([
      'Ready True Converged',
      'Suspended True EmergencyStop',
    ]);
    const finished = withReleases(sampleRelease({ finishedAt: 1, waits: [] }));
    expect(said(conditions(seen, finished))).toEqual(['Ready True Converged']);
    const lonely = withReleases(sampleRelease({ waits: [{ kind: 'devices' }] }));
    expect(said(conditions(seen, lonely))).toEqual(['Ready True Converged']);
  });
});
