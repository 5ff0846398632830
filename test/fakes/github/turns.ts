// Writes of the fake GitHub, one after another, so that each sees what the one before has left.

export type InTurn = <Result>(work: () => Promise<Result>) => Promise<Result>;

/** `onDone` is called after each piece of work, also one that failed. */
export function createTurns(onDone: () => void): InTurn {
  let last: Promise<unknown> = Promise.resolve();
  return (work) => {
    const result = last.then(work);
    last = result.catch(() => undefined).finally(onDone);
    return result;
  };
}
