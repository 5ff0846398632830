// A page in both themes, on wide and narrow screens: nobody is kept out of it, and nobody has to scroll sideways.

import type { Browser } from 'playwright-core';

import { createReader, type Reader } from './reader.ts';

/** Looks at a page of the dashboard in each way; `arrange` brings it to what is to be looked at. */
export async function expectForEveryone(
  browser: Browser,
  address: string,
  hash: string,
  name: string,
  arrange: (reader: Reader) => Promise<void> = async () => undefined,
): Promise<void> {
  for (const [theme, width] of [
    ['light', 1280],
    ['dark', 1280],
    ['light', 360],
  ] as const) {
    const reader = await createReader(browser, address, { theme, width });
    await reader.open(hash);
    await reader.settle();
    await arrange(reader);
    await reader.settle();
    await reader.picture(`${name}-${theme}-${width}`);
    await reader.expectNoSidewaysScroll();
    await reader.expectAccessible();
    await reader.close();
  }
}
