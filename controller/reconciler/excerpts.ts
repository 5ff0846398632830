// The lines that problems are about, out of the revision that they were found in. Each is read once, however many people
// look.

import { FILE_BYTES_MAX } from '../manifests/limits.ts';
import type { Place } from '../model/desired.ts';
import type { Excerpt } from '../model/excerpt.ts';
import { cutExcerpt } from '../reports/excerpt.ts';
import { createSerial } from '../sources/serial.ts';
import type { Tree } from '../sources/source.ts';

/** Gives the excerpts for places in a tree, in their order; null where the text cannot be had. */
export type ExcerptReader = (
  tree: Tree,
  places: readonly Place[],
) => Promise<readonly (Excerpt | null)[]>;

/** Creates a reader that remembers the excerpts of one revision: the last that it was asked about. */
export function createExcerptReader(): ExcerptReader {
  const inTurn = createSerial();
  let known = { revision: '', excerpts: new Map<string, Excerpt>() };
  return (tree, places) =>
    inTurn(async () => {
      if (known.revision !== tree.revision) {
        known = { revision: tree.revision, excerpts: new Map() };
      }
      const { excerpts } = known;
      const missing = places.filter((place) => !excerpts.has(keyOf(place)));
      for (const [file, inFile] of Map.groupBy(missing, (place) => place.file)) {
        const text = await readText(tree, file);
        for (const place of inFile) {
          const excerpt = text === null ? null : cutExcerpt(text, place.line);
          if (excerpt !== null) excerpts.set(keyOf(place), excerpt);
        }
      }
      return places.map((place) => excerpts.get(keyOf(place)) ?? null);
    });
}

function keyOf({ file, line }: Place): string {
  return `${line}:${file}`;
}

async function readText(tree: Tree, file: string): Promise<string | null> {
  const bytes = await tree.read(file, FILE_BYTES_MAX);
  // What is not UTF-8 is shown as well as it can be: that may be the very problem.
  return bytes.ok ? new TextDecoder('utf-8', { ignoreBOM: true }).decode(bytes.value) : null;
}
