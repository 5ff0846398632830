// The part of the store contract that is about contacts: when devices were last heard from, and how many were.

import { describe, expect, it } from 'vitest';

import type { Contact } from '../../controller/model/device.ts';
import { expectedDevice } from '../../controller/model/device.ts';
import type { Store } from '../../controller/stores/store.ts';
import { createDevice, heardAt, makeDevice, PRODUCT } from './store-fixtures.ts';

const DAY_MS = 86_400_000;

/** Describes contacts; `reopen` closes the current store and opens it again. */
export function describeContacts(current: () => Store, reopen: () => Promise<Store>): void {
  describe('contacts', () => {
    it('answers with the last contact that was recorded', async () => {
      const contact = heardAt(10, 1.25, 120_000);
      const saved = await current().saveDevice({ before: null, after: makeDevice('a'), contact });
      const key = saved.status === 'saved' ? (saved.device?.key ?? 0) : 0;
      expect(await current().contact(key)).toEqual(contact);
      await saveContacts(current(), [[key, heardAt(20, 2, 61_500)]], 1_000);
      const store = await reopen();
      expect(await store.contact(key)).toEqual(heardAt(20, 2, 61_000));
    });

    it('counts by the steady time, wherever the wall clock is', async () => {
      const at = 1.7e12;
      const { key } = await createDevice(current(), makeDevice('a'));
      for (const wall of [at, 5.3, 2 * at, at - 7_000]) {
        await saveContacts(current(), [[key, heardAt(wall, 1, at + 1_500)]], 1_000);
        const store = await reopen();
        expect(await store.heardSince(PRODUCT, 0)).toBe(1);
        expect(await store.heardSince(PRODUCT, at + 1_999)).toBe(1);
        expect(await store.heardSince(PRODUCT, at + 2_000)).toBe(0);
        expect(await store.lastHeardAt(PRODUCT)).toBe(at + 1_000);
        expect(await store.contact(key)).toEqual(heardAt(wall, 1, at + 1_000));
      }
      const device = await current().device(PRODUCT, 'a');
      await current().saveDevice({ before: device, after: null });
      expect(await current().heardSince(PRODUCT, 0)).toBe(0);
    });

    it('counts the devices heard since a moment, to one slot', async () => {
      const contacts: [number, Contact][] = [];
      for (let i = 0; i < 10; i++) {
        const device = await createDevice(current(), makeDevice(`d${i}`));
        contacts.push([device.key, heardAt(i * 1_000, 9 - i)]);
      }
      await createDevice(current(), makeDevice('silent'));
      await saveContacts(current(), contacts, 1_000);
      expect(await current().heardSince(PRODUCT, 0)).toBe(10);
      expect(await current().heardSince(PRODUCT, 7_000)).toBe(3);
      expect(await current().heardSince(PRODUCT, 9_999)).toBe(1);
      expect(await current().heardSince(PRODUCT, 10_000)).toBe(0);
      expect(await current().heardSince('other', 0)).toBe(0);
      // Heard again: it counts once, in its new slot, whatever the slots' length was before.
      await saveContacts(current(), [[contacts[0]?.[0] ?? 0, heardAt(20_500, 99)]], 7_000);
      const store = await reopen();
      expect(await store.heardSince(PRODUCT, 0)).toBe(10);
      expect(await store.heardSince(PRODUCT, 20_500)).toBe(1);
      expect(await store.heardSince(PRODUCT, 28_000)).toBe(0);
    });

    it('counts a device once when its contacts are not at whole milliseconds', async () => {
      const device = await createDevice(current(), makeDevice('a'));
      for (const at of [1_234.567, 61_000.1, 2e12 + 0.3]) {
        await saveContacts(current(), [[device.key, heardAt(at, 1)]], 1_000);
        expect(await current().heardSince(PRODUCT, 0)).toBe(1);
        expect(await current().heardSince(PRODUCT, at)).toBe(1);
      }
      expect(await current().heardSince(PRODUCT, 2e12 + 1_000)).toBe(0);
    });

    it('knows when anybody was last heard, to one slot', async () => {
      expect(await current().lastHeardAt(PRODUCT)).toBeNull();
      const one = await createDevice(current(), makeDevice('a'));
      const other = await createDevice(current(), makeDevice('b'));
      expect(await current().lastHeardAt(PRODUCT)).toBeNull();
      const contacts = [
        [one.key, heardAt(61_500, 1)],
        [other.key, heardAt(5_000, 2)],
      ] as const;
      await saveContacts(current(), contacts, 1_000);
      const store = await reopen();
      expect(await store.lastHeardAt(PRODUCT)).toBe(61_000);
      expect(await store.lastHeardAt('other')).toBeNull();
      await store.saveDevice({ before: one, after: null });
      expect(await store.lastHeardAt(PRODUCT)).toBe(5_000);
    });

    it('finds active devices not heard from for long, and only those', async () => {
      const days = { old: 1, older: 0.5, fresh: 5, stranger: 1 };
      for (const [id, day] of Object.entries(days)) {
        await current().saveDevice({
          before: null,
          after: makeDevice(id, { standing: id === 'stranger' ? 'quarantined' : 'active' }),
          contact: heardAt(day * DAY_MS, 1),
        });
      }
      await createDevice(current(), expectedDevice(PRODUCT, 'expected'));
      const find = async (before: number, limit: number): Promise<readonly string[]> =>
        (await current().unheardDevices(PRODUCT, before, limit)).map(({ device }) => device.id);
      expect((await find(3 * DAY_MS, 9)).toSorted()).toEqual(['old', 'older']);
      expect(await find(DAY_MS, 9)).toEqual(['older']);
      expect(await find(3 * DAY_MS, 1)).toHaveLength(1);
      const back = await current().device(PRODUCT, 'old');
      await saveContacts(current(), [[back?.key ?? 0, heardAt(9 * DAY_MS, 2)]]);
      expect(await find(3 * DAY_MS, 9)).toEqual(['older']);
    });
  });
}

/** Saves a batch of contacts of the product that the fixtures have. */
export async function saveContacts(
  store: Store,
  contacts: readonly (readonly [key: number, contact: Contact])[],
  slotMs = 60_000,
): Promise<void> {
  const batch = contacts.map(([key, contact]) => [key, { ...contact, product: PRODUCT }] as const);
  await store.saveContacts(new Map(batch), new Map(), { slotMs: new Map([[PRODUCT, slotMs]]) });
}
