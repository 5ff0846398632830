// The fake Particle cloud, asked by the client that the real one has: particle-api-js, every method of it whose route the
// fake has. Replies are compared with the client's own types. What only the fake promises is in
// `fake-particle-rules.test.ts`.

import Particle from 'particle-api-js';
import { afterEach, describe, expect, it } from 'vitest';

import { startParticleCloud } from '../../controller/simulator/particle/particle-cloud.ts';
import type {
  ParticleCloud,
  ParticleCloudOptions,
} from '../../controller/simulator/particle/particle-cloud.ts';
import { PASSWORD } from '../../controller/simulator/particle/tokens.ts';
import { buildParticleModule } from '../support/firmware-images.ts';
import { expectShape } from '../support/shape.ts';
import type { Shape } from '../support/shape.ts';

/** What a method of the client says that the body of the reply is. */
type BodyOf<Name extends keyof Particle> = Particle[Name] extends (
  ...args: never
) => Promise<{ body: infer Body }>
  ? Body
  : never;

const PRODUCT = 30_301;
const NEW_ID = 'e00fce68aabbccddeeff0011';

/** Methods of the client whose routes the fake does not have, because a driver of product firmware has no use for them. */
const NOT_IN_THE_FAKE: readonly RegExp[] = [
  /^(?:sendOtp|enableMfa|confirmMfa|disableMfa|createCustomer|createUser|resetPassword|deleteUser)$/,
  /^(?:trackingIdentity|getUserInfo|setUserInfo|changeUsername|changeUserPassword)$/,
  /^(?:claimDevice|removeDeviceOwner|signalDevice|unprotectDevice|provisionDevice|getClaimCode)$/,
  /^(?:getVariable|callFunction|compileCode|sendPublicKey|downloadManufacturingBackup)$/,
  /Webhook|Integration|SIM|DataUsage|BuildTargets|Librar|OAuthClient|Configuration|Location/,
  /Logic|Ledger|DeviceOsVersion|EnvVar|^download(?:FirmwareBinary|File)$/,
  // Not requests of their own.
  /^(?:constructor|setContext|setDefaultAuth|setBaseUrl|deviceUri|client|request|head|patch|post|delete)$|^_/,
];

const DEVICE: Shape<BodyOf<'getDevice'>> = {
  id: ['string'],
  name: ['string', 'null'],
  // The type has it, what is known of the API has not.
  last_app: ['undefined'],
  last_heard: ['string', 'null'],
  last_handshake_at: ['string', 'null'],
  online: ['boolean'],
  connected: ['boolean'],
  platform_id: ['number'],
  cellular: ['boolean'],
  product_id: ['number'],
  functions: ['array'],
  variables: ['object'],
  firmware_version: ['number', 'undefined'],
  quarantined: ['boolean'],
  groups: ['array'],
  denied: ['boolean'],
  notes: ['string', 'null'],
};

/** Lists lack these, whatever the type says. */
const LISTED_DEVICE: typeof DEVICE = {
  ...DEVICE,
  last_heard: ['undefined'],
  connected: ['undefined'],
};

const FIRMWARE: Shape<BodyOf<'getProductFirmware'>> = {
  version: ['number'],
  title: ['string'],
  description: ['string'],
  size: ['number'],
  // Only in lists.
  device_count: ['undefined'],
  current: ['boolean'],
  // Recorded replies call it `uploaded_on`.
  uploaded_at: ['undefined'],
};

const PRODUCT_SHAPE: Shape<BodyOf<'getProduct'>['product']> = {
  id: ['number'],
  platform_id: ['number'],
  name: ['string'],
  slug: ['string'],
  description: ['string'],
  user: ['string', 'undefined'],
  org: ['string', 'undefined'],
  organization_id: ['string', 'undefined'],
  groups: ['array'],
  settings: ['object'],
  device_protection: ['string'],
};

const LOGIN: Shape<BodyOf<'login'>> = {
  token_type: ['string'],
  access_token: ['string'],
  expires_in: ['number'],
  refresh_token: ['string'],
};

