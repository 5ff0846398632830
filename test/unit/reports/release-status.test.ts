// The status of a commit: each stage of a release in one line, which stays while nothing happens.

import { describe, expect, it } from 'vitest';

import type { Condition } from '../../../controller/model/condition.ts';
import type { ProductPlan, Refusal } from '../../../controller/model/plan.ts';
import { describeReleaseStatus } from '../../../controller/reports/release-status.ts';
import { sampleHaltedRelease, sampleRelease, sampleWaitingRelease } from './release-samples.ts';
import { emptyProductPlan } from './samples.ts';

function statusOf(
  change: Partial<ProductPlan> | null,
  more: { readonly conditions?: readonly Condition[]; readonly stopped?: boolean } = {},
) {
  const plan = change === null ? null : { ...emptyProductPlan('thermostat'), ...change };
  return describeReleaseStatus({ plan, conditions: [], stopped: false, ...more });
}

function condition(more: Partial<Condition>): Condition {
  return {
    type: 'Ready',
    status: 'True',
    reason: 'Converged',
    message: '',
    lastTransitionTime: 0,
    observedRevision: null,
    ...more,
  };
}

function refusal(more: Partial<Refusal>): Refusal {
  return {
    reason: 'TooManyAffected',
    message: 'Releasing version 42 would flash 100 of 1000 devices.',
    remedy: '',
    place: { file: 'release.yaml', line: 7, column: 1 },
    manifest: 'Release/thermostat',
    flashes: [],
    lifts: 'commit',
    ...more,
  };
}

describe('the status of a commit', () => {
  it('follows a release through its steps', () => {
    const finished = { finishedAt: 1, waits: [] };
    expect(statusOf({ releases: [sampleRelease()] })).toEqual({
      state: 'pending',
      description: '42: step tenth, exposure 10%; waits for successes and its soak.',
    });
    expect(statusOf({ releases: [sampleWaitingRelease()] })).toEqual({
      state: 'pending',
      description: '42: step tenth, exposure 10%; waits for approval of step half.',
    });
    expect(statusOf({ releases: [sampleRelease({ waits: [{ kind: 'paused' }] })] })).toEqual({
      state: 'pending',
      description: '42: paused; step tenth, exposure 10%.',
    });
    expect(statusOf({ releases: [sampleRelease(finished)] })).toEqual({
      state: 'success',
      description: '42 has gone through its last step.',
    });
    expect(
      statusOf({ releases: [sampleRelease({ ...finished, version: 41, rollback: true })] }),
    ).toEqual({ state: 'success', description: 'Rolled back to 41.' });
    expect(statusOf({})).toEqual({
      state: 'success',
      description: 'Carried out; nothing is released.',
    });
  });

  it('fails for a halt, whatever it did', () => {
    expect(statusOf({ releases: [sampleRelease(), sampleHaltedRelease()] })).toEqual({
      state: 'failure',
      description:
        '42 for group beta halted in step canary: 5 of 100 devices failed with version 42 (5%, and 2% is the limit).',
    });
    const rolledBack = { ...sampleHaltedRelease(), group: null, exposure: 0 };
    expect(statusOf({ releases: [rolledBack] })).toMatchObject({
      state: 'failure',
      description: expect.stringMatching(/^42 was rolled back to 41: 5 of 100 devices failed/),
    });
    expect(statusOf({ releases: [{ ...rolledBack, base: null }] }).description).toMatch(
      /^42 was taken back: /,
    );
  });

  it('fails for what a commit must lift, and waits for what devices lift', () => {
    expect(statusOf({ refusals: [refusal({}), refusal({})] })).toEqual({
      state: 'failure',
      description: 'Refused: TooManyAffected of Release/thermostat, at release.yaml:7, and 1 more.',
    });
    const waiting = refusal({ reason: 'ReleaseUnverified', lifts: 'devices' });
    expect(statusOf({ refusals: [waiting], releases: [sampleRelease()] })).toEqual({
      state: 'pending',
      description: 'Release/thermostat waits for its version to be verified.',
    });
    const warnings = [{ reason: 'StateNew' as const, message: '', remedy: '', place: null }];
    expect(statusOf({ warnings })).toMatchObject({
      state: 'pending',
      description: expect.stringContaining('--adopt'),
    });
    expect(statusOf({ releases: [sampleRelease()] }, { stopped: true })).toMatchObject({
      state: 'pending',
      description: expect.stringContaining('emergency stop'),
    });
  });

  it('is an error where it cannot be told', () => {
    expect(statusOf(null).state).toBe('error');
    expect(statusOf({ frozen: true }).state).toBe('error');
    const unknown = condition({ status: 'Unknown', reason: 'FleetUnreachable' });
    expect(statusOf({}, { conditions: [unknown] }).state).toBe('error');
    const empty = condition({ type: 'Stalled', reason: 'EmptySource' });
    expect(statusOf({}, { conditions: [empty] })).toMatchObject({
      state: 'error',
      description: expect.stringMatching(/^EmptySource: /),
    });
    const rewritten = condition({ type: 'Stalled', reason: 'HistoryRewritten' });
    expect(statusOf({}, { conditions: [rewritten] })).toEqual({
      state: 'error',
      description:
        'HistoryRewritten: The tip of the source does not descend from the revision in force.',
    });
  });

  it('stays while counts move and time passes', () => {
    const later = sampleRelease({
      succeeded: 99,
      failed: 3,
      inFlight: 7,
      expectedAt: 1,
      waits: [
        { kind: 'successes', have: 99, need: 101 },
        { kind: 'soak', leftMs: 1 },
      ],
    });
    expect(statusOf({ releases: [later] })).toEqual(statusOf({ releases: [sampleRelease()] }));
    const failing = (failed: number) =>
      statusOf({
        releases: [sampleRelease({ waits: [{ kind: 'failureRate', failed, succeeded: 9 }] })],
      });
    expect(failing(1)).toEqual(failing(2));
  });

  it('is one line that fits, whatever stands in manifests', () => {
    const releases = Array.from({ length: 9 }, (_, index) =>
      sampleRelease({ step: `\u202e\n${'x'.repeat(99)}`, group: `g${index}` }),
    );
    const { description } = statusOf({ releases });
    expect(description).toHaveLength(140);
    expect(description).not.toMatch(/[\n\u202e]/);
  });
});
