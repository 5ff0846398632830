// The rate by which `store-writer.ts` starts flashes: a few tokens at first, and then hardly any while a test lasts.

/** Running version of the devices that got a token. */
export const SPENT_VERSION = 60_000;

/** Tokens in a full bucket. */
export const WRITER_BURST = 10;

/** At most this often, after the first. */
export const WRITER_INTERVAL_MS = 10_000;

/** A full bucket, and one token an interval, for all of a long span. */
export const WRITER_RATE = { flashes: 600, perMs: 591 * WRITER_INTERVAL_MS };
