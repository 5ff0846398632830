// The sources in the browser: what is in force, and a refusal with the line that it is about.

import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { startTroubledFleet, type TroubledFleet } from '../support/troubled-fleet.ts';
import { startChromium } from './support/chromium.ts';
import { createReader } from './support/reader.ts';

const HOSTILE = '<img src=x onerror="document.title=1">';

let browser: Browser;
let fleet: TroubledFleet;

beforeAll(async () => {
  [browser, fleet] = await Promise.all([startChromium(), startTroubledFleet()]);
});

afterAll(async () => {
  await browser.close();
  await fleet.close();
});

describe('the sources', () => {
  it('show what is refused with its line marked, as text, and what stays in force meanwhile', async () => {
    const before = fleet.served().controller.view().revisionSeen ?? '';
    const reader = await createReader(browser, fleet.served().address);
    const { page } = reader;
    await reader.open('#/sources');
    await page.getByText('Nothing is refused.').waitFor();
    const bad = [
      'apiVersion: lockstep/v1',
      'kind: DeviceLock',
      'metadata: { name: hostile }',
      'spec:',
      '  product: thermostat',
      '  device: [dev-1]',
      `  reason: '${HOSTILE}'`,
      '',
    ].join('\n');
    const tip = await fleet.github.push('main', { 'hostile.yaml': bad }, { message: HOSTILE });

    const place = page.getByRole('link', { name: 'hostile.yaml:6' });
    const refusal = page.getByRole('listitem').filter({ has: place });
    await refusal.getByText('InvalidManifest').waitFor();
    expect(await refusal.locator('.is-marked').textContent()).toBe(
      'Marked line 6  device: [dev-1]',
    );
    await refusal.locator('.excerpt').getByText(HOSTILE).waitFor();
    expect(await page.locator('main img').count()).toBe(0);
    expect(await place.getAttribute('href')).toContain(`/blob/${tip}/hostile.yaml#L6`);
    await page.getByText(HOSTILE, { exact: true }).first().waitFor();
    const row = page.getByRole('row', { name: /thermostat/ });
    await row.getByText(before.slice(0, 7)).waitFor();
    await row.getByText(/problem/).waitFor();

    await reader.expectAccessible();
    await reader.picture('refused');
    await page.setViewportSize({ width: 360, height: 800 });
    await reader.expectNoSidewaysScroll();
    await reader.picture('refused-360');
    expect(await page.title()).toBe('Sources · Lockstep');
    await reader.close();
  });
});
