// An import of a live product: manifests that are valid and say what is so, and findings for what they cannot say.

import { describe, expect, it } from 'vitest';

import { importProduct, nameProduct } from '../../../controller/imports/import-product.ts';
import type { FoundProduct } from '../../../controller/model/found-product.ts';
import type { Desired } from '../../../controller/model/desired.ts';
import { examineBytes } from '../../../controller/firmware/examine.ts';
import {
  FOUND_ID,
  foundDevice,
  foundFirmware,
  foundProduct,
  moduleOf,
  readImport,
} from '../../support/found-product.ts';

function textOf(found: FoundProduct, path: string): string {
  const file = importProduct(found).files.find(([name]) => name === path);
  return String(file?.[1] ?? '');
}

async function desiredOf(found: FoundProduct): Promise<Desired> {
  const { problems, products } = await readImport(importProduct(found));
  expect(problems).toEqual([]);
  const [desired] = Object.values(products);
  if (desired === undefined) throw new Error('no product');
  return desired;
}

function told(found: FoundProduct): readonly string[] {
  return importProduct(found).findings.map(
    ({ severity, reason, place }) => `${severity} ${reason} ${place}`,
  );
}

describe('the Product of an import', () => {
  it('names id, platform and fleet, and reports drift until a person says otherwise', async () => {
    const desired = await desiredOf(foundProduct());
    expect(desired.product).toBe('thermostat-v2');
    expect(desired.config?.spec).toMatchObject({ productId: FOUND_ID, platform: 'argon' });
    expect(desired.config?.spec.fleet).toMatchObject({
      driver: 'particle',
      product: 'thermostat-v2',
      drift: 'report',
    });
    expect(textOf(foundProduct(), 'product.yaml')).toMatch(/# .*\n.*# .*\n {4}drift: report\n/);
  });

  it.each([
    ['Thermostat_V2', 'thermostat-v2'],
    ['-_-', 'product-30301'],
    ['api', 'api-product'],
    ['a'.repeat(62) + '-b', 'a'.repeat(62)],
  ])('gets a name that is a DNS label: %s', (slug, name) => {
    expect(nameProduct({ slug, id: FOUND_ID })).toBe(name);
  });

  it('names a platform that nobody knows by its number, and leaves out an id that no binary can carry', async () => {
    const firmware = [
      foundFirmware(41, { content: moduleOf({ version: 41, platformId: 99, productId: 99 }) }),
    ];
    const { config } = await desiredOf(foundProduct({ platformId: 99, id: 70_000, firmware }));
    expect(config?.spec).toMatchObject({ platform: '99', productId: null });
  });
});

describe('firmware of an import', () => {
  it('is written with its binary, digest, title and description', async () => {
    const description = 'Calibrates: the *sensor*\r\n- at "every" boot\u0007';
    const firmware = [foundFirmware(41, { isDefault: true, title: 'yes', description })];
    const found = foundProduct({ firmware });
    const { firmware: written } = await desiredOf(found);
    const content = firmware[0]?.content ?? new Uint8Array();
    expect(written.map(({ spec }) => spec)).toMatchObject([
      {
        version: 41,
        title: 'yes',
        description: 'Calibrates: the *sensor*\n- at "every" boot',
        binary: { path: 'firmware/41.bin', sha256: examineBytes(content).sha256 },
      },
    ]);
    expect(importProduct(found).files).toContainEqual(['firmware/41.bin', content]);
    expect(importProduct(found).findings).toEqual([]);
  });

  it('may carry the product’s id, as Device OS before 4 has it', () => {
    const content = moduleOf({ version: 41, productId: FOUND_ID });
    expect(told(foundProduct({ firmware: [foundFirmware(41, { content })] }))).toEqual([]);
  });

  it.each([
    ['another version', { content: moduleOf({ version: 7 }) }, 'VersionMismatch'],
    ['another product', { content: moduleOf({ version: 43, productId: 5 }) }, 'ProductMismatch'],
    [
      'another platform',
      { content: moduleOf({ version: 43, platformId: 13, productId: 13 }) },
      'PlatformMismatch',
    ],
    ['no module', { content: Buffer.from('hello') }, 'BinaryUnreadable'],
    ['nothing', { content: new Uint8Array() }, 'BinaryUnreadable'],
    ['less than Particle has', { size: 9_999 }, '9999 bytes'],
    ['another app hash', { appHash: 'A'.repeat(64) }, 'app hash aaaa'],
  ])('is told and never written where its binary holds %s', async (_, words, says) => {
    const found = foundProduct({
      firmware: [foundFirmware(41, { isDefault: true }), foundFirmware(43, words)],
    });
    const { firmware } = await desiredOf(found);
    expect(firmware.map(({ spec }) => spec.version)).toEqual([41]);
    expect(importProduct(found).files.map(([path]) => path)).not.toContain('firmware/43.bin');
    const [finding] = importProduct(found).findings;
    expect(finding).toMatchObject({
      severity: 'warning',
      reason: 'FirmwareNotImported',
      place: 'firmware 43',
    });
    expect(finding?.message).toContain(says);
    expect(finding?.remedy).not.toContain('Firmware manifest');
  });

  it('is an error where somebody uses it', () => {
    const content = moduleOf({ version: 7 });
    const firmware = [foundFirmware(41, { isDefault: true }), foundFirmware(43, { content })];
    const devices = [foundDevice('d1', { running: 43 }), foundDevice('d2')];
    expect(told(foundProduct({ firmware, devices }))).toEqual([
      'error FirmwareNotImported firmware 43',
    ]);
  });

  it('cannot be filed under 0 or 65535', () => {
    const firmware = [0, 65_535].map((version) =>
      foundFirmware(version, { content: null, size: 9 }),
    );
    const devices = [foundDevice('d1', { running: 0 })];
    expect(told(foundProduct({ firmware, devices }))).toEqual([
      'error FirmwareNotImported firmware 0',
      'warning FirmwareNotImported firmware 65535',
      'warning SafeModeDevices device d1',
    ]);
  });

  it('is opaque where it is a bundle, and told', async () => {
    const content = Buffer.concat([Buffer.from('PK\u0003\u0004'), Buffer.alloc(64)]);
    const found = foundProduct({ firmware: [foundFirmware(41, { isDefault: true, content })] });
    const { firmware, releases } = await desiredOf(found);
    expect(firmware[0]?.spec.binary).toMatchObject({ path: 'firmware/41.zip', format: 'opaque' });
    expect(releases).toHaveLength(1);
    expect(told(found)).toEqual(['warning FirmwareBundle firmware 41']);
  });

  it('is told where Particle has it as a stepping stone', () => {
    const firmware = [foundFirmware(41, { isDefault: true, isMandatory: true })];
    expect(told(foundProduct({ firmware }))).toEqual(['warning FirmwareMandatory firmware 41']);
  });
});

describe('locks of an import', () => {
  it('are one manifest for each version, and flash nothing', async () => {
    const firmware = [foundFirmware(41, { isDefault: true }), foundFirmware(42)];
    const devices = [
      foundDevice('e2', { lockedTo: 42 }),
      foundDevice('123456789012345678901234', { lockedTo: 42, isDevelopment: true }),
      foundDevice('e1', { lockedTo: 41 }),
    ];
    const { locks } = await desiredOf(foundProduct({ firmware, devices }));
    expect(
      locks.map(({ origin, spec }) => [origin.name, spec.devices, spec.version, spec.flash]),
    ).toEqual([
      ['locked-to-41', ['e1'], 41, 'on-reset'],
      ['locked-to-42', ['123456789012345678901234', 'e2'], 42, 'on-reset'],
    ]);
  });

  it('are told where their version was not imported', () => {
    const devices = [foundDevice('d1', { lockedTo: 9 }), foundDevice('d2', { lockedTo: 0 })];
    expect(told(foundProduct({ devices }))).toEqual([
      'error LockNotImported device d2',
      'error LockNotImported device d1',
    ]);
  });

  it('are told where they will wait for evidence', () => {
    const firmware = [foundFirmware(41, { isDefault: true }), foundFirmware(42)];
    const locked = Array.from({ length: 11 }, (_, at) => foundDevice(`d${at}`, { lockedTo: 42 }));
    expect(told(foundProduct({ firmware, devices: locked }))).toEqual([
      'warning LocksUnseen 11 devices',
    ]);
    const seen = [...locked, foundDevice('x', { running: 42 })];
    expect(told(foundProduct({ firmware, devices: seen }))).toEqual([]);
  });

  it('are in several manifests where they would be too long for one', async () => {
    const devices = Array.from({ length: 25_000 }, (_, at) =>
      foundDevice(`e00fce68${String(at).padStart(16, '0')}`, { lockedTo: 41 }),
    );
    const { locks } = await desiredOf(foundProduct({ devices }));
    expect(locks.map(({ origin }) => origin.name)).toEqual([
      'locked-to-41',
      'locked-to-41-2',
      'locked-to-41-3',
    ]);
  });
});

describe('groups and releases of an import', () => {
  const firmware = [foundFirmware(41, { isDefault: true }), foundFirmware(42), foundFirmware(43)];

  it('are those of the product', async () => {
    const groups = [
      { name: 'bench', version: 42 },
      { name: 'lab', version: null },
      { name: 'thermostat-v2', version: 41 },
    ];
    const devices = [
      foundDevice('d1', { groups: ['bench', 'lab'], running: 42 }),
      foundDevice('d2', { groups: ['lab'] }),
      foundDevice('d3', { groups: ['thermostat-v2'] }),
    ];
    const desired = await desiredOf(foundProduct({ firmware, groups, devices }));
    expect(desired.groups.map(({ origin, spec }) => [origin.name, spec.devices])).toEqual([
      ['bench', ['d1']],
      ['lab', ['d1', 'd2']],
      ['thermostat-v2', ['d3']],
    ]);
    expect(
      desired.releases.map(({ origin, spec }) => [origin.name, spec.group, spec.version]),
    ).toEqual([
      ['thermostat-v2', null, 41],
      ['bench', 'bench', 42],
      ['thermostat-v2.group', 'thermostat-v2', 41],
    ]);
    expect(told(foundProduct({ firmware, groups, devices }))).toEqual([]);
  });

  it('list a device of several released groups in the one that counts', async () => {
    const groups = [
      { name: 'a', version: 42 },
      { name: 'b', version: 43 },
      { name: 'c', version: null },
    ];
    const devices = [
      foundDevice('d1', { groups: ['a', 'b', 'c'], running: 43 }),
      foundDevice('d2', { groups: ['a'], running: 42 }),
      foundDevice('d3'),
    ];
    const found = foundProduct({ firmware, groups, devices });
    const desired = await desiredOf(found);
    expect(desired.groups.map(({ origin, spec }) => [origin.name, spec.devices])).toEqual([
      ['a', ['d2']],
      ['b', ['d1']],
      ['c', ['d1']],
    ]);
    expect(told(found)).toEqual(['warning SeveralReleases device d1']);
  });

  it.each(['beta_test', '-x', 'x-', '_'])(
    'leave out a group named %s, and every release that would lead its devices elsewhere',
    async (name) => {
      const groups = [{ name, version: 42 }];
      const devices = [foundDevice('d1', { groups: [name], running: 42 }), foundDevice('d2')];
      const found = foundProduct({ firmware, groups, devices });
      const desired = await desiredOf(found);
      expect(desired.groups).toEqual([]);
      expect(desired.releases).toEqual([]);
      expect(told(found)).toEqual([
        `error GroupNotImported group ${name}`,
        'error ReleaseNotImported the release to everyone',
      ]);
    },
  );

  it('keep the release to everyone where a group that is left out changes nothing', async () => {
    const groups = [{ name: 'beta_test', version: 41 }];
    const devices = [foundDevice('d1', { groups: ['beta_test'] })];
    const desired = await desiredOf(foundProduct({ firmware, groups, devices }));
    expect(desired.releases.map(({ spec }) => spec.version)).toEqual([41]);
  });

  it('go without the product’s release where its version was not imported', async () => {
    const wrong = foundFirmware(41, { isDefault: true, content: moduleOf({ version: 7 }) });
    const groups = [{ name: 'bench', version: 42 }];
    const devices = [foundDevice('d1', { groups: ['bench'], running: 42 }), foundDevice('d2')];
    const found = foundProduct({ firmware: [wrong, foundFirmware(42)], groups, devices });
    const desired = await desiredOf(found);
    expect(desired.releases.map(({ spec }) => spec.group)).toEqual(['bench']);
    expect(told(found)).toEqual([
      'error FirmwareNotImported firmware 41',
      'error ReleaseNotImported the release to everyone',
    ]);
  });

  it('lead those that are held out of releases nowhere', async () => {
    const groups = [{ name: 'beta_test', version: 42 }];
    const held = [
      foundDevice('d1', { groups: ['beta_test'], isDevelopment: true }),
      foundDevice('d2', { groups: ['beta_test'], isQuarantined: true }),
      foundDevice('d3', { groups: ['beta_test'], lockedTo: 43, running: 43 }),
    ];
    const found = foundProduct({ firmware, groups, devices: [...held, foundDevice('d4')] });
    expect((await desiredOf(found)).releases).toHaveLength(1);
    expect(told(found)).toEqual([
      'error GroupNotImported group beta_test',
      'warning DevelopmentDevices device d1',
      'warning QuarantinedDevices device d2',
    ]);
  });

  it('name empty groups, groups of a controller, and groups that are too large', () => {
    const groups = [
      { name: 'empty', version: 42 },
      { name: 'huge', version: null },
      { name: 'lockstep-v41', version: 41 },
    ];
    const devices = Array.from({ length: 20_001 }, (_, at) =>
      foundDevice(`d${at}`, { groups: ['huge'] }),
    );
    expect(told(foundProduct({ firmware, groups, devices }))).toEqual([
      'error GroupNotImported group huge',
      'warning GroupNotImported group empty',
      'warning ReservedGroup group lockstep-v41',
    ]);
  });

  it('tell of a release that no device has run yet, and of two defaults', () => {
    const devices = [foundDevice('d1', { running: 40 })];
    expect(told(foundProduct({ firmware, devices }))).toEqual([
      'warning ReleaseUnseen firmware 41',
    ]);
    const both = [foundFirmware(41, { isDefault: true }), foundFirmware(42, { isDefault: true })];
    expect(told(foundProduct({ firmware: both }))).toEqual([
      'error ReleaseNotImported the release to everyone',
    ]);
  });

  it('do without a device whose id no manifest can hold', async () => {
    const devices = [foundDevice('a b', { lockedTo: 41, groups: ['bench'] }), foundDevice('d1')];
    const found = foundProduct({ devices, groups: [{ name: 'bench', version: null }] });
    const desired = await desiredOf(found);
    expect([desired.locks, desired.groups]).toEqual([[], []]);
    expect(told(found)).toContain('error DeviceNotImported device a b');
  });
});
