// How a release moves: from how far it is, what its manifest asks for, the counts of its devices and the time, to how
// far it is then, what changed, and what it waits for. Evidence moves it on, failures halt it, time alone does nothing.

import { countOf } from '../base/count.ts';
import { formatDuration } from '../base/duration.ts';
import type { ReleaseSpec, StepSpec, StrategySpec } from '../model/desired.ts';
import type { Moment } from '../model/device.ts';
import type { ExposureCause, ReleaseWait } from '../model/plan.ts';
import type { ReleaseState, Track } from '../model/rollout.ts';
import { BUCKETS } from '../model/rollout.ts';
import { applyHalt, findHalt, findOutgrown, isRateInside } from './halt.ts';
import type { DevicesWithin, ReleaseCounts } from './release-counts.ts';
import { strategyInEffect } from './release-policy.ts';
import { findOpening, isOpen } from './window.ts';

/** What the release may do: `halt` only where nothing but failures may change it (frozen, stopped, not verified). */
export type Leeway = 'advance' | 'halt';

export interface AdvanceInput {
  readonly track: Track;
  readonly state: ReleaseState;
  readonly spec: ReleaseSpec;
  readonly counts: ReleaseCounts;
  /** The round that a resumption would begin. */
  readonly freshRound: number;
  /** The devices are not all counted yet: a share of those that are would become a larger one of all. */
  readonly isGrowing: boolean;
  readonly leeway: Leeway;
  readonly moment: Moment;
}

/** A change of what the release offers, for the plan and the log. */
export interface ReleaseMove {
  readonly cause: ExposureCause | 'finished';
  /** Exposure before and after, in buckets. */
  readonly from: number;
  readonly limit: number;
  readonly step: string | null;
  /** One sentence for people. */
  readonly message: string;
}

export interface Advance {
  readonly track: Track;
  readonly moves: readonly ReleaseMove[];
  readonly waits: readonly ReleaseWait[];
  /** The fresh round was taken. */
  readonly usedRound: boolean;
}

/** A release as it starts, before it has reached anybody. A rollback at once takes back the version that it replaces. */
export function startRelease(
  track: Track,
  spec: ReleaseSpec,
  options: { readonly rollback: boolean; readonly round: number; readonly at: number },
): Track {
  const { rollback, round, at } = options;
  const replaced = track.release?.version ?? null;
  const isDirect = rollback && spec.strategy.onRollback === 'direct';
  const rolledBack = new Set(track.rolledBack);
  // A newer version that an older one replaces is taken back, unless that is to go through the steps.
  const takesBack = replaced !== null && spec.version < replaced;
  if (takesBack && spec.strategy.onRollback === 'direct') rolledBack.add(replaced);
  rolledBack.delete(spec.version);
  return {
    group: track.group,
    base: track.base,
    rolledBack: [...rolledBack].sort((a, b) => a - b),
    release: {
      version: spec.version,
      round,
      attempt: spec.attempt,
      rollback: isDirect,
      step: null,
      limit: 0,
      stepAt: null,
      runningBefore: 0,
      soakSince: null,
      startedAt: at,
      finishedAt: null,
      halt: null,
      baseBefore: track.base,
    },
  };
}

/** Moves a release as far as it goes now: at most one step, so that each step is seen by the counts of the next look. */
export function advanceRelease(input: AdvanceInput): Advance {
  const { spec, counts, leeway, freshRound, moment } = input;
  const moves: ReleaseMove[] = [];
  let { track, state } = input;
  let usedRound = false;
  const strategy = strategyInEffect(spec, state.rollback);
  const done = (waits: readonly ReleaseWait[]): Advance => ({
    track: { ...track, release: state },
    moves,
    waits,
    usedRound,
  });

  if (leeway === 'advance' && spec.attempt > state.attempt) {
    const resumed = resume(state, spec.attempt, freshRound);
    moves.push(moveOf('resume', state, resumed, `Attempt ${spec.attempt} begins.`));
    track = { ...track, rolledBack: track.rolledBack.filter((each) => each !== spec.version) };
    state = resumed;
    usedRound = true;
    // Whatever failed counts for the round before, so there is nothing to be said yet.
    return done([]);
  }
  const halt =
    findHalt(state, counts, strategy, moment.at) ?? findOutgrown(state, counts, moment.at);
  if (halt !== null) {
    const halted = applyHalt(track, state, halt);
    moves.push(moveOf(halt.action, state, halted.state, halt.message));
    ({ track, state } = halted);
  }
  if (state.halt !== null || spec.paused || leeway === 'halt' || state.finishedAt !== null) {
    return done(waitsOf(input, state, strategy));
  }

  const steps = { all: strategy.steps, approved: spec.approved };
  const current = currentStep(state, steps);
  if (current !== null) {
    if (current.name !== state.step) state = beginStep(state, current, state.limit, input);
    state = noteFirstSuccess(state, current, input);
    if (waitsOfStep(state, current, input).length > 0) {
      return done(waitsOf(input, state, strategy));
    }
  }
  const next = nextStep(state, current, steps);
  if (next === null) {
    const finished = { ...state, finishedAt: input.moment.at };
    const message = `Version ${spec.version} has gone through its last step.`;
    moves.push({ ...moveOf('step', state, finished, message), cause: 'finished' });
    state = finished;
    track = { ...track, base: spec.version };
    return done([]);
  }
  const blocked = waitsBefore(next, state.limit, input);
  if (blocked.length > 0) return done(blocked);
  const begun = beginStep(state, next, limitOf(next, state.limit, input.counts), input);
  moves.push(moveOf('step', state, begun, describeStep(next, begun, input.counts)));
  state = begun;
  return done(waitsOf(input, state, strategy));
}

