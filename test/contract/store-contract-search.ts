// The part of the store contract that is about searches: whatever is asked for in whatever order, the pages together are
// what a plain filter and sort of the same devices give, also while devices come and change between them.

import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { expectedDevice, type DeviceSighting } from '../../controller/model/device.ts';
import {
  DEVICE_ORDERS,
  type DeviceFilter,
  type DevicePage,
  type DevicePlace,
  type DeviceSearch,
} from '../../controller/stores/device-search.ts';
import type { Store } from '../../controller/stores/store.ts';
import { saveContacts } from './store-contract-contacts.ts';
import {
  changeDevice,
  createDevice,
  heardAt,
  makeDevice,
  makeFullDevice,
  makeOpenAction,
  PRODUCT,
} from './store-fixtures.ts';

const LISTENED = 10_000;
const WITHIN_MS = 900;

/** Beginnings of ids that JavaScript and the bytes of UTF-8 order differently. */
const PREFIXES = ['a', 'ab', 'é', '\uffee', '\u{1f321}', '%', '_'];

const full = makeFullDevice('x');
const version = fc.constantFrom(null, 41, 42, 43);
const idArbitrary = fc
  .tuple(fc.constantFrom(...PREFIXES), fc.nat(40))
  .map(([prefix, number]) => `${prefix}${number}`);

const properties = fc.record({
  running: version,
  standing: fc.constantFrom('expected', 'active', 'active', 'active', 'quarantined'),
  registeredAt: fc.constantFrom(null, 5, 5.5, 7, 7, 1_000),
  lock: fc.constantFrom(null, null, full.lock),
  failures: fc.constantFrom(null, null, full.failures),
  action: fc.constantFrom(null, null, makeOpenAction()),
  traits: fc.constantFrom({}, { hw: 'B' }, { hw: 'C' }, { hw: 'B', 'o"dd': 'ü\\' }, { hw: null }),
  boot: fc.constantFrom(null, '"hw":"B"'),
});

/** A device that is to be, with the listening time of its last contact (null: none). */
const member = fc.record({
  id: idArbitrary,
  properties,
  heard: fc.constantFrom(null, 0, LISTENED - WITHIN_MS, LISTENED - WITHIN_MS + 1, LISTENED),
});
type Member = typeof member extends fc.Arbitrary<infer T> ? T : never;

/** Accepts about half of the devices, by what no store can know. */
const accepts = ({ device }: DeviceSighting): boolean => device.key % 2 === 0;

/** What a filter can ask for; a device of the properties above matches most of it now and then. */
const filterParts: { readonly [Name in keyof DeviceFilter]-?: fc.Arbitrary<DeviceFilter[Name]> } = {
  idPrefix: fc.constantFrom(...PREFIXES, 'a1', 'zz'),
  running: version,
  locked: fc.boolean(),
  standing: fc.constantFrom('expected', 'active', 'quarantined'),
  failing: fc.boolean(),
  updating: fc.boolean(),
  heard: fc.boolean().map((is) => ({ listened: LISTENED, withinMs: WITHIN_MS, is })),
  traits: fc.constantFrom<Readonly<Record<string, string>>[]>(
    {},
    { hw: 'B' },
    // As a lock is written, too.
    { flash: 'on-reset' },
    { 'o"dd': 'ü\\', hw: 'B' },
  ),
  ids: fc.array(idArbitrary, { maxLength: 20 }),
  among: fc.record({
    versions: fc.uniqueArray(version, { maxLength: 3 }),
    ids: fc.array(idArbitrary, { maxLength: 3 }),
  }),
  accepts: fc.constant(accepts),
};

/** Mostly one or two parts, so that something matches; now and then many together. */
const filterArbitrary = fc
  .tuple(
    fc.record(filterParts),
    fc.oneof(
      fc.shuffledSubarray(Object.keys(filterParts), { maxLength: 2 }),
      fc.shuffledSubarray(Object.keys(filterParts)),
    ),
  )
  .map(([all, names]): DeviceFilter =>
    Object.fromEntries(Object.entries(all).filter(([name]) => names.includes(name))),
  );

const searchArbitrary = fc.record({
  filter: filterArbitrary,
  order: fc.constantFrom(...DEVICE_ORDERS),
  descending: fc.boolean(),
  limit: fc.integer({ min: 1, max: 12 }),
});

/** What happens between two pages: a device comes, or is another from now on. */
const disturbance = fc.array(member, { maxLength: 2 });

