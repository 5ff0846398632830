// Whatever is written to a store, in whatever order and groups, with restarts in between: its counters, its census and
// its contact slots equal a recount, and its records are those of a plain map.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { tallyKeys } from '../../controller/devices/tally.ts';
import type { Contact, DeviceRecord } from '../../controller/model/device.ts';
import { BUCKETS } from '../../controller/model/rollout.ts';
import { bucketOf } from '../../controller/releases/circle.ts';
import { openSqliteStore } from '../../controller/stores/sqlite/sqlite-store.ts';
import type { Store } from '../../controller/stores/store.ts';
import { recountCensus } from '../contract/store-contract-census.ts';
import { makeDevice, makeFullDevice, makeOpenAction } from '../contract/store-fixtures.ts';

const PRODUCTS = ['thermostat', 'pump'];
const CONTACT_AT_MAX = 4 * 86_400_000;
/** The steady clock of a contact may be far from the wall clock. */
const STEADY_AT_MAX = 2e12;
const SLOT_MS_MAX = 60_000;
const ANY_TIME: unknown = expect.any(Number);

/** Where a device is kept in the model. */
interface Known {
  readonly device: DeviceRecord;
  /** As the store tells it: its steady time is the start of its slot. */
  readonly contact: Contact | null;
}

/** What is kept, in a plain form. */
interface Model {
  readonly known: Map<string, Known>;
  /** Length of the slots that contacts are counted in from here on. */
  slotMs: number;
}

const version = fc.constantFrom(null, 41, 42);
const contact = fc.record({
  at: fc.oneof(
    fc.integer({ min: 0, max: CONTACT_AT_MAX }),
    fc.double({ min: 0, max: CONTACT_AT_MAX, noNaN: true }),
  ),
  listened: fc.double({ min: 0, max: 500_000, noNaN: true }),
  steadyAt: fc.oneof(
    fc.integer({ min: 0, max: CONTACT_AT_MAX }),
    fc.double({ min: 0, max: STEADY_AT_MAX, noNaN: true }),
  ),
});
const target = fc.record({
  product: fc.constantFrom(...PRODUCTS),
  id: fc.constantFrom('a', 'b', 'c', 'd'),
});
const change = fc.record(
  {
    standing: fc.constantFrom('expected' as const, 'active' as const, 'quarantined' as const),
    running: version,
    lock: fc.constantFrom(null, makeFullDevice('x').lock),
    failures: fc.constantFrom(null, makeFullDevice('x').failures),
    action: fc.option(fc.nat(1_000).map((deadline) => makeOpenAction({ deadline }))),
    outcome: fc.option(
      fc.record({
        version: fc.constantFrom(41, 42),
        round: fc.nat(2),
        state: fc.constantFrom('inFlight' as const, 'succeeded' as const, 'failed' as const),
      }),
    ),
    reported: fc.option(fc.string({ unit: 'binary' })),
    boot: fc.option(fc.string({ unit: 'binary' })),
    dormant: fc.boolean(),
    traits: fc.oneof(
      fc.constantFrom({}, { hw: 'B' }, { hw: 'B', channel: null }, { channel: null, hw: 'B' }),
      fc.dictionary(fc.string({ unit: 'binary' }), fc.option(fc.string()), { maxKeys: 3 }),
    ),
  },
  { requiredKeys: [] },
);
const step = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      kind: fc.constant('save' as const),
      target,
      change,
      contact: fc.option(contact),
    }),
  },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('delete' as const), target }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('stale' as const), target }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('exhausted' as const), target }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('broken' as const), target }) },
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constant('contacts' as const),
      contacts: fc.array(fc.tuple(target, contact)),
      slotMs: fc.constantFrom(1_000, 7_000, SLOT_MS_MAX),
    }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('reopen' as const) }) },
);
type Step = typeof step extends fc.Arbitrary<infer T> ? T : never;

function nameOf(place: { product: string; id: string }): string {
  return `${place.product}/${place.id}`;
}

