// The part of the store contract that is about the circle of devices: the census by bucket, devices in the order of their
// buckets, and devices that fell asleep.

import { describe, expect, it } from 'vitest';

import { censusPlace, traitsKey } from '../../controller/devices/tally.ts';
import type { DeviceRecord } from '../../controller/model/device.ts';
import { expectedDevice } from '../../controller/model/device.ts';
import { BLOCK_BUCKETS, type CensusCell } from '../../controller/model/live.ts';
import { BUCKETS } from '../../controller/model/rollout.ts';
import { bucketOf } from '../../controller/releases/circle.ts';
import type { Store } from '../../controller/stores/store.ts';
import { buildCensus } from '../support/census.ts';
import { saveContacts } from './store-contract-contacts.ts';
import {
  changeDevice,
  createDevice,
  heardAt,
  makeDevice,
  makeFullDevice,
  PRODUCT,
} from './store-fixtures.ts';

const DAY_MS = 86_400_000;

/** Describes the circle of devices; `reopen` closes the current store and opens it again. */
export function describeCensus(current: () => Store, reopen: () => Promise<Store>): void {
  describe('the census', () => {
    it('counts active devices without a lock, by version, traits, wakefulness and bucket', async () => {
      const { lock } = makeFullDevice('x');
      const devices = [
        makeDevice('a'),
        makeDevice('b', { running: 42 }),
        makeDevice('c', { running: null }),
        makeDevice('d', { running: 42, dormant: true }),
        makeDevice('e', { running: 42, traits: { hw_rev: 'B', channel: null } }),
        makeDevice('f', { running: 42, traits: { channel: null, hw_rev: 'B' } }),
        makeDevice('g', { running: 42, traits: { hw_rev: 'A' }, dormant: true }),
        makeDevice('h', { running: 42, traits: { hw_rev: 'A' } }),
        makeDevice('locked', { lock }),
        makeDevice('stranger', { standing: 'quarantined' }),
        expectedDevice(PRODUCT, 'expected'),
      ];
      for (const device of devices) await createDevice(current(), device);
      await createDevice(current(), { ...makeDevice('a'), product: 'other' });
      const store = await reopen();
      const census = await store.census(PRODUCT);
      expect(census).toEqual(recountCensus(devices));
      expect(census.map(({ version, traits, dormant }) => [version, traits, dormant])).toEqual([
        [null, {}, false],
        [41, {}, false],
        [42, {}, false],
        [42, {}, true],
        [42, { channel: null, hw_rev: 'B' }, false],
        [42, { hw_rev: 'A' }, false],
        [42, { hw_rev: 'A' }, true],
      ]);
      expect(await store.census('other')).toHaveLength(1);
      expect(await store.census('nobody')).toEqual([]);
    });

    it('has one count per bucket, also where buckets are next to each other', async () => {
      const [first, next] = findNeighbours();
      await createDevice(current(), makeDevice(first));
      await createDevice(current(), makeDevice(next));
      const block = Math.floor(bucketOf(first) / BLOCK_BUCKETS);
      const [cell] = await current().census(PRODUCT);
      expect([...(cell?.blocks.keys() ?? [])]).toEqual([block]);
      const counts = cell?.blocks.get(block);
      expect(counts).toBeInstanceOf(Uint32Array);
      expect(counts).toHaveLength(BLOCK_BUCKETS);
      const place = bucketOf(first) % BLOCK_BUCKETS;
      expect([counts?.[place], counts?.[place + 1]]).toEqual([1, 1]);
    });

    it('follows a device through all that moves it, and holds nothing when it is gone', async () => {
      let device = await createDevice(current(), expectedDevice(PRODUCT, 'a'));
      const changes: readonly Partial<DeviceRecord>[] = [
        { standing: 'active' },
        { running: 41 },
        { boot: '2' },
        { traits: { hw_rev: 'B' } },
        { dormant: true },
        { running: 42, dormant: false, traits: { hw_rev: null } },
        { lock: makeFullDevice('x').lock },
        { lock: null, traits: {} },
        { standing: 'quarantined' },
        { standing: 'active' },
      ];
      for (const change of changes) {
        device = await changeDevice(current(), device, change);
        expect(await current().census(PRODUCT)).toEqual(recountCensus([device]));
      }
      await current().saveDevice({ before: device, after: null });
      expect(await current().census(PRODUCT)).toEqual([]);
    });

    it('keeps 1000 different traits of a product apart, and counts all others as without', async () => {
      const devices: DeviceRecord[] = [];
      const make = (name: string): DeviceRecord => makeDevice(name, { traits: { serial: name } });
      const saving = Array.from({ length: 1002 }, (_, i) =>
        createDevice(current(), make(String(i))),
      );
      devices.push(...(await Promise.all(saving)));
      const seen = (device: DeviceRecord): DeviceRecord =>
        Number(device.id.split(' ')[0]) < 1000 ? device : { ...device, traits: {} };
      expect(await current().census(PRODUCT)).toEqual(recountCensus(devices.map(seen)));

      // Room that is left later is not given to traits that were once refused: their devices are counted elsewhere.
      const [gone] = devices.splice(7, 1);
      await current().saveDevice({ before: gone ?? null, after: null });
      const store = await reopen();
      devices.push(
        await createDevice(store, makeDevice('1000 again', { traits: { serial: '1000' } })),
        await createDevice(store, makeDevice('8 again', { traits: { serial: '8' } })),
      );
      expect(await store.census(PRODUCT)).toEqual(recountCensus(devices.map(seen)));
      await Promise.all(devices.map((before) => store.saveDevice({ before, after: null })));
      expect(await store.census(PRODUCT)).toEqual([]);
      await createDevice(store, { ...makeDevice('1000', make('1000')), product: 'other' });
      expect((await store.census('other')).map(({ traits }) => traits)).toEqual([
        { serial: '1000' },
      ]);
    });

    it('has room for new traits for as long as it never had to refuse any', async () => {
      const first = await createDevice(current(), makeDevice('a'));
      const saves = Array.from({ length: 1001 }, (_, serial) => ({
        before: { ...first, rev: serial + 1 },
        after: { ...first, traits: { serial: `${serial}` } },
      }));
      // Issued at once, each sees the one before, and they share a flush.
      await Promise.all(saves.map((change) => current().saveDevice(change)));
      const last = await current().device(PRODUCT, 'a');
      expect(last).toMatchObject({ rev: 1002, traits: { serial: '1000' } });
      expect(await current().census(PRODUCT)).toEqual(recountCensus(last === null ? [] : [last]));
    });
  });

  describe('devices by bucket', () => {
    it('are the active ones of a span, in the order of buckets', async () => {
      const ids = Array.from({ length: 60 }, (_, i) => `d${i}`);
      const lock = makeFullDevice('x').lock;
      for (const [i, id] of ids.entries()) {
        await createDevice(current(), makeDevice(id, i % 2 === 0 ? { lock } : { running: null }));
      }
      await createDevice(current(), makeDevice('stranger', { standing: 'quarantined' }));
      await createDevice(current(), expectedDevice(PRODUCT, 'expected'));
      await createDevice(current(), { ...makeDevice('d0'), product: 'other' });
      const sorted = ids.toSorted((one, other) => bucketOf(one) - bucketOf(other));
      const find = async (from: number, until: number, limit: number): Promise<readonly string[]> =>
        (await current().devicesByBucket(PRODUCT, from, until, limit)).map(({ id }) => id);
      expect(await find(0, BUCKETS, 99)).toEqual(sorted);
      expect(await find(0, BUCKETS, 5)).toEqual(sorted.slice(0, 5));
      const from = bucketOf(sorted[10] ?? '');
      const until = bucketOf(sorted[20] ?? '');
      expect(await find(from, until, 99)).toEqual(sorted.slice(10, 20));
      expect(await find(from, from, 99)).toEqual([]);
      expect(await current().devicesByBucket('nobody', 0, BUCKETS, 9)).toEqual([]);
      const store = await reopen();
      const [first] = await store.devicesByBucket(PRODUCT, 0, BUCKETS, 1);
      expect(first).toEqual(await store.device(PRODUCT, sorted[0] ?? ''));
    });

    it('are in the order of ids within a bucket', async () => {
      const twins = findTwins();
      for (const id of twins.toReversed()) await createDevice(current(), makeDevice(id));
      const found = await current().devicesByBucket(PRODUCT, 0, BUCKETS, 9);
      expect(found.map(({ id }) => id)).toEqual(twins);
    });
  });

  describe('devices that fell asleep', () => {
    it('are left out of the unheard ones where only those awake are asked for', async () => {
      const heard = async (id: string, day: number, dormant: boolean): Promise<DeviceRecord> => {
        const device = await createDevice(current(), makeDevice(id, { dormant }));
        await saveContacts(current(), [[device.key, heardAt(day * DAY_MS, 1)]]);
        return device;
      };
      const find = async (awakeOnly: boolean, limit = 9): Promise<string> => {
        const found = await current().unheardDevices(PRODUCT, 3 * DAY_MS, limit, { awakeOnly });
        return found
          .map(({ device }) => device.id)
          .sort()
          .join(' ');
      };
      const awake = await heard('awake', 1, false);
      const asleep = await heard('asleep', 1, true);
      await heard('fresh', 5, false);
      await createDevice(current(), makeDevice('silent'));
      expect([await find(true), await find(false)]).toEqual(['awake', 'asleep awake']);
      expect((await find(false, 1)).split(' ')).toHaveLength(1);
      expect(await current().unheardDevices(PRODUCT, 3 * DAY_MS, 9)).toHaveLength(2);

      const fallen = await changeDevice(current(), awake, { dormant: true });
      const woken = await changeDevice(current(), asleep, { dormant: false });
      await reopen();
      expect([await find(true), await find(false)]).toEqual(['asleep', 'asleep awake']);
      // Asleep or awake: contacts move both, and both can be deleted.
      const contact = heardAt(2 * DAY_MS, 2);
      await saveContacts(current(), [
        [fallen.key, contact],
        [woken.key, contact],
      ]);
      expect([await find(true), await find(false)]).toEqual(['asleep', 'asleep awake']);
      await changeDevice(current(), fallen, { dormant: false });
      expect(await find(true)).toBe('asleep awake');
      await saveContacts(current(), [[fallen.key, heardAt(9 * DAY_MS, 3)]]);
      expect([await find(true), await find(false)]).toEqual(['asleep', 'asleep']);
      await current().saveDevice({ before: woken, after: null });
      expect([await find(true), await find(false)]).toEqual(['', '']);
    });
  });
}

