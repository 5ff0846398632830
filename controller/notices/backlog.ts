// What a target has still to be told: the events of the log after its cursor that concern it, the newest of them one by
// one and the rest as a number. The log is the truth; this is how far it has been read.

import type { EpochMs } from '../base/clock.ts';
import type { Event, EventType } from '../model/event.ts';
import { NOTICED_EVENTS, type Notice } from '../model/notice.ts';
import type { Store } from '../stores/store.ts';
import type { NoticeTarget } from './notice-settings.ts';

/** Notices that a target is told one by one after it was away; the older ones it is only told the number of. */
export const BACKLOG_MAX = 200;

/** Events of a type that are read at a time. */
const PAGE = 200;

export interface Backlog {
  /** Reads what came into the log since the last time. */
  refill(): Promise<void>;
  /** What is to be told next; null: nothing. */
  first(): Notice | null;
  /** The first was told, or will never be. */
  drop(): void;
  /** Notices that wait, with the one that stands for those left out. */
  size(): number;
  /** Everything up to this event was told, or is not to be: where to go on after a restart. */
  cursor(): number;
  /** Events that were left out since the start. */
  leftOut(): number;
}

/** Creates the backlog of a target that was told everything up to the event `cursor`. */
export function createBacklog(
  store: Pick<Store, 'events'>,
  target: Pick<NoticeTarget, 'products' | 'on'>,
  cursor: number,
): Backlog {
  const types = [...NOTICED_EVENTS.keys()].filter((type) => isWanted(target, type));
  let readTo = cursor;
  let told = cursor;
  let waiting: Event[] = [];
  let missed: Missed | null = null;
  let missedEver = 0;

  const take = (event: Event): void => {
    if (!isAbout(target, event)) return;
    waiting.push(event);
    if (waiting.length <= BACKLOG_MAX) return;
    const [oldest] = waiting.splice(0, 1);
    if (oldest === undefined) return;
    const { count, from } = missed ?? { count: 0, from: oldest.at };
    missed = { count: count + 1, from, to: oldest.at, lastId: oldest.id };
    missedEver += 1;
  };

  return {
    async refill() {
      const newest = await readNewestId(store);
      while (readTo < newest) {
        const page = await readPage(store, types, readTo, newest);
        for (const event of page.events) take(event);
        readTo = page.readTo;
      }
    },
    first() {
      if (missed !== null) return { kind: 'left-out', ...missed };
      const [event] = waiting;
      const kind = event === undefined ? undefined : NOTICED_EVENTS.get(event.type);
      return event === undefined || kind === undefined ? null : { kind, event };
    },
    drop() {
      if (missed !== null) {
        told = missed.lastId;
        missed = null;
        return;
      }
      const [event, ...others] = waiting;
      told = event?.id ?? told;
      waiting = others;
    },
    size: () => waiting.length + (missed === null ? 0 : 1),
    cursor: () => (waiting.length === 0 && missed === null ? readTo : told),
    leftOut: () => missedEver,
  };
}

/** Id of the newest event in the log; 0 where there is none. */
export async function readNewestId(store: Pick<Store, 'events'>): Promise<number> {
  const [newest] = await store.events({ limit: 1 });
  return newest?.id ?? 0;
}

interface Missed {
  readonly count: number;
  readonly from: EpochMs;
  readonly to: EpochMs;
  readonly lastId: number;
}

/**
 * Events of these types after `after`, oldest first, and how far the log is read with them. Nothing beyond `newest` is
 * looked at: while the types are read one after the other, the log goes on, and none must be passed over.
 */
async function readPage(
  store: Pick<Store, 'events'>,
  types: readonly EventType[],
  after: number,
  newest: number,
): Promise<{ readonly events: readonly Event[]; readonly readTo: number }> {
  const pages = await Promise.all(
    types.map((type) => store.events({ type, afterId: after, beforeId: newest + 1, limit: PAGE })),
  );
  // Of a type with more than a page, what comes after its page is not known yet.
  const ends = pages.map((page) => (page.length < PAGE ? newest : (page.at(-1)?.id ?? newest)));
  const readTo = Math.min(newest, ...ends);
  const events = pages
    .flat()
    .filter(({ id }) => id <= readTo)
    .sort((a, b) => a.id - b.id);
  return { events, readTo };
}

function isWanted({ on }: Pick<NoticeTarget, 'on'>, type: EventType): boolean {
  const kind = NOTICED_EVENTS.get(type);
  return kind !== undefined && (on === null || on.has(kind));
}

function isAbout({ products }: Pick<NoticeTarget, 'products'>, { product }: Event): boolean {
  return product === null || products === null || products.has(product);
}