/** The exposure of a step in buckets, with its `minDevices`; never below what was reached. */
export function limitOf(step: StepSpec, reached: number, counts: ReleaseCounts): number {
  const limit = Math.max(reached, step.exposure);
  // Nearly always the share holds enough devices, and that is quickly told.
  const isEnough = counts.within(limit).devices >= step.minDevices;
  return isEnough ? limit : Math.max(limit, counts.limitFor(step.minDevices));
}

/** The steps of a strategy, and the names of those that a person has approved. */
export interface ApprovedSteps {
  readonly all: readonly StepSpec[];
  readonly approved: readonly string[];
}

/** The step that the release is in, also after its strategy was edited; null where the next one begins at once. */
export function currentStep(state: ReleaseState, steps: ApprovedSteps): StepSpec | null {
  const named = steps.all.find(({ name }) => name === state.step);
  if (named !== undefined && named.exposure <= state.limit) return named;
  if (state.limit === 0) return null;
  // The step was renamed, removed or enlarged: what was reached is gone through as the largest step that it contains.
  const open = steps.all.slice(0, firstClosed(steps));
  return open.findLast(({ exposure }) => exposure <= state.limit) ?? null;
}

/** The step after the current one; null after the last. An edit jumps over no approval that is not given. */
export function nextStep(
  state: ReleaseState,
  current: StepSpec | null,
  steps: ApprovedSteps,
): StepSpec | null {
  if (current !== null) return steps.all[steps.all.indexOf(current) + 1] ?? null;
  const closed = firstClosed(steps);
  const larger = steps.all.findIndex(({ exposure }) => exposure > state.limit);
  return steps.all[larger === -1 ? closed : Math.min(larger, closed)] ?? null;
}

/** The place of the first step whose approval is not given; the number of steps where there is none. */
function firstClosed({ all, approved }: ApprovedSteps): number {
  const index = all.findIndex(({ name, approval }) => approval && !approved.includes(name));
  return index === -1 ? all.length : index;
}

/**
 * Successes that the step asks for: no more than there can be, from devices that were heard from lately and have not
 * failed, and at least one.
 */
export function successesNeeded(
  step: StepSpec,
  { running, flashable }: DevicesWithin,
  failed: number,
): number {
  return Math.max(1, Math.min(step.successes, running + Math.max(0, flashable - failed)));
}

const NOT_BEGUN = { step: null, limit: 0, stepAt: null, runningBefore: 0 };

function resume(state: ReleaseState, attempt: number, round: number): ReleaseState {
  const startsOver = state.halt?.action === 'rollback' || state.halt?.outgrown === true;
  const { meantFor, ...rest } = state;
  return {
    ...rest,
    ...(meantFor !== undefined && !startsOver && { meantFor }),
    attempt,
    round,
    halt: null,
    soakSince: null,
    ...(startsOver && NOT_BEGUN),
  };
}

function beginStep(
  state: ReleaseState,
  step: StepSpec,
  limit: number,
  { counts, moment }: AdvanceInput,
): ReleaseState {
  const { meantFor, ...rest } = state;
  const isStretched = limit > Math.max(state.limit, step.exposure);
  const meant = isStretched ? step.minDevices : limit === state.limit ? meantFor : undefined;
  return {
    ...rest,
    ...(meant !== undefined && { meantFor: meant }),
    step: step.name,
    limit,
    stepAt: moment.at,
    runningBefore: counts.within(limit).running,
    soakSince: null,
  };
}

