// Measures the SQLite store alone, with a fleet of a million devices: `node bench/store-micro.ts [DEVICES] [FOLDER]`.
// Prints one JSON object. Numbers of a busy machine say little: look at the best of several runs.

import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { assert } from '../controller/base/assert.ts';
import type { Contact, DeviceRecord } from '../controller/model/device.ts';
import { openSqliteStore } from '../controller/stores/sqlite/sqlite-store.ts';
import type { Store } from '../controller/stores/store.ts';
import { seededId, seedFleet } from './support/seed-fleet.ts';

const PRODUCT = 'thermostat';
const DIGEST = 'ab'.repeat(32);
const CONTACTS = 15_000;

const devices = Number(process.argv[2] ?? 1_000_000);
const folder = mkdtempSync(join(process.argv[3] ?? tmpdir(), 'lockstep-bench-'));
const file = join(folder, 'state.db');
try {
  const seedMs = seedFleet(file, {
    product: PRODUCT,
    devices,
    running: (i) => (i % 10 === 0 ? 41 : 42),
    tokenFor: (i) => i.toString(16).padStart(64, '0'),
  });
  const bytesPerDevice = statSync(file).size / devices;
  const opened = await openSqliteStore(file);
  assert(opened.ok, 'the seeded state opens');
  const store = opened.value;
  const result = {
    devices,
    seedMs: Math.round(seedMs),
    bytesPerDevice: Math.round(bytesPerDevice),
    deviceUs: await measureReads(store),
    contactsMs: await measureContacts(store),
    saveDeviceUs: await measureWrites(store),
    rssMb: Math.round(process.memoryUsage().rss / 1e6),
  };
  await store.close();
  process.stdout.write(`${JSON.stringify(result, null, 2)}\n`);
} finally {
  rmSync(folder, { recursive: true, force: true });
}

function pick(): number {
  return Math.floor(Math.random() * devices);
}

function round(value: number): number {
  return Math.round(value * 100) / 100;
}

/** Microseconds per look-up of a random device: best and mean of five rounds, after one to warm up. */
async function measureReads(store: Store): Promise<{ best: number; mean: number }> {
  const rounds: number[] = [];
  for (let i = 0; i < 6; i++) {
    const ids = Array.from({ length: 100_000 }, () => seededId(pick()));
    const started = performance.now();
    for (const id of ids) await store.device(PRODUCT, id);
    rounds.push(((performance.now() - started) * 1000) / ids.length);
  }
  const warm = rounds.slice(1);
  return {
    best: round(Math.min(...warm)),
    mean: round(warm.reduce((sum, one) => sum + one) / warm.length),
  };
}

/** Milliseconds per batch of random contacts, each a second after the last. */
async function measureContacts(store: Store): Promise<readonly number[]> {
  const times: number[] = [];
  const start = Date.now();
  for (let second = 1; second <= 10; second++) {
    const batch = new Map<number, Contact & { readonly product: string }>();
    while (batch.size < Math.min(CONTACTS, devices)) {
      const at = start + second * 1000;
      batch.set(1 + pick(), {
        at,
        listened: second * 1000,
        steadyAt: at,
        product: PRODUCT,
      });
    }
    const started = performance.now();
    await store.saveContacts(batch, new Map([[PRODUCT, second * 1000]]), {
      slotMs: new Map([[PRODUCT, 10_000]]),
    });
    times.push(Math.round(performance.now() - started));
  }
  return times;
}

/** Microseconds per write of a device in groups of 100: an offer, with its action and event. */
async function measureWrites(store: Store): Promise<number> {
  const first = await store.reserveActionIds(10_000);
  const started = performance.now();
  for (let group = 0; group < 100; group++) {
    const changed = Array.from({ length: 100 }, (_, i) => group * 100 + i);
    await Promise.all(changed.map((i) => offer(store, i * 7, first + i)));
  }
  return round(((performance.now() - started) * 1000) / 10_000);
}

async function offer(store: Store, i: number, actionId: number): Promise<void> {
  const before = await store.device(PRODUCT, seededId(i % devices));
  assert(before !== null, 'a seeded device is there');
  const origin = { manifest: 'Release/thermostat', revision: '0'.repeat(40) };
  const target = { version: 43, sha256: DIGEST, attempt: 1, offeredAt: 1, fetchedAt: null };
  const round = 1;
  const after: DeviceRecord = {
    ...before,
    action: {
      ...origin,
      ...target,
      id: actionId,
      goal: target.version,
      round,
      phase: 'offered',
      claimedAt: null,
      deadline: 86_400_000,
      graceUntil: null,
      bootAtClaim: null,
      cancelPolls: 0,
      cancelRefused: false,
    },
    outcome: { version: 43, round, state: 'inFlight' },
  };
  await store.saveDevice({
    before,
    after,
    actions: [
      {
        ...origin,
        ...target,
        product: PRODUCT,
        device: before.id,
        id: actionId,
        state: 'open',
        confirmed: false,
        closedAt: null,
        message: null,
      },
    ],
    events: [
      {
        ...origin,
        type: 'ActionOffered',
        at: 1,
        product: PRODUCT,
        device: before.id,
        actionId,
        message: 'Version 43 is offered to the device.',
      },
    ],
  });
}
