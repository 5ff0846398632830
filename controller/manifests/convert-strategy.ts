// Turns the strategy of a Release that fits its schema into the resolved one: defaults filled in, shares as numbers,
// times in milliseconds and minutes. Whether its values make sense together is asked in `contradictions.ts`.

import { assert } from '../base/assert.ts';
import { parseDuration } from '../base/duration.ts';
import type { RateSpec, StepSpec, StrategySpec, WindowSpec } from '../model/desired.ts';
import { DIRECT_STRATEGY } from '../model/desired.ts';
import type { ReleaseManifest } from '../model/schema-types.ts';

type Strategy = NonNullable<ReleaseManifest['spec']['strategy']>;
type Step = NonNullable<Strategy['steps']>[number];
type Window = NonNullable<Strategy['windows']>[number];

/** Converts a strategy; without one, and for what one leaves out, it is that of a direct release. */
export function convertStrategy(strategy: Strategy | undefined): StrategySpec {
  const { steps, rate, windows = [], halt = {}, onRollback } = strategy ?? {};
  const direct = DIRECT_STRATEGY;
  return {
    steps: steps === undefined ? direct.steps : steps.map(convertStep),
    rate: rate === undefined ? null : convertRate(rate),
    windows: windows.map(convertWindow),
    halt: {
      failureRate: readPercent(halt.failureRate) ?? direct.halt.failureRate,
      minAttempts: halt.minAttempts ?? direct.halt.minAttempts,
      action: halt.action ?? direct.halt.action,
    },
    onRollback: onRollback ?? direct.onRollback,
  };
}

/** `25%` as 25, nothing as null. */
export function readPercent(text: string | undefined): number | null {
  return text === undefined ? null : Number(text.slice(0, -1));
}

/** Hundredths of a percent: `12.5%` as 1250. The text fits the schema's pattern for exposures. */
export function readExposure(text: string): number {
  return Math.round(Number(text.slice(0, -1)) * 100);
}

/** Milliseconds of a text that fits the schemas' pattern for durations. */
export function readDuration(text: string): number {
  const ms = parseDuration(text);
  assert(ms !== null, `the schema let ${text} pass as a duration`);
  return ms;
}

function convertStep(step: Step): StepSpec {
  return {
    name: step.name,
    exposure: readExposure(step.exposure),
    minDevices: step.minDevices ?? 1,
    soakMs: readDuration(step.soak ?? '0s'),
    successes: step.successes ?? 1,
    approval: step.approval === 'required',
  };
}

const UNITS_MS: Readonly<Record<string, number>> = {
  s: 1_000,
  min: 60_000,
  h: 3_600_000,
  day: 86_400_000,
};

function convertRate(text: string): RateSpec {
  const [flashes = '', unit = ''] = text.split('/');
  const perMs = UNITS_MS[unit];
  assert(perMs !== undefined, `the schema let ${text} pass as a rate`);
  return { flashes: Number(flashes), perMs };
}

function convertWindow({ days, from, to, timezone }: Window): WindowSpec {
  return { days, fromMinute: readMinute(from), toMinute: readMinute(to), timezone };
}

/** Minutes since midnight of `HH:MM`. */
function readMinute(text: string): number {
  const [hours = '', minutes = ''] = text.split(':');
  return Number(hours) * 60 + Number(minutes);
}
