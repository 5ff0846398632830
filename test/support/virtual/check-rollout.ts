// Judges how far the controller says that releases are, after each pass: every step that began had its predecessor's
// soak, successes and approval, every halt its failures, and nothing moved that had no reason to. Invariant 4.

import type { ReleaseSpec, StepSpec, StrategySpec } from '../../../controller/model/desired.ts';
import type { Desired } from '../../../controller/model/desired.ts';
import type { ReleaseState, Track } from '../../../controller/model/rollout.ts';
import { NO_ROLLOUT, trackOf } from '../../../controller/model/rollout.ts';
import type { Books, Standing } from './books.ts';
import {
  devicesOf,
  failedIn,
  isCoverageKnown,
  mayBeVerified,
  must,
  releaseOf,
  runs,
} from './books.ts';
import { WHOLE_CIRCLE } from './by-hand.ts';
import { checkHalt, isOutgrown } from './check-halt.ts';
import type { Before, Counts, Notes, RolloutNotes } from './rollout-notes.ts';
import { countWithin, leastLimit, NOT_BEGUN, notesOf } from './rollout-notes.ts';

/** Judges what a pass made of all releases; `books.inForce` is what is in force after it. */
export function checkRollout(
  books: Books,
  notes: RolloutNotes,
  before: Desired,
  isFrozen: boolean,
): void {
  const groups = [null, 'listed', 'matched'];
  const moved = groups.filter((group) => {
    const [one, other] = [before, books.inForce].map((desired) =>
      JSON.stringify(trackOf(desired.rollout ?? NO_ROLLOUT, group)),
    );
    return one !== other;
  });
  for (const group of groups) {
    // Which devices are a group's may have changed within the pass, by another group's release. The product's moves last,
    // by the devices that the groups' have left to it.
    const isAlone = group === null || moved.every((each) => each === group || each === null);
    const isSettled = group === null ? isCoverageKnown(books) : !areRivals(books);
    const isCounted = isAlone && isSettled;
    checkTrack(books, notesOf(notes, group), before, group, { isFrozen, isCounted });
  }
}

/** Whether a device of both groups goes with one or the other by which of their releases is held. */
function areRivals(books: Books): boolean {
  const [listed, matched] = [releaseOf(books, 'listed'), releaseOf(books, 'matched')];
  return listed !== null && listed.spec.version === matched?.spec.version;
}

function checkTrack(
  books: Books,
  notes: Notes,
  desired: Desired,
  group: string | null,
  { isFrozen, isCounted }: { readonly isFrozen: boolean; readonly isCounted: boolean },
): void {
  const before = trackOf(desired.rollout ?? NO_ROLLOUT, group);
  const after = trackOf(books.inForce.rollout ?? NO_ROLLOUT, group);
  const spec = books.inForce.releases.find((each) => each.spec.group === group)?.spec ?? null;
  const state = after.release;
  const name = `the release to ${group ?? 'all'}`;
  if (state === null) {
    must('4', before.release === null || spec === null, () => `${name} was forgotten`);
    return;
  }
  must('4', spec?.version === state.version, () => `${name} is of ${state.version}, not in force`);
  if (spec === null) return;
  const replaced = before.release?.version !== state.version ? before.release : null;
  const isStart = before.release === null || replaced !== null;
  if (isFrozen) {
    must('5', !isStart, () => `${name} began under a frozen revision`);
    must('5', before.release?.attempt === state.attempt, () => `${name} resumed while frozen`);
  }
  if (isStart) {
    must(
      '2',
      mayBeVerified(books, state.version),
      () => `${name} began with an unverified version`,
    );
    noteStart(books, notes, before, after, spec);
  }
  const isResumed = !isStart && before.release?.attempt !== state.attempt;
  if (isResumed) checkResumption(books, before, after, spec);
  else if (!isStart) {
    must('4', before.release?.round === state.round, () => `${name} changed its round`);
  }
  const from: Before = isStart || before.release === null ? NOT_BEGUN : before.release;
  const standing: Standing = { spec, track: after, state };
  if (!isStart && !isResumed) {
    checkHalt(books, standing, from, isCounted, notes);
    noteSoak(books, notes, standing, from, isCounted);
  }
  if (!isResumed) checkMove(books, notes, standing, from, isFrozen, isCounted);
  const inherited = group === null ? leftByGroups(books, desired) : [];
  checkMemory(notes, before, after, spec, isStart, isResumed, from, inherited);
  noteEdit(books, desired, spec, state);
}

