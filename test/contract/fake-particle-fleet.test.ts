// The fleet behind the fake Particle cloud, in virtual time: what an update looks like from the cloud, and every way in
// which it goes wrong.

import { afterEach, describe, expect, it } from 'vitest';

import { startParticleCloud } from '../../controller/simulator/particle/particle-cloud.ts';
import type {
  ParticleCloud,
  ParticleCloudOptions,
} from '../../controller/simulator/particle/particle-cloud.ts';
import { createVirtualTime, realTime } from '../../controller/simulator/particle/time.ts';
import { buildParticleModule } from '../support/firmware-images.ts';
import { particleClient } from '../support/particle-client.ts';

const SECOND_MS = 1_000;
const MINUTE_MS = 60_000;
const HOUR_MS = 3_600_000;
const TWO = [{ version: 1, isDefault: true }, { version: 2 }];

const clouds: ParticleCloud[] = [];

afterEach(async () => {
  for (const cloud of clouds.splice(0)) await cloud.close();
});

async function start(options: ParticleCloudOptions = {}) {
  const cloud = await startParticleCloud({ firmware: TWO, devices: 1, ...options });
  clouds.push(cloud);
  const device = cloud.fleet.at(0);
  const api = particleClient(cloud);
  const look = async () =>
    (await api.get(`/devices/${device.id}`)).json as Readonly<Record<string, unknown>>;
  return { cloud, api, device, look };
}

/** What happened, without the times: `name data`, with the version where it is not that of the last line. */
function story(cloud: ParticleCloud): readonly string[] {
  return cloud.events
    .filter(({ coreId }) => coreId !== 'api')
    .map(({ name, data, version }) => `${version} ${name} ${data}`);
}

describe('an update', () => {
  it('is started, delivered, booted and reported', async () => {
    const { cloud, device, look } = await start({ platformId: 13 });
    cloud.console.lock(device.id, 2, { flash: true });
    cloud.advance(MINUTE_MS);
    const hash = String(cloud.product.firmware.get(2)?.image.appHash);
    expect(story(cloud)).toEqual([
      '1 spark/flash/status started ',
      '1 spark/flash/status success ',
      '1 spark/status offline',
      '2 spark/status online',
      '2 spark/device/last_reset update',
      `2 spark/device/app-hash ${hash}`,
      '2 particle/device/updates/enabled true',
      '2 particle/device/updates/forced false',
    ]);
    const [offline, online] = cloud.events.filter(({ name }) => name === 'spark/status');
    expect(offline?.publishedAt).toBe(online?.publishedAt);
    expect(await look()).toMatchObject({ firmware_version: 2, status: 'normal', online: true });
  });

  it('comes by itself after a handshake with another version', async () => {
    const { cloud, device } = await start();
    cloud.console.lock(device.id, 2);
    cloud.advance(HOUR_MS);
    expect(cloud.fleet.flashes).toEqual([]);
    device.reset();
    cloud.advance(MINUTE_MS);
    expect(cloud.fleet.flashes).toMatchObject([
      { device: device.id, version: 2, cause: 'auto', outcome: 'delivered' },
    ]);
    expect(story(cloud)).toContain('1 spark/status auto-update');
    expect(device.running).toBe(2);
  });

  it('waits for a device that is offline', async () => {
    const { cloud, device } = await start();
    device.powerOff('at-once');
    cloud.console.lock(device.id, 2, { flash: true });
    cloud.advance(HOUR_MS);
    expect(cloud.fleet.flashes).toEqual([]);
    device.powerOn();
    cloud.advance(MINUTE_MS);
    expect(device.running).toBe(2);
  });

  it('never ends where the binary names another version than it was filed as', async () => {
    const bytes = buildParticleModule({ productId: 12, version: 7, platformId: 12 });
    const { cloud, device } = await start({ firmware: [...TWO, { version: 3, bytes }] });
    cloud.console.lock(device.id, 3, { flash: true });
    cloud.advance(10 * MINUTE_MS);
    expect(device.running).toBe(7);
    expect(device.flashes.length).toBeGreaterThan(10);
  });

  it('is not taken by a device of another platform', async () => {
    const bytes = buildParticleModule({ productId: 32, version: 3, platformId: 32 });
    const { cloud, device } = await start({ firmware: [...TWO, { version: 3, bytes }] });
    cloud.console.lock(device.id, 3, { flash: true });
    cloud.advance(10 * SECOND_MS);
    cloud.console.unlock(device.id);
    cloud.advance(MINUTE_MS);
    expect(device.flashes.map(({ outcome }) => outcome)).toEqual(['rejected']);
    expect(device.running).toBe(1);
  });

  it('does not come to a development device, but for a file that is sent to it', async () => {
    const { cloud, device } = await start({ devices: [{ isDevelopment: true }] });
    cloud.console.lock(device.id, 2, { flash: true });
    device.reset();
    cloud.advance(HOUR_MS);
    expect(device.flashes).toEqual([]);
    const file = buildParticleModule({ productId: 12, version: 50, platformId: 12 });
    cloud.console.flash(device.id, file);
    cloud.advance(HOUR_MS);
    expect(device.running).toBe(50);
    cloud.console.markDevelopment(device.id, false);
    cloud.advance(MINUTE_MS);
    expect(device.running).toBe(2);
  });

  it('by hand is undone at once where the device is no development device', async () => {
    const { cloud, api, device } = await start();
    const form = new FormData();
    const bytes = buildParticleModule({ productId: 12, version: 50, platformId: 12 });
    form.append('file', new Blob([new Uint8Array(bytes)]), 'app.bin');
    const response = await fetch(`${cloud.url}/v1/products/30301/devices/${device.id}`, {
      method: 'PUT',
      headers: { authorization: `Bearer ${cloud.token}` },
      body: form,
    });
    expect(response.status).toBe(200);
    cloud.advance(12 * SECOND_MS);
    expect(device.running).toBe(50);
    cloud.advance(MINUTE_MS);
    expect(device.running).toBe(1);
    expect(device.flashes.map(({ cause }) => cause)).toEqual(['file', 'auto']);
    device.powerOff('at-once');
    expect((await api.put(`/devices/${device.id}/ping`, {})).json).toMatchObject({ online: false });
  });
});

