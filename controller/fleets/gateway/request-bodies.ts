// What devices send, read into plain values. Unknown fields are ignored, as every DDI server does; what is missing or
// of the wrong kind is refused with a message. What the values mean for a device is decided in `devices/`.

import type { Result } from '../../base/result.ts';
import { fail, ok } from '../../base/result.ts';
import type { Execution, Feedback, Finished } from '../../devices/feedback.ts';

/** Why a body is refused. */
export interface BodyDefect {
  readonly status: 400 | 429;
  readonly code: string;
  readonly message: string;
}

/** Attributes that a device sent, and how they go with those it had. */
export interface AttributeChange {
  readonly mode: 'merge' | 'replace' | 'remove';
  /** At least one entry. Null takes a key away. */
  readonly data: ReadonlyMap<string, string | null>;
}

export const ATTRIBUTES_MAX = 100;
const ATTRIBUTE_LENGTH_MAX = 128;
const INSTALLED_LENGTH_MAX = 128;
const PRINTABLE = /^[\u0020-\u007e]*$/;

const EXECUTIONS: ReadonlySet<string> = new Set<Execution>([
  'closed',
  'proceeding',
  'canceled',
  'scheduled',
  'rejected',
  'resumed',
  'downloaded',
  'download',
]);
const FINISHED: ReadonlySet<string> = new Set<Finished>(['success', 'failure', 'none']);
const MODES: ReadonlySet<string> = new Set<AttributeChange['mode']>(['merge', 'replace', 'remove']);

/** Parses JSON text into an object. */
export function parseObject(text: string): Result<Record<string, unknown>, BodyDefect> {
  try {
    const value: unknown = JSON.parse(text);
    if (isObject(value)) return ok(value);
  } catch {
    // Said below.
  }
  return unreadable('The body is not a JSON object.');
}

/** Reads a feedback body. */
export function readFeedback(body: Record<string, unknown>): Result<Feedback, BodyDefect> {
  const { status } = body;
  if (!isObject(status)) return unreadable('`status` is missing.');
  const { execution, result, details, code } = status;
  if (!isExecution(execution)) return unreadable('`status.execution` is missing or unknown.');
  if (!isObject(result)) return unreadable('`status.result` is missing.');
  const { finished, progress } = result;
  if (!isFinished(finished)) return unreadable('`status.result.finished` is missing or unknown.');
  if (details !== undefined && details !== null && !isTextList(details)) {
    return unreadable('`status.details` is not a list of texts.');
  }
  return ok({
    execution,
    finished,
    progress: readProgress(progress),
    code: typeof code === 'number' && Number.isSafeInteger(code) ? code : null,
    details: details ?? [],
  });
}

/** Reads a configData body. */
export function readAttributes(body: Record<string, unknown>): Result<AttributeChange, BodyDefect> {
  const mode = body['mode'] ?? 'merge';
  if (!isMode(mode)) return unreadable('`mode` is unknown.');
  const { data } = body;
  if (!isObject(data) || Object.keys(data).length === 0) {
    return unreadable('`data` is missing or empty.');
  }
  const attributes = new Map<string, string | null>();
  for (const [key, value] of Object.entries(data)) {
    if (key === '' || !isPlain(key)) return badAttribute(`The key ${quote(key)} is not allowed.`);
    if (value !== null && (typeof value !== 'string' || !isPlain(value))) {
      return badAttribute(`The value of ${quote(key)} is not allowed.`);
    }
    attributes.set(key, value);
  }
  return ok({ mode, data: attributes });
}

/** The attributes that a device has after a change; refused where they would be too many. */
export function applyAttributes(
  known: Readonly<Record<string, string>>,
  change: AttributeChange,
): Result<Readonly<Record<string, string>>, BodyDefect> {
  const merged = new Map(change.mode === 'replace' ? [] : Object.entries(known));
  for (const [key, value] of change.data) {
    if (value === null || change.mode === 'remove') merged.delete(key);
    else merged.set(key, value);
  }
  if (merged.size > ATTRIBUTES_MAX) {
    return fail({
      status: 429,
      code: 'hawkbit.server.error.quota.tooManyEntries',
      message: `A device has at most ${ATTRIBUTES_MAX} attributes.`,
    });
  }
  return ok(Object.fromEntries(merged));
}

/** Reads an installedBase body: the version text that the device states. */
export function readInstalled(body: Record<string, unknown>): Result<string, BodyDefect> {
  const { version } = body;
  if (typeof version !== 'string' || version === '' || version.length > INSTALLED_LENGTH_MAX) {
    return unreadable('`version` is missing, or too long.');
  }
  return ok(version);
}

function readProgress(progress: unknown): Feedback['progress'] {
  if (!isObject(progress)) return null;
  const { cnt, of } = progress;
  return typeof cnt === 'number' && typeof of === 'number' ? { cnt, of } : null;
}

function unreadable(message: string): Result<never, BodyDefect> {
  return fail({ status: 400, code: 'hawkbit.server.error.rest.body.notReadable', message });
}

function badAttribute(message: string): Result<never, BodyDefect> {
  const code = 'hawkbit.server.error.repo.invalidTargetAttributes';
  return fail({
    status: 400,
    code,
    message: `${message} Up to ${ATTRIBUTE_LENGTH_MAX} printable ASCII characters are.`,
  });
}

function quote(text: string): string {
  return JSON.stringify(text.slice(0, 40));
}

function isPlain(text: string): boolean {
  return text.length <= ATTRIBUTE_LENGTH_MAX && PRINTABLE.test(text);
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isTextList(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.every((each) => typeof each === 'string');
}

function isExecution(value: unknown): value is Execution {
  return typeof value === 'string' && EXECUTIONS.has(value);
}

function isFinished(value: unknown): value is Finished {
  return typeof value === 'string' && FINISHED.has(value);
}

function isMode(value: unknown): value is AttributeChange['mode'] {
  return typeof value === 'string' && MODES.has(value);
}
