// When devices were last heard from: one narrow row per device, and counts per slot of time, so that "how many were heard
// lately" never reads the rows. The slots always add up to the devices with a contact. They are of the steady time of
// contacts; the day of a contact is that of the wall clock.

import type { DatabaseSync } from 'node:sqlite';

import { assert } from '../../base/assert.ts';
import type { Contact } from '../../model/device.ts';
import { createCounted } from './counted.ts';

const DAY_MS = 86_400_000;

/** What the table says of products without a contact batch so far (its column default). */
const SLOT_MS_DEFAULT = 60_000;

/** The contact tables. Everything that changes them only runs inside a write. */
export interface Contacts {
  read(key: number): Contact | null;
  /** Makes the row of a new device. Contacts of devices without a row are dropped, so that none outlives its device. */
  add(key: number, dormant: boolean): void;
  /** Tells that a device fell asleep or woke up. */
  setDormant(product: number, key: number, dormant: boolean): void;
  /** Takes a device out of its slot and deletes its row. */
  remove(product: number, key: number): void;
  /** Records one contact, in a slot of the length that the product's batches use. */
  save(product: number, key: number, contact: Contact): void;
  /** Records a batch; `slotMs` replaces the length of the products' slots from here on. */
  saveBatch(
    batch: Iterable<readonly [product: number, key: number, contact: Contact]>,
    slotMs: Iterable<readonly [product: number, slotMs: number]>,
  ): void;
  /** Devices in the slots that end after `since` (epoch milliseconds): exact to one slot, and never too few. */
  countSince(product: number, since: number): number;
  /** Epoch milliseconds at which the newest slot begins; null where nobody was heard. */
  newestSlot(product: number): number | null;
  /** Forgets what is remembered of the tables, after writes were undone. */
  reload(): void;
}

/** Differences to the counts of slots, gathered so that each slot is written once. */
type Moves = Map<number, Map<number, number>>;

