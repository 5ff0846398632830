// What the state keeps of products, of the source and of people: product and firmware records, the newest reading of
// the source, and API tokens. A few rows each.

import type { DatabaseSync } from 'node:sqlite';

import type { FirmwareRecord } from '../../model/firmware.ts';
import type { Snapshot } from '../../model/revision.ts';
import type { ApiToken, ProductRecord } from '../store.ts';
import type { Words } from './words.ts';

/** The tables of products. Everything that changes them only runs inside a write. */
export interface Products {
  /** Products that were saved, by name. */
  readonly list: () => readonly ProductRecord[];
  /** Inserts or replaces; the listening time counts only for a product that has none yet. */
  save(product: ProductRecord): void;
  saveListened(product: string, listenedMs: number): void;
  /** Makes sure that a product which devices name has a row, also before it is saved. */
  register(product: number): void;
  /** By version. */
  listFirmware(product: string): readonly FirmwareRecord[];
  saveFirmware(firmware: FirmwareRecord): void;
  readonly readSnapshot: () => Snapshot | null;
  saveSnapshot(snapshot: Snapshot): void;
  /** By name. */
  readonly listTokens: () => readonly ApiToken[];
  saveToken(token: ApiToken): void;
  deleteToken(name: string): void;
}

/** Opens the tables of products of a state. */
export function openProducts(db: DatabaseSync, words: Words): Products {
  const select = db.prepare(
    'SELECT number, record, listened FROM product WHERE record IS NOT NULL',
  );
  const save = db.prepare(`
    INSERT INTO product (number, record, listened) VALUES (?, ?, ?)
    ON CONFLICT DO UPDATE
      SET record = excluded.record, listened = coalesce(listened, excluded.listened)`);
  const saveListened = db.prepare(`
    INSERT INTO product (number, listened) VALUES (?, ?)
    ON CONFLICT DO UPDATE SET listened = excluded.listened`);
  const register = db.prepare('INSERT INTO product (number) VALUES (?) ON CONFLICT DO NOTHING');
  const exists = db.prepare('SELECT 1 FROM product WHERE number = ?');
  const selectFirmware = db.prepare(
    'SELECT record FROM firmware WHERE product = ? ORDER BY version',
  );
  const saveFirmware = db.prepare('INSERT OR REPLACE INTO firmware VALUES (?, ?, ?)');
  const selectSnapshot = db.prepare('SELECT record FROM snapshot');
  const saveSnapshot = db.prepare('INSERT OR REPLACE INTO snapshot (one, record) VALUES (1, ?)');
  const selectTokens = db.prepare(
    'SELECT name, role, hash, created_at AS createdAt FROM token ORDER BY name',
  );
  const saveToken = db.prepare('INSERT OR REPLACE INTO token VALUES (?, ?, ?, ?)');
  const deleteToken = db.prepare('DELETE FROM token WHERE name = ?');

  return {
    list() {
      return select
        .all()
        .map((row) => {
          const record = JSON.parse(String(row['record'])) as Omit<ProductRecord, 'listenedMs'>;
          return { ...record, listenedMs: Number(row['listened'] ?? 0) };
        })
        .sort((one, other) => (one.name < other.name ? -1 : 1));
    },
    save(product) {
      const { listenedMs, ...record } = product;
      save.run(words.intern(product.name), JSON.stringify(record), listenedMs);
    },
    saveListened: (product, listenedMs) => void saveListened.run(words.intern(product), listenedMs),
    register(product) {
      if (exists.get(product) === undefined) register.run(product);
    },
    listFirmware(product) {
      const number = words.find(product);
      if (number === null) return [];
      const rows = selectFirmware.all(number);
      return rows.map((row) => JSON.parse(String(row['record'])) as FirmwareRecord);
    },
    saveFirmware(firmware) {
      const product = words.intern(firmware.product);
      saveFirmware.run(product, firmware.version, JSON.stringify(firmware));
    },
    readSnapshot() {
      const row = selectSnapshot.get();
      return row === undefined ? null : (JSON.parse(String(row['record'])) as Snapshot);
    },
    saveSnapshot: (snapshot) => void saveSnapshot.run(JSON.stringify(snapshot)),
    listTokens() {
      const rows = selectTokens.all() as unknown as readonly ApiToken[];
      return rows.map((row) => ({ ...row }));
    },
    saveToken: (token) => void saveToken.run(token.name, token.role, token.hash, token.createdAt),
    deleteToken: (name) => void deleteToken.run(name),
  };
}
