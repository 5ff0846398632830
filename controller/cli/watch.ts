// Commands that show something again and again (`--watch`): how often, and when they end.

import { failure, type Failure } from '../base/failure.ts';
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
  const drawsOver = shell.isTerminal && shell.output === 'text';
  let shown = '';
  let told = '';
  while (!ended.aborted) {
    const { text, failure } = await read();
    if (ended.aborted) break;
    if (failure !== null) {
      if (failure.disposition === 'stall') return shell.failed(failure);
      if (failure.message !== told) shell.failed(failure);
      told = failure.message;
    } else {
      told = '';
      if (drawsOver) shell.write(`${CLEAR}${text}`);
      else if (text !== shown) shell.write(text);
      shown = text;
    }
    await pause(WATCH_MS, ended);
  }
  return 0;
}

/** Cursor to the top left, and everything below it cleared. */
const CLEAR = '\u001b[H\u001b[2J';
