// A product that Particle has had all along is imported and taken over: the first plan of the controller finds nothing to
// do, and nothing is changed or flashed there. Over a fake of the cloud, with the real controller.

import { afterEach, describe, expect, it } from 'vitest';

import { createBudget } from '../../controller/fleets/particle/budget.ts';
import { createClient } from '../../controller/fleets/particle/client.ts';
import { findProduct } from '../../controller/fleets/particle/find-product.ts';
import { importProduct, type ImportedRepo } from '../../controller/imports/import-product.ts';
import type { FoundProduct } from '../../controller/model/found-product.ts';
import type { Failure } from '../../controller/base/failure.ts';
import type { Result } from '../../controller/base/result.ts';
import type { DeviceSeed } from '../../controller/simulator/particle/devices.ts';
import { buildProductFirmware } from '../../controller/simulator/particle/devices.ts';
import type { ManagedOptions } from '../support/particle/managed-cloud.ts';
import type { CloudController } from '../support/particle/cloud-controller.ts';
import { startCloudController } from '../support/particle/cloud-controller.ts';

let world: CloudController | null = null;
afterEach(() => world?.close());

const many = (count: number, seed: DeviceSeed): readonly DeviceSeed[] =>
  Array.from({ length: count }, () => seed);

/** Starts a product that nobody manages yet. */
async function start(options: ManagedOptions): Promise<CloudController> {
  world = await startCloudController({ slug: 'thermostat', ...options });
  return world;
}

async function find(
  { managed: { cloud } }: CloudController,
  token = cloud.token,
): Promise<Result<FoundProduct, Failure>> {
  const clock = { now: () => cloud.now(), monotonicMs: () => cloud.now() };
  const sleep = async (ms: number): Promise<void> => cloud.advance(ms);
  const budget = createBudget({ clock, sleep });
  const client = createClient({ api: cloud.url, token, budget, now: clock.now, sleep });
  const found = await findProduct(client, 'thermostat', { clock, sleep, progress: () => {} });
  await client.close();
  return found;
}

/** Imports the product, and puts what was written in force. */
async function takeOver(controlled: CloudController): Promise<ImportedRepo> {
  const found = await find(controlled);
  if (!found.ok) throw new Error(found.error.message);
  const repo = importProduct(found.value);
  controlled.managed.changes();
  await controlled.commitFiles(Object.fromEntries(repo.files));
  await controlled.minutes(4);
  return repo;
}

function expectNothingToDo(controlled: CloudController): void {
  const { managed } = controlled;
  const { plan, conditions } = controlled.view();
  expect(plan?.actions).toEqual([]);
  expect(plan?.refusals).toEqual([]);
  expect(conditions).toMatchObject([{ type: 'Ready', status: 'True' }]);
  expect(managed.changes()).toEqual([]);
  expect(managed.cloud.fleet.flashes).toEqual([]);
}

