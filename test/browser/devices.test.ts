// The list of devices: over a fleet of known figures, and over one that is far longer than a page.

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import type { Browser } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';

import { LISTED_FLEETS, seedListedFleet } from '../../bench/support/listed-fleets.ts';
import { seededId } from '../../bench/support/seed-fleet.ts';
import type { DevicePageJson } from '../../controller/reports/answers.ts';
import { startApi, type ApiUnderTest } from '../support/api.ts';
import { createDeviceHands } from '../support/device-hand.ts';
import { startChromium } from './support/chromium.ts';
import { expectForEveryone } from './support/for-everyone.ts';
import { createReader, type Reader } from './support/reader.ts';
import { HOSTILE_ID, startShownFleet, type ShownFleet } from './support/shown-fleet.ts';

const HASH = '#/p/thermostat/devices';

let browser: Browser;
let reader: Reader;

beforeAll(async () => {
  browser = await startChromium();
});

afterAll(async () => {
  await browser.close();
});

describe('the devices of a fleet', () => {
  const ALL = [
    HOSTILE_ID,
    'bench-1',
    ...Array.from({ length: 8 }, (_, index) => `dev-${index + 1}`),
    'stranger',
  ];
  let fleet: ShownFleet;

  beforeAll(async () => {
    fleet = await startShownFleet();
  });

  afterAll(async () => {
    await fleet.close();
  });

  beforeEach(async () => {
    reader = await createReader(browser, fleet.address);
    await reader.open(HASH);
    await untilFound('1–11 of 11 devices');
  });

  afterEach(async () => {
    await reader.close();
  });

  it('are listed by their ids, each with how it stands', async () => {
    const { page } = reader;
    await page.getByText('10 devices, 10 online, 1 in quarantine').waitFor();
    expect(await ids()).toEqual(ALL);
    const cells = async (id: string): Promise<readonly string[]> => {
      const row = page.getByRole('row').filter({ has: page.getByRole('link', { name: id }) });
      return (await row.locator('td').allTextContents()).slice(0, 3);
    };
    expect(await cells('bench-1')).toEqual(['42', 'Runs its target', 'to 42']);
    expect(await cells('dev-1')).toEqual(['42', 'Runs its target', 'none']);
    expect((await cells('dev-5'))[1]).toBe(
      'Left aloneRelease/thermostat has not reached it with version 42 yet.',
    );
    expect((await cells('dev-6'))[1]).toBe(
      'Failed once with 42flash <b>verify</b> failed @everyone',
    );
    expect(await cells('stranger')).toEqual([
      'unknown',
      'In quarantineno manifest names it',
      'none',
    ]);
    expect(await page.locator('main b, main img').count()).toBe(0);
  });

  it.each([
    ['Version', '42', 'running=42', ['bench-1', 'dev-1', 'dev-4', 'dev-8']],
    ['Group', 'beta', 'group=beta', ['dev-2', 'dev-3']],
    ['Lock', 'true', 'locked=true', ['bench-1', 'dev-7']],
    ['Connection', 'false', 'online=false', ['stranger']],
    ['Standing', 'quarantined', 'standing=quarantined', ['stranger']],
    ['Waits', 'RetriesUsedUp', 'waiting=RetriesUsedUp', ['dev-6']],
    ['Waits', 'OutsideExposure', 'waiting=OutsideExposure', [HOSTILE_ID, 'dev-5']],
  ])('are filtered by %s: %s', async (label, value, query, expected) => {
    await reader.page.getByLabel(label, { exact: true }).selectOption(value);
    await expect.poll(ids).toEqual(expected);
    expect(new URL(reader.page.url()).hash).toBe(`${HASH}?${query}`);
    const many = expected.length === 1 ? '1 device' : `${expected.length} devices`;
    await untilFound(`1–${expected.length} of ${many} that match`);
  });

  it.each([
    ['Failing', ['dev-6']],
    ['Drifted', ['dev-6']],
    ['Updating', []],
  ])('are filtered by a mark: %s', async (label, expected) => {
    await reader.page.getByLabel(label).check();
    await expect.poll(ids).toEqual(expected);
    if (expected.length === 0) await reader.page.getByText('No device is like that').waitFor();
  });

  it('are found by how their ids begin, while one types', async () => {
    const { page } = reader;
    const field = page.getByLabel('Id begins with');
    await field.pressSequentially('dev-');
    await expect.poll(ids).toEqual(ALL.slice(2, 10));
    expect(new URL(page.url()).hash).toBe(`${HASH}?prefix=dev-`);
    // What was typed leaves no trail: one step leads back to where one came from.
    await page.goBack();
    expect(page.url()).toBe('about:blank');
    await page.goForward();
    await expect.poll(ids).toEqual(ALL.slice(2, 10));
    expect(await field.inputValue()).toBe('dev-');
  });

  it('are sorted by id, version or registration, either way', async () => {
    const { page } = reader;
    const head = (name: string) => page.getByRole('columnheader', { name });
    expect(await head('Device').getAttribute('aria-sort')).toBe('ascending');
    await head('Version').getByRole('button').click();
    await expect
      .poll(async () => (await ids()).slice(-4))
      .toEqual(['bench-1', 'dev-1', 'dev-4', 'dev-8']);
    expect((await ids())[0]).toBe('stranger');
    expect(await head('Version').getAttribute('aria-sort')).toBe('ascending');
    await head('Version').getByRole('button').click();
    await expect.poll(async () => (await ids()).at(-1)).toBe('stranger');
    expect(await head('Version').getAttribute('aria-sort')).toBe('descending');
    await page.getByLabel('Sort by').selectOption('registration-');
    await expect.poll(async () => (await ids())[0]).toBe('stranger');
    expect(new URL(page.url()).hash).toBe(`${HASH}?sort=registration&descending=true`);
  });

  it('stay filtered by their address, and go back to all of them', async () => {
    const { page } = reader;
    await page.getByLabel('Sort by').selectOption('id-');
    await page.getByLabel('Lock').selectOption('true');
    await expect.poll(ids).toEqual(['dev-7', 'bench-1']);
    await page.reload();
    await expect.poll(ids).toEqual(['dev-7', 'bench-1']);
    expect(await page.getByLabel('Lock').inputValue()).toBe('true');
    await page.getByRole('button', { name: 'Clear filters' }).click();
    await expect.poll(ids).toEqual(ALL.toReversed());
    await page.goBack();
    await expect.poll(ids).toEqual(['dev-7', 'bench-1']);
  });

  it('lead to the page of each', async () => {
    await reader.page.getByRole('link', { name: HOSTILE_ID }).click();
    await reader.page.getByRole('heading', { level: 1, name: HOSTILE_ID }).waitFor();
  });

  it('are there for everyone', async () => {
    await expectForEveryone(browser, fleet.address, HASH, 'devices');
  });

  // The last of these: the fleet has one device more from then on.
  it('follow the fleet', async () => {
    const hands = createDeviceHands(fleet.address);
    await hands.device('thermostat', 'stranger-2').poll();
    await hands.close();
    await expect.poll(ids, { timeout: 15_000 }).toEqual([...ALL, 'stranger-2']);
    await untilFound('1–12 of 12 devices');
  });
});

