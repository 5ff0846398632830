// The frame of the dashboard in a real browser: what holds for every page.

import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { startTroubledFleet, type TroubledFleet } from '../support/troubled-fleet.ts';
import { startChromium } from './support/chromium.ts';
import { createReader } from './support/reader.ts';

let browser: Browser;
let fleet: TroubledFleet;

beforeAll(async () => {
  [browser, fleet] = await Promise.all([startChromium(), startTroubledFleet()]);
});

afterAll(async () => {
  await browser.close();
  await fleet.close();
});

describe('the frame', () => {
  it('shows where one can go, and says where one is', async () => {
    const reader = await createReader(browser, fleet.served().address, { mayComplain: /404/ });
    await reader.open('#/');
    await reader.page.getByRole('link', { name: 'thermostat' }).first().waitFor();
    const nav = reader.page.getByRole('navigation', { name: 'Pages' });
    expect(await nav.locator('[aria-current=page]').allTextContents()).toEqual(['Overview']);
    await reader.expectAccessible();
    await reader.picture('overview');
    for (const name of ['activity', 'sources']) {
      await reader.open(`#/${name}`);
      await reader.page.waitForTimeout(500);
      await reader.picture(name);
    }
    await reader.close();
  });
});
