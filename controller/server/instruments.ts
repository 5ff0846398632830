// The kinds of metrics that are used here, made in one way. Totals are counted where they happen, as plain numbers, and
// only copied when they are asked for.

import { Counter, Gauge, type LabelValues, type Registry } from 'prom-client';

/** A counter whose total is counted elsewhere. */
export interface CopiedCounter<L extends string> {
  /** Sets the total so far. */
  set(labels: LabelValues<L>, total: number): void;
  /** Forgets all labels. */
  reset(): void;
}

export interface Instruments {
  readonly gauge: <L extends string>(
    name: string,
    help: string,
    labelNames?: readonly L[],
  ) => Gauge<L>;
  readonly counter: <L extends string>(
    name: string,
    help: string,
    labelNames: readonly L[],
  ) => CopiedCounter<L>;
}

/** Makes metrics that are shown by a registry. */
export function createInstruments(registry: Registry): Instruments {
  const registers = [registry];
  return {
    gauge: (name, help, labelNames = []) =>
      new Gauge({ name, help, labelNames: [...labelNames], registers }),
    counter(name, help, labelNames) {
      const counter = new Counter({ name, help, labelNames: [...labelNames], registers });
      return {
        set(labels, total) {
          counter.remove(labels);
          counter.inc(labels, total);
        },
        reset: () => counter.reset(),
      };
    },
  };
}
