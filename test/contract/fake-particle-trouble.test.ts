// What goes wrong between a client and the fake Particle cloud: spoiled answers, fields of the wrong kind, other hands on
// the same things, and event streams that are no more than hints.

import { afterEach, describe, expect, it } from 'vitest';

import { startParticleCloud } from '../../controller/simulator/particle/particle-cloud.ts';
import type {
  ParticleCloud,
  ParticleCloudOptions,
} from '../../controller/simulator/particle/particle-cloud.ts';
import { particleClient } from '../support/particle-client.ts';

const clouds: ParticleCloud[] = [];
const streams: AbortController[] = [];

afterEach(async () => {
  for (const stream of streams.splice(0)) stream.abort();
  for (const cloud of clouds.splice(0)) await cloud.close();
});

async function start(options?: ParticleCloudOptions) {
  const cloud = await startParticleCloud(options);
  clouds.push(cloud);
  return { cloud, api: particleClient(cloud), id: cloud.fleet.at(0).id };
}

interface Listener {
  readonly status: number;
  /** Everything that has come so far. */
  readonly text: string;
  /** Names and data of the events in it. */
  readonly events: readonly string[];
  readonly isOver: boolean;
}

async function listen(cloud: ParticleCloud, path = '/events'): Promise<Listener> {
  const abort = new AbortController();
  streams.push(abort);
  const response = await fetch(`${cloud.url}/v1/products/${cloud.product.id}${path}`, {
    headers: { authorization: `Bearer ${cloud.token}` },
    signal: abort.signal,
  });
  let text = '';
  let isOver = false;
  const read = async () => {
    const decoder = new TextDecoder();
    for await (const piece of response.body ?? []) text += decoder.decode(piece);
  };
  void read()
    .catch(() => undefined)
    .finally(() => {
      isOver = true;
    });
  return {
    status: response.status,
    get text() {
      return text;
    },
    get events() {
      return [...text.matchAll(/^event: (.*)\ndata: (.*)$/gm)].map(([, name, json]) => {
        const { data } = JSON.parse(json ?? '') as { data: string };
        return `${name} ${data}`;
      });
    },
    get isOver() {
      return isOver;
    },
  };
}

