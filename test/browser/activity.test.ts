// The event log in the browser: its filters, its pages, and where each line leads.

import type { Browser } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';

import type { EventJson } from '../../controller/reports/answers.ts';
import { startTroubledFleet, type TroubledFleet } from '../support/troubled-fleet.ts';
import { askHttp } from '../support/api.ts';
import { startChromium } from './support/chromium.ts';
import { createReader, type Reader } from './support/reader.ts';

const PAGE_SIZE = 50;

let browser: Browser;
let fleet: TroubledFleet;
let reader: Reader;

beforeAll(async () => {
  [browser, fleet] = await Promise.all([startChromium(), startTroubledFleet()]);
  // More than a page of lines, about devices that nobody knows yet.
  for (let i = 0; i < PAGE_SIZE + 10; i++) {
    await fleet.github.push(
      'main',
      { [`note-${i}.txt`]: 'nothing' },
      {
        message: `Note ${i} <b>bold</b>`,
      },
    );
    await fleet.until(`note ${i} is seen`, () => lastSubject() === `Note ${i} <b>bold</b>`);
  }
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

function lastSubject(): string | null {
  return fleet.served().controller.view().subjectSeen;
}

async function listEvents(query: string): Promise<readonly EventJson[]> {
  const answer = await askHttp(`${fleet.served().address}/api/v1/events?${query}`);
  return (answer.json as { items: readonly EventJson[] }).items;
}

async function shownMessages(): Promise<readonly string[]> {
  const cells = reader.page.locator('td[data-title=Message] > div');
  await cells.first().waitFor();
  return cells.evaluateAll('(nodes) => nodes.map((node) => node.firstChild.textContent)');
}

describe('the activity', () => {
  it('is read in pages, from the newest to the oldest and back', async () => {
    const all = await listEvents('type=RevisionSeen&type=RevisionInForce&limit=200');
    await reader.open('#/activity?about=source');
    const { page } = reader;
    const newest = await shownMessages();
    expect(newest).toHaveLength(PAGE_SIZE);
    expect(newest[0]).toContain(`Note ${PAGE_SIZE + 9}`);
    const seen = [...newest];
    while ((await page.getByRole('link', { name: 'Older' }).count()) > 0) {
      await page.getByRole('link', { name: 'Older' }).click();
      await expect.poll(async () => (await shownMessages())[0]).not.toBe(seen.at(-PAGE_SIZE));
      seen.push(...(await shownMessages()));
    }
    expect(seen).toHaveLength(all.length);
    await page.getByRole('link', { name: 'Newest' }).click();
    await expect.poll(shownMessages).toEqual(newest);
  });

  it('shows text of commits as text', async () => {
    await reader.open('#/activity?about=source');
    await reader.page.getByText(`“Note ${PAGE_SIZE + 9} <b>bold</b>”`).waitFor();
    expect(await reader.page.locator('main b').count()).toBe(0);
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
  });
});
