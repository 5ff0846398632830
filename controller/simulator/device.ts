// The state machine of one simulated DDI device. It performs nothing: given the device, an input and the time, it moves
// the device on and says what should be done. The same inputs at the same times give the same effects.

import { unreachable } from '../base/assert.ts';
import { finishInstall, handleDownload, resumeDownload } from './attempt.ts';
import { cutPower, fallBack, fallSilent, finishBoot, startBoot } from './boot.ts';
import type { Device, DeviceSettings, Effect, Input, Moment, Step } from './device-state.ts';
import { issueTask, settleAnswer, settleFailure } from './exchange.ts';

/**
 * Moves the device on (it is changed in place) and returns what to do, in order. At most one exchange and one download
 * are wanted at a time; each is answered by one later input, unless the device's `generation` (for an exchange) has
 * moved on, or the download was discarded, in between.
 */
export function stepDevice(
  device: Device,
  input: Input,
  moment: Moment,
  settings: DeviceSettings,
): readonly Effect[] {
  const step: Step = { device, moment, settings, effects: [] };
  handleInput(step, input);
  // Only once everything about the update has been said: what else there is to say can wait for the next boot.
  if (device.phase === 'reporting' && !device.todo.some((task) => task.kind === 'feedback')) {
    startBoot(step, settings.rebootMs);
  }
  if (isUp(device)) issueTask(step);
  return step.effects;
}

/** When the device has to be woken next, in monotonic milliseconds; `Infinity`: only another input moves it on. */
export function getWakeAtMs(device: Device): number {
  const { fallBackAt, pollAt, silentAt, workAt } = device;
  const mayIssue = isUp(device) && device.todo.length > 0 && !device.exchanging;
  return Math.min(pollAt, workAt, fallBackAt, silentAt, mayIssue ? device.retryAt : Infinity);
}

/** Whether the device has booted and takes part: it polls, or is busy with an update. */
export function isUp(device: Device): boolean {
  return device.phase !== 'off' && device.phase !== 'booting' && device.phase !== 'silent';
}

function handleInput(step: Step, input: Input): void {
  const { device, settings } = step;
  switch (input.kind) {
    case 'wake':
      runTimers(step);
      return;
    case 'power-on':
      if (device.phase === 'off' || device.phase === 'silent') startBoot(step, input.bootMs);
      return;
    case 'power-off':
      cutPower(step);
      return;
    case 'flash':
      device.version = input.version;
      device.staged = null;
      device.reportId = null;
      device.failed = false;
      if (device.phase !== 'off') startBoot(step, settings.rebootMs);
      return;
    case 'answered':
      settleAnswer(step, input.status, input.text);
      return;
    case 'unanswered':
      settleFailure(step, input.error);
      return;
    case 'download-ended':
      handleDownload(step, input.outcome);
      return;
    default:
      unreachable(input);
  }
}

function runTimers(step: Step): void {
  const { device, moment } = step;
  const now = moment.monotonicMs;
  if (failIfDue(step)) return;
  if (device.workAt <= now) {
    device.workAt = Infinity;
    if (device.phase === 'booting') finishBoot(step);
    else if (device.phase === 'downloading') resumeDownload(step);
    else if (device.phase === 'installing') finishInstall(step);
    // A version may fail as soon as it runs, before the first poll.
    if (failIfDue(step)) return;
  }
  if (device.pollAt <= now) {
    device.pollAt = Infinity;
    if (isUp(device) && !device.todo.some((task) => task.kind === 'poll')) {
      device.todo.push({ kind: 'poll' });
    }
  }
}

/** What runs shows now that it is bad. False where it does not. */
function failIfDue(step: Step): boolean {
  const { fallBackAt, silentAt } = step.device;
  const now = step.moment.monotonicMs;
  if (fallBackAt <= now) fallBack(step);
  else if (silentAt <= now) fallSilent(step);
  else return false;
  return true;
}
