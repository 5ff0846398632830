// Finds the known word that a mistyped one was probably meant to be. Says nothing when none is near.

import { distance } from 'fastest-levenshtein';

/** The nearest candidate, where at most a third of the letters (and never more than three) differ; else null. */
export function findNearest(word: string, candidates: Iterable<string>): string | null {
  if (word.length > 64) return null;
  let best: string | null = null;
  let bestDistance = Math.min(3, Math.max(1, Math.floor(word.length / 3))) + 1;
  for (const candidate of candidates) {
    // Words differ by at least as many letters as their lengths do; most need no closer look.
    if (Math.abs(word.length - candidate.length) >= bestDistance) continue;
    const found = distance(word.toLowerCase(), candidate.toLowerCase());
    if (found < bestDistance) {
      best = candidate;
      bestDistance = found;
    }
  }
  return best;
}
