// The list of devices, before it is drawn: filters in the address, and pages that are put together.

import { describe, expect, it } from 'vitest';

import {
  changeFilters,
  countFilters,
  devicesPath,
  orderOf,
  orderTo,
  readFilters,
  WAITS,
} from '../../../controller/dashboard/parts/device-filters.js';
import { fillPage } from '../../../controller/dashboard/parts/device-pages.js';
import {
  describeDevice,
  describeVersion,
} from '../../../controller/dashboard/parts/device-words.js';
import { WAIT_REASONS } from '../../../controller/model/wait-reasons.ts';
import type { DevicePageJson, DeviceSummaryJson } from '../../../controller/reports/answers.ts';

describe('filters', () => {
  it('come from the address, and go to the question', () => {
    const filters = readFilters(
      new URLSearchParams('prefix= dev &running=42&failing=true&after=xyz&what=ever&group='),
    );
    expect(filters).toEqual({ prefix: 'dev', running: '42', failing: 'true' });
    expect(devicesPath('a b', filters, { after: 'x/y', limit: 50 })).toBe(
      '/products/a%20b/devices?prefix=dev&running=42&failing=true&after=x%2Fy&limit=50',
    );
    expect(devicesPath('p', {}, { after: null, limit: 50 })).toBe('/products/p/devices?limit=50');
  });

  it('are set and taken away', () => {
    expect(changeFilters({ running: '42', locked: 'true' }, { locked: '', group: 'beta' })).toEqual(
      {
        running: '42',
        group: 'beta',
      },
    );
  });

  it('are counted without the order', () => {
    expect(countFilters({ sort: 'version', descending: 'true', prefix: 'x' })).toBe(1);
  });

  it('hold the order as one word', () => {
    expect(orderOf({})).toBe('id');
    expect(orderOf({ sort: 'version', descending: 'true' })).toBe('version-');
    expect(orderTo('id')).toEqual({ sort: '', descending: '' });
    expect(orderTo('registration-')).toEqual({ sort: 'registration', descending: 'true' });
  });

  it('know everything that a device can wait for', () => {
    expect(WAITS.map(([name]) => name).toSorted()).toEqual(
      ['any', 'none', ...WAIT_REASONS].toSorted(),
    );
  });
});

describe('a page', () => {
  const answers = (
    ...pages: readonly (readonly [ids: readonly string[], next: string | null])[]
  ) => {
    const asked: [after: string | null, limit: number][] = [];
    const askPage = async (after: string | null, limit: number) => {
      const [ids, next] = pages[asked.length] ?? [[], null];
      asked.push([after, limit]);
      const items = ids.map((id) => ({ id }) as DeviceSummaryJson);
      return { ok: true as const, value: { items, next, total: null } satisfies DevicePageJson };
    };
    return { asked, askPage };
  };
  const fill = async (
    { askPage }: ReturnType<typeof answers>,
    isTimeUp = () => false,
  ): Promise<unknown> => {
    const page = await fillPage({ askPage, after: null, size: 3, isTimeUp });
    return page.ok ? [page.value.items.map(({ id }) => id), page.value.next] : page.error;
  };

  it('is filled from short and empty answers', async () => {
    const list = answers([['a'], 'n1'], [[], 'n2'], [['b', 'c'], 'n3']);
    expect(await fill(list)).toEqual([['a', 'b', 'c'], 'n3']);
    expect(list.asked).toEqual([
      [null, 3],
      ['n1', 2],
      ['n2', 2],
    ]);
  });

  it('ends with the list', async () => {
    expect(await fill(answers([['a'], 'n1'], [[], null]))).toEqual([['a'], null]);
  });

  it('is left short where the time is up, and goes on from there', async () => {
    expect(await fill(answers([[], 'n1'], [['a'], 'n2']), () => true)).toEqual([[], 'n1']);
  });

  it('is none where one answer fails', async () => {
    const error = { status: 500, code: 'Broken', message: 'No.', remedy: null };
    const page = await fillPage({
      askPage: async () => ({ ok: false, error }),
      after: null,
      size: 3,
      isTimeUp: () => false,
    });
    expect(page).toEqual({ ok: false, error });
  });
});

describe('a device in a few words', () => {
  const device: DeviceSummaryJson = {
    product: 'thermostat',
    id: 'dev-1',
    standing: 'active',
    quarantine: null,
    registeredAt: null,
    lastContactAt: null,
    online: true,
    hasToken: false,
    reported: '41',
    running: 41,
    traits: {},
    dormant: false,
    target: {
      version: 41,
      goal: 41,
      rule: 'release',
      manifest: 'Release/thermostat',
      revision: 'r1',
      reason: null,
      message: null,
    },
    lock: null,
    action: null,
    failures: null,
    outcome: null,
  };
  const action = {
    id: '1',
    version: 42,
    attempt: 2,
    phase: 'fetched',
    manifest: 'Release/thermostat',
    revision: 'r1',
    offeredAt: '',
    fetchedAt: null,
    claimedAt: null,
    cancelRefused: false,
  } as const;
  const failures = {
    version: 42,
    count: 3,
    retryAt: null,
    lastAt: '',
    lastMessage: 'no room',
  };
  const words = (change: Partial<DeviceSummaryJson>): string => {
    const { text, detail } = describeDevice({ ...device, ...change });
    return detail === null ? text : `${text} (${detail})`;
  };

  it('says the most important thing', () => {
    const target = { ...device.target, version: 42, goal: 43 };
    const none = { ...device.target, version: null, message: 'Not yet.' };
    expect([
      words({}),
      words({ target }),
      words({ target: none }),
      words({ target, failures }),
      words({ failures: { ...failures, version: 41, count: 1 } }),
      words({ target, failures, action }),
      words({ action, standing: 'quarantined', quarantine: 'no manifest names it' }),
      words({ standing: 'expected' }),
    ]).toEqual([
      'Runs its target',
      'To be flashed with 42 (A stepping stone to 43.)',
      'Left alone (Not yet.)',
      'Failed 3 times with 42 (no room)',
      'Runs its target',
      'Updating to 42: being transferred (Attempt 2.)',
      'In quarantine (no manifest names it)',
      'Never seen (It registers at its first poll.)',
    ]);
  });

  it('names what it runs, in its own words where these mean no version', () => {
    expect(describeVersion({ running: 41, reported: '1.4.1' })).toBe('41');
    expect(describeVersion({ running: null, reported: 'abc' })).toBe('unknown (“abc”)');
    expect(describeVersion({ running: null, reported: null })).toBe('unknown');
  });
});
