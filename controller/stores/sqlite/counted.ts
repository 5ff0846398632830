// Remembers in which slot and day devices are counted, so that a contact need not read the row that it replaces. Twelve
// bytes per device that was heard since the start; the tables stay the truth, and are read for all others.

/** Devices per block: blocks are made as their devices are heard. */
const BLOCK = 4096;

/** Stands for: not known. Days count from 1970, so none is negative. */
const UNKNOWN = -1;

export interface CountedDevices {
  /** The slot and day of a device; null where they are not known. */
  get(key: number): { readonly slot: number; readonly day: number } | null;
  set(key: number, slot: number, day: number): void;
  /** Forgets a device. */
  delete(key: number): void;
  /** Forgets all. */
  clear(): void;
}

interface Block {
  readonly slots: Float64Array;
  readonly days: Int32Array;
}

/** Creates an empty memory. */
export function createCounted(): CountedDevices {
  const blocks = new Map<number, Block>();
  return {
    get(key) {
      const block = blocks.get(Math.floor(key / BLOCK));
      const day = block?.days[key % BLOCK] ?? UNKNOWN;
      return day === UNKNOWN ? null : { slot: block?.slots[key % BLOCK] ?? 0, day };
    },
    set(key, slot, day) {
      const number = Math.floor(key / BLOCK);
      let block = blocks.get(number);
      if (block === undefined) {
        const days = new Int32Array(BLOCK).fill(UNKNOWN);
        blocks.set(number, (block = { slots: new Float64Array(BLOCK), days }));
      }
      block.slots[key % BLOCK] = slot;
      block.days[key % BLOCK] = day;
    },
    delete(key) {
      const block = blocks.get(Math.floor(key / BLOCK));
      if (block !== undefined) block.days[key % BLOCK] = UNKNOWN;
    },
    clear: () => blocks.clear(),
  };
}
