// Judges halts: each has its failures, and no failures beyond the limit go without one. Invariant 4.

import type { Halt } from '../../../controller/model/rollout.ts';
import type { Books, Standing } from './books.ts';
import { failedIn, must } from './books.ts';
import type { Before, Notes } from './rollout-notes.ts';
import { countWithin } from './rollout-notes.ts';

/** A step that reaches more than this many times the devices that it was meant for may halt without a failure. */
const OUTGROWN = 4;

/** A finished release is not taken back for fewer failures than this. */
const FEW = 5;

/** Whether a release halted because the fleet has outgrown its step. */
export function isOutgrown(halt: Halt): boolean {
  return 'outgrown' in halt;
}

/** Judges a halt that a pass brought about, or did not. */
export function checkHalt(
  books: Books,
  release: Standing,
  from: Before,
  isCounted: boolean,
  notes: Notes,
): void {
  const { spec, state, track } = release;
  if (state === null) return;
  const name = `the release of ${spec.version}`;
  must('4', from.halt === null || state.halt !== null, () => `the halt of ${name} ended by itself`);
  const isNew = from.halt === null && state.halt !== null;
  if (isNew && state.halt !== null && isOutgrown(state.halt)) {
    const { devices } = countWithin(books, release, from.limit);
    const meantFor = notes.meantFor ?? Infinity;
    must('4', !isCounted || devices > OUTGROWN * meantFor, () => {
      return `${name} counts as outgrown with ${devices} devices in a step for ${meantFor}`;
    });
    must('4', state.halt.action === 'hold', () => `${name} was outgrown, and rolled back`);
    must('4', state.limit === from.limit, () => `${name} was outgrown, and its exposure changed`);
    return;
  }
  if (isCounted) {
    const { failureRate, minAttempts } = spec.strategy.halt;
    const { devices, awake, running } = countWithin(books, release, from.limit);
    const failed = failedIn(books, state.round);
    const attempts = failed + running;
    // Who is awake is known for certain only of those heard lately.
    const isEnough = (all: number): boolean =>
      failed > 0 && attempts >= Math.max(1, Math.min(minAttempts, all));
    const isOver = failed * 100 > failureRate * attempts;
    const canHalt = from.halt === null && from.limit > 0 && isOver;
    const isRight = isNew ? canHalt && isEnough(awake) : !(canHalt && isEnough(devices));
    must('4', isRight, () => {
      return `${name} ${isNew ? 'halted' : 'did not halt'} with ${failed} failed and ${running} running of ${devices}`;
    });
    must('4', !isNew || (state.halt?.failed === failed && state.halt.succeeded === running), () => {
      return `${name} halted for other counts than ${failed} failed and ${running} running`;
    });
  }
  if (!isNew || state.halt === null) return;
  const { action } = state.halt;
  const isFew = state.halt.failed < FEW && spec.strategy.steps.length > 1;
  const isLate = from.finishedAt !== null && isFew;
  const wanted = state.rollback || isLate ? 'hold' : spec.strategy.halt.action;
  must('4', action === wanted, () => `${name} halted with ${action}, not ${wanted}`);
  books.count(action === 'hold' ? 'halt: hold' : 'halt: rollback');
  const limit = action === 'rollback' ? 0 : from.limit;
  must('4', state.limit === limit, () => `${name} halted at ${state.limit}, not at ${limit}`);
  if (action !== 'rollback') return;
  must('4', track.base === notes.baseBefore, () => {
    return `${name} was rolled back to ${track.base}, and ${notes.baseBefore} was the base before`;
  });
}
