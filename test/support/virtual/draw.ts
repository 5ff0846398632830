// Draws from a stream of random numbers that replays.

import type { RandomStream } from '../../../controller/simulator/seeded-random.ts';
import { drawUnit } from '../../../controller/simulator/seeded-random.ts';

/** A whole number from `least` to `most`, both included. */
export function drawInteger(chance: RandomStream, least: number, most: number): number {
  return least + Math.floor(drawUnit(chance) * (most - least + 1));
}

/** Like `drawInteger`, but small numbers are by far more likely. */
export function drawSmall(chance: RandomStream, least: number, most: number): number {
  const luck = drawUnit(chance);
  return least + Math.floor(luck ** 7 * (most - least + 1));
}

/** One of several, each as likely as the others. */
export function pick<T>(chance: RandomStream, choices: readonly T[]): T {
  const choice = choices[Math.floor(drawUnit(chance) * choices.length)];
  if (choice === undefined) throw new Error('there is nothing to pick from');
  return choice;
}

/** Whether something of a likelihood from 0 to 1 happens. */
export function isLikely(chance: RandomStream, likelihood: number): boolean {
  return drawUnit(chance) < likelihood;
}
