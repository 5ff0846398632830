// A live product for tests of imports, by the few words that matter.

import { buildParticleModule } from '../../controller/simulator/firmware-image.ts';
import type {
  FoundDevice,
  FoundFirmware,
  FoundGroup,
  FoundProduct,
} from '../../controller/model/found-product.ts';
import { createRevisionLoader } from '../../controller/reconciler/revision-loader.ts';
import type { ImportedRepo } from '../../controller/imports/import-product.ts';
import type { Snapshot } from '../../controller/model/revision.ts';
import { memoryTree } from './trees.ts';

export const FOUND_ID = 30_301;
const ARGON = 12;

/** An Argon product; devices run what they are said to, and nothing else is so unless it is said. */
export function foundProduct(
  words: {
    readonly firmware?: readonly FoundFirmware[];
    readonly groups?: readonly FoundGroup[];
    readonly devices?: readonly FoundDevice[];
  } & Partial<Pick<FoundProduct, 'slug' | 'id' | 'platformId'>> = {},
): FoundProduct {
  return {
    slug: 'thermostat-v2',
    id: FOUND_ID,
    name: 'Thermostat',
    platformId: ARGON,
    firmware: [foundFirmware(41, { isDefault: true })],
    groups: [],
    devices: [foundDevice('d1')],
    ...words,
  };
}

/** A version whose binary says the same. */
export function foundFirmware(version: number, words: Partial<FoundFirmware> = {}): FoundFirmware {
  const content = words.content === undefined ? moduleOf({ version }) : words.content;
  return {
    version,
    title: `Version ${version}`,
    description: null,
    isDefault: false,
    isMandatory: false,
    size: content?.length ?? null,
    appHash: null,
    ...words,
    content,
  };
}

/** A module of Device OS 4, which carries its platform in the place of a product. */
export function moduleOf(words: {
  readonly version: number;
  readonly productId?: number;
  readonly platformId?: number;
}): Uint8Array {
  return buildParticleModule({ productId: ARGON, platformId: ARGON, ...words });
}

export function foundDevice(id: string, words: Partial<FoundDevice> = {}): FoundDevice {
  return {
    id,
    running: 41,
    lockedTo: null,
    groups: [],
    isDevelopment: false,
    isQuarantined: false,
    ...words,
  };
}

/** What the manifests of an import say, read and checked as any others are. */
export async function readImport({ files }: ImportedRepo): Promise<Snapshot> {
  const loaded = await createRevisionLoader().load(memoryTree(Object.fromEntries(files)), null);
  if (!loaded.ok) throw new Error(loaded.error.message);
  return loaded.value;
}
