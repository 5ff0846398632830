// Progress on stderr: one line that is drawn over itself on a terminal, and plain lines elsewhere, each only when
// something changed. What the lines say is the command's business.

import { createLogUpdate } from 'log-update';

import type { Shell } from './shell.ts';

/** Where output is not a terminal, lines come no more often than this. */
const PLAIN_GAP_MS = 2_000;

export interface LiveLine {
  /** Shows the newest state: `render` for a terminal of that width, `plain` elsewhere. */
  show(render: (width: number) => string, plain: string): void;
  /** A line that stays, above the live one. */
  say(text: string): void;
  /** Shows what was held back, and leaves the last line standing. */
  end(): void;
}

/** Creates a live line. */
export function createLiveLine(shell: Shell): LiveLine {
  if (shell.isErrorTerminal) {
    const update = createLogUpdate(shell.stderr);
    return {
      show: (render) => update(render(shell.stderr.columns ?? 80)),
      say: (text) => update.persist(text),
      end: () => update.done(),
    };
  }
  let shown = '';
  let held = '';
  let shownAtMs = -Infinity;
  const put = (line: string): void => {
    shown = line;
    shownAtMs = shell.clock.monotonicMs();
    shell.note(line);
  };
  return {
    show: (_, plain) => {
      held = plain;
      if (plain !== shown && shell.clock.monotonicMs() - shownAtMs >= PLAIN_GAP_MS) put(plain);
    },
    say: (text) => shell.note(text),
    end: () => {
      if (held !== shown) put(held);
    },
  };
}
