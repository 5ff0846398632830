// What every store has to do, as one suite: an implementation's test calls `describeStoreContract` and adds only what is
// its own. Devices, searches, contacts, the census and rates have files of their own.

import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { isUsableActionId } from '../../controller/devices/action-id.ts';
import type { Snapshot } from '../../controller/model/revision.ts';
import type { Store } from '../../controller/stores/store.ts';
import { describeCensus } from './store-contract-census.ts';
import { describeContacts } from './store-contract-contacts.ts';
import { describeDevices } from './store-contract-devices.ts';
import { describeMeters } from './store-contract-meters.ts';
import { describeDriverNotes } from './store-contract-notes.ts';
import { describeNotices } from './store-contract-notices.ts';
import { describeSamples } from './store-contract-samples.ts';
import { describeReviews } from './store-contract-reviews.ts';
import { describeSearch, describeTotals } from './store-contract-search.ts';
import {
  changeDevice,
  createDevice,
  makeAction,
  makeDevice,
  makeEvent,
  makeEvidence,
  makeFirmware,
  makeProduct,
  PRODUCT,
} from './store-fixtures.ts';

/** One state of its own, which can be closed and opened again. */
export interface StoreHarness {
  /** Opens the state; only one store of it is open at a time. */
  open(): Promise<Store>;
  /** Removes the state, after its store was closed. */
  remove(): Promise<void>;
}

/** Describes what the store that `makeHarness` makes has to do. */
export function describeStoreContract(
  name: string,
  makeHarness: () => Promise<StoreHarness>,
): void {
  describe(`${name}, as a store`, () => {
    let harness: StoreHarness;
    let store: Store;
    beforeEach(async () => {
      harness = await makeHarness();
      store = await harness.open();
    });
    afterEach(async () => {
      await store.close();
      await harness.remove();
    });
    /** Closes and opens again, as a restart does. */
    async function reopen(): Promise<Store> {
      await store.close();
      store = await harness.open();
      return store;
    }
    describeProducts(() => store, reopen);
    describeDevices(() => store, reopen);
    describeSearch(() => store, 4);
    describeTotals(() => store, reopen);
    describeContacts(() => store, reopen);
    describeCensus(() => store, reopen);
    describeMeters(() => store, reopen);
    describeDriverNotes(() => store, reopen);
    describeSamples(() => store, reopen);
    describeReviews(() => store, reopen);
    describeNotices(() => store, reopen);
    describeHistory(() => store, reopen);
  });
}

function describeProducts(current: () => Store, reopen: () => Promise<Store>): void {
  describe('products', () => {
    it('keeps a product with its firmware and events across a restart', async () => {
      const product = makeProduct({ adoptedAt: 5, revision: 'r1', listenedMs: 77 });
      const firmware = [makeFirmware({ version: 43 }), makeFirmware()];
      await current().saveProduct({ product, firmware, events: [makeEvent()] });
      const store = await reopen();
      expect(await store.products()).toEqual([product]);
      expect(await store.firmware(PRODUCT)).toEqual(firmware.toReversed());
      expect(await store.events({ limit: 10 })).toEqual([
        { id: expect.any(Number), ...makeEvent() },
      ]);
    });

    it('replaces a product but not its listening time', async () => {
      await current().saveProduct({ product: makeProduct({ listenedMs: 77 }) });
      await current().saveContacts(new Map(), new Map([[PRODUCT, 90.5]]), { slotMs: new Map() });
      await current().saveProduct({ product: makeProduct({ stoppedAt: 9, listenedMs: 1 }) });
      expect(await current().products()).toEqual([makeProduct({ stoppedAt: 9, listenedMs: 90.5 })]);
    });

    it('lists only products that were saved, not those that devices name', async () => {
      await createDevice(current(), makeDevice('a'));
      expect(await current().products()).toEqual([]);
      await current().saveProduct({ product: makeProduct({ listenedMs: 5 }) });
      expect(await current().products()).toEqual([makeProduct({ listenedMs: 5 })]);
    });

    it('deletes the evidence of the versions that it is told to void, and no other', async () => {
      const evidence = [makeEvidence('a'), makeEvidence('a', { version: 41, passedAt: 3 })];
      await current().saveDevice({ before: null, after: makeDevice('a'), evidence });
      await current().saveProduct({ product: makeProduct(), voidEvidence: [42] });
      expect(await current().evidence(PRODUCT)).toEqual([evidence[1]]);
      expect(await current().evidence('another')).toEqual([]);
    });

    it('keeps the newest snapshot with its events', async () => {
      expect(await current().snapshot()).toBeNull();
      await current().saveSnapshot(makeSnapshot('r1'), []);
      await current().saveSnapshot(makeSnapshot('r2'), [makeEvent({ type: 'RevisionSeen' })]);
      const store = await reopen();
      expect(await store.snapshot()).toEqual(makeSnapshot('r2'));
      expect((await store.events({ limit: 9 })).map((event) => event.type)).toEqual([
        'RevisionSeen',
      ]);
    });

    it('keeps what was issued before it is closed', async () => {
      const saving = current().saveProduct({ product: makeProduct() });
      const store = await reopen();
      await saving;
      expect(await store.products()).toEqual([makeProduct()]);
    });

    it('keeps tokens by name', async () => {
      const token = { name: 'ci', role: 'viewer', hash: 'aa', createdAt: 1 } as const;
      await current().saveToken(token);
      await current().saveToken({ ...token, role: 'deployer', hash: 'bb' });
      await current().saveToken({ ...token, name: 'a' });
      const store = await reopen();
      expect(await store.tokens()).toEqual([
        { ...token, name: 'a' },
        { ...token, role: 'deployer', hash: 'bb' },
      ]);
      await store.deleteToken('ci');
      await store.deleteToken('nobody');
      expect(await (await reopen()).tokens()).toEqual([{ ...token, name: 'a' }]);
    });
  });
}

