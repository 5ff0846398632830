// Histories: what people commit, what devices do and what goes wrong, in any order. Plain data made by fast-check, so
// that a failure prints what to replay. What each step means is in `world.ts`.

import * as fc from 'fast-check';

/** How the fleet is set up before the first step. */
export interface Setup {
  /** Text of the version that each device runs at the start; `d0`, `d1` … in this order. */
  readonly running: readonly string[];
  readonly verifiers: 1 | 2;
  readonly inGroup: boolean;
  readonly soakS: 0 | 20;
  readonly evidence: 'reported' | 'flashed';
}

/** A change to the manifests that a person could mean. */
export type Edit =
  | { readonly type: 'addFirmware'; readonly lockOn: number | null; readonly release: boolean }
  | { readonly type: 'removeFirmware'; readonly version: number }
  | { readonly type: 'withdraw'; readonly version: number; readonly on: boolean }
  | {
      readonly type: 'lock';
      readonly device: number;
      readonly version: number;
      readonly flash: 'now' | 'on-reset';
    }
  | { readonly type: 'lockGroup'; readonly version: number }
  | { readonly type: 'unlock'; readonly device: number }
  | { readonly type: 'unlockAll' }
  | { readonly type: 'release'; readonly version: number | null; readonly group: boolean }
  | { readonly type: 'revert' };

/** A commit that nobody can mean: it must move nothing. */
export type Defect =
  | { readonly type: 'brokenFile'; readonly file: number }
  | { readonly type: 'emptyTree' }
  | { readonly type: 'productGone' }
  | { readonly type: 'rewritten' }
  | { readonly type: 'unreadable'; readonly file: number }
  | { readonly type: 'fetchFails' }
  | { readonly type: 'changedBinary'; readonly version: number }
  | { readonly type: 'wrongDigest'; readonly version: number }
  | { readonly type: 'missingBinary'; readonly version: number };

export type Step =
  | { readonly type: 'commit'; readonly edits: readonly Edit[] }
  | { readonly type: 'defect'; readonly defect: Defect }
  /** Brings a version out as people do: lock it on benches, let them run it, and release it. */
  | { readonly type: 'rollout'; readonly version: number }
  | { readonly type: 'pass' }
  | { readonly type: 'plan' }
  | { readonly type: 'poll'; readonly device: number }
  | { readonly type: 'fetch'; readonly device: number }
  | { readonly type: 'download'; readonly device: number }
  | {
      readonly type: 'finish';
      readonly device: number;
      /** Whether the agent says so, whether it does run the version then, and whether it names it. */
      readonly says: 'success' | 'failure' | 'nothing';
      readonly runs: boolean;
      readonly names: boolean;
    }
  /** Polls, reads, downloads and ends, as far as `until` says. */
  | {
      readonly type: 'attempt';
      readonly device: number;
      readonly until: 'read' | 'download' | 'success' | 'failure' | 'fallback';
    }
  | { readonly type: 'update'; readonly device: number }
  | { readonly type: 'report'; readonly device: number; readonly text: string | null }
  | {
      readonly type: 'answerCancel';
      readonly device: number;
      readonly answer: 'success' | 'failure' | 'rejected';
    }
  | { readonly type: 'time'; readonly seconds: number }
  | { readonly type: 'stop'; readonly on: boolean }
  | { readonly type: 'damage'; readonly version: number; readonly how: 'bytes' | 'gone' | 'cut' }
  | { readonly type: 'restart'; readonly source: boolean };

export interface History {
  readonly setup: Setup;
  readonly steps: readonly Step[];
}

const device = fc.nat({ max: 7 });
const version = fc.constantFrom(1, 2, 2, 3, 3, 4);
const file = fc.nat({ max: 20 });

const edit: fc.Arbitrary<Edit> = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.record({
      type: fc.constant('addFirmware' as const),
      lockOn: fc.option(device),
      release: fc.boolean(),
    }),
  },
  { weight: 1, arbitrary: fc.record({ type: fc.constant('removeFirmware' as const), version }) },
  {
    weight: 2,
    arbitrary: fc.record({ type: fc.constant('withdraw' as const), version, on: fc.boolean() }),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      type: fc.constant('lock' as const),
      device,
      version,
      flash: fc.constantFrom('now', 'now', 'on-reset'),
    }),
  },
  { weight: 1, arbitrary: fc.record({ type: fc.constant('lockGroup' as const), version }) },
  { weight: 2, arbitrary: fc.record({ type: fc.constant('unlock' as const), device }) },
  { weight: 1, arbitrary: fc.constant({ type: 'unlockAll' as const }) },
  {
    weight: 4,
    arbitrary: fc.record({
      type: fc.constant('release' as const),
      version: fc.option(version, { freq: 6 }),
      group: fc.boolean(),
    }),
  },
  { weight: 2, arbitrary: fc.constant({ type: 'revert' as const }) },
);

