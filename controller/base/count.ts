// Numbers and counted nouns in messages: `1 device`, `3,000 devices`. The same in every locale.

/** A whole number with commas between thousands: 1,000,000. */
export function formatNumber(value: number): string {
  return String(value).replace(/\B(?=(\d{3})+$)/g, ',');
}

/** A counted noun, such as `1 device` or `3 devices`; `plural` where an `s` is not enough. */
export function countOf(count: number, noun: string, plural = `${noun}s`): string {
  return `${formatNumber(count)} ${count === 1 ? noun : plural}`;
}
