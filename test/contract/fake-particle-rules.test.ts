// The rules of the fake Particle cloud: who may do what, what a release asks for and does, how lists and groups behave.
// Held to the documented behaviour of the real one; Particle's own client is in `fake-particle.test.ts`.

import { afterEach, describe, expect, it } from 'vitest';

import { startParticleCloud } from '../../controller/simulator/particle/particle-cloud.ts';
import type {
  ParticleCloud,
  ParticleCloudOptions,
} from '../../controller/simulator/particle/particle-cloud.ts';
import { buildParticleModule } from '../support/firmware-images.ts';
import { particleClient } from '../support/particle-client.ts';

const MINUTE_MS = 60_000;

const clouds: ParticleCloud[] = [];

afterEach(async () => {
  for (const cloud of clouds.splice(0)) await cloud.close();
});

async function start(options?: ParticleCloudOptions) {
  const cloud = await startParticleCloud(options);
  clouds.push(cloud);
  return { cloud, api: particleClient(cloud), ids: cloud.fleet.ids };
}

function uploadForm(version: number, compiledIn = version, part = 'file'): FormData {
  const bytes = buildParticleModule({ productId: 12, version: compiledIn, platformId: 12 });
  const form = new FormData();
  form.append(part, new Blob([new Uint8Array(bytes)]), 'app.bin');
  form.append('version', String(version));
  form.append('title', `Version ${version}`);
  return form;
}

interface Listed {
  readonly devices: readonly Readonly<Record<string, unknown>>[];
  readonly meta: { readonly total_pages: number };
}

describe('tokens', () => {
  it('are asked for with 400, and 401 where they have ended', async () => {
    const { cloud, api } = await start();
    expect(await particleClient(cloud, { token: null }).get('/firmware')).toMatchObject({
      status: 400,
      json: { error: 'invalid_request', error_description: 'The access token was not found' },
    });
    cloud.tokens.expire(cloud.token);
    expect(await api.get('/firmware')).toMatchObject({
      status: 401,
      json: { error_description: 'The access token provided has expired.' },
    });
  });

  it('may come in the query, as they once did', async () => {
    const { cloud } = await start();
    const client = particleClient(cloud, { token: null });
    expect((await client.get(`/firmware?access_token=${cloud.token}`)).status).toBe(200);
  });

  it('need the scope of the route, which the reply names', async () => {
    const { cloud, api } = await start();
    expect((await api.get('/devices')).headers.get('x-requested-scope')).toBe('devices:list');
    cloud.tokens.narrow(cloud.token, ['devices:list']);
    expect((await api.get('/devices')).status).toBe(403);
    expect((await api.get('/firmware')).status).toBe(200);
  });

  it('of an API user are replaced when its scopes change', async () => {
    const { cloud } = await start();
    const old = cloud.token;
    const { username } = cloud.apiUser.actor;
    const person = particleClient(cloud, { token: cloud.tokens.issueUserToken('rosa').token });
    const { json } = await person.put(`/team/${username}`, { scopes: ['firmware:list'] });
    expect(json).toMatchObject({ created: { tokens: [{ token: cloud.token }] } });
    expect(cloud.token).not.toBe(old);
    expect((await particleClient(cloud, { token: old }).get('/firmware')).status).toBe(401);
    expect((await particleClient(cloud).get('/devices')).status).toBe(403);
    await person.put(`/team/${username}/token`, {});
    expect((await particleClient(cloud).get('/firmware')).status).toBe(200);
  });

  it('of one product are of no use at another', async () => {
    const { cloud } = await start();
    const other = cloud.addProduct({ productId: 40_404 });
    const foreign = particleClient(cloud, { product: 40_404 });
    expect((await foreign.get('/devices')).status).toBe(403);
    const own = particleClient(cloud, { product: 40_404, token: other.apiUser.token });
    expect((await own.get('/devices')).status).toBe(200);
    expect((await own.get(`/devices/${cloud.fleet.at(0).id}`)).status).toBe(403);
  });

  it('are made for new API users', async () => {
    const { cloud } = await start();
    const person = particleClient(cloud, { token: cloud.tokens.issueUserToken('rosa').token });
    const { json } = await person.post('/team', {
      friendly_name: 'Reader',
      scopes: ['devices:list'],
    });
    const { created } = json as { created: { username: string; tokens: { token: string }[] } };
    expect(created.username).toMatch(/^reader\+\w+@api\.particle\.io$/);
    const reader = particleClient(cloud, { token: created.tokens[0]?.token ?? '' });
    expect((await reader.get('/devices')).status).toBe(200);
    expect((await reader.get('/firmware')).status).toBe(403);
  });
});

