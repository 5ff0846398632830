// A device that goes on with its work whatever happens to the controller, keeps count of what was acknowledged, and
// complains about being told to do anything twice.

import { setTimeout as pause } from 'node:timers/promises';

import type { DeviceHand, Polled } from '../../support/device-hand.ts';

/** What the controller said that it has taken. */
export interface Kept {
  isRegistered: boolean;
  /** Number of the last report that was acknowledged, and of the last that was sent. */
  word: number;
  wordSent: number;
  /** Words of feedback by action. */
  readonly feedback: Map<number, string[]>;
  /** Actions that were ended. */
  readonly closed: Set<number>;
}

export interface TirelessDevice {
  readonly id: string;
  readonly kept: Kept;
  readonly running: string;
  /** Polls in a row that had nothing for it. */
  readonly restedPolls: number;
  /** Begins to count these polls anew. */
  disturb(): void;
  /**
   * Works until the connection is gone or `tick`, which is called after each acknowledgement, returns false. Throws
   * where it is told to do again what it has done.
   */
  work(hand: DeviceHand, tick: () => boolean): Promise<void>;
}

/** Least time between two polls that bring nothing, so that four devices do not keep the machine busy. */
const IDLE_MS = 5;

class Over extends Error {}

/** Creates a device; one that is `clumsy` fails at its first attempt. */
export function createTirelessDevice(id: string, version: string, clumsy: boolean): TirelessDevice {
  const kept: Kept = {
    isRegistered: false,
    word: 0,
    wordSent: 0,
    feedback: new Map(),
    closed: new Set(),
  };
  let running = version;
  let named: string | null = null;
  let claimed: string | null = null;
  let failsNext = clumsy;
  let restedPolls = 0;
  let words = 0;

  async function report(hand: DeviceHand): Promise<boolean> {
    kept.wordSent += 1;
    const word = kept.wordSent;
    if ((await hand.report(running, { word: String(word) })) !== 200) return false;
    kept.word = word;
    named = running;
    return true;
  }

  async function tell(
    hand: DeviceHand,
    action: number,
    execution: string,
    finished: string,
  ): Promise<boolean> {
    words += 1;
    const text = `${id} says ${words}`;
    const status = await hand.feedback(action, execution, finished, text);
    if (status !== 200) return false;
    if (execution === 'closed') kept.closed.add(action);
    // A final word that is repeated is acknowledged without being kept again.
    else kept.feedback.set(action, [...(kept.feedback.get(action) ?? []), text]);
    return true;
  }

  async function install(
    hand: DeviceHand,
    href: string,
    action: number,
    tick: () => void,
  ): Promise<void> {
    const offer = await hand.read(href);
    if (offer.status !== 200) return;
    if (offer.version === running && (named === running || claimed === running)) {
      throw new Error(`${id} runs ${running}, and is told to install it again by action ${action}`);
    }
    const got = await hand.download(offer.artifact);
    if (got.status !== 200 || got.broken) return;
    if (got.sha256 !== offer.sha256) throw new Error(`${id} got the wrong bytes`);
    if (await tell(hand, action, 'proceeding', 'none')) tick();
    const fails = failsNext;
    if (!fails) running = offer.version;
    if (!(await tell(hand, action, 'closed', fails ? 'failure' : 'success'))) return;
    failsNext = false;
    if (!fails) claimed = offer.version;
    tick();
    if (await report(hand)) tick();
  }

  async function follow(hand: DeviceHand, polled: Polled, tick: () => void): Promise<void> {
    const { link, asks } = polled;
    if (link !== null && kept.closed.has(link.id)) {
      throw new Error(`action ${link.id} of ${id} is offered again after its end`);
    }
    restedPolls = link === null && !asks ? restedPolls + 1 : 0;
    if (link?.kind === 'cancel') {
      if ((await hand.cancelFeedback(link.id, 'closed', 'success')) === 200) {
        kept.closed.add(link.id);
        tick();
      }
    } else if (link !== null) await install(hand, link.href, link.id, tick);
    else if (asks && (await report(hand))) tick();
    else if (!asks) await pause(IDLE_MS);
  }

  return {
    id,
    kept,
    get running() {
      return running;
    },
    get restedPolls() {
      return restedPolls;
    },
    disturb() {
      restedPolls = 0;
    },
    async work(hand, tick) {
      const go = (): void => {
        if (!tick()) throw new Over();
      };
      try {
        for (;;) {
          const polled = await hand.poll();
          if (polled.status === 200) kept.isRegistered = true;
          go();
          if (polled.status === 200) await follow(hand, polled, go);
          else await pause(IDLE_MS);
        }
      } catch (thrown) {
        if (thrown instanceof Over || isDisconnected(thrown)) return;
        throw thrown;
      }
    },
  };
}

function isDisconnected(thrown: unknown): boolean {
  const code = thrown instanceof Error && 'code' in thrown ? String(thrown.code) : '';
  return /^(ECONNREFUSED|ECONNRESET|EPIPE|UND_ERR_SOCKET|UND_ERR_DESTROYED)$/.test(code);
}
