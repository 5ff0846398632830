// The device records and what is counted about them: reading one, and the one write that changes a device with
// everything that belongs to it. Lists of devices are in `device-lists.ts`.

import type { DatabaseSync } from 'node:sqlite';

import { assert } from '../../base/assert.ts';
import { tallyDifference } from '../../devices/tally.ts';
import type { DeviceRecord } from '../../model/device.ts';
import type { CensusCell, Tallies } from '../../model/live.ts';
import { bucketOf } from '../../releases/circle.ts';
import { takeToken, type TokenResult } from '../../releases/rate.ts';
import type { DeviceChange, SaveOutcome, Spending } from '../store.ts';
import { openCensus } from './census.ts';
import type { Contacts } from './contacts.ts';
import {
  decodeDevice,
  DEVICE_COLUMNS,
  encodeColumns,
  encodeDetail,
  type DeviceColumns,
  type DeviceRow,
} from './device-codec.ts';
import type { Evidence } from './evidence.ts';
import type { History } from './history.ts';
import { openMeters } from './meters.ts';
import type { Numbers } from './numbers.ts';
import type { Products } from './products.ts';
import type { Words } from './words.ts';

/** The device table. `save` only runs inside a write. */
export interface DeviceTable {
  read(product: string, id: string): DeviceRecord | null;
  /** Carries out a change as a whole; a conflict writes nothing, nor does an exhausted meter. */
  save(change: DeviceChange): SaveOutcome;
  readAttributes(key: number): Readonly<Record<string, string>> | null;
  readTallies(product: string): Tallies;
  readCensus(product: string): readonly CensusCell[];
}

interface DevicePorts {
  readonly words: Words;
  readonly numbers: Numbers;
  readonly contacts: Contacts;
  readonly products: Products;
  readonly evidence: Evidence;
  readonly history: History;
}