function noteStart(
  books: Books,
  notes: Notes,
  before: Track,
  { release }: Track,
  spec: ReleaseSpec,
): void {
  notes.baseBefore = before.base;
  notes.meantFor = null;
  notes.soakSince = null;
  if (release?.rollback === true) {
    const isKnown = books.finished.has(spec.version) || onlyTakesBack(books, before, spec);
    must('4', isKnown, () => {
      return `version ${spec.version} is taken for a rollback, and never finished`;
    });
    books.count('rollback by revert');
  }
  const replaced = before.release;
  if (replaced !== null && replaced.finishedAt === null) books.count('unfinished release replaced');
  if (spec.group !== null) books.count('group release');
}

/** Whether a release leads nobody anywhere but back from what it replaces. */
function onlyTakesBack(books: Books, { release }: Track, { group, version }: ReleaseSpec): boolean {
  const standing = releaseOf(books, group);
  if (standing === null || release === null) return false;
  return devicesOf(books, standing).every(
    (id) => runs(books, id, version) || runs(books, id, release.version),
  );
}

function checkResumption(books: Books, before: Track, after: Track, spec: ReleaseSpec): void {
  const [old, now] = [before.release, after.release];
  if (old === null || now === null) return;
  const name = `the release of ${spec.version}`;
  must('4', now.attempt === spec.attempt && now.attempt > old.attempt, () => {
    return `${name} went from attempt ${old.attempt} to ${now.attempt}`;
  });
  must('4', now.round > old.round, () => `${name} did not begin a round of its own`);
  must('4', now.halt === null, () => `${name} was resumed, and is halted`);
  const startsOver = old.halt !== null && (old.halt.action === 'rollback' || isOutgrown(old.halt));
  const limit = startsOver ? 0 : old.limit;
  must('4', now.limit === limit, () => `${name} resumed at ${now.limit}, not at ${limit}`);
  must('4', failedIn(books, now.round) === 0, () => `${name} resumed with failures`);
  books.count('attempt raised');
}

/** A soak begins where a device succeeded since the step began, or where none is left to. */
function noteSoak(
  books: Books,
  notes: Notes,
  release: Standing,
  from: Before,
  isCounted: boolean,
): void {
  if (notes.soakSince !== null || from.limit === 0) return;
  const step = currentOf(from, strategyOf(release).steps, release.spec.approved);
  const counts = countWithin(books, release, from.limit);
  const isThere = step === null || counts.running >= leastOf(books, release, step, counts);
  if (!isCounted || counts.running > notes.runningBefore || isThere) {
    notes.soakSince = books.servedMs;
  }
}

