// The fleet of known figures in a browser, for the tests of a file: one of each for all, and a fresh reader for each test.

import type { Browser } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach } from 'vitest';

import { startChromium } from './chromium.ts';
import type { Reader, ReaderOptions } from './reader.ts';
import { createReader } from './reader.ts';
import { startShownFleet, type ShownFleet } from './shown-fleet.ts';

/** What a test works with. None of it is there before the first test. */
export interface ShownPages {
  readonly browser: Browser;
  readonly fleet: ShownFleet;
  readonly reader: Reader;
  /** Goes on with another reader, who puts up with other things. */
  change(options: ReaderOptions): Promise<void>;
}

/** `hash`: the page that each test begins on; null: on none. */
export function useShownFleet(hash: string | null): ShownPages {
  let browser: Browser;
  let fleet: ShownFleet;
  let reader: Reader;
  beforeAll(async () => {
    [browser, fleet] = await Promise.all([startChromium(), startShownFleet()]);
  });
  afterAll(async () => {
    await browser.close();
    await fleet.close();
  });
  beforeEach(async () => {
    reader = await createReader(browser, fleet.address);
    if (hash === null) return;
    await reader.open(hash);
    await reader.settle();
  });
  afterEach(async () => {
    await reader.close();
  });
  return {
    get browser() {
      return browser;
    },
    get fleet() {
      return fleet;
    },
    get reader() {
      return reader;
    },
    async change(options) {
      await reader.close();
      reader = await createReader(browser, fleet.address, options);
    },
  };
}
