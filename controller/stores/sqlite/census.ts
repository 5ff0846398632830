// Active devices without a lock, counted by version, traits, wakefulness and bucket. Kept in step with the device records
// by the same write; what a device is counted under is decided in `devices/tally.ts`.

import type { DatabaseSync } from 'node:sqlite';

import { censusPlace, readTraitsKey, traitsKey } from '../../devices/tally.ts';
import type { DeviceRecord } from '../../model/device.ts';
import { BLOCK_BUCKETS, type CensusCell } from '../../model/live.ts';

/** Different traits per product that are counted apart; devices with any others are counted under no traits at all. */
export const TRAITS_MAX = 1000;

/** Number of the traits `{}`, which have no row. */
const NO_TRAITS = 0;

/** Stands for: no version is known. */
const NO_VERSION = -1;

const COUNT_BYTES = 4;

/** The census of all products. `move` only runs inside a write. */
export interface Census {
  /** Takes a device from where it was counted to where it is to be. */
  move(product: number, before: DeviceRecord | null, after: DeviceRecord | null): void;
  /** All cells of a product: unknown version first, then by version, traits and wakefulness. */
  read(product: number): readonly CensusCell[];
}

/** Opens the census of a state. */
export function openCensus(db: DatabaseSync): Census {
  const selectNumber = db.prepare('SELECT number FROM traits WHERE product = ? AND text = ?');
  const countTraits = db.prepare('SELECT count(*) AS known FROM traits WHERE product = ?');
  const insertTraits = db.prepare('INSERT INTO traits (product, text) VALUES (?, ?)');
  const eraseTraits = db.prepare('DELETE FROM traits WHERE number = ?');
  const selectUse = db.prepare('SELECT 1 FROM census WHERE product = ? AND traits = ? LIMIT 1');
  const where = 'product = ? AND traits = ? AND version = ? AND dormant = ? AND block = ?';
  const selectBlock = db.prepare(`SELECT total, counts FROM census WHERE ${where}`);
  selectBlock.setReturnArrays(true);
  const insertBlock = db.prepare(`
    INSERT INTO census (product, traits, version, dormant, block, total, counts)
    VALUES (?, ?, ?, ?, ?, ?, ?)`);
  const updateBlock = db.prepare(`UPDATE census SET total = ?, counts = ? WHERE ${where}`);
  const eraseBlock = db.prepare(`DELETE FROM census WHERE ${where}`);
  const selectCells = db.prepare(`
    SELECT c.version, c.traits, t.text, c.dormant, c.block, c.counts
    FROM census AS c LEFT JOIN traits AS t ON t.number = c.traits WHERE c.product = ?`);
  selectCells.setReturnArrays(true);

  /**
   * The number that traits are counted under. Traits that came when no number was left are never given one later, so
   * that a device is found again where it was counted: once all are given, none is taken back.
   */
  function numberTraits(product: number, text: string): number {
    if (text === '') return NO_TRAITS;
    const known = selectNumber.get(product, text);
    if (known !== undefined) return Number(known['number']);
    if (hasAllTraits(product)) return NO_TRAITS;
    return Number(insertTraits.run(product, text).lastInsertRowid);
  }

  function hasAllTraits(product: number): boolean {
    return Number(countTraits.get(product)?.['known'] ?? 0) >= TRAITS_MAX;
  }

  function forgetUnused(product: number, traits: number): void {
    if (traits === NO_TRAITS || selectUse.get(product, traits) !== undefined) return;
    if (!hasAllTraits(product)) eraseTraits.run(traits);
  }

  function count(product: number, device: DeviceRecord | null, by: 1 | -1): void {
    const place = censusPlace(device);
    if (place === null) return;
    const traits = numberTraits(product, traitsKey(place.traits));
    const block = Math.floor(place.bucket / BLOCK_BUCKETS);
    const version = place.version ?? NO_VERSION;
    const key = [product, traits, version, place.dormant ? 1 : 0, block] as const;
    const row = selectBlock.get(...key) as unknown as BlockRow | undefined;
    const total = (row?.[0] ?? 0) + by;
    if (total === 0) {
      eraseBlock.run(...key);
      forgetUnused(product, traits);
      return;
    }
    const counts = row?.[1] ?? new Uint8Array(BLOCK_BUCKETS * COUNT_BYTES);
    const view = new DataView(counts.buffer, counts.byteOffset);
    const offset = (place.bucket % BLOCK_BUCKETS) * COUNT_BYTES;
    view.setUint32(offset, view.getUint32(offset, true) + by, true);
    if (row === undefined) insertBlock.run(...key, total, counts);
    else updateBlock.run(total, counts, ...key);
  }

  return {
    move(product, before, after) {
      if (areCountedAlike(before, after)) return;
      // First in, then out: traits that the device keeps are in use all the while.
      count(product, after, 1);
      count(product, before, -1);
    },
    read(product) {
      const cells = new Map<string, SortableCell>();
      for (const row of selectCells.iterate(product) as unknown as Iterable<CellRow>) {
        const [version, traits, text, dormant, block, counts] = row;
        const key = `${version} ${traits} ${dormant}`;
        let cell = cells.get(key);
        if (cell === undefined) {
          cell = { version, text: text ?? '', dormant, blocks: new Map() };
          cells.set(key, cell);
        }
        cell.blocks.set(block, decodeCounts(counts));
      }
      return [...cells.values()].sort(compareCells).map(({ version, text, dormant, blocks }) => ({
        version: version === NO_VERSION ? null : version,
        traits: readTraitsKey(text),
        dormant: dormant === 1,
        blocks,
      }));
    },
  };
}

type BlockRow = readonly [total: number, counts: Uint8Array];

type CellRow = readonly [
  version: number,
  traits: number,
  text: string | null,
  dormant: number,
  block: number,
  counts: Uint8Array,
];

interface SortableCell {
  readonly version: number;
  readonly text: string;
  readonly dormant: number;
  readonly blocks: Map<number, Uint32Array>;
}

function compareCells(one: SortableCell, other: SortableCell): number {
  if (one.version !== other.version) return one.version - other.version;
  if (one.text !== other.text) return one.text < other.text ? -1 : 1;
  return one.dormant - other.dormant;
}

/** Whether nothing is to be moved: most writes are such, and need not work out a bucket. */
function areCountedAlike(before: DeviceRecord | null, after: DeviceRecord | null): boolean {
  if (before === null || after === null) return before === after;
  return (
    before.running === after.running &&
    before.standing === after.standing &&
    before.dormant === after.dormant &&
    (before.lock === null) === (after.lock === null) &&
    traitsKey(before.traits) === traitsKey(after.traits)
  );
}

const IS_LITTLE_ENDIAN = new Uint8Array(new Uint32Array([1]).buffer)[0] === 1;

/** The counts of a block. They are little-endian on the disk; where the machine is too, nothing is copied. */
function decodeCounts(bytes: Uint8Array): Uint32Array {
  if (!IS_LITTLE_ENDIAN) {
    const view = new DataView(bytes.buffer, bytes.byteOffset);
    return Uint32Array.from({ length: BLOCK_BUCKETS }, (_, i) =>
      view.getUint32(i * COUNT_BYTES, true),
    );
  }
  const aligned = bytes.byteOffset % COUNT_BYTES === 0 ? bytes : Uint8Array.from(bytes);
  return new Uint32Array(aligned.buffer, aligned.byteOffset, BLOCK_BUCKETS);
}