describe('a spoiled answer', () => {
  it.each([
    ['unavailable', 503, { ok: false, errors: ['Service Unavailable'] }],
    ['device-service', 500, { ok: false, code: 500, errors: ['Request Timed Out'] }],
    ['unreachable', 408, { ok: false, error: 'Timed out.' }],
    ['too-many', 429, { ok: false, code: 429 }],
    ['expired', 401, { error: 'invalid_token' }],
    ['forbidden', 403, { error: 'forbidden' }],
    ['ok-false', 200, { ok: false, errors: ['Something went wrong'] }],
  ] as const)('is not carried out (%s)', async (mood, status, json) => {
    const { cloud, api, id } = await start();
    cloud.trouble.disturb(mood, 'PUT *', 1);
    const lock = { desired_firmware_version: 1 };
    expect(await api.put(`/devices/${id}`, lock)).toMatchObject({ status, json });
    expect(cloud.fleet.at(0).record.lock).toBeNull();
    expect((await api.put(`/devices/${id}`, lock)).status).toBe(200);
    expect(cloud.calls.map((call) => call.status)).toEqual([status, 200]);
  });

  it.each([
    ['html', 502, /^<html>/],
    ['html-ok', 200, /^<html>/],
    ['empty', 200, /^$/],
    ['nonsense', 200, /asked/],
  ] as const)('is not what was asked for (%s)', async (mood, status, text) => {
    const { cloud, api } = await start();
    cloud.trouble.mood = mood;
    const reply = await api.get('/firmware');
    expect(reply.status).toBe(status);
    expect(reply.text).toMatch(text);
    cloud.trouble.mood = 'ok';
    expect((await api.get('/firmware')).json).toHaveLength(1);
  });

  it.each([
    ['cut', 'broken'],
    ['cut-after', 'broken'],
    ['truncated', 200],
    ['html-after', 502],
  ] as const)('hides that it was carried out (%s)', async (mood, expected) => {
    const { cloud, api, id } = await start();
    cloud.trouble.disturb(mood, `PUT */devices/${id}`, 1);
    const call = api.put(`/devices/${id}`, { desired_firmware_version: 1 });
    const outcome = await call.then(
      ({ status, json }) => (json === null ? status : 'whole'),
      () => 'broken',
    );
    expect(outcome).toBe(expected);
    expect(cloud.fleet.at(0).record.lock).toBe(1);
  });

  it('may never come, or break before anything is done', async () => {
    const { cloud, api, id } = await start();
    cloud.trouble.disturb('cut-before', 'PUT *', 1);
    await expect(api.put(`/devices/${id}`, { desired_firmware_version: 1 })).rejects.toThrow(
      'fetch failed',
    );
    cloud.trouble.disturb('silent', 'GET *', 1);
    const signal = AbortSignal.timeout(50);
    const call = fetch(`${cloud.url}/v1/products/30301/firmware`, { signal });
    await expect(call).rejects.toThrow('timeout');
    expect(cloud.fleet.at(0).record.lock).toBeNull();
    expect(cloud.calls.map(({ status }) => status)).toEqual([0, 0]);
  });

  it('has fields that are missing, or of another kind', async () => {
    const { cloud, api } = await start();
    const one = async () => {
      const { json } = await api.get('/devices?perPage=1');
      return (json as { devices: [Record<string, unknown>] }).devices[0];
    };
    const ends = [
      cloud.trouble.distort('firmware_version', 'string'),
      cloud.trouble.distort('platform_id', 'missing'),
      cloud.trouble.distort('groups', 'nonsense'),
      cloud.trouble.distort('online', 'null'),
      cloud.trouble.distort('total_pages', 'string'),
    ];
    const spoiled = await one();
    expect(spoiled).toMatchObject({
      firmware_version: '1',
      groups: { unexpected: [] },
      online: null,
    });
    expect(spoiled).not.toHaveProperty('platform_id');
    expect((await api.get('/devices')).json).toMatchObject({ meta: { total_pages: '1' } });
    for (const end of ends) end();
    expect(await one()).toMatchObject({ firmware_version: 1, platform_id: 12, online: true });
  });

  it('comes from a server that is down for a while', async () => {
    const { cloud, api } = await start();
    await cloud.goDown();
    await expect(api.get('/firmware')).rejects.toThrow('fetch failed');
    await cloud.comeBack();
    expect((await api.get('/firmware')).status).toBe(200);
  });
});

describe('somebody else', () => {
  it('changes the same thing just before and just after', async () => {
    const { cloud, api, id } = await start({ groups: ['a', 'b', 'c'] });
    cloud.trouble.callBefore('PUT *', () => {
      cloud.console.setGroups(id, ['a']);
    });
    cloud.trouble.callAfter('PUT *', () => {
      cloud.console.setGroups(id, ['c']);
    });
    const reply = await api.put(`/devices/${id}`, { groups: ['b'] });
    expect(reply.json).toMatchObject({ groups: ['b'] });
    expect(cloud.fleet.at(0).record.groups).toEqual(['c']);
    await api.put(`/devices/${id}`, { groups: ['b'] });
    expect(cloud.fleet.at(0).record.groups).toEqual(['b']);
  });
});

