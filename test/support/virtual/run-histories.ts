// Plays many random histories and tells of the first that breaks something, in words that replay it. Seeds are fresh in
// each run. LOCKSTEP_SEED names the seed of the first history instead, and LOCKSTEP_HISTORIES says how many are played.

import { expect } from 'vitest';

import { askedHistories, firstSeed, SEEDS } from '../history-seeds.ts';
import { renderHistory } from './history-text.ts';
import type { Occurrences } from './kinds.ts';
import { KINDS, noOccurrences } from './kinds.ts';
import { makeHistory } from './make-history.ts';
import { nameOf, playHistory } from './play-history.ts';
import { createVirtualStates } from './virtual-state.ts';

/** Histories that are played where nothing else is said, by all files together: below a minute of a core. */
const HISTORIES = 1_000;

/** In so many histories, everything that can happen does. */
const TELLING_HISTORIES = 1_000;

/** Which part of the histories a test file plays, of how many. */
export interface Part {
  readonly number: number;
  readonly of: number;
}

/** Plays a part of the histories; fails at the first that breaks an invariant, and where a kind of event never occurred. */
export async function checkHistories(part: Part): Promise<void> {
  const first = firstSeed();
  const total = askedHistories() ?? HISTORIES;
  const occurred = noOccurrences();
  const states = createVirtualStates();
  let played = 0;
  try {
    for (let index = part.number - 1; index < total; index += part.of) {
      await checkHistory(states, (first + index) % SEEDS, occurred);
      played += 1;
    }
  } finally {
    await states.close();
    report(first, part, played, occurred);
  }
  if (played < TELLING_HISTORIES) return;
  expect(
    KINDS.filter((kind) => occurred[kind] === 0),
    'kinds of events that never occurred',
  ).toEqual([]);
}

async function checkHistory(
  states: ReturnType<typeof createVirtualStates>,
  seed: number,
  occurred: Occurrences,
): Promise<void> {
  const history = makeHistory(seed);
  try {
    await playHistory(await states.next(), history, nameOf(history.setup), (kind) => {
      occurred[kind] += 1;
    });
  } catch (thrown) {
    const why = thrown instanceof Error ? thrown.message : String(thrown);
    const replay = `LOCKSTEP_SEED=${seed} LOCKSTEP_HISTORIES=1`;
    throw new Error(
      `${why}\n\nReplay with ${replay}, or as a file of test/scenario/staged:\n\n${renderHistory(history)}`,
      { cause: thrown },
    );
  }
}

function report(first: number, part: Part, played: number, occurred: Occurrences): void {
  const counts = KINDS.map((kind) => `${kind} ${occurred[kind]}`).join(', ');
  process.stdout.write(
    `staged histories, part ${part.number} of ${part.of}: ${played} from LOCKSTEP_SEED=${first}\n  ${counts}\n`,
  );
}