describe('rate limits', () => {
  it('refuse what is over the budget until time has passed', async () => {
    const { cloud, api } = await start({ budgets: { calls: 3 } });
    const statuses = [];
    for (let call = 0; call < 4; call += 1) statuses.push((await api.get('/firmware')).status);
    expect(statuses).toEqual([200, 200, 200, 429]);
    cloud.advance(5 * MINUTE_MS);
    expect((await api.get('/firmware')).status).toBe(200);
    expect(cloud.limits.spent('calls')).toBe(1);
  });

  it('say when to come back only where they are told to', async () => {
    const { api } = await start({ budgets: { calls: 0 }, quirks: { retryAfterS: 7 } });
    expect((await api.get('/firmware')).headers.get('retry-after')).toBe('7');
    const silent = await start({ budgets: { calls: 0 } });
    expect((await silent.api.get('/firmware')).headers.get('retry-after')).toBeNull();
  });

  it('block sign-ins for half an hour after ten failures in a row', async () => {
    const { cloud } = await start();
    const client = particleClient(cloud, { token: null });
    const form = () =>
      new URLSearchParams({
        grant_type: 'password',
        client_id: 'particle',
        client_secret: 'particle',
        username: 'rosa',
        password: 'guess',
      });
    const send = async () => (await client.post('/oauth/token', form())).status;
    for (let attempt = 0; attempt < 10; attempt += 1) expect(await send()).toBe(400);
    expect(await send()).toBe(429);
    cloud.advance(29 * MINUTE_MS);
    expect(await send()).toBe(429);
    cloud.advance(MINUTE_MS);
    expect(await send()).toBe(400);
  });
});

describe('an upload', () => {
  it('is taken under either name of its part, and once per version', async () => {
    const { api } = await start();
    expect((await api.post('/firmware', uploadForm(2))).status).toBe(201);
    expect((await api.post('/firmware', uploadForm(3, 3, 'binary'))).status).toBe(201);
    expect(await api.post('/firmware', uploadForm(3))).toMatchObject({
      status: 400,
      json: { error: 'invalid_request', error_description: 'Firmware version already exists' },
    });
  });

  it('may name another version than its binary, unless the fake is told to look', async () => {
    const { api } = await start();
    expect((await api.post('/firmware', uploadForm(2, 7))).status).toBe(201);
    const strict = await start({ quirks: { isUploadChecked: true } });
    expect((await strict.api.post('/firmware', uploadForm(2, 7))).status).toBe(400);
  });

  it('can be taken back until it is released, and made again', async () => {
    const { cloud, api } = await start();
    await api.post('/firmware', uploadForm(2));
    expect((await api.delete('/firmware/2')).status).toBe(204);
    expect((await api.get('/firmware/2')).status).toBe(404);
    expect((await api.post('/firmware', uploadForm(2))).status).toBe(201);
    expect((await api.delete('/firmware/1')).status).toBe(400);
    expect(cloud.events.map(({ name, data }) => `${name} ${data}`)).toEqual([
      'particle/firmware/create {"version":"2"}',
      'particle/firmware/create {"version":"2"}',
    ]);
  });
});

