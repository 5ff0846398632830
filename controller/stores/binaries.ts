// Where binaries are kept: by their SHA-256, beside the state, so that a restart without the fleet repo can serve them.

import type { Failure } from '../base/failure.ts';
import type { Result } from '../base/result.ts';
import type { BinaryFacts } from '../model/firmware.ts';

export interface BinaryStore {
  /** The facts of a stored binary; null where it is not stored. Cheap: nothing is read again. */
  facts(sha256: string): Promise<BinaryFacts | null>;
  /**
   * Stores a binary under the digest it must have. Streams; other content is refused (`DigestMismatch`, stall) and
   * leaves nothing behind. Durable when it returns. Storing what is stored already succeeds without reading.
   */
  put(sha256: string, content: AsyncIterable<Uint8Array>): Promise<Result<BinaryFacts, Failure>>;
  /**
   * The file to serve it from. Before the first use in this process, and whenever the file was touched since, its
   * digest is checked again: a damaged file is a failure (stall), and is never served.
   */
  locate(
    sha256: string,
  ): Promise<Result<{ readonly file: string; readonly size: number }, Failure>>;
  remove(sha256: string): Promise<void>;
}
