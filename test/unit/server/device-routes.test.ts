// Devices to look at: paging, filters, and what the answer about one device holds.

import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import {
  expectedDevice,
  type Contact,
  type DeviceRecord,
} from '../../../controller/model/device.ts';
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

interface Listed {
  readonly items: readonly { readonly id: string }[];
  readonly next: string | null;
  readonly total: number | null;
}

async function idsOf(query: string): Promise<readonly string[]> {
  const page = await getJson<Listed>(`${BASE}/devices?${query}`);
  return page.items.map(({ id }) => id);
}

const FAILURES: DeviceRecord['failures'] = {
  version: 41,
  round: 1,
  count: 4,
  retryAt: null,
  lastAt: API_NOW,
  lastMessage: 'CRC',
};

async function saveDevice(
  id: string,
  change: Partial<DeviceRecord> = {},
  contact: Contact | null = null,
): Promise<DeviceRecord> {
  const after = { ...expectedDevice('thermostat', id), standing: 'active' as const, ...change };
  const saved = await api.store.saveDevice({
    before: null,
    after,
    ...(contact !== null && { contact }),
  });
  if (saved.status !== 'saved' || saved.device === null) throw new Error('not saved');
  return saved.device;
}

async function forget(id: string): Promise<void> {
  const before = await api.store.device('thermostat', id);
  await api.store.saveDevice({ before, after: null });
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
    expect(await getJson(`${BASE}/devices?limit=2`)).toMatchObject({ next: null, total: 2 });
    const { next } = await getJson<{ next: string }>(`${BASE}/devices?limit=1`);
    expect(await idsOf(`after=${next}`)).toEqual(['b']);
    await forget('b');
    expect(await getJson(`${BASE}/devices?after=${next}`)).toEqual({
      items: [],
      next: null,
      total: 1,
    });
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
    expect(await idsOf('locked=true')).toEqual(['locked']);
    expect(await idsOf('locked=false&standing=active')).toEqual(['plain']);
    expect(await idsOf('standing=quarantined')).toEqual(['held']);
    expect(await idsOf('running=41')).toEqual(['plain']);
    expect(await idsOf('failing=true')).toEqual([]);
    expect(await idsOf('updating=false')).toEqual(['held', 'locked', 'plain']);
  });

  it('know who is in a group, online, drifts or waits, as the answer about each device says', async () => {
    const fresh = { at: API_NOW, listened: 10_000_000, steadyAt: API_NOW };
    const stale = { at: API_NOW, listened: 10_000_000 - 15 * 60_000, steadyAt: API_NOW };
    await saveDevice('bench-1', { running: 41 }, fresh);
    await saveDevice('behind', { running: 40 }, fresh);
    await saveDevice('away', { running: 40 }, stale);
    await saveDevice('fine', { running: 41 }, stale);
    await saveDevice('mute', {}, fresh);
    await saveDevice('stuck', { running: 40, failures: FAILURES }, fresh);
    expect(await idsOf('group=bench')).toEqual(['bench-1']);
    expect(await idsOf('online=true')).toEqual(['behind', 'bench-1', 'mute', 'stuck']);
    expect(await idsOf('online=false')).toEqual(['away', 'fine']);
    expect(await idsOf('drifted=true')).toEqual(['away', 'behind', 'stuck']);
    expect(await idsOf('drifted=true&online=true&failing=false')).toEqual(['behind']);
    expect(await idsOf('drifted=false')).toEqual(['bench-1', 'fine', 'mute']);
    expect(await idsOf('waiting=any')).toEqual(['away', 'mute', 'stuck']);
    expect(await idsOf('waiting=DeviceOffline')).toEqual(['away']);
    expect(await idsOf('waiting=VersionUnknown')).toEqual(['mute']);
    expect(await idsOf('waiting=RetriesUsedUp')).toEqual(['stuck']);
    expect(await idsOf('waiting=none')).toEqual(['behind', 'bench-1', 'fine']);
    const unknown = await api.ask(`${BASE}/devices?group=nobody`);
    expect(unknown.status).toBe(404);
    expect(unknown.json).toMatchObject({ error: { code: 'UnknownGroup' } });
  });

  it('have nobody online, drifting or waiting while nothing is in force', async () => {
    await api.store.saveDevice({
      before: null,
      after: { ...expectedDevice('constructor', 'a'), standing: 'active' },
      contact: { at: API_NOW, listened: 0, steadyAt: API_NOW },
    });
    const list = (query: string): Promise<unknown> =>
      getJson(`/api/v1/products/constructor/devices?${query}`);
    const nobody = { items: [], next: null, total: 0 };
    for (const query of ['online=true', 'drifted=true', 'waiting=any', 'waiting=OnReset']) {
      expect(await list(query)).toEqual(nobody);
    }
    for (const query of ['online=false', 'drifted=false', 'waiting=none']) {
      expect(await list(query)).toMatchObject({ items: [{ id: 'a', online: false }] });
    }
  });

  it('have the order that is asked for, in both directions', async () => {
    await saveDevice('a', { running: 42, registeredAt: 3 });
    await saveDevice('b', { running: 41, registeredAt: 4 });
    await saveDevice('c', { standing: 'expected' });
    await saveDevice('d', { running: 41, registeredAt: 2 });
    expect(await idsOf('sort=id&descending=true')).toEqual(['d', 'c', 'b', 'a']);
    expect(await idsOf('sort=version')).toEqual(['c', 'b', 'd', 'a']);
    expect(await idsOf('sort=version&descending=true')).toEqual(['a', 'd', 'b', 'c']);
    expect(await idsOf('sort=registration')).toEqual(['c', 'd', 'a', 'b']);
    expect(await idsOf('sort=registration&descending=true')).toEqual(['b', 'a', 'd', 'c']);
  });

  it('end a page early where matches are rare, and go on to the last of them', async () => {
    // More than are gathered, or walked over for a page.
    const size = 5_000;
    const names = Array.from({ length: size }, (_, i) => `d${String(i).padStart(4, '0')}`);
    const isRare = (i: number): boolean => i === 1 || i === 4_998;
    await Promise.all(
      names.map((id, i) =>
        saveDevice(
          id,
          { running: 41 },
          isRare(i) ? { at: API_NOW, listened: 10_000_000, steadyAt: API_NOW } : null,
        ),
      ),
    );
    const sizes: number[] = [];
    const found: string[] = [];
    let after = '';
    do {
      const page: Listed = await getJson(`${BASE}/devices?online=true${after}`);
      expect(page.total).toBeNull();
      sizes.push(page.items.length);
      found.push(...page.items.map(({ id }) => id));
      after = page.next === null ? '' : `&after=${page.next}`;
    } while (after !== '');
    expect(found).toEqual(['d0001', 'd4998']);
    expect(sizes[0]).toBe(1);
    expect(sizes.length).toBeGreaterThan(1);
    expect(await getJson(`${BASE}/devices?limit=1`)).toMatchObject({ total: size });
  });

  it('refuse a cursor of another list, and whatever is none', async () => {
    for (const id of ['a', 'b', 'c']) await saveDevice(id, { running: 41 });
    const { next } = await getJson<{ next: string }>(`${BASE}/devices?limit=1&running=41`);
    const refusal = async (query: string): Promise<string> => {
      const { status, json } = await api.ask(`${BASE}/devices?${query}`);
      return `${status} ${(json as { error?: { code: string } }).error?.code ?? ''}`;
    };
    expect(await idsOf(`running=41&after=${next}`)).toEqual(['b', 'c']);
    // The size of a page and a default that is said do not make another list.
    expect(await idsOf(`running=41&limit=1&sort=id&after=${next}`)).toEqual(['b']);
    const foreign = '400 CursorOfAnotherList';
    expect(await refusal(`after=${next}`)).toBe(foreign);
    expect(await refusal(`running=42&after=${next}`)).toBe(foreign);
    expect(await refusal(`running=41&locked=false&after=${next}`)).toBe(foreign);
    expect(await refusal(`running=41&sort=version&after=${next}`)).toBe(foreign);
    expect(await refusal(`running=41&descending=true&after=${next}`)).toBe(foreign);
    const elsewhere = await api.ask(
      `/api/v1/products/constructor/devices?running=41&after=${next}`,
    );
    expect(elsewhere.json).toMatchObject({ error: { code: 'CursorOfAnotherList' } });

    const [name = ''] = JSON.parse(Buffer.from(next, 'base64url').toString()) as string[];
    const encode = (value: unknown): string =>
      Buffer.from(JSON.stringify(value)).toString('base64url');
    const hostile = [
      'a',
      'zzz',
      '%00',
      '..%2F..%2Fetc',
      `${next}=`,
      `${next}A`,
      `%20${next}`,
      next.slice(0, -2),
      encode(null),
      encode({}),
      encode([]),
      encode([name, 0]),
      encode([name, 0, 'a', 'b']),
      encode([name, '0', 'a']),
      encode([name, 0, 7]),
      encode([name, 0, '']),
      encode([name, 0, 'x'.repeat(257)]),
      encode([name, -1, 'a']),
      encode([null, 0, 'a']),
      Buffer.from(`["${name}",1e999,"a"]`).toString('base64url'),
      Buffer.from('[['.repeat(1_000)).toString('base64url'),
      Buffer.from([0xff, 0xfe, 0x00]).toString('base64url'),
    ];
    for (const cursor of hostile) {
      expect([cursor, await refusal(`running=41&after=${cursor}`)]).toEqual([
        cursor,
        '400 InvalidCursor',
      ]);
    }
    expect(await refusal(`running=41&after=${'a'.repeat(4_097)}`)).toBe('400 InvalidRequest');
    // One that is made up well shows what the list shows, and no more.
    const made = encode([name, 5, "b' OR 1=1 --"]);
    expect(await idsOf(`running=41&after=${made}`)).toEqual(['c']);
  });

  it('have cursors for ids of any characters and length', async () => {
    const ids = ['\u0001'.repeat(256), '😀'.repeat(128), '"'.repeat(256), '\\n%'];
    for (const id of ids) await saveDevice(id);
    const found: string[] = [];
    let after = '';
    do {
      const page: Listed = await getJson(`${BASE}/devices?limit=1${after}`);
      found.push(...page.items.map(({ id }) => id));
      after = page.next === null ? '' : `&after=${page.next}`;
    } while (after !== '');
    expect(found.toSorted()).toEqual(ids.toSorted());
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
