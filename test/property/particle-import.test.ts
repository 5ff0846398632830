// Whatever a live product is like, its import is valid, leads no device elsewhere than its cloud does, and says of
// everything that it leaves out that it does.

import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { importProduct, type ImportedRepo } from '../../controller/imports/import-product.ts';
import type { Desired } from '../../controller/model/desired.ts';
import type { FoundDevice, FoundProduct } from '../../controller/model/found-product.ts';
import { foundFirmware, moduleOf, readImport } from '../support/found-product.ts';

const VERSIONS = [0, 1, 40, 41, 42, 43, 65_534, 65_535];
const GROUPS = ['bench', 'lab', 'beta_test', '-odd-', 'lockstep-v41', '123', 'null', 'thermostat'];

const anyVersion = fc.constantFrom(...VERSIONS);
const maybe = <T>(arbitrary: fc.Arbitrary<T>): fc.Arbitrary<T | null> => fc.option(arbitrary);
const anyText = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc.string({ unit: 'grapheme' }),
  fc.constant('a: #b'),
);

const anyContent = fc.constantFrom(
  'right',
  'right',
  'right',
  'another version',
  'another product',
  'another platform',
  'text',
  'bundle',
  'none',
);

const anyFirmware = fc
  .record({
    version: anyVersion,
    title: maybe(anyText),
    description: maybe(anyText),
    isDefault: fc.boolean(),
    isMandatory: fc.boolean(),
    size: fc.constantFrom('told', 'untold', 'other'),
    content: anyContent,
  })
  .map(({ size, content, ...words }) => {
    const bytes = contentOf(words.version, content);
    const told = size === 'told' ? (bytes?.length ?? 3) : size === 'other' ? 77 : null;
    return foundFirmware(words.version, { ...words, content: bytes, size: told });
  });

function contentOf(version: number, what: string): Uint8Array | null {
  if (version < 1 || version > 65_534) return null;
  if (what === 'text') return Buffer.from('hello');
  if (what === 'none') return new Uint8Array();
  if (what === 'bundle') return Buffer.from('PK\u0003\u0004 and so on');
  return moduleOf({
    version: what === 'another version' ? (version % 100) + 1 : version,
    ...(what === 'another product' && { productId: 7 }),
    ...(what === 'another platform' && { platformId: 13, productId: 13 }),
  });
}

const anyDevice = fc.record({
  id: fc.oneof(
    {
      weight: 9,
      arbitrary: fc.string({
        unit: fc.constantFrom(...'0123456789abcdef'.split('')),
        minLength: 24,
        maxLength: 24,
      }),
    },
    {
      weight: 3,
      arbitrary: fc.constantFrom('1234', '1e5', 'null', '0x10', 'a b', '- x', '"q"', '#c'),
    },
    { weight: 1, arbitrary: fc.string({ unit: 'binary', minLength: 1 }) },
  ),
  running: maybe(anyVersion),
  lockedTo: fc.option(anyVersion, { freq: 2 }),
  groups: fc.subarray(GROUPS),
  isDevelopment: fc.boolean(),
  isQuarantined: fc.boolean(),
});

const anyProduct: fc.Arbitrary<FoundProduct> = fc.record({
  slug: fc.oneof(fc.constantFrom('thermostat', 'T_V2', 'api'), anyText),
  id: fc.constantFrom(1, 30_301, 65_535, 200_000),
  name: anyText,
  platformId: fc.constantFrom(12, 12, 12, 99, null),
  firmware: fc.uniqueArray(anyFirmware, { selector: ({ version }) => version, maxLength: 6 }),
  groups: fc
    .record({
      names: fc.subarray(GROUPS),
      versions: fc.array(maybe(anyVersion), { minLength: 8, maxLength: 8 }),
    })
    .map(({ names, versions }) =>
      names.map((name, at) => ({ name, version: versions[at] ?? null })),
    ),
  devices: fc.uniqueArray(anyDevice, { selector: ({ id }) => id, maxLength: 12 }),
});

async function desiredOf(repo: ImportedRepo): Promise<Desired> {
  const { products, problems } = await readImport(repo);
  expect(problems.map(({ reason, message }) => `${reason}: ${message}`)).toEqual([]);
  expect(Object.keys(products)).toEqual([repo.product]);
  const desired = products[repo.product];
  if (desired === undefined) throw new Error('no product');
  return desired;
}

