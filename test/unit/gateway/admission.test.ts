// Strangers, expected devices and quarantine, over a real socket.

import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { devicePath, startGateway, type TestGateway } from '../../support/gateway.ts';
import { bringToOffer, introduce } from './flow.ts';

describe('a first contact', () => {
  let gateway: TestGateway;
  const words = { firmware: [{ version: 41 }, { version: 42 }], release: 42 };
  beforeEach(async () => {
    gateway = await startGateway();
    await gateway.inForce(words);
  });
  afterEach(() => gateway.close());

  const dev = devicePath('dev-1');

  it('registers a stranger once, however many polls come at the same time', async () => {
    const answers = await Promise.all(Array.from({ length: 20 }, () => gateway.ask('GET', dev)));
    expect(answers.every((answer) => answer.status === 200)).toBe(true);
    expect(await gateway.events('DeviceRegistered')).toHaveLength(1);
    expect(await gateway.store.contact((await gateway.device('dev-1')).key)).not.toBeNull();
  });

  it('registers nobody without the gateway token', async () => {
    expect((await gateway.ask('GET', dev, { auth: 'TargetToken t' })).status).toBe(401);
    expect((await gateway.ask('GET', dev, { auth: null })).status).toBe(401);
    expect(await gateway.store.device('thermostat', 'dev-1')).toBeNull();
  });

  it('registers anybody where anonymous devices are allowed', async () => {
    await gateway.close();
    gateway = await startGateway({ allowAnonymous: true, gatewayTokenHash: null });
    await gateway.inForce(words);
    expect((await gateway.ask('GET', dev, { auth: null })).status).toBe(200);
    expect((await gateway.ask('GET', dev, { auth: 'GatewayToken x' })).status).toBe(401);
  });

  it.each([
    ['a poll', 'GET', '', undefined],
    ['a report', 'PUT', '/configData', { data: { fw_version: '41' } }],
    ['a fetch', 'GET', '/softwaremodules/42/artifacts/42.bin', undefined],
  ])(
    'registers a device with a token of its own, when it is %s',
    async (_what, method, path, body) => {
      await gateway.issueToken('dev-1', 'own');
      await gateway.ask(method, `${dev}${path}`, { auth: 'TargetToken own', body });
      expect(await gateway.device('dev-1')).toMatchObject({ standing: 'active' });
      expect(await gateway.events('DeviceRegistered')).toHaveLength(1);
      expect(await gateway.store.contact((await gateway.device('dev-1')).key)).not.toBeNull();
    },
  );

  it('keeps attributes that came with it', async () => {
    await gateway.issueToken('dev-1', 'own');
    const body = { data: { fw_version: '41', 'hw rev': 'B' } };
    await gateway.ask('PUT', `${dev}/configData`, { auth: 'TargetToken own', body });
    const { key, running } = await gateway.device('dev-1');
    expect(running).toBe(41);
    expect(await gateway.store.attributes(key)).toEqual({ fw_version: '41', 'hw rev': 'B' });
  });

  it('is put off when too many strangers come in a minute, loudly and once', async () => {
    await gateway.close();
    gateway = await startGateway({ registrationsPerMinuteMax: 2 });
    await gateway.inForce(words);
    await gateway.issueToken('expected', 'own');
    const statuses: number[] = [];
    for (let n = 0; n < 5; n += 1) {
      statuses.push((await gateway.ask('GET', devicePath(`dev-${n}`))).status);
    }
    expect(statuses).toEqual([200, 200, 429, 429, 429]);
    expect(await gateway.events('RegistrationCapped')).toHaveLength(1);
    const auth = 'TargetToken own';
    expect((await gateway.ask('GET', devicePath('expected'), { auth })).status).toBe(200);
    gateway.clock.advance(60_000);
    expect((await gateway.ask('GET', devicePath('dev-4'))).status).toBe(200);
  });

  it('ends in quarantine under a second product', async () => {
    await introduce(gateway, 'dev-1');
    await gateway.inForce({ product: 'kettle', firmware: [{ version: 7 }], release: 7 });
    expect((await gateway.ask('GET', devicePath('dev-1', 'kettle'))).status).toBe(200);
    expect(await gateway.store.device('kettle', 'dev-1')).toMatchObject({
      standing: 'quarantined',
      quarantine: 'it is registered under product thermostat',
    });
    expect(await gateway.device('dev-1')).toMatchObject({ standing: 'active' });
  });

  it('is not held against a device that another product only expects', async () => {
    await gateway.lock('dev-1', 42);
    await gateway.inForce({ product: 'kettle', firmware: [{ version: 7 }], release: 7 });
    await gateway.ask('GET', devicePath('dev-1', 'kettle'));
    expect(await gateway.store.device('kettle', 'dev-1')).toMatchObject({ standing: 'active' });
  });

  it('ends in quarantine where admission is by list, until a manifest names it', async () => {
    const listed = { ...words, fleet: { admission: 'listed' as const } };
    await gateway.inForce(listed);
    await introduce(gateway, 'dev-1');
    expect((await gateway.poll('dev-1'))._links).toBeUndefined();
    expect(await gateway.device('dev-1')).toMatchObject({ standing: 'quarantined' });
    await gateway.inForce({ ...listed, groups: { bench: ['dev-1'] } });
    await gateway.poll('dev-1');
    expect(await gateway.device('dev-1')).toMatchObject({ standing: 'active' });
    expect(await gateway.events('DeviceAdmitted')).toHaveLength(1);
  });

  it('of a device of another product id ends in quarantine, and gets nothing', async () => {
    await gateway.inForce({ ...words, productId: 94, fleet: { productAttribute: 'product_id' } });
    await gateway.poll('dev-1');
    await gateway.report('dev-1', { product_id: '95', fw_version: '41' });
    expect((await gateway.poll('dev-1'))._links?.deploymentBase).toBeUndefined();
    await gateway.report('dev-1', { product_id: '94' });
    expect((await gateway.poll('dev-1'))._links?.deploymentBase).toBeDefined();
  });

  it('is answered anew after a restart on the same state, by the same action', async () => {
    const { href } = await bringToOffer(gateway, 'dev-1');
    gateway = await gateway.restart();
    expect((await gateway.ask('GET', dev)).status).toBe(404);
    await gateway.inForce(words);
    const again = (await gateway.poll('dev-1'))._links?.deploymentBase?.href;
    expect(new URL(again ?? '').pathname).toBe(new URL(href).pathname);
  });
});
