// The progress bar, the same wherever one is drawn: how much is filled, the share in percent, and the counts. Pure; what
// is counted, and when it is drawn, is the caller's business.

import { formatNumber } from '../base/count.ts';

/** How far something is. `done` never exceeds `total`. */
export interface Progress {
  readonly done: number;
  readonly total: number;
}

const CELLS = 24;
const FILLED = '█';
const EMPTY = '░';

/** `██████░░  75% 3/4`; rounded down, so that only what is done shows 100%. Without anything to do it is empty. */
export function renderProgressBar({ done, total }: Progress): string {
  const share = total === 0 ? 0 : Math.min(1, done / total);
  const filled = Math.floor(share * CELLS);
  const percent = `${Math.floor(share * 100)}%`.padStart(4);
  return `${FILLED.repeat(filled)}${EMPTY.repeat(CELLS - filled)} ${percent} ${formatNumber(done)}/${formatNumber(total)}`;
}

/**
 * Parts on one line of at most `width` columns, the most important first. Parts that do not fit are left out, the least
 * important ones first; only a first part that is too wide by itself is cut.
 */
export function fitParts(parts: readonly string[], width: number): string {
  let line = (parts[0] ?? '').slice(0, Math.max(0, width));
  for (const part of parts.slice(1)) {
    const longer = `${line} · ${part}`;
    if (longer.length > width) break;
    line = longer;
  }
  return line;
}
