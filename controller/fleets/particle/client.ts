// Particle's API, as the few questions that the driver asks. Each call is paid from the budget of its address; what comes
// back is an answer that was read, or a failure that was judged (`trouble.ts`). Nothing is decided here.

import type { Dispatcher } from 'undici';
import { Agent, FormData, request } from 'undici';

import type { EpochMs } from '../../base/clock.ts';
import { messageOf } from '../../base/failure.ts';
import type { Failure } from '../../base/failure.ts';
import type { Result } from '../../base/result.ts';
import { fail, ok } from '../../base/result.ts';
import type { Budget } from './budget.ts';
import type { CatalogueEntry } from './read-catalogue.ts';
import { readCatalogue } from './read-catalogue.ts';
import type { CloudDevice, CloudFirmwareList, CloudGroup, CloudProduct } from './nouns.ts';
import {
  readDevice,
  readDevicePage,
  readFirmwareList,
  readGroups,
  readProduct,
  readScopes,
} from './read-nouns.ts';
import type { Answer, Question } from './trouble.ts';
import { readAnswer, unanswered, unreadable } from './trouble.ts';

/** Devices on a page: the documented default. A larger one may or may not be granted. */
export const PAGE_SIZE = 25;

const TIME_LIMIT_MS = 30_000;
const TRANSFER_LIMIT_MS = 300_000;
/** Questions are asked again after such pauses; what changes something is left to the next round. */
const RETRY_AFTER_MS = [500, 2_000];
const ANSWER_BYTES_MAX = 32_000_000;

export interface ClientOptions {
  /** Such as `https://api.particle.io`. */
  readonly api: string;
  readonly token: string;
  readonly budget: Budget;
  readonly now: () => EpochMs;
  readonly sleep: (ms: number) => Promise<void>;
  /** A request without an answer after so long has failed; 30 s where it is left out. */
  readonly timeLimitMs?: number;
}

export interface DevicePage {
  readonly devices: readonly CloudDevice[];
  readonly pages: number;
}

export interface NewFirmware {
  readonly version: number;
  readonly title: string;
  readonly description: string | null;
  readonly content: Uint8Array;
}

type Asked<T> = Promise<Result<T, Failure>>;

export interface Client {
  /** What the token may do; null where that is not told. */
  scopes(): Asked<readonly string[] | null>;
  product(product: string): Asked<CloudProduct>;
  firmware(product: string): Asked<CloudFirmwareList>;
  /** The same list with everything that people wrote, and with what is filed wrongly. */
  catalogue(product: string): Asked<readonly CatalogueEntry[]>;
  groups(product: string): Asked<ReadonlyMap<string, CloudGroup>>;
  /** A page (from 1) in the order of device ids; with `isHeld`, of those that are held in quarantine. */
  devicePage(product: string, page: number, isHeld?: boolean): Asked<DevicePage>;
  /** The devices whose id contains a text. */
  findDevices(product: string, id: string): Asked<DevicePage>;
  device(product: string, id: string): Asked<CloudDevice>;
  binary(product: string, version: number): Asked<Uint8Array>;
  upload(product: string, firmware: NewFirmware): Asked<void>;
  release(
    product: string,
    release: {
      readonly version: number;
      readonly isDefault: boolean;
      readonly groups: readonly string[];
      readonly prompt: boolean;
    },
  ): Asked<void>;
  createGroup(product: string, group: string): Asked<void>;
  deleteGroup(product: string, group: string): Asked<void>;
  editGroups(
    product: string,
    edit: {
      readonly devices: readonly string[];
      readonly add: readonly string[];
      readonly remove: readonly string[];
    },
  ): Asked<void>;
  lock(product: string, device: string, version: number, flash: boolean): Asked<void>;
  unlock(product: string, device: string): Asked<void>;
  /** Opens the event stream of a product; its bytes as they come, until `signal` or the other side ends it. */
  events(product: string, signal: AbortSignal): Asked<AsyncIterable<Uint8Array>>;
  /** Particle's clock less ours, of the last answer; null before, and where answers do not tell the time. */
  skewMs(): number | null;
  close(): Promise<void>;
}

interface Sending {
  readonly method: 'GET' | 'PUT' | 'POST' | 'DELETE';
  readonly path: string;
  readonly what: string;
  readonly json?: unknown;
  readonly form?: FormData;
}

