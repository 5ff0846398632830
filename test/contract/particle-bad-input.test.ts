// Whatever Particle answers, and whatever happens between two of its answers: no device is flashed that should not be,
// and once the trouble is over the fleet gets where the manifests want it.

import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { PAGE_SIZE } from '../../controller/fleets/particle/client.ts';
import type { Mood } from '../../controller/simulator/particle/trouble.ts';
import type { ManagedCloud } from '../support/particle/managed-cloud.ts';
import { startManagedCloud } from '../support/particle/managed-cloud.ts';

const FIRMWARE = [{ version: 41 }, { version: 42 }];
const SEEDS = [
  { version: 41, isDefault: true },
  { version: 42, groups: ['seed'] },
  { version: 43, groups: ['seed'] },
];
const COUNT = 60;

let managed: ManagedCloud;
beforeEach(async () => {
  managed = await startManagedCloud({
    devices: Array.from({ length: COUNT }, () => ({ runs: 41 })),
    firmware: SEEDS,
    driver: { timeLimitMs: 300 },
  });
});
afterEach(() => managed.close());

const flashes = (): number => managed.cloud.fleet.flashes.length;

/** A round, whatever comes of it; the code of its failure. */
async function tryRound(): Promise<string | null> {
  const made = await managed.driver.round('thermostat');
  return made.ok ? null : made.error.code;
}

describe('a token', () => {
  it('that has expired calls a person, and shows no empty fleet', async () => {
    await managed.inForce({ firmware: FIRMWARE, release: 41 });
    managed.cloud.tokens.expire(managed.cloud.token);
    expect(await tryRound()).toBe('ParticleUnauthorized');
    const observed = await managed.driver.observe('thermostat', new Set());
    expect(observed).toMatchObject({ ok: false, error: { disposition: 'stall' } });
    expect(JSON.stringify(observed)).not.toContain(managed.cloud.token);
    expect(managed.lines.join()).not.toContain(managed.cloud.token);
  });

  it('that lacks scopes is told by their names, before anything is touched', async () => {
    managed.cloud.tokens.narrow(managed.cloud.token, ['firmware:release', 'devices:update']);
    await expect(managed.inForce({ firmware: FIRMWARE, release: 42 })).rejects.toThrow(
      'The token lacks the scopes devices:update, firmware:release',
    );
    expect(managed.changes()).toEqual([]);
    managed.cloud.tokens.changeScopes(managed.cloud.apiUser.actor.username, []);
    expect(await tryRound()).toBe('ParticleUnauthorized');
  });

  it('that may not use groups still releases to everyone, and says that nothing else is possible', async () => {
    managed.cloud.tokens.narrow(managed.cloud.token, ['groups:list', 'groups:create']);
    await managed.inForce({ firmware: FIRMWARE, release: 42 });
    expect(managed.cloud.product.defaultVersion).toBe(42);
    expect(managed.lines.join()).toContain('lacks groups:list and groups:create');
    expect((await managed.observe()).reading?.lacking).toEqual(['groups:list', 'groups:create']);
    expect(managed.changes().filter((call) => call.includes('/groups'))).toEqual([]);
  });

  it('that may not delete groups empties them instead', async () => {
    managed.cloud.tokens.narrow(managed.cloud.token, ['groups:remove']);
    await managed.inForce(
      { firmware: FIRMWARE, release: 42 },
      { tracks: { '': { base: 41, limit: 5_000 } } },
    );
    expect(managed.lines.join()).toContain('lacks the scope groups:remove');
    await managed.inForce({ firmware: FIRMWARE, release: 41 });
    const members = [...managed.cloud.product.devices.values()].flatMap(({ groups }) => groups);
    expect(members).toEqual([]);
    expect(managed.cloud.product.groups.has('lockstep-v42')).toBe(true);
  });

  it('that was not given is asked for by its variable', async () => {
    managed = await managed.restart({ token: null });
    await expect(managed.inForce({ firmware: FIRMWARE })).rejects.toThrow(
      'LOCKSTEP_PARTICLE_TOKEN',
    );
  });
});