/** Describes searches; `rounds` is how many fleets are tried. */
export function describeSearch(current: () => Store, rounds: number): void {
  describe('a search', () => {
    it('finds exactly what a plain filter and sort finds, in pages of any size', async () => {
      await fc.assert(
        fc.asyncProperty(
          fc.array(member, { minLength: 1, maxLength: 60 }),
          fc.array(searchArbitrary, { minLength: 12, maxLength: 12 }),
          fc.uniqueArray(idArbitrary, { maxLength: 5 }),
          fc.array(member, { maxLength: 10 }),
          async (members, searches, gone, changed) => {
            const store = current();
            await emptyStore(store);
            await store.saveDevice({
              before: null,
              after: { ...makeDevice('a1'), product: 'other' },
            });
            await putAll(store, members);
            await putAll(store, changed);
            await Promise.all(gone.map((id) => drop(store, id)));
            const all = await store.devices({ product: PRODUCT, limit: 1000 });
            for (const search of searches) {
              const pages = await follow(store, { ...search, product: PRODUCT });
              const wanted = pick(all, search);
              expect(pages.flatMap(({ sightings }) => sightings)).toEqual(wanted);
              const totals = pages.flatMap(({ total }) => total ?? []);
              expect(new Set([...totals, wanted.length])).toEqual(new Set([wanted.length]));
            }
          },
        ),
        { numRuns: rounds },
      );
    });

    it('neither skips nor repeats a device that stayed as it was, while others come and change', async () => {
      await fc.assert(
        fc.asyncProperty(
          fc.array(member, { minLength: 10, maxLength: 40 }),
          searchArbitrary,
          fc.array(disturbance, { minLength: 1, maxLength: 12 }),
          async (members, asked, disturbances) => {
            const store = current();
            await emptyStore(store);
            await putAll(store, members);
            const before = pick(await store.devices({ product: PRODUCT, limit: 1000 }), asked).map(
              ({ device }) => device.id,
            );
            const touched = new Set<string>();
            const search = { ...asked, product: PRODUCT, limit: Math.min(3, asked.limit) };
            const pages = await follow(store, search, async (page) => {
              for (const each of disturbances[page] ?? []) {
                touched.add(each.id);
                await put(store, each);
              }
            });
            const found = pages.flatMap(({ sightings }) =>
              sightings.map(({ device }) => device.id),
            );
            const undisturbed = (ids: readonly string[]): readonly string[] =>
              ids.filter((id) => !touched.has(id));
            expect(undisturbed(found)).toEqual(undisturbed(before));
          },
        ),
        { numRuns: rounds },
      );
    });

    it('goes on from a place at which no device stands (any more)', async () => {
      for (const id of ['a', 'b', 'c']) await createDevice(current(), makeDevice(id));
      const at = async (after: DevicePlace, descending = false): Promise<readonly string[]> =>
        idsOf(await current().searchDevices(makeSearch({ after, descending })));
      expect(await at({ value: 0, id: 'aa' })).toEqual(['b', 'c']);
      expect(await at({ value: 0, id: 'bb' }, true)).toEqual(['b', 'a']);
      const place = { value: 41.5, id: 'x' };
      const byVersion = await current().searchDevices(
        makeSearch({ after: place, order: 'version', descending: true }),
      );
      expect(idsOf(byVersion)).toEqual(['c', 'b', 'a']);
    });
  });
}

/** Describes the totals of searches, of a store that counts a few devices where it has no counter. */
export function describeTotals(current: () => Store, reopen: () => Promise<Store>): void {
  describe('the total of a search', () => {
    it('counts the devices of a version, of a lock and of a standing, and all', async () => {
      const { lock } = full;
      await createDevice(current(), makeDevice('a', { lock }));
      await createDevice(current(), makeDevice('b', { running: 42 }));
      await createDevice(current(), makeDevice('c', { running: 42, standing: 'quarantined' }));
      await createDevice(current(), expectedDevice(PRODUCT, 'd'));
      const store = await reopen();
      const count = async (filter: DeviceFilter): Promise<number | null> =>
        (await store.searchDevices(makeSearch({ filter, limit: 1 }))).total;
      expect(await count({})).toBe(4);
      expect(await count({ running: 42 })).toBe(2);
      expect(await count({ running: 42, standing: 'active' })).toBe(1);
      expect(await count({ locked: true })).toBe(1);
      expect(await count({ locked: false })).toBe(3);
      expect(await count({ standing: 'expected' })).toBe(1);
      expect(await count({ standing: 'quarantined' })).toBe(1);
      expect(await count({ running: 7 })).toBe(0);
      expect(await count({ accepts })).toBeNull();
      expect((await store.searchDevices({ ...makeSearch({}), product: 'nothing' })).total).toBe(0);
    });
  });
}

