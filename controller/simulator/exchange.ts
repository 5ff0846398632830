// A simulated device's conversation with the server: one exchange at a time, taken from its list of tasks, and what
// each answer leads to. What an update is made of is in `attempt.ts`.

import { unreachable } from '../base/assert.ts';
import {
  answerCancel,
  beginAttempt,
  rejectDeployment,
  resolveHref,
  startDownload,
} from './attempt.ts';
import { becomeIdle } from './boot.ts';
import { drawBackoffMs, drawPollDelayMs, emitEvent } from './device-state.ts';
import type { Device, DeviceSettings, ErrorKind, Step, Task } from './device-state.ts';
import {
  buildAttributes,
  buildFeedback,
  parseCancel,
  parseDeployment,
  parseJson,
  parsePoll,
} from './wire.ts';
import type { PollAnswer } from './wire.ts';

// Newer Zephyr polls in a loop for as long as something is offered; a simulation must not burn the machine with it.
const REPOLLS_MAX = 8;

/** Puts the next task on its way, if there is one and nothing else is. */
export function issueTask(step: Step): void {
  const { device, moment } = step;
  const task = device.todo[0];
  if (task === undefined || device.exchanging || device.retryAt > moment.monotonicMs) return;
  device.exchanging = true;
  device.retryAt = -Infinity;
  step.effects.push({
    kind: 'exchange',
    generation: device.generation,
    ...buildRequest(step, task),
  });
}

/** The server has answered the task that was on its way. */
export function settleAnswer(step: Step, status: number, text: string): void {
  const { device, settings } = step;
  const task = device.todo[0];
  if (task === undefined || !device.exchanging) return;
  if (!settings.traits.successCodes.includes(status)) {
    settleFailure(step, classifyStatus(status));
    return;
  }
  device.exchanging = false;
  device.todo.shift();
  device.failures = 0;
  switch (task.kind) {
    case 'poll':
      handlePoll(step, parsePoll(parseJson(text)));
      return;
    case 'attributes':
      device.announces = false;
      repollSoon(step);
      return;
    case 'fetch-deployment': {
      const deployment = parseDeployment(parseJson(text));
      if (deployment.ok) beginAttempt(step, deployment.value);
      else rejectDeployment(step, deployment.error);
      return;
    }
    case 'fetch-cancel': {
      const stopId = parseCancel(parseJson(text));
      if (stopId === null) step.effects.push({ kind: 'error', error: 'document' });
      else answerCancel(step, task.url, stopId);
      return;
    }
    case 'feedback':
      handleAccepted(step, task);
  }
}

/** The task on its way has failed: a final report is kept for another try, everything else is dropped. */
export function settleFailure(step: Step, error: ErrorKind): void {
  const { device, moment } = step;
  const task = device.todo[0];
  if (task === undefined || !device.exchanging) return;
  step.effects.push({ kind: 'error', error });
  device.exchanging = false;
  device.failures += 1;
  const isLasting = error === 'refused';
  if (task.kind === 'feedback' && task.role === 'final' && !isLasting) {
    device.retryAt = moment.monotonicMs + drawBackoffMs(step);
    return;
  }
  device.todo.shift();
  if (task.kind === 'feedback') {
    if (task.role === 'gate') becomeIdle(step);
    if (task.role === 'final' && device.reportId === task.feedback.actionId) device.reportId = null;
  } else {
    // The poll's other links are stale by the next try.
    device.todo = device.todo.filter((other) => other.kind === 'feedback');
  }
  if (task.kind === 'poll' || device.phase === 'idle') {
    device.pollAt = moment.monotonicMs + drawBackoffMs(step);
  }
}

/** Which kind of error an answer without success is. */
export function classifyStatus(status: number): ErrorKind {
  if (status === 401) return 'unauthorized';
  if (status === 429) return 'throttled';
  return status >= 500 ? 'server' : 'refused';
}

