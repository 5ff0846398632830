// One call after the other: sources share a folder or a process between calls, and two at once would trip over it.

/** Creates a queue. Each task starts when the one before has ended, whatever its outcome. */
export function createSerial(): <T>(task: () => Promise<T>) => Promise<T> {
  let last: Promise<unknown> = Promise.resolve();
  return (task) => {
    const next = last.then(task, task);
    last = next;
    return next;
  };
}
