// A simulated device in virtual time: at each of its polls it does what its agent would, well or badly, and says to a
// witness what it says to the gateway. It knows nothing of what is behind the desk.

import type { Feedback } from '../../../controller/devices/feedback.ts';
import type { DeviceDesk } from '../../../controller/fleets/gateway/desk.ts';
import { createRandomStream, drawUnit } from '../../../controller/simulator/seeded-random.ts';
import type { Fate, Hardware, Manners } from './history.ts';
import type { Kind } from './kinds.ts';

/** What a device says, before it says it; and what it was given, after. */
export interface Witness {
  names(
    device: string,
    words: { readonly text: string; readonly boot: string | null; readonly hardware: Hardware },
  ): void;
  /** The device was heard at all. */
  heard(device: string): void;
  reportsFailure(device: string, actionId: number): void;
  gets(device: string, firmware: { readonly version: number; readonly sha256: string }): void;
  count(kind: Kind): void;
}

export interface VirtualDevice {
  readonly id: string;
  /** When in a round it polls, from 0 (included) to 1 (excluded). */
  readonly phase: number;
  /** What it runs in truth. */
  running(): number;
  /** Whether it is in the middle of something that it will end by itself. */
  isBusy(): boolean;
  /** A round passes in which it may talk: polls, and does what is due. */
  live(desk: DeviceDesk): Promise<void>;
  /** A round passes in which it hears nothing from anybody. */
  liveAlone(): void;
  setFate(fate: Fate): void;
  setManners(manners: Manners): void;
  setLazy(polls: number): void;
  setHardware(hardware: Hardware): void;
  beSilent(rounds: number): void;
  /** Somebody flashes it by hand. */
  reflash(version: number): void;
  /** From now on it does as it should. */
  behave(): void;
}

/** What makes a device the one it is. */
export interface DeviceTraits {
  readonly id: string;
  readonly product: string;
  readonly running: number;
  readonly hardware: Hardware;
  readonly boots: boolean;
  readonly dice: number;
  /** So many of a hundred attempts with a version end badly. */
  readonly spoiledPercent: (version: number) => number;
}

/** An action that the device works on. */
interface Work {
  readonly actionId: number;
  /** Polls until it fetches; null: it has. */
  pollsLeft: number | null;
  /** How it ends, and with what; drawn when it is fetched. */
  fate: Fate;
  version: number;
  /** Rounds until it ends. */
  roundsLeft: number;
}

const BAD_FATES: readonly Fate[] = ['fails', 'fails', 'fails', 'pretends', 'fallsBack', 'silent'];
const GOOD_FATES: readonly Fate[] = ['works', 'works', 'works', 'wordless', 'slow'];