/** What the store answered, and what it should have. */
interface Answer {
  readonly found: unknown;
  readonly wanted: unknown;
}

/** Carries one step out on the store and on the model. */
async function carryOut(store: Store, model: Model, step: Step): Promise<Answer> {
  const { known } = model;
  if (step.kind === 'reopen') return { found: null, wanted: null };
  if (step.kind === 'contacts') {
    model.slotMs = step.slotMs;
    return saveContacts(store, model, step.contacts);
  }
  const name = nameOf(step.target);
  const before = known.get(name)?.device ?? null;
  const fresh = { ...makeDevice(step.target.id), product: step.target.product };
  if (step.kind === 'stale') {
    const stale =
      before === null ? { ...fresh, key: 7, rev: 1 } : { ...before, rev: before.rev + 1 };
    const found = await store.saveDevice({ before: stale, after: { ...fresh, running: 77 } });
    return { found, wanted: { status: 'conflict' } };
  }
  if (step.kind === 'exhausted') {
    const spend = { meter: 'empty', rate: { flashes: 1, perMs: 1e12 }, at: 0 };
    const found = await store.saveDevice({ before, after: { ...fresh, running: 77 }, spend });
    return { found, wanted: { status: 'exhausted', freeAt: ANY_TIME } };
  }
  if (step.kind === 'broken') {
    const after = { ...(before ?? fresh), running: 77, boot: 1n as unknown as string };
    const saving = store.saveDevice({
      before,
      after,
      contact: { at: 1, listened: 1, steadyAt: 1 },
    });
    const found = await saving.catch((thrown: unknown) => thrown instanceof TypeError);
    return { found, wanted: true };
  }
  if (step.kind === 'delete') {
    if (before === null) return { found: null, wanted: null };
    known.delete(name);
    const found = await store.saveDevice({ before, after: null });
    return { found, wanted: { status: 'saved', device: null } };
  }
  return save(store, model, { ...(before ?? fresh), ...step.change }, step.contact);
}

async function save(
  store: Store,
  model: Model,
  after: DeviceRecord,
  contact: Contact | null,
): Promise<Answer> {
  const { known } = model;
  const earlier = known.get(nameOf(after));
  const before = earlier?.device ?? null;
  const found = await store.saveDevice({ before, after, ...(contact !== null && { contact }) });
  if (found.status !== 'saved' || found.device === null) return { found, wanted: 'a saved device' };
  const device = { ...after, key: before?.key ?? found.device.key, rev: (before?.rev ?? 0) + 1 };
  known.set(nameOf(after), {
    device,
    contact: contact === null ? (earlier?.contact ?? null) : place(model, contact),
  });
  return { found, wanted: { status: 'saved', device } };
}

/** The contact as it is told: in its slot. */
function place({ slotMs }: Model, contact: Contact): Contact {
  return { ...contact, steadyAt: Math.floor(contact.steadyAt / slotMs) * slotMs };
}

async function saveContacts(
  store: Store,
  model: Model,
  contacts: readonly (readonly [target: { product: string; id: string }, contact: Contact])[],
): Promise<Answer> {
  const { known, slotMs } = model;
  const batch = new Map<number, Contact & { product: string }>();
  for (const [target, contact] of contacts) {
    const found = known.get(nameOf(target));
    // A key that no device has: a device that was deleted after the batch was begun.
    batch.set(found?.device.key ?? 1_000_000, { ...contact, product: target.product });
    if (found !== undefined) {
      known.set(nameOf(target), { device: found.device, contact: place(model, contact) });
    }
  }
  const slots = new Map(PRODUCTS.map((product) => [product, slotMs]));
  await store.saveContacts(batch, new Map(), { slotMs: slots });
  return { found: null, wanted: null };
}

