// Particle's event stream, read: bytes to events, and events to what the driver makes of them. Whatever cannot be read is
// left out: the stream is a hint, and what is read page by page is the truth.

import type { DeviceNews } from './mirror-device.ts';
import { isFields } from './read-nouns.ts';

export interface CloudEvent {
  readonly name: string;
  /** Trimmed: states of a flash end in a space. */
  readonly data: string;
  /** A device's id, or `api` and the like. */
  readonly source: string;
  /** The version that the device reported beside it; null: none. */
  readonly version: number | null;
  /** Who caused it; null where nobody is named. */
  readonly user: string | null;
}

/** Longest event that is kept while it comes in. */
const EVENT_CHARACTERS_MAX = 65_536;

/** Splits a stream into events. `heard` is called for every piece that comes, whatever is in it. */
export async function* readEvents(
  bytes: AsyncIterable<Uint8Array>,
  heard: () => void,
): AsyncGenerator<CloudEvent> {
  const decoder = new TextDecoder();
  let rest = '';
  let name = '';
  for await (const part of bytes) {
    heard();
    rest += decoder.decode(part, { stream: true });
    if (rest.length > EVENT_CHARACTERS_MAX) rest = '';
    const lines = rest.split(/\r?\n/);
    rest = lines.pop() ?? '';
    for (const line of lines) {
      if (line === '') name = '';
      else if (line.startsWith('event:')) name = line.slice(6).trim();
      else if (line.startsWith('data:')) {
        const event = readEvent(name, line.slice(5));
        if (event !== null) yield event;
      }
    }
  }
}

function readEvent(name: string, text: string): CloudEvent | null {
  let body: unknown;
  try {
    body = JSON.parse(text);
  } catch {
    return null;
  }
  if (!isFields(body) || typeof body['coreid'] !== 'string' || name === '') return null;
  const { data, version, userid } = body;
  return {
    name,
    data: typeof data === 'string' ? data.trim() : '',
    source: body['coreid'],
    version: typeof version === 'number' ? version : null,
    user: typeof userid === 'string' && userid !== '' ? userid : null,
  };
}

/** Names of events that tell of a device something worth a look. */
const WORTH_A_LOOK = new Set([
  'spark/status',
  'spark/flash/status',
  'spark/device/app-hash',
  'spark/device/last_reset',
  'spark/status/safe-mode',
  'particle/device/updates/enabled',
]);

/** Whether an event is about a device that is worth reading now. */
export function isAboutDevice({ name }: CloudEvent): boolean {
  return WORTH_A_LOOK.has(name);
}

/** Whether an event says that firmware was uploaded or released. */
export function isAboutFirmware({ name }: CloudEvent): boolean {
  return name === 'particle/firmware/release' || name === 'particle/firmware/create';
}

/** The version that such an event is about, which comes as a number or as text; null: it does not say. */
export function firmwareOf({ data }: CloudEvent): number | null {
  try {
    const body: unknown = JSON.parse(data);
    const version = isFields(body) ? Number(body['version']) : Number.NaN;
    return Number.isInteger(version) ? version : null;
  } catch {
    return null;
  }
}

/** What is known of a device by the stream after one more event. */
export function addNews(news: DeviceNews, event: CloudEvent): DeviceNews {
  const { name, data, version } = event;
  if (name === 'spark/flash/status') {
    const isState = data === 'started' || data === 'success' || data === 'failed';
    // Events come out of order: a transfer that ended does not begin after that.
    if (!isState || (data === 'started' && news.transfer !== null)) return news;
    // What fails once the file was delivered is another transfer of it, to a device that boots: its return decides.
    if (data === 'failed' && news.transfer === 'success') return news;
    return { ...news, transfer: data };
  }
  if (name === 'spark/device/app-hash') {
    const isHash = /^[0-9a-f]{64}$/i.test(data) && version !== null && version > 0;
    return isHash ? { ...news, appHash: { hash: data.toLowerCase(), version } } : news;
  }
  return name === 'spark/device/last_reset' ? { ...news, lastReset: data.slice(0, 64) } : news;
}