export const defectArbitrary: fc.Arbitrary<Defect> = fc.oneof(
  fc.record({ type: fc.constant('brokenFile' as const), file }),
  fc.constant({ type: 'emptyTree' as const }),
  fc.constant({ type: 'productGone' as const }),
  fc.constant({ type: 'rewritten' as const }),
  fc.record({ type: fc.constant('unreadable' as const), file }),
  fc.constant({ type: 'fetchFails' as const }),
  fc.record({ type: fc.constant('changedBinary' as const), version }),
  fc.record({ type: fc.constant('wrongDigest' as const), version }),
  fc.record({ type: fc.constant('missingBinary' as const), version }),
);

const deviceStep: fc.Arbitrary<Step> = fc.oneof(
  { weight: 5, arbitrary: fc.record({ type: fc.constant('update' as const), device }) },
  {
    weight: 6,
    arbitrary: fc.record({
      type: fc.constant('attempt' as const),
      device,
      until: fc.constantFrom(
        'read' as const,
        'download' as const,
        'success' as const,
        'failure' as const,
        'fallback' as const,
      ),
    }),
  },
  { weight: 4, arbitrary: fc.record({ type: fc.constant('poll' as const), device }) },
  { weight: 1, arbitrary: fc.record({ type: fc.constant('fetch' as const), device }) },
  { weight: 2, arbitrary: fc.record({ type: fc.constant('download' as const), device }) },
  {
    weight: 4,
    arbitrary: fc.record({
      type: fc.constant('finish' as const),
      device,
      says: fc.constantFrom('success' as const, 'failure' as const, 'nothing' as const),
      runs: fc.boolean(),
      names: fc.boolean(),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      type: fc.constant('report' as const),
      device,
      text: fc.option(fc.constantFrom('1', '2', '3', '4', '0', 'x')),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      type: fc.constant('answerCancel' as const),
      device,
      answer: fc.constantFrom('success' as const, 'failure' as const, 'rejected' as const),
    }),
  },
);

const controllerStep: fc.Arbitrary<Step> = fc.oneof(
  { weight: 4, arbitrary: fc.constant({ type: 'pass' as const }) },
  {
    weight: 3,
    arbitrary: fc.record({
      type: fc.constant('time' as const),
      seconds: fc.integer({ min: 1, max: 60 }),
    }),
  },
  { weight: 1, arbitrary: fc.record({ type: fc.constant('stop' as const), on: fc.boolean() }) },
  {
    weight: 1,
    arbitrary: fc.record({
      type: fc.constant('damage' as const),
      version,
      how: fc.constantFrom('bytes' as const, 'gone' as const, 'cut' as const),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ type: fc.constant('restart' as const), source: fc.boolean() }),
  },
);

const commitStep: fc.Arbitrary<Step> = fc.record({
  type: fc.constant('commit' as const),
  edits: fc.array(edit, { minLength: 1, maxLength: 3 }),
});

const defectStep: fc.Arbitrary<Step> = fc.record({
  type: fc.constant('defect' as const),
  defect: defectArbitrary,
});

const setup: fc.Arbitrary<Setup> = fc.record({
  running: fc.array(fc.constantFrom('1', '1', '1', '2', '0'), { minLength: 3, maxLength: 8 }),
  verifiers: fc.constantFrom(1 as const, 1 as const, 2 as const),
  inGroup: fc.boolean(),
  soakS: fc.constantFrom(0 as const, 0 as const, 20 as const),
  evidence: fc.constantFrom('reported' as const, 'reported' as const, 'flashed' as const),
});

/** Histories of everything; `plan` and `defect` steps as often as the weights say. */
export function historyArbitrary(weights: {
  readonly defects: number;
  readonly plans: number;
  readonly steps: number;
}): fc.Arbitrary<History> {
  const step = fc.oneof(
    { weight: 12, arbitrary: deviceStep },
    { weight: 4, arbitrary: commitStep },
    {
      weight: 2,
      arbitrary: fc.record({ type: fc.constant('rollout' as const), version }),
    },
    { weight: 5, arbitrary: controllerStep },
    { weight: weights.defects, arbitrary: defectStep },
    { weight: weights.plans, arbitrary: fc.constant<Step>({ type: 'plan' }) },
  );
  return fc.record({
    setup,
    steps: fc.array(step, { minLength: Math.ceil(weights.steps / 3), maxLength: weights.steps }),
  });
}
