// The registry of binary formats: one line each, in the order in which they are tried. `opaque` is not among them,
// because it has no header: only a manifest can say it.

import { espIdf } from './esp-idf.ts';
import type { BinaryFormat } from './format.ts';
import { mcuboot } from './mcuboot.ts';
import { particle } from './particle.ts';

/** Every format with a header. A new format is one file and one line here. */
export const FORMATS: readonly BinaryFormat[] = [particle, espIdf, mcuboot];
