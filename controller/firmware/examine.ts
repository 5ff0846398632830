// Examining a binary as a stream: size, digests, Git LFS pointers, and what is compiled in. Where the bytes come from
// (a tree, a download, a file) is the caller's business.

import { createHash } from 'node:crypto';

import { assert } from '../base/assert.ts';
import type { BinaryFacts } from '../model/firmware.ts';
import { type ReadResult, readCompiled } from './read.ts';

/** Headers are read out of files up to this size (64 MiB); larger ones are only known by their digests. */
export const READ_SIZE_MAX = 64 * 1024 * 1024;

/** A pointer file is smaller than this, as the Git LFS specification says. */
const LFS_POINTER_LIMIT = 1024;
const LFS_POINTER_START = 'version https://git-lfs.github.com/spec/v1';

/** Takes a binary chunk by chunk. Holds no more than `READ_SIZE_MAX` of it. */
export interface Examiner {
  /** The next bytes, in order. The chunk is copied, so the caller may use it again. */
  push(chunk: Uint8Array): void;
  /** What was found; to be called once, after the last chunk. */
  finish(): BinaryFacts;
}

/** Makes an examiner for one binary. */
export function createExaminer(): Examiner {
  const hashes = [createHash('sha256'), createHash('sha1'), createHash('md5')] as const;
  let size = 0;
  let kept: Uint8Array[] = [];
  let finished = false;
  return {
    push(chunk) {
      assert(!finished, 'an examiner was given bytes after its end');
      for (const hash of hashes) hash.update(chunk);
      size += chunk.length;
      if (size > READ_SIZE_MAX) kept = [];
      else kept.push(chunk.slice());
    },
    finish() {
      assert(!finished, 'an examiner was finished twice');
      finished = true;
      const bytes = size > READ_SIZE_MAX ? null : Buffer.concat(kept, size);
      kept = [];
      const lfsPointer = bytes !== null && isLfsPointer(bytes);
      return {
        size,
        sha256: hashes[0].digest('hex'),
        sha1: hashes[1].digest('hex'),
        md5: hashes[2].digest('hex'),
        ...(bytes === null ? TOO_LARGE : lfsPointer ? LFS_POINTER : readCompiled(bytes)),
        lfsPointer,
      };
    },
  };
}

/** Examines a binary that is at hand as a whole. */
export function examineBytes(bytes: Uint8Array): BinaryFacts {
  const examiner = createExaminer();
  examiner.push(bytes);
  return examiner.finish();
}

const TOO_LARGE: ReadResult = {
  compiled: null,
  defect: {
    format: null,
    message: 'The file is larger than 64 MiB, so no header was read: it can only be opaque.',
  },
};

const LFS_POINTER: ReadResult = {
  compiled: null,
  defect: {
    format: null,
    message: 'This is a Git LFS pointer, not the binary that it stands for.',
  },
};

function isLfsPointer(bytes: Buffer): boolean {
  return (
    bytes.length < LFS_POINTER_LIMIT &&
    bytes.subarray(0, LFS_POINTER_START.length).toString('latin1') === LFS_POINTER_START
  );
}
