// A lane: at most so many jobs at once, the rest in the order in which they came. Bounds sockets, and keeps a device
// with much to do from overtaking the others.

export interface Lane<Job> {
  /** Runs the job now, or when its turn comes. */
  push(job: Job): void;
  /** Forgets the jobs that have not started. */
  clear(): void;
}

/** A lane for up to `limit` jobs at once. `run` handles its own failures; a rejection is a bug and is not caught. */
export function createLane<Job>(limit: number, run: (job: Job) => Promise<void>): Lane<Job> {
  let waiting: Job[] = [];
  // Taking from the front by moving a cursor: `shift` would cost time in the length of the queue.
  let front = 0;
  let active = 0;

  const takeNext = (): Job | undefined => {
    const job = waiting[front];
    front = job === undefined ? 0 : front + 1;
    if (job === undefined) waiting = [];
    else if (front > 1024 && front * 2 > waiting.length) {
      waiting = waiting.slice(front);
      front = 0;
    }
    return job;
  };

  const work = async (first: Job): Promise<void> => {
    active += 1;
    for (let job: Job | undefined = first; job !== undefined; job = takeNext()) await run(job);
    active -= 1;
  };

  return {
    push: (job) => {
      if (active < limit) void work(job);
      else waiting.push(job);
    },
    clear: () => {
      waiting = [];
      front = 0;
    },
  };
}
