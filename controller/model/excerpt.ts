// A few lines of a manifest file, for people to see what a problem is about.

export interface Excerpt {
  /** Number of the first line, counted from 1. */
  readonly from: number;
  /** Long ones are cut. */
  readonly lines: readonly string[];
  /** Number of the line that it is about. */
  readonly marked: number;
}
