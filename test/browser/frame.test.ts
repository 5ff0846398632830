// What holds for every page of the dashboard, in a real browser over the real program: a fleet of seven devices, one of
// them on the bench, whose release of 42 is on its canaries and waits for its soak.

import type { Browser } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';

import { releaseFile, TWO_STEPS } from '../support/forge-world.ts';
import { startTroubledFleet, type TroubledFleet } from '../support/troubled-fleet.ts';
import { startChromium } from './support/chromium.ts';
import { createReader, type Reader, type ReaderOptions } from './support/reader.ts';
import { layWire, type Wire } from './support/wire.ts';

const PAGES = [
  { hash: '#/', heading: 'Overview' },
  { hash: '#/activity', heading: 'Activity' },
  { hash: '#/sources', heading: 'Sources' },
  { hash: '#/nowhere', heading: 'No such page' },
];

let browser: Browser;
let fleet: TroubledFleet;
let wire: Wire;
let reader: Reader;

beforeAll(async () => {
  [browser, fleet] = await Promise.all([startChromium(), startTroubledFleet()]);
  wire = await layWire(fleet.served().address);
});

afterAll(async () => {
  await browser.close();
  await wire.close();
  await fleet.close();
});

async function arrive(options: ReaderOptions = {}): Promise<void> {
  await reader.close();
  reader = await createReader(browser, wire.address, options);
}

beforeEach(async () => {
  reader = await createReader(browser, wire.address);
});

afterEach(async () => {
  await reader.close();
});

describe('each page', () => {
  it.each(PAGES)(
    '$heading keeps nobody out, in both themes and on a narrow screen',
    async (page) => {
      const { hash, heading } = page;
      for (const theme of ['light', 'dark'] as const) {
        for (const width of [1280, 360]) {
          await arrive({ theme, width });
          await reader.open(hash);
          await reader.settle();
          expect(await reader.page.locator('h1').allTextContents()).toEqual([heading]);
          await reader.expectNoSidewaysScroll();
          await reader.picture(`${heading.toLowerCase()}-${theme}-${width}`);
          if (width === 1280 || theme === 'light') await reader.expectAccessible();
        }
      }
    },
  );
});

describe('the frame', () => {
  it('says where one is, and takes the focus to the page that one goes to', async () => {
    await reader.open('#/');
    const { page } = reader;
    const nav = page.getByRole('navigation', { name: 'Pages' });
    await nav.getByRole('link', { name: 'Sources' }).click();
    await page.getByRole('heading', { level: 1, name: 'Sources' }).waitFor();
    expect(await nav.locator('[aria-current=page]').allTextContents()).toEqual(['Sources']);
    await expect.poll(() => page.title()).toBe('Sources · Lockstep');
    await expect.poll(() => page.locator(':focus').textContent()).toBe('Sources');
    await page.goBack();
    await page.getByRole('heading', { level: 1, name: 'Overview' }).waitFor();
  });

  it('can be used by keyboard alone: past the navigation, through it, and into the menu of a phone', async () => {
    await arrive({ width: 360 });
    await reader.open('#/');
    const { page } = reader;
    await page.keyboard.press('Tab');
    expect(await page.locator(':focus').textContent()).toBe('Skip to the content');
    await page.keyboard.press('Enter');
    expect(await page.locator(':focus').getAttribute('id')).toBe('content');
    expect(new URL(page.url()).hash).toBe('#/');

    const menu = page.getByRole('button', { name: 'Navigation' });
    const activity = page.getByRole('link', { name: 'Activity', exact: true });
    expect(await activity.isVisible()).toBe(false);
    await menu.focus();
    await page.keyboard.press('Enter');
    expect(await menu.getAttribute('aria-expanded')).toBe('true');
    await activity.focus();
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { level: 1, name: 'Activity' }).waitFor();
    expect(await menu.getAttribute('aria-expanded')).toBe('false');
  });

  it('follows the theme of the system until the reader chooses, and remembers the choice', async () => {
    const background = (): Promise<unknown> =>
      reader.page.evaluate('getComputedStyle(document.body).backgroundColor');
    await reader.open('#/');
    const light = await background();
    await reader.page.emulateMedia({ colorScheme: 'dark' });
    const dark = await background();
    expect(dark).not.toBe(light);
    await reader.page.reload();
    await reader.page.getByRole('button', { name: 'Use the light theme' }).click();
    expect(await background()).toBe(light);
    await reader.page.reload();
    await reader.page.getByRole('button', { name: 'Use the dark theme' }).waitFor();
    expect(await background()).toBe(light);
  });

  it('shows times in the zone of the reader, with the exact instant', async () => {
    await reader.open('#/activity');
    const time = reader.page.locator('time').first();
    const instant = (await time.getAttribute('title')) ?? '';
    expect(instant).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
    const clock = new Intl.DateTimeFormat('en-GB', {
      timeStyle: 'medium',
      timeZone: 'Europe/Berlin',
    });
    expect(await time.textContent()).toContain(clock.format(new Date(instant)));
  });
});

describe('the stream', () => {
  it('brings what changes to the page, says when it is cut, and what was missed when it is back', async () => {
    await arrive({ mayComplain: /net::ERR_/ });
    await reader.open('#/');
    const { page } = reader;
    await page.getByText('Live', { exact: true }).waitFor();
    await page.getByText('waits for its soak').waitFor();

    await fleet.github.push('main', releaseFile(42, ...TWO_STEPS, 'paused: true'));
    await page.getByText('Paused', { exact: true }).first().waitFor();

    wire.cut();
    const banner = page.getByRole('alert');
    await banner.getByText(/Not live since \d\d:\d\d:\d\d: trying again/).waitFor();
    await page.getByText('Not live', { exact: true }).waitFor();
    await reader.expectAccessible();
    await reader.picture('stale');
    await fleet.github.push('main', releaseFile(42, ...TWO_STEPS));
    await fleet.until('all devices run 42', () =>
      ['dev-1', 'dev-2', 'dev-3', 'dev-4', 'dev-5', 'dev-6'].every(
        (id) => fleet.running(id) === 42,
      ),
    );
    expect(await page.getByText('Paused', { exact: true }).count()).toBeGreaterThan(0);

    wire.mend();
    await banner.getByRole('button', { name: 'Try now' }).click();
    await page.getByText('Finished', { exact: true }).waitFor();
    await page.getByText('6 of 6 devices succeeded, 0 failed, 0 under way').last().waitFor();
    expect(await banner.count()).toBe(0);
  });
});