// A million devices take minutes to make: they are left to the bench `devices`, which measures every list of theirs.
// Here the fleet is far longer than what one answer looks at, and rare devices are far apart in it.
describe('a long list', () => {
  const DEVICES = 50_000;
  let folder: string;
  let api: ApiUnderTest;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'lockstep-devices-'));
    const few = LISTED_FLEETS.find(({ name }) => name === 'few');
    if (few === undefined) throw new Error('there is such a fleet');
    api = await startApi({}, null, seedListedFleet(join(folder, 'state.db'), DEVICES, few));
  }, 120_000);

  afterAll(async () => {
    await api.close();
    await rm(folder, { recursive: true, force: true });
  });

  beforeEach(async () => {
    reader = await createReader(browser, api.address);
    await reader.open(HASH);
  });

  afterEach(async () => {
    await reader.close();
  });

  const page = (first: number): readonly string[] =>
    Array.from({ length: 50 }, (_, index) => seededId(first + index));

  it('is turned page by page, forth and back', async () => {
    await untilFound('1–50 of 50,000 devices');
    expect(await ids()).toEqual(page(0));
    await turn('Next');
    await untilFound('51–100 of 50,000 devices');
    expect(await ids()).toEqual(page(50));
    await turn('Next');
    await untilFound('101–150 of 50,000 devices');
    await turn('Previous');
    await untilFound('51–100 of 50,000 devices');
    expect(await ids()).toEqual(page(50));
    // The browser's own way back is the same.
    await reader.page.goBack();
    await expect.poll(ids).toEqual(page(100));
    await turn('First');
    await untilFound('1–50 of 50,000 devices');
    expect(await ids()).toEqual(page(0));
  });

  it('begins at its other end as well', async () => {
    await reader.page.getByLabel('Sort by').selectOption('id-');
    await expect.poll(ids).toEqual(page(DEVICES - 50).toReversed());
  });

  it('keeps the place in its address', async () => {
    await turn('Next');
    await untilFound('51–100 of 50,000 devices');
    await reader.page.reload();
    await untilFound('50 shown of 50,000 devices');
    expect(await ids()).toEqual(page(50));
  });

  it.each(['failing=true', 'locked=true&online=false', 'waiting=any', 'standing=quarantined'])(
    'finds devices that are few and far apart: %s',
    async (query) => {
      const expected = await listAll(query);
      await reader.open(`${HASH}?${query}`);
      await expect.poll(ids, { timeout: 15_000 }).toEqual(expected.slice(0, 50));
      await expect
        .poll(() => reader.page.locator('.found').textContent(), { timeout: 15_000 })
        .not.toContain('searching');
    },
  );

  /** What the API gives, page after page. */
  async function listAll(query: string): Promise<readonly string[]> {
    const found: string[] = [];
    let after = '';
    do {
      const { json } = await api.ask(`/api/v1/products/thermostat/devices?${query}${after}`);
      const { items, next } = json as DevicePageJson;
      found.push(...items.map(({ id }) => id));
      after = next === null ? '' : `&after=${encodeURIComponent(next)}`;
    } while (after !== '');
    return found;
  }
});

async function ids(): Promise<readonly string[]> {
  return reader.page.locator('.table tbody th').allTextContents();
}

async function untilFound(text: string): Promise<void> {
  await expect
    .poll(() => reader.page.locator('.found').textContent(), { timeout: 15_000 })
    .toBe(text);
}

async function turn(name: string): Promise<void> {
  const button = reader.page.getByRole('button', { name, exact: true });
  await expect.poll(() => button.getAttribute('aria-disabled')).toBeNull();
  await button.click();
}
