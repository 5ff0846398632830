// Assertions for bugs. What they throw is never a user's mistake; the command line prints it as an internal error.

/** Throws when a condition that the program itself guarantees does not hold. */
export function assert(condition: unknown, message: string): asserts condition {
  if (!condition) throw new Error(`Internal error: ${message}`);
}

/** Marks a branch that the types prove cannot be reached. */
export function unreachable(value: never): never {
  throw new Error(`Internal error: unexpected value ${JSON.stringify(value)}`);
}