const TRIED = new Set<string>();
const cleanups: (() => Promise<void> | void)[] = [];

afterEach(async () => {
  for (const clean of cleanups.splice(0).toReversed()) await clean();
});

async function start(options?: ParticleCloudOptions): Promise<ParticleCloud> {
  const cloud = await startParticleCloud(options);
  cleanups.push(() => cloud.close());
  return cloud;
}

/** The client, which notes down what it is asked for. Signed in as the API user, or as the person with that name. */
function clientOf(cloud: ParticleCloud, person?: string): Particle {
  const auth = person === undefined ? cloud.token : cloud.tokens.issueUserToken(person).token;
  return new Proxy(new Particle({ baseUrl: cloud.url, auth }), {
    get: (target, name, receiver) => {
      TRIED.add(String(name));
      return Reflect.get(target, name, receiver) as unknown;
    },
  });
}

/** What the client makes of a refusal. */
async function refusalOf(call: Promise<unknown>): Promise<{ statusCode: number; body: object }> {
  try {
    await call;
  } catch (error) {
    const { statusCode, body } = error as { statusCode: number; body: object & { response?: 0 } };
    const { response: _, ...rest } = body;
    return { statusCode, body: rest };
  }
  throw new Error('It was not refused.');
}

function idAt(cloud: ParticleCloud, index: number): string {
  return cloud.fleet.at(index).id;
}

describe('signing in', () => {
  it('gives a person a token for 90 days', async () => {
    const cloud = await start();
    const client = clientOf(cloud);
    const { body } = await client.login({ username: 'rosa@example.com', password: PASSWORD });
    expectShape(body, LOGIN);
    expect(body.access_token).toMatch(/^[0-9a-f]{40}$/);
    expect(body.expires_in).toBe(7_776_000);
    const { body: products } = await client.listProducts({ auth: body.access_token });
    expect(products.products.map(({ id }) => id)).toEqual([PRODUCT]);
  });

  it('refuses a wrong password as OAuth does', async () => {
    const cloud = await start();
    const call = clientOf(cloud).login({ username: 'rosa@example.com', password: 'guess' });
    expect(await refusalOf(call)).toEqual({
      statusCode: 400,
      body: { error: 'invalid_grant', error_description: 'User credentials are invalid' },
    });
  });

  it('lets a client act as its owner', async () => {
    const cloud = await start();
    const client = new Particle({ baseUrl: cloud.url, clientId: 'acme-1', clientSecret: 'secret' });
    TRIED.add('loginAsClientOwner');
    const { body } = await client.loginAsClientOwner();
    expectShape(body, LOGIN);
    expect(cloud.tokens.find(body.access_token)?.client).toBe('acme-1');
  });

  it('ends tokens one by one and all at once', async () => {
    const cloud = await start();
    const client = clientOf(cloud);
    const tokens = [1, 2, 3, 4].map(() => cloud.tokens.issueUserToken('rosa').token);
    const [first = '', second = '', third = '', fourth = ''] = tokens;
    expect((await client.deleteAccessToken({ token: first })).body).toEqual({ ok: true });
    expect((await client.deleteCurrentAccessToken({ auth: second })).body).toEqual({ ok: true });
    expect((await client.deleteActiveAccessTokens({ auth: third })).body).toEqual({ ok: true });
    for (const auth of tokens) {
      const { statusCode, body } = await refusalOf(client.listProducts({ auth }));
      expect([statusCode, body]).toEqual([
        401,
        {
          error: 'invalid_token',
          error_description: 'The access token provided is invalid.',
        },
      ]);
    }
    expect(cloud.tokens.find(fourth)).toBeUndefined();
  });

  it('tells a token what it may do', async () => {
    const cloud = await start({ scopes: ['devices:list', 'products:get'] });
    const client = clientOf(cloud);
    const { body } = await client.get({ uri: '/v1/access_tokens/current' });
    expect(body).toEqual({
      expires_at: null,
      client: expect.any(String) as string,
      scopes: ['devices:list', 'products:get'],
      orgs: [],
    });
  });
});

