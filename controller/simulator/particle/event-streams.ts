// Event streams: who listens, what they are sent, and all that goes wrong on the way. An event is sent at most once and
// never again, unless trouble says so.

import type { ServerResponse } from 'node:http';

import { drawUnit } from '../seeded-random.ts';
import type { Trouble } from './trouble.ts';
import type { CloudEvent, World } from './world.ts';
import { isoTime } from './world.ts';

/** Null: all of them. */
export interface EventFilter {
  readonly productId: number | null;
  readonly device: string | null;
  /** What the name of an event begins with. */
  readonly prefix: string;
}

export interface EventStreams {
  /** Streams that are open. */
  readonly open: number;
  /** Every event there was, oldest first, whoever heard it. */
  readonly log: CloudEvent[];
  attach(response: ServerResponse, filter: EventFilter): void;
  publish(event: CloudEvent): void;
  /** Breaks every stream off. */
  cut(): void;
  /** Ends every stream in an orderly way. */
  end(): void;
  /** Writes this to every stream as it is. */
  write(text: string): void;
}

interface Listener {
  readonly response: ServerResponse;
  readonly filter: EventFilter;
  stopKeepAlive: () => void;
}

export function createEventStreams(
  world: Pick<World, 'time' | 'random' | 'timings'>,
  trouble: Trouble,
): EventStreams {
  const listeners = new Set<Listener>();
  const log: CloudEvent[] = [];
  let held: CloudEvent | null = null;

  const send = (event: CloudEvent): void => {
    if (trouble.events.isSilent) return;
    const text = eventText(event);
    for (const { response, filter } of listeners) {
      if (passes(event, filter)) response.write(text);
    }
  };
  const keepAlive = (listener: Listener): void => {
    listener.stopKeepAlive = world.time.after(world.timings.streamKeepAliveMs, () => {
      if (!trouble.events.isSilent) listener.response.write('\n');
      keepAlive(listener);
    });
  };
  const chance = (share: number): boolean => share > 0 && drawUnit(world.random) < share;

  return {
    get open() {
      return listeners.size;
    },
    log,
    attach: (response, filter) => {
      const listener: Listener = { response, filter, stopKeepAlive: () => undefined };
      listeners.add(listener);
      response.on('close', () => {
        listener.stopKeepAlive();
        listeners.delete(listener);
      });
      response.writeHead(200, {
        'content-type': 'text/event-stream; charset=utf-8',
        'cache-control': 'no-cache',
        'x-accel-buffering': 'no',
      });
      response.write(':ok\n\n');
      keepAlive(listener);
    },
    publish: (event) => {
      log.push(event);
      const { losses, duplicates, reordered } = trouble.events;
      if (chance(losses)) return;
      if (held === null && chance(reordered)) {
        held = event;
        return;
      }
      send(event);
      if (chance(duplicates)) send(event);
      if (held !== null) {
        const late = held;
        held = null;
        send(late);
      }
    },
    cut: () => {
      for (const { response } of listeners) response.destroy();
    },
    end: () => {
      for (const { response } of listeners) response.end();
    },
    write: (text) => {
      for (const { response } of listeners) response.write(text);
    },
  };
}

/** The two lines of an event and the empty one. */
export function eventText(event: CloudEvent): string {
  const { name, data, publishedAt, coreId, userId, version, productId } = event;
  const content = {
    data,
    ttl: 60,
    published_at: isoTime(publishedAt),
    coreid: coreId,
    userid: userId,
    version,
    public: false,
    productID: productId,
  };
  return `event: ${name}\ndata: ${JSON.stringify(content)}\n\n`;
}

function passes(event: CloudEvent, { productId, device, prefix }: EventFilter): boolean {
  return (
    (productId === null || event.productId === productId) &&
    (device === null || event.coreId === device) &&
    event.name.startsWith(prefix)
  );
}
