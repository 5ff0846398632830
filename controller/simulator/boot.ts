// Power and boots of a simulated device: losing power, rebooting, coming up, falling back. What it does once it is up
// is in `exchange.ts` and `attempt.ts`.

import { drawPollDelayMs, emitEvent, forgetTasks } from './device-state.ts';
import type { Step } from './device-state.ts';

/** Goes down and comes up again after `bootMs`. Whatever was under way is lost, except what is staged. */
export function startBoot(step: Step, bootMs: number): void {
  loseState(step);
  step.device.phase = 'booting';
  step.device.workAt = step.moment.monotonicMs + bootMs;
}

/** Goes down for good, or until power comes back. */
export function cutPower(step: Step): void {
  loseState(step);
  step.device.phase = 'off';
}

/** Stays on and is never heard of again. */
export function fallSilent(step: Step): void {
  loseState(step);
  step.device.phase = 'silent';
}

/** The boot is over: the staged version runs (or should), and the first poll is due at once. */
export function finishBoot(step: Step): void {
  const { device, moment, settings } = step;
  const { staged } = device;
  device.phase = 'idle';
  device.boots += 1;
  device.workAt = Infinity;
  device.pollAt = moment.monotonicMs;
  if (staged !== null) runStaged(step, staged);
  emitEvent(step, 'booted', device.version, null);
  if (staged !== null && device.version === staged.version) {
    emitEvent(step, 'running', device.version, staged.actionId);
  }
  device.announces = settings.attributesAtBoot;
  startToFail(step);
}

/** Reboots into the version that ran before. */
export function fallBack(step: Step): void {
  const { device, settings } = step;
  device.version = device.previousVersion;
  device.failed = true;
  emitEvent(step, 'failed', device.version, null, 'The device fell back to the old version.');
  startBoot(step, settings.rebootMs);
}

/** Nothing is under way any more; the next poll comes at its ordinary time. */
export function becomeIdle(step: Step): void {
  const { device, moment } = step;
  device.phase = 'idle';
  device.attempt = null;
  device.workAt = Infinity;
  // A device that did not poll while it was busy has no poll ahead of it.
  if (device.pollAt === Infinity && !device.todo.some((task) => task.kind === 'poll')) {
    device.pollAt = moment.monotonicMs + drawPollDelayMs(step);
  }
}

function runStaged(
  step: Step,
  staged: { readonly version: string; readonly actionId: string },
): void {
  const { device, moment, settings } = step;
  device.staged = null;
  if (settings.traits.reportsSuccess === 'after-reboot') device.reportId = staged.actionId;
  if (device.faults.has('stay-old')) return;
  if (staged.version !== device.version) {
    device.previousVersion = device.version;
    if (device.faults.has('fall-back')) {
      device.fallBackAt = moment.monotonicMs + settings.fallBackMs;
    }
  }
  device.version = staged.version;
  device.failed = false;
}

/** A version that is bad for this device shows it some time after each boot into it. */
function startToFail({ device, moment }: Step): void {
  const bad = device.badVersions.get(device.version);
  if (bad === undefined) return;
  const failAt = moment.monotonicMs + bad.afterMs;
  // A device that never ran another version has nothing to return to.
  if (bad.how === 'fall-back' && device.previousVersion !== device.version) {
    device.fallBackAt = Math.min(device.fallBackAt, failAt);
  }
  if (bad.how === 'go-silent') device.silentAt = failAt;
}

function loseState(step: Step): void {
  const { device } = step;
  if (device.phase === 'downloading') step.effects.push({ kind: 'discard-download' });
  forgetTasks(device);
  device.attempt = null;
  device.pollAt = Infinity;
  device.workAt = Infinity;
  device.fallBackAt = Infinity;
  device.silentAt = Infinity;
}
