// DDI documents: reading what a server answers, writing what a client sends. Pure translation; what a device does with
// a document is decided in `attempt.ts` and `exchange.ts`.

import { unreachable } from '../base/assert.ts';
import type { EpochMs } from '../base/clock.ts';
import { fail, ok } from '../base/result.ts';
import type { Result } from '../base/result.ts';
import type { ClientStyle, Execution, Finished, LinkName } from './client-style.ts';

/** What a poll says. */
export interface PollAnswer {
  /** Null where `config.polling.sleep` is missing, zero or not `HH:MM:SS` below 24 hours. */
  readonly sleepMs: number | null;
  /** Hrefs as the server wrote them. */
  readonly links: Readonly<Record<LinkName, string | null>>;
}

/** What a deploymentBase document says, for the one chunk with one artifact that devices accept. */
export interface Deployment {
  /** Decimal digits. */
  readonly id: string;
  readonly download: string;
  readonly update: string;
  /** The chunk's version: what the device runs after the update. */
  readonly version: string;
  readonly filename: string;
  /** Bytes, at least 1. */
  readonly size: number;
  readonly sha1: string;
  readonly sha256: string | null;
  /** Hrefs of the artifact as the server wrote them; at least one is not null. */
  readonly downloadHref: string | null;
  readonly downloadHttpHref: string | null;
}

/** Why a deployment cannot be used. `id` where it could be read, so that the failure can be reported. */
export interface DeploymentDefect {
  readonly id: string | null;
  readonly message: string;
}

/** A feedback before it is written in the form of a client. */
export interface Feedback {
  readonly actionId: string;
  readonly execution: Execution;
  readonly finished: Finished;
  readonly details: readonly string[];
}

/** JSON text as a value; undefined where it is not JSON. */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}

/** A poll's document; null where it is no object at all. Unknown fields and links are ignored. */
export function parsePoll(document: unknown): PollAnswer | null {
  if (!isObject(document)) return null;
  const links = readField(document, '_links');
  return {
    sleepMs: parseSleep(readField(readField(readField(document, 'config'), 'polling'), 'sleep')),
    links: {
      configData: readHref(links, 'configData'),
      deploymentBase: readHref(links, 'deploymentBase'),
      cancelAction: readHref(links, 'cancelAction'),
    },
  };
}

/** A deploymentBase document. Strict where real clients are: the id is a string, one chunk, one artifact, a hash. */
export function parseDeployment(document: unknown): Result<Deployment, DeploymentDefect> {
  const id = readText(document, 'id');
  if (id === null || !/^\d+$/.test(id))
    return fail({ id: null, message: 'The id is no string of digits.' });
  const defect = (message: string) => fail({ id, message });
  const deployment = readField(document, 'deployment');
  const download = readText(deployment, 'download');
  const update = readText(deployment, 'update');
  if (download === null || update === null)
    return defect('The download or update mode is missing.');
  const chunks = readField(deployment, 'chunks');
  if (!Array.isArray(chunks) || chunks.length !== 1)
    return defect('There is not exactly one chunk.');
  const chunk: unknown = chunks[0];
  const version = readText(chunk, 'version');
  if (version === null || readText(chunk, 'name') === null || readText(chunk, 'part') === null) {
    return defect('The chunk lacks its part, name or version.');
  }
  const artifacts = readField(chunk, 'artifacts');
  if (!Array.isArray(artifacts) || artifacts.length !== 1) {
    return defect('There is not exactly one artifact.');
  }
  const artifact: unknown = artifacts[0];
  const filename = readText(artifact, 'filename');
  const size = readField(artifact, 'size');
  const sha1 = readText(readField(artifact, 'hashes'), 'sha1');
  if (filename === null || sha1 === null) return defect('The artifact lacks its filename or sha1.');
  if (typeof size !== 'number' || !Number.isSafeInteger(size) || size < 1) {
    return defect('The size of the artifact is no positive integer.');
  }
  const links = readField(artifact, '_links');
  const downloadHref = readHref(links, 'download');
  const downloadHttpHref = readHref(links, 'download-http');
  if (downloadHref === null && downloadHttpHref === null) {
    return defect('The artifact has no download link.');
  }
  const sha256 = readText(readField(artifact, 'hashes'), 'sha256');
  return ok({
    id,
    download,
    update,
    version,
    filename,
    size,
    sha1,
    sha256,
    downloadHref,
    downloadHttpHref,
  });
}

/** The id that a cancelAction document asks to stop; null where it does not say. */
export function parseCancel(document: unknown): string | null {
  return readText(readField(document, 'cancelAction'), 'stopId');
}

/** `HH:MM:SS` as milliseconds; null for anything else, for zero, and from 24 hours on. */
export function parseSleep(value: unknown): number | null {
  if (typeof value !== 'string') return null;
  const match = /^([01]\d|2[0-3]):([0-5]\d):([0-5]\d)$/.exec(value);
  if (match === null) return null;
  const seconds = Number(match[1]) * 3600 + Number(match[2]) * 60 + Number(match[3]);
  return seconds === 0 ? null : seconds * 1000;
}

/** The body of a feedback POST, in the form that the client writes. */
export function buildFeedback(style: ClientStyle, feedback: Feedback, now: EpochMs): string {
  const { actionId, execution, finished, details } = feedback;
  switch (style) {
    case 'rauc':
      return JSON.stringify({
        id: actionId,
        time: formatTime(now),
        status: { result: { finished }, execution, details },
      });
    case 'swupdate':
      return JSON.stringify({
        id: Number(actionId),
        time: formatTime(now),
        status: {
          result: { progress: { cnt: execution === 'closed' ? 1 : 0, of: 1 }, finished },
          execution,
          details,
        },
      });
    case 'zephyr':
      return JSON.stringify({ status: { execution, result: { finished } } });
    default:
      return unreachable(style);
  }
}

/** The body of a configData PUT, in the form that the client writes. */
export function buildAttributes(
  style: ClientStyle,
  data: Readonly<Record<string, string>>,
  now: EpochMs,
): string {
  const status = { result: { finished: 'success' }, execution: 'closed', details: [] };
  switch (style) {
    case 'rauc':
      return JSON.stringify({ time: formatTime(now), status, data });
    case 'swupdate':
      return JSON.stringify({ id: '', time: formatTime(now), status, mode: 'replace', data });
    case 'zephyr':
      return JSON.stringify({ mode: 'merge', data });
    default:
      return unreachable(style);
  }
}

/** `YYYYMMDDTHHMMSS` in UTC. */
function formatTime(now: EpochMs): string {
  return new Date(now).toISOString().slice(0, 19).replaceAll(/[-:]/g, '');
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function readField(value: unknown, name: string): unknown {
  return isObject(value) ? value[name] : undefined;
}

function readText(value: unknown, name: string): string | null {
  const text = readField(value, name);
  return typeof text === 'string' && text !== '' ? text : null;
}

function readHref(links: unknown, name: string): string | null {
  return readText(readField(links, name), 'href');
}