/** Judges a change of the step or the exposure, and the end of the last step. */
function checkMove(
  books: Books,
  notes: Notes,
  release: Standing,
  from: Before,
  isFrozen: boolean,
  isCounted: boolean,
): void {
  const { spec, state } = release;
  if (state === null || (state.halt !== null && from.halt === null)) return;
  const name = `the release of ${spec.version}`;
  const isMoved = state.step !== from.step || state.limit !== from.limit;
  const isFinished = state.finishedAt !== null && from.finishedAt === null;
  if (!isMoved && !isFinished) return;
  must('5', !isFrozen, () => `${name} moved under a frozen revision`);
  must('4', !books.isStopped, () => `${name} moved under the emergency stop`);
  must('4', !spec.paused, () => `${name} moved while it was paused`);
  must('4', from.halt === null, () => `${name} moved though it had halted`);
  must('4', from.finishedAt === null, () => `${name} moved after its end`);
  const { steps } = strategyOf(release);
  const current = currentOf(from, steps, spec.approved);
  const index = steps.findIndex((step) => step.name === state.step);
  const step = steps[index];
  must('4', step !== undefined, () => `${name} is in step ${state.step}, which it does not have`);
  if (step === undefined) return;
  const isSame = current !== null && step.name === current.name && state.limit === from.limit;
  if (isSame && !isFinished) {
    beginStep(books, notes, release);
    noteSoak(books, notes, release, state, isCounted);
    return;
  }
  if (current !== null) checkEnd(books, notes, release, from, current, isCounted);
  if (isFinished) {
    must('4', index === steps.length - 1, () => `${name} finished in step ${state.step}`);
    books.count('release finished');
    books.finished.add(spec.version);
    return;
  }
  const next =
    current === null ? firstBeyond(from, steps, spec.approved) : steps.indexOf(current) + 1;
  must('4', index === next, () => `${name} went from step ${from.step} to step ${state.step}`);
  must('4', !step.approval || spec.approved.includes(step.name), () => {
    return `${name} began step ${step.name}, which nobody approved`;
  });
  if (step.approval) books.count('approval');
  if (isCounted) {
    const least = leastLimit(books, release, step.minDevices);
    const limit = Math.max(from.limit, step.exposure, least);
    must('4', state.limit === limit, () => {
      return `${name} reaches ${state.limit} in step ${step.name}, and ${limit} is what it may`;
    });
    if (limit > step.exposure && least === limit) books.count('minimum of devices');
  }
  const isStretched = state.limit > Math.max(from.limit, step.exposure);
  if (isStretched) notes.meantFor = step.minDevices;
  else if (state.limit > from.limit) notes.meantFor = null;
  beginStep(books, notes, release);
}

function beginStep(books: Books, notes: Notes, release: Standing): void {
  notes.runningBefore = countWithin(books, release, release.state?.limit ?? 0).running;
  notes.soakSince = null;
}

/** A step ends with its soak, its successes, and its failures inside the limit. */
function checkEnd(
  books: Books,
  notes: Notes,
  release: Standing,
  from: Before,
  step: StepSpec,
  isCounted: boolean,
): void {
  const { spec, state } = release;
  const name = `step ${step.name} of the release of ${spec.version}`;
  const isRenamed = step.name !== from.step;
  const soaked = isRenamed ? 0 : books.servedMs - (notes.soakSince ?? books.servedMs);
  must('4', soaked >= step.soakMs, () => {
    return `${name} ended after a soak of ${soaked / 60_000} of ${step.soakMs / 60_000} minutes`;
  });
  if (!isCounted || state === null) return;
  const counts = countWithin(books, release, from.limit);
  const needed = leastOf(books, release, step, counts);
  must('4', counts.running >= needed, () => {
    return `${name} ended with ${counts.running} of ${needed} successes`;
  });
  const failed = failedIn(books, state.round);
  const { failureRate } = spec.strategy.halt;
  must('4', failed * 100 <= failureRate * (failed + counts.running), () => {
    return `${name} ended with ${failed} failed and ${counts.running} running`;
  });
}

function needsStone({ inForce }: Books, version: number): boolean {
  const firmware = inForce.firmware.find(({ spec }) => spec.version === version);
  return firmware === undefined || firmware.spec.requiresFrom !== null;
}

/** Versions that were rolled back in groups whose release has ended. */
function leftByGroups({ inForce }: Books, { rollout, releases }: Desired): readonly number[] {
  const product = releases.find(({ spec }) => spec.group === null)?.spec.version;
  return (rollout?.tracks ?? []).flatMap(({ group, rolledBack }) => {
    if (group === null || trackOf(inForce.rollout ?? NO_ROLLOUT, group).release !== null) return [];
    return rolledBack.filter((version) => version !== product);
  });
}