/** Opens the device table of a state. */
export function openDeviceTable(db: DatabaseSync, ports: DevicePorts): DeviceTable {
  const { words, contacts, history } = ports;
  const census = openCensus(db);
  const meters = openMeters(db);
  const select = db.prepare(`SELECT ${DEVICE_COLUMNS} FROM device WHERE product = ? AND id = ?`);
  select.setReturnArrays(true);
  const insert = db.prepare('INSERT INTO device VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)');
  const updateDetail = db.prepare(
    'UPDATE device SET rev = ?, detail = ? WHERE product = ? AND id = ?',
  );
  const updateAll = db.prepare(`
    UPDATE device SET rev = ?, detail = ?,
      standing = ?, running = ?, lock_version = ?, failing = ?, deadline = ?
    WHERE product = ? AND id = ?`);
  const updateRegistered = db.prepare(
    'UPDATE device SET registered = ? WHERE product = ? AND id = ?',
  );
  const erase = db.prepare('DELETE FROM device WHERE product = ? AND id = ?');
  const selectAttributes = db.prepare('SELECT record FROM attribute WHERE key = ?');
  const saveAttributes = db.prepare('INSERT OR REPLACE INTO attribute (key, record) VALUES (?, ?)');
  const eraseAttributes = db.prepare('DELETE FROM attribute WHERE key = ?');
  const selectTallies = db.prepare(
    'SELECT name, devices FROM tally WHERE product = ? AND devices <> 0',
  );
  const changeTally = db.prepare(`
    INSERT INTO tally (product, name, devices) VALUES (?, ?, ?)
    ON CONFLICT DO UPDATE SET devices = devices + excluded.devices`);

  function read(product: string, id: string): DeviceRecord | null {
    const number = words.find(product);
    if (number === null) return null;
    const row = select.get(number, id) as unknown as DeviceRow | undefined;
    return row === undefined ? null : decodeDevice(product, id, row, words);
  }

  function askForToken(product: string, { meter, rate, at }: Spending): TokenResult {
    const number = words.find(product);
    return takeToken(rate, number === null ? null : meters.readFullAt(number, meter), at);
  }

  function create(product: number, after: DeviceRecord): DeviceRecord {
    const device = { ...after, key: ports.numbers.nextKey(), rev: 1 };
    const { standing, running, lockVersion, failing, deadline, registered } = encodeColumns(device);
    const detail = encodeDetail(device, words);
    insert.run(
      product,
      device.id,
      device.key,
      device.rev,
      standing,
      running,
      lockVersion,
      failing,
      deadline,
      detail,
      bucketOf(device.id),
      registered,
    );
    contacts.add(device.key, device.dormant);
    return device;
  }

  function replace(product: number, before: DeviceRecord, after: DeviceRecord): DeviceRecord {
    const device = { ...after, key: before.key, rev: before.rev + 1 };
    const detail = encodeDetail(device, words);
    const columns = encodeColumns(device);
    const earlier = encodeColumns(before);
    // Most writes leave the columns alone, and then no index has to be touched.
    if (areEqual(columns, earlier)) {
      updateDetail.run(device.rev, detail, product, device.id);
    } else {
      const { standing, running, lockVersion, failing, deadline } = columns;
      updateAll.run(
        device.rev,
        detail,
        standing,
        running,
        lockVersion,
        failing,
        deadline,
        product,
        device.id,
      );
    }
    // Once in a device's life: the statement above would touch the index of it with every change of the others.
    if (columns.registered !== earlier.registered) {
      updateRegistered.run(columns.registered, product, device.id);
    }
    if (device.dormant !== before.dormant) {
      contacts.setDormant(product, device.key, device.dormant);
    }
    return device;
  }

  function remove(product: number, device: DeviceRecord): void {
    erase.run(product, device.id);
    eraseAttributes.run(device.key);
    contacts.remove(product, device.key);
    ports.evidence.removeDevice(product, device.id);
    history.removeDevice(product, device.id);
  }

  return {
    read,
    save(change) {
      const { before, after } = change;
      const named = after ?? before;
      assert(named !== null, 'a device change without a device');
      assert(
        before === null || (before.product === named.product && before.id === named.id),
        'a device change that turns one device into another',
      );
      // The stored record, not the caller's copy, is what the counters are moved from.
      const stored = read(named.product, named.id);
      if (stored?.key !== before?.key || stored?.rev !== before?.rev) return { status: 'conflict' };
      const { spend } = change;
      const token = spend === undefined ? null : askForToken(named.product, spend);
      if (token?.ok === false) return { status: 'exhausted', freeAt: token.freeAt };

      const product = words.intern(named.product);
      ports.products.register(product);
      if (spend !== undefined && token !== null) meters.save(product, spend.meter, token.fullAt);
      if (change.evidence !== undefined || change.dropUnmetEvidence === true) {
        if (change.dropUnmetEvidence === true) ports.evidence.dropUnmet(product, named.id);
        for (const evidence of change.evidence ?? []) ports.evidence.save(evidence);
      }
      for (const action of change.actions ?? []) history.saveAction(action);
      if (change.feedback !== undefined) {
        history.addFeedback(product, named.id, change.feedback.actionId, change.feedback.entry);
      }
      history.addEvents(change.events ?? []);

      for (const [name, devices] of tallyDifference(stored, after)) {
        changeTally.run(product, name, devices);
      }
      census.move(product, stored, after);
      if (after === null) {
        if (stored !== null) remove(product, stored);
        return { status: 'saved', device: null };
      }
      const device = stored === null ? create(product, after) : replace(product, stored, after);
      if (change.attributes !== undefined) {
        saveAttributes.run(device.key, JSON.stringify(change.attributes));
      }
      if (change.contact !== undefined) contacts.save(product, device.key, change.contact);
      return { status: 'saved', device };
    },
    readAttributes(key) {
      const row = selectAttributes.get(key);
      return row === undefined
        ? null
        : (JSON.parse(String(row['record'])) as Record<string, string>);
    },
    readTallies(product) {
      const number = words.find(product);
      if (number === null) return new Map();
      return new Map(
        selectTallies.all(number).map((row) => [String(row['name']), Number(row['devices'])]),
      );
    },
    readCensus(product) {
      const number = words.find(product);
      return number === null ? [] : census.read(number);
    },
  };
}

/** Whether the columns are the same that change in the life of a device. */
function areEqual(one: DeviceColumns, other: DeviceColumns): boolean {
  return (
    one.standing === other.standing &&
    one.running === other.running &&
    one.lockVersion === other.lockVersion &&
    one.failing === other.failing &&
    one.deadline === other.deadline
  );
}
