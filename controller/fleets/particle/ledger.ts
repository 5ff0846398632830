// What the driver last brought about at Particle, kept in the state: what differs from it there is another hand's work,
// and what differs from it in the manifests is still to be done. So the two are never mistaken for one another, also
// after a restart.

import type { EpochMs } from '../../base/clock.ts';
import type { Heading } from './heading.ts';
import type { OwnLock } from './place-device.ts';

export interface Ledger {
  /** The version last released to everyone else; absent: never. */
  readonly everyone?: number;
  /** The version last released to a group, by its name. Reserved groups are not in here. */
  readonly groups: Readonly<Record<string, number>>;
  /** The members that a group was last given. */
  readonly members: Readonly<Record<string, readonly string[]>>;
  /** The version that a device was last locked to. */
  readonly locks: Readonly<Record<string, number>>;
  /** Locks among them that no manifest asks for. */
  readonly own: Readonly<Record<string, OwnLock>>;
  /** Devices that are let arrive where Particle was bringing them before it was known. */
  readonly headings: Readonly<Record<string, Heading>>;
  /** Things that somebody else keeps changing back. */
  readonly fights: Readonly<Record<string, Fight>>;
  /** SHA-256 of the binaries that Particle holds, by version; looked at once. */
  readonly digests: Readonly<Record<string, string>>;
}

export interface Fight {
  readonly rounds: number;
  readonly since: EpochMs;
}

export const EMPTY_LEDGER: Ledger = {
  groups: {},
  members: {},
  locks: {},
  own: {},
  headings: {},
  fights: {},
  digests: {},
};

/** Reads a ledger back; an empty one where there is none, or it is unreadable: then nothing is known to be ours. */
export function readLedger(text: string | null): Ledger {
  if (text === null) return EMPTY_LEDGER;
  try {
    return { ...EMPTY_LEDGER, ...(JSON.parse(text) as Partial<Ledger>) };
  } catch {
    return EMPTY_LEDGER;
  }
}

/** After so many rounds within a day the other hand has its way, and a person is told. */
export const FIGHT_ROUNDS_MAX = 3;
const FIGHT_MS = 86_400_000;

/** How a thing stands: as wanted, to be brought about, or changed by somebody else. */
export type Standing = 'settled' | 'due' | 'drifted';

/** Compares what was last brought about, what is, and what is wanted; null stands for nothing. */
export function judge(
  last: number | null,
  present: number | null,
  wanted: number | null,
): Standing {
  if (present === wanted) return 'settled';
  return last === wanted ? 'drifted' : 'due';
}

/** Whether a fight over a thing is given up. */
export function isGivenUp(ledger: Ledger, thing: string, now: EpochMs): boolean {
  const fight = ledger.fights[thing];
  return fight !== undefined && now - fight.since < FIGHT_MS && fight.rounds >= FIGHT_ROUNDS_MAX;
}

/** The fights after another round of one. */
export function countRound(ledger: Ledger, thing: string, now: EpochMs): Ledger['fights'] {
  const fight = ledger.fights[thing];
  const goesOn = fight !== undefined && now - fight.since < FIGHT_MS;
  const next = goesOn ? { ...fight, rounds: fight.rounds + 1 } : { rounds: 1, since: now };
  return { ...ledger.fights, [thing]: next };
}