/** What a track remembers besides its release: its base, and what was rolled back. */
function checkMemory(
  notes: Notes,
  before: Track,
  after: Track,
  spec: ReleaseSpec,
  isStart: boolean,
  isResumed: boolean,
  from: Before,
  inherited: readonly number[],
): void {
  const state = after.release;
  if (state === null) return;
  const isHalted = state.halt !== null && from.halt === null && !isResumed;
  const isRolledBack = isHalted && state.halt?.action === 'rollback';
  const isFinished = state.finishedAt !== null && from.finishedAt === null;
  let base = before.base;
  if (isFinished) base = spec.version;
  if (isRolledBack) base = notes.baseBefore;
  must('4', after.base === base, () => `the base became ${after.base}, not ${base}`);
  // What was rolled back in a group that ends is remembered for the product.
  const rolledBack = new Set([...before.rolledBack, ...inherited]);
  if (isStart) {
    // A newer version that an older one replaces is taken back.
    const replaced = before.release?.version ?? 0;
    const isDirect = spec.strategy.onRollback === 'direct';
    if (replaced > spec.version && isDirect) rolledBack.add(replaced);
    rolledBack.delete(spec.version);
  }
  if (isResumed) rolledBack.delete(spec.version);
  if (isRolledBack) rolledBack.add(spec.version);
  const wanted = [...rolledBack].sort((a, b) => a - b).join();
  must('4', after.rolledBack.join() === wanted, () => {
    return `${after.rolledBack.join()} count as rolled back, and ${wanted} were`;
  });
}

function noteEdit(books: Books, before: Desired, spec: ReleaseSpec, state: ReleaseState): void {
  const old = before.releases.find((each) => each.spec.group === spec.group)?.spec;
  if (old?.version !== spec.version) return;
  if (!old.paused && spec.paused) books.count('pause');
  const isChanged = JSON.stringify(old.strategy) !== JSON.stringify(spec.strategy);
  if (isChanged && state.limit > 0 && state.finishedAt === null) books.count('edit in flight');
}

/** A rollback goes to everyone at once. */
function strategyOf({ spec, state }: Standing): Pick<StrategySpec, 'steps'> {
  if (state?.rollback !== true) return spec.strategy;
  const all = { name: 'all', exposure: WHOLE_CIRCLE, minDevices: 1, soakMs: 0, successes: 1 };
  return { steps: [{ ...all, approval: false }] };
}

/** The step that a release is in: the one it began, or the largest that what it reached contains. */
function currentOf(
  from: Before,
  steps: readonly StepSpec[],
  approved: readonly string[],
): StepSpec | null {
  const begun = steps.find(({ name }) => name === from.step);
  if (begun !== undefined && begun.exposure <= from.limit) return begun;
  if (from.limit === 0) return null;
  const open = steps.slice(0, gateOf(steps, approved));
  return open.findLast(({ exposure }) => exposure <= from.limit) ?? null;
}

function firstBeyond(
  from: Before,
  steps: readonly StepSpec[],
  approved: readonly string[],
): number {
  const beyond = steps.findIndex(({ exposure }) => exposure > from.limit);
  return Math.min(beyond === -1 ? steps.length : beyond, gateOf(steps, approved));
}

/** Where the first step stands that nobody has approved. */
function gateOf(steps: readonly StepSpec[], approved: readonly string[]): number {
  const gate = steps.findIndex(({ name, approval }) => approval && !approved.includes(name));
  return gate === -1 ? steps.length : gate;
}

/**
 * The successes that a step has at its end. Devices that failed, or to which no path leads, are not waited for, and who
 * they are is the plan's own affair: where there are such, one is asked for.
 */
function leastOf(
  books: Books,
  { spec, state }: Standing,
  { successes }: StepSpec,
  { awake }: Counts,
): number {
  const isPlain = failedIn(books, state?.round ?? 0) === 0 && !needsStone(books, spec.version);
  return isPlain ? Math.max(1, Math.min(successes, awake)) : 1;
}
