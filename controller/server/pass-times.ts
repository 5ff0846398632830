// How long the reconciler's passes take, for the metrics. It is told of each pass before there is a server that shows it.

import { Histogram } from 'prom-client';

import type { PassReport } from '../reconciler/ports.ts';

export interface PassTimes {
  readonly observe: (pass: PassReport) => void;
  readonly histogram: Histogram<'outcome'>;
}

/** From a pass that finds nothing to do, to one that waits for the download of a large binary. */
const BOUNDS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60];

/** Creates one without any pass. */
export function createPassTimes(): PassTimes {
  const histogram = new Histogram({
    name: 'lockstep_reconcile_duration_seconds',
    help: 'How long the passes of the reconciler took, by outcome (ok, failed).',
    labelNames: ['outcome'],
    buckets: BOUNDS,
    registers: [],
  });
  // Both are there from the start, so that a rate of failures is known before the first.
  for (const outcome of ['ok', 'failed']) histogram.zero({ outcome });
  return {
    histogram,
    observe: ({ seconds, outcome }) => histogram.observe({ outcome }, seconds),
  };
}