describe('a product', () => {
  it('of another platform than the manifest names is left alone', async () => {
    const desired = managed.adapt(
      await managed.inForce({ firmware: FIRMWARE, release: 41 }).then((each) => each),
    );
    if (desired.config === null) throw new Error('no product');
    const config = { ...desired.config, spec: { ...desired.config.spec, platform: 'boron' } };
    await managed.prepare({ ...desired, config });
    const enforced = await managed.driver.enforce({ ...desired, config });
    expect(enforced).toMatchObject({ ok: false, error: { code: 'ParticlePlatformDiffers' } });
  });

  it('that Particle does not know is told as that', async () => {
    await expect(
      managed.inForce({ firmware: FIRMWARE, particle: { product: 'nobodys' } }),
    ).rejects.toThrow('Check `fleet.product` and the scopes of the API user.');
  });

  it('with firmware under numbers that no device can report is managed all the same, and that is said', async () => {
    for (const version of [0, 65_535]) {
      managed.cloud.console.upload(version, { bytes: managed.binaryOf(42) });
    }
    await managed.inForce({ firmware: FIRMWARE, release: 42 });
    await managed.pass(300_000);
    expect(managed.cloud.fleet.running()).toEqual({ 42: COUNT });
    expect((await managed.observe()).reading?.remarks).toContainEqual({
      reason: 'FirmwareUnfit',
      message: 'Particle holds firmware under numbers that no device can report: 65535, 0.',
    });
  });

  it('with another binary under a number never gets that released', async () => {
    managed.cloud.console.upload(44, { bytes: managed.binaryOf(42) });
    const desired = managed.adapt(
      (await import('../support/tracks.ts')).releaseAll(
        (await import('../support/desired.ts')).buildDesired({
          firmware: [{ version: 41 }, { version: 44 }],
          release: 44,
        }),
      ),
    );
    const other = managed.binaryOf(43);
    const sha256 = (await import('../support/particle/managed-cloud.ts')).digestOf(other);
    const firmware = desired.firmware.map((each) =>
      each.spec.version === 44
        ? { ...each, spec: { ...each.spec, binary: { ...each.spec.binary, sha256 } } }
        : each,
    );
    await managed.prepare({ ...desired, firmware });
    expect((await managed.driver.enforce({ ...desired, firmware })).ok).toBe(true);
    expect(managed.cloud.product.defaultVersion).toBe(41);
    const { reading } = await managed.observe();
    expect(reading?.remarks).toContainEqual({
      reason: 'FirmwareDiffers',
      message: 'Particle holds another binary as version 44 than the manifest names.',
    });
  });
});

describe('an answer that is none', () => {
  const moods: readonly Mood[] = [
    'unavailable',
    'device-service',
    'unreachable',
    'too-many',
    'forbidden',
    'html',
    'html-ok',
    'ok-false',
    'empty',
    'nonsense',
    'cut-before',
    'silent',
    'truncated',
    'cut',
    'cut-after',
    'html-after',
  ];

  it.each(moods)('(%s) flashes nobody, and all goes on after it', async (mood) => {
    await managed.inForce({ firmware: FIRMWARE, release: 41 });
    await managed.round();
    for (const pattern of ['GET *devices', 'GET *firmware', 'GET *groups', '*']) {
      const end = managed.cloud.trouble.disturb(mood, pattern);
      expect(await tryRound()).not.toBeNull();
      end();
    }
    expect(flashes()).toBe(0);
    expect(managed.changes()).toEqual([]);
    await managed.round();
    // And while something is to be changed.
    const end = managed.cloud.trouble.disturb(mood, /^(PUT|POST|DELETE) /, 3);
    await managed
      .inForce({ firmware: FIRMWARE, release: 42 }, { tracks: { '': { base: 41, limit: 5_000 } } })
      .catch(() => null);
    await tryRound();
    await tryRound();
    end();
    await managed.round();
    await managed.pass(300_000);
    const { groups } = managed.cloud.product;
    expect(groups.get('lockstep-v42')?.version).toBe(42);
    const running = managed.cloud.fleet.running();
    expect(running[42]).toBeGreaterThan(10);
    expect(running[41]).toBeGreaterThan(10);
    expect(flashes()).toBe(running[42]);
  });
});

describe('a field that goes wrong', () => {
  const fields = [
    'firmware_version',
    'desired_firmware_version',
    'online',
    'last_handshake_at',
    'groups',
    'product_default',
    'fw_version',
    'development',
    'total_pages',
    'version',
    'name',
    'id',
    'devices',
    'meta',
    'status',
  ];

  it.each(fields)('(%s) flashes nobody, and is got over', async (field) => {
    await managed.inForce({
      firmware: FIRMWARE,
      release: 41,
      groups: { bench: managed.cloud.fleet.ids.slice(0, 3) },
    });
    for (const how of ['missing', 'string', 'null', 'nonsense'] as const) {
      const end = managed.cloud.trouble.distort(field, how);
      await tryRound();
      await tryRound();
      managed.cloud.advance(60_000);
      end();
      await managed.round();
      expect(flashes()).toBe(0);
    }
    await managed.pass(120_000);
    expect(managed.cloud.fleet.running()).toEqual({ 41: COUNT });
    expect(managed.cloud.product.defaultVersion).toBe(41);
    expect((await managed.observe()).devices).toBe(COUNT);
  });
});

