// A problem: something in the fleet repo, or about it, that a person should know. Collected, never thrown.

import type { Place } from './desired.ts';
import type { Reason } from './reasons.ts';

export interface Problem {
  readonly severity: 'error' | 'warning';
  readonly reason: Reason;
  /** What is wrong, in full sentences with the values at hand. */
  readonly message: string;
  /** What would mend it, as specific as the finder can be. */
  readonly remedy: string;
  /** Null only where no file can be named (an empty source, a rewritten history). */
  readonly place: Place | null;
  /** The offending line as written (cut at 160 characters), where the finder had the text. */
  readonly excerpt: string | null;
  /** The product concerned, or null for the whole source. */
  readonly product: string | null;
}
