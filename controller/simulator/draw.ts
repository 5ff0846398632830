// Which devices of a fleet are drawn for something: by seed, a name and the ids alone, never by their order. What they
// are drawn for is in `faults.ts`, `bad-version.ts` and `attribute-share.ts`.

import { hashText } from './seeded-random.ts';

/**
 * Draws devices for several shares (each 0..1) that do not overlap: exactly the share asked for, rounded, and at least
 * one device for a share above zero while there are devices left. The answer has one list of ids for each share. A
 * larger first share contains a smaller one.
 */
export function drawShares(
  seed: number,
  name: string,
  ids: readonly string[],
  shares: readonly number[],
): readonly (readonly string[])[] {
  const ranked = rankIds(seed, name, ids);
  let taken = 0;
  return shares.map((asked) => {
    const share = Math.min(1, Math.max(0, asked));
    const count = share === 0 ? 0 : Math.max(1, Math.round(share * ids.length));
    const drawn = ranked.slice(taken, taken + count);
    taken += drawn.length;
    return drawn;
  });
}

/** A share as a flag writes it (`10%`, `2.5%`) as a number 0..1; null where the text is not one. */
export function parseShare(text: string): number | null {
  const match = /^(\d{1,3}(?:\.\d{1,4})?)%$/.exec(text.trim());
  const percent = Number(match?.[1] ?? Number.NaN);
  return percent >= 0 && percent <= 100 ? percent / 100 : null;
}

function rankIds(seed: number, name: string, ids: readonly string[]): readonly string[] {
  return ids
    .map((id) => ({ id, rank: hashText(`${seed}/${name}/${id}`) }))
    .sort((left, right) => left.rank - right.rank || (left.id < right.id ? -1 : 1))
    .map((ranked) => ranked.id);
}
