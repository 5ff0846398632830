// The part of the store contract that is about devices: saving, finding and deleting them.

import { describe, expect, it } from 'vitest';

import type { DeviceRecord } from '../../controller/model/device.ts';
import { expectedDevice } from '../../controller/model/device.ts';
import type { DeviceQuery, Store } from '../../controller/stores/store.ts';
import { saveContacts } from './store-contract-contacts.ts';
import {
  changeDevice,
  createDevice,
  heardAt,
  makeAction,
  makeDevice,
  makeEvent,
  makeEvidence,
  makeFullDevice,
  makeOpenAction,
  PRODUCT,
} from './store-fixtures.ts';

/** Describes devices; `reopen` closes the current store and opens it again. */
export function describeDevices(current: () => Store, reopen: () => Promise<Store>): void {
  describe('devices', () => {
    it('keeps every field of a device across a restart', async () => {
      const attributes = { fw_version: '41', ['__proto__']: 'x', empty: '', 'ü\u0000': '\ud800' };
      const full = makeFullDevice('a/ü');
      const outcome = await current().saveDevice({ before: null, after: full, attributes });
      const saved = { ...full, key: expect.any(Number) as number, rev: 1 };
      expect(outcome).toEqual({ status: 'saved', device: saved });
      const store = await reopen();
      const device = await store.device(PRODUCT, 'a/ü');
      expect(device).toEqual(saved);
      expect(await store.attributes(device?.key ?? 0)).toEqual(attributes);
      const bare = await createDevice(store, expectedDevice(PRODUCT, 'bare'));
      expect(await store.device(PRODUCT, 'bare')).toEqual(bare);
      expect(await store.attributes(bare.key)).toBeNull();
    });

    it('knows no device that was not saved', async () => {
      await createDevice(current(), makeDevice('a'));
      expect(await current().device(PRODUCT, 'A')).toBeNull();
      expect(await current().device('other', 'a')).toBeNull();
      expect(await current().contact(4711)).toBeNull();
    });

    it('raises the revision with each save and keeps the key', async () => {
      const first = await createDevice(current(), makeDevice('a'));
      const second = await changeDevice(current(), first, { boot: '1' });
      const third = await changeDevice(current(), second, { running: 42 });
      expect([first.rev, second.rev, third.rev]).toEqual([1, 2, 3]);
      expect(third.key).toBe(first.key);
      expect(await current().device(PRODUCT, 'a')).toEqual(third);
    });

    it('refuses a save that another save came before, and writes nothing of it', async () => {
      const device = await createDevice(current(), makeDevice('a'));
      await changeDevice(current(), device, { boot: '1' });
      const stale = await current().saveDevice({
        before: device,
        after: { ...device, running: 99 },
        attributes: { x: '1' },
        actions: [makeAction('a')],
        evidence: [makeEvidence('a')],
        events: [makeEvent()],
        contact: heardAt(5, 5),
      });
      const twice = await current().saveDevice({ before: null, after: makeDevice('a') });
      const gone = await current().saveDevice({
        before: { ...device, id: 'b' },
        after: { ...device, id: 'b' },
      });
      expect([stale, twice, gone]).toEqual(
        Array.from({ length: 3 }, () => ({ status: 'conflict' })),
      );
      expect((await current().device(PRODUCT, 'a'))?.running).toBe(41);
      expect(await current().attributes(device.key)).toBeNull();
      expect(await current().actions(PRODUCT, 'a', 9)).toEqual([]);
      expect(await current().evidence(PRODUCT)).toEqual([]);
      expect(await current().events({ limit: 9 })).toEqual([]);
      expect(await current().contact(device.key)).toBeNull();
    });

    it('lets one of several writes of the same reading win', async () => {
      const device = await createDevice(current(), makeDevice('a'));
      const outcomes = await Promise.all(
        [1, 2, 3, 4].map((running) =>
          current().saveDevice({ before: device, after: { ...device, running } }),
        ),
      );
      expect(outcomes.filter((outcome) => outcome.status === 'saved')).toHaveLength(1);
      expect((await current().device(PRODUCT, 'a'))?.running).toBe(1);
    });

    it('refuses a save of a reading from before the device was deleted and came back', async () => {
      const device = await createDevice(current(), makeDevice('a'));
      await current().saveDevice({ before: device, after: null });
      const back = await createDevice(current(), makeDevice('a', { running: 42 }));
      const stale = await current().saveDevice({ before: device, after: device });
      expect(stale).toEqual({ status: 'conflict' });
      expect(await current().device(PRODUCT, 'a')).toEqual(back);
    });

    it('leaves nothing of a change that fails half-way, and goes on', async () => {
      const device = await createDevice(current(), makeDevice('a'));
      const broken = makeEvent({ message: Symbol('not a text') as unknown as string });
      const failing = current().saveDevice({
        before: device,
        after: { ...device, running: 42 },
        actions: [makeAction('a')],
        evidence: [makeEvidence('a')],
        events: [makeEvent({ revision: 'of-the-failed-change' }), broken],
      });
      const other = createDevice(current(), makeDevice('b'));
      await expect(failing).rejects.toBeInstanceOf(Error);
      expect(await current().device(PRODUCT, 'b')).toEqual(await other);
      // A revision that the failed change was the first to name.
      await current().addEvents([makeEvent({ revision: 'of-the-failed-change' })]);
      const store = await reopen();
      expect(await store.device(PRODUCT, 'a')).toEqual(device);
      expect(await store.action(PRODUCT, 'a', 1234)).toBeNull();
      expect(await store.evidence(PRODUCT)).toEqual([]);
      expect((await store.events({ limit: 9 })).map((event) => event.revision)).toEqual([
        'of-the-failed-change',
      ]);
      expect(Object.fromEntries(await store.tallies(PRODUCT))).toEqual({
        'standing:active': 2,
        'unlocked:41': 2,
      });
    });

    it('deletes a device with all that belongs to it, and never gives its key again', async () => {
      const contact = heardAt(1_000, 1_000);
      const saved = await current().saveDevice({
        before: null,
        after: makeFullDevice('a'),
        attributes: { x: '1' },
        actions: [makeAction('a')],
        feedback: {
          actionId: 1234,
          entry: { at: 1, execution: 'e', finished: 'f', progress: null, code: null, details: [] },
        },
        evidence: [makeEvidence('a', { passedAt: 1 })],
        contact,
      });
      const device = saved.status === 'saved' ? saved.device : null;
      await current().saveDevice({
        before: device,
        after: null,
        events: [makeEvent({ type: 'DeviceForgotten', device: 'a' })],
      });
      const key = device?.key ?? 0;
      const store = await reopen();
      // A batch that was gathered before may still speak of it.
      await saveContacts(store, [[key, heardAt(2_000, 2_000)]]);
      expect(await store.device(PRODUCT, 'a')).toBeNull();
      expect(await store.contact(key)).toBeNull();
      expect(await store.attributes(key)).toBeNull();
      expect(await store.actions(PRODUCT, 'a', 9)).toEqual([]);
      expect(await store.feedback(PRODUCT, 'a', 1234)).toEqual([]);
      expect(await store.evidence(PRODUCT)).toEqual([]);
      expect(await store.heardSince(PRODUCT, 0)).toBe(0);
      expect(await store.tallies(PRODUCT)).toEqual(new Map());
      expect(await store.events({ device: 'a', limit: 9 })).toHaveLength(1);
      const next = await createDevice(store, makeDevice('a'));
      expect(next.key).not.toBe(key);
      expect(await store.contact(next.key)).toBeNull();
    });

    it('drops unmet evidence of the device, except what the same change gives', async () => {
      const met = makeEvidence('a', { version: 40, passedAt: 5, soakedMs: 60, level: 'flashed' });
      const other = makeEvidence('b');
      await current().saveDevice({ before: null, after: makeDevice('b'), evidence: [other] });
      const device = await createDevice(current(), makeDevice('a'));
      const evidence = [met, makeEvidence('a', { version: 41 }), makeEvidence('a')];
      await current().saveDevice({ before: device, after: device, evidence });
      const again = await current().device(PRODUCT, 'a');
      const kept = makeEvidence('a', { since: 11 });
      await current().saveDevice({
        before: again,
        after: again,
        evidence: [kept],
        dropUnmetEvidence: true,
      });
      const found = await current().evidence(PRODUCT);
      expect(found).toHaveLength(3);
      expect(found).toEqual(expect.arrayContaining([met, kept, other]));
    });

    it('finds devices by id with their contacts, and the products that know an id', async () => {
      const device = await createDevice(current(), makeDevice('a'));
      await createDevice(current(), { ...makeDevice('a'), product: 'other' });
      await createDevice(current(), makeDevice('b'));
      await saveContacts(current(), [[device.key, heardAt(5, 4, 0)]]);
      const found = await current().devicesById(PRODUCT, ['a', 'nobody', 'b', 'a']);
      expect(found.map((sighting) => [sighting.device.id, sighting.contact])).toEqual([
        ['a', heardAt(5, 4, 0)],
        ['b', null],
      ]);
      expect(await current().productsOf('a')).toEqual(['other', PRODUCT]);
      expect(await current().productsOf('nobody')).toEqual([]);
    });

    it('lists devices by each filter, by filters together, and in pages', async () => {
      const lock = makeFullDevice('x').lock;
      const { failures } = makeFullDevice('x');
      const devices: readonly DeviceRecord[] = [
        makeDevice('a1', { running: 42 }),
        makeDevice('a2', { lock, failures }),
        makeDevice('b1', { action: makeOpenAction() }),
        makeDevice('b2', { standing: 'quarantined', running: null }),
        expectedDevice(PRODUCT, 'c1'),
        makeDevice('c2', { lock, running: 42 }),
        makeDevice('\u{1f321}', { running: null }),
      ];
      for (const device of devices) await createDevice(current(), device);
      await createDevice(current(), { ...makeDevice('z'), product: 'other' });
      const list = async (query: Partial<DeviceQuery>): Promise<string> => {
        const found = await current().devices({ product: PRODUCT, limit: 1000, ...query });
        return found.map((sighting) => sighting.device.id).join(' ');
      };
      expect(await list({})).toBe('a1 a2 b1 b2 c1 c2 \u{1f321}');
      expect(await list({ idPrefix: 'b' })).toBe('b1 b2');
      expect(await list({ idPrefix: '\u{1f321}' })).toBe('\u{1f321}');
      expect(await list({ idPrefix: '%' })).toBe('');
      expect(await list({ running: 42 })).toBe('a1 c2');
      expect(await list({ running: null })).toBe('b2 c1 \u{1f321}');
      expect(await list({ locked: true })).toBe('a2 c2');
      expect(await list({ locked: false })).toBe('a1 b1 b2 c1 \u{1f321}');
      expect(await list({ failing: true })).toBe('a2');
      expect(await list({ failing: false, locked: true })).toBe('c2');
      expect(await list({ updating: true })).toBe('b1');
      expect(await list({ updating: false, idPrefix: 'b' })).toBe('b2');
      expect(await list({ standing: 'expected' })).toBe('c1');
      expect(await list({ standing: 'quarantined' })).toBe('b2');
      expect(await list({ standing: 'active', running: null })).toBe('\u{1f321}');
      expect(await list({ locked: true, running: 42, idPrefix: 'c' })).toBe('c2');
      expect(await list({ limit: 2 })).toBe('a1 a2');
      expect(await list({ limit: 2, afterId: 'a2' })).toBe('b1 b2');
      expect(await list({ running: null, limit: 1, afterId: 'b2' })).toBe('c1');
      const locked = await current().lockedDevices(PRODUCT);
      expect(locked.map((sighting) => sighting.device.id).sort()).toEqual(['a2', 'c2']);
    });

    it('finds the devices whose deadline has passed, oldest first', async () => {
      for (const [id, deadline] of Object.entries({ a: 300, b: 100, c: 200, d: 301 })) {
        await createDevice(current(), makeDevice(id, { action: makeOpenAction({ deadline }) }));
      }
      const find = async (listened: number, limit: number): Promise<readonly string[]> =>
        (await current().dueDevices(PRODUCT, listened, limit)).map((device) => device.id);
      expect(await find(300, 9)).toEqual(['b', 'c', 'a']);
      expect(await find(300, 2)).toEqual(['b', 'c']);
      expect(await find(99, 9)).toEqual([]);
      const due = await current().device(PRODUCT, 'b');
      if (due !== null) await changeDevice(current(), due, { action: null });
      expect(await find(200, 9)).toEqual(['c']);
    });
  });
}
