// The process as commands see it: streams, environment, folder, interruption, and the exit code. Nothing here knows a
// command.

import type { Failure } from '../base/failure.ts';
import type { Clock } from '../base/clock.ts';
import { systemClock } from '../base/clock.ts';
import type { ComposePorts } from './ports.ts';

/** Formats that data is written in. */
export type OutputFormat = 'text' | 'json' | 'markdown';

export interface Shell {
  readonly cwd: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly clock: Clock;
  /** Whether data goes to a terminal. */
  readonly isTerminal: boolean;
  /** Whether notes go to a terminal, so that progress may be drawn over itself. */
  readonly isErrorTerminal: boolean;
  /** The streams as they are, for what is drawn over itself; everything else is written with `write` and `note`. */
  readonly stdout: NodeJS.WriteStream;
  readonly stderr: NodeJS.WriteStream;
  /** Chosen by `--output`; set before a command runs. */
  output: OutputFormat;
  /** Set by `--no-color`. */
  noColor: boolean;
  /** The process's exit code once the command returns. */
  exitCode: number;
  /** The adapters, loaded on first use. */
  loadCompose(): Promise<ComposePorts>;
  /** Data: text as it is, or a value as JSON. A reader that went away is no failure. */
  write(text: string): void;
  writeJson(value: unknown): void;
  /** Progress, hints and problems, for people: one line or more, a line break is added. */
  note(text: string): void;
  /** Says that something outside failed. Returns 1, the exit code that goes with it. */
  failed(failure: Failure): number;
  /** Whether data (`out`) or notes (`err`) are coloured. */
  colorOf(stream: 'out' | 'err'): boolean;
  /**
   * Aborts at the first SIGINT or SIGTERM; a second one ends the process at once. Without this call the first one
   * does. With `orClosed` it aborts as well when nobody reads the data any more.
   */
  interruption(options?: { readonly orClosed?: boolean }): AbortSignal;
  /** Resolves once all data is handed over. */
  flush(): Promise<void>;
}

/** Makes the shell of a process. Listens to its signals from here on. */
export function createShell(
  host: NodeJS.Process,
  ports: { readonly loadCompose: () => Promise<ComposePorts> },
): Shell {
  const interrupted = new AbortController();
  const closed = new AbortController();
  let isGraceful = false;
  const onSignal = (signal: 'SIGINT' | 'SIGTERM'): void => {
    if (!isGraceful || interrupted.signal.aborted) host.exit(signal === 'SIGINT' ? 130 : 143);
    interrupted.abort();
  };
  host.on('SIGINT', onSignal);
  host.on('SIGTERM', onSignal);
  host.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error;
    closed.abort();
  });
  // Notes that nobody can read must not end what is under way.
  host.stderr.on('error', () => undefined);

  const isColored = (stream: NodeJS.WriteStream): boolean =>
    isTerminal(stream) && !shell.noColor && (host.env['NO_COLOR'] ?? '') === '';
  const shell: Shell = {
    cwd: host.cwd(),
    env: host.env,
    clock: systemClock,
    isTerminal: hasScreen(host.stdout),
    isErrorTerminal: hasScreen(host.stderr),
    stdout: host.stdout,
    stderr: host.stderr,
    output: 'text',
    noColor: false,
    exitCode: 0,
    loadCompose: ports.loadCompose,
    write: (text) => {
      if (!closed.signal.aborted) host.stdout.write(text);
    },
    writeJson: (value) => shell.write(`${JSON.stringify(value, null, 2)}\n`),
    note: (text) => void host.stderr.write(`${text}\n`),
    failed: (failure) => {
      shell.note(`error ${failure.code}\n  ${failure.message}`);
      return 1;
    },
    colorOf: (stream) => isColored(stream === 'out' ? host.stdout : host.stderr),
    interruption: (options = {}) => {
      isGraceful = true;
      const signals = [interrupted.signal, ...(options.orClosed === true ? [closed.signal] : [])];
      return AbortSignal.any(signals);
    },
    flush: () =>
      new Promise((resolve) => {
        if (closed.signal.aborted) resolve();
        else host.stdout.write('', () => resolve());
      }),
  };
  return shell;
}

/** Terminals that some job runners make have no size: nothing would show on them. */
function hasScreen(stream: NodeJS.WriteStream): boolean {
  return isTerminal(stream) && stream.columns !== 0;
}

/** Streams that are no terminal have no `isTTY` at all, whatever the types say. */
function isTerminal(stream: { readonly isTTY?: boolean }): boolean {
  return stream.isTTY ?? false;
}

/** Waits, or until the signal aborts. Never rejects. */
export function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) {
      resolve();
      return;
    }
    const end = (): void => {
      clearTimeout(timer);
      signal.removeEventListener('abort', end);
      resolve();
    };
    const timer = setTimeout(end, ms);
    signal.addEventListener('abort', end);
  });
}
