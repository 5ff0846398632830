// The limit on strangers that register in a minute. Counted in memory: it protects the state from a flood, and after a
// restart a new minute begins.

const MINUTE_MS = 60_000;

export interface RegistrationCap {
  /** Whether one more stranger may register now; `loud` is true for the first refusal of a minute. */
  admit(
    product: string,
    monotonicMs: number,
  ): { readonly ok: true } | { readonly ok: false; readonly loud: boolean };
}

/** Creates the counters; each product has its own minute, which begins with its first stranger. */
export function createRegistrationCap(perMinuteMax: number): RegistrationCap {
  const minutes = new Map<string, { readonly since: number; count: number; refused: boolean }>();

  return {
    admit(product, monotonicMs) {
      let minute = minutes.get(product);
      if (minute === undefined || monotonicMs - minute.since >= MINUTE_MS) {
        minute = { since: monotonicMs, count: 0, refused: false };
        minutes.set(product, minute);
      }
      if (minute.count < perMinuteMax) {
        minute.count += 1;
        return { ok: true };
      }
      const loud = !minute.refused;
      minute.refused = true;
      return { ok: false, loud };
    },
  };
}
