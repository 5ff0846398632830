// Each kind of proposal in its dialog: with a forge, where a pull request is opened, and without one, where the files are
// for a person to commit.

import { readFile } from 'node:fs/promises';

import type { Browser, Locator } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';

import { startChromium } from './support/chromium.ts';
import { createReader, type Reader } from './support/reader.ts';
import { HOSTILE_ID, startShownFleet, type ShownFleet } from './support/shown-fleet.ts';

let browser: Browser;
let fleet: ShownFleet;
let alone: ShownFleet;
let reader: Reader;

beforeAll(async () => {
  [browser, fleet, alone] = await Promise.all([
    startChromium(),
    startShownFleet(),
    startShownFleet({ hasForge: false, isHalted: true }),
  ]);
});

afterAll(async () => {
  await browser.close();
  await Promise.all([fleet.close(), alone.close()]);
});

beforeEach(async () => {
  reader = await createReader(browser, fleet.address);
});

afterEach(async () => {
  await reader.close();
});

const DEVICE = '#/p/thermostat/devices';
const FIRMWARE = '#/p/thermostat/firmware';
const RELEASE = '#/p/thermostat/release';

describe('with a forge', () => {
  it('“Lock and flash now” is shown as a change with its plan, and opens its pull request', async () => {
    const dialog = await press(`${DEVICE}/dev-5`, 'Lock and flash now');
    await dialog.getByLabel('Version').selectOption('42');
    await dialog.getByLabel('Reason (optional)').fill('heater <b>drifts</b>');
    await dialog.getByRole('button', { name: 'Show the change' }).click();
    await dialog.getByRole('heading', { name: 'Lock dev-5 of thermostat to 42' }).waitFor();
    await dialog.getByText('Lock dev-5 to version 42, and flash it now').waitFor();
    await dialog.getByText('2 devices of 10 are to be flashed: 2 from version 41 to 42.').waitFor();
    const added = await dialog.locator('.diff-add').allTextContents();
    expect(added.map((line) => line.trim())).toEqual(
      expect.arrayContaining([
        '+  version: 42',
        '+  flash: now',
        '+  reason: "heater <b>drifts</b>"',
      ]),
    );
    expect(await dialog.locator('b').count()).toBe(0);
    await reader.expectAccessible();
    await reader.picture('propose-lock');

    await dialog.getByRole('button', { name: 'Open pull request' }).click();
    const link = dialog.getByRole('link', { name: /^Pull request #\d+$/ });
    await link.waitFor();
    await dialog.getByText('The fleet changes when it is merged, and not before.').waitFor();
    await expect.poll(() => reader.page.locator(':focus').textContent()).toMatch(/^Pull request/);
    const number = Number((await link.textContent())?.replaceAll(/\D/g, ''));
    // The controller opens some of its own meanwhile.
    const title = 'Lock dev-5 of thermostat to 42';
    const pulls = fleet.github.pullRequests().filter((each) => each.title === title);
    expect(pulls.map((each) => each.number)).toEqual([number]);
    expect(await link.getAttribute('href')).toMatch(new RegExp(`/pull/${number}$`));
    expect(fleet.running('dev-5')).toBe(41);

    await dialog.getByRole('button', { name: 'Close' }).click();
    expect(await reader.page.getByRole('dialog').count()).toBe(0);

    // The same once more is that pull request.
    const again = await press(`${DEVICE}/dev-5`, 'Lock and flash now');
    await again.getByLabel('Version').selectOption('42');
    await again.getByLabel('Reason (optional)').fill('heater <b>drifts</b>');
    await again.getByRole('button', { name: 'Show the change' }).click();
    await again.getByText(`Pull request #${number} is open for it already.`).waitFor();
    await expectOff(again, 'Its pull request is open already.');
  });

  it('“Lock and flash on reset” takes any id for what it is', async () => {
    const dialog = await press(
      `${DEVICE}/${encodeURIComponent(HOSTILE_ID)}`,
      'Lock and flash on reset',
    );
    await dialog.getByLabel('Version').selectOption('42');
    await dialog.getByRole('button', { name: 'Show the change' }).click();
    await dialog
      .getByText(`Lock ${HOSTILE_ID} to version 42, and flash it when it next comes online`)
      .waitFor();
    await dialog.getByText('+  flash: on-reset').waitFor();
    await dialog.getByRole('button', { name: 'Change it' }).click();
    expect(await dialog.getByLabel('Version').inputValue()).toBe('42');
  });

  it('“Unlock” shows that the manifest goes', async () => {
    const dialog = await press(`${DEVICE}/dev-7`, 'Unlock');
    await dialog.getByText('Unlock dev-7 from version 41').waitFor();
    await dialog.getByText('removed', { exact: true }).waitFor();
    expect(await dialog.getByRole('button', { name: /Download/ }).count()).toBe(0);
  });

  it('“Release” shows the release that changes', async () => {
    const dialog = await press(FIRMWARE, 'Release', 'version-41');
    await expect
      .poll(() => dialog.locator('.diff-add').allTextContents())
      .toContainEqual(expect.stringContaining('version: 41'));
    const other = await press(FIRMWARE, 'Release to a group', 'version-42');
    expect(await other.getByLabel('To').locator('option').allTextContents()).toEqual([
      'Group beta',
    ]);
    await other.getByRole('button', { name: 'Show the change' }).click();
    await other.getByText(/^Release version 42 to group beta, instead of version 41, /).waitFor();
  });

  it('“Withdraw” asks for the reason', async () => {
    const dialog = await press(FIRMWARE, 'Withdraw', 'version-43');
    await dialog.getByRole('button', { name: 'Show the change' }).click();
    // Nothing is asked before the reason is given.
    expect(await dialog.getByText('What it would do').count()).toBe(0);
    await dialog.getByLabel('Reason').fill('bricks rev C');
    await dialog.getByRole('button', { name: 'Show the change' }).click();
    await dialog.getByText('Withdraw version 43: no device is offered it again').waitFor();
    await expect
      .poll(() => dialog.locator('.diff-add').allTextContents())
      .toContainEqual(expect.stringContaining('bricks rev C'));
  });

  it('“Lock a device to it” asks for the device, and says what is wrong with it', async () => {
    await reader.close();
    reader = await createReader(browser, fleet.address, { mayComplain: /422/ });
    const dialog = await press(FIRMWARE, 'Lock a device to it', 'version-43');
    await dialog.getByLabel('Device').fill('bench-1');
    await dialog.getByRole('button', { name: 'Show the change' }).click();
    await dialog
      .getByRole('alert')
      .getByText(/bench-1/)
      .waitFor();
    await dialog.getByLabel('Device').fill('dev-3');
    await dialog.getByRole('button', { name: 'Show the change' }).click();
    await dialog.getByText('Lock dev-3 to version 43, and flash it now').waitFor();
  });

  it('“Approve step” leads to the pull request that the controller has opened', async () => {
    await fleet.until('the approval is asked for', () =>
      fleet.github.pullRequests().some(({ head }) => head.branch.startsWith('lockstep/approve/')),
    );
    const dialog = await press(RELEASE, 'Approve step all');
    await dialog.getByText(/^Pull request #\d+ is open for it already\.$/).waitFor();
    await expect
      .poll(() => dialog.locator('.diff-add').allTextContents())
      .toContainEqual(expect.stringContaining('42/all'));
  });

  it('shows a viewer everything but the opening', async () => {
    await reader.page.route('**/api/v1/session', (route) =>
      route.fulfill({ json: { role: 'viewer', name: 'vera', how: 'token', mayLogOut: true } }),
    );
    const dialog = await press(`${DEVICE}/dev-7`, 'Unlock');
    await expectOff(
      dialog,
      'Opening a pull request needs the role deployer; you are here as a viewer.',
    );
  });
});

describe('without a forge', () => {
  beforeEach(async () => {
    await reader.close();
    reader = await createReader(browser, alone.address);
  });

  it('“Resume” gives the file to commit', async () => {
    await reader.context.grantPermissions(['clipboard-read', 'clipboard-write']);
    const dialog = await press(RELEASE, 'Resume');
    await expect
      .poll(() => dialog.locator('.diff-add').allTextContents())
      .toContainEqual(expect.stringContaining('attempt: 2'));
    await dialog.getByText('Commit this file to the fleet repo to make the change.').waitFor();
    await expectOff(dialog, /^This controller knows no forge, so it cannot open a pull request\./);
    await reader.expectAccessible();
    await reader.picture('propose-without-forge');

    await dialog.getByRole('button', { name: 'Copy release.yaml' }).click();
    await dialog.getByText('Copied', { exact: true }).waitFor();
    const copied = String(await reader.page.evaluate('navigator.clipboard.readText()'));
    expect(copied).toContain('attempt: 2');
    const [download] = await Promise.all([
      reader.page.waitForEvent('download'),
      dialog.getByRole('button', { name: 'Download release.yaml' }).click(),
    ]);
    expect(download.suggestedFilename()).toBe('release.yaml');
    expect(await readFile(await download.path(), 'utf8')).toBe(copied);
  });

  it('a halted release says why, and how it went', async () => {
    await reader.open(RELEASE);
    await reader.settle();
    const { page } = reader;
    await page.getByText('Halted', { exact: true }).waitFor();
    await page
      .locator('.notice')
      .getByText(/devices failed/)
      .waitFor();
    await reader.picture('release-halted');
    await reader.expectAccessible();
  });
});

describe('the dialog', () => {
  it('takes the focus, and gives it back when Escape closes it', async () => {
    const dialog = await press(`${DEVICE}/dev-5`, 'Lock and flash now');
    await expect.poll(() => reader.page.locator(':focus').getAttribute('name')).toBe('version');
    await reader.page.keyboard.press('Escape');
    await dialog.waitFor({ state: 'detached' });
    await expect.poll(() => reader.page.locator(':focus').textContent()).toBe('Lock and flash now');
  });

  it('fits on a phone', async () => {
    await reader.close();
    reader = await createReader(browser, fleet.address, { width: 360, height: 640, theme: 'dark' });
    const dialog = await press(`${DEVICE}/dev-7`, 'Unlock');
    await dialog.getByText('Unlock dev-7 from version 41').waitFor();
    await reader.expectNoSidewaysScroll();
    await reader.expectAccessible();
    await reader.picture('propose-narrow');
  });
});

/** Goes to a page, and presses a button of it, or of a region of it. */
async function press(hash: string, name: string, region?: string): Promise<Locator> {
  await reader.page.goto('about:blank');
  await reader.open(hash);
  await reader.settle();
  const { page } = reader;
  const place = region === undefined ? page : page.locator(`[aria-labelledby="${region}"]`);
  await place.getByRole('button', { name, exact: true }).click();
  const dialog = page.getByRole('dialog');
  await dialog.waitFor();
  return dialog;
}

async function expectOff(dialog: Locator, why: string | RegExp): Promise<void> {
  const button = dialog.getByRole('button', { name: 'Open pull request' });
  await button.waitFor();
  expect(await button.getAttribute('aria-disabled')).toBe('true');
  const id = await button.getAttribute('aria-describedby');
  const hint = dialog.locator(`[id="${id}"]`);
  expect(await hint.isVisible()).toBe(true);
  expect(await hint.textContent()).toMatch(why);
}
