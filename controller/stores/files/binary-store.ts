// Binaries as files of one folder: `<sha256>` holds the content, `<sha256>.json` what was read out of it. What the
// content means is for `firmware/` to say.

import { createReadStream } from 'node:fs';
import { mkdir, open, readdir, readFile, rename, rm, stat } from 'node:fs/promises';
import { createHash } from 'node:crypto';
import { join } from 'node:path';

import { assert } from '../../base/assert.ts';
import { failure, messageOf, type Failure } from '../../base/failure.ts';
import { fail, ok, type Result } from '../../base/result.ts';
import { createExaminer } from '../../firmware/examine.ts';
import type { BinaryFacts } from '../../model/firmware.ts';
import type { BinaryStore } from '../binaries.ts';

const DIGEST = /^[0-9a-f]{64}$/;
const PART = '.part';

/**
 * Opens the binaries of a folder, which is made at the first `put`. What a crash left half-written is removed, so only
 * the owner of the state may open it.
 */
export async function openBinaryFolder(folder: string): Promise<BinaryStore> {
  await removeParts(folder);
  /** How a file looked when its digest was last right; a file that looks different is read again. */
  const checked = new Map<string, string>();
  /** Files whose digest was wrong, by how they looked: they count as not stored, so that they can be stored again. */
  const damaged = new Map<string, string>();
  const checking = new Map<string, Promise<Result<void, Failure>>>();
  let parts = 0;

  async function readFacts(sha256: string): Promise<BinaryFacts | null> {
    assert(DIGEST.test(sha256), 'a binary is asked for by something that is no SHA-256');
    const file = join(folder, sha256);
    const look = await readLook(file);
    if (look === null || damaged.get(sha256) === look.mark) return null;
    try {
      const facts = JSON.parse(await readFile(`${file}.json`, 'utf8')) as BinaryFacts;
      return facts.size === look.size ? facts : null;
    } catch {
      // Without its facts a binary is as good as not stored: storing it again mends that.
      return null;
    }
  }

  async function writePart(write: (part: PartFile) => Promise<void>): Promise<string> {
    await mkdir(folder, { recursive: true });
    const path = join(folder, `${process.pid}-${(parts += 1)}${PART}`);
    const handle = await open(path, 'wx');
    try {
      await write(handle);
      await handle.sync();
    } catch (thrown) {
      await handle.close();
      await rm(path, { force: true });
      throw thrown;
    }
    await handle.close();
    return path;
  }

  /** The facts that belong under `sha256`, or null where the content turns out to be another. */
  async function writeBinary(
    sha256: string,
    content: AsyncIterable<Uint8Array>,
  ): Promise<BinaryFacts> {
    const examiner = createExaminer();
    const part = await writePart(async (handle) => {
      for await (const chunk of content) {
        examiner.push(chunk);
        await writeAll(handle, chunk);
      }
    });
    const facts = examiner.finish();
    if (facts.sha256 !== sha256) {
      await rm(part, { force: true });
      return facts;
    }
    const factsPart = await writePart((handle) => handle.writeFile(JSON.stringify(facts)));
    // The facts first: a binary that is there is complete.
    await rename(factsPart, join(folder, `${sha256}.json`));
    await rename(part, join(folder, sha256));
    await syncFolder(folder);
    // The next use reads the file as it now is on the disk.
    checked.delete(sha256);
    damaged.delete(sha256);
    return facts;
  }

  async function check(sha256: string, mark: string): Promise<Result<void, Failure>> {
    const file = join(folder, sha256);
    const hash = createHash('sha256');
    for await (const chunk of createReadStream(file)) hash.update(chunk as Uint8Array);
    if (hash.digest('hex') !== sha256) {
      damaged.set(sha256, mark);
      return fail(
        failure(
          'BinaryDamaged',
          `The stored binary ${file} is damaged, and is not served: delete it, and it is fetched again.`,
          'stall',
        ),
      );
    }
    checked.set(sha256, mark);
    return ok(undefined);
  }

  return {
    facts: readFacts,
    async put(sha256, content) {
      const stored = await readFacts(sha256);
      if (stored !== null) return ok(stored);
      let facts: BinaryFacts;
      try {
        facts = await writeBinary(sha256, content);
      } catch (thrown) {
        return fail(
          failure(
            'BinaryNotStored',
            `The binary ${sha256} could not be stored in ${folder}: ${messageOf(thrown)}`,
            'retry',
          ),
        );
      }
      if (facts.sha256 === sha256) return ok(facts);
      return fail(
        failure(
          'DigestMismatch',
          `The binary that was to have the SHA-256 ${sha256} has ${facts.sha256}: it is not stored.`,
          'stall',
        ),
      );
    },
    async locate(sha256) {
      assert(DIGEST.test(sha256), 'a binary is asked for by something that is no SHA-256');
      const file = join(folder, sha256);
      try {
        const look = await readLook(file);
        if (look === null) {
          return fail(failure('BinaryMissing', `The binary ${sha256} is not stored.`, 'stall'));
        }
        if (checked.get(sha256) !== look.mark) {
          // Many devices ask at once after a start; the file is read once for all of them.
          const key = `${sha256} ${look.mark}`;
          let running = checking.get(key);
          if (running === undefined) {
            running = check(sha256, look.mark).finally(() => checking.delete(key));
            checking.set(key, running);
          }
          const result = await running;
          if (!result.ok) return result;
        }
        return ok({ file, size: look.size });
      } catch (thrown) {
        return fail(
          failure(
            'BinaryUnreadable',
            `The stored binary ${file} can't be read: ${messageOf(thrown)}`,
            'retry',
          ),
        );
      }
    },
    async remove(sha256) {
      assert(DIGEST.test(sha256), 'a binary is removed by something that is no SHA-256');
      // In this order a crash in between leaves facts without a binary, which count as nothing.
      await rm(join(folder, sha256), { force: true });
      await rm(join(folder, `${sha256}.json`), { force: true });
      checked.delete(sha256);
      damaged.delete(sha256);
    },
  };
}

type PartFile = Awaited<ReturnType<typeof open>>;

/** What tells whether a file was touched, and its size; null where there is none. */
async function readLook(file: string): Promise<{ mark: string; size: number } | null> {
  const found = await stat(file, { bigint: true }).catch(() => null);
  if (found === null || !found.isFile()) return null;
  const mark = `${found.dev}:${found.ino}:${found.size}:${found.mtimeNs}:${found.ctimeNs}`;
  return { mark, size: Number(found.size) };
}

async function writeAll(handle: PartFile, chunk: Uint8Array): Promise<void> {
  let written = 0;
  while (written < chunk.length) {
    written += (await handle.write(chunk, written)).bytesWritten;
  }
}

/** Makes the renames in a folder durable. */
async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

async function removeParts(folder: string): Promise<void> {
  const names = await readdir(folder).catch(() => []);
  for (const name of names) {
    if (name.endsWith(PART)) await rm(join(folder, name), { force: true });
  }
}
