// The dashboard left open: what it keeps does not grow with what happens, nor with the pages that were looked at.

import type { Browser, CDPSession } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { startTroubledFleet, type TroubledFleet } from '../support/troubled-fleet.ts';
import { startChromium } from './support/chromium.ts';
import { createReader, type Reader } from './support/reader.ts';

const PAGES = [
  '#/',
  '#/activity?about=all',
  '#/sources',
  '#/p/thermostat/release',
  '#/p/thermostat/firmware',
  '#/p/thermostat/devices',
  '#/p/thermostat/devices/dev-1',
];

let browser: Browser;
let fleet: TroubledFleet;

beforeAll(async () => {
  [browser, fleet] = await Promise.all([startChromium(), startTroubledFleet()]);
});

afterAll(async () => {
  await browser.close();
  await fleet.close();
});

describe('the dashboard', () => {
  it('keeps no more after many pages and changes than after a few', async () => {
    const reader = await createReader(browser, fleet.served().address);
    await reader.open('#/');
    const devtools = await reader.context.newCDPSession(reader.page);
    await walk(reader, 3);
    const before = await count(devtools);
    await walk(reader, 20);
    // A leak would be many times of it; what is only not collected yet goes.
    await expect
      .poll(() => count(devtools))
      .toSatisfy(
        ({ nodes, listeners }: Counts) =>
          nodes < before.nodes * 2 && listeners < before.listeners * 2,
      );
    await reader.close();
  });
});

/** Goes through all pages, back to the first one. */
async function walk(reader: Reader, rounds: number): Promise<void> {
  for (let round = 0; round < rounds; round++) {
    for (const hash of [...PAGES, '#/']) {
      await reader.page.evaluate(`location.hash = ${JSON.stringify(hash)}`);
      await reader.settle();
    }
  }
}

interface Counts {
  readonly nodes: number;
  readonly listeners: number;
}

/** What the browser holds for the page, once what nobody needs is gone. */
async function count(devtools: CDPSession): Promise<Counts> {
  await devtools.send('HeapProfiler.collectGarbage');
  const { nodes, jsEventListeners } = await devtools.send('Memory.getDOMCounters');
  return { nodes, listeners: jsEventListeners };
}
