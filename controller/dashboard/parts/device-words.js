// How a device stands, in a few words. Nothing is drawn here.

/** @import { DeviceSummaryJson } from '../../reports/answers.ts' */
/** @import { Tone } from './badge.js' */

const PHASES = {
  offered: 'offered',
  fetched: 'being transferred',
  claimed: 'installed, not yet seen running',
  cancelling: 'being cancelled',
};

/**
 * The most important thing about it; `detail` is for a second line.
 * @param {DeviceSummaryJson} device
 * @returns {{ tone: Tone, text: string, detail: string | null }}
 */
export function describeDevice(device) {
  const { standing, quarantine, action, failures, target, running } = device;
  if (standing === 'quarantined') return { tone: 'bad', text: 'In quarantine', detail: quarantine };
  if (standing === 'expected') {
    return { tone: 'waiting', text: 'Never seen', detail: 'It registers at its first poll.' };
  }
  if (action !== null) {
    const { version, phase, attempt } = action;
    const text = `Updating to ${version}: ${PHASES[phase]}`;
    return { tone: 'moving', text, detail: attempt > 1 ? `Attempt ${attempt}.` : null };
  }
  if (failures !== null && failures.version !== running) {
    const times = failures.count === 1 ? 'once' : `${failures.count} times`;
    const text = `Failed ${times} with ${failures.version}`;
    return { tone: 'bad', text, detail: failures.lastMessage };
  }
  if (target.version === null) return { tone: 'none', text: 'Left alone', detail: target.message };
  if (target.version !== running) {
    const text = `To be flashed with ${target.version}`;
    return { tone: 'waiting', text, detail: stoneOf(target) };
  }
  return { tone: 'ok', text: 'Runs its target', detail: null };
}

/** @param {DeviceSummaryJson['target']} target */
function stoneOf({ version, goal }) {
  return goal === null || goal === version ? null : `A stepping stone to ${goal}.`;
}

/**
 * What it runs, in its own words where these mean no version.
 * @param {Pick<DeviceSummaryJson, 'running' | 'reported'>} device
 */
export function describeVersion({ running, reported }) {
  if (running !== null) return String(running);
  return reported === null ? 'unknown' : `unknown (“${reported}”)`;
}

/**
 * @param {NonNullable<DeviceSummaryJson['lock']>} lock
 * @returns {string}
 */
export function describeLock({ version, flash, armed }) {
  const isWaiting = flash === 'on-reset' && !armed;
  return `to ${version}${isWaiting ? ', at its next reset' : ''}`;
}
