// A bound on waiting, so that a bench never hangs.

/** The promise's value; throws when it takes longer than `limitMs`. What it waited for is not stopped by that. */
export async function withDeadline<T>(
  promise: Promise<T>,
  limitMs: number,
  what: string,
): Promise<T> {
  const { promise: late, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(
    () => reject(new Error(`${what} took longer than ${limitMs} ms`)),
    limitMs,
  );
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}