function describeHistory(current: () => Store, reopen: () => Promise<Store>): void {
  describe('history', () => {
    it('lists events newest first, or from an id on oldest first', async () => {
      const messages = ['one', 'two', 'three', 'four'];
      await current().addEvents(messages.map((message) => makeEvent({ message })));
      const store = await reopen();
      const all = await store.events({ limit: 3 });
      expect(all.map((event) => event.message)).toEqual(['four', 'three', 'two']);
      const [newest, , second] = all;
      const older = await store.events({ beforeId: second?.id ?? 0, limit: 9 });
      expect(older.map((event) => event.message)).toEqual(['one']);
      const newer = await store.events({ afterId: second?.id ?? 0, limit: 9 });
      expect(newer.map((event) => event.message)).toEqual(['three', 'four']);
      expect(await store.events({ afterId: newest?.id ?? 0, limit: 9 })).toEqual([]);
    });

    it('filters events by product, device and type together', async () => {
      const drafts = [
        makeEvent({ message: '0' }),
        makeEvent({ message: '1', device: 'a', type: 'DeviceLocked' }),
        makeEvent({ message: '2', device: 'a', product: 'other' }),
        makeEvent({ message: '3', device: 'b', actionId: 7 }),
        makeEvent({ message: '4', product: null, revision: null, manifest: null }),
      ];
      await current().addEvents(drafts);
      const find = async (query: object): Promise<string> => {
        const events = await current().events({ ...query, limit: 9 });
        return events.map((event) => event.message).join('');
      };
      expect(await find({ product: PRODUCT })).toBe('310');
      expect(await find({ device: 'a' })).toBe('21');
      expect(await find({ device: 'a', product: 'other' })).toBe('2');
      expect(await find({ type: 'DeviceLocked' })).toBe('1');
      expect(await find({ type: 'ReleaseStarted', product: PRODUCT })).toBe('30');
      expect(await find({ type: 'TokenCreated' })).toBe('');
      const both = ['ReleaseStarted', 'DeviceLocked', 'TokenCreated', 'ReleaseStarted'];
      expect(await find({ type: both })).toBe('43210');
      expect(await find({ type: both, device: 'a' })).toBe('21');
      expect(await find({ type: both, product: PRODUCT })).toBe('310');
      expect(await find({ type: both, afterId: 0 })).toBe('01234');
      expect(await find({ type: [] })).toBe('');
      const firstTwo = await current().events({ type: both, limit: 2 });
      expect(firstTwo.map(({ message }) => message)).toEqual(['4', '3']);
      expect(await find({ product: 'unheard-of' })).toBe('');
      const [last] = await current().events({ limit: 1 });
      expect(last).toEqual({ id: expect.any(Number), ...drafts[4] });
    });

    it('keeps an action of a device, also after it is closed, newest first', async () => {
      const actions = [makeAction('a'), makeAction('a', { id: 1300, fetchedAt: 5 })];
      const device = await createDevice(current(), makeDevice('a'));
      const closed = { ...makeAction('a'), state: 'failed', closedAt: 9, message: 'm' } as const;
      await current().saveDevice({ before: device, after: device, actions });
      const again = await changeDevice(current(), { ...device, rev: device.rev + 1 }, {});
      await current().saveDevice({ before: again, after: again, actions: [closed] });
      const store = await reopen();
      expect(await store.action(PRODUCT, 'a', 1234)).toEqual(closed);
      expect(await store.action(PRODUCT, 'b', 1234)).toBeNull();
      expect(await store.action('other', 'a', 1234)).toBeNull();
      expect(await store.actions(PRODUCT, 'a', 9)).toEqual([actions[1], closed]);
      expect(await store.actions(PRODUCT, 'a', 1)).toEqual([actions[1]]);
    });

    it('keeps the last 50 feedback entries of an action, oldest first', async () => {
      let device = await createDevice(current(), makeDevice('a'));
      for (let at = 1; at <= 60; at++) {
        const progress = at === 60 ? null : { cnt: at, of: 60 };
        const entry = {
          at,
          execution: 'proceeding',
          finished: 'none',
          progress,
          code: null,
          details: [`${at} %`],
        };
        const feedback = { actionId: at === 1 ? 5 : 1234, entry };
        const saved = await current().saveDevice({ before: device, after: device, feedback });
        device = saved.status === 'saved' && saved.device !== null ? saved.device : device;
      }
      const entries = await current().feedback(PRODUCT, 'a', 1234);
      expect(entries.map((entry) => entry.at)).toEqual(
        Array.from({ length: 50 }, (_, i) => i + 11),
      );
      expect(entries.at(-1)).toMatchObject({ progress: null, details: ['60 %'] });
      expect(await current().feedback(PRODUCT, 'a', 5)).toHaveLength(1);
    });

    it('prunes old events about devices and old closed actions, never decisions', async () => {
      const old = makeAction('a', { id: 1001, state: 'succeeded', closedAt: 100 });
      const fresh = makeAction('a', { id: 1002, state: 'failed', closedAt: 900 });
      await current().saveDevice({
        before: null,
        after: makeDevice('a'),
        actions: [old, fresh, makeAction('a', { id: 1003 })],
        feedback: {
          actionId: 1001,
          entry: { at: 1, execution: 'e', finished: 'f', progress: null, code: null, details: [] },
        },
        events: [
          makeEvent({ type: 'VersionReported', at: 100, device: 'a' }),
          makeEvent({ type: 'VersionReported', at: 499, device: 'a' }),
          makeEvent({ type: 'VersionReported', at: 500, device: 'a' }),
          makeEvent({ type: 'DeviceLocked', at: 100, device: 'a' }),
        ],
      });
      expect(await current().prune(500, 1)).toBe(1);
      expect(await current().prune(500, 9)).toBe(2);
      expect(await current().prune(500, 9)).toBe(0);
      expect(await current().feedback(PRODUCT, 'a', 1001)).toEqual([]);
      const kept = await current().actions(PRODUCT, 'a', 9);
      expect(kept.map((action) => action.id)).toEqual([1003, 1002]);
      const events = await current().events({ limit: 9 });
      expect(events.map((event) => [event.type, event.at])).toEqual([
        ['DeviceLocked', 100],
        ['VersionReported', 500],
      ]);
    });

    it('never gives an event the id of one that was pruned', async () => {
      await current().addEvents([makeEvent({ type: 'DeviceBooted', at: 1 })]);
      const [pruned] = await current().events({ limit: 1 });
      await current().prune(2, 9);
      const store = await reopen();
      await store.addEvents([makeEvent()]);
      const [next] = await store.events({ limit: 1 });
      expect(next?.id).toBeGreaterThan(pruned?.id ?? 0);
    });

    it('reserves action ids that overlap no earlier ones and are usable on the wire', async () => {
      const taken = new Set<number>();
      let store = current();
      for (const count of [1, 500, 1, 20_000, 7]) {
        const first = await store.reserveActionIds(count);
        for (let id = first; id < first + count; id++) {
          expect(taken.has(id) || !isUsableActionId(id)).toBe(false);
          taken.add(id);
        }
        store = await reopen();
      }
    });
  });
}

function makeSnapshot(revision: string): Snapshot {
  return {
    revision,
    products: {},
    problems: [],
    frozen: 'all',
    productsByFile: {},
    refused: [],
    binaries: {},
  };
}
