// Rollouts of a real fleet that people stopped, with the strategy that `lockstep init` writes in the place of their time
// ramp: how far a bad build would have got. What is replayed of them and what is made up is said in the output.

import { availableParallelism } from 'node:os';
import { join } from 'node:path';

import type { StrategySpec } from '../controller/model/desired.ts';
import type { Player } from './children/player.ts';
import type { Bench, Figure } from './support/bench.ts';
import { startChild } from './support/child.ts';
import {
  FAULTS,
  FLEET,
  HEALTHY_FLEETS,
  healthyCase,
  incidentCase,
  INCIDENTS,
  offeredShare,
  ORDINARY_SHARES,
  type Cell,
  type Fault,
  type HealthyRelease,
  type IncidentResults,
} from './support/incidents.ts';
import { compare } from './support/measure.ts';
import { renderIncidents } from './support/render-incidents.ts';
import { readStarterStrategy } from './support/starter-release.ts';
import type { PlayedRelease, ReleaseCase } from './support/virtual/play-release.ts';

const HOUR_MS = 3_600_000;

/** More processes than this gain nothing: the cases are few. */
const PLAYERS_MAX = 8;

/** Where the time until a fault shows is spread: from half to one and a half times as long. */
const SPREAD = 0.5;

/** Faults that are also tried with such a spread: those that show late, and often enough to be noticed. */
const SPREAD_FAULTS: readonly Fault[] = FAULTS.filter(
  ({ share, afterMs }) => share >= 0.05 && afterMs >= 6 * HOUR_MS,
);

/** `incidents` */
export const incidentsBench: Bench = {
  name: 'incidents',
  async run({ folder, tell, print }) {
    const strategy = await readStarterStrategy(join(folder, 'starter'));
    const results = await playAll(strategy, tell);
    print(renderIncidents(results));
    return [describeMedian(results.cells)];
  },
};

async function playAll(
  strategy: StrategySpec,
  tell: (line: string) => void,
): Promise<IncidentResults> {
  const pairs = pairAll(FAULTS);
  const spreadPairs = pairAll(SPREAD_FAULTS);
  const fleets = ORDINARY_SHARES.flatMap((share) =>
    Array.from({ length: HEALTHY_FLEETS }, (_, fleet) => ({ share, fleet })),
  );
  const cases = [
    ...pairs.map(({ incident, fault }) => incidentCase(strategy, incident, fault, 0)),
    ...spreadPairs.map(({ incident, fault }) => incidentCase(strategy, incident, fault, SPREAD)),
    ...fleets.map(({ share, fleet }) => healthyCase(strategy, share, fleet)),
  ];
  tell(`${cases.length} releases to ${FLEET.devices.toLocaleString('en-US')} devices each`);
  const played = await playCases(cases, tell);
  const take = (index: number): PlayedRelease => {
    const one = played[index];
    if (one === undefined) throw new Error(`case ${index} was not played`);
    return one;
  };
  return {
    strategy,
    cells: pairs.map((pair, index): Cell => ({ ...pair, played: take(index) })),
    spreadCells: spreadPairs.map((pair, index): Cell => ({
      ...pair,
      played: take(pairs.length + index),
    })),
    healthy: fleets.map(({ share }, index): HealthyRelease => ({
      share,
      played: take(pairs.length + spreadPairs.length + index),
    })),
  };
}

function pairAll(faults: readonly Fault[]): readonly Omit<Cell, 'played'>[] {
  return INCIDENTS.flatMap((incident) => faults.map((fault) => ({ incident, fault })));
}

/** Plays cases on all cores; the answers are in the order of the cases. */
async function playCases(
  cases: readonly ReleaseCase[],
  tell: (line: string) => void,
): Promise<readonly PlayedRelease[]> {
  const played: PlayedRelease[] = [];
  const players = Array.from({ length: Math.min(PLAYERS_MAX, availableParallelism()) }, () =>
    startChild<Player>('player.ts'),
  );
  let next = 0;
  try {
    await Promise.all(
      players.map(async (player) => {
        for (;;) {
          const index = next;
          const one = cases[index];
          if (one === undefined) return;
          next += 1;
          played[index] = await player.ask('play', one);
          if (index > 0 && index % 50 === 0) tell(`${index} of ${cases.length}`);
        }
      }),
    );
  } finally {
    await Promise.all(players.map((player) => player.stop()));
  }
  return played;
}

function describeMedian(cells: readonly Cell[]): Figure {
  const { ours, baseline, ratio } = compare(
    cells.map(({ played }) => 100 * offeredShare(played)),
    cells.map(({ incident }) => 100 * incident.offeredShare),
  );
  return {
    bench: 'incidents',
    what: 'offered when it is halted',
    devices: FLEET.devices,
    unit: '%',
    ours,
    baseline: { name: 'what a time ramp had offered when a person stopped it', value: baseline },
    ratio,
    target: { of: 'ours', limit: 'at most', value: 5 },
    note: 'median over all incidents and faults; see the table for what is replayed and what is made up',
  };
}
