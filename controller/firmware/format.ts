// What every binary format offers, as an interface. The formats are in files of their own; `formats.ts` lists them.

import type { Result } from '../base/result.ts';
import type { CompiledFacts, FormatDefect, FormatName } from '../model/firmware.ts';

/**
 * A binary format with a header. Both functions take any bytes, of any length: they never throw, never read out of
 * bounds, and take time linear in the length.
 */
export interface BinaryFormat {
  readonly name: FormatName;
  /**
   * Whether the bytes are of this format, whole or damaged. True only on evidence that an arbitrary file does not
   * give, for what is recognised is refused when it cannot be read.
   */
  recognise(bytes: Uint8Array): boolean;
  /**
   * What is compiled in. Only of content whose own checks (CRC, checksum, digest) all hold; otherwise the defect says
   * which one does not. Call it only for bytes that were recognised; others give a defect too.
   */
  read(bytes: Uint8Array): Result<CompiledFacts, FormatDefect>;
}