describe('an event stream', () => {
  it('begins with `:ok`, and shows signs of life', async () => {
    const { cloud } = await start();
    const heard = await listen(cloud);
    await expect.poll(() => heard.text).toBe(':ok\n\n');
    cloud.advance(9_000);
    await expect.poll(() => heard.text).toBe(':ok\n\n\n');
    cloud.advance(60_000);
    await expect.poll(() => heard.text.length).toBeGreaterThan(10);
  });

  it('takes one prefix, plain or percent-encoded, with or without a nonce', async () => {
    const { cloud } = await start();
    const paths = ['/events/spark%2Fstatus?nonce=12.5', '/events/spark'];
    const [exact, wide] = await Promise.all(paths.map((path) => listen(cloud, path)));
    cloud.fleet.at(0).reset();
    cloud.advance(60_000);
    await expect.poll(() => wide?.events.length).toBe(3);
    expect(exact?.events).toEqual(['spark/status offline', 'spark/status online']);
    expect(wide?.events).toContain('spark/device/last_reset pin_reset');
  });

  it('repeats, swaps and loses events when told to', async () => {
    const { cloud } = await start({ devices: 1 });
    const heard = await listen(cloud, '/events/spark%2Fstatus');
    const told = async (much: number) => {
      const before = heard.events.length;
      cloud.fleet.at(0).handshake();
      await expect.poll(() => heard.events.length - before).toBe(much);
      return heard.events.slice(before).map((text) => text.replace('spark/status ', ''));
    };
    cloud.trouble.events.duplicates = 1;
    expect(await told(4)).toEqual(['offline', 'offline', 'online', 'online']);
    cloud.trouble.events.duplicates = 0;
    cloud.trouble.events.reordered = 1;
    expect(await told(2)).toEqual(['online', 'offline']);
    cloud.trouble.events.reordered = 0;
    cloud.trouble.events.losses = 1;
    expect(await told(0)).toEqual([]);
    cloud.trouble.events.losses = 0;
    expect(await told(2)).toEqual(['offline', 'online']);
  });

  it('falls silent without an end', async () => {
    const { cloud } = await start();
    const heard = await listen(cloud);
    await expect.poll(() => heard.text).toBe(':ok\n\n');
    cloud.trouble.events.isSilent = true;
    cloud.fleet.at(0).handshake();
    cloud.advance(600_000);
    // A call that is answered shows that nothing else was under way.
    await particleClient(cloud).get('/firmware');
    expect(heard.text).toBe(':ok\n\n');
    expect(heard.isOver).toBe(false);
    expect(cloud.streams.open).toBe(1);
  });

  it('breaks, ends, and says what is no event', async () => {
    const { cloud } = await start();
    const broken = await listen(cloud);
    cloud.streams.cut();
    await expect.poll(() => broken.isOver).toBe(true);
    const ended = await listen(cloud);
    cloud.streams.write('event: spark/status\ndata: {"data":"onl');
    cloud.streams.end();
    await expect.poll(() => ended.isOver).toBe(true);
    expect(ended.text).toContain('"onl');
    await expect.poll(() => cloud.streams.open).toBe(0);
  });

  it('is refused when too many are open, or opened', async () => {
    const { cloud } = await start({ budgets: { streamOpens: 2 } });
    expect((await listen(cloud)).status).toBe(200);
    cloud.limits.budgets = { ...cloud.limits.budgets, streamsOpen: 1, streamRefusal: 529 };
    expect((await listen(cloud)).status).toBe(529);
    cloud.limits.budgets = { ...cloud.limits.budgets, streamsOpen: 100, streamRefusal: 429 };
    expect((await listen(cloud)).status).toBe(429);
    cloud.advance(300_000);
    expect((await listen(cloud)).status).toBe(200);
    cloud.trouble.events.refusal = 503;
    expect((await listen(cloud)).status).toBe(503);
  });

  it('needs the scope, and a device of the product', async () => {
    const { cloud } = await start();
    expect((await listen(cloud, `/devices/${cloud.fleet.at(0).id}/events`)).status).toBe(200);
    expect((await listen(cloud, '/devices/e00fce680000000000000000/events')).status).toBe(403);
    cloud.tokens.narrow(cloud.token, ['events:get']);
    expect((await listen(cloud)).status).toBe(403);
  });
});