/**
 * A soak begins with the first device that the step brings to the version: before, there is nothing to watch, such as
 * while a window is closed. Where the step has nobody left to flash it begins at once.
 */
function noteFirstSuccess(state: ReleaseState, step: StepSpec, input: AdvanceInput): ReleaseState {
  if (state.soakSince !== null) return state;
  const within = input.counts.within(state.limit);
  const isFirst = within.running > state.runningBefore;
  const isSettled =
    within.running >= successesNeeded(step, within, input.counts.failed) &&
    within.flashable <= input.counts.failed;
  return isFirst || isSettled ? { ...state, soakSince: input.moment.listened } : state;
}

/** What a step still needs before it ends. */
function waitsOfStep(
  state: ReleaseState,
  step: StepSpec,
  { spec, counts, moment }: AdvanceInput,
): readonly ReleaseWait[] {
  const waits: ReleaseWait[] = [];
  const within = counts.within(state.limit);
  const need = Math.max(
    successesNeeded(step, within, counts.failed),
    firstSuccess(state, step, spec),
  );
  if (within.devices === 0) waits.push({ kind: 'devices' });
  else if (within.running < need) waits.push({ kind: 'successes', have: within.running, need });
  const soaked = state.soakSince === null ? 0 : moment.listened - state.soakSince;
  if (soaked < step.soakMs) waits.push({ kind: 'soak', leftMs: step.soakMs - soaked });
  const { failureRate } = strategyInEffect(spec, state.rollback).halt;
  if (!isRateInside(counts.failed, within.running, failureRate)) {
    waits.push({ kind: 'failureRate', failed: counts.failed, succeeded: within.running });
  }
  return waits;
}

/**
 * A soak waits for a success of its own step, and so does every step but the first: what earlier ones brought to the
 * version is no evidence of it. 0 once it is there, or nobody is left to bring it.
 */
function firstSuccess(state: ReleaseState, step: StepSpec, spec: ReleaseSpec): number {
  const { steps } = strategyInEffect(spec, state.rollback);
  const isNeeded = step.soakMs > 0 || steps[0] !== step;
  return state.soakSince === null && isNeeded ? state.runningBefore + 1 : 0;
}

/** What stands before a step that would begin now. */
function waitsBefore(
  step: StepSpec,
  reached: number,
  { spec, counts, isGrowing }: AdvanceInput,
): readonly ReleaseWait[] {
  if (step.approval && !spec.approved.includes(step.name)) {
    return [{ kind: 'approval', step: step.name }];
  }
  const share = Math.max(reached, step.exposure);
  const isEnough = share >= BUCKETS || counts.within(share).devices >= step.minDevices;
  // Turned into a share of the few devices that are known so far, `minDevices` would reach far too many.
  const isUncounted = isGrowing || counts.within(BUCKETS).devices === 0;
  return !isEnough && isUncounted ? [{ kind: 'devices' }] : [];
}

function waitsOf(
  input: AdvanceInput,
  state: ReleaseState,
  strategy: StrategySpec,
): readonly ReleaseWait[] {
  if (state.halt !== null) return [{ kind: 'halted', message: state.halt.message }];
  if (input.spec.paused) return [{ kind: 'paused' }];
  if (state.finishedAt !== null) {
    const isDone = input.counts.within(BUCKETS).flashable === 0;
    return isDone ? [] : waitsForWindow(strategy, input.moment.at);
  }
  const current = currentStep(state, { all: strategy.steps, approved: input.spec.approved });
  const waits = current === null ? [] : waitsOfStep(state, current, input);
  return [...waits, ...waitsForWindow(strategy, input.moment.at)];
}

function waitsForWindow({ windows }: StrategySpec, at: number): readonly ReleaseWait[] {
  return isOpen(windows, at) ? [] : [{ kind: 'window', opensAt: findOpening(windows, at) }];
}

function moveOf(
  cause: ReleaseMove['cause'],
  before: ReleaseState,
  after: ReleaseState,
  message: string,
): ReleaseMove {
  return { cause, from: before.limit, limit: after.limit, step: after.step, message };
}

function describeStep(step: StepSpec, { limit }: ReleaseState, counts: ReleaseCounts): string {
  const { devices } = counts.within(limit);
  const soak = step.soakMs === 0 ? '' : `, soak ${formatDuration(step.soakMs)}`;
  return `Step ${step.name} begins: exposure ${limit / 100}% (${countOf(devices, 'device')}${soak}).`;
}