function makeSearch(change: Partial<DeviceSearch>): DeviceSearch {
  const plain = { order: 'id', descending: false, after: null, limit: 100 } as const;
  return { product: PRODUCT, filter: {}, ...plain, ...change };
}

function idsOf({ sightings }: DevicePage): readonly string[] {
  return sightings.map(({ device }) => device.id);
}

/** All pages, one after the other; `between` is called with the number of each page that others follow. */
async function follow(
  store: Store,
  search: Omit<DeviceSearch, 'after'>,
  between: (page: number) => Promise<void> = async () => undefined,
): Promise<readonly DevicePage[]> {
  const pages: DevicePage[] = [];
  let after: DevicePlace | null = null;
  do {
    const page: DevicePage = await store.searchDevices({ ...search, after });
    expect(page.sightings.length).toBeLessThanOrEqual(search.limit);
    // Each page gets somewhere.
    expect(page.next ?? 'the end').not.toEqual(after ?? 'the start');
    pages.push(page);
    after = page.next;
    if (after !== null) await between(pages.length - 1);
  } while (after !== null);
  return pages;
}

/** What the search is to find. */
function pick(
  all: readonly DeviceSighting[],
  { filter, order, descending }: Pick<DeviceSearch, 'filter' | 'order' | 'descending'>,
): readonly DeviceSighting[] {
  const value = ({ device }: DeviceSighting): number =>
    order === 'id' ? 0 : ((order === 'version' ? device.running : device.registeredAt) ?? 0);
  const sorted = all
    .filter((sighting) => matches(sighting, filter))
    .sort((one, other) => value(one) - value(other) || compareIds(one.device.id, other.device.id));
  return descending ? sorted.toReversed() : sorted;
}

function compareIds(one: string, other: string): number {
  return Buffer.compare(Buffer.from(one), Buffer.from(other));
}

function matches(sighting: DeviceSighting, filter: DeviceFilter): boolean {
  const { device, contact } = sighting;
  const { heard, among } = filter;
  const isHeard =
    heard !== undefined && contact !== null && heard.listened - contact.listened < heard.withinMs;
  return (
    device.id.startsWith(filter.idPrefix ?? '') &&
    (filter.running === undefined || device.running === filter.running) &&
    (filter.locked === undefined || (device.lock !== null) === filter.locked) &&
    (filter.standing === undefined || device.standing === filter.standing) &&
    (filter.failing === undefined || (device.failures !== null) === filter.failing) &&
    (filter.updating === undefined || (device.action !== null) === filter.updating) &&
    (heard === undefined || isHeard === heard.is) &&
    Object.entries(filter.traits ?? {}).every(([name, text]) => device.traits[name] === text) &&
    (filter.ids === undefined || filter.ids.includes(device.id)) &&
    (among === undefined ||
      among.versions.includes(device.running) ||
      device.lock !== null ||
      among.ids.includes(device.id)) &&
    (filter.accepts === undefined || filter.accepts(sighting))
  );
}

/** Makes the device, or makes what is there as it is to be. */
async function put(store: Store, { id, properties: change, heard }: Member): Promise<void> {
  const known = await store.device(PRODUCT, id);
  const { key } =
    known === null
      ? await createDevice(store, makeDevice(id, change))
      : await changeDevice(store, known, change);
  if (heard !== null) await saveContacts(store, [[key, heardAt(heard, heard)]]);
}

/** Of members with the same id the last one counts. */
async function putAll(store: Store, members: readonly Member[]): Promise<void> {
  const byId = new Map(members.map((each) => [each.id, each]));
  await Promise.all([...byId.values()].map((each) => put(store, each)));
}

async function drop(store: Store, id: string): Promise<void> {
  const before = await store.device(PRODUCT, id);
  if (before !== null) await store.saveDevice({ before, after: null });
}

async function emptyStore(store: Store): Promise<void> {
  for (const product of [PRODUCT, 'other']) {
    const found = await store.devices({ product, limit: 1000 });
    await Promise.all(found.map(({ device }) => store.saveDevice({ before: device, after: null })));
  }
}
