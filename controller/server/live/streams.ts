// The open streams of events: who reads, and who is told what when. Nothing is queued for anyone: a reader that is behind
// has a mark, and gets what changed since in one event when its turn comes. A reader that does not read is cut.

import { messageOf } from '../../base/failure.ts';
import type { ServerLog } from '../ports.ts';
import type { Changes, Topic } from './changes.ts';
import type { LiveTimes } from './live-times.ts';

/** The other end of a stream. */
export interface Reader {
  write(text: string): void;
  /** Whether something that was written is still here, because the reader does not take it. */
  isBehind(): boolean;
  /** Whether it may go on reading; asked at each beat. */
  mayStay(): Promise<boolean>;
  /** Ends the stream, as if all was said. */
  end(): void;
  /** Breaks the stream off, and forgets what was not taken. */
  cut(): void;
}

/** What a reader is told at first. */
export interface Hello {
  /** Of Lockstep. */
  readonly version: string;
  /** Of this process: another one knows nothing of what was told before. */
  readonly server: string;
}

export interface Streams {
  /** Adds a reader, which is told hello; false where there are as many as may be, or the server is closing. */
  join(reader: Reader): Promise<boolean>;
  /** To be called when a reader has gone. */
  leave(reader: Reader): void;
  /** Ends all streams, and takes no new ones. */
  close(): void;
}

const TIMES: LiveTimes = { lookMs: 1_000, turnMs: 100 };

/**
 * Readers that are told in one turn. What each of them then asks for is the larger part of what it costs: so a hundred
 * readers hear of a change within a second, and a thousand within ten, whatever happens in the fleet.
 */
const TURN_READERS = 10;

/** Streams at a time; more are told to come back. */
export const READERS_MAX = 5_000;

/** Looks from one beat to the next. */
const BEAT_LOOKS = 15;

interface Place {
  /** Looks until the next beat. */
  beatIn: number;
  /** It had not taken what was written before at the last beat. */
  isStuck: boolean;
  /** The look after which it was told last. */
  toldAt: number;
}

/** Creates the streams. Nothing runs while nobody reads. */
export function createStreams(
  changes: Changes,
  hello: Hello,
  log: ServerLog,
  times: Partial<LiveTimes> = {},
): Streams {
  const { lookMs, turnMs } = { ...TIMES, ...times };
  const places = new Map<Reader, Place>();
  /** Readers that are to be told, in the order of their turns. */
  const behind = new Set<Reader>();
  /** The look at which each topic changed last, as far as somebody has not heard of it. */
  const changedAt = new Map<Topic, number>();
  let looks = 0;
  let timers: readonly NodeJS.Timeout[] = [];
  let firstLook: Promise<void> = Promise.resolve();
  let isLooking = false;
  let hasFailed = false;
  let isClosed = false;

  const look = async (): Promise<void> => {
    isLooking = true;
    try {
      const topics = await changes.look();
      looks += 1;
      hasFailed = false;
      for (const topic of topics) changedAt.set(topic, looks);
      if (topics.length > 0) for (const reader of places.keys()) behind.add(reader);
    } catch (thrown) {
      // What goes on for long is told once.
      if (!hasFailed) log.warn(`live: changes are not seen at the moment: ${messageOf(thrown)}`);
      hasFailed = true;
    } finally {
      isLooking = false;
    }
  };

  const beat = async (reader: Reader, place: Place): Promise<void> => {
    const mayStay = await reader.mayStay().catch(() => true);
    if (!places.has(reader)) return;
    if (!mayStay) {
      leave(reader);
      reader.end();
      return;
    }
    if (!reader.isBehind()) {
      place.isStuck = false;
      reader.write(': beat\n\n');
      return;
    }
    if (!place.isStuck) {
      place.isStuck = true;
      return;
    }
    leave(reader);
    reader.cut();
  };

  const tick = async (): Promise<void> => {
    for (const [reader, place] of places) {
      place.beatIn -= 1;
      if (place.beatIn > 0) continue;
      place.beatIn = BEAT_LOOKS;
      void beat(reader, place);
    }
    if (!isLooking) await look();
  };

  const tell = (reader: Reader, place: Place): void => {
    const topics = [...changedAt].flatMap(([topic, at]) => (at > place.toldAt ? [topic] : []));
    place.toldAt = looks;
    if (topics.length === 0) return;
    reader.write(formatEvent('change', { topics: topics.sort(), event: changes.newestEvent() }));
  };

  const takeTurn = (): void => {
    let left = TURN_READERS;
    for (const reader of behind) {
      const place = places.get(reader);
      // Who has not taken the last event yet gets the next one later, with what comes until then.
      if (place === undefined || reader.isBehind()) continue;
      if (left === 0) return;
      left -= 1;
      behind.delete(reader);
      tell(reader, place);
    }
    if (behind.size === 0) changedAt.clear();
  };

  const leave = (reader: Reader): void => {
    places.delete(reader);
    behind.delete(reader);
    if (places.size > 0) return;
    for (const timer of timers) clearInterval(timer);
    timers = [];
    changedAt.clear();
  };

  return {
    async join(reader) {
      if (isClosed || places.size >= READERS_MAX) return false;
      const place: Place = { beatIn: BEAT_LOOKS, isStuck: false, toldAt: Number.MAX_SAFE_INTEGER };
      places.set(reader, place);
      if (timers.length === 0) {
        timers = [setInterval(() => void tick(), lookMs), setInterval(takeTurn, turnMs)];
        // What happened while nobody read is no news: whoever comes asks for everything.
        firstLook = look();
      }
      await firstLook;
      if (!places.has(reader)) return false;
      place.toldAt = looks;
      reader.write(formatEvent('hello', { ...hello, event: changes.newestEvent() }));
      return true;
    },
    leave,
    close() {
      isClosed = true;
      for (const reader of places.keys()) {
        leave(reader);
        reader.end();
      }
    },
  };
}

/** JSON holds no line break, so that one line is all of it. */
function formatEvent(name: 'hello' | 'change', data: unknown): string {
  return `event: ${name}\ndata: ${JSON.stringify(data)}\n\n`;
}
