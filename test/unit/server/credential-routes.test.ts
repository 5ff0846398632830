// Target tokens of devices, forgetting a device, and tokens for people: each secret is in one answer, once.

import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { hashToken } from '../../../controller/fleets/gateway/credentials.ts';
import { expectedDevice, type DeviceRecord } from '../../../controller/model/device.ts';
import { API_NOW, startApi, type ApiUnderTest } from '../../support/api.ts';

const BASE = '/api/v1/products/thermostat';

let api: ApiUnderTest;
beforeEach(async () => {
  api = await startApi();
});
afterEach(() => api.close());

async function getJson<T>(path: string): Promise<T> {
  const answer = await api.ask(path);
  if (answer.status !== 200) throw new Error(`${path}: ${answer.status} ${answer.text}`);
  return answer.json as T;
}

function post(path: string, body?: unknown): ReturnType<ApiUnderTest['ask']> {
  return api.ask(path, { method: 'POST', body });
}

async function saveDevice(id: string, change: Partial<DeviceRecord> = {}): Promise<DeviceRecord> {
  const after = { ...expectedDevice('thermostat', id), standing: 'active' as const, ...change };
  const saved = await api.store.saveDevice({ before: null, after });
  if (saved.status !== 'saved' || saved.device === null) throw new Error('not saved');
  return saved.device;
}