describe('safe mode', () => {
  it('is a detour, with version 0, by way of a newer Device OS', async () => {
    const firmware = [...TWO, { version: 3, systemDependency: 5300 }];
    const { cloud, device, look } = await start({ firmware });
    cloud.console.lock(device.id, 3, { flash: true });
    cloud.advance(20 * SECOND_MS);
    expect(await look()).toMatchObject({ status: 'safe_mode', firmware_version: 0 });
    cloud.advance(5 * MINUTE_MS);
    expect(await look()).toMatchObject({
      status: 'normal',
      firmware_version: 3,
      system_firmware_version: '5.3.0',
    });
    expect(device.flashes).toHaveLength(1);
    const told = story(cloud).map((line) => line.replace(/ \{.*/, ''));
    expect(told.filter((line) => line === '0 spark/status online')).toHaveLength(2);
    expect(told).toContain('0 spark/status/safe-mode');
    expect(told).toContain('0 spark/safe-mode-updater/updating 5300');
    expect(told.filter((line) => line === '3 spark/status online')).toHaveLength(1);
    const safeMode = cloud.events.find(({ name }) => name === 'spark/status/safe-mode');
    expect(JSON.parse(safeMode?.data ?? '')).toMatchObject({
      p: 12,
      m: [{ f: 'b' }, { f: 's', v: 4006 }, { f: 'u', vc: 30, vv: 26, d: [{ v: 5300 }] }],
    });
  });

  it('may leave the last version in place', async () => {
    const firmware = [...TWO, { version: 3, systemDependency: 5300 }];
    const { cloud, device, look } = await start({ firmware, quirks: { safeModeVersion: 'kept' } });
    cloud.console.lock(device.id, 3, { flash: true });
    cloud.advance(20 * SECOND_MS);
    expect(await look()).toMatchObject({ status: 'safe_mode', firmware_version: 1 });
  });
});

describe('devices that refuse updates', () => {
  it('have one pending until they take it', async () => {
    const { cloud, api, device, look } = await start({ devices: [{ updatesEnabled: false }] });
    expect(await look()).toMatchObject({ firmware_updates_enabled: false });
    await api.put(`/devices/${device.id}`, { desired_firmware_version: 2, flash: true });
    cloud.advance(HOUR_MS);
    expect(device.flashes).toEqual([]);
    expect(story(cloud)).toEqual(['1 particle/device/updates/pending true']);
    device.enableUpdates();
    cloud.advance(MINUTE_MS);
    expect(device.running).toBe(2);
    expect(story(cloud)).toContain('1 particle/device/updates/pending false');
  });

  it('are overruled by the cloud', async () => {
    const { cloud, api, device, look } = await start({ devices: [{ updatesEnabled: false }] });
    cloud.console.lock(device.id, 2, { flash: true });
    await api.put(`/devices/${device.id}`, { firmware_updates_forced: true });
    cloud.advance(MINUTE_MS);
    expect(device.running).toBe(2);
    expect(await look()).toMatchObject({ firmware_updates_forced: true });
  });
});

describe('faults', () => {
  it('break a transfer off, and the next handshake tries again', async () => {
    const { cloud, device } = await start();
    cloud.fleet.spoil('transfer-fails', { version: 2, times: 2 });
    cloud.console.lock(device.id, 2, { flash: true });
    cloud.advance(5 * MINUTE_MS);
    expect(device.flashes.map(({ outcome }) => outcome)).toEqual(['failed', 'failed', 'delivered']);
    expect(device.running).toBe(2);
    expect(story(cloud)).toContain('1 spark/flash/status failed');
  });

  it('leave a device silent after a delivery that succeeded', async () => {
    const { cloud, device, look } = await start();
    cloud.fleet.spoil('never-returns');
    cloud.console.lock(device.id, 2, { flash: true });
    cloud.advance(30 * SECOND_MS);
    expect(story(cloud).at(-1)).toBe('1 spark/flash/status success ');
    expect(await look()).toMatchObject({ online: true, firmware_version: 1 });
    cloud.advance(MINUTE_MS);
    expect(await look()).toMatchObject({ online: false, firmware_version: 1 });
    cloud.advance(24 * HOUR_MS);
    expect(device.flashes).toHaveLength(1);
  });

  it('bring a device back with what it had, again and again', async () => {
    const { cloud, device, look } = await start();
    const stop = cloud.fleet.spoil('returns-with-old', { devices: [device.id] });
    cloud.console.lock(device.id, 2, { flash: true });
    cloud.advance(HOUR_MS);
    expect(device.flashes.length).toBeGreaterThan(100);
    expect(await look()).toMatchObject({ online: true, firmware_version: 1 });
    expect(story(cloud)).toContain('1 spark/device/last_reset update_error');
    stop();
    cloud.advance(MINUTE_MS);
    expect(device.running).toBe(2);
  });

  it('let a device report the new version and panic soon after', async () => {
    const { cloud, device, look } = await start();
    cloud.fleet.spoil({ kind: 'panics', times: 3 }, { version: 2 });
    cloud.console.lock(device.id, 2, { flash: true });
    cloud.advance(20 * SECOND_MS);
    expect(await look()).toMatchObject({ firmware_version: 2, status: 'normal' });
    cloud.advance(10 * MINUTE_MS);
    const panics = story(cloud).filter((line) => line.includes('panic, hard_fault'));
    expect(panics).toHaveLength(3);
    expect(device.flashes).toHaveLength(1);
  });

  it('end with another version', async () => {
    const { cloud, device } = await start();
    cloud.fleet.spoil('panics', { version: 2 });
    cloud.console.lock(device.id, 2, { flash: true });
    cloud.advance(5 * MINUTE_MS);
    cloud.console.lock(device.id, 1, { flash: true });
    cloud.advance(MINUTE_MS);
    const before = story(cloud).length;
    cloud.advance(HOUR_MS);
    expect(device.running).toBe(1);
    expect(story(cloud)).toHaveLength(before);
  });
});

describe('online', () => {
  it.each([
    [13, 46 * MINUTE_MS],
    [12, 50 * SECOND_MS],
  ])('stays so when a device of platform %d vanishes, for %d ms', async (platformId, ms) => {
    const { cloud, device, look } = await start({ platformId });
    device.powerOff();
    cloud.advance(ms - SECOND_MS);
    expect(await look()).toMatchObject({ online: true, connected: true });
    cloud.advance(SECOND_MS);
    expect(await look()).toMatchObject({ online: false, connected: false });
    expect(story(cloud)).toEqual(['1 spark/status offline']);
  });

  it('is no promise: a flash to a device that is gone fails, and comes when it is back', async () => {
    const { cloud, api, device } = await start({ platformId: 13 });
    device.powerOff();
    await api.put(`/devices/${device.id}`, { desired_firmware_version: 2, flash: true });
    expect((await api.put(`/devices/${device.id}/ping`, {})).json).toEqual({
      online: false,
      ok: true,
    });
    cloud.advance(20 * MINUTE_MS);
    expect(device.flashes.map(({ outcome }) => outcome)).toEqual(['failed']);
    device.powerOn();
    cloud.advance(MINUTE_MS);
    expect(device.running).toBe(2);
  });

  it('comes and goes with devices that sleep', async () => {
    const behaviour = {
      sleep: { awakeMs: 30 * SECOND_MS, asleepMs: HOUR_MS },
      offlineNoticeMs: 10 * SECOND_MS,
    };
    const { cloud, device, look } = await start({ devices: [{ behaviour }] });
    cloud.console.lock(device.id, 2);
    cloud.advance(2 * HOUR_MS);
    expect(device.running).toBe(2);
    const isOnline = new Set<unknown>();
    for (let minute = 0; minute < 120; minute += 1) {
      cloud.advance(MINUTE_MS / 2);
      isOnline.add((await look())['online']);
    }
    expect(isOnline).toEqual(new Set([true, false]));
    expect(story(cloud)).toContain('2 spark/device/last_reset power_management');
  });

  it('is kept up by traffic, which is seen only when one device is asked for', async () => {
    const { cloud, look } = await start();
    const before = String((await look())['last_heard']);
    cloud.advance(HOUR_MS);
    const after = String((await look())['last_heard']);
    expect(Date.parse(after) - Date.parse(before)).toBeGreaterThan(HOUR_MS - MINUTE_MS);
  });

  it('is renewed by devices that reconnect from time to time', async () => {
    const behaviour = { reconnectEveryMs: HOUR_MS };
    const { cloud, device } = await start({ devices: [{ behaviour }] });
    cloud.console.lock(device.id, 2);
    cloud.advance(2 * HOUR_MS);
    expect(device.running).toBe(2);
  });
});

describe('time', () => {
  it('tells the same story twice from one seed, and another from another', async () => {
    const tell = async (seed: number) => {
      const { cloud } = await start({ seed, devices: 20 });
      cloud.fleet.spoil('transfer-fails', { times: 7 });
      cloud.console.lock(cloud.fleet.at(3).id, 2, { flash: true });
      cloud.advance(5 * MINUTE_MS);
      cloud.console.release(2);
      cloud.advance(10 * MINUTE_MS);
      expect(cloud.fleet.running()).toEqual({ 2: 20 });
      return cloud.events.map(({ name, publishedAt }) => `${publishedAt} ${name}`);
    };
    const first = await tell(1);
    expect(await tell(1)).toEqual(first);
    expect(await tell(2)).not.toEqual(first);
  });

  it('may be real', async () => {
    const timings = { startMs: 1, bytesPerSecond: 1e9, rebootMs: 5, healthMs: 1 };
    const { cloud, device } = await start({ time: realTime, timings });
    cloud.console.lock(device.id, 2, { flash: true });
    await expect.poll(() => device.record.reportedVersion).toBe(2);
    expect(() => {
      cloud.advance(1);
    }).toThrow('cannot be advanced');
  });

  it('runs what is due in order, each at its own time', () => {
    const time = createVirtualTime(0);
    const seen: string[] = [];
    const note = (name: string) => () => seen.push(`${name} at ${time.now()}`);
    time.after(30, note('late'));
    time.after(10, () => {
      note('early')();
      time.after(5, note('nested'));
      time.after(0, note('now'));
    });
    const cancel = time.after(12, note('never'));
    time.after(10, note('second'));
    cancel();
    expect(time.nextAt()).toBe(10);
    time.advance(20);
    expect(seen).toEqual(['early at 10', 'second at 10', 'now at 10', 'nested at 15']);
    expect(time.now()).toBe(20);
    time.advance(10);
    expect(seen.at(-1)).toBe('late at 30');
    expect(time.nextAt()).toBe(Infinity);
  });
});
