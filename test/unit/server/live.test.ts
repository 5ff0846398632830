// The stream of changes, over real sockets: what it says at first, what it says of a change, and how it ends.

import { afterEach, describe, expect, it, vi } from 'vitest';

import { hashApiToken } from '../../../controller/server/access.ts';

import type { ServerOptions } from '../../../controller/server/ports.ts';
import { API_NOW, apiPicture, startApi, type ApiUnderTest } from '../../support/api.ts';
import { openEventStream, type EventStream, type StreamEvent } from '../../support/event-stream.ts';

const started: ApiUnderTest[] = [];
const streams: EventStream[] = [];
afterEach(async () => {
  for (const stream of streams.splice(0)) stream.close();
  await Promise.all(started.splice(0).map((api) => api.close()));
});

const HASTE = { lookMs: 5, turnMs: 2 };

async function start(options: Partial<ServerOptions> = {}): Promise<ApiUnderTest> {
  const api = await startApi({ live: HASTE, ...options });
  started.push(api);
  return api;
}

async function open(
  api: ApiUnderTest,
  headers: Readonly<Record<string, string>> = {},
): Promise<EventStream> {
  const stream = await openEventStream(`${api.address}/api/v1/live`, headers);
  streams.push(stream);
  return stream;
}

const isHello = ({ name }: StreamEvent): boolean => name === 'hello';
const names =
  (topic: string) =>
  ({ name, data }: StreamEvent): boolean =>
    name === 'change' && (data as { readonly topics: readonly string[] }).topics.includes(topic);

/** Topics of all changes so far. */
function topicsOf(stream: EventStream): ReadonlySet<string> {
  const told = stream.events.filter(({ name }) => name === 'change');
  return new Set(told.flatMap(({ data }) => (data as { topics: readonly string[] }).topics));
}

async function addEvent({ store }: ApiUnderTest): Promise<void> {
  const none = { product: null, revision: null, manifest: null, device: null, actionId: null };
  await store.addEvents([{ type: 'ClockJumped', at: API_NOW, message: 'Jumped.', ...none }]);
}

