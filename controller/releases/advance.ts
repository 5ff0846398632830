// How a release moves: from how far it is, what its manifest asks for, the counts of its devices and the time, to how
// far it is then, what changed, and what it waits for. Evidence moves it on, failures halt it, time alone does nothing.

import { formatDuration } from '../base/duration.ts';
import type { ReleaseSpec, StepSpec, StrategySpec } from '../model/desired.ts';
import type { Moment } from '../model/device.ts';
import type { ExposureCause, ReleaseWait } from '../model/plan.ts';
import type { Halt, ReleaseState, Track } from '../model/rollout.ts';
import { BUCKETS } from '../model/rollout.ts';
import { strategyInEffect } from './release-policy.ts';
import { findOpening, isOpen } from './window.ts';

/** The devices of a release: unlocked, active, and covered by it rather than by another. */
export interface ReleaseCounts {
  /** Devices at positions below a limit. */
  within(limit: number): DevicesWithin;
  /** The smallest limit below which there are `devices` devices, or all there are; 0 where there are none. */
  limitFor(devices: number): number;
  /** Devices that failed in the release's round, and that are on their way in it. */
  readonly failed: number;
  readonly inFlight: number;
}

export interface DevicesWithin {
  readonly devices: number;
  /** Of them, heard from within seven days. */
  readonly awake: number;
  /** Of them, running the release's version. */
  readonly running: number;
  /** Of those heard from lately, running another version that leads to the release's. */
  readonly flashable: number;
}

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
  // Through the steps, devices on what is replaced wait for their turn.
  if (isDirect && replaced !== null) rolledBack.add(replaced);
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
  const { spec, leeway, freshRound } = input;
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
    // Whatever failed counts for the round before.
    return done(waitsOf(input, state, strategy));
  }
  const halt = findHalt(input, state, strategy);
  if (halt !== null) {
    const halted = applyHalt(track, state, halt);
    moves.push(moveOf(halt.action, state, halted.state, halt.message));
    ({ track, state } = halted);
  }
  if (state.halt !== null || spec.paused || leeway === 'halt' || state.finishedAt !== null) {
    return done(waitsOf(input, state, strategy));
  }

  const current = currentStep(state, strategy.steps);
  if (current !== null) {
    if (current.name !== state.step) state = beginStep(state, current, state.limit, input);
    state = noteFirstSuccess(state, current, input);
    if (waitsOfStep(state, current, input).length > 0) {
      return done(waitsOf(input, state, strategy));
    }
  }
  const next = nextStep(state, current, strategy.steps);
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

/** The step that the release is in, also after its strategy was edited; null where the next one begins at once. */
export function currentStep(state: ReleaseState, steps: readonly StepSpec[]): StepSpec | null {
  const named = steps.find(({ name }) => name === state.step);
  if (named !== undefined && named.exposure <= state.limit) return named;
  if (state.limit === 0) return null;
  // The step was renamed, removed or enlarged: what was reached is gone through as the largest step that it contains.
  return steps.findLast(({ exposure }) => exposure <= state.limit) ?? null;
}

/** The step after the current one; null after the last. */
export function nextStep(
  state: ReleaseState,
  current: StepSpec | null,
  steps: readonly StepSpec[],
): StepSpec | null {
  if (current === null) return steps.find(({ exposure }) => exposure > state.limit) ?? null;
  return steps[steps.indexOf(current) + 1] ?? null;
}

/** Successes that the step asks for: no more than it has devices that were heard from lately, and at least one. */
export function successesNeeded(step: StepSpec, { awake }: DevicesWithin): number {
  return Math.max(1, Math.min(step.successes, awake));
}

function resume(state: ReleaseState, attempt: number, round: number): ReleaseState {
  const startsOver = state.halt?.action === 'rollback';
  return {
    ...state,
    attempt,
    round,
    halt: null,
    soakSince: null,
    ...(startsOver && { step: null, limit: 0, stepAt: null, runningBefore: 0 }),
  };
}

/** A halt that the failures bring about now. Distinct devices count: those that failed, and those that run the version. */
function findHalt(
  { spec, counts, moment }: AdvanceInput,
  state: ReleaseState,
  { halt }: StrategySpec,
): Halt | null {
  if (state.halt !== null || state.limit === 0) return null;
  const { failed } = counts;
  const { running: succeeded, devices } = counts.within(state.limit);
  const attempts = failed + succeeded;
  const least = Math.max(1, Math.min(halt.minAttempts, devices));
  if (failed === 0 || attempts < least) return null;
  if (isRateInside(failed, succeeded, halt.failureRate)) return null;
  const percent = Math.round((failed * 1_000) / attempts) / 10;
  return {
    action: halt.action,
    at: moment.at,
    failed,
    succeeded,
    message: `${failed} of ${attempts} devices failed with version ${spec.version} (${percent}%, and ${halt.failureRate}% is the limit).`,
  };
}

function isRateInside(failed: number, succeeded: number, percent: number): boolean {
  return failed * 100 <= percent * (failed + succeeded);
}

function applyHalt(
  track: Track,
  state: ReleaseState,
  halt: Halt,
): { readonly track: Track; readonly state: ReleaseState } {
  if (halt.action === 'hold') return { track, state: { ...state, halt } };
  const rolledBack = new Set([...track.rolledBack, state.version]);
  return {
    track: {
      ...track,
      base: state.baseBefore,
      rolledBack: [...rolledBack].sort((a, b) => a - b),
    },
    state: { ...state, halt, limit: 0, finishedAt: null },
  };
}

function beginStep(
  state: ReleaseState,
  step: StepSpec,
  limit: number,
  { counts, moment }: AdvanceInput,
): ReleaseState {
  return {
    ...state,
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
    within.running >= successesNeeded(step, within) && within.flashable <= input.counts.failed;
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
  const need = successesNeeded(step, within);
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
  if (state.finishedAt !== null) return [];
  const current = currentStep(state, strategy.steps);
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
  return `Step ${step.name} begins: exposure ${limit / 100}% (${devices} device(s)${soak}).`;
}