/** The census of the given devices, counted one by one. */
export function recountCensus(devices: readonly DeviceRecord[]): readonly CensusCell[] {
  return [...buildCensus(devices.map(censusPlace).filter((place) => place !== null))].sort(
    (one, other) =>
      (one.version ?? -1) - (other.version ?? -1) ||
      compare(traitsKey(one.traits), traitsKey(other.traits)) ||
      Number(one.dormant) - Number(other.dormant),
  );
}

function compare(one: string, other: string): number {
  return one === other ? 0 : one < other ? -1 : 1;
}

/** Ids whose buckets are next to each other in one block. */
function findNeighbours(): readonly [string, string] {
  const idOf = new Map<number, string>();
  for (let i = 0; ; i++) {
    const bucket = bucketOf(`n${i}`);
    idOf.set(bucket, `n${i}`);
    const before = idOf.get(bucket - 1);
    if (before !== undefined && bucket % BLOCK_BUCKETS !== 0) return [before, `n${i}`];
  }
}

/** Ids in one bucket, sorted. */
function findTwins(): readonly string[] {
  const idOf = new Map<number, string>();
  for (let i = 0; ; i++) {
    const other = idOf.get(bucketOf(`t${i}`));
    if (other !== undefined) return [other, `t${i}`].sort();
    idOf.set(bucketOf(`t${i}`), `t${i}`);
  }
}
