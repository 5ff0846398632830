// Random lives of a small fleet: revisions, contacts and the passing of time, as data that fast-check can shrink.

import * as fc from 'fast-check';

import type { FlashMode, StepSpec, StrategySpec } from '../../controller/model/desired.ts';
import { DIRECT_STRATEGY } from '../../controller/model/desired.ts';
import type { Snapshot } from '../../controller/model/revision.ts';
import type { PlanWords } from './plan-input.ts';
import { desired, MINUTE_MS, snapshot } from './plan-input.ts';

export const DEVICES = ['d0', 'd1', 'd2', 'd3', 'd4', 'd5', 'd6'] as const;
export const VERSIONS = [41, 42, 43, 44] as const;

/** How a revision arrives: read well, with an unreadable file, empty, or with its history rewritten. */
export type Arrival = 'good' | 'broken' | 'brokenAll' | 'empty' | 'rewritten';

export type Step =
  | {
      readonly type: 'commit';
      readonly words: PlanWords;
      readonly arrival: Arrival;
      readonly adopt: boolean;
    }
  | { readonly type: 'poll' | 'download'; readonly device: string }
  | {
      readonly type: 'report';
      readonly device: string;
      readonly version: string;
      readonly boot: string | null;
      readonly site: string | null;
    }
  | {
      readonly type: 'feedback' | 'cancelFeedback';
      readonly device: string;
      readonly execution: 'closed' | 'proceeding' | 'rejected';
      readonly finished: 'success' | 'failure' | 'none';
      /** 0: the action shown last, 1: the one before it, … */
      readonly back: number;
    }
  | { readonly type: 'after'; readonly ms: number }
  | { readonly type: 'stop' | 'resume' | 'pass' };

const device = fc.constantFrom(...DEVICES);
const version = fc.constantFrom(...VERSIONS);
const someDevices = fc.uniqueArray(device, { minLength: 1, maxLength: 6 });

interface LockWords {
  readonly version: number;
  readonly devices: readonly string[];
  readonly flash: FlashMode;
  readonly expires: string | null;
}

const lock: fc.Arbitrary<LockWords> = fc.record({
  version,
  devices: someDevices,
  flash: fc.constantFrom('now' as const, 'now' as const, 'on-reset' as const),
  expires: fc.constantFrom(null, null, null, '2026-01-01'),
});

const step = fc.record({
  minDevices: fc.integer({ min: 0, max: 4 }),
  soakMs: fc.constantFrom(0, 0, 5 * MINUTE_MS),
  successes: fc.integer({ min: 0, max: 3 }),
  approval: fc.integer({ min: 0, max: 4 }).map((n) => n === 0),
});

const steps: fc.Arbitrary<readonly StepSpec[]> = fc
  .tuple(fc.subarray([100, 2_000, 5_000, 8_000]), fc.array(step, { minLength: 5, maxLength: 5 }))
  .map(([exposures, parts]) =>
    [...exposures, 10_000].flatMap((exposure, index) => {
      const part = parts[index];
      return part === undefined ? [] : [{ ...part, name: `to-${exposure}`, exposure }];
    }),
  );

const strategy: fc.Arbitrary<StrategySpec> = fc.record({
  steps,
  rate: fc.constantFrom(null, null, null, { flashes: 1, perMs: 10 * MINUTE_MS }),
  // A life begins at noon of a Sunday.
  windows: fc.constantFrom(
    [],
    [],
    [],
    [{ days: ['Sun' as const], fromMinute: 720, toMinute: 750, timezone: 'UTC' }],
  ),
  halt: fc.record({
    failureRate: fc.constantFrom(0, 20, 60, 100),
    minAttempts: fc.integer({ min: 1, max: 3 }),
    action: fc.constantFrom('hold' as const, 'rollback' as const),
  }),
  onRollback: fc.constantFrom('direct' as const, 'direct' as const, 'staged' as const),
});

const rollout: fc.Arbitrary<NonNullable<PlanWords['rollout']>> = fc.record({
  strategy: fc.oneof(fc.constant(DIRECT_STRATEGY), strategy, strategy),
  approved: fc.constantFrom([], ['to-2000', 'to-5000', 'to-10000']),
  attempt: fc.integer({ min: 1, max: 3 }),
  paused: fc.integer({ min: 0, max: 7 }).map((n) => n === 0),
});

