// The version of the program that runs, as its package names it.

import { readFileSync } from 'node:fs';

/** Where `package.json` is from here: in the sources, and in what is published. */
const CANDIDATES = ['../../package.json', '../../../package.json'];

/** The version, such as `0.1.0`; `unknown` where the program was taken out of its package. */
export function readProgramVersion(): string {
  for (const candidate of CANDIDATES) {
    try {
      const text = readFileSync(new URL(candidate, import.meta.url), 'utf8');
      const { name, version } = JSON.parse(text) as { name?: unknown; version?: unknown };
      if (name === 'lockstep' && typeof version === 'string') return version;
    } catch {
      // Not there: the next one may be.
    }
  }
  return 'unknown';
}
