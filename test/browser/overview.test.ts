// The overview over a fleet of known figures.

import type { Browser } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';

import { startTroubledFleet, type TroubledFleet } from '../support/troubled-fleet.ts';
import { startChromium } from './support/chromium.ts';
import { createReader, type Reader } from './support/reader.ts';

let browser: Browser;
let fleet: TroubledFleet;
let reader: Reader;

beforeAll(async () => {
  [browser, fleet] = await Promise.all([startChromium(), startTroubledFleet()]);
});

afterAll(async () => {
  await browser.close();
  await fleet.close();
});

beforeEach(async () => {
  reader = await createReader(browser, fleet.served().address);
});

afterEach(async () => {
  await reader.close();
});

describe('the overview', () => {
  it('shows each product with its devices, its release, the steps of it and what it waits for', async () => {
    await reader.open('#/');
    const product = reader.page.getByRole('region', { name: 'thermostat' });
    await product.waitFor();
    expect(await textsOf(product.getByRole('list', { name: 'Devices of thermostat' }))).toEqual([
      '7 devices',
      '7 online',
      '0 offline',
      '0 under way',
      '0 failed',
      '1 locked',
      '0 quarantined',
    ]);
    expect(
      await textsOf(product.getByRole('list', { name: 'Steps of the release of 42' })),
    ).toEqual(['canary, now40% · 2 devices', 'all, to come100% · 6 devices']);
    await product.getByText('2 of 2 devices succeeded, 0 failed, 0 under way').last().waitFor();
    await product.getByText(/^its soak \((?:1 d|23 h 59 min) left\)$/).waitFor();
    await product.getByText('All 7 devices run their target or are to be left alone.').waitFor();
  });

  it('leads to the devices that a number counts', async () => {
    await reader.open('#/');
    const link = reader.page.getByRole('link', { name: '1 locked' });
    expect(await link.getAttribute('href')).toBe('#/p/thermostat/devices?locked=true');
  });

  it('names the newest commit, links it to the forge, and tells what was decided last', async () => {
    await reader.open('#/');
    const { page } = reader;
    const tip = fleet.served().controller.view().revisionSeen ?? '';
    const commit = page.getByRole('link', { name: tip.slice(0, 7) }).first();
    expect(await commit.getAttribute('href')).toContain(`/acme/fleet/commit/${tip}`);
    const rows = page.getByRole('table', { name: 'The newest decisions' }).getByRole('row');
    await page.getByText('Released version 42 for every device').waitFor();
    expect(await rows.count()).toBe(9);
  });
});

async function textsOf(list: ReturnType<Reader['page']['locator']>): Promise<readonly string[]> {
  return (await list.locator('li').allTextContents()).map((text) => text.trim());
}
