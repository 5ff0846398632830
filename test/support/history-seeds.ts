// Which random histories a run plays. Seeds are fresh in each run. LOCKSTEP_SEED names the seed of the first history
// instead, and LOCKSTEP_HISTORIES says how many are played.

import { createRandomStream, drawUnit } from '../../controller/simulator/seeded-random.ts';

/** Seeds are below this; neighbouring ones have nothing in common. */
export const SEEDS = 1_000_000_000;

/** The seed of the first history. */
export function firstSeed(): number {
  return readSeed() ?? drawSeed();
}

/** The seed that somebody asked for; null: nobody did. */
export function readSeed(): number | null {
  return readNumber('LOCKSTEP_SEED');
}

/** How many histories somebody asked for; null: nobody did. */
export function askedHistories(): number | null {
  return readNumber('LOCKSTEP_HISTORIES');
}

/** Files of one run draw apart from one another; that they do not share a seed loses nothing. */
function drawSeed(): number {
  const stream = createRandomStream(Date.now(), String(process.pid));
  return Math.floor(drawUnit(stream) * SEEDS);
}

function readNumber(name: string): number | null {
  const text = process.env[name];
  if (text === undefined || text === '') return null;
  const value = Number(text);
  if (!Number.isInteger(value) || value < 0) throw new Error(`${name} is no whole number: ${text}`);
  return value;
}