describe('an imported product', () => {
  it('leaves nothing to do: releases, groups, locks, and devices that are held out', async () => {
    const controlled = await start({
      firmware: [
        { version: 40 },
        { version: 41, isDefault: true, title: 'Heater: "warm"' },
        { version: 42, groups: ['bench', 'lab'] },
        { version: 43 },
      ],
      groups: ['empty'],
      devices: [
        ...many(30, { runs: 41 }),
        ...many(4, { runs: 42, groups: ['bench'] }),
        ...many(2, { runs: 42, groups: ['bench', 'lab', 'plain'] }),
        ...many(2, { runs: 43, lock: 43 }),
        ...many(12, { runs: 40, lock: 40, groups: ['bench'] }),
        { runs: 43, isDevelopment: true },
        { runs: 41, isQuarantined: true },
      ],
    });
    const repo = await takeOver(controlled);
    expect(repo.findings.map(({ reason }) => reason)).toEqual([
      'GroupNotImported',
      'DevelopmentDevices',
      'QuarantinedDevices',
    ]);
    expect(repo.counts).toMatchObject({ firmware: 4, lockedDevices: 14, releases: 3 });
    expectNothingToDo(controlled);
    await controlled.minutes(30);
    expectNothingToDo(controlled);
  });

  it('leaves a device of several released groups with the highest, as Particle does', async () => {
    const controlled = await start({
      firmware: [
        { version: 41, isDefault: true },
        { version: 42, groups: ['bench'] },
        { version: 43, groups: ['lab'] },
      ],
      devices: [
        ...many(3, { runs: 41 }),
        { runs: 42, groups: ['bench'] },
        { runs: 43, groups: ['bench', 'lab'] },
      ],
    });
    const repo = await takeOver(controlled);
    expect(repo.findings.map(({ reason }) => reason)).toEqual(['SeveralReleases']);
    expectNothingToDo(controlled);
    expect(controlled.reasons()).toContain('FleetDrift');
  });

  it('flashes nobody where a group, a lock and a binary could not be taken over', async () => {
    const controlled = await start({
      firmware: [
        { version: 41, isDefault: true },
        { version: 42, groups: ['beta_test'] },
        { version: 43, bytes: buildProductFirmware({ id: 30_301, platformId: 12 }, 7) },
      ],
      devices: [
        ...many(3, { runs: 41 }),
        { runs: 42, groups: ['beta_test'] },
        { runs: 41, lock: 43, isOnline: false },
      ],
    });
    const repo = await takeOver(controlled);
    expect(repo.findings.map(({ severity, reason }) => `${severity} ${reason}`)).toEqual([
      'error FirmwareNotImported',
      'error LockNotImported',
      'error GroupNotImported',
      'error ReleaseNotImported',
    ]);
    await controlled.minutes(10);
    expectNothingToDo(controlled);
  });

  it('goes on by itself with devices that were not there yet', async () => {
    const controlled = await start({
      firmware: [{ version: 40 }, { version: 41, isDefault: true }],
      devices: [...many(3, { runs: 41 }), ...many(2, { runs: 40, isOnline: false })],
    });
    await takeOver(controlled);
    expect(controlled.view().plan).toMatchObject({ actions: [], refusals: [] });
    expect(controlled.managed.cloud.fleet.flashes).toEqual([]);
    for (const device of controlled.managed.cloud.fleet.devices) device.powerOn();
    await controlled.minutes(5);
    expect(controlled.managed.cloud.fleet.running()).toEqual({ 41: 5 });
  });
});

describe('reading a product', () => {
  it('needs a token that may read, and no more', async () => {
    const controlled = await start({
      scopes: [
        'products:get',
        'devices:list',
        'firmware:list',
        'firmware.binary:get',
        'groups:list',
      ],
    });
    expect(await find(controlled)).toMatchObject({ ok: true });
  });

  it('names the scopes that are missing', async () => {
    const controlled = await start({ scopes: ['products:get', 'devices:list', 'firmware:list'] });
    const found = await find(controlled);
    expect(found).toMatchObject({ ok: false, error: { code: 'ParticleScopesMissing' } });
    expect(JSON.stringify(found)).toContain('firmware.binary:get, groups:list');
  });

  it('waits where Particle asks for patience, and asks again what broke off', async () => {
    const controlled = await start({ devices: 60 });
    const { cloud } = controlled.managed;
    cloud.trouble.disturb('too-many', 'GET *devices', 2);
    cloud.trouble.disturb('truncated', 'GET *devices', 1);
    const found = await find(controlled);
    expect(found.ok && found.value.devices).toHaveLength(60);
  });

  it('is whole or fails: somebody who releases meanwhile makes it fail', async () => {
    const controlled = await start({ devices: 60 });
    const { cloud } = controlled.managed;
    cloud.trouble.callBefore('GET *binary', () => cloud.console.release(41));
    expect(await find(controlled)).toMatchObject({
      ok: false,
      error: { code: 'ParticleChanging' },
    });
  });

  it.each([
    { listsQuarantined: true },
    { isProductInArray: true },
    { areDocumentsUneven: false, pageSizeMax: 10 },
  ])('is the same under every oddity of the cloud: %o', async (quirks) => {
    const options = {
      devices: [...many(30, { runs: 1 }), { runs: 1, isQuarantined: true, lock: 1 }],
    };
    const plain = await find(await start(options));
    await world?.close();
    const odd = await find(await start({ ...options, quirks }));
    expect(odd).toEqual(plain);
    expect(odd.ok && odd.value.devices).toHaveLength(31);
  });
});
