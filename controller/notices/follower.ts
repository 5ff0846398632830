// Tells one target what comes into the log: in order, one at a time, with growing pauses while it does not take anything.

import { setTimeout as sleep } from 'node:timers/promises';

import { messageOf } from '../base/failure.ts';
import { nextPollDelay } from '../reconciler/jitter.ts';
import { type Backlog, createBacklog } from './backlog.ts';
import type { Courier, Delivery } from './courier.ts';
import type { NoticeTarget } from './notice-settings.ts';
import type { NotifierPorts, NotifierTimes, TargetView } from './ports.ts';

export interface Follower {
  readonly name: string;
  /** Follows the log from the event `cursor` on, until the end. Never rejects. */
  follow(cursor: number): Promise<void>;
  /** Asks for a look into the log, unless the target is in a pause. */
  wake(): void;
  /** Writes how far the target is. */
  finish(): Promise<void>;
  view(): TargetView;
}

interface FollowerInput {
  readonly target: NoticeTarget;
  readonly courier: Courier;
  readonly ports: NotifierPorts;
  readonly times: NotifierTimes;
  readonly random: () => number;
  /** No turn begins after it. */
  readonly ending: AbortSignal;
  /** Requests under way are given up. */
  readonly cutting: AbortSignal;
}

/** What to do after a turn: pause for so many milliseconds, rest until the next look, or go on at once. */
type Next = number | 'rest' | 'go on';

/** Creates the follower of a target; nothing happens before `follow`. */
export function createFollower(input: FollowerInput): Follower {
  const { target, courier, ports, times, random, ending, cutting } = input;
  const { store, clock, log } = ports;
  const { name } = target;
  const { host } = new URL(target.url);
  const label = name === host ? `notices to ${name}` : `notices to ${name} (${host})`;
  const counts = { sent: 0, failed: 0, refused: 0 };
  let backlog: Backlog | null = null;
  let saved = 0;
  let savedAt = clock.monotonicMs();
  let failures = 0;
  let told: string | null = null;
  let wakeUp: (() => void) | null = null;

  /** What goes on for long is told once. */
  const tell = (message: string): void => {
    if (message !== told) log.warn(`${label}: ${message}`);
    told = message;
  };

  const save = async (cursor: number): Promise<void> => {
    if (cursor === saved) return;
    await store.saveNoticeCursors(new Map([[name, cursor]]));
    saved = cursor;
    savedAt = clock.monotonicMs();
  };

  const pauseFor = (ms: number): Promise<void> =>
    sleep(ms, undefined, { signal: ending }).catch(() => undefined);

  const rest = async (): Promise<void> => {
    const { promise, resolve } = Promise.withResolvers<void>();
    wakeUp = resolve;
    const timer = setTimeout(resolve, times.look);
    if (!ending.aborted) await promise;
    clearTimeout(timer);
    wakeUp = null;
  };

  const pauseAfter = ({ retryAfterMs }: Extract<Delivery, { status: 'failed' }>): number => {
    failures += 1;
    const growing = Math.min(times.pauseMax, times.pause * 2 ** Math.min(failures - 1, 30));
    return retryAfterMs ?? nextPollDelay(growing, random());
  };

  /** Tells the target one thing, or finds that there is nothing to tell. */
  const takeTurn = async (open: Backlog): Promise<Next> => {
    await open.refill();
    const notice = open.first();
    if (notice === null) {
      if (clock.monotonicMs() - savedAt >= times.idleSave) await save(open.cursor());
      return 'rest';
    }
    const outcome = await courier.deliver(target, notice, cutting);
    if (outcome.status === 'failed') {
      if (ending.aborted) return 'rest';
      counts.failed += 1;
      tell(`${outcome.message} It is tried again.`);
      return pauseAfter(outcome);
    }
    failures = 0;
    if (outcome.status === 'taken') {
      counts.sent += 1;
      if (told !== null) log.info(`${label}: they are taken again.`);
      told = null;
    } else {
      counts.failed += 1;
      counts.refused += 1;
      tell(`${outcome.message} What it refuses is not sent again.`);
    }
    open.drop();
    await save(open.cursor());
    return 'go on';
  };

  return {
    name,
    async follow(cursor) {
      saved = cursor;
      backlog = createBacklog(store, target, cursor);
      let isUsable = true;
      while (!ending.aborted) {
        try {
          const next = await takeTurn(backlog);
          isUsable = true;
          if (next === 'rest') await rest();
          else if (next !== 'go on') await pauseFor(next);
        } catch (thrown) {
          if (isUsable) log.warn(`${label}: the state cannot be used: ${messageOf(thrown)}`);
          isUsable = false;
          await pauseFor(times.pause);
        }
      }
    },
    wake: () => wakeUp?.(),
    async finish() {
      if (backlog !== null) await save(backlog.cursor());
    },
    view: () => ({
      name,
      sent: counts.sent,
      failed: counts.failed,
      dropped: counts.refused + (backlog?.leftOut() ?? 0),
      pending: backlog?.size() ?? 0,
    }),
  };
}