/** Leaves no token in a meter, and no device. */
async function emptyMeter(store: Store, product: string): Promise<void> {
  const after = { ...makeDevice('spender'), product };
  const spend = { meter: 'empty', rate: { flashes: 1, perMs: 1e12 }, at: 0 };
  const saved = await store.saveDevice({ before: null, after, spend });
  if (saved.status !== 'saved') throw new Error('no token to begin with');
  await store.saveDevice({ before: saved.device, after: null });
}

/** All that the store says of a product, beside a recount of the model. */
async function recount(
  store: Store,
  known: ReadonlyMap<string, Known>,
  product: string,
): Promise<Answer> {
  const all = [...known.values()]
    .filter(({ device }) => device.product === product)
    .sort((one, other) => (one.device.id < other.device.id ? -1 : 1));
  const counts = new Map<string, number>();
  for (const key of all.flatMap(({ device }) => tallyKeys(device))) {
    counts.set(key, (counts.get(key) ?? 0) + 1);
  }
  const unheard = all.filter(
    ({ device, contact }) => device.standing === 'active' && (contact?.at ?? 1e12) < 1.5e8,
  );
  const newest = all.reduce<number | null>(
    (latest, { contact }) => (contact === null ? latest : Math.max(latest ?? 0, contact.steadyAt)),
    null,
  );
  return {
    found: {
      tallies: await store.tallies(product),
      heard: [
        await store.heardSince(product, 0),
        await store.heardSince(product, STEADY_AT_MAX + SLOT_MS_MAX),
      ],
      newest: await store.lastHeardAt(product),
      devices: await store.devices({ product, limit: 9 }),
      one: await Promise.all(all.map(({ device }) => store.device(product, device.id))),
      contacts: await Promise.all(all.map(({ device }) => store.contact(device.key))),
      due: (await store.dueDevices(product, 500, 9)).length,
      unheard: await Promise.all(
        [false, true].map(
          async (awakeOnly) =>
            (await store.unheardDevices(product, 1.5e8, 9, { awakeOnly })).length,
        ),
      ),
      census: await store.census(product),
      byBucket: await store.devicesByBucket(product, 0, BUCKETS, 9),
    },
    wanted: {
      tallies: counts,
      heard: [all.filter(({ contact }) => contact !== null).length, 0],
      newest,
      devices: all,
      one: all.map(({ device }) => device),
      contacts: all.map(({ contact }) => contact),
      due: all.filter(({ device }) => (device.action?.deadline ?? 501) <= 500).length,
      unheard: [unheard.length, unheard.filter(({ device }) => !device.dormant).length],
      census: recountCensus(all.map(({ device }) => device)),
      byBucket: all
        .map(({ device }) => device)
        .filter(({ standing }) => standing === 'active')
        .sort((one, other) => bucketOf(one.id) - bucketOf(other.id)),
    },
  };
}

describe('the counters of a SQLite store', () => {
  it('equal a recount after any sequence of writes and restarts', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 40 }), async (steps) => {
        const folder = mkdtempSync(join(tmpdir(), 'lockstep-tallies-'));
        const file = join(folder, 'state.db');
        const open = async (): Promise<Store> => {
          const opened = await openSqliteStore(file);
          if (!opened.ok) throw new Error(opened.error.message);
          return opened.value;
        };
        let store = await open();
        for (const product of PRODUCTS) await emptyMeter(store, product);
        try {
          const model: Model = { known: new Map(), slotMs: SLOT_MS_MAX };
          for (const one of steps) {
            if (one.kind === 'reopen') {
              await store.close();
              store = await open();
            }
            const { found, wanted } = await carryOut(store, model, one);
            expect(found).toEqual(wanted);
          }
          for (const product of [...PRODUCTS, ...PRODUCTS]) {
            const { found, wanted } = await recount(store, model.known, product);
            expect(found).toEqual(wanted);
            await store.close();
            store = await open();
          }
        } finally {
          await store.close();
          rmSync(folder, { recursive: true });
        }
      }),
      { numRuns: 60 },
    );
  });
});