describe('a release', () => {
  const TWO = [{ version: 1, isDefault: true }, { version: 2 }];

  it('waits until a device has come back with the version', async () => {
    const { cloud, api, ids } = await start({ firmware: TWO });
    const release = async () =>
      (await api.put('/firmware/release', { version: 2, product_default: true, groups: [] }))
        .status;
    expect(await release()).toBe(400);
    await api.put(`/devices/${ids[0]}`, { desired_firmware_version: 2, flash: true });
    cloud.advance(3_000);
    expect(cloud.fleet.flashes.map(({ outcome }) => outcome)).toEqual(['delivered']);
    expect(await release()).toBe(400);
    cloud.advance(10_000);
    expect(await release()).toBe(200);
  });

  it('of a version that once was released is not asked again', async () => {
    const { cloud, api } = await start({ firmware: TWO, devices: [{ runs: 2 }, { runs: 2 }] });
    expect(cloud.fleet.running()).toEqual({ 2: 2 });
    const back = await api.put('/firmware/release', { version: 1, product_default: true });
    expect(back.status).toBe(200);
  });

  it('takes the place of all targets that the version had', async () => {
    const { cloud, api } = await start({
      firmware: [{ version: 1, isDefault: true, groups: ['alpha', 'beta'] }],
      groups: ['gamma'],
    });
    await api.put('/firmware/release', { version: 1, product_default: false, groups: ['gamma'] });
    expect((await api.get('/firmware/1')).json).toMatchObject({
      product_default: false,
      current: false,
      groups: ['gamma'],
    });
    expect(cloud.product.defaultVersion).toBeNull();
    expect((await api.get('/groups')).json).toEqual({
      groups: [{ name: 'gamma', fw_version: 1 }, { name: 'alpha' }, { name: 'beta' }],
    });
  });

  it('takes a group from the version that held it', async () => {
    const { api } = await start({
      firmware: [{ version: 1, groups: ['beta'] }, { version: 2 }],
      devices: [{ runs: 1 }, { runs: 2 }],
    });
    await api.put('/firmware/release', { version: 2, product_default: false, groups: ['beta'] });
    expect((await api.get('/firmware/1')).json).toMatchObject({ groups: [] });
    expect((await api.get('/groups/beta')).json).toEqual({
      group: { name: 'beta', fw_version: 2, device_count: 0 },
    });
  });

  it('to several groups leaves a device with the highest, also when one goes back', async () => {
    const { cloud, api } = await start({
      firmware: [
        { version: 1, isDefault: true },
        { version: 2, groups: ['alpha', 'beta'] },
      ],
      devices: [
        { runs: 2, groups: ['alpha', 'beta'] },
        { runs: 2, groups: ['alpha'] },
      ],
    });
    await api.put('/firmware/release', {
      version: 1,
      product_default: true,
      groups: ['alpha'],
      intelligent: true,
    });
    cloud.advance(MINUTE_MS);
    expect(cloud.fleet.devices.map(({ running }) => running)).toEqual([2, 1]);
    await api.put('/firmware/release', {
      version: 1,
      product_default: true,
      groups: ['alpha', 'beta'],
      intelligent: true,
    });
    cloud.advance(MINUTE_MS);
    expect(cloud.fleet.devices.map(({ running }) => running)).toEqual([1, 1]);
  });

  it('reaches online devices at once when it is intelligent, else at their next handshake', async () => {
    const { cloud, api } = await start({ firmware: TWO, devices: [{ runs: 2 }, {}, {}] });
    await api.put('/firmware/release', { version: 2, product_default: true });
    cloud.advance(60 * MINUTE_MS);
    expect(cloud.fleet.running()).toEqual({ 1: 2, 2: 1 });
    cloud.fleet.at(1).handshake();
    cloud.advance(MINUTE_MS);
    expect(cloud.fleet.running()).toEqual({ 1: 1, 2: 2 });
    await api.put('/firmware/release', { version: 2, product_default: true, intelligent: true });
    cloud.advance(MINUTE_MS);
    expect(cloud.fleet.running()).toEqual({ 2: 3 });
    expect(cloud.events.filter(({ name }) => name === 'particle/firmware/release')).toMatchObject([
      { data: '{"immediate":false,"version":2}', coreId: 'api', userId: cloud.apiUser.actor.id },
      { data: '{"immediate":true,"version":2}' },
    ]);
  });

  it('can be tried out beforehand', async () => {
    const { api } = await start({
      firmware: TWO,
      devices: [{}, { groups: ['beta'] }, { groups: ['beta'] }, { groups: ['beta'], lock: 1 }],
    });
    const ask = async (more: string) =>
      (await api.get(`/impact?action=edit_groups_for_firmware&firmware_version=2&${more}`)).json;
    expect(await ask('groups=beta&product_default=false')).toEqual({
      devices: { firmware_update: { total: 2, by_version: [{ version: 2, total: 2 }] } },
    });
    expect(await ask('groups=&product_default=true')).toMatchObject({
      devices: { firmware_update: { total: 3 } },
    });
    expect((await api.get('/firmware/2')).json).toMatchObject({ groups: [] });
  });
});

