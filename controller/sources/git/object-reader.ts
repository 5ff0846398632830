// Reads objects of a bare repository by id: small ones through one long-lived `git cat-file --batch`, large ones as
// streams of a process each. Nothing is checked out, so no hook, filter or attribute of the repository has a say.

import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { assert } from '../../base/assert.ts';
import { fail, ok, type Result } from '../../base/result.ts';

/** Why an object cannot be read: not in the repository, its content damaged, or the reader was closed. */
export type ObjectDefect = 'missing' | 'damaged' | 'closed';

export interface ObjectReader {
  /** The whole content; its digest is checked against the id. The caller bounds the size: objects are held in memory. */
  read(id: string): Promise<Result<Uint8Array, ObjectDefect>>;
  /** The content of a blob in pieces; throws what `broken` makes when it breaks off or is not `size` bytes long. */
  stream(
    id: string,
    size: number,
    broken: (defect: ObjectDefect) => Error,
  ): AsyncIterable<Uint8Array>;
  /** Lets go of the process, so that the next read sees the repository afresh. Reads under way end as damaged. */
  restart(): void;
  /** Ends all processes. Reads after it fail as `closed`. */
  close(): Promise<void>;
}

interface Pending {
  readonly id: string;
  readonly resolve: (result: Result<Uint8Array, ObjectDefect>) => void;
}

export interface ObjectReaderOptions {
  readonly environment: Readonly<Record<string, string>>;
  /** Settings as `key=value`. */
  readonly settings: readonly string[];
}

/** Creates a reader. It starts git at the first read. */
export function createObjectReader(options: ObjectReaderOptions): ObjectReader {
  const start = (args: readonly string[]) =>
    spawn('git', [...options.settings.flatMap((setting) => ['-c', setting]), ...args], {
      env: { ...options.environment },
      stdio: 'pipe',
      windowsHide: true,
    });
  const running = new Set<ChildProcessWithoutNullStreams>();
  const track = (child: ChildProcessWithoutNullStreams) => {
    running.add(child);
    child.once('close', () => running.delete(child));
    child.stderr.resume();
    // Reported as the end of the process; a broken pipe is no news of its own.
    child.stdin.on('error', () => undefined);
    return child;
  };
  let batch: BatchProcess | null = null;
  let isClosed = false;
  const openBatch = (): BatchProcess => {
    if (batch === null || batch.hasEnded()) {
      batch = createBatchProcess(track(start(['cat-file', '--batch'])));
    }
    return batch;
  };

  return {
    async read(id) {
      if (isClosed) return fail('closed');
      assert(/^[0-9a-f]{40,64}$/.test(id), 'objects are read by their full id');
      let result = await openBatch().request(id);
      // git may have been killed, or have died of another object; damage shows itself again.
      if (!result.ok && result.error === 'damaged' && !isClosed) {
        result = await openBatch().request(id);
      }
      return !result.ok && isClosed ? fail('closed') : result;
    },
    async *stream(id, size, broken) {
      if (isClosed) throw broken('closed');
      const child = track(start(['cat-file', 'blob', id]));
      const ended = new Promise<number>((resolve) => {
        child.once('error', () => resolve(-1));
        child.once('close', (code) => resolve(code ?? -1));
      });
      let seen = 0;
      try {
        for await (const chunk of child.stdout as AsyncIterable<Uint8Array>) {
          seen += chunk.length;
          yield chunk;
        }
      } finally {
        child.kill();
      }
      if ((await ended) !== 0 || seen !== size) throw broken(isClosed ? 'closed' : 'damaged');
    },
    restart() {
      batch?.end();
      batch = null;
    },
    async close() {
      isClosed = true;
      const ends = [...running].map(
        (child) => new Promise<void>((resolve) => child.once('close', () => resolve())),
      );
      for (const child of running) child.kill();
      await Promise.all(ends);
    },
  };
}

interface BatchProcess {
  request(id: string): Promise<Result<Uint8Array, ObjectDefect>>;
  hasEnded(): boolean;
  end(): void;
}

/** Speaks the protocol of `cat-file --batch`: one id a line in; `ID TYPE SIZE`, the content and a newline out. */
function createBatchProcess(child: ChildProcessWithoutNullStreams): BatchProcess {
  const pending: Pending[] = [];
  let hasEnded = false;
  let rest: Uint8Array = new Uint8Array(0);
  let body: { readonly type: string; readonly bytes: Uint8Array; filled: number } | null = null;

  const settle = (result: Result<Uint8Array, ObjectDefect>) => pending.shift()?.resolve(result);
  const finish = () => {
    if (hasEnded) return;
    hasEnded = true;
    while (pending.length > 0) settle(fail('damaged'));
  };
  child.once('error', finish);
  child.once('close', finish);
  child.stdout.on('data', (chunk: Uint8Array) => {
    let data = chunk;
    while (data.length > 0) {
      if (body === null) {
        const end = data.indexOf(0x0a);
        rest = Buffer.concat([rest, end < 0 ? data : data.subarray(0, end)]);
        if (end < 0) return;
        data = data.subarray(end + 1);
        const [, type = '', size] = Buffer.from(rest).toString('latin1').split(' ');
        rest = new Uint8Array(0);
        // One more byte: the newline after the content.
        if (size === undefined) settle(fail('missing'));
        else body = { type, bytes: new Uint8Array(Number(size) + 1), filled: 0 };
      } else {
        const part = data.subarray(0, body.bytes.length - body.filled);
        body.bytes.set(part, body.filled);
        body.filled += part.length;
        data = data.subarray(part.length);
        if (body.filled < body.bytes.length) return;
        const content = body.bytes.subarray(0, -1);
        const isWhole = digestObject(pending[0]?.id ?? '', body.type, content);
        body = null;
        settle(isWhole ? ok(content) : fail('damaged'));
      }
    }
  });
  return {
    request: (id) =>
      new Promise((resolve) => {
        if (hasEnded) resolve(fail('damaged'));
        else {
          pending.push({ id, resolve });
          child.stdin.write(`${id}\n`);
        }
      }),
    hasEnded: () => hasEnded,
    end: () => {
      child.kill();
      finish();
    },
  };
}

/** Whether content has the digest that its id is. */
function digestObject(id: string, type: string, content: Uint8Array): boolean {
  const hash = createHash(id.length === 40 ? 'sha1' : 'sha256');
  return hash.update(`${type} ${content.length}\0`).update(content).digest('hex') === id;
}