/** Creates a client; nothing is sent before it is asked something. */
export function createClient(options: ClientOptions): Client {
  const { token, budget, now, sleep } = options;
  const timeLimitMs = options.timeLimitMs ?? TIME_LIMIT_MS;
  const origin = options.api.replace(/\/+$/, '');
  const agent = new Agent({
    connections: 8,
    headersTimeout: timeLimitMs,
    bodyTimeout: timeLimitMs,
  });
  let skewMs: number | null = null;

  const questionOf = ({ what }: Sending): Question => ({ what, secrets: [token] });

  async function exchange(sending: Sending, limitMs: number): Promise<Dispatcher.ResponseData> {
    const { method, path, json, form } = sending;
    await budget.take();
    return request(`${origin}${path}`, {
      method,
      dispatcher: agent,
      signal: AbortSignal.timeout(limitMs),
      headers: {
        authorization: `Bearer ${token}`,
        accept: 'application/json',
        'user-agent': 'lockstep',
        ...(json !== undefined && { 'content-type': 'application/json' }),
      },
      ...(json !== undefined && { body: JSON.stringify(json) }),
      ...(form !== undefined && { body: form }),
    });
  }

  function noteTime(headers: Dispatcher.ResponseData['headers']): void {
    const { date } = headers;
    const at = typeof date === 'string' ? Date.parse(date) : Number.NaN;
    // Told in whole seconds, half of which is the best guess of the rest.
    if (Number.isFinite(at)) skewMs = at + 500 - now();
  }

  async function ask(sending: Sending): Asked<unknown> {
    const question = questionOf(sending);
    const pauses = sending.method === 'GET' ? RETRY_AFTER_MS : [];
    for (let round = 0; ; round += 1) {
      const asked = await askOnce(sending, question);
      if (asked.ok) return asked;
      if (asked.error.disposition === 'wait') budget.pause(asked.error.retryAfterMs ?? 0);
      const pauseMs = pauses[round];
      if (pauseMs === undefined || asked.error.disposition !== 'retry') return asked;
      await sleep(pauseMs);
    }
  }

  async function askOnce(sending: Sending, question: Question): Asked<unknown> {
    const limitMs = sending.form === undefined ? timeLimitMs : TRANSFER_LIMIT_MS;
    try {
      const response = await exchange(sending, limitMs);
      noteTime(response.headers);
      const content = await readWhole(response.body);
      if (content === null) return fail(unanswered('the answer is far too large', question));
      const answer: Answer = {
        status: response.statusCode,
        headers: plainHeaders(response.headers),
        text: new TextDecoder().decode(content),
      };
      const read = readAnswer(answer, question);
      return read.ok ? ok(read.body) : fail(read.error);
    } catch (thrown) {
      return fail(unanswered(reasonOf(thrown), question));
    }
  }

  async function read<T>(sending: Sending, reader: (body: unknown) => T | null): Asked<T> {
    const asked = await ask(sending);
    if (!asked.ok) return asked;
    const value = reader(asked.value);
    return value === null ? fail(unreadable(questionOf(sending))) : ok(value);
  }

  async function change(sending: Sending): Asked<void> {
    const asked = await ask(sending);
    return asked.ok ? ok(undefined) : asked;
  }

  const put = (product: string, path: string, what: string, json: unknown): Asked<void> =>
    change({ method: 'PUT', path: pathOf(product, path), what: `${what} of ${product}`, json });

  return {
    async scopes() {
      const what = 'read what the token may do';
      const asked = await ask({ method: 'GET', path: '/v1/access_tokens/current', what });
      return asked.ok ? ok(readScopes(asked.value)) : asked;
    },
    product: (product) =>
      read(
        { method: 'GET', path: pathOf(product, ''), what: `read product ${product}` },
        readProduct,
      ),
    firmware: (product) =>
      read(
        {
          method: 'GET',
          path: pathOf(product, '/firmware'),
          what: `read the firmware of ${product}`,
        },
        readFirmwareList,
      ),
    catalogue: (product) =>
      read(
        {
          method: 'GET',
          path: pathOf(product, '/firmware'),
          what: `read the firmware of ${product}`,
        },
        readCatalogue,
      ),
    groups: (product) =>
      read(
        { method: 'GET', path: pathOf(product, '/groups'), what: `read the groups of ${product}` },
        readGroups,
      ),
    devicePage: (product, page, isHeld = false) =>
      read(
        {
          method: 'GET',
          path: pathOf(
            product,
            `/devices?page=${page}&perPage=${PAGE_SIZE}&sortAttr=deviceId&sortDir=asc${isHeld ? '&quarantined=true' : ''}`,
          ),
          what: `read page ${page} of the devices of ${product}`,
        },
        readDevicePage,
      ),
    findDevices: (product, id) =>
      read(
        {
          method: 'GET',
          path: pathOf(product, `/devices?deviceId=${encodeURIComponent(id)}`),
          what: `look for device ${id} of ${product}`,
        },
        readDevicePage,
      ),
    device: (product, id) =>
      read(
        {
          method: 'GET',
          path: pathOf(product, `/devices/${encodeURIComponent(id)}`),
          what: `read device ${id} of ${product}`,
        },
        (body) => readDevice(body, true),
      ),
    async binary(product, version) {
      const sending: Sending = {
        method: 'GET',
        path: pathOf(product, `/firmware/${version}/binary`),
        what: `download version ${version} of ${product}`,
      };
      const question = questionOf(sending);
      try {
        const response = await exchange(sending, TRANSFER_LIMIT_MS);
        const content = await readWhole(response.body);
        if (content === null) return fail(unanswered('the binary is far too large', question));
        if (response.statusCode === 200) return ok(content);
        const headers = plainHeaders(response.headers);
        const text = new TextDecoder().decode(content);
        const judged = readAnswer({ status: response.statusCode, headers, text }, question);
        return fail(judged.ok ? unreadable(question) : judged.error);
      } catch (thrown) {
        return fail(unanswered(reasonOf(thrown), question));
      }
    },
    upload(product, { version, title, description, content }) {
      const form = new FormData();
      form.set('version', String(version));
      form.set('title', title);
      if (description !== null) form.set('description', description);
      const file = new Blob([new Uint8Array(content)], { type: 'application/octet-stream' });
      form.set('file', file, 'firmware.bin');
      const what = `upload version ${version} of ${product}`;
      return change({ method: 'POST', path: pathOf(product, '/firmware'), what, form });
    },
    release: (product, { version, isDefault, groups, prompt }) =>
      put(product, '/firmware/release', `release version ${version}`, {
        version,
        product_default: isDefault,
        groups,
        intelligent: prompt,
      }),
    createGroup: (product, group) =>
      change({
        method: 'POST',
        path: pathOf(product, '/groups'),
        what: `create group ${group} of ${product}`,
        json: { name: group },
      }),
    deleteGroup: (product, group) =>
      change({
        method: 'DELETE',
        path: pathOf(product, `/groups/${encodeURIComponent(group)}`),
        what: `delete group ${group} of ${product}`,
      }),
    editGroups: (product, { devices, add, remove }) =>
      put(product, '/devices', `change the groups of ${devices.length} devices`, {
        action: 'groups',
        devices,
        metadata: {
          ...(add.length > 0 && { add }),
          ...(remove.length > 0 && { remove }),
        },
      }),
    lock: (product, device, version, flash) =>
      put(product, `/devices/${encodeURIComponent(device)}`, `lock device ${device}`, {
        desired_firmware_version: version,
        ...(flash && { flash: true }),
      }),
    unlock: (product, device) =>
      put(product, `/devices/${encodeURIComponent(device)}`, `unlock device ${device}`, {
        desired_firmware_version: null,
      }),
    async events(product, signal) {
      const sending: Sending = {
        method: 'GET',
        path: pathOf(product, '/events'),
        what: `follow the events of ${product}`,
      };
      const question = questionOf(sending);
      try {
        await budget.take();
        const response = await request(`${origin}${sending.path}`, {
          dispatcher: agent,
          signal,
          bodyTimeout: 0,
          headers: {
            authorization: `Bearer ${token}`,
            accept: 'text/event-stream',
            'user-agent': 'lockstep',
          },
        });
        if (response.statusCode === 200) return ok(response.body);
        const text = new TextDecoder().decode((await readWhole(response.body)) ?? new Uint8Array());
        const headers = plainHeaders(response.headers);
        const judged = readAnswer({ status: response.statusCode, headers, text }, question);
        return fail(judged.ok ? unreadable(question) : judged.error);
      } catch (thrown) {
        return fail(unanswered(reasonOf(thrown), question));
      }
    },
    skewMs: () => skewMs,
    close: () => agent.destroy(),
  };
}

function pathOf(product: string, path: string): string {
  return `/v1/products/${encodeURIComponent(product)}${path}`;
}

/** All of a body; null where it is larger than any that is due. */
async function readWhole(body: AsyncIterable<Uint8Array>): Promise<Uint8Array | null> {
  const parts: Uint8Array[] = [];
  let size = 0;
  for await (const part of body) {
    size += part.length;
    if (size > ANSWER_BYTES_MAX) return null;
    parts.push(part);
  }
  return Buffer.concat(parts);
}

function plainHeaders(headers: Dispatcher.ResponseData['headers']): Answer['headers'] {
  return Object.fromEntries(
    Object.entries(headers).flatMap(([name, value]) =>
      typeof value === 'string' ? [[name.toLowerCase(), value]] : [],
    ),
  );
}

function reasonOf(thrown: unknown): string {
  const isLate = thrown instanceof Error && /Timeout|TimeoutError/.test(thrown.name);
  return isLate ? 'no answer came in time' : messageOf(thrown);
}
