// Stories of a product in Particle's cloud: the real controller, a fake of the cloud on a real socket, simulated devices
// behind it, and days that pass in no time.

import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import type { CloudController } from '../support/particle/cloud-controller.ts';
import { startCloudController } from '../support/particle/cloud-controller.ts';

const DEVICES = 40;
const STEPS =
  'strategy: { steps: [ { name: canary, exposure: 10%, soak: 10m }, { name: all, exposure: 100% } ], halt: { failureRate: 10%, minAttempts: 2 } }';

let world: CloudController;
let bench: string;

beforeEach(async () => {
  world = await startCloudController({
    devices: Array.from({ length: DEVICES }, () => ({ runs: 41 })),
    firmware: [{ version: 41, isDefault: true }],
  });
  bench = world.managed.cloud.fleet.at(0).id;
});
afterEach(() => world.close());

/** Version 41 released and finished, with the fleet known. */
async function settle(fleet = ''): Promise<void> {
  await world.commit({
    firmware: [41],
    fleet,
    documents: [['Release', 'thermostat', 'version: 41']],
  });
  await world.minutes(4);
}

const lockBench = (): readonly [string, string, string] => [
  'DeviceLock',
  'bench',
  `devices: [${bench}], version: 42, flash: now`,
];
const release = (version: number, more = ''): readonly [string, string, string] => [
  'Release',
  'thermostat',
  `version: ${version}${more === '' ? '' : `, ${more}`}`,
];

