// The time of the fake cloud. Virtual time stands still until somebody advances it, so that days pass in no time and
// always in the same order; real time is the machine's.

import type { EpochMs } from '../../base/clock.ts';

export interface CloudTime {
  now(): EpochMs;
  /** Calls back once, `delayMs` from now. Returns what takes it back; harmless after the call. */
  after(delayMs: number, callback: () => void): () => void;
}

export interface VirtualTime extends CloudTime {
  /** Runs everything that falls due within the next `ms`, in order, each at its own time. */
  advance(ms: number): void;
  /** When the next callback is due; `Infinity`: none is. */
  nextAt(): EpochMs;
}

interface Timer {
  readonly at: EpochMs;
  readonly order: number;
  callback: (() => void) | null;
}

export const VIRTUAL_START: EpochMs = Date.UTC(2026, 7, 3, 8);

export function createVirtualTime(startAt: EpochMs = VIRTUAL_START): VirtualTime {
  const heap: Timer[] = [];
  let now = startAt;
  let order = 0;

  const isBefore = (one: Timer, other: Timer): boolean =>
    one.at < other.at || (one.at === other.at && one.order < other.order);

  const push = (timer: Timer): void => {
    let place = heap.push(timer) - 1;
    while (place > 0) {
      const parent = (place - 1) >> 1;
      const above = heap[parent];
      if (above === undefined || !isBefore(timer, above)) break;
      heap[place] = above;
      heap[parent] = timer;
      place = parent;
    }
  };

  const pop = (): Timer | undefined => {
    const top = heap[0];
    const last = heap.pop();
    if (last === undefined || last === top) return top;
    let place = 0;
    for (;;) {
      let least = 2 * place + 1;
      const right = heap[least + 1];
      const left = heap[least];
      if (left === undefined) break;
      if (right !== undefined && isBefore(right, left)) least += 1;
      const below = heap[least];
      if (below === undefined || !isBefore(below, last)) break;
      heap[place] = below;
      place = least;
    }
    heap[place] = last;
    return top;
  };

  const dropCancelled = (): void => {
    while (heap[0]?.callback === null) pop();
  };

  return {
    now: () => now,
    after: (delayMs, callback) => {
      order += 1;
      const timer: Timer = { at: now + Math.max(0, delayMs), order, callback };
      push(timer);
      return () => {
        timer.callback = null;
      };
    },
    advance: (ms) => {
      const end = now + ms;
      while ((heap[0]?.at ?? Infinity) <= end) {
        const timer = pop();
        const callback = timer?.callback ?? null;
        if (timer === undefined || callback === null) continue;
        now = Math.max(now, timer.at);
        callback();
      }
      now = Math.max(now, end);
    },
    nextAt: () => {
      dropCancelled();
      return heap[0]?.at ?? Infinity;
    },
  };
}

export const realTime: CloudTime = {
  now: () => Date.now(),
  after: (delayMs, callback) => {
    const timer = setTimeout(callback, delayMs);
    // A simulated fleet keeps no process alive.
    timer.unref();
    return () => {
      clearTimeout(timer);
    };
  },
};
