// Particle's answers, with the oddities that were seen in them.

import { describe, expect, it } from 'vitest';

import {
  readDevice,
  readDevicePage,
  readFirmwareList,
  readGroups,
  readProduct,
  readScopes,
} from '../../../controller/fleets/particle/read-nouns.ts';

const ID = 'e00fce681234567890abcdef';

describe('a device', () => {
  it('is read with numbers that come as text', () => {
    const read = readDevice({
      id: ID,
      online: true,
      last_handshake_at: '2026-01-05T12:00:00.000Z',
      firmware_version: '42',
      desired_firmware_version: '41',
      platform_id: '13',
      groups: ['bench'],
      system_firmware_version: '6.2.0',
      mobile_secret: 'never kept',
    });
    expect(read).toEqual({
      id: ID,
      online: true,
      handshakeAt: Date.UTC(2026, 0, 5, 12),
      version: 42,
      lockedTo: 41,
      groups: ['bench'],
      development: false,
      quarantined: false,
      platformId: 13,
      deviceOs: '6.2.0',
      details: null,
    });
  });

  it('is read with nearly everything missing', () => {
    expect(readDevice({ id: ID })).toMatchObject({
      online: false,
      handshakeAt: null,
      version: null,
      lockedTo: null,
      groups: [],
    });
    expect(readDevice({ id: ID, connected: true, denied: true })).toMatchObject({
      online: true,
      quarantined: true,
    });
  });

  it.each([65_535, -1, 4.5, '4.5', 'new', {}, true, 1e9])('has no version %o', (version) => {
    expect(readDevice({ id: ID, firmware_version: version })?.version).toBeNull();
  });

  it('keeps version 0, which means safe mode', () => {
    expect(readDevice({ id: ID, firmware_version: 0 })?.version).toBe(0);
  });

  it('has details only where its own page was read', () => {
    const page = { id: ID, status: 'safe_mode', last_heard: '2026-01-05T12:00:00Z' };
    expect(readDevice(page, true)?.details).toEqual({
      heardAt: Date.UTC(2026, 0, 5, 12),
      status: 'safe_mode',
      takesUpdates: true,
    });
    expect(readDevice({ id: ID, firmware_updates_enabled: false }, true)?.details).toEqual({
      heardAt: null,
      status: null,
      takesUpdates: false,
    });
    const forced = { id: ID, firmware_updates_enabled: false, firmware_updates_forced: true };
    expect(readDevice(forced, true)?.details?.takesUpdates).toBe(true);
  });
});

describe('a page of devices', () => {
  it('is read with the number of pages', () => {
    expect(readDevicePage({ devices: [{ id: ID }], meta: { total_pages: '3' } })).toMatchObject({
      pages: 3,
      devices: [{ id: ID }],
    });
  });

  it.each([
    null,
    [],
    {},
    { devices: [] },
    { devices: {}, meta: { total_pages: 1 } },
    { devices: [{}], meta: { total_pages: 1 } },
    { devices: [null], meta: { total_pages: 1 } },
    { devices: [], meta: { total_pages: 'many' } },
  ])('is not made of %o', (body) => {
    expect(readDevicePage(body)).toBeNull();
  });
});

describe('other answers', () => {
  it('hold firmware, also with the older word for the default', () => {
    const read = readFirmwareList([
      { version: 41, current: true, groups: ['bench'], uploaded_by: {} },
      {
        version: '42',
        product_default: false,
        device_count: '7',
        uploaded_by: { username: 'a@b' },
      },
    ]);
    expect([...(read?.versions.values() ?? [])]).toEqual([
      {
        version: 41,
        isDefault: true,
        groups: ['bench'],
        devices: null,
        uploadedBy: null,
        size: null,
      },
      { version: 42, isDefault: false, groups: [], devices: 7, uploadedBy: 'a@b', size: null },
    ]);
    expect(readFirmwareList({ firmware: [] })).toBeNull();
    expect(readFirmwareList([{ title: 'no version' }])).toBeNull();
  });

  it('hold firmware under numbers that no device can report, which are set aside', () => {
    const odd = [0, 65_535, '0', '65535', 70_000, 'v2'].map((version) => ({ version }));
    const read = readFirmwareList([{ version: 41 }, ...odd]);
    expect([...(read?.versions.keys() ?? [])]).toEqual([41]);
    expect(read?.unfit).toEqual(['0', '65535', '0', '65535', '70000', 'v2']);
  });

  it.each([
    { version: 'new', product_default: true },
    { version: 'new', current: true },
    { version: 'new', groups: ['bench'] },
    { version: 'new', device_count: '3' },
    { version: '' },
    { version: null },
    { version: 4.5 },
    'text',
  ])("hold no firmware where %o is among it: that is somebody's release, misread", (entry) => {
    expect(readFirmwareList([{ version: 41 }, entry])).toBeNull();
  });

  it('hold groups, and say so where they do not', () => {
    const groups = readGroups({ groups: [{ name: 'bench', fw_version: 42 }, { name: 'lab' }] });
    expect([...(groups ?? [])].map(([, each]) => each)).toEqual([
      { name: 'bench', version: 42 },
      { name: 'lab', version: null },
    ]);
    expect(readGroups({})).toBeNull();
    expect(readGroups({ groups: [{}] })).toBeNull();
  });

  it('hold a product, also as a list of one', () => {
    const product = { id: 94, platform_id: 6, name: 'Thermostat', slug: 'thermostat-v2' };
    const expected = { id: 94, platformId: 6, name: 'Thermostat', slug: 'thermostat-v2' };
    expect(readProduct({ product })).toEqual(expected);
    expect(readProduct({ product: [product] })).toEqual(expected);
    expect(readProduct({ product: [] })).toBeNull();
    expect(readProduct({ product: { name: 'x' } })).toBeNull();
    expect(readProduct(null)).toBeNull();
  });

  it('hold the scopes of a token where they are told', () => {
    expect(readScopes({ scopes: ['devices:list'] })).toEqual(['devices:list']);
    expect(readScopes({})).toBeNull();
  });
});
