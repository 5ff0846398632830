// What the oracle keeps of each release between two passes, and how it counts the devices of one.

import type { ReleaseState } from '../../../controller/model/rollout.ts';
import type { Books, Standing } from './books.ts';
import { devicesOf, isSurelyAwake, positionIn, runs } from './books.ts';

/** What the oracle keeps of the releases to one group, or to the product. */
export interface Notes {
  /** Devices that ran the version when the current step began. */
  runningBefore: number;
  /** Served time at which the step's soak began; null: it has not. */
  soakSince: number | null;
  /** The base when the release in force began. */
  baseBefore: number | null;
  /** How many devices the exposure was for, where `minDevices` made it what it is; else null. */
  meantFor: number | null;
}

/** The notes by group; null: of the product. */
export type RolloutNotes = Map<string | null, Notes>;

/** The devices of a release within a limit, as the oracle counts them. */
export interface Counts {
  readonly devices: number;
  readonly awake: number;
  readonly running: number;
}

/** A release as it was before a pass, as far as it counts for what the pass may do. */
export type Before = Pick<ReleaseState, 'step' | 'limit' | 'halt' | 'finishedAt'>;

/** A release that has not reached anybody. */
export const NOT_BEGUN: Before = { step: null, limit: 0, halt: null, finishedAt: null };

/** The notes of a group, or of the product; empty ones where there are none yet. */
export function notesOf(notes: RolloutNotes, group: string | null): Notes {
  const known = notes.get(group) ?? {
    runningBefore: 0,
    soakSince: null,
    baseBefore: null,
    meantFor: null,
  };
  notes.set(group, known);
  return known;
}

/** Counts the devices of a release within a limit. */
export function countWithin(books: Books, release: Standing, limit: number): Counts {
  const within = devicesOf(books, release).filter((id) => positionIn(books, id, release) < limit);
  return {
    devices: within.length,
    awake: within.filter((id) => isSurelyAwake(books, id)).length,
    running: within.filter((id) => runs(books, id, release.spec.version)).length,
  };
}

/** The smallest limit below which there are so many devices, or all there are. */
export function leastLimit(books: Books, release: Standing, devices: number): number {
  if (devices === 0) return 0;
  const positions = devicesOf(books, release)
    .map((id) => positionIn(books, id, release))
    .sort((one, other) => one - other);
  const last = positions[Math.min(devices, positions.length) - 1];
  return last === undefined ? 0 : last + 1;
}
