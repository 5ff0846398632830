// The page Firmware over a fleet of known figures.

import type { Locator } from 'playwright-core';
import { describe, expect, it } from 'vitest';

import { expectForEveryone } from './support/for-everyone.ts';
import { HOSTILE_REASON, HOSTILE_TITLE } from './support/shown-fleet.ts';
import { useShownFleet } from './support/shown-pages.ts';

const HASH = '#/p/thermostat/firmware';

const shown = useShownFleet(HASH);

describe('the versions', () => {
  it('come newest first, each with how it stands', async () => {
    const regions = shown.reader.page.locator('main section');
    expect(await regions.locator('h2').allTextContents()).toEqual([
      'Version 43: Version 43',
      `Version 42: ${HOSTILE_TITLE}`,
      'Version 41: Version 41',
      'Version 40: Version 40',
    ]);
    expect(
      await Promise.all(
        (await regions.all()).map((region) => region.locator('.badges .badge').allTextContents()),
      ),
    ).toEqual([
      ['Not verified', 'Not released'],
      ['Verified', 'Released'],
      ['Verified', 'Released'],
      ['Withdrawn', 'Binary missing', 'Not verified', 'Not released'],
    ]);
  });

  it('say what was compiled in, and by which commit they came', async () => {
    const region = versionOf(42);
    expect(await factsOf(region)).toMatchObject({
      Size: '4,096 bytes',
      Format: 'particle',
      'Compiled-in product id': '94',
      'Compiled-in version': '42',
      Platform: 'photon',
      'Devices report': '42',
      Manifest: 'Firmware/thermostat-42 firmware/42.yaml:1',
    });
    const tip = shown.fleet.view()?.revision ?? '';
    const commit = region.getByRole('link', { name: tip.slice(0, 7), exact: true });
    expect(await commit.getAttribute('href')).toContain(`/commit/${tip}`);
    const { 'SHA-256': digest } = await factsOf(region);
    expect(digest).toMatch(/^[0-9a-f]{64}$/);
    expect(digest).toBe(
      shown.fleet.view()?.inForce.firmware.find(({ spec }) => spec.version === 42)?.spec.binary
        .sha256,
    );
  });

  it('say who runs them, and lead to these devices', async () => {
    for (const [version, devices, share] of [
      [43, '0 devices', '0%'],
      [42, '4 devices', '40%'],
      [41, '6 devices', '60%'],
      [40, '0 devices', '0%'],
    ] as const) {
      const region = versionOf(version);
      await region.getByText(`${devices} run it: ${share}`).waitFor();
      const link = region.getByRole('link', { name: devices });
      expect(await link.getAttribute('href')).toBe(`#/p/thermostat/devices?running=${version}`);
      const bar = region.getByRole('img', {
        name: `${devices} run it, ${share} of the fleet`,
      });
      const width = Number(await bar.locator('.bar-info').getAttribute('width'));
      expect(`${width}%`).toBe(share);
    }
  });

  it('say who has verified them, how and since when', async () => {
    const region = versionOf(42);
    await region.getByText(/^Verified since \d\d:\d\d:\d\d by$/).waitFor();
    const verifier = region.locator('.verifiers li');
    expect(await verifier.allTextContents()).toEqual([
      expect.stringMatching(/^bench-1 (?:flashed|reported), \d\d:\d\d:\d\d$/),
    ]);
    await versionOf(43).getByText('Verified by no device yet.').waitFor();
  });

  it('show text of manifests as text', async () => {
    await versionOf(42)
      .getByText('# Heater\n\nStops the **drift**.\n<script>alert(3)</script>')
      .waitFor();
    await versionOf(40).getByText(HOSTILE_REASON).first().waitFor();
    const { page } = shown.reader;
    expect(await page.locator('main script, main img').count()).toBe(0);
    const link = page.getByRole('link', { name: 'https://example.com/rev-b' });
    expect(await link.getAttribute('rel')).toContain('noreferrer');
  });
});

describe('a version that may not be released', () => {
  it.each([
    [43, /^Version 43 is not verified: 0 of 1 device verified it\. .*Lock a bench device/],
    [40, /^Version 40 is withdrawn: bricks <script>alert\(1\)<\/script> rev B\. /],
  ])('says why where one would release it: %i', async (version, reason) => {
    const button = versionOf(version).getByRole('button', { name: 'Release', exact: true });
    expect(await button.getAttribute('aria-disabled')).toBe('true');
    const described = await button.getAttribute('aria-describedby');
    const hint = shown.reader.page.locator(`[id="${described}"]`);
    expect(await hint.isVisible()).toBe(true);
    expect(await hint.textContent()).toMatch(reason);
    await button.click({ force: true });
    expect(await shown.reader.page.getByRole('dialog').count()).toBe(0);
  });

  it('may still be given to a group that has a release', async () => {
    await versionOf(42).getByRole('button', { name: 'Release to a group' }).waitFor();
    const other = versionOf(41).getByRole('button', { name: 'Release', exact: true });
    expect(await other.getAttribute('aria-disabled')).toBeNull();
  });
});

it('is there for everyone', async () => {
  await expectForEveryone(shown.browser, shown.fleet.address, HASH, 'firmware');
});

function versionOf(version: number): Locator {
  return shown.reader.page.locator(`section[aria-labelledby="version-${version}"]`);
}

async function factsOf(region: Locator): Promise<Readonly<Record<string, string>>> {
  const names = await region.locator('.facts dt').allTextContents();
  const values = await region.locator('.facts dd').allTextContents();
  return Object.fromEntries(names.map((name, index) => [name, values[index] ?? '']));
}
