// What devices have shown about versions: the rows that the verification gate counts. What counts is decided elsewhere.

import type { DatabaseSync } from 'node:sqlite';

import type { EvidenceRecord } from '../../model/device.ts';
import type { Words } from './words.ts';

/** The evidence table. Everything that changes it only runs inside a write. */
export interface Evidence {
  list(product: string): readonly EvidenceRecord[];
  save(evidence: EvidenceRecord): void;
  /** Deletes the rows of a device that have not passed. */
  dropUnmet(product: number, device: string): void;
  removeDevice(product: number, device: string): void;
  removeVersion(product: number, version: number): void;
}

/** Opens the evidence table of a state. */
export function openEvidence(db: DatabaseSync, words: Words): Evidence {
  const select = db.prepare(`
    SELECT version, sha256, device, level, since, passed_at AS passedAt, soaked_ms AS soakedMs
    FROM evidence WHERE product = ?`);
  const save = db.prepare('INSERT OR REPLACE INTO evidence VALUES (?, ?, ?, ?, ?, ?, ?, ?)');
  const dropUnmet = db.prepare(
    'DELETE FROM evidence WHERE product = ? AND device = ? AND passed_at IS NULL',
  );
  const removeDevice = db.prepare('DELETE FROM evidence WHERE product = ? AND device = ?');
  const removeVersion = db.prepare('DELETE FROM evidence WHERE product = ? AND version = ?');

  return {
    list(product) {
      const number = words.find(product);
      if (number === null) return [];
      const rows = select.all(number) as unknown as readonly EvidenceRow[];
      return rows.map((row) => ({ product, ...row, sha256: words.text(row.sha256) }));
    },
    save(evidence) {
      save.run(
        words.intern(evidence.product),
        evidence.version,
        words.intern(evidence.sha256),
        evidence.device,
        evidence.level,
        evidence.since,
        evidence.passedAt,
        evidence.soakedMs,
      );
    },
    dropUnmet: (product, device) => void dropUnmet.run(product, device),
    removeDevice: (product, device) => void removeDevice.run(product, device),
    removeVersion: (product, version) => void removeVersion.run(product, version),
  };
}

type EvidenceRow = Omit<EvidenceRecord, 'product' | 'sha256'> & { readonly sha256: number };
