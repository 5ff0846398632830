// Processes of a bench: servers and load generators run apart, so that each has a core and a memory of its own. One
// question at a time, over Node's own channel; what is asked is declared by the files in `children/`.

import { fork, type ChildProcess } from 'node:child_process';
import { join } from 'node:path';

import { messageOf } from '../../controller/base/failure.ts';
import { withDeadline } from './deadline.ts';

/** Calls of a child: by name, what goes in and what comes out; all of it plain data. */
export type Calls = Readonly<Record<string, (input: never) => Promise<unknown>>>;

interface Question {
  readonly name: string;
  readonly input: unknown;
}

interface Answer {
  readonly value?: unknown;
  readonly error?: string;
}

export interface Child<C extends Calls> {
  /** Throws when the child fails, dies, or takes longer than `limitMs`. */
  ask<N extends keyof C & string>(
    name: N,
    input: Parameters<C[N]>[0],
    limitMs?: number,
  ): Promise<Awaited<ReturnType<C[N]>>>;
  /** Ends the child, at the latest after two seconds. */
  stop(): Promise<void>;
}

const LIMIT_MS = 60_000;

/** Starts a file of `children/`, which has to call `answerParent`. */
export function startChild<C extends Calls>(file: string): Child<C> {
  const child = fork(join(import.meta.dirname, '../children', file), { execArgv: [] });
  const ended = new Promise<never>((_resolve, reject) => {
    child.once('exit', (code) => reject(new Error(`${file} ended with ${code}`)));
    child.once('error', reject);
  });
  // Nobody may be waiting when it ends.
  ended.catch(() => undefined);
  return {
    async ask(name, input, limitMs = LIMIT_MS) {
      const answered = receiveOne(child);
      child.send({ name, input } satisfies Question);
      const { value, error } = await withDeadline(
        Promise.race([answered, ended]),
        limitMs,
        `${file}: ${name}`,
      );
      if (error !== undefined) throw new Error(`${file}: ${name}: ${error}`);
      return value as never;
    },
    async stop() {
      if (child.exitCode !== null || child.signalCode !== null) return;
      const gone = new Promise<void>((resolve) => child.once('exit', () => resolve()));
      child.disconnect();
      await withDeadline(gone, 2_000, file).catch(() => child.kill('SIGKILL'));
    },
  };
}

function receiveOne(child: ChildProcess): Promise<Answer> {
  return new Promise((resolve) => child.once('message', (message) => resolve(message as Answer)));
}

/** In a child: answers its parent, and ends with it. */
export function answerParent(calls: Calls): void {
  process.on('message', (message) => {
    const { name, input } = message as Question;
    const call = calls[name];
    const answer =
      call === undefined ? Promise.reject(new Error('no such call')) : call(input as never);
    answer.then(
      (value) => process.send?.({ value }),
      (error: unknown) => process.send?.({ error: messageOf(error) }),
    );
  });
  process.once('disconnect', () => process.exit(0));
}

/** In a server's child: what it has used so far. */
export interface Usage {
  /** User and system time of all its threads, in microseconds. */
  readonly cpuUs: number;
  readonly rssBytes: number;
  /** Milliseconds since 1970 with fractions, comparable between two calls. */
  readonly at: number;
}

/** Reads this process's usage. */
export async function readUsage(): Promise<Usage> {
  const { user, system } = process.cpuUsage();
  return {
    cpuUs: user + system,
    rssBytes: process.memoryUsage.rss(),
    at: performance.timeOrigin + performance.now(),
  };
}
