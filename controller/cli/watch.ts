// Commands that show something again and again (`--watch`): how often, and when they end.

import { createLogUpdate } from 'log-update';

import { failure, type Failure } from '../base/failure.ts';
import { fitScreen } from './fit-screen.ts';
import type { FleetOptions } from './options.ts';
import { pause, type Shell } from './shell.ts';

const WATCH_MS = 2_000;

/** Why nothing can be watched with these options; null where it can. A state that is opened in place stands still. */
export function refuseWatch(options: FleetOptions): Failure | null {
  if (options.server !== undefined) return null;
  return failure(
    'NothingToWatch',
    'Nothing moves while the state is opened in place. Add --server URL of a running controller, or leave --watch out.',
    'stall',
  );
}

/**
 * Shows what `read` gives until it is interrupted or nobody reads any more: on a terminal over itself, elsewhere (and as
 * JSON, one line each) whenever it changed. A failure that may pass is told and tried again; any other ends it.
 * Returns the exit code.
 */
export async function watchText(
  shell: Shell,
  read: () => Promise<{ readonly text: string; readonly failure: Failure | null }>,
): Promise<number> {
  const ended = shell.interruption({ orClosed: true });
  const screen = shell.isTerminal && shell.output === 'text' ? createScreen(shell) : null;
  let shown = '';
  let told = '';
  try {
    while (!ended.aborted) {
      const { text, failure } = await read();
      if (ended.aborted) break;
      if (failure !== null) {
        if (failure.disposition === 'stall') return shell.failed(failure);
        if (failure.message !== told) {
          // What was shown stays above it.
          screen?.end();
          shell.failed(failure);
        }
        told = failure.message;
      } else {
        told = '';
        if (screen !== null) screen.draw(text);
        else if (text !== shown) shell.write(text);
        shown = text;
      }
      await pause(WATCH_MS, ended);
    }
    return 0;
  } finally {
    screen?.end();
  }
}

interface DrawnScreen {
  /** Draws the text over the one before; what does not fit on the terminal is left out. */
  draw(text: string): void;
  /** Leaves the text standing, and gives the cursor back. */
  end(): void;
}

function createScreen({ stdout }: Shell): DrawnScreen {
  const update = createLogUpdate(stdout);
  return {
    // A row is left for the cursor, below the text.
    draw: (text) =>
      update(fitScreen(text, { columns: stdout.columns ?? 80, rows: (stdout.rows ?? 24) - 1 })),
    end: () => update.done(),
  };
}