describe('a product at Particle', () => {
  it('is left as it is where the manifests say what is so already', async () => {
    await settle();
    expect(world.managed.changes()).toEqual([]);
    expect(world.managed.cloud.fleet.flashes).toEqual([]);
    expect(world.view().conditions).toMatchObject([{ type: 'Ready', status: 'True' }]);
  });

  it('gets a version by one commit: uploaded, verified on the bench, then released by itself to everyone', async () => {
    await settle();
    const { cloud } = world.managed;
    await world.commit({ firmware: [41, 42], documents: [lockBench(), release(42)] });
    expect(world.reasons()).toContain('ReleaseUnverified');
    expect(cloud.product.firmware.get(42)?.wasReleased).toBe(false);
    await world.minutes(2);
    expect(cloud.fleet.device(bench).running).toBe(42);
    expect(cloud.product.defaultVersion).toBe(42);
    await world.minutes(3);
    expect(cloud.fleet.running()).toEqual({ 42: DEVICES });
    expect(world.view().conditions).toMatchObject([{ type: 'Ready', reason: 'Converged' }]);
    expect(cloud.fleet.flashes).toHaveLength(DEVICES);
    const releases = world.managed.changes().filter((each) => each.includes('/firmware/release'));
    expect(releases).toHaveLength(1);
  });

  it('goes through steps by a reserved group, and never further than the step allows', async () => {
    await settle();
    const { cloud } = world.managed;
    await world.commit({ firmware: [41, 42], documents: [lockBench(), release(42, STEPS)] });
    await world.minutes(3);
    const state = world.view().inForce.rollout?.tracks[0]?.release;
    expect(state).toMatchObject({ step: 'canary', limit: 1_000 });
    const exposed = world.view().plan?.releases[0]?.devices ?? 0;
    expect(exposed).toBeGreaterThan(0);
    expect(cloud.product.groups.get('lockstep-v42')?.version).toBe(42);
    await world.minutes(5);
    expect(cloud.fleet.running()).toEqual({ 41: DEVICES - 1 - exposed, 42: 1 + exposed });
    expect(cloud.product.defaultVersion).toBe(41);
    await world.minutes(12);
    expect(cloud.product.defaultVersion).toBe(42);
    expect(cloud.fleet.running()).toEqual({ 42: DEVICES });
    expect([...cloud.product.groups.keys()]).toEqual([]);
  });

  it('leads nobody back while a release in steps replaces one that is not finished, however slow the calls are', async () => {
    await settle();
    const { cloud } = world.managed;
    const long = 'strategy: { steps: [ { name: all, exposure: 100%, soak: 2h } ] }';
    await world.commit({ firmware: [41, 42], documents: [lockBench(), release(42, long)] });
    await world.minutes(8);
    expect(cloud.fleet.running()).toEqual({ 42: DEVICES });
    expect(cloud.product.defaultVersion).toBe(42);

    cloud.trouble.callAfter(/^(?!GET)/, () => cloud.advance(20_000), Infinity);
    const [kind, name, spec] = lockBench();
    const lock = [kind, name, spec.replace('42', '43')] as const;
    await world.commit({ firmware: [41, 42, 43], documents: [lock, release(43, STEPS)] });
    await world.minutes(8);
    // 42 never finished, so the base is 41 still; who runs 42 stays there until it is reached.
    expect(cloud.product.defaultVersion).toBe(41);
    const exposed = world.view().plan?.releases[0]?.devices ?? 0;
    expect(exposed).toBeGreaterThan(0);
    expect(cloud.fleet.running()).toEqual({ 42: DEVICES - 1 - exposed, 43: 1 + exposed });
    expect(cloud.fleet.flashes.filter(({ version }) => version === 41)).toEqual([]);
  });

  it('lets no more devices go in a time than its rate says, and gets to all of them', async () => {
    await settle();
    const { cloud } = world.managed;
    const paced = 'strategy: { rate: 30/h }';
    await world.commit({ firmware: [41, 42], documents: [lockBench(), release(42, paced)] });
    for (let minute = 0; minute < 130; minute += 1) {
      await world.minutes(1);
      const latest = cloud.fleet.flashes.filter(({ at }) => at > cloud.now() - 600_000);
      // The bench is locked, which no rate holds back; who began at the edge of a minute counts in two.
      expect(latest.length).toBeLessThanOrEqual(5 + 1 + 1);
    }
    expect(cloud.fleet.running()).toEqual({ 42: DEVICES });
  });

  it('halts when devices come back with the old version, and keeps all others from it', async () => {
    await settle();
    const { cloud } = world.managed;
    cloud.fleet.spoil('returns-with-old', { version: 42, devices: cloud.fleet.ids.slice(1) });
    const strategy = STEPS.replace('10%, soak: 10m', '30%');
    await world.commit({ firmware: [41, 42], documents: [lockBench(), release(42, strategy)] });
    await world.minutes(12);
    expect(world.view().inForce.rollout?.tracks[0]?.release?.halt).toMatchObject({
      action: 'hold',
    });
    const flashed = new Set(cloud.fleet.flashes.map(({ device }) => device));
    expect(flashed.size).toBeLessThan(DEVICES / 2);
    const before = cloud.fleet.flashes.length;
    await world.minutes(30);
    expect(cloud.fleet.flashes).toHaveLength(before);
    expect(cloud.fleet.running()).toEqual({ 41: DEVICES - 1, 42: 1 });
    for (const device of cloud.fleet.devices) device.reset();
    await world.minutes(10);
    expect(cloud.fleet.flashes).toHaveLength(before);
  });

  it('rolls back by `git revert` with one release, to devices that sleep too', async () => {
    await settle();
    const { cloud } = world.managed;
    await world.commit({ firmware: [41, 42], documents: [lockBench(), release(42)] });
    await world.minutes(5);
    const sleeper = cloud.fleet.at(7);
    sleeper.powerOff('at-once');
    await world.minutes(1);
    world.managed.changes();
    await world.commit({ firmware: [41], documents: [release(41)] });
    await world.minutes(4);
    expect(cloud.product.defaultVersion).toBe(41);
    expect(cloud.fleet.running()).toEqual({ 41: DEVICES - 1, 42: 1 });
    sleeper.powerOn();
    await world.minutes(3);
    expect(cloud.fleet.running()).toEqual({ 41: DEVICES });
    const releases = world.managed.changes().filter((each) => each.includes('/firmware/release'));
    // The second one tells the bench, which is unlocked then, to go at once.
    expect(releases).toHaveLength(2);
  });

  it('stops at once by the emergency stop, and goes on after it', async () => {
    await settle();
    const { cloud } = world.managed;
    for (const device of cloud.fleet.devices.slice(1)) device.powerOff('at-once');
    await world.minutes(1);
    await world.commit({ firmware: [41, 42], documents: [lockBench(), release(42)] });
    await world.minutes(3);
    expect(cloud.product.defaultVersion).toBe(42);
    expect((await world.controller.stop(null)).ok).toBe(true);
    for (const device of cloud.fleet.devices.slice(1)) device.powerOn();
    await world.minutes(5);
    expect(cloud.fleet.running()).toEqual({ 41: DEVICES - 1, 42: 1 });
    expect((await world.controller.resume(null)).ok).toBe(true);
    await world.minutes(4);
    expect(cloud.fleet.running()).toEqual({ 42: DEVICES });
  });

  it('leaves a device that loops on what it runs, says so, and lets go of it when its target changes', async () => {
    await settle();
    const { cloud } = world.managed;
    const looping = cloud.fleet.at(5);
    cloud.fleet.spoil('returns-with-old', { version: 42, devices: [looping.id] });
    const patient =
      'strategy: { steps: [ { name: all, exposure: 100% } ], halt: { failureRate: 50%, minAttempts: 5 } }';
    await world.commit({
      firmware: [41, 42],
      fleet: ', retries: 1',
      documents: [lockBench(), release(42, patient)],
    });
    await world.minutes(15);
    expect(looping.record.lock).toBe(41);
    expect(world.reasons()).toContain('DeviceHeld');
    const { length } = looping.flashes;
    expect(length).toBeGreaterThan(1);
    looping.reset();
    await world.minutes(5);
    expect(looping.flashes).toHaveLength(length);
    expect(await world.events('DriftDetected')).toEqual([]);
    await world.commit({ firmware: [41, 42], fleet: ', retries: 1', documents: [release(41)] });
    await world.minutes(4);
    expect(looping.record.lock).toBeNull();
    expect(world.reasons()).not.toContain('DeviceHeld');
    expect(cloud.fleet.running()).toEqual({ 41: DEVICES });
  });

  it('does not take safe mode for a failure', async () => {
    await settle();
    const { cloud } = world.managed;
    cloud.console.upload(42, {
      bytes: (await import('../../controller/simulator/particle/devices.ts')).buildProductFirmware(
        cloud.product,
        42,
        {
          systemDependency: 5300,
        },
      ),
    });
    await world.commit({ firmware: [41, 42], documents: [lockBench(), release(42)] });
    await world.minutes(12);
    expect(cloud.fleet.running()).toEqual({ 42: DEVICES });
    expect(await world.events('ActionFailed')).toEqual([]);
  });

  it('counts development devices apart, and releases nothing to them', async () => {
    const { cloud } = world.managed;
    const developed = cloud.fleet.at(3);
    cloud.console.markDevelopment(developed.id);
    await settle();
    await world.commit({ firmware: [41, 42], documents: [lockBench(), release(42)] });
    await world.minutes(5);
    expect(developed.running).toBe(41);
    expect(world.view().live).toMatchObject({ devices: DEVICES - 1, quarantined: 1 });
    expect(world.reasons()).toContain('DevelopmentDevices');
    expect(world.view().conditions).toMatchObject([{ type: 'Ready', reason: 'Converged' }]);
  });

  it('brings a group to its version at once while the release to everyone is paused', async () => {
    await settle();
    const { cloud } = world.managed;
    const listed = cloud.fleet.ids.slice(1, 4);
    const lock: [string, string, string] = [
      'DeviceLock',
      'bench',
      `devices: [${bench}], version: 43, flash: now`,
    ];
    const group: [string, string, string] = [
      'DeviceGroup',
      'early',
      `devices: [${listed.join(', ')}]`,
    ];
    const early: [string, string, string] = ['Release', 'early', 'version: 43, group: early'];
    await world.commit({ firmware: [41, 43], documents: [lock, group, release(41)] });
    await world.minutes(3);
    await world.commit({
      firmware: [41, 43],
      documents: [lock, group, release(41, 'paused: true'), early],
    });
    await world.minutes(6);
    expect(cloud.fleet.running()).toEqual({ 41: DEVICES - 4, 43: 4 });
  });

  it('mends what somebody changed in the console, and names who did where that is known', async () => {
    await settle();
    const { cloud, driver } = world.managed;
    const stranger = cloud.fleet.at(9).id;
    cloud.console.upload(40);
    cloud.console.lock(stranger, 41);
    await world.minutes(1);
    expect(cloud.fleet.device(stranger).record.lock).toBeNull();
    const [event] = await world.events('DriftDetected');
    expect(event).toMatchObject({
      device: stranger,
      message: `At Particle, ${stranger} is locked to 41, and no manifest locks it (by somebody else; it is mended).`,
    });
    expect(driver.name).toBe('particle');
  });

  it('reports what somebody changed in the console where the product says so', async () => {
    await settle(', drift: report');
    const { cloud } = world.managed;
    const stranger = cloud.fleet.at(9).id;
    cloud.console.lock(stranger, 41);
    await world.minutes(2);
    expect(cloud.fleet.device(stranger).record.lock).toBe(41);
    expect(world.reasons()).toContain('FleetDrift');
    expect(await world.events('DriftDetected')).toHaveLength(1);
  });
});