describe('the product', () => {
  it('is found by its number and by its slug', async () => {
    const cloud = await start();
    const client = clientOf(cloud);
    for (const product of [PRODUCT, String(PRODUCT), cloud.product.slug]) {
      const { body } = await client.getProduct({ product });
      expectShape(body.product, PRODUCT_SHAPE);
      expect(body.product.id).toBe(PRODUCT);
    }
    expect(await refusalOf(client.getProduct({ product: 1 }))).toEqual({
      statusCode: 404,
      body: { ok: false, error: 'Product not found.' },
    });
  });

  it('has a team, with its API users', async () => {
    const cloud = await start();
    const client = clientOf(cloud, 'rosa@example.com');
    await client.inviteTeamMember({ product: PRODUCT, username: 'finn@example.com' });
    const { body } = await client.listTeamMembers({ product: PRODUCT });
    const { team } = body as unknown as { team: { username: string; is_programmatic: boolean }[] };
    expect(team.map(({ is_programmatic: isProgrammatic }) => isProgrammatic)).toEqual([
      false,
      true,
    ]);
    const { username } = cloud.apiUser.actor;
    await client.removeTeamMember({ product: PRODUCT, username });
    const call = clientOf(cloud).getProduct({ product: PRODUCT });
    expect((await refusalOf(call)).statusCode).toBe(401);
  });
});

describe('firmware', () => {
  const image = (version: number) =>
    Buffer.from(buildParticleModule({ productId: 12, version, platformId: 12 }));

  it('is uploaded, listed, read, edited and downloaded', async () => {
    const cloud = await start();
    const client = clientOf(cloud);
    const file = image(42);
    const uploaded = await client.uploadProductFirmware({
      product: PRODUCT,
      file,
      version: 42,
      title: 'The answer',
      description: 'and more',
    });
    expect(uploaded.statusCode).toBe(201);
    expectShape(uploaded.body, FIRMWARE);
    expect(uploaded.body).toMatchObject({
      version: 42,
      title: 'The answer',
      description: 'and more',
      size: file.length,
      uploaded_by: { username: cloud.apiUser.actor.username },
    });

    const { body: list } = await client.listProductFirmware({ product: PRODUCT });
    for (const item of list) expectShape(item, { ...FIRMWARE, device_count: ['number'] });
    expect(list.map(({ version, device_count: count }) => [version, count])).toEqual([
      [42, 0],
      [1, 3],
    ]);

    const edited = await client.updateProductFirmware({
      product: PRODUCT,
      version: 42,
      title: 'Changed',
    });
    expectShape(edited.body, FIRMWARE);
    const read = await client.getProductFirmware({ product: PRODUCT, version: 42 });
    expect(read.body).toEqual(edited.body);
    expect(read.body).toMatchObject({ title: 'Changed', description: 'and more' });

    const bytes = await client.downloadProductFirmware({ product: PRODUCT, version: 42 });
    expect(file.equals(Buffer.from(bytes as Buffer))).toBe(true);
  });

  it('is refused under a number that is taken', async () => {
    const cloud = await start();
    const client = clientOf(cloud);
    const call = client.uploadProductFirmware({
      product: PRODUCT,
      file: image(1),
      version: 1,
      title: 'Again',
    });
    expect(await refusalOf(call)).toEqual({
      statusCode: 400,
      body: { error: 'invalid_request', error_description: 'Firmware version already exists' },
    });
  });

  it('is not found under a number that nobody has filed', async () => {
    const cloud = await start();
    const call = clientOf(cloud).getProductFirmware({ product: PRODUCT, version: 9 });
    expect((await refusalOf(call)).statusCode).toBe(404);
  });

  it('is released once a device has come back with it', async () => {
    const cloud = await start({ firmware: [{ version: 1, isDefault: true }, { version: 2 }] });
    const client = clientOf(cloud);
    const release = { product: PRODUCT, version: 2, product_default: true, intelligent: true };
    const refused = await refusalOf(client.releaseProductFirmware(release));
    expect(refused).toMatchObject({ statusCode: 400, body: { error: 'invalid_request' } });

    await client.lockDeviceProductFirmware({
      product: PRODUCT,
      deviceId: idAt(cloud, 0),
      desiredFirmwareVersion: 2,
      flash: true,
    });
    cloud.advance(60_000);
    const { body } = await client.releaseProductFirmware(release);
    expect(body).toMatchObject({ version: 2, product_default: true, intelligent: true });
    cloud.advance(60_000);
    expect(cloud.fleet.running()).toEqual({ 2: 3 });
  });

  it('is released to groups', async () => {
    const cloud = await start({ groups: ['beta', 'alpha'] });
    const { body } = await clientOf(cloud).releaseProductFirmware({
      product: PRODUCT,
      version: 1,
      product_default: false,
      groups: ['beta'],
    });
    expect(body).toMatchObject({ product_default: false, groups: ['beta'], intelligent: false });
  });
});

