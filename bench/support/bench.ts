// What a bench is, and what it finds: figures, each measured against a baseline in the same run. How figures are
// printed is in `render.ts`; how often things are repeated, in `measure.ts`.

import type { FleetStates } from './fleet-states.ts';
import type { Spread } from './measure.ts';

/** One measured comparison. */
export interface Figure {
  /** The bench and what it looked at, such as `plan` and `whole plan, git source`. */
  readonly bench: string;
  readonly what: string;
  /** Size of the fleet; null where no fleet has a part in it. */
  readonly devices: number | null;
  /** Unit of `ours` and `baseline.value`. */
  readonly unit: string;
  readonly ours: Spread;
  readonly baseline: { readonly name: string; readonly value: Spread };
  /** Ours over the baseline, round by round. */
  readonly ratio: Spread;
  readonly target: Target | null;
  /** The rounds were disturbed so much that they neither meet nor miss a target. */
  readonly isVoid?: boolean;
  /** What one has to know to read the figure; null: nothing. */
  readonly note: string | null;
}

/** A limit on the median ratio, or on the median of ours where `of` says so. */
export interface Target {
  readonly of: 'ratio' | 'ours';
  readonly limit: 'at most' | 'at least';
  readonly value: number;
}

/** What every bench is given. */
export interface BenchContext {
  /** A folder of this bench alone; removed after the run. */
  readonly folder: string;
  /** Sizes of fleets, ascending. */
  readonly sizes: readonly number[];
  /** Rounds of each measurement, after one that does not count. */
  readonly rounds: number;
  readonly states: FleetStates;
  /** Says on stderr what is being done. */
  readonly tell: (line: string) => void;
  /** Writes text for people to stdout, before the table of figures. */
  readonly print: (text: string) => void;
}

export interface Bench {
  readonly name: string;
  /** It takes minutes, and runs only where it is asked for. */
  readonly onlyByName?: true;
  readonly run: (context: BenchContext) => Promise<readonly Figure[]>;
}

/** Whether a figure meets its target; null where it has none, or where it is void. */
export function meetsTarget({ target, ratio, ours, isVoid = false }: Figure): boolean | null {
  if (target === null || isVoid) return null;
  const { median } = target.of === 'ratio' ? ratio : ours;
  return target.limit === 'at most' ? median <= target.value : median >= target.value;
}
