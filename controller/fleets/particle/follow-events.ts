// Follows the event stream of a product: opens it, watches over its silence, and opens it again after a pause that grows.
// After every opening all that came in between is lost, so whoever listens is told to look for itself.

import { messageOf } from '../../base/failure.ts';
import type { Client } from './client.ts';
import type { CloudEvent } from './read-events.ts';
import { readEvents } from './read-events.ts';

/** A stream that says nothing for so long is taken for dead: Particle writes something every few seconds. */
export const SILENCE_MAX_MS = 60_000;
/** At most one opening in this time. */
const PAUSE_MIN_MS = 5_000;
const PAUSE_MAX_MS = 300_000;

export interface FollowPorts {
  readonly client: Pick<Client, 'events'>;
  /** 0 up to 1. */
  readonly random: () => number;
  readonly warn: (line: string) => void;
  /** Pauses of less than the documented ones, for tests; 1 where it is left out. */
  readonly pace?: number;
}

export interface EventsHandler {
  event(event: CloudEvent): void;
  /** The stream was opened (again). */
  opened(): void;
}

/** Follows the events of a product until the returned function is called, which resolves when all of it has ended. */
export function followEvents(
  product: string,
  { client, random, warn, pace = 1 }: FollowPorts,
  handler: EventsHandler,
): () => Promise<void> {
  const ending = new AbortController();
  const { signal } = ending;

  async function follow(): Promise<void> {
    let failures = 0;
    let told = '';
    while (!signal.aborted) {
      const trouble = await followOnce();
      failures = trouble === null ? 0 : failures + 1;
      if (trouble !== null && trouble !== told && !signal.aborted) warn(`${product}: ${trouble}`);
      told = trouble ?? told;
      const pauseMs = Math.min(PAUSE_MAX_MS, PAUSE_MIN_MS * 2 ** Math.min(failures, 8));
      await rest(pauseMs * pace * (1 + random() / 2), signal);
    }
  }

  /** Until the stream ends; null where it was opened. */
  async function followOnce(): Promise<string | null> {
    const one = new AbortController();
    const end = (): void => one.abort();
    signal.addEventListener('abort', end, { once: true });
    let watchdog = setTimeout(end, SILENCE_MAX_MS * pace);
    const heard = (): void => {
      clearTimeout(watchdog);
      watchdog = setTimeout(end, SILENCE_MAX_MS * pace);
    };
    try {
      const stream = await client.events(product, one.signal);
      if (!stream.ok) return stream.error.message;
      heard();
      handler.opened();
      for await (const event of readEvents(stream.value, heard)) handler.event(event);
      return null;
    } catch (thrown) {
      return one.signal.aborted ? null : `the event stream broke: ${messageOf(thrown)}`;
    } finally {
      clearTimeout(watchdog);
      signal.removeEventListener('abort', end);
      end();
    }
  }

  const done = follow();
  return async () => {
    ending.abort();
    await done;
  };
}

function rest(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) return resolve();
    const timer = setTimeout(finish, ms);
    function finish(): void {
      clearTimeout(timer);
      signal.removeEventListener('abort', finish);
      resolve();
    }
    signal.addEventListener('abort', finish, { once: true });
  });
}