describe('lists of devices', () => {
  it('leave out what only a look at one device shows', async () => {
    const { api, ids } = await start();
    const { devices } = (await api.get('/devices')).json as Listed;
    const one = (await api.get(`/devices/${ids[0]}`)).json as object;
    const extra = ['connected', 'last_heard', 'status', 'assets'];
    for (const field of [...extra, 'firmware_updates_enabled', 'firmware_updates_forced']) {
      expect(one).toHaveProperty(field);
      for (const device of devices) expect(device).not.toHaveProperty(field);
    }
  });

  it('write locks as numbers and as text, and their absence as null and not at all', async () => {
    const { cloud, api, ids } = await start({ devices: 30 });
    for (const id of ids.slice(0, 15)) cloud.console.lock(id, 1);
    const { devices } = (await api.get('/devices?perPage=100')).json as Listed;
    const kinds = new Set(
      devices.map(({ desired_firmware_version: lock }) => (lock === null ? 'null' : typeof lock)),
    );
    expect(kinds).toEqual(new Set(['number', 'string', 'null', 'undefined']));
  });

  it('have no version of a device that was never heard', async () => {
    const { api } = await start({ devices: [{ runs: null }] });
    const { devices } = (await api.get('/devices')).json as Listed;
    expect(devices[0]).not.toHaveProperty('firmware_version');
    expect(devices[0]).toMatchObject({ online: false, last_handshake_at: null });
  });

  it('shift while they are read, unless they are sorted by id', async () => {
    const { cloud, api, ids } = await start({ devices: 40 });
    const read = async (order: string) => {
      const seen: unknown[] = [];
      for (const page of [1, 2]) {
        const { json } = await api.get(`/devices?page=${page}&perPage=20${order}`);
        seen.push(...(json as Listed).devices.map(({ id }) => id));
        // The device that was to come last comes first now.
        const [last] = cloud.fleet.devices.toSorted(
          (one, other) => (one.record.handshakeAt ?? 0) - (other.record.handshakeAt ?? 0),
        );
        last?.handshake();
      }
      return new Set(seen).size;
    };
    expect(await read('')).toBe(39);
    expect(await read('&sortAttr=deviceId&sortDir=asc')).toBe(ids.length);
    cloud.trouble.arePagesShifting = true;
    expect(await read('')).toBeLessThan(39);
    expect(await read('&sortAttr=deviceId&sortDir=desc')).toBe(ids.length);
  });

  it('lose devices between pages', async () => {
    const { cloud, api } = await start({ devices: 6 });
    cloud.trouble.callBefore(
      'GET *devices',
      (query) => {
        if (query.get('page') === '2')
          cloud.console.removeDevice([...cloud.fleet.ids].sort()[0] ?? '');
      },
      2,
    );
    const seen: unknown[] = [];
    for (const page of [1, 2]) {
      const { json } = await api.get(`/devices?perPage=3&sortAttr=deviceId&page=${page}`);
      seen.push(...(json as Listed).devices.map(({ id }) => id));
    }
    // One is gone, and another was missed because all moved up.
    expect(seen).toHaveLength(5);
    expect(cloud.fleet.ids).toHaveLength(5);
    expect(cloud.fleet.ids.filter((id) => !seen.includes(id))).toHaveLength(1);
  });

  it('take either name for the size of a page, and cut it down', async () => {
    const { api } = await start({ devices: 30, quirks: { pageSizeMax: 10 } });
    const lengthOf = async (query: string) =>
      ((await api.get(`/devices?${query}`)).json as Listed).devices.length;
    expect(await lengthOf('perPage=4')).toBe(4);
    expect(await lengthOf('per_page=5')).toBe(5);
    expect(await lengthOf('perPage=25')).toBe(10);
    expect((await api.get('/devices?perPage=none')).status).toBe(400);
    expect((await api.get('/devices?sortAttr=colour')).status).toBe(400);
  });

  it('find by parts of names, and show quarantine only when asked', async () => {
    const { api, ids } = await start({
      devices: [{ name: 'kitchen-1' }, { name: 'hall-1' }, { isQuarantined: true }],
    });
    const idsOf = async (query: string) =>
      ((await api.get(`/devices?${query}`)).json as Listed).devices.map(({ id }) => id);
    expect(await idsOf('deviceName=KITCH')).toEqual([ids[0]]);
    expect(await idsOf(`deviceId=${ids[1]?.slice(8)}`)).toEqual([ids[1]]);
    expect(await idsOf('quarantined=true')).toEqual([ids[2]]);
    expect(await idsOf('')).toHaveLength(2);
  });
});

