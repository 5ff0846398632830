// The notifier: tells each target what came into the log, in order and each once. It follows the log by its ids from where
// the state says that the target is, so that nothing is lost over a restart; the place is written after the delivery, and
// what a kill between the two repeats carries the key that it had. Targets do not wait for one another.

import { setTimeout as sleep } from 'node:timers/promises';

import { messageOf } from '../base/failure.ts';
import { readNewestId } from './backlog.ts';
import { createCourier } from './courier.ts';
import { createFollower } from './follower.ts';
import type { NoticeTarget } from './notice-settings.ts';
import type { NotifierOptions, NotifierPorts, NotifierTimes, TargetView } from './ports.ts';

const TIMES: NotifierTimes = {
  limit: 10_000,
  pause: 1_000,
  pauseMax: 300_000,
  lookGap: 1_000,
  look: 30_000,
  idleSave: 60_000,
  closeGrace: 2_000,
};

export interface Notifier {
  /** A target that is new begins with what happens from now on. Resolves once that is written; never rejects. */
  start(): Promise<void>;
  view(): readonly TargetView[];
  /**
   * Starts nothing more, waits a moment for the answers to requests under way, so that an ordinary restart repeats none,
   * and writes how far each target is. What has no answer by then is sent again after the next start.
   */
  close(): Promise<void>;
}

/** Creates the notifier; nothing happens before `start`. */
export function createNotifier(
  targets: readonly NoticeTarget[],
  ports: NotifierPorts,
  options: NotifierOptions,
): Notifier {
  const { store, controller, clock, log } = ports;
  const { version, random } = options;
  const times = { ...TIMES, ...options.times };
  const courier = createCourier(clock, { timeLimitMs: times.limit, version });
  const ending = new AbortController();
  const { signal } = ending;
  const cutting = new AbortController();
  const followers = targets.map((target) =>
    createFollower({
      target,
      courier,
      ports,
      times,
      random,
      ending: signal,
      cutting: cutting.signal,
    }),
  );
  let running: Promise<unknown> = Promise.resolve();

  const pauseFor = (ms: number): Promise<void> =>
    sleep(ms, undefined, { signal }).catch(() => undefined);

  /** Where each target is; a new one is put where the log ends. Those that settings no longer name are forgotten. */
  const findPlaces = async (): Promise<ReadonlyMap<string, number>> => {
    const [known, newest] = await Promise.all([store.noticeCursors(), readNewestId(store)]);
    const names = new Set(targets.map(({ name }) => name));
    const changes = new Map<string, number | null>();
    for (const name of names) if (!known.has(name)) changes.set(name, newest);
    for (const name of known.keys()) if (!names.has(name)) changes.set(name, null);
    if (changes.size > 0) await store.saveNoticeCursors(changes);
    return new Map([...names].map((name) => [name, known.get(name) ?? newest]));
  };

  const tryToFindPlaces = async (): Promise<ReadonlyMap<string, number> | null> => {
    try {
      return await findPlaces();
    } catch (thrown) {
      log.warn(`notices: the state cannot be used, and is tried again: ${messageOf(thrown)}`);
      return null;
    }
  };

  /** What a pass did is in the log by its end. Looks without one make up for what came while a follower was busy. */
  const followPasses = async (): Promise<void> => {
    while (!signal.aborted) {
      await controller.nextPass(times.lookGap);
      for (const follower of followers) follower.wake();
      await pauseFor(times.lookGap);
    }
  };

  const run = async (found: ReadonlyMap<string, number> | null): Promise<void> => {
    let places = found;
    while (places === null) {
      await pauseFor(times.look);
      if (signal.aborted) return;
      places = await tryToFindPlaces();
    }
    const all = places;
    void followPasses();
    await Promise.all(followers.map((each) => each.follow(all.get(each.name) ?? 0)));
  };

  return {
    async start() {
      running = run(await tryToFindPlaces());
    },
    view: () => followers.map((follower) => follower.view()),
    async close() {
      ending.abort();
      for (const follower of followers) follower.wake();
      const grace = setTimeout(() => cutting.abort(), times.closeGrace);
      await running;
      clearTimeout(grace);
      for (const follower of followers) {
        await follower.finish().catch((thrown: unknown) => {
          log.warn(`notices to ${follower.name}: the place was not written: ${messageOf(thrown)}`);
        });
      }
      await courier.close();
    },
  };
}
