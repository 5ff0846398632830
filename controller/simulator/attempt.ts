// An update on a simulated device: from the deployment document through download and installation to the reports, its
// failures, and the answer to a cancel. Exchanges themselves are made in `exchange.ts`.

import { becomeIdle, fallSilent } from './boot.ts';
import { drawPollDelayMs, drawResumeMs, emitEvent } from './device-state.ts';
import type { DownloadOutcome, Step, Task } from './device-state.ts';
import { drawBetween } from './seeded-random.ts';
import type { Execution, Finished } from './client-style.ts';
import type { Deployment, DeploymentDefect } from './wire.ts';

type FeedbackRole = Extract<Task, { kind: 'feedback' }>['role'];

/** Takes up an offered deployment; does nothing unless the device is idle. */
export function beginAttempt(step: Step, deployment: Deployment): void {
  const { device, settings } = step;
  const { traits } = settings;
  if (device.phase !== 'idle') return;
  if (device.reportId === deployment.id) {
    pushFeedback(step, 'final', deployment.id, 'closed', 'success', 'Update installed.');
    return;
  }
  device.reportId = null;
  if (deployment.update === 'skip' && traits.onSkip === 'claim-success') {
    pushFeedback(step, 'final', deployment.id, 'closed', 'success', 'Update skipped.');
    return;
  }
  const isSkipped = deployment.update === 'skip' || deployment.download === 'skip';
  if (isSkipped && traits.onSkip === 'wait') return;
  const url = chooseArtifactUrl(step, deployment);
  if (url === null) {
    rejectDeployment(step, { id: deployment.id, message: 'No usable download link was offered.' });
    return;
  }
  device.attempt = { deployment, url, cutAt: drawCut(step, deployment), fruitless: 0, received: 0 };
  emitEvent(step, 'offered', deployment.version, deployment.id);
  // Busy from here on, though the transfer may wait for the first report to be accepted.
  device.phase = 'downloading';
  if (traits.reportsBeforeDownload) {
    pushFeedback(step, 'gate', deployment.id, 'proceeding', 'none', 'Installing the update.');
  } else {
    startDownload(step);
  }
}

/** Starts the transfer of the attempt from its first byte. */
export function startDownload(step: Step): void {
  requestDownload(step, false);
}

/** The wait before a resume is over. */
export function resumeDownload(step: Step): void {
  requestDownload(step, true);
}

/** A document that cannot be used: reported as a failure where the client does so. */
export function rejectDeployment(step: Step, defect: DeploymentDefect): void {
  step.effects.push({ kind: 'error', error: 'document' });
  step.device.failed = true;
  emitEvent(step, 'failed', null, defect.id, defect.message);
  if (defect.id !== null && step.settings.traits.reportsFailure) {
    pushFeedback(step, 'final', defect.id, 'closed', 'failure', defect.message);
  }
}

/** The transfer, or a piece of it, has ended. */
export function handleDownload(step: Step, outcome: DownloadOutcome): void {
  const { device, moment } = step;
  const { attempt } = device;
  if (attempt === null || device.phase !== 'downloading') return;
  switch (outcome.kind) {
    case 'complete':
      verifyDownload(step, outcome);
      return;
    case 'cut': {
      if (outcome.error !== null) step.effects.push({ kind: 'error', error: outcome.error });
      attempt.fruitless = outcome.received > attempt.received ? 0 : attempt.fruitless + 1;
      attempt.received = outcome.received;
      if (attempt.cutAt !== null && outcome.received >= attempt.cutAt) attempt.cutAt = null;
      device.workAt = moment.monotonicMs + drawResumeMs(step, attempt.fruitless);
      return;
    }
    case 'refused':
      step.effects.push({ kind: 'error', error: 'refused' });
      failAttempt(step, `The download was refused with status ${outcome.status}.`);
      return;
    case 'wrong-size':
      failAttempt(step, 'The size of the artifact is not what its document says.');
  }
}

/** The time that an installation takes is over. */
export function finishInstall(step: Step): void {
  const { device, settings } = step;
  const { attempt } = device;
  if (attempt === null) return;
  const { id, version } = attempt.deployment;
  if (device.faults.has('fail-install') || device.badVersions.get(version)?.how === 'fail') {
    failAttempt(step, 'The installation failed.');
    return;
  }
  emitEvent(step, 'installed', version, id);
  device.staged = { version, actionId: id };
  device.phase = 'reporting';
  device.workAt = Infinity;
  device.pollAt = Infinity;
  if (settings.traits.reportsSuccess === 'before-reboot') {
    pushFeedback(step, 'final', id, 'closed', 'success', 'Update installed.');
  } else if (settings.traits.reportsProgress) {
    pushFeedback(step, 'progress', id, 'proceeding', 'none', 'Installed; about to restart.');
  }
}