describe('devices', () => {
  it('are listed page by page, filtered and in order', async () => {
    const cloud = await start({ devices: 30 });
    const client = clientOf(cloud);
    const pages = [];
    for (const page of [1, 2, 3, 4]) {
      const { body } = await client.listDevices({
        product: PRODUCT,
        page,
        perPage: 10,
        sortAttr: 'deviceId',
        sortDir: 'asc',
      });
      if (Array.isArray(body)) throw new Error('a product answers with pages');
      for (const device of body.devices) expectShape(device, LISTED_DEVICE);
      // The type has `page` and `per_page` as well; the documents do not.
      expect(body.meta).toEqual({ total_pages: 3 });
      pages.push(body.devices.map(({ id }) => id));
    }
    expect(pages.map(({ length }) => length)).toEqual([10, 10, 10, 0]);
    expect(pages.flat()).toEqual([...cloud.fleet.ids].sort());

    cloud.console.setGroups(idAt(cloud, 4), ['bench']);
    const { body } = await client.listDevices({ product: PRODUCT, groups: ['bench', 'other'] });
    if (Array.isArray(body)) throw new Error('a product answers with pages');
    expect(body.devices.map(({ id }) => id)).toEqual([idAt(cloud, 4)]);
  });

  it('are read one by one', async () => {
    const cloud = await start();
    const deviceId = idAt(cloud, 0);
    const { body } = await clientOf(cloud).getDevice({ product: PRODUCT, deviceId });
    expectShape(body, DEVICE);
    expect(body).toMatchObject({ id: deviceId, online: true, connected: true, status: 'normal' });
  });

  it('of others look like none', async () => {
    const cloud = await start();
    const call = clientOf(cloud).getDevice({ product: PRODUCT, deviceId: NEW_ID });
    expect(await refusalOf(call)).toMatchObject({
      statusCode: 403,
      body: { error: 'Permission Denied' },
    });
  });

  it('are open to a person without a product, and to no API user', async () => {
    const cloud = await start();
    const person = clientOf(cloud, 'rosa@example.com');
    const { body } = await person.listDevices({});
    expect(body).toHaveLength(3);
    expectShape((await person.getDevice({ deviceId: idAt(cloud, 0) })).body, DEVICE);
    expect(await refusalOf(clientOf(cloud).listDevices({}))).toEqual({
      statusCode: 400,
      body: {
        error: 'unauthorized',
        error_description: 'API users are not allowed to call this endpoint',
      },
    });
  });

  it('are locked and unlocked', async () => {
    const cloud = await start({ firmware: [{ version: 1, isDefault: true }, { version: 2 }] });
    const client = clientOf(cloud);
    const deviceId = idAt(cloud, 0);
    const locked = await client.lockDeviceProductFirmware({
      product: PRODUCT,
      deviceId,
      desiredFirmwareVersion: 2,
    });
    expect(locked.body).toEqual({
      id: deviceId,
      desired_firmware_version: 2,
      updated_at: expect.any(String) as string,
    });
    expect(cloud.fleet.at(0).record.lock).toBe(2);
    const unlocked = await client.unlockDeviceProductFirmware({ product: PRODUCT, deviceId });
    expect(unlocked.body).toMatchObject({ id: deviceId, desired_firmware_version: null });
    expect(cloud.fleet.at(0).record.lock).toBeNull();
    cloud.advance(60_000);
    expect(cloud.fleet.flashes).toEqual([]);
  });

  it('are marked, named and annotated', async () => {
    const cloud = await start();
    const client = clientOf(cloud);
    const at = { product: PRODUCT, deviceId: idAt(cloud, 0) };
    const marked = await client.markAsDevelopmentDevice(at);
    expect(marked.body).toMatchObject({ id: at.deviceId, development: true });
    const named = await client.renameDevice({ ...at, name: 'window' });
    expect(named.body).toMatchObject({ id: at.deviceId, name: 'window' });
    const noted = await client.setDeviceNotes({ ...at, notes: 'drips' });
    expect(noted.body).toMatchObject({ id: at.deviceId, notes: 'drips' });
    const { body } = await client.getDevice(at);
    expect(body).toMatchObject({ development: true, name: 'window', notes: 'drips' });
  });

  it('take several changes in one call', async () => {
    const cloud = await start({
      firmware: [{ version: 1 }, { version: 2 }],
      devices: [{ isDevelopment: true }],
    });
    const { body } = await clientOf(cloud).updateDevice({
      product: PRODUCT,
      deviceId: idAt(cloud, 0),
      development: false,
      desiredFirmwareVersion: 2,
      flash: true,
    });
    expect(body).toMatchObject({ development: false, desired_firmware_version: 2 });
    cloud.advance(60_000);
    expect(cloud.fleet.running()).toEqual({ 2: 1 });
  });

  it('are put into groups, and updates forced on them, by the same route', async () => {
    const cloud = await start();
    const client = clientOf(cloud);
    const uri = client.deviceUri({ product: PRODUCT, deviceId: idAt(cloud, 0) });
    const grouped = await client.put({ uri, data: { groups: ['kitchen', 'beta'] } });
    expect(grouped.body).toMatchObject({ groups: ['kitchen', 'beta'] });
    const forced = await client.put({ uri, data: { firmware_updates_forced: true } });
    expect(forced.body).toEqual({ id: idAt(cloud, 0), firmware_updates_forced: true });
    const { body } = await client.get({ uri: `/v1/products/${PRODUCT}/groups` });
    expect(body).toEqual({ groups: [{ name: 'kitchen' }, { name: 'beta' }] });
    const ping = await client.put({ uri: `${uri}/ping`, data: {} });
    expect(ping.body).toEqual({ online: true, ok: true });
  });

  it('are flashed with a file', async () => {
    const cloud = await start({ devices: [{ isDevelopment: true }] });
    const file = Buffer.from(buildParticleModule({ productId: 12, version: 77, platformId: 12 }));
    const { body } = await clientOf(cloud).flashDevice({
      product: PRODUCT,
      deviceId: idAt(cloud, 0),
      files: { 'app.bin': file },
    });
    expect(body).toMatchObject({ ok: true });
    cloud.advance(60_000);
    expect(cloud.fleet.running()).toEqual({ 77: 1 });
  });

  it('are imported by id and by file', async () => {
    const cloud = await start();
    const client = clientOf(cloud);
    const one = await client.addDeviceToProduct({ product: PRODUCT, deviceId: NEW_ID });
    expect(one.body).toEqual({
      updated: 1,
      updatedDeviceIds: [NEW_ID],
      existingDeviceIds: [],
      nonmemberDeviceIds: [],
      invalidDeviceIds: [],
      protectedDeviceIds: [],
    });
    const file = Buffer.from(`${NEW_ID}\nnonsense\n`);
    const many = await client.addDeviceToProduct({ product: PRODUCT, file });
    expect(many.body).toMatchObject({
      updated: 0,
      existingDeviceIds: [NEW_ID],
      invalidDeviceIds: ['nonsense'],
    });
  });

  it('are removed, denied, and found by serial number', async () => {
    const cloud = await start({ devices: [{}, { isQuarantined: true }] });
    const [first = '', second = ''] = cloud.fleet.ids;
    const serialNumber = cloud.fleet.at(0).record.serialNumber ?? '';
    const found = await clientOf(cloud, 'rosa').lookupSerialNumber({ serialNumber });
    expect(found.body).toMatchObject({ ok: true, device_id: first, platform_id: 12 });
    const client = clientOf(cloud);
    const removed = await client.removeDevice({ product: PRODUCT, deviceId: first });
    expect(removed.statusCode).toBe(204);
    await client.removeDevice({ product: PRODUCT, deviceId: second, deny: true });
    expect(cloud.fleet.ids).toEqual([second]);
    expect(cloud.fleet.device(second).record.isDenied).toBe(true);
  });
});

