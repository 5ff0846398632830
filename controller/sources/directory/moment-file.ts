// Reads a file as it was at the moment of a listing: content that changed since is a failure, never given out.

import { constants, type BigIntStats } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { createHash } from 'node:crypto';
import { type Failure, messageOf } from '../../base/failure.ts';
import { fail, ok, type Result } from '../../base/result.ts';
import { readBroken, StreamBroken } from '../source-failure.ts';
import { identifyFile } from './list-directory.ts';

/** A file of a listing. */
export interface MomentFile {
  readonly absolute: string;
  /** As the tree names it, for failures. */
  readonly path: string;
  readonly identity: string;
  /** Bytes then; no more are given out. */
  readonly size: number;
  /** SHA-256 of the content then, lower-case hex; null where it is not known yet. */
  readonly digest: string | null;
}

const CHUNK_BYTES = 256 * 1024;
const CHANGED = 'it changed since the directory was read';

/**
 * Opens the file for streaming. The stream throws `StreamBroken` when the file changes before its end; what it gave
 * until then counts for nothing.
 */
export async function openMoment(
  file: MomentFile,
): Promise<Result<AsyncIterable<Uint8Array>, Failure>> {
  const handle = await openSame(file);
  if (!handle.ok) return handle;
  // Opened again by whoever iterates: a stream that nobody reads must not hold the file open.
  await handle.value.close();
  return ok(streamMoment(file));
}

/** The whole content. */
export async function readMoment(file: MomentFile): Promise<Result<Uint8Array, Failure>> {
  try {
    return ok(Buffer.concat(await Array.fromAsync(streamMoment(file))));
  } catch (thrown) {
    return fail(explainRead(file, thrown));
  }
}

/** SHA-256 of the content, lower-case hex; reads all of it. */
export async function digestMoment(file: MomentFile): Promise<Result<string, Failure>> {
  const hash = createHash('sha256');
  try {
    for await (const chunk of streamMoment(file)) hash.update(chunk);
    return ok(hash.digest('hex'));
  } catch (thrown) {
    return fail(explainRead(file, thrown));
  }
}

async function openSame(file: MomentFile): Promise<Result<FileHandle, Failure>> {
  let handle: FileHandle;
  try {
    // Neither a link nor a pipe that has come into its place since is followed or waited for.
    const flags = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;
    handle = await open(file.absolute, flags);
  } catch (thrown) {
    return fail(explainRead(file, thrown));
  }
  const stats = await statOf(handle);
  if (stats !== null && stats.isFile() && identifyFile(stats) === file.identity) return ok(handle);
  await handle.close();
  return fail(readBroken(file.path, CHANGED));
}

async function* streamMoment(file: MomentFile): AsyncGenerator<Uint8Array> {
  const opened = await openSame(file);
  if (!opened.ok) throw new StreamBroken(opened.error);
  const handle = opened.value;
  const hash = createHash('sha256');
  let seen = 0;
  try {
    for (;;) {
      // Fresh memory each time, since the consumer may keep what it was given; no more of it than the file can fill,
      // and one byte to see its end by.
      const length = Math.min(CHUNK_BYTES, file.size - seen + 1);
      const { bytesRead, buffer } = await handle.read(new Uint8Array(length), 0, length);
      if (bytesRead === 0) break;
      seen += bytesRead;
      // A file that a writer keeps extending would never end.
      if (seen > file.size) break;
      const chunk = buffer.subarray(0, bytesRead);
      hash.update(chunk);
      yield chunk;
    }
    const stats = await statOf(handle);
    const isSame =
      stats !== null &&
      seen === file.size &&
      identifyFile(stats) === file.identity &&
      (file.digest === null || hash.digest('hex') === file.digest);
    if (!isSame) throw new StreamBroken(readBroken(file.path, CHANGED));
  } finally {
    await handle.close();
  }
}

async function statOf(handle: FileHandle): Promise<BigIntStats | null> {
  return handle.stat({ bigint: true }).catch(() => null);
}

function explainRead(file: MomentFile, thrown: unknown): Failure {
  if (thrown instanceof StreamBroken) return thrown.failure;
  const code = thrown instanceof Error && 'code' in thrown ? thrown.code : null;
  const isGone = code === 'ENOENT' || code === 'ELOOP' || code === 'ENOTDIR';
  return readBroken(file.path, isGone ? CHANGED : messageOf(thrown));
}