function buildRequest(
  step: Step,
  task: Task,
): { readonly method: 'GET' | 'POST' | 'PUT'; readonly url: string; readonly body: string | null } {
  const { device, moment, settings } = step;
  switch (task.kind) {
    case 'poll':
      return { method: 'GET', url: device.baseUrl, body: null };
    case 'fetch-deployment':
    case 'fetch-cancel':
      return { method: 'GET', url: task.url, body: null };
    case 'attributes': {
      const attributes = listAttributes(device, settings);
      const body = buildAttributes(settings.style, attributes, moment.now);
      return { method: 'PUT', url: task.url, body };
    }
    case 'feedback': {
      const body = buildFeedback(settings.style, task.feedback, moment.now);
      return { method: 'POST', url: task.url, body };
    }
    default:
      return unreachable(task);
  }
}

function handlePoll(step: Step, answer: PollAnswer | null): void {
  const { device, moment, settings } = step;
  step.effects.push({ kind: 'polled' });
  if (answer === null || answer.sleepMs === null) {
    step.effects.push({ kind: 'error', error: 'document' });
  }
  if (answer !== null && answer.sleepMs !== null) device.sleepMs = answer.sleepMs;
  device.pollAt = moment.monotonicMs + drawPollDelayMs(step);
  if (answer === null) return;
  for (const name of settings.traits.linkOrder) {
    const href = answer.links[name];
    if (href === null) continue;
    const url = resolveHref(step, href);
    if (url === null) {
      step.effects.push({ kind: 'error', error: 'document' });
      continue;
    }
    if (name === 'configData') device.todo.push({ kind: 'attributes', url });
    else if (name === 'deploymentBase') fetchDeployment(step, url);
    else if (settings.traits.readsCancel) device.todo.push({ kind: 'fetch-cancel', url });
    else answerCancel(step, url, readLastSegment(url));
  }
  // Only now: a server may refuse the attributes of a device that it has never seen poll.
  if (device.announces && answer.links.configData === null) {
    device.todo.push({ kind: 'attributes', url: `${device.baseUrl}/configData` });
  }
  if (device.todo.length === 0) device.repolls = 0;
}

function fetchDeployment(step: Step, url: string): void {
  const { device } = step;
  // The poll may have been answered before the report that ended the action: its offer would start it once more.
  const isReporting = device.todo.some((task) => task.kind === 'feedback' && task.role === 'final');
  if (device.phase === 'idle' && !isReporting) device.todo.push({ kind: 'fetch-deployment', url });
}

function handleAccepted(step: Step, task: Extract<Task, { kind: 'feedback' }>): void {
  const { device } = step;
  const { feedback, role } = task;
  switch (role) {
    case 'gate':
      if (device.attempt?.deployment.id === feedback.actionId) startDownload(step);
      return;
    case 'cancel':
      if (feedback.execution === 'closed' && feedback.finished === 'success') {
        emitEvent(step, 'cancelled', null, feedback.actionId);
      }
      repollSoon(step);
      return;
    case 'final':
      if (device.reportId === feedback.actionId) device.reportId = null;
      repollSoon(step);
      return;
    case 'progress':
  }
}

function repollSoon(step: Step): void {
  const { device, moment, settings } = step;
  if (!settings.traits.repollsAtOnce || device.phase !== 'idle' || device.todo.length > 0) return;
  if (device.repolls >= REPOLLS_MAX) return;
  device.repolls += 1;
  device.pollAt = moment.monotonicMs;
}

function listAttributes(
  device: Device,
  settings: DeviceSettings,
): Readonly<Record<string, string>> {
  const { bootAttribute, versionAttribute } = settings;
  const reported = {
    ...settings.attributes,
    ...device.attributes,
    [versionAttribute]: device.version,
  };
  return bootAttribute === null ? reported : { ...reported, [bootAttribute]: String(device.boots) };
}

function readLastSegment(url: string): string {
  return url.slice(url.lastIndexOf('/') + 1);
}