/** The attempt is over without success; the device keeps what it runs. */
export function failAttempt(step: Step, message: string): void {
  const { device, settings } = step;
  const { attempt } = device;
  if (attempt === null) return;
  const { id, version } = attempt.deployment;
  device.failed = true;
  emitEvent(step, 'failed', version, id, message);
  if (settings.traits.reportsFailure) {
    pushFeedback(step, 'final', id, 'closed', 'failure', message);
  }
  becomeIdle(step);
}

/**
 * Answers a cancel at `href`: obeys while nothing is installed yet, refuses once installing, and always when the
 * device has that fault.
 */
export function answerCancel(step: Step, href: string, actionId: string): void {
  const { device, settings } = step;
  const { refusal } = settings.traits;
  const isCurrent = device.attempt?.deployment.id === actionId;
  const isPastStopping = isCurrent && device.phase !== 'downloading';
  // Clients append to the href as it stands, so a query in it would break them.
  const url = `${href}/feedback`;
  const answer = (execution: Execution, finished: Finished, message: string): void => {
    const feedback = { actionId, execution, finished, details: [message] };
    device.todo.push({ kind: 'feedback', url, feedback, role: 'cancel' });
  };
  if (isPastStopping || device.reportId === actionId || device.faults.has('refuse-cancel')) {
    answer(refusal.execution, refusal.finished, 'The update goes on.');
    return;
  }
  if (isCurrent) {
    step.effects.push({ kind: 'discard-download' });
    if (settings.traits.reportsProgress) {
      pushFeedback(step, 'progress', actionId, 'proceeding', 'none', 'The download was stopped.');
    }
    becomeIdle(step);
  }
  answer('closed', 'success', 'Action cancelled.');
}

function verifyDownload(
  step: Step,
  digests: { readonly sha256: string; readonly sha1: string },
): void {
  const { device, moment, settings } = step;
  const { attempt } = device;
  if (attempt === null) return;
  const { id, version, sha1, sha256 } = attempt.deployment;
  if (digests.sha1 !== sha1 || (sha256 !== null && digests.sha256 !== sha256)) {
    failAttempt(step, 'The checksum of the download is wrong.');
    return;
  }
  emitEvent(step, 'downloaded', version, id);
  if (device.faults.has('go-silent')) {
    fallSilent(step);
    return;
  }
  if (settings.traits.reportsProgress) {
    pushFeedback(step, 'progress', id, 'proceeding', 'none', 'Download complete.');
    pushFeedback(step, 'progress', id, 'proceeding', 'none', 'Checksum right; installing.');
  }
  device.phase = 'installing';
  device.workAt = moment.monotonicMs + settings.installMs;
}

function requestDownload(step: Step, resume: boolean): void {
  const { device, moment, settings } = step;
  const { attempt } = device;
  if (attempt === null) return;
  device.workAt = Infinity;
  if (settings.traits.pollsWhileBusy) {
    device.pollAt = Math.min(device.pollAt, moment.monotonicMs + drawPollDelayMs(step));
  } else {
    device.pollAt = Infinity;
  }
  step.effects.push({
    kind: 'download',
    url: attempt.url,
    size: attempt.deployment.size,
    resume,
    bytesPerSecond: device.faults.has('slow-link') ? settings.slowLinkBytesPerSecond : null,
    cutAt: attempt.cutAt,
  });
}

function pushFeedback(
  step: Step,
  role: FeedbackRole,
  actionId: string,
  execution: Execution,
  finished: Finished,
  message: string,
): void {
  const { device } = step;
  const url = `${device.baseUrl}/deploymentBase/${actionId}/feedback`;
  const feedback = { actionId, execution, finished, details: [message] };
  device.todo.push({ kind: 'feedback', url, feedback, role });
}

function chooseArtifactUrl(step: Step, deployment: Deployment): string | null {
  const { downloadHref, downloadHttpHref } = deployment;
  const href = step.settings.traits.usesPathOnly
    ? downloadHttpHref
    : (downloadHref ?? downloadHttpHref);
  return href === null ? null : resolveHref(step, href);
}

/** The URL that a link stands for to this client; null where it is not absolute. */
export function resolveHref(step: Step, href: string): string | null {
  if (!/^https?:\/\//i.test(href) || !URL.canParse(href)) return null;
  if (!step.settings.traits.usesPathOnly) return href;
  const path = href.slice(href.indexOf('/', href.indexOf('//') + 2));
  return new URL(step.settings.server).origin + path;
}

function drawCut(step: Step, deployment: Deployment): number | null {
  if (!step.device.faults.has('cut-download') || deployment.size < 2) return null;
  const share = drawBetween(step.device.random, 0.1, 0.9);
  return Math.max(1, Math.floor(deployment.size * share));
}
