// When the controller reads the source and makes a pass: at its interval, on a hint from the source or the fleet, when a
// release is due to move on, and at a resync. Hints are joined, so that a busy fleet costs a few passes a second at most.

import { messageOf } from '../base/failure.ts';
import { nextPollDelay } from './jitter.ts';
import type { ReconcilerOptions, ReconcilerPorts } from './ports.ts';

/** Least time between two passes that hints asked for. */
const PASS_GAP_MS = 250;
/** A pass is made this often even without any hint: a date that passes, a fleet that was unreachable. */
const RESYNC_MS = 30_000;

export interface Loop {
  start(): void;
  /** Asks for a pass soon. */
  wake(): void;
  /** Asks for the source to be read now: somebody says that it has changed. Hints that come meanwhile are joined. */
  readNow(): void;
  close(): void;
}

interface LoopInput {
  readonly ports: Pick<ReconcilerPorts, 'source' | 'drivers' | 'log'>;
  readonly options: ReconcilerOptions;
  readonly readSource: () => Promise<void>;
  /** Resolves to the milliseconds until the next pass is due by itself; null: only by a hint or a resync. */
  readonly makePass: () => Promise<number | null>;
  readonly inTurn: (work: () => Promise<void>) => Promise<void>;
}

/** Creates the loop; nothing runs before `start`. */
export function createLoop({ ports, options, readSource, makePass, inTurn }: LoopInput): Loop {
  const ends: (() => void)[] = [];
  let passTimer: NodeJS.Timeout | null = null;
  let readTimer: NodeJS.Timeout | null = null;
  let dueTimer: NodeJS.Timeout | null = null;
  let started = false;
  let closed = false;
  let readIsDue = false;

  const run = (work: () => Promise<void>): void => {
    inTurn(work).catch((thrown: unknown) => {
      if (!closed) ports.log.warn(`pass failed, and is tried again: ${messageOf(thrown)}`);
    });
  };

  const wake = (): void => {
    if (!started || closed || passTimer !== null) return;
    passTimer = setTimeout(() => {
      passTimer = null;
      run(passAndSchedule);
    }, PASS_GAP_MS);
  };

  const passAndSchedule = async (): Promise<void> => {
    const dueMs = await makePass();
    if (dueTimer !== null) clearTimeout(dueTimer);
    dueTimer = null;
    if (dueMs === null || dueMs >= RESYNC_MS || closed) return;
    dueTimer = setTimeout(wake, dueMs);
  };

  const readAndPass = async (): Promise<void> => {
    await readSource();
    await passAndSchedule();
  };

  const readNow = (): void => {
    if (!started || closed || readIsDue || !options.followSource) return;
    readIsDue = true;
    run(() => {
      readIsDue = false;
      return readAndPass();
    });
  };

  const scheduleRead = (): void => {
    if (closed) return;
    readTimer = setTimeout(
      () => {
        run(async () => {
          try {
            await readAndPass();
          } finally {
            scheduleRead();
          }
        });
      },
      nextPollDelay(options.intervalMs, options.random()),
    );
  };

  return {
    start() {
      started = true;
      const { source, drivers } = ports;
      if (source !== null && options.followSource) {
        ends.push(source.watch(readNow));
        scheduleRead();
      }
      for (const driver of drivers.values()) ends.push(driver.watch(wake));
      const resync = setInterval(wake, RESYNC_MS);
      ends.push(() => clearInterval(resync));
    },
    wake,
    readNow,
    close() {
      closed = true;
      if (passTimer !== null) clearTimeout(passTimer);
      if (readTimer !== null) clearTimeout(readTimer);
      if (dueTimer !== null) clearTimeout(dueTimer);
      for (const end of ends) end();
    },
  };
}