/** Creates a device that was never heard from. */
export function createVirtualDevice(traits: DeviceTraits, witness: Witness): VirtualDevice {
  const { id, product, dice } = traits;
  const chance = createRandomStream(dice, id);
  const phase = drawUnit(chance);
  let { running, hardware } = traits;
  let bootCount = 1;
  let mustReport = true;
  let silentRounds = 0;
  let work: Work | null = null;
  let nextFate: Fate | null = null;
  let manners: Manners = 'answers';
  let lazyPolls = 0;
  let relapse: { readonly version: number; roundsLeft: number } | null = null;
  let isGood = false;

  function boot(version: number): void {
    running = version;
    bootCount += 1;
    mustReport = true;
  }

  function drawFate(version: number): Fate {
    const luck = drawUnit(chance) * 100;
    const which = drawUnit(chance);
    if (isGood) return 'works';
    if (nextFate !== null) {
      const fate = nextFate;
      nextFate = null;
      return fate;
    }
    const fates = luck < traits.spoiledPercent(version) ? BAD_FATES : GOOD_FATES;
    return fates[Math.floor(which * fates.length)] ?? 'works';
  }

  /** Time passes for what goes on inside the device. */
  function passRound(): void {
    if (silentRounds > 0) silentRounds -= 1;
    if (relapse !== null) {
      relapse.roundsLeft -= 1;
      if (relapse.roundsLeft <= 0) {
        boot(relapse.version);
        relapse = null;
        witness.count('fails: falls back');
      }
    }
    if (work !== null && work.pollsLeft === null) work.roundsLeft -= 1;
  }

  async function report(desk: DeviceDesk): Promise<void> {
    const text = String(running);
    const count = traits.boots ? String(bootCount) : null;
    witness.names(id, { text, boot: count, hardware });
    const status = await desk.report(product, id, {
      fw_version: text,
      hw: hardware,
      ...(count !== null && { boot: count }),
    });
    if (status === 200) mustReport = false;
  }

  async function finish(desk: DeviceDesk, { actionId, version, fate }: Work): Promise<void> {
    if (fate === 'stalls') return;
    work = null;
    if (fate === 'silent') {
      witness.count('fails: silent');
      silentRounds = 8;
      return;
    }
    if (fate === 'fails') {
      witness.count('fails: reports it');
      witness.reportsFailure(id, actionId);
      await desk.feedback(product, id, actionId, words('closed', 'failure'));
      return;
    }
    if (fate !== 'wordless') {
      await desk.feedback(product, id, actionId, words('closed', 'success'));
    }
    if (fate === 'pretends') {
      witness.count('fails: names the old version');
      boot(running);
      return;
    }
    if (fate === 'fallsBack') relapse = { version: running, roundsLeft: 3 };
    if (fate === 'slow') witness.count('slow');
    boot(version);
  }

  async function fetch(desk: DeviceDesk, begun: Work): Promise<void> {
    const fetched = await desk.fetch(product, id, begun.actionId);
    if (fetched.status !== 200) {
      work = null;
      return;
    }
    witness.gets(id, fetched);
    begun.pollsLeft = null;
    begun.version = fetched.version;
    begun.fate = drawFate(fetched.version);
  }

  async function answerCancel(desk: DeviceDesk, actionId: number): Promise<void> {
    witness.count('cancel offered');
    if (manners === 'ignores') {
      witness.count('cancel ignored');
      return;
    }
    if (manners === 'refuses') {
      witness.count('cancel refused');
      await desk.answerCancel(product, id, actionId, words('rejected', 'none'));
      return;
    }
    witness.count('cancel answered');
    if (work?.actionId === actionId) work = null;
    await desk.answerCancel(product, id, actionId, words('closed', 'success'));
  }

  async function takeOffer(desk: DeviceDesk, actionId: number): Promise<void> {
    if (work?.actionId !== actionId) {
      work = { actionId, pollsLeft: lazyPolls, fate: 'works', version: 0, roundsLeft: 0 };
    }
    if (work.pollsLeft === null) return;
    if (work.pollsLeft > 0) {
      work.pollsLeft -= 1;
      return;
    }
    await fetch(desk, work);
    if (work?.fate === 'slow') work.roundsLeft = 3;
    else if (work?.fate === 'stalls') work.roundsLeft = Infinity;
    else if (work !== null) work.roundsLeft = drawUnit(chance) < 0.5 ? 0 : 1;
    if (work?.roundsLeft === 0) {
      await finish(desk, work);
      if (mustReport && silentRounds === 0) await talk(desk);
    }
  }

  async function talk(desk: DeviceDesk): Promise<void> {
    witness.heard(id);
    const polled = await desk.poll(product, id);
    if (polled.status !== 200) return;
    if (polled.asksAttributes || mustReport) await report(desk);
    const { link } = polled;
    if (link === null) {
      if (work !== null && work.pollsLeft !== null) work = null;
    } else if (link.kind === 'cancel') await answerCancel(desk, link.actionId);
    else await takeOffer(desk, link.actionId);
  }

  return {
    id,
    phase,
    running: () => running,
    isBusy: () => work !== null || relapse !== null || silentRounds > 0 || mustReport,
    async live(desk) {
      passRound();
      if (silentRounds > 0) return;
      if (work !== null && work.pollsLeft === null && work.roundsLeft <= 0) {
        witness.heard(id);
        await finish(desk, work);
        if (silentRounds > 0) return;
      }
      await talk(desk);
    },
    liveAlone: passRound,
    setFate(fate) {
      nextFate = fate;
    },
    setManners(next) {
      manners = next;
    },
    setLazy(polls) {
      lazyPolls = polls;
    },
    setHardware(next) {
      hardware = next;
      mustReport = true;
    },
    beSilent(rounds) {
      silentRounds = Math.max(silentRounds, rounds);
    },
    reflash(version) {
      work = null;
      relapse = null;
      boot(version);
    },
    behave() {
      isGood = true;
      silentRounds = 0;
      lazyPolls = 0;
      manners = 'answers';
      if (relapse !== null) relapse = null;
      if (work !== null && (work.fate !== 'works' || work.roundsLeft > 3)) work = null;
    },
  };
}

function words(execution: Feedback['execution'], finished: Feedback['finished']): Feedback {
  return { execution, finished, progress: null, code: null, details: [] };
}
