// Durations counted in steps of ten microseconds, so that counting one costs nothing beside what is measured.

export interface Histogram {
  add(ms: number): void;
  count(): number;
  /** Milliseconds that the given share of the durations did not exceed, to one step; a second stands for more. */
  quantile(share: number): number;
}

const STEPS_PER_MS = 100;
const STEPS = 1_000 * STEPS_PER_MS;

/** Creates an empty histogram. */
export function createHistogram(): Histogram {
  const counts = new Uint32Array(STEPS + 1);
  let total = 0;
  return {
    add(ms) {
      const step = Math.min(STEPS, Math.ceil(ms * STEPS_PER_MS));
      counts[step] = (counts[step] ?? 0) + 1;
      total += 1;
    },
    count: () => total,
    quantile(share) {
      let left = Math.ceil(total * share);
      for (let step = 0; step <= STEPS; step += 1) {
        left -= counts[step] ?? 0;
        if (left <= 0) return step / STEPS_PER_MS;
      }
      return STEPS / STEPS_PER_MS;
    },
  };
}