describe('a list that moves while it is read', () => {
  it('is read as a whole, whoever comes in between', async () => {
    await managed.inForce({ firmware: FIRMWARE, release: 41 });
    managed.cloud.trouble.callBefore(
      'GET *devices',
      (query) => {
        if (query.get('page') !== '2') return;
        for (const id of ['0'.repeat(24), `${'0'.repeat(23)}1`])
          managed.cloud.fleet.add({ id, runs: 41 });
      },
      2,
    );
    await managed.round();
    await managed.round();
    expect((await managed.observe()).devices).toBe(COUNT + 2);
  });

  it('misses nobody when a device vanishes from a page that was read', async () => {
    await managed.inForce({ firmware: FIRMWARE, release: 41 });
    const [first = ''] = managed.cloud.fleet.ids.toSorted();
    managed.cloud.trouble.callBefore(
      'GET *devices',
      (query) => {
        if (query.get('page') === '2' && managed.cloud.product.devices.has(first)) {
          managed.cloud.console.removeDevice(first);
        }
      },
      10,
    );
    await managed.round();
    await managed.pass(180_000);
    expect(flashes()).toBe(0);
    const live = await managed.observe();
    expect(live.devices).toBe(COUNT);
    expect(live.offline).toBe(1);
  });

  it('is sorted by id, so that the order of others does not matter', async () => {
    managed.cloud.trouble.arePagesShifting = true;
    await managed.inForce({ firmware: FIRMWARE, release: 41 });
    expect((await managed.observe()).devices).toBe(COUNT);
    const page = managed.cloud.calls.find(({ path }) => path.endsWith('/devices'));
    expect(page?.query).toBe(`?page=1&perPage=${PAGE_SIZE}&sortAttr=deviceId&sortDir=asc`);
  });

  it('that is empty all of a sudden is not believed', async () => {
    await managed.inForce({ firmware: FIRMWARE, release: 41 });
    for (const id of managed.cloud.fleet.ids) managed.cloud.console.removeDevice(id);
    expect(await tryRound()).toBe('ParticleEmpty');
    expect((await managed.observe()).devices).toBe(COUNT);
  });
});

describe('a device that is only said to be online', () => {
  it('meets no soak', async () => {
    const words = { firmware: FIRMWARE, release: 41, verification: { soakMs: 600_000 } };
    await managed.inForce(words, { verified: [41] });
    await managed.pass(180_000);
    const { fleet } = managed.cloud;
    const { id } = fleet.at(0);
    fleet.at(0).behave({ offlineNoticeMs: 46 * 60_000 });
    managed.cloud.product.devices.get(id)!.image = managed.cloud.product.firmware.get(42)!.image;
    managed.cloud.product.devices.get(id)!.filedVersion = 42;
    fleet.device(id).handshake();
    await managed.round();
    fleet.device(id).powerOff('late');
    await managed.pass(20 * 60_000);
    expect(managed.cloud.product.devices.get(id)?.isOnline).toBe(true);
    expect(await managed.store.evidence('thermostat')).toMatchObject([
      { version: 42, device: id, passedAt: null },
    ]);
  });
});

describe('somebody else at the same moment', () => {
  it('who releases another version is overruled at the next round', async () => {
    await managed.inForce({ firmware: FIRMWARE, release: 41 });
    managed.cloud.trouble.callAfter('GET *firmware', () => {
      managed.cloud.console.release(43, { isIntelligent: false });
    });
    await managed.round();
    await managed.round();
    expect(managed.cloud.product.defaultVersion).toBe(41);
    expect(flashes()).toBe(0);
  });

  it('who made the same group is no trouble', async () => {
    await managed.inForce({ firmware: FIRMWARE, release: 41 });
    managed.cloud.trouble.callBefore('POST *groups', () => {
      managed.cloud.console.createGroup('lockstep-v42');
    });
    await managed.inForce(
      { firmware: FIRMWARE, release: 42 },
      { tracks: { '': { base: 41, limit: 5_000 } } },
    );
    expect(managed.cloud.product.groups.get('lockstep-v42')?.version).toBe(42);
  });

  it('who keeps changing it back has his way after three rounds, and that is said', async () => {
    await managed.inForce({ firmware: FIRMWARE, release: 41 });
    await managed.round();
    for (let round = 0; round < 5; round += 1) {
      managed.cloud.console.release(43, { isIntelligent: false });
      await managed.round();
    }
    expect(managed.cloud.product.defaultVersion).toBe(43);
    const { reading } = await managed.observe();
    expect(JSON.stringify(reading?.remarks)).toContain('changed this back 3 times within a day');
  });

  it('who unlocks a looping device does not set it free', async () => {
    const failures = {
      version: 42,
      round: 420,
      count: 4,
      retryAt: null,
      lastAt: 0,
      lastMessage: '-',
    };
    await managed.inForce({ firmware: FIRMWARE, release: 41 });
    const { id } = managed.cloud.fleet.at(0);
    const before = await managed.device(id);
    await managed.store.saveDevice({ before, after: { ...before, failures } });
    await managed.inForce({ firmware: FIRMWARE, release: 42 });
    expect(managed.cloud.product.devices.get(id)?.lock).toBe(41);
    managed.cloud.console.unlock(id);
    await managed.round();
    expect(managed.cloud.product.devices.get(id)?.lock).toBe(41);
  });
});
