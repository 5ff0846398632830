// Someone who reads the dashboard in a browser: opens pages of a served controller, at a given width and in a given theme,
// and fails the test at whatever the browser complains of.

import { mkdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';

import type { AxeResults } from 'axe-core';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { expect } from 'vitest';

const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
/** Set to keep the pictures; without it none are taken. */
const PICTURES = process.env['LOCKSTEP_TEST_PICTURES'];
/** Whatever is waited for comes with the next change, or not at all. */
const PATIENCE_MS = 15_000;

export interface ReaderOptions {
  readonly theme?: 'light' | 'dark';
  readonly width?: number;
  readonly height?: number;
  /** Complaints of the browser that are expected. */
  readonly mayComplain?: RegExp;
}

export interface Reader {
  readonly page: Page;
  readonly context: BrowserContext;
  /** Goes to a page of the dashboard, such as `#/activity`, and waits until it is there. */
  open(hash: string): Promise<void>;
  /** Waits until nothing is shown as still to come. */
  settle(): Promise<void>;
  /** Fails where axe finds anything that keeps people out. */
  expectAccessible(): Promise<void>;
  /** Fails where the page has to be scrolled sideways. */
  expectNoSidewaysScroll(): Promise<void>;
  /** Keeps a picture, where pictures are wanted. */
  picture(name: string): Promise<void>;
  /** Ends, and fails where the browser complained. */
  close(): Promise<void>;
}

/** Opens an empty page in a browser that knows nothing yet. */
export async function createReader(
  browser: Browser,
  address: string,
  options: ReaderOptions = {},
): Promise<Reader> {
  const context = await browser.newContext({
    baseURL: address,
    colorScheme: options.theme ?? 'light',
    viewport: { width: options.width ?? 1280, height: options.height ?? 900 },
    locale: 'en-GB',
    timezoneId: 'Europe/Berlin',
  });
  const page = await context.newPage();
  page.setDefaultTimeout(PATIENCE_MS);
  const complaints: string[] = [];
  page.on('console', (message) => {
    if (message.type() === 'error' || message.type() === 'warning') complaints.push(message.text());
  });
  page.on('pageerror', (error) => complaints.push(String(error)));

  return {
    page,
    context,
    async open(hash) {
      await page.goto(`/${hash}`);
      await page.locator('h1').waitFor();
    },
    async settle() {
      await expect.poll(() => page.locator('.loading').count(), { timeout: PATIENCE_MS }).toBe(0);
    },
    async expectAccessible() {
      // Put in by the browser's own hand: the page's policy lets no other script in.
      await page.evaluate(AXE);
      const { violations } = (await page.evaluate('axe.run()')) as AxeResults;
      expect(
        violations.map(({ id, nodes }) => [
          id,
          nodes.map(({ html, failureSummary }) => [html, failureSummary]),
        ]),
      ).toEqual([]);
    },
    async expectNoSidewaysScroll() {
      const widths = await page.evaluate('[document.body.scrollWidth, document.body.clientWidth]');
      const [needed = 0, there = 0] = widths as readonly number[];
      expect(needed).toBeLessThanOrEqual(there);
    },
    async picture(name) {
      if (PICTURES === undefined) return;
      mkdirSync(PICTURES, { recursive: true });
      await page.screenshot({ path: join(PICTURES, `${name}.png`), fullPage: true });
    },
    async close() {
      await context.close();
      const { mayComplain } = options;
      expect(complaints.filter((text) => mayComplain?.test(text) !== true)).toEqual([]);
    },
  };
}