/** What the cloud has for a device, by its documented rules; null: nothing, or it cannot be told. */
function targetAtCloud({ groups, firmware }: FoundProduct, device: FoundDevice): number | null {
  const released = groups.filter(({ name }) => device.groups.includes(name));
  const versions = released.flatMap(({ version }) => version ?? []);
  if (versions.length > 0) return Math.max(...versions);
  const defaults = firmware.filter(({ isDefault }) => isDefault);
  return defaults.length === 1 ? (defaults[0]?.version ?? null) : null;
}

/** What manifests ask for of a device that is neither locked nor held out. */
function targetByManifests(desired: Desired, { id }: FoundDevice): readonly number[] {
  const groups = desired.groups.filter(({ spec }) => spec.devices?.includes(id) ?? false);
  const names = new Set(groups.map(({ origin }) => origin.name));
  const own = desired.releases.filter(({ spec }) => spec.group !== null && names.has(spec.group));
  const chosen = own.length > 0 ? own : desired.releases.filter(({ spec }) => spec.group === null);
  return [...new Set(chosen.map(({ spec }) => spec.version))];
}

describe('an import', () => {
  it('is valid, and the same every time', async () => {
    await fc.assert(
      fc.asyncProperty(anyProduct, async (found) => {
        const repo = importProduct(found);
        await desiredOf(repo);
        expect(importProduct(found)).toEqual(repo);
        const paths = repo.files.map(([path]) => path);
        expect(new Set(paths.map((path) => path.toLowerCase())).size).toBe(paths.length);
      }),
      { numRuns: 300 },
    );
  });

  it('leads no device elsewhere than the cloud does', async () => {
    await fc.assert(
      fc.asyncProperty(anyProduct, async (found) => {
        const desired = await desiredOf(importProduct(found));
        for (const device of found.devices) {
          const locks = desired.locks.filter(({ spec }) => spec.devices?.includes(device.id));
          const versions = locks.map(({ spec }) => spec.version);
          expect(versions).toEqual(versions.length === 0 ? [] : [device.lockedTo]);
          expect(locks.every(({ spec }) => spec.flash === 'on-reset')).toBe(true);
          // The lock at Particle wins, and stays where no manifest has it.
          if (device.lockedTo !== null || device.isDevelopment || device.isQuarantined) continue;
          const led = targetByManifests(desired, device);
          expect(led.length === 0 ? [targetAtCloud(found, device)] : led).toEqual([
            targetAtCloud(found, device),
          ]);
        }
      }),
      { numRuns: 300 },
    );
  });

  it('has everything of the product, or says that it has not', async () => {
    await fc.assert(
      fc.asyncProperty(anyProduct, async (found) => {
        const repo = importProduct(found);
        const desired = await desiredOf(repo);
        const told = (reason: string, place: string): boolean =>
          repo.findings.some((each) => each.reason === reason && each.place.includes(place));
        for (const { version } of found.firmware) {
          const isThere = desired.firmware.some(({ spec }) => spec.version === version);
          expect(isThere).toBe(!told('FirmwareNotImported', `firmware ${version}`));
        }
        for (const { name, version } of found.groups) {
          const isThere = desired.groups.some(({ origin }) => origin.name === name);
          const isTold =
            told('GroupNotImported', `group ${name}`) || told('ReservedGroup', `group ${name}`);
          expect(isThere).toBe(!isTold);
          if (!isThere || version === null) continue;
          const isReleased = desired.releases.some(({ spec }) => spec.group === name);
          expect(isReleased).toBe(!told('ReleaseNotImported', `the release to group ${name}`));
        }
        for (const { id, lockedTo } of found.devices) {
          if (lockedTo === null) continue;
          const isThere = desired.locks.some(({ spec }) => spec.devices?.includes(id));
          const isTold = repo.findings.some(
            ({ reason, devices }) =>
              devices.includes(id) && /^(?:Lock|Device)NotImported$/.test(reason),
          );
          expect(isThere).toBe(!isTold);
        }
        for (const { message, remedy } of repo.findings) {
          expect(message).toMatch(/[.!]$/);
          expect(remedy).toMatch(/[.!]$/);
        }
      }),
      { numRuns: 300 },
    );
  });
});
