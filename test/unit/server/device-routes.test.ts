// Devices to look at: paging, filters, and what the answer about one device holds.

import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { expectedDevice, type DeviceRecord } from '../../../controller/model/device.ts';
import { API_NOW, startApi, type ApiUnderTest } from '../../support/api.ts';

const BASE = '/api/v1/products/thermostat';

let api: ApiUnderTest;
beforeEach(async () => {
  api = await startApi();
});
afterEach(() => api.close());

async function getJson<T>(path: string): Promise<T> {
  const answer = await api.ask(path);
  if (answer.status !== 200) throw new Error(`${path}: ${answer.status} ${answer.text}`);
  return answer.json as T;
}

async function saveDevice(id: string, change: Partial<DeviceRecord> = {}): Promise<DeviceRecord> {
  const after = { ...expectedDevice('thermostat', id), standing: 'active' as const, ...change };
  const saved = await api.store.saveDevice({ before: null, after });
  if (saved.status !== 'saved' || saved.device === null) throw new Error('not saved');
  return saved.device;
}

describe('lists of devices', () => {
  it('are complete and without repetition over thousands of devices, in any size of page', async () => {
    const ids = Array.from(
      { length: 2_300 },
      (_, index) => `d${(index * 7_919) % 100_000}/é😀${index}`,
    );
    await Promise.all(
      ids.map((id, index) => saveDevice(id, { running: index % 2 === 0 ? 41 : null })),
    );
    for (const [query, expected] of [
      ['limit=500', ids],
      ['limit=37&prefix=d9', ids.filter((id) => id.startsWith('d9'))],
      ['limit=499&running=unknown', ids.filter((_, index) => index % 2 === 1)],
      ['limit=500&running=41', ids.filter((_, index) => index % 2 === 0)],
    ] as const) {
      const found: string[] = [];
      let after: string | null = null;
      do {
        const cursor: string = after === null ? '' : `&after=${encodeURIComponent(after)}`;
        const page: { items: readonly { id: string }[]; next: string | null } = await getJson(
          `${BASE}/devices?${query}${cursor}`,
        );
        found.push(...page.items.map(({ id }) => id));
        after = page.next;
      } while (after !== null);
      expect(found).toHaveLength(expected.length);
      expect(new Set(found)).toEqual(new Set(expected));
    }
  });

  it('say that there is no next page where the last one is full', async () => {
    await saveDevice('a');
    await saveDevice('b');
    expect(await getJson(`${BASE}/devices?limit=2`)).toMatchObject({ next: null });
    expect(await getJson(`${BASE}/devices?limit=1`)).toMatchObject({ next: 'a' });
    expect(await getJson(`${BASE}/devices?after=zzz`)).toEqual({ items: [], next: null });
  });

  it('hold only what the filters ask for', async () => {
    const lock = {
      version: 42,
      flash: 'now',
      armed: true,
      manifest: 'l',
      revision: 'r',
      since: 0,
    } as const;
    await saveDevice('locked', { lock });
    await saveDevice('held', { standing: 'quarantined', quarantine: 'no manifest names it' });
    await saveDevice('plain', { running: 41 });
    const ids = async (query: string): Promise<readonly string[]> => {
      const page = await getJson<{ items: readonly { id: string }[] }>(`${BASE}/devices?${query}`);
      return page.items.map(({ id }) => id);
    };
    expect(await ids('locked=true')).toEqual(['locked']);
    expect(await ids('locked=false&standing=active')).toEqual(['plain']);
    expect(await ids('standing=quarantined')).toEqual(['held']);
    expect(await ids('running=41')).toEqual(['plain']);
    expect(await ids('failing=true')).toEqual([]);
    expect(await ids('updating=false')).toEqual(['held', 'locked', 'plain']);
  });
});

describe('one device', () => {
  it('shows its attributes exactly as sent, and nothing else in that object', async () => {
    const attributes = JSON.parse(
      '{"fw_version":"41","__proto__":"p","constructor":"c","<b>":"\\u0007 é😀","target":"own"}',
    ) as Record<string, string>;
    await api.store.saveDevice({
      before: null,
      after: { ...expectedDevice('thermostat', 'd1'), standing: 'active' },
      attributes,
    });
    const alone = await api.ask(`${BASE}/devices/d1/attributes`);
    expect(Object.entries(alone.json as object)).toEqual(Object.entries(attributes));
    const device = await getJson<{ attributes: object; target: object }>(`${BASE}/devices/d1`);
    expect(Object.entries(device.attributes)).toEqual(Object.entries(attributes));
    expect(device.target).toMatchObject({ version: 41, rule: 'release' });
    await saveDevice('d2');
    expect(await getJson(`${BASE}/devices/d2/attributes`)).toEqual({});
  });

  it('is found by any id that a URL can hold, and never confused with another', async () => {
    const ids = [
      '__proto__',
      'constructor',
      'toString',
      'a/b',
      'a%2Fb',
      'a?b#c',
      '..',
      'ü😀',
      'x'.repeat(256),
    ];
    for (const id of ids) await saveDevice(id);
    for (const id of ids) {
      // A client that is no browser sends dots as they are.
      const answer = await api.ask(`${BASE}/devices/${encodeURIComponent(id)}`);
      expect([id, answer.status, (answer.json as { id?: string }).id]).toEqual([id, 200, id]);
    }
    expect((await api.ask(`${BASE}/devices/hasOwnProperty`)).status).toBe(404);
  });

  it('shows an action by the id on the wire, with its last 50 feedback entries, newest last', async () => {
    let before = await saveDevice('d1');
    const action = {
      product: 'thermostat',
      device: 'd1',
      id: 2_147_483_646,
      version: 41,
      sha256: 'a'.repeat(64),
      attempt: 1,
      state: 'failed' as const,
      confirmed: false,
      manifest: 'Release/thermostat',
      revision: 'r1',
      offeredAt: API_NOW,
      fetchedAt: API_NOW,
      closedAt: API_NOW + 1_000,
      message: 'CRC',
    };
    for (let number = 1; number <= 60; number += 1) {
      const entry = {
        at: API_NOW + number,
        execution: 'proceeding',
        finished: 'none',
        progress: null,
        code: number,
        details: [],
      };
      const saved = await api.store.saveDevice({
        before,
        after: before,
        actions: [action],
        feedback: { actionId: action.id, entry },
      });
      if (saved.status !== 'saved' || saved.device === null) throw new Error('not saved');
      before = saved.device;
    }
    const shown = await getJson<{ feedback: readonly { code: number }[] }>(
      `${BASE}/devices/d1/actions/2147483646`,
    );
    expect(shown).toMatchObject({
      id: '2147483646',
      state: 'failed',
      closedAt: new Date(API_NOW + 1_000).toISOString(),
    });
    expect(shown.feedback.map(({ code }) => code)).toEqual(
      Array.from({ length: 50 }, (_, index) => index + 11),
    );
    expect((await api.ask(`${BASE}/devices/d2/actions/2147483646`)).status).toBe(404);
  });

  it('is explained also where only a manifest names it', async () => {
    expect(await getJson(`${BASE}/devices/bench-2/why`)).toMatchObject({
      waits: [{ reason: 'UnknownDevice' }, { reason: 'ReleaseUnverified' }],
      device: { standing: 'expected' },
    });
    expect((await api.ask(`${BASE}/devices/stranger/why`)).status).toBe(404);
  });
});
