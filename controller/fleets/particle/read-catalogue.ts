// The list of a product's firmware as an import wants it: with the words that people wrote, and with entries that are
// filed under numbers that no device can report, so that these can be told of.

import type { FoundFirmware } from '../../model/found-product.ts';
import { isFields, readCount } from './read-nouns.ts';

export type CatalogueEntry = Omit<FoundFirmware, 'content'>;

/** Longest text that is kept of what people wrote. */
const TEXT_MAX = 20_000;

/** All entries in the order of their numbers; null: the answer is no list of firmware. */
export function readCatalogue(body: unknown): readonly CatalogueEntry[] | null {
  if (!Array.isArray(body)) return null;
  const entries = new Map<number, CatalogueEntry>();
  for (const value of body as readonly unknown[]) {
    const version = isFields(value) ? readCount(value['version']) : null;
    if (version === null || !isFields(value)) return null;
    entries.set(version, {
      version,
      title: readWords(value['title']),
      description: readWords(value['description']),
      // Older answers name it `current`.
      isDefault: (value['product_default'] ?? value['current']) === true,
      isMandatory: value['mandatory'] === true,
      size: readCount(value['size']),
      appHash: readHash(value['app_hash']),
    });
  }
  return [...entries.values()].sort((one, other) => one.version - other.version);
}

function readWords(value: unknown): string | null {
  return typeof value === 'string' && value.trim() !== '' ? value.slice(0, TEXT_MAX) : null;
}

function readHash(value: unknown): string | null {
  return typeof value === 'string' && /^[0-9a-f]{64}$/i.test(value) ? value.toLowerCase() : null;
}
