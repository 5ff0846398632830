// A named defect, as a replacement of text. The lists are in the `*-defects.ts` beside it.

export interface Defect {
  /** What is wrong with the program once the defect is planted. */
  readonly name: string;
  /** Path below `controller/`. */
  readonly file: string;
  /** Text that is in the file exactly once. */
  readonly find: string;
  readonly replace: string;
}
