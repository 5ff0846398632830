// Fills a state with a fleet of any size in one go, through the tables of the SQLite store: records, counters and
// contacts are those that the same devices would have made by polling. No test uses it.

import { openDatabase } from '../../controller/stores/sqlite/database.ts';
import { openContacts } from '../../controller/stores/sqlite/contacts.ts';
import { openDeviceTable } from '../../controller/stores/sqlite/device-table.ts';
import { openEvidence } from '../../controller/stores/sqlite/evidence.ts';
import { openHistory } from '../../controller/stores/sqlite/history.ts';
import { openNumbers } from '../../controller/stores/sqlite/numbers.ts';
import { openProducts } from '../../controller/stores/sqlite/products.ts';
import { loadWords } from '../../controller/stores/sqlite/words.ts';
import { expectedDevice, type Contact, type DeviceRecord } from '../../controller/model/device.ts';

export interface FleetSeed {
  readonly product: string;
  /** How many devices; their ids are `seededId(0)` and on. */
  readonly devices: number;
  /** The version that device `i` runs; null: it never named one. */
  readonly running: (i: number) => number | null;
  /** SHA-256 (hex) of the target token of device `i`; without it, devices have none. */
  readonly tokenFor?: (i: number) => string;
  /** When device `i` was last heard from; default: now, at listening time 0. */
  readonly contact?: (i: number) => Contact;
  /** What is different about device `i`; default: nothing. */
  readonly change?: (i: number) => Partial<DeviceRecord>;
}

/** The id of the `i`-th device of a seeded fleet, of the length that real ones have. */
export function seededId(i: number): string {
  return `e00fce68${i.toString(16).padStart(16, '0')}`;
}

/** Writes the fleet into the state in `file`, which no one else may have open. Returns the milliseconds it took. */
export function seedFleet(file: string, seed: FleetSeed): number {
  const started = performance.now();
  const opened = openDatabase(file);
  if (!opened.ok) throw new Error(opened.error.message);
  const db = opened.value;
  const words = loadWords(db);
  const contacts = openContacts(db);
  const devices = openDeviceTable(db, {
    words,
    contacts,
    numbers: openNumbers(db, Math.random),
    products: openProducts(db, words),
    evidence: openEvidence(db, words),
    history: openHistory(db, words),
  });
  const now = Date.now();
  // A crash may leave half a fleet: the file is thrown away then, so nothing has to be flushed on the way.
  db.exec('PRAGMA synchronous = OFF');
  for (let first = 0; first < seed.devices; first += 50_000) {
    db.exec('BEGIN');
    for (let i = first; i < Math.min(first + 50_000, seed.devices); i++) {
      devices.save({
        before: null,
        after: makeDevice(seed, i, now),
        contact: seed.contact?.(i) ?? { at: now, listened: 0, steadyAt: now },
      });
    }
    db.exec('COMMIT');
  }
  db.exec('PRAGMA wal_checkpoint(TRUNCATE)');
  db.close();
  return performance.now() - started;
}

function makeDevice(seed: FleetSeed, i: number, now: number): DeviceRecord {
  const running = seed.running(i);
  return {
    ...expectedDevice(seed.product, seededId(i)),
    standing: 'active',
    registeredAt: now,
    tokenHash: seed.tokenFor?.(i) ?? null,
    running,
    reported: running === null ? null : String(running),
    runningSince: running === null ? null : 0,
    ...seed.change?.(i),
  };
}