/** Opens the contact tables of a state. */
export function openContacts(db: DatabaseSync): Contacts {
  const select = db.prepare('SELECT at, listened, into_slot, dormant FROM contact WHERE key = ?');
  select.setReturnArrays(true);
  const insert = db.prepare('INSERT INTO contact (key, dormant) VALUES (?, ?)');
  const saveDormant = db.prepare('UPDATE contact SET dormant = ? WHERE key = ?');
  const update = db.prepare('UPDATE contact SET at = ?, listened = ?, into_slot = ? WHERE key = ?');
  const erase = db.prepare('DELETE FROM contact WHERE key = ?');
  const enterDay = db.prepare(
    'INSERT INTO contact_day (product, dormant, day, key) VALUES (?, ?, ?, ?)',
  );
  const leaveDay = db.prepare(
    'DELETE FROM contact_day WHERE product = ? AND dormant = ? AND day = ? AND key = ?',
  );
  const changeSlot = db.prepare(`
    INSERT INTO contact_slot (product, slot, devices) VALUES (?, ?, ?)
    ON CONFLICT DO UPDATE SET devices = devices + excluded.devices`);
  const dropSlot = db.prepare(
    'DELETE FROM contact_slot WHERE product = ? AND slot = ? AND devices = 0',
  );
  const sumSlots = db.prepare(
    'SELECT coalesce(sum(devices), 0) AS heard FROM contact_slot WHERE product = ? AND slot > ?',
  );
  const selectNewest = db.prepare('SELECT max(slot) AS slot FROM contact_slot WHERE product = ?');
  const selectSlotMs = db.prepare('SELECT number, slot_ms FROM product');
  const saveSlotMs = db.prepare(`
    INSERT INTO product (number, slot_ms) VALUES (?, ?)
    ON CONFLICT DO UPDATE SET slot_ms = excluded.slot_ms`);
  const slotMsOf = new Map<number, number>();
  const counted = createCounted();

  function reload(): void {
    slotMsOf.clear();
    counted.clear();
    for (const row of selectSlotMs.all())
      slotMsOf.set(Number(row['number']), Number(row['slot_ms']));
  }
  function readSlotMs(product: number): number {
    return slotMsOf.get(product) ?? SLOT_MS_DEFAULT;
  }

  /** Where a device is counted; `day` is null before its first contact. Null where it has no row. */
  function readCounted(key: number): Counted | null {
    const row = select.get(key) as ContactRow | undefined;
    if (row === undefined) return null;
    const dormant = row[3] ?? 0;
    if (row[0] === null) return { slot: 0, day: null, dormant };
    return { slot: findSlot(row[0], row[2]), day: findDay(row[0]), dormant };
  }

  function place(moves: Moves, product: number, key: number, contact: Contact): void {
    const known = counted.get(key);
    const before = known === null ? readCounted(key) : { ...known, dormant: 0 };
    if (before === null) return;
    const slotMs = readSlotMs(product);
    const slot = Math.floor(contact.steadyAt / slotMs) * slotMs;
    const day = findDay(contact.at);
    if (before.day !== null) move(moves, product, before.slot, -1);
    move(moves, product, slot, 1);
    update.run(contact.at, contact.listened, contact.at - slot, key);
    // Only devices that are awake are remembered: hardly any other makes contact.
    if (before.dormant === 0) counted.set(key, slot, day);
    if (before.day === day) return;
    if (before.day !== null) leaveDay.run(product, before.dormant, before.day, key);
    enterDay.run(product, before.dormant, day, key);
  }

  function settle(moves: Moves): void {
    for (const [product, slots] of moves) {
      for (const [slot, devices] of slots) {
        if (devices === 0) continue;
        changeSlot.run(product, slot, devices);
        if (devices < 0) dropSlot.run(product, slot);
      }
    }
  }

  reload();
  return {
    read(key) {
      const row = select.get(key) as ContactRow | undefined;
      if (row === undefined || row[0] === null) return null;
      return { at: row[0], listened: row[1] ?? 0, steadyAt: findSlot(row[0], row[2]) };
    },
    add: (key, dormant) => void insert.run(key, dormant ? 1 : null),
    setDormant(product, key, dormant) {
      const row = select.get(key) as ContactRow | undefined;
      if (row === undefined) return;
      counted.delete(key);
      saveDormant.run(dormant ? 1 : null, key);
      if (row[0] === null) return;
      leaveDay.run(product, row[3] ?? 0, findDay(row[0]), key);
      enterDay.run(product, dormant ? 1 : 0, findDay(row[0]), key);
    },
    remove(product, key) {
      const row = select.get(key) as ContactRow | undefined;
      if (row === undefined) return;
      counted.delete(key);
      erase.run(key);
      if (row[0] === null) return;
      leaveDay.run(product, row[3] ?? 0, findDay(row[0]), key);
      settle(new Map([[product, new Map([[findSlot(row[0], row[2]), -1]])]]));
    },
    save(product, key, contact) {
      const moves: Moves = new Map();
      place(moves, product, key, contact);
      settle(moves);
    },
    saveBatch(batch, slotMs) {
      for (const [product, length] of slotMs) {
        assert(Number.isInteger(length) && length > 0, 'a bad length of a contact slot');
        if (readSlotMs(product) === length) continue;
        saveSlotMs.run(product, length);
        slotMsOf.set(product, length);
      }
      const moves: Moves = new Map();
      // In the order of the table, each of its pages is visited once.
      const sorted = [...batch].sort(([, one], [, other]) => one - other);
      for (const [product, key, contact] of sorted) place(moves, product, key, contact);
      settle(moves);
    },
    countSince(product, since) {
      return Number(sumSlots.get(product, since - readSlotMs(product))?.['heard'] ?? 0);
    },
    newestSlot(product) {
      const slot = selectNewest.get(product)?.['slot'] ?? null;
      return slot === null ? null : Number(slot);
    },
    reload,
  };
}

/** The slot and the day that a device is counted in. */
interface Counted {
  readonly slot: number;
  /** Null before the first contact. */
  readonly day: number | null;
  /** 1 or 0, as in the table of days. */
  readonly dormant: number;
}

/** The first three are null before the first contact, the last while the device is awake. */
type ContactRow = readonly [
  at: number | null,
  listened: number | null,
  intoSlot: number | null,
  dormant: number | null,
];

/** The day (since 1970) of a contact. */
function findDay(at: number): number {
  return Math.floor(at / DAY_MS);
}

/** The start of the slot that a contact was counted in, whatever the slots' length is by now. */
export function findSlot(at: number, intoSlot: number | null): number {
  // Slots begin at whole milliseconds; where the two clocks are far apart, the difference is not exact.
  return Math.round(at - (intoSlot ?? 0));
}

function move(moves: Moves, product: number, slot: number, by: number): void {
  let slots = moves.get(product);
  if (slots === undefined) moves.set(product, (slots = new Map()));
  slots.set(slot, (slots.get(slot) ?? 0) + by);
}
