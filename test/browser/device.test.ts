// The page of one device over a fleet of known figures.

import type { Locator } from 'playwright-core';
import { describe, expect, it } from 'vitest';

import { expectForEveryone } from './support/for-everyone.ts';
import { HOSTILE_ID, HOSTILE_TITLE, HOSTILE_VALUE, LAST_WORDS } from './support/shown-fleet.ts';
import { useShownFleet } from './support/shown-pages.ts';

const shown = useShownFleet(null);

async function open(id: string): Promise<void> {
  await shown.reader.page.goto('about:blank');
  await shown.reader.open(`#/p/thermostat/devices/${encodeURIComponent(id)}`);
  await shown.reader.settle();
}

describe('a device', () => {
  it('says what it runs and why, by which rule', async () => {
    await open('dev-5');
    const { page } = shown.reader;
    await page
      .getByText(
        'It runs version 41 and is left alone: Release/thermostat has not reached it with version 42 yet. Its turn comes in step all.',
      )
      .waitFor();
    expect(await rowsOf('The rules that decide')).toEqual([
      ['Lock', 'Does not apply', 'No lock holds it.', 'no manifest'],
      [
        'Release to its group',
        'Does not apply',
        'None of its groups has a release.',
        'no manifest',
      ],
      [
        'Release to every device',
        'Does not apply',
        expect.stringContaining("The product's release is version 42"),
        expect.stringMatching(/^Release\/thermostat release\.yaml:1 [0-9a-f]{7}$/),
      ],
      ['Base', 'Decides', expect.anything(), expect.anything()],
    ]);
    expect(await factsOf()).toMatchObject({
      Runs: '41: Version 41',
      Target: 'none: it is left alone',
      Lock: 'none',
      Groups: 'known',
      'Place in Release/thermostat': 'at 54% of the circle; exposure 45%: turn in step all',
    });
  });

  it('leads to the manifest and the commit that decide', async () => {
    await open('dev-7');
    const tip = shown.fleet.view()?.revision ?? '';
    const deciding = shown.reader.page.locator('tr.is-deciding');
    const place = deciding.getByRole('link', { name: 'hall.yaml:1' });
    expect(await place.getAttribute('href')).toContain(`/blob/${tip}/hall.yaml#L1`);
    const commit = deciding.getByRole('link', { name: tip.slice(0, 7), exact: true });
    expect(await commit.getAttribute('href')).toContain(`/commit/${tip}`);
    await deciding.getByText(HOSTILE_TITLE).waitFor();
    expect((await factsOf())['Lock']).toMatch(
      /^to 41.*, flash on-reset, since \d\d:\d\d:\d\d, by DeviceLock\/hall of [0-9a-f]{7}$/,
    );
  });

  it('that failed tells of its actions, in its own words', async () => {
    await open('dev-6');
    const { page } = shown.reader;
    await page.getByText('Failed once with 42', { exact: true }).waitFor();
    await page
      .getByText(
        /^It runs version 41 and should run version 42, by Release\/thermostat\. It failed 1 time/,
      )
      .waitFor();
    const actions = page.locator('.actions > li');
    expect(await actions.locator('summary').allTextContents()).toEqual([
      expect.stringMatching(/^FailedVersion 42\d\d:\d\d:\d\d$/),
    ]);
    await page.getByRole('list', { name: 'What the device said' }).getByText(LAST_WORDS).waitFor();
    await page.getByText('closed / failure').waitFor();
    expect(await page.locator('main b').count()).toBe(0);
  });

  it('that succeeded was seen running it', async () => {
    await open('dev-1');
    await shown.reader.page
      .getByText('It runs version 42, by Release/thermostat, as it should.')
      .waitFor();
    await shown.reader.page.getByText(/ended \d\d:\d\d:\d\d, and seen running\.$/).waitFor();
  });

  it('of the bench gave evidence', async () => {
    await open('bench-1');
    const rows = await rowsOf('Versions that the device has verified');
    expect(new Set(rows.map(([version]) => version))).toEqual(
      new Set(['Version 41', 'Version 42']),
    );
    for (const [, level, since] of rows) {
      expect(level).toMatch(/^(?:flashed|reported|claimed)$/);
      expect(since).toMatch(/^\d\d:\d\d:\d\d$/);
    }
  });

  it('in quarantine says why', async () => {
    await open('stranger');
    await shown.reader.page.getByText('In quarantine', { exact: true }).waitFor();
    expect((await rowsOf('The rules that decide'))[0]?.slice(0, 3)).toEqual([
      'Quarantine',
      'Decides',
      'It is in quarantine: no manifest names it.',
    ]);
  });

  it('that nobody knows is told of', async () => {
    await shown.change({ mayComplain: /404/ });
    await open('nobody');
    await shown.reader.page
      .getByRole('alert')
      .getByText(/nobody/)
      .waitFor();
  });
});

describe('what a device says', () => {
  it('is shown as text: its id', async () => {
    await open(HOSTILE_ID);
    expect(await shown.reader.page.locator('h1').textContent()).toBe(HOSTILE_ID);
    expect(await shown.reader.page.locator('main img').count()).toBe(0);
    await expect.poll(() => shown.reader.page.title()).toBe(`${HOSTILE_ID} · Lockstep`);
  });

  it('is shown as text: its attributes', async () => {
    await open('dev-4');
    expect(await rowsOf('Attributes of the device')).toEqual([
      ['fw_version', '42'],
      ['hw_rev', HOSTILE_VALUE],
      ['<i>', 'x'],
    ]);
    expect(await shown.reader.page.locator('main script, main i').count()).toBe(0);
  });
});

it('is there for everyone', async () => {
  await expectForEveryone(
    shown.browser,
    shown.fleet.address,
    '#/p/thermostat/devices/dev-6',
    'device',
  );
});

async function rowsOf(caption: string): Promise<readonly (readonly string[])[]> {
  const table = shown.reader.page.getByRole('table', { name: caption });
  await table.waitFor();
  const rows = await table.locator('tbody tr').all();
  return Promise.all(rows.map(cellsOf));
}

async function cellsOf(row: Locator): Promise<readonly string[]> {
  return row.locator('th, td').allTextContents();
}

async function factsOf(): Promise<Readonly<Record<string, string>>> {
  const names = await shown.reader.page.locator('.facts dt').allTextContents();
  const values = await shown.reader.page.locator('.facts dd').allTextContents();
  return Object.fromEntries(names.map((name, index) => [name, values[index] ?? '']));
}
