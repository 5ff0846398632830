// Signing in and out in the browser, where the server asks for tokens.

import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { hashApiToken } from '../../controller/server/access.ts';
import { API_NOW, startApi, type ApiUnderTest } from '../support/api.ts';
import { startChromium } from './support/chromium.ts';
import { createReader } from './support/reader.ts';

let browser: Browser;
let api: ApiUnderTest;

beforeAll(async () => {
  [browser, api] = await Promise.all([
    startChromium(),
    startApi({ auth: { requireTokens: true } }),
  ]);
  await api.store.saveToken({
    name: 'rosa',
    role: 'viewer',
    hash: hashApiToken('the-token'),
    createdAt: API_NOW,
  });
});

afterAll(async () => {
  await browser.close();
  await api.close();
});

describe('signing in', () => {
  it('takes a token once, leads to the page that was asked for, and ends with signing out', async () => {
    const reader = await createReader(browser, api.address, { mayComplain: /401/ });
    const { page, context } = reader;
    await reader.open('#/sources');
    await page.getByRole('heading', { level: 1, name: 'Sign in to Lockstep' }).waitFor();
    await reader.expectAccessible();
    await reader.picture('sign-in');

    await page.getByLabel('Token').fill('a-wrong-one');
    await page.getByRole('button', { name: 'Sign in' }).click();
    await page.getByRole('alert').getByText('The token is not known here.').waitFor();
    expect(await page.locator(':focus').getAttribute('id')).toBe('token');

    await page.getByLabel('Token').fill('the-token');
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { level: 1, name: 'Sources' }).waitFor();
    await page.getByText('rosa, viewer').waitFor();
    await page.getByText('Live', { exact: true }).waitFor();
    expect(await page.evaluate('document.cookie')).toBe('');
    expect(await context.storageState()).toMatchObject({ origins: [] });
    await reader.open('#/sources');
    await page.reload();
    await page.getByText('rosa, viewer').waitFor();

    await page.getByRole('button', { name: 'Sign out' }).click();
    await page.getByRole('heading', { level: 1, name: 'Sign in to Lockstep' }).waitFor();
    expect(await page.getByText('thermostat').count()).toBe(0);
    await reader.close();
  });

  it('is asked for again where the session ends meanwhile', async () => {
    const reader = await createReader(browser, api.address, { mayComplain: /401/ });
    const { page, context } = reader;
    await reader.open('#/');
    await page.getByLabel('Token').fill('the-token');
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { level: 1, name: 'Overview' }).waitFor();
    await context.clearCookies();
    // It may have noticed by itself, so that there is no link any more.
    await page.evaluate('location.hash = "#/activity"');
    await page.getByRole('heading', { level: 1, name: 'Sign in to Lockstep' }).waitFor();
    expect(await page.getByRole('navigation').count()).toBe(0);
    await reader.close();
  });
});