describe('groups', () => {
  it('are made, edited and removed, and their devices leave them', async () => {
    const { api, ids } = await start();
    const made = await api.post('/groups', { name: 'beta', color: '#ff0000' });
    expect(made).toMatchObject({ status: 201, json: { group: { name: 'beta' } } });
    const again = await api.post('/groups', { name: 'beta' });
    expect(again.text).toContain('already exists');
    expect((await api.post('/groups', { name: 'No Such' })).status).toBe(400);
    expect((await api.put('/groups/beta', { description: 'try' })).status).toBe(200);
    await api.put(`/devices/${ids[0]}`, { groups: ['beta', 'new-one'] });
    expect((await api.get('/groups/beta')).json).toEqual({
      group: { name: 'beta', description: 'try', color: '#ff0000', device_count: 1 },
    });
    expect((await api.delete('/groups/beta')).status).toBe(204);
    expect((await api.get(`/devices/${ids[0]}`)).json).toMatchObject({ groups: ['new-one'] });
    expect((await api.get('/groups/beta')).status).toBe(404);
  });

  it('are filled and emptied for many devices in one call', async () => {
    const { cloud, api, ids } = await start({ quirks: { batchSizeMax: 3 } });
    const change = (devices: readonly string[], metadata: object) =>
      api.put('/devices', { action: 'groups', devices, metadata });
    expect((await change(ids, { add: ['beta', 'hall'] })).json).toEqual({ ok: true });
    await change(ids.slice(0, 2), { remove: ['beta'] });
    expect(cloud.fleet.devices.map(({ record }) => record.groups)).toEqual([
      ['hall'],
      ['hall'],
      ['beta', 'hall'],
    ]);
    expect((await change([...ids, ...ids], { add: ['x'] })).status).toBe(400);
    expect((await change(['e00fce680000000000000000'], { add: ['x'] })).status).toBe(403);
  });

  it.each([
    ['at-once', 2],
    ['at-handshake', 1],
  ] as const)('bring a device to their version (%s)', async (changesTakeEffect, running) => {
    const { cloud, api, ids } = await start({
      firmware: [
        { version: 1, isDefault: true },
        { version: 2, groups: ['beta'] },
      ],
      quirks: { changesTakeEffect },
    });
    await api.put(`/devices/${ids[0]}`, { groups: ['beta'] });
    cloud.advance(MINUTE_MS);
    expect(cloud.fleet.at(0).running).toBe(running);
    cloud.fleet.at(0).handshake();
    cloud.advance(MINUTE_MS);
    expect(cloud.fleet.running()).toEqual({ 1: 2, 2: 1 });
  });
});

