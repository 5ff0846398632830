// Random strategies, with soaks of a few rounds.

import type {
  HaltSpec,
  RateSpec,
  StepSpec,
  StrategySpec,
  Weekday,
  WindowSpec,
} from '../../../controller/model/desired.ts';
import { DIRECT_STRATEGY } from '../../../controller/model/desired.ts';
import type { RandomStream } from '../../../controller/simulator/seeded-random.ts';
import { drawInteger, isLikely, pick } from './draw.ts';
import type { Setup } from './history.ts';

const WEEK: readonly Weekday[] = ['Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat', 'Sun'];

/** Draws a strategy of one to five steps, or none at all. */
export function drawStrategy(chance: RandomStream, setup: Setup): StrategySpec {
  if (isLikely(chance, 0.12)) return DIRECT_STRATEGY;
  const count = pick(chance, [1, 2, 2, 3, 3, 4, 5]);
  const exposures = new Set<number>();
  while (exposures.size < count - 1) {
    exposures.add(pick(chance, [100, 500, 1_000, 2_000, 2_500, 4_000, 5_000, 7_500, 9_900]));
  }
  const rising = [...exposures].sort((one, other) => one - other);
  return {
    steps: [...rising, 10_000].map((exposure, index) => drawStep(chance, setup, exposure, index)),
    rate: isLikely(chance, 0.25) ? drawRate(chance, setup) : null,
    windows: setup.pollMinutes >= 60 && isLikely(chance, 0.3) ? [drawWindow(chance, setup)] : [],
    halt: drawHalt(chance),
    onRollback: isLikely(chance, 0.85) ? 'direct' : 'staged',
  };
}

function drawStep(
  chance: RandomStream,
  { pollMinutes }: Setup,
  exposure: number,
  index: number,
): StepSpec {
  return {
    name: exposure === 10_000 ? 'all' : (['canary', 'second', 'third', 'fourth'][index] ?? 'more'),
    exposure,
    minDevices: isLikely(chance, 0.6) ? drawInteger(chance, 1, 4) : 0,
    soakMs: isLikely(chance, 0.5) ? drawInteger(chance, 1, 4) * pollMinutes * 60_000 : 0,
    successes: drawInteger(chance, 1, 3),
    approval: isLikely(chance, 0.15),
  };
}

function drawRate(chance: RandomStream, { pollMinutes }: Setup): RateSpec {
  const rounds = pick(chance, [0.5, 1, 2, 6]);
  // What takes a whole fleet too many rounds says no more.
  const flashes = rounds > 2 ? 3 : drawInteger(chance, 1, 3);
  return { flashes, perMs: rounds * pollMinutes * 60_000 };
}

function drawWindow(chance: RandomStream, { pollMinutes }: Setup): WindowSpec {
  const fromMinute = drawInteger(chance, 0, 23) * 60;
  // A device that always polls while the window is closed would wait for ever.
  const length = Math.max(pollMinutes, drawInteger(chance, 6, 18) * 60);
  const until = (fromMinute + length) % 1_440;
  return {
    days: isLikely(chance, 0.7) ? WEEK : ['Mon', 'Tue', 'Wed', 'Thu', 'Fri'],
    fromMinute,
    toMinute: until === 0 ? 1_440 : until,
    timezone: pick(chance, ['UTC', 'Asia/Kolkata']),
  };
}

function drawHalt(chance: RandomStream): HaltSpec {
  return {
    failureRate: pick(chance, [2, 10, 30, 50]),
    minAttempts: drawInteger(chance, 1, 4),
    action: isLikely(chance, 0.5) ? 'hold' : 'rollback',
  };
}
