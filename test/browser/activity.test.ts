// The event log in the browser: its filters, its pages, and where each line leads.

import type { Browser } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';

import { DEVICE_EVENTS } from '../../controller/model/event.ts';
import type { EventJson } from '../../controller/reports/answers.ts';
import { startTroubledFleet, type TroubledFleet } from '../support/troubled-fleet.ts';
import { askHttp } from '../support/api.ts';
import { createDeviceHands } from '../support/device-hand.ts';
import { startChromium } from './support/chromium.ts';
import { createReader, type Reader } from './support/reader.ts';

const PAGE_SIZE = 50;
const HOSTILE = '<svg/onload="document.title=1">';
const STRANGERS = [...Array.from({ length: 30 }, (_, index) => `stranger-${index}`), HOSTILE];

let browser: Browser;
let fleet: TroubledFleet;
let reader: Reader;

beforeAll(async () => {
  [browser, fleet] = await Promise.all([startChromium(), startTroubledFleet()]);
  // More than a page of lines: each of these registers, and names its version.
  const hands = createDeviceHands(fleet.served().address);
  for (const id of STRANGERS) await hands.device('thermostat', id).introduce(41);
  await hands.close();
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

async function listEvents(query: string): Promise<readonly EventJson[]> {
  const answer = await askHttp(`${fleet.served().address}/api/v1/events?${query}`);
  return (answer.json as { items: readonly EventJson[] }).items;
}

/** Ids of the lines on the page, in their order. */
async function shownIds(): Promise<readonly number[]> {
  const rows = reader.page.locator('tbody tr');
  await rows.first().waitFor();
  return rows.evaluateAll((nodes) => nodes.map(({ dataset }) => Number(dataset['id'])));
}

async function shownMessages(): Promise<readonly string[]> {
  const cells = reader.page.locator('td[data-title=Message] > div');
  await cells.first().waitFor();
  return cells.evaluateAll((nodes) =>
    nodes.map(({ childNodes }) => String(childNodes[0]?.textContent)),
  );
}

describe('the activity', () => {
  it('is read in pages, from the newest to the oldest and back', async () => {
    const types = [...DEVICE_EVENTS].map((type) => `type=${type}`).join('&');
    const all = (await listEvents(`${types}&limit=500`)).map(({ id }) => id);
    expect(all.length).toBeGreaterThan(PAGE_SIZE);
    await reader.open('#/activity?about=devices');
    const { page } = reader;
    const newest = await shownIds();
    expect(newest).toEqual(all.slice(0, PAGE_SIZE));
    await page.getByRole('link', { name: 'Older' }).click();
    await expect.poll(shownIds).toEqual(all.slice(PAGE_SIZE, 2 * PAGE_SIZE));
    await page.getByRole('link', { name: 'Newer' }).click();
    await expect.poll(shownIds).toEqual(newest);
    await page.goBack();
    await expect.poll(shownIds).toEqual(all.slice(PAGE_SIZE, 2 * PAGE_SIZE));
    await page.getByRole('link', { name: 'Newest' }).click();
    await expect.poll(shownIds).toEqual(newest);
  });

  it('shows what a device calls itself as text', async () => {
    await reader.open(`#/activity?about=all&device=${encodeURIComponent(HOSTILE)}`);
    const link = reader.page.getByRole('link', { name: HOSTILE }).first();
    expect(await link.getAttribute('href')).toBe(
      `#/p/thermostat/devices/${encodeURIComponent(HOSTILE)}`,
    );
    expect(await reader.page.locator('main [onload]').count()).toBe(0);
    expect(await reader.page.title()).toBe('Activity · Lockstep');
  });

  it('is narrowed down to what one looks for, and keeps that in the address', async () => {
    await reader.open('#/activity');
    const { page } = reader;
    await page.getByLabel('About').selectOption('Releases');
    await expect
      .poll(shownMessages)
      .toEqual(
        (
          await listEvents(
            'type=ReleaseStarted&type=ReleaseRefused&type=ExposureChanged&type=ReleaseFinished',
          )
        ).map(({ message }) => message),
      );
    await page.getByLabel('Device').fill('dev-1');
    await page.getByText('Device registered').waitFor();
    expect(new URL(page.url()).hash).toBe('#/activity?about=all&device=dev-1');
    expect(await shownMessages()).toHaveLength((await listEvents('device=dev-1')).length);
    await page.getByLabel('Device').fill('nobody');
    await page.getByText('Nothing of this kind has happened.').waitFor();
  });

  it('links each line to its commit at the forge and to the page of its manifest', async () => {
    await reader.open('#/activity?about=releases');
    const row = reader.page.getByRole('row', { name: /Released version 42/ });
    const [event] = await listEvents('type=ReleaseStarted&limit=1');
    const commit = row.getByRole('link', { name: event?.revision?.slice(0, 7) ?? '' });
    expect(await commit.getAttribute('href')).toContain(`/commit/${event?.revision}`);
    const manifest = row.getByRole('link', { name: 'Release/thermostat' });
    expect(await manifest.getAttribute('href')).toBe('#/p/thermostat/release');
    const place = row.getByRole('link', { name: /^release\.yaml:\d+$/ });
    expect(await place.getAttribute('href')).toContain(`/blob/${event?.revision}/release.yaml#L`);
  });
});