describe('locks', () => {
  it('to a version that nobody has filed are refused, or kept without effect', async () => {
    const { api, ids } = await start();
    const lock = { desired_firmware_version: 9, flash: true };
    expect((await api.put(`/devices/${ids[0]}`, lock)).status).toBe(404);
    const lax = await start({ quirks: { lockToUnknownVersion: 'store' } });
    expect((await lax.api.put(`/devices/${lax.ids[0]}`, lock)).status).toBe(200);
    lax.cloud.advance(MINUTE_MS);
    expect(lax.cloud.fleet.flashes).toEqual([]);
  });

  it('are shown as what the device is meant to run', async () => {
    const { cloud, api, ids } = await start({ quirks: { areDocumentsUneven: false } });
    expect((await api.get(`/devices/${ids[0]}`)).json).toMatchObject({
      desired_firmware_version: null,
      targeted_firmware_release_version: null,
    });
    cloud.console.lock(ids[0] ?? '', 1);
    expect((await api.get(`/devices/${ids[0]}`)).json).toMatchObject({
      desired_firmware_version: 1,
      targeted_firmware_release_version: 1,
    });
  });
});

describe('the console', () => {
  it('changes the product behind the back of whoever is at the API', async () => {
    const { cloud, api, ids } = await start();
    const [first = '', second = ''] = ids;
    const finn = cloud.console.as('finn@example.com');
    finn.upload(5);
    finn.lock(first, 5, { flash: true });
    cloud.advance(MINUTE_MS);
    finn.release(5, { groups: [], isDefault: true, isIntelligent: false });
    finn.markDevelopment(second);
    finn.createGroup('odd');
    finn.setGroups(first, ['odd']);
    expect((await api.get('/firmware/5')).json).toMatchObject({
      uploaded_by: { username: 'finn@example.com' },
      product_default: true,
    });
    expect((await api.get(`/devices/${second}`)).json).toMatchObject({ development: true });
    const about = cloud.events.filter(({ coreId }) => coreId === 'api');
    expect(about.map(({ userId }) => userId)).toEqual([finn.actor.id, finn.actor.id]);
    finn.flash(second, buildParticleModule({ productId: 12, version: 99, platformId: 12 }));
    cloud.advance(MINUTE_MS);
    expect(cloud.fleet.device(second).running).toBe(99);
  });
});

describe('quarantine', () => {
  const strange = (version: number) => ({
    version,
    bytes: buildParticleModule({
      productId: 555,
      version,
      platformId: 12,
      systemDependency: 3103,
    }),
  });

  it('holds a device of old Device OS that reports another product, until it is approved', async () => {
    const { cloud, api, ids } = await start({
      firmware: [strange(1), { version: 2, isDefault: true, systemDependency: 3103 }],
      devices: [{ runs: 1, system: 3103 }],
      quirks: { changesTakeEffect: 'at-once' },
    });
    cloud.fleet.at(0).handshake();
    cloud.advance(MINUTE_MS);
    expect((await api.get(`/devices/${ids[0]}`)).json).toMatchObject({
      quarantined: true,
      firmware_product_id: 555,
    });
    expect(cloud.fleet.flashes).toEqual([]);
    const approved = await api.post('/devices', { ids });
    expect(approved.json).toMatchObject({ updated: 1, updatedDeviceIds: ids });
    cloud.advance(MINUTE_MS);
    expect(cloud.fleet.running()).toEqual({ 2: 1 });
  });

  it('has nothing to say of a device on Device OS 4, which reports its platform', async () => {
    const { cloud, api, ids } = await start({ firmware: [strange(1)], devices: [{ runs: 1 }] });
    cloud.fleet.at(0).handshake();
    expect((await api.get(`/devices/${ids[0]}`)).json).toMatchObject({
      quarantined: false,
      firmware_product_id: 12,
    });
  });

  it('ends in a denial that stays', async () => {
    const { cloud, api, ids } = await start({ devices: [{ isQuarantined: true }] });
    expect((await api.delete(`/devices/${ids[0]}`, { deny: true })).status).toBe(204);
    cloud.fleet.at(0).handshake();
    cloud.advance(MINUTE_MS);
    expect((await api.get(`/devices/${ids[0]}`)).json).toMatchObject({
      quarantined: false,
      denied: true,
    });
    expect(cloud.fleet.flashes).toEqual([]);
  });
});
