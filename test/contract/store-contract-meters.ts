// The part of the store contract that is about rates: a flash that spends a token is started only where there is one.

import { describe, expect, it } from 'vitest';

import type { DeviceRecord } from '../../controller/model/device.ts';
import type { SaveOutcome, Spending, Store } from '../../controller/stores/store.ts';
import {
  createDevice,
  heardAt,
  makeAction,
  makeDevice,
  makeEvent,
  makeEvidence,
  makeOpenAction,
  PRODUCT,
} from './store-fixtures.ts';

const RATE = { flashes: 2, perMs: 1000 };

/** Describes rates; `reopen` closes the current store and opens it again. */
export function describeMeters(current: () => Store, reopen: () => Promise<Store>): void {
  /** Starts a flash of a new device that spends a token, and says how that went. */
  async function spend(
    id: string,
    at: number,
    change: Partial<Spending> = {},
  ): Promise<SaveOutcome> {
    const after = makeDevice(id, { action: makeOpenAction() });
    return current().saveDevice({
      before: null,
      after,
      spend: { meter: '1', rate: RATE, at, ...change },
    });
  }
  async function spendAll(
    times: readonly number[],
    change: Partial<Spending> = {},
  ): Promise<string> {
    let outcomes = '';
    for (const at of times) {
      const { status } = await spend(`${JSON.stringify(change)} ${at}`, at, change);
      outcomes += status === 'saved' ? '+' : status === 'exhausted' ? '-' : '!';
    }
    return outcomes;
  }

  describe('a rate', () => {
    it('starts no more flashes than it allows, and says when it will again', async () => {
      expect((await spend('a', 0)).status).toBe('saved');
      const refused = await spend('b', 0);
      expect(refused).toEqual({ status: 'exhausted', freeAt: expect.any(Number) as number });
      const freeAt = refused.status === 'exhausted' ? refused.freeAt : 0;
      expect(freeAt).toBeGreaterThan(0);
      expect(freeAt).toBeLessThanOrEqual(RATE.perMs);
      expect((await spend('b', Math.floor(freeAt) - 1)).status).toBe('exhausted');
      expect((await spend('b', Math.ceil(freeAt))).status).toBe('saved');
      expect((await spend('c', Math.ceil(freeAt))).status).toBe('exhausted');
    });

    it('writes nothing of a change that gets no token', async () => {
      await spend('first', 0);
      const device = await createDevice(current(), makeDevice('a'));
      const before = await describeAll(current(), device);
      const refused = await current().saveDevice({
        before: device,
        after: { ...device, running: 99, action: makeOpenAction() },
        attributes: { x: '1' },
        actions: [makeAction('a')],
        feedback: {
          actionId: 1234,
          entry: { at: 1, execution: 'e', finished: 'f', progress: null, code: null, details: [] },
        },
        evidence: [makeEvidence('a')],
        events: [makeEvent()],
        contact: heardAt(5, 5),
        spend: { meter: '1', rate: RATE, at: 0 },
      });
      expect(refused.status).toBe('exhausted');
      const unknown = { ...makeDevice('z'), product: 'unheard-of' };
      const never = { meter: '1', rate: { flashes: 1, perMs: 10 }, at: 0 };
      await current().saveDevice({ before: null, after: unknown, spend: never });
      const store = await reopen();
      expect(await describeAll(store, device)).toEqual(before);
    });

    it('loses no token to a change that is refused as a conflict', async () => {
      const device = await createDevice(current(), makeDevice('a'));
      const stale = { ...device, rev: device.rev + 1 };
      for (let i = 0; i < 5; i++) {
        const outcome = await current().saveDevice({
          before: stale,
          after: stale,
          spend: { meter: '1', rate: RATE, at: 0 },
        });
        expect(outcome).toEqual({ status: 'conflict' });
      }
      expect((await spend('b', 0)).status).toBe('saved');
      // The conflict is told also where no token is left.
      expect((await spend('b', 0)).status).toBe('conflict');
    });

    it('loses no token to a change that fails half-way', async () => {
      const broken = makeEvent({ message: Symbol('not a text') as unknown as string });
      const failing = current().saveDevice({
        before: null,
        after: makeDevice('a'),
        events: [broken],
        spend: { meter: '1', rate: RATE, at: 0 },
      });
      await expect(failing).rejects.toBeInstanceOf(Error);
      expect((await spend('a', 0)).status).toBe('saved');
    });

    it('is counted for each meter and each product by itself', async () => {
      expect(await spendAll([0, 0.5])).toBe('+-');
      expect(await spendAll([0, 0.5], { meter: '2' })).toBe('+-');
      const other = { ...makeDevice('a'), product: 'other' };
      const spending = { meter: '1', rate: RATE, at: 0 };
      const outcome = await current().saveDevice({ before: null, after: other, spend: spending });
      expect(outcome.status).toBe('saved');
    });

    it('holds to the fraction of a millisecond across a restart', async () => {
      const rate = { flashes: 7, perMs: 1000 };
      const at = 123_456_789.123;
      await spend('a', at, { rate });
      const early = await spend('b', at, { rate });
      await reopen();
      const late = await spend('b', at, { rate });
      expect(late).toEqual(early);
      const freeAt = late.status === 'exhausted' ? late.freeAt : 0;
      expect((await spend('b', freeAt, { rate })).status).toBe('saved');
    });

    it('holds for the meters that were used last, whatever others there were', async () => {
      const rate = { flashes: 1, perMs: 1_000_000 };
      const used: string[] = [];
      const refused: string[] = [];
      for (let meter = 0; meter < 120; meter++) {
        // One is used now and then, all the while; none is left in it.
        if (meter % 20 === 0) used.push(await spendAll([1e9 * meter], { meter: 'old', rate }));
        used.push(await spendAll([meter], { meter: `m${meter}`, rate }));
        const lastUsed = 1e9 * (meter - (meter % 20));
        refused.push(await spendAll([lastUsed + 1 + meter], { meter: 'old', rate }));
      }
      expect([...new Set(used)]).toEqual(['+']);
      expect([...new Set(refused)]).toEqual(['-']);
    });
  });
}

async function describeAll(store: Store, device: DeviceRecord): Promise<readonly unknown[]> {
  return [
    await store.device(PRODUCT, device.id),
    await store.attributes(device.key),
    await store.contact(device.key),
    await store.actions(PRODUCT, device.id, 9),
    await store.feedback(PRODUCT, device.id, 1234),
    await store.evidence(PRODUCT),
    await store.events({ limit: 99 }),
    await store.tallies(PRODUCT),
    await store.census(PRODUCT),
  ];
}
