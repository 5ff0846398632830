// Durations as manifests and flags write them: `0s`, `15m`, `24h`, `90d`, or parts put together such as `1h30m`.

const UNITS_MS: Readonly<Record<string, number>> = {
  s: 1_000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
};

/** The form that `parseDuration` accepts; the schemas carry the same pattern. */
export const DURATION_PATTERN = /^(\d{1,6}[smhd])+$/;

/** Milliseconds, or null where the text is not a duration. */
export function parseDuration(text: string): number | null {
  if (!DURATION_PATTERN.test(text)) return null;
  let total = 0;
  for (const [, count, unit] of text.matchAll(/(\d+)([smhd])/g)) {
    total += Number(count) * (UNITS_MS[unit ?? ''] ?? 0);
  }
  return total;
}

/** The shortest exact form, largest unit first: 5400000 becomes `1h30m`. Rounds to whole seconds. */
export function formatDuration(ms: number): string {
  let seconds = Math.round(ms / 1000);
  if (seconds <= 0) return '0s';
  let text = '';
  for (const [unit, size] of [
    ['d', 86_400],
    ['h', 3_600],
    ['m', 60],
    ['s', 1],
  ] as const) {
    const count = Math.floor(seconds / size);
    if (count > 0) text += `${count}${unit}`;
    seconds -= count * size;
  }
  return text;
}
