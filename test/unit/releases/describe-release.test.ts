// A release in words: what it waits for, and what a person can do about it.

import { describe, expect, it } from 'vitest';

import type { ReleaseWait } from '../../../controller/model/plan.ts';
import {
  describeProgress,
  describeWait,
  findRemedy,
  formatExposure,
  movesByItself,
} from '../../../controller/releases/describe-release.ts';
import {
  sampleHaltedRelease,
  sampleRelease,
  sampleWaitingRelease,
} from '../reports/release-samples.ts';

const EXACT = { exact: true };

/** One of each kind, with its words and whether it ends by itself. */
const WAITS: readonly (readonly [ReleaseWait, string, boolean])[] = [
  [{ kind: 'devices' }, 'its first device', true],
  [{ kind: 'approval', step: 'half' }, 'approval of step half', false],
  [{ kind: 'successes', have: 1_098, need: 2_000 }, 'successes (1,098 of 2,000)', true],
  [{ kind: 'soak', leftMs: 5_000 }, 'its soak (5s left)', true],
  [
    { kind: 'failureRate', failed: 3, succeeded: 97 },
    'a lower failure rate (3 failed, 97 succeeded)',
    true,
  ],
  [
    { kind: 'window', opensAt: Date.UTC(2026, 10, 26, 7) },
    'its window (opens 2026-11-26 07:00Z)',
    true,
  ],
  [{ kind: 'window', opensAt: null }, 'its window (which does not open within two weeks)', true],
  [{ kind: 'halted', message: 'x' }, 'a person, since it halted', false],
  [{ kind: 'paused' }, 'the end of its pause', false],
  [{ kind: 'stopped' }, 'the end of the emergency stop', false],
  [{ kind: 'frozen' }, 'its manifests to be mended', false],
  [{ kind: 'firmware', reason: 'ReleaseUnverified' }, 'its version to be verified', false],
  [{ kind: 'firmware', reason: 'DigestMismatch' }, 'its firmware (DigestMismatch)', false],
];

describe('a wait of a release', () => {
  it.each(WAITS)('is told in words: %j', (wait, words, endsByItself) => {
    expect(describeWait(wait, EXACT)).toBe(words);
    expect(movesByItself({ waits: [wait] })).toBe(endsByItself);
  });

  it('leaves out what changes with time alone where that is asked for', () => {
    expect(describeWait({ kind: 'soak', leftMs: 1 }, { exact: false })).toBe('its soak');
  });

  it('never tells less of a soak than is left', () => {
    const left = (leftMs: number): string => describeWait({ kind: 'soak', leftMs }, EXACT);
    expect(left(3_600_001)).toBe('its soak (1h1m left)');
    expect(left(59_001)).toBe('its soak (1m left)');
    expect(left(1)).toBe('its soak (1s left)');
  });

  it('names what a person can do, exactly as it is to be written', () => {
    const release = sampleRelease({ attempt: 3 });
    const remedy = (wait: ReleaseWait): string | null => findRemedy(wait, release);
    expect(remedy({ kind: 'approval', step: 'half' })).toBe(
      'Add 42/half to `approved` of Release/thermostat.',
    );
    expect(remedy({ kind: 'halted', message: 'x' })).toContain(
      '`attempt: 4` in Release/thermostat',
    );
    expect(remedy({ kind: 'paused' })).toContain('Remove `paused` from Release/thermostat');
    expect(remedy({ kind: 'soak', leftMs: 1 })).toBeNull();
  });
});

describe('the standing of a release', () => {
  it('names step, exposure and everything that it waits for', () => {
    expect(describeProgress(sampleRelease(), EXACT)).toBe(
      'step tenth, exposure 10%; waits for successes (98 of 100) and its soak (5h1m left)',
    );
    expect(describeProgress(sampleWaitingRelease(), EXACT)).toBe(
      'step tenth, exposure 10%; waits for approval of step half',
    );
    expect(describeProgress(sampleRelease({ waits: [] }), EXACT)).toBe('step tenth, exposure 10%');
    expect(describeProgress(sampleRelease({ step: null, exposure: 0, waits: [] }), EXACT)).toBe(
      'not begun',
    );
  });

  it('says first that it is halted, with the numbers, or paused, or finished', () => {
    expect(describeProgress(sampleHaltedRelease(), EXACT)).toBe(
      'halted; 5 of 100 devices failed with version 42 (5%, and 2% is the limit)',
    );
    const paused = sampleRelease({ waits: [{ kind: 'paused' }] });
    expect(describeProgress(paused, EXACT)).toBe('paused; step tenth, exposure 10%');
    expect(describeProgress(sampleRelease({ finishedAt: 1, waits: [] }), EXACT)).toBe('finished');
    expect(describeProgress(sampleRelease({ rollback: true, waits: [] }), EXACT)).toBe(
      'a rollback to everyone at once',
    );
  });

  it('writes exposures as manifests do', () => {
    expect([0, 1, 10, 100, 1_234, 10_000].map(formatExposure)).toEqual([
      '0%',
      '0.01%',
      '0.1%',
      '1%',
      '12.34%',
      '100%',
    ]);
  });
});