describe('credentials', () => {
  it('give a device a token before its first poll, once; another one replaces it', async () => {
    const first = (await post(`${BASE}/devices/new/token`)).json as { token: string };
    expect(first.token).toMatch(/^[A-Za-z0-9]{32}$/);
    const kept = await api.store.device('thermostat', 'new');
    expect(kept).toMatchObject({ standing: 'expected', tokenHash: hashToken(first.token) });
    const second = (await post(`${BASE}/devices/new/token`)).json as { token: string };
    expect(second.token).not.toBe(first.token);
    expect((await api.store.device('thermostat', 'new'))?.tokenHash).toBe(hashToken(second.token));
    const device = await api.ask(`${BASE}/devices/new`);
    expect(device.json).toMatchObject({ standing: 'expected', hasToken: true });
    const events = await api.ask('/api/v1/events?device=new');
    const everything = [device.text, events.text, ...api.log].join('\n');
    for (const secret of [first.token, second.token, kept?.tokenHash ?? '-']) {
      expect(everything).not.toContain(secret);
    }
    expect(events.json).toMatchObject({ items: [{ type: 'TokenCreated' }, {}] });
  });

  it('keep everything else of a device that is given a token', async () => {
    const before = await saveDevice('d1', { running: 41, reported: '41' });
    await post(`${BASE}/devices/d1/token`);
    expect(await api.store.device('thermostat', 'd1')).toEqual({
      ...before,
      rev: before.rev + 1,
      tokenHash: expect.any(String),
    });
  });

  it('issue tokens to many devices at once, one each', async () => {
    const answers = await Promise.all(
      Array.from({ length: 50 }, (_, index) => post(`${BASE}/devices/n${index % 5}/token`)),
    );
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([201]));
    const tokens = answers.map(({ json }) => (json as { token: string }).token);
    expect(new Set(tokens).size).toBe(50);
    for (let index = 0; index < 5; index += 1) {
      const hash = (await api.store.device('thermostat', `n${index}`))?.tokenHash;
      expect(tokens.map(hashToken)).toContain(hash);
    }
  });

  it('forget a device with all that belongs to it; a lock stays on it', async () => {
    const lock = {
      version: 42,
      flash: 'now',
      armed: true,
      manifest: 'l',
      revision: 'r',
      since: 7,
    } as const;
    const evidence = {
      product: 'thermostat',
      version: 41,
      sha256: 'a'.repeat(64),
      level: 'reported' as const,
      since: 0,
      passedAt: API_NOW,
      soakedMs: 0,
    };
    for (const [id, held] of [
      ['locked', lock],
      ['free', null],
    ] as const) {
      await api.store.saveDevice({
        before: null,
        after: {
          ...expectedDevice('thermostat', id),
          standing: 'active',
          running: 41,
          tokenHash: 'x',
          lock: held,
        },
        attributes: { secret: 'of the past' },
        evidence: [{ ...evidence, device: id }],
      });
      const answer = await api.ask(`${BASE}/devices/${id}`, { method: 'DELETE' });
      expect(answer.json).toEqual({ product: 'thermostat', device: id, lockStays: held !== null });
    }
    expect(await api.store.device('thermostat', 'free')).toBeNull();
    expect(await api.store.device('thermostat', 'locked')).toEqual({
      ...expectedDevice('thermostat', 'locked'),
      key: expect.any(Number),
      rev: expect.any(Number),
      lock,
    });
    expect(await getJson(`${BASE}/devices/locked/attributes`)).toEqual({});
    expect(await api.store.evidence('thermostat')).toEqual([]);
    expect((await api.ask(`${BASE}/devices/free`, { method: 'DELETE' })).status).toBe(404);
    expect(await getJson('/api/v1/events?type=DeviceForgotten')).toMatchObject({
      items: [{ device: 'free' }, { device: 'locked' }],
    });
  });

  it('make tokens for people, shown once, good at once, and never twice under a name', async () => {
    const made = (await post('/api/v1/tokens', { name: 'ci', role: 'viewer' })).json as {
      token: string;
    };
    const headers = { authorization: `Bearer ${made.token}`, host: 'lockstep.example' };
    expect((await api.ask('/api/v1/status', { headers })).status).toBe(200);
    expect((await api.ask('/api/v1/stop', { method: 'POST', headers })).status).toBe(403);
    const again = await post('/api/v1/tokens', { name: 'ci', role: 'deployer' });
    expect([again.status, again.json]).toEqual([
      409,
      { error: expect.objectContaining({ code: 'NameTaken' }) },
    ]);
    const listed = await api.ask('/api/v1/tokens');
    expect(listed.json).toEqual({
      items: [{ name: 'ci', role: 'viewer', createdAt: new Date(API_NOW).toISOString() }],
    });
    const [kept] = await api.store.tokens();
    const everything = [listed.text, (await api.ask('/api/v1/events')).text, ...api.log].join('\n');
    expect(everything).not.toContain(made.token);
    expect(everything).not.toContain(kept?.hash);
  });

  it('end with a token that is revoked, sessions included', async () => {
    const { token } = (await post('/api/v1/tokens', { name: 'ci', role: 'deployer' })).json as {
      token: string;
    };
    const host = 'lockstep.example';
    const signedIn = await api.ask('/api/v1/session', {
      method: 'POST',
      body: { token },
      headers: { host, origin: `http://${host}` },
    });
    const [cookie = ''] = String(signedIn.headers['set-cookie']).split(';', 1);
    const ask = async (headers: Record<string, string>): Promise<number> =>
      (await api.ask('/api/v1/status', { headers: { host, ...headers } })).status;
    const ways = [{ authorization: `Bearer ${token}` }, { cookie }];
    for (const way of ways) expect(await ask(way)).toBe(200);
    const revoked = await api.ask('/api/v1/tokens/ci', { method: 'DELETE' });
    expect(revoked).toMatchObject({ status: 200, json: { name: 'ci', role: 'deployer' } });
    for (const way of ways) expect(await ask(way)).toBe(401);
    expect(await getJson('/api/v1/events?type=TokenRevoked')).toMatchObject({
      items: [{ message: expect.stringContaining('The token ci with the role deployer') }],
    });
    const again = await api.ask('/api/v1/tokens/ci', { method: 'DELETE' });
    expect([again.status, again.json]).toEqual([
      404,
      { error: expect.objectContaining({ code: 'NoSuchToken' }) },
    ]);
    expect((await post('/api/v1/tokens', { name: 'ci', role: 'viewer' })).status).toBe(201);
  });
});
