// A release under way in words and tones: what it waits for, and whether a person is needed. The words are those of the
// command line.

import { countOf, formatCount, formatPercent } from './number.js';
import { formatDuration } from './time.js';

/** @import { ReleasePlanJson, ReleaseWaitJson } from '../answers.js' */
/** @import { Tone } from './badge.js' */

/** @type {Readonly<Record<string, string>>} */
const FIRMWARE_WAITS = {
  ReleaseUnverified: 'its version to be verified by a device',
  FirmwareWithdrawn: 'another version, since this one is withdrawn',
  BinaryMissing: 'its binary',
};

/** Waits that end by themselves; the others need a person. */
const SELF_ENDING = new Set(['devices', 'successes', 'soak', 'failureRate', 'window', 'firmware']);

const OPENS = new Intl.DateTimeFormat(undefined, { dateStyle: 'medium', timeStyle: 'short' });

/**
 * One thing that a release waits for, to be read after `waits for`.
 * @param {ReleaseWaitJson} wait
 * @returns {string}
 */
export function describeWait(wait) {
  switch (wait.kind) {
    case 'devices':
      return 'its first device';
    case 'approval':
      return `approval of step ${wait.step}`;
    case 'successes':
      return `successes (${formatCount(wait.have)} of ${formatCount(wait.need)})`;
    case 'soak':
      return `its soak (${formatDuration(wait.leftMs)} left)`;
    case 'failureRate':
      return `a lower failure rate (${formatCount(wait.failed)} failed, ${formatCount(wait.succeeded)} succeeded)`;
    case 'window':
      return wait.opensAt === null
        ? 'its window, which does not open within two weeks'
        : `its window, which opens ${OPENS.format(new Date(wait.opensAt))}`;
    case 'halted':
      return `a person: ${wait.message}`;
    case 'paused':
      return 'the end of its pause';
    case 'stopped':
      return 'the end of the emergency stop';
    case 'frozen':
      return 'its manifests to be mended';
    case 'firmware':
    default:
      return FIRMWARE_WAITS[wait.reason] ?? `its firmware (${wait.reason})`;
  }
}

/**
 * Whether a wait needs a person.
 * @param {ReleaseWaitJson} wait
 */
export function needsPerson({ kind }) {
  return !SELF_ENDING.has(kind);
}

/**
 * How a release stands, in a word.
 * @param {ReleasePlanJson | null} progress
 * @returns {{ tone: Tone, word: string }}
 */
export function releaseState(progress) {
  if (progress === null) return { tone: 'waiting', word: 'Not planned yet' };
  const kinds = new Set(progress.waits.map(({ kind }) => kind));
  if (kinds.has('halted')) return { tone: 'bad', word: 'Halted' };
  if (kinds.has('stopped')) return { tone: 'held', word: 'Stopped' };
  if (kinds.has('paused')) return { tone: 'held', word: 'Paused' };
  if (kinds.has('frozen') || kinds.has('firmware')) return { tone: 'warn', word: 'Held' };
  if (progress.finishedAt !== null && kinds.size === 0) {
    // It is finished when its last step ends; that its devices are all there is another matter.
    return progress.inFlight === 0
      ? { tone: 'ok', word: 'Finished' }
      : { tone: 'moving', word: 'Finished, devices follow' };
  }
  if (kinds.has('approval')) return { tone: 'warn', word: 'Needs approval' };
  if (kinds.size > 0 && progress.inFlight === 0) return { tone: 'waiting', word: 'Waiting' };
  return { tone: 'moving', word: progress.rollback ? 'Rolling back' : 'Rolling out' };
}

/**
 * `44% of 9,998 devices: 4,300 succeeded, 2 failed, 40 under way`.
 * @param {ReleasePlanJson} progress
 */
export function describeCounts({ devices, succeeded, failed, inFlight }) {
  return `${formatCount(succeeded)} of ${countOf(devices, 'device')} succeeded, ${formatCount(failed)} failed, ${formatCount(inFlight)} under way`;
}

/**
 * `step canary, 1% of devices`.
 * @param {ReleasePlanJson} progress
 */
export function describeStep({ step, exposure }) {
  if (step === null) return 'not begun';
  return `step ${step}, ${formatPercent(exposure)} of devices`;
}
