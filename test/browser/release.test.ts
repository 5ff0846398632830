// The page Release over a fleet of known figures: a release that waits for approval, and one that halted.

import type { Locator } from 'playwright-core';
import { describe, expect, it } from 'vitest';

import { expectForEveryone } from './support/for-everyone.ts';
import { LAST_WORDS } from './support/shown-fleet.ts';
import { useShownFleet } from './support/shown-pages.ts';

const HASH = '#/p/thermostat/release';

const shown = useShownFleet(HASH);

describe('a release under way', () => {
  it('shows its steps as a picture, and in full', async () => {
    const { page } = shown.reader;
    const steps = page.getByRole('list', { name: 'Steps of the release of 42' });
    expect(await steps.locator('li').allTextContents()).toEqual([
      'canary, now45% · 4 devices',
      'all, to come100% · 6 devicesneeds approval',
    ]);
    expect(await rowsOf(page.getByRole('table', { name: 'The steps of the release' }))).toEqual([
      ['canary', 'Now', '45%', '4 devices', '1 device on 41', 'not asked for', expect.anything()],
      ['all', 'To come', '100%', '6 devices', '2 devices on 41', 'needed', 'not known'],
    ]);
  });

  it('says how it stands, what it waits for, and what would halt it', async () => {
    const { page } = shown.reader;
    await page.getByText('3 of 4 devices succeeded, 1 failed, 0 under way.').waitFor();
    await page.getByText('approval of step all', { exact: true }).waitFor();
    await page.getByText('Needs approval', { exact: true }).waitFor();
    await page.getByText('Above 60% failed, from 2 devices on, it holds.').waitFor();
    await page.getByText('not known: a person, or devices, decide').waitFor();
    const tip = shown.fleet.view()?.revision ?? '';
    const commit = page.getByRole('link', { name: tip.slice(0, 7), exact: true });
    expect(await commit.getAttribute('href')).toContain(`/commit/${tip}`);
  });

  it('shows its exposure, outcomes and failure rate over time, as pictures and as a table', async () => {
    const { page } = shown.reader;
    const chart = page.getByRole('figure');
    expect(
      await Promise.all(
        (await chart.getByRole('img').all()).map((panel) => panel.getAttribute('aria-label')),
      ),
    ).toEqual([
      'Exposure. The exposure over time; it is 45% now.',
      'Devices. Devices over time: 3 succeeded, 1 failed and 0 are under way now.',
      'Failure rate. Failed devices of those that failed or succeeded, over time. Above 60%, from 2 on, the release holds.',
    ]);
    expect(await chart.locator('.chart-key').allTextContents()).toEqual([
      '45% of devices',
      '3 succeeded',
      '1 failed',
      '0 under way',
      '25%',
      'halt line at 60%',
    ]);
    await chart.getByText('As a table').click();
    const rows = await rowsOf(page.getByRole('table', { name: 'How the release went' }));
    expect(rows[0]?.slice(1)).toEqual(['45%', '3', '1', '0', '25%']);
    expect(rows.at(-1)?.slice(1)).toEqual(['45%', '0', '0', expect.anything(), '–']);
  });

  it('tells how it stood where the pointer is', async () => {
    const panel = shown.reader.page.getByRole('figure').getByRole('img').nth(1);
    await panel.hover({ position: { x: 47, y: 40 } });
    await expect
      .poll(() => shown.reader.page.locator('.chart-succeeded').first().textContent())
      .toBe('0 succeeded');
    expect(await shown.reader.page.locator('.chart-when').textContent()).toMatch(
      /^\d\d:\d\d:\d\d$/,
    );
    await shown.reader.page.mouse.move(0, 0);
    await expect.poll(() => shown.reader.page.locator('.chart-when').textContent()).toBe('Now');
  });

  it('names the devices that failed, with their last words', async () => {
    const table = shown.reader.page.getByRole('table', { name: 'Devices that failed' });
    expect(await rowsOf(table)).toEqual([
      [
        'dev-6',
        '42',
        '1',
        expect.stringMatching(/^\d\d:\d\d:\d\d$/),
        LAST_WORDS,
        'none: left alone',
      ],
    ]);
    expect(await table.locator('b').count()).toBe(0);
    const all = shown.reader.page.getByRole('link', { name: 'All failing devices' });
    expect(await all.getAttribute('href')).toBe('#/p/thermostat/devices?failing=true');
  });

  it('is one of several, each under its own address', async () => {
    const { page } = shown.reader;
    const tabs = page.getByRole('navigation', { name: 'Releases' }).getByRole('link');
    expect(await tabs.allTextContents()).toEqual(['Every device 42', 'Group beta 41']);
    await tabs.nth(1).click();
    await page.getByRole('heading', { name: 'Version 41 to group beta' }).waitFor();
    await page.getByText('2 of 2 devices succeeded, 0 failed, 0 under way.').waitFor();
    await page.getByText('No device is failing').waitFor();
    expect(new URL(page.url()).hash).toBe(`${HASH}?group=beta`);
    await shown.reader.open(`${HASH}?group=nobody`);
    await page.getByText('Nothing is released to the group nobody').waitFor();
  });
});

describe('what may be proposed', () => {
  it('is offered, and the rest says why not', async () => {
    const { page } = shown.reader;
    const resume = page.getByRole('button', { name: 'Resume' });
    expect(await resume.getAttribute('aria-disabled')).toBe('true');
    await page.getByText('The release is neither halted nor paused.').waitFor();
    const approve = page.getByRole('button', { name: 'Approve step all' });
    expect(await approve.getAttribute('aria-disabled')).toBeNull();
  });
});

it('is there for everyone', async () => {
  await expectForEveryone(shown.browser, shown.fleet.address, HASH, 'release', async ({ page }) => {
    await page.getByText('As a table').click();
  });
});

async function rowsOf(table: Locator): Promise<readonly (readonly string[])[]> {
  const rows = await table.locator('tbody tr').all();
  return Promise.all(rows.map((row) => row.locator('th, td').allTextContents()));
}