const words: fc.Arbitrary<PlanWords> = fc
  .record({
    firmware: fc.uniqueArray(
      fc.record({
        version,
        withdrawn: fc.integer({ max: 6, min: 0 }).map((n) => n === 0),
        needsBefore: fc.integer({ max: 3, min: 0 }).map((n) => n === 0),
      }),
      { selector: (each) => each.version, minLength: 2, maxLength: 4 },
    ),
    groups: fc.record({ g: someDevices, h: someDevices }),
    locks: fc.dictionary(fc.constantFrom('la', 'lb', 'lc'), lock, { maxKeys: 2 }),
    release: fc.option(version, { nil: undefined, freq: 4 }),
    groupReleases: fc.dictionary(fc.constantFrom('g', 'h', 'roof'), version, { maxKeys: 1 }),
    rollout,
    verification: fc.record({
      devices: fc.constantFrom(1, 1, 2),
      soakMs: fc.constantFrom(0, 0, 10 * MINUTE_MS),
      group: fc.constantFrom(null, null, 'g'),
      evidence: fc.constantFrom('reported' as const, 'reported' as const, 'flashed' as const),
    }),
    guardrails: fc.record({
      maxAffected: fc.constantFrom(null, null, 30),
      maxUnlocked: fc.constantFrom(null, 10),
      maxUnverified: fc.constantFrom(10, 2),
      allowEmpty: fc.constant(false),
    }),
    fleet: fc.record({
      admission: fc.constantFrom('open' as const, 'open' as const, 'listed' as const),
      bootAttribute: fc.constantFrom('boot', null),
      retries: fc.constantFrom(0, 1, 3),
    }),
  })
  .map(({ release, locks, firmware, fleet, ...rest }) => {
    const words: PlanWords = {
      ...rest,
      firmware: firmware.map(({ needsBefore, ...each }) =>
        needsBefore && each.version > 41 ? { ...each, requiresFrom: each.version - 1 } : each,
      ),
      matchGroups: { roof: { site: 'roof' } },
      fleet: { ...fleet, groupBy: ['site'] },
      locks: withoutProblems(locks, firmware),
    };
    return release === undefined ? words : { ...words, release };
  });

/** Locks that name a device twice, or no firmware of the revision, never reach the plan: reading refuses them. */
function withoutProblems(
  locks: Readonly<Record<string, LockWords>>,
  firmware: readonly { readonly version: number }[],
): Readonly<Record<string, LockWords>> {
  const taken = new Set<string>();
  const known = new Set(firmware.map(({ version }) => version));
  const kept = Object.entries(locks).map(([name, each]) => {
    if (!known.has(each.version)) return [name, { ...each, devices: [] }] as const;
    const devices = each.devices.filter((id) => !taken.has(id));
    for (const id of devices) taken.add(id);
    return [name, { ...each, devices }] as const;
  });
  return Object.fromEntries(kept.filter(([, { devices }]) => devices.length > 0));
}

const commit: fc.Arbitrary<Step> = fc.record({
  type: fc.constant('commit' as const),
  words,
  arrival: fc.constantFrom<Arrival>(
    'good',
    'good',
    'good',
    'good',
    'broken',
    'brokenAll',
    'empty',
    'rewritten',
  ),
  adopt: fc.integer({ min: 0, max: 3 }).map((n) => n > 0),
});

const contact: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({ type: fc.constantFrom('poll' as const), device }),
  },
  { weight: 2, arbitrary: fc.record({ type: fc.constantFrom('download' as const), device }) },
  {
    weight: 6,
    arbitrary: fc.record({
      type: fc.constant('report' as const),
      device,
      version: fc.oneof(
        { weight: 8, arbitrary: version.map(String) },
        { weight: 1, arbitrary: fc.constantFrom('0', '40', '65535', 'none') },
      ),
      boot: fc.constantFrom(null, null, '1', '2', '3'),
      site: fc.constantFrom(null, null, null, 'roof', 'cellar'),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      type: fc.constantFrom('feedback' as const, 'cancelFeedback' as const),
      device,
      execution: fc.constantFrom(
        'closed' as const,
        'closed' as const,
        'proceeding' as const,
        'rejected' as const,
      ),
      finished: fc.constantFrom('success' as const, 'failure' as const, 'none' as const),
      back: fc.constantFrom(0, 0, 0, 1, 2),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      type: fc.constant('after' as const),
      ms: fc.constantFrom(MINUTE_MS, 5 * MINUTE_MS, 15 * MINUTE_MS, 25 * 60 * MINUTE_MS),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      type: fc.constantFrom('stop' as const, 'resume' as const, 'resume' as const, 'pass' as const),
    }),
  },
);

/** A life: a first commit, then contacts with further commits among them. */
export const lives: fc.Arbitrary<readonly Step[]> = fc
  .tuple(
    commit,
    fc.array(fc.oneof({ weight: 1, arbitrary: commit }, { weight: 7, arbitrary: contact }), {
      minLength: 5,
      maxLength: 70,
      size: 'max',
    }),
  )
  .map(([first, rest]) => [first, ...rest]);

/** The snapshot that a commit step stands for. */
export function snapshotOf(
  step: Extract<Step, { type: 'commit' }>,
  revision: string,
  previous: Snapshot | null,
): Snapshot {
  if (step.arrival === 'empty') return snapshot([], { revision });
  const read = snapshot(desired({ ...step.words, revision }), { revision });
  if (step.arrival === 'brokenAll') return { ...read, frozen: 'all' };
  if (step.arrival === 'broken') {
    return { ...read, products: previous?.products ?? {}, frozen: ['thermostat'] };
  }
  return read;
}