describe('event streams', () => {
  interface Heard {
    readonly name: string;
    readonly data: string;
    readonly coreid: string;
  }

  async function listen(cloud: ParticleCloud, about: { name?: string; deviceId?: string }) {
    const stream = await clientOf(cloud).getEventStream({ product: PRODUCT, ...about });
    cleanups.push(() => {
      stream.abort();
    });
    const heard: Heard[] = [];
    stream.on('event', (event: Heard) => heard.push(event));
    stream.reconnectInterval = 10;
    return heard;
  }

  it('carry the events of the product, of one device, and of one prefix', async () => {
    const cloud = await start();
    const all = await listen(cloud, {});
    const some = await listen(cloud, { name: 'spark/status' });
    const one = await listen(cloud, { deviceId: idAt(cloud, 1) });
    cloud.fleet.at(0).reset();
    cloud.fleet.at(1).reconnect();
    cloud.advance(60_000);
    const last = cloud.events.length;
    await expect.poll(() => all.length).toBe(last);
    await expect.poll(() => some.length).toBe(4);
    expect(new Set(some.map(({ data }) => data))).toEqual(new Set(['online', 'offline']));
    await expect.poll(() => one.length).toBeGreaterThan(0);
    expect(new Set(one.map(({ coreid }) => coreid))).toEqual(new Set([idAt(cloud, 1)]));
    expect(all[0]).toMatchObject({ ttl: 60, public: false, productID: PRODUCT, userid: '' });
  });

  it('carry what is published', async () => {
    const cloud = await start({ scopes: ['events:get', 'events:send'] });
    const heard = await listen(cloud, { name: 'hello' });
    await clientOf(cloud).publishEvent({ product: PRODUCT, name: 'hello/world', data: 'hi' });
    await expect
      .poll(() => heard.map(({ name, data }) => `${name} ${data}`))
      .toEqual(['hello/world hi']);
  });

  it('are open to a person for all devices', async () => {
    const cloud = await start();
    const stream = await clientOf(cloud, 'rosa').getEventStream({ deviceId: 'mine' });
    expect(cloud.streams.open).toBe(1);
    stream.abort();
    await expect.poll(() => cloud.streams.open).toBe(0);
  });

  it('are refused when there are too many', async () => {
    const cloud = await start({ budgets: { streamsOpen: 1 } });
    await listen(cloud, {});
    const call = clientOf(cloud).getEventStream({ product: PRODUCT });
    await expect(call).rejects.toMatchObject({ statusCode: 429 });
  });

  it('are taken up again by the client when they end', async () => {
    const cloud = await start();
    const heard = await listen(cloud, {});
    cloud.streams.end();
    const opened = () => cloud.calls.filter(({ path }) => path.endsWith('/events')).length;
    await expect.poll(opened).toBe(2);
    await expect.poll(() => cloud.streams.open).toBe(1);
    cloud.fleet.at(0).handshake();
    await expect.poll(() => heard.map(({ data }) => data)).toEqual(['offline', 'online']);
  });
});

describe('the client', () => {
  it('was asked for everything that the fake has', () => {
    const methods = Object.getOwnPropertyNames(Particle.prototype).filter(
      (name) => !NOT_IN_THE_FAKE.some((pattern) => pattern.test(name)),
    );
    expect(methods.filter((name) => !TRIED.has(name))).toEqual([]);
  });
});