describe('the stream of changes', () => {
  it('says hello with the newest event, in a form that no proxy keeps back', async () => {
    const api = await start();
    await addEvent(api);
    const stream = await open(api);
    expect(stream.status).toBe(200);
    expect(stream.headers).toMatchObject({
      'content-type': 'text/event-stream; charset=utf-8',
      'cache-control': 'no-store',
      'x-accel-buffering': 'no',
    });
    expect((await stream.find(isHello)).data).toEqual({
      version: expect.stringMatching(/^\d+\.\d+\.\d+/),
      server: expect.stringMatching(/^[0-9a-f-]{36}$/),
      event: 1,
    });
  });

  it('names the process, so that a page knows another one', async () => {
    const [one, two] = [await start(), await start()];
    const serverOf = async (api: ApiUnderTest): Promise<unknown> =>
      ((await (await open(api)).find(isHello)).data as { readonly server: unknown }).server;
    expect(await serverOf(one)).toBe(await serverOf(one));
    expect(await serverOf(one)).not.toBe(await serverOf(two));
  });

  it('tells of new lines in the log, and of nothing else then', async () => {
    const api = await start();
    const stream = await open(api);
    await stream.find(isHello);
    await addEvent(api);
    const { data } = await stream.find(names('events'));
    expect(data).toEqual({ topics: ['events'], event: 1 });
  });

  it('tells of a product whose picture changed, of one that came, and of one that went', async () => {
    const api = await start();
    const stream = await open(api);
    await stream.find(isHello);
    const before = apiPicture();
    const [thermostat, constructor] = before.products;
    if (thermostat === undefined || constructor === undefined) throw new Error('two products');
    api.controller.picture = { ...before, products: [{ ...thermostat, revision: 'r9' }] };
    await stream.find(names('product:thermostat'));
    await stream.find(names('product:constructor'));
    await stream.find(names('status'));
    const seen = stream.events.length;
    api.controller.picture = {
      ...before,
      products: [{ ...thermostat, revision: 'r9' }, constructor],
    };
    await stream.find(names('product:constructor'), seen);
    expect(topicsOf(stream)).not.toContain('events');
  });

  it('says nothing of a pass that changed nothing', async () => {
    const api = await start();
    const stream = await open(api);
    await stream.find(isHello);
    api.controller.picture = { ...apiPicture(), passes: 4 };
    await addEvent(api);
    await stream.find(names('events'));
    expect(topicsOf(stream)).toEqual(new Set(['events']));
  });

  it('tells everyone', async () => {
    const api = await start();
    const all = await Promise.all(Array.from({ length: 50 }, () => open(api)));
    await Promise.all(all.map((stream) => stream.find(isHello)));
    await addEvent(api);
    const told = await Promise.all(all.map((stream) => stream.find(names('events'))));
    expect(told).toHaveLength(50);
  });

  it('begins anew for one that comes back', async () => {
    const api = await start();
    const first = await open(api);
    await first.find(isHello);
    first.close();
    await addEvent(api);
    const again = await open(api);
    expect((await again.find(isHello)).data).toMatchObject({ event: 1 });
    await addEvent(api);
    expect((await again.find(names('events'))).data).toMatchObject({ event: 2 });
  });

  it('beats while nothing happens', async () => {
    const stream = await open(await start());
    expect(await stream.nextComment()).toBe('beat');
  });

  it('goes on where the state cannot be read for a while', async () => {
    const api = await start();
    const stream = await open(api);
    await stream.find(isHello);
    const isBroken = vi.spyOn(api.store, 'events').mockRejectedValue(new Error('the disk is gone'));
    await stream.nextComment();
    expect(api.log).toEqual(['live: changes are not seen at the moment: the disk is gone']);
    isBroken.mockRestore();
    await addEvent(api);
    await stream.find(names('events'));
  });

  it('ends with the server, at once', async () => {
    const api = await start({ closeGraceMs: 3_600_000 });
    const stream = await open(api);
    await stream.find(isHello);
    await api.server.close();
    expect(await stream.over).toBe('ended');
  });

  it('is cut off for one that does not read', async () => {
    const api = await start();
    const reading = await open(api);
    const silent = await open(api);
    await Promise.all([reading.find(isHello), silent.find(isHello)]);
    silent.pause();
    // Names are made long, so that the system soon has taken all that it takes for a socket which nobody reads.
    const [product] = apiPicture().products;
    if (product === undefined) throw new Error('a product');
    const long = Array.from({ length: 20 }, (_, i) => `${i}`.padEnd(20_000, '-'));
    for (let round = 0; round < 60; round += 1) {
      const seen = reading.events.length;
      const products = long.map((name) => ({ ...product, product: name, revision: `r${round}` }));
      api.controller.picture = { ...apiPicture(), products };
      await reading.find(names('status'), seen);
    }
    for (let beats = 0; beats < 3; beats += 1) await reading.nextComment();
    silent.resume();
    expect(await silent.over).toBe('broken');
  });

  it('is for those who may look, for as long as they may', async () => {
    const api = await start({ auth: { requireTokens: true } });
    expect((await api.ask('/api/v1/live')).status).toBe(401);
    expect((await api.ask('/api/v1/live', { method: 'HEAD' })).status).toBe(405);
    const token = { name: 'look', role: 'viewer', createdAt: API_NOW } as const;
    await api.store.saveToken({ ...token, hash: hashApiToken('first') });
    const stream = await open(api, { authorization: 'Bearer first' });
    await stream.find(isHello);
    await stream.nextComment();
    vi.spyOn(api.store, 'tokens').mockResolvedValue([{ ...token, hash: hashApiToken('second') }]);
    expect(await stream.over).toBe('ended');
  });
});
