// Bounds of durations, which a JSON Schema cannot state. The form of a duration is the schemas' business.

import { formatDuration, parseDuration } from '../base/duration.ts';
import type { Kind } from '../model/desired.ts';

/** A duration outside its bounds. */
export interface DurationMistake {
  /** Dotted path of the value. */
  readonly path: string;
  readonly message: string;
  readonly remedy: string;
}

const DAY_MS = 86_400_000;
const YEARS_10_MS = 3_650 * DAY_MS;

type Bounds = readonly [minMs: number, maxMs: number, example: string];

/** Durations of a Product, with their bounds in milliseconds and an example. */
const BOUNDS: Readonly<Record<string, Bounds>> = {
  'spec.fleet.pollInterval': [1_000, DAY_MS - 1_000, '5m'],
  'spec.fleet.attemptTimeout': [1_000, YEARS_10_MS, '24h'],
  'spec.fleet.rebootGrace': [0, YEARS_10_MS, '15m'],
  'spec.fleet.forgetAfter': [1_000, YEARS_10_MS, '90d'],
  'spec.verification.soak': [0, YEARS_10_MS, '1h'],
};

/** Of the soak of a step. */
const SOAK_BOUNDS: Bounds = [0, YEARS_10_MS, '24h'];

/** Durations out of bounds in a document of a kind, whatever else is wrong with it. */
export function checkDurations(kind: Kind, value: unknown): readonly DurationMistake[] {
  if (kind === 'Release') return checkBounds(value, boundSoaks(value));
  if (kind !== 'Product') return [];
  return [...checkBounds(value, BOUNDS), ...checkClaimedSoak(value)];
}

/** A soak is met by a report asked for after its end, which an agent that only claims success never gives. */
function checkClaimedSoak(value: unknown): readonly DurationMistake[] {
  const path = 'spec.verification.soak';
  const soak = pickValue(value, path.split('.'));
  const evidence = pickValue(value, ['spec', 'verification', 'evidence']);
  if (evidence !== 'claimed' || typeof soak !== 'string' || !parseDuration(soak)) return [];
  return [
    {
      path,
      message:
        'A soak can never be met with `evidence: claimed`: nobody is asked what runs after it.',
      remedy: 'Write `soak: 0s`, or have devices name their version and use `evidence: reported`.',
    },
  ];
}

function boundSoaks(value: unknown): Readonly<Record<string, Bounds>> {
  const steps = pickValue(value, ['spec', 'strategy', 'steps']);
  const count = Array.isArray(steps) ? steps.length : 0;
  const paths = Array.from({ length: count }, (_, index) => `spec.strategy.steps.${index}.soak`);
  return Object.fromEntries(paths.map((path) => [path, SOAK_BOUNDS]));
}

function checkBounds(
  value: unknown,
  bounds: Readonly<Record<string, Bounds>>,
): readonly DurationMistake[] {
  return Object.entries(bounds).flatMap(([path, [minMs, maxMs, example]]) => {
    const text = pickValue(value, path.split('.'));
    const ms = typeof text === 'string' ? parseDuration(text) : null;
    if (ms === null || (ms >= minMs && ms <= maxMs)) return [];
    return {
      path,
      message: `\`${path}\` is ${String(text)}, but must be from ${formatDuration(minMs)} to ${formatDuration(maxMs)}.`,
      remedy: `Write for example \`${path.slice(path.lastIndexOf('.') + 1)}: ${example}\`.`,
    };
  });
}

function pickValue(value: unknown, path: readonly string[]): unknown {
  let at = value;
  for (const key of path) {
    if (typeof at !== 'object' || at === null || !Object.hasOwn(at, key)) return undefined;
    at = (at as Readonly<Record<string, unknown>>)[key];
  }
  return at;
}
