import { describe, expect, it } from 'vitest';

import {
  createFirmware,
  eventually,
  listFeedback,
  startFleet,
  startServer,
} from './fleet-under-test.ts';

const isDownload = ({ path }: { readonly path: string }): boolean =>
  path.includes('softwaremodules');

describe('a broken transfer', () => {
  it('goes on where it stopped, as often as it is cut, and ends with the right hash', async () => {
    const server = await startServer();
    const artifact = createFirmware(300_000);
    const action = server.offer('a', { version: '42', artifact });
    server.cutDownloads(70_000, 3);
    const fleet = startFleet(server);
    await server.until(() => action.state === 'succeeded');
    const ranges = server.requests.filter(isDownload).map(({ headers }) => headers.range);
    expect(ranges).toEqual([undefined, 'bytes=70000-', 'bytes=140000-', 'bytes=210000-']);
    expect(fleet.snapshot().errors.connection).toBe(3);
  });

  it('starts again from the first byte when the server answers a Range with the whole file', async () => {
    const server = await startServer();
    const action = server.offer('a', { version: '42', artifact: createFirmware() });
    server.cutDownloads(10_000, 1);
    server.ignoreRanges();
    startFleet(server);
    await server.until(() => action.state === 'succeeded');
    const [, resumed] = server.requests.filter(isDownload);
    expect(resumed).toMatchObject({ status: 200, headers: { range: 'bytes=10000-' } });
  });

  it('waits out errors of the server', async () => {
    const server = await startServer();
    const action = server.offer('a', { version: '42', artifact: createFirmware() });
    server.disturb({ answer: 503, times: 2, when: isDownload });
    server.disturb({ answer: 429, times: 1, when: isDownload });
    const fleet = startFleet(server);
    await server.until(() => action.state === 'succeeded');
    expect(fleet.snapshot().errors).toMatchObject({ server: 2, throttled: 1 });
  });

  it('fails the attempt when the artifact is gone', async () => {
    const server = await startServer();
    const action = server.offer('a', { version: '42', artifact: createFirmware() });
    server.disturb({ answer: 404, times: 1, when: isDownload });
    const fleet = startFleet(server);
    await server.until(() => action.state === 'failed');
    expect((await fleet.seen('failed')).message).toContain('404');
  });
});

describe('a wrong artifact', () => {
  it.each(['sha1', 'sha256'] as const)(
    'with another %s is reported and not installed',
    async (hash) => {
      const server = await startServer();
      const artifact = { ...createFirmware(), [hash]: createFirmware(7)[hash] };
      const action = server.offer('a', { version: '42', artifact });
      const fleet = startFleet(server);
      await server.until(() => action.state === 'failed');
      expect(listFeedback(action)).toEqual(['closed/failure']);
      expect(fleet.device('a')).toMatchObject({ version: '41', failed: true });
      expect(fleet.events.some(({ type }) => type === 'installed')).toBe(false);
    },
  );

  it.each([1000, 100_000])(
    'that has not the %i bytes of its document is reported',
    async (size) => {
      const server = await startServer();
      const artifact = { ...createFirmware(), size };
      const action = server.offer('a', { version: '42', artifact });
      startFleet(server);
      await server.until(() => action.state === 'failed');
      expect(listFeedback(action)).toEqual(['closed/failure']);
    },
  );
});

describe('a server in trouble', () => {
  it('that goes down and comes back is polled again, and the update is done', async () => {
    const server = await startServer();
    const fleet = startFleet(server, { devices: 20 });
    await server.until(() => server.devices.size === 20);
    await server.goDown();
    await eventually(() => fleet.snapshot().errors.connection).toBeGreaterThan(40);
    await eventually(() => fleet.snapshot().connected).toBe(0);
    expect(fleet.snapshot()).toMatchObject({ online: 20, failed: 0 });
    await server.comeBack();
    await eventually(() => fleet.snapshot().connected).toBe(20);
    server.offerToAll({ version: '42', artifact: createFirmware() });
    await eventually(() => fleet.snapshot().byVersion).toEqual({ 42: 20 });
  });

  it('that is down when the devices are switched on is found later', async () => {
    const server = await startServer();
    await server.goDown();
    const fleet = startFleet(server);
    await eventually(() => fleet.snapshot().errors.connection).toBeGreaterThan(1);
    await server.comeBack();
    await server.until(() => server.devices.has('a'));
    expect(fleet.device('a')).toMatchObject({ online: true, boots: 1 });
  });

  it.each([
    [500, 'server'],
    [503, 'server'],
    [429, 'throttled'],
    [401, 'unauthorized'],
    [404, 'refused'],
    [304, 'refused'],
    ['drop', 'connection'],
    ['nothing', 'timeout'],
    ['garbage', 'document'],
  ] as const)('that answers polls with %s is counted as %s', async (answer, kind) => {
    const server = await startServer();
    const restore = server.disturb({ answer });
    const fleet = startFleet(server, { timeoutMs: 200 });
    await eventually(() => fleet.snapshot().errors[kind]).toBeGreaterThan(2);
    restore();
    await server.until(() => server.devices.get('a')?.attributes['fw_version'] === '41');
    expect(fleet.snapshot().online).toBe(1);
  });

  it('gets the final report once it takes it, and only then does the device reboot', async () => {
    const server = await startServer();
    const action = server.offer('a', { version: '42', artifact: createFirmware() });
    const isFeedback = { when: ({ path }: { path: string }) => path.endsWith('feedback') };
    const restore = server.disturb({ ...isFeedback, answer: 500 });
    const fleet = startFleet(server);
    await fleet.seen('installed');
    await eventually(() => fleet.snapshot().errors.server).toBeGreaterThan(4);
    expect(fleet.device('a')).toMatchObject({ boots: 1, phase: 'reporting' });
    restore();
    await server.until(() => action.state === 'succeeded');
    await fleet.seen('running');
  });

  it('that has forgotten the action does not hold the device up', async () => {
    const server = await startServer();
    const isFeedback = { when: ({ path }: { path: string }) => path.endsWith('feedback') };
    server.disturb({ ...isFeedback, answer: 410 });
    server.offer('a', { version: '42', artifact: createFirmware() });
    const fleet = startFleet(server);
    expect((await fleet.seen('running')).version).toBe('42');
  });

  it('that sends no poll interval is polled all the same', async () => {
    const server = await startServer({ sleep: null });
    const fleet = startFleet(server);
    await server.until(() => (server.devices.get('a')?.polls ?? 0) > 3);
    expect(fleet.snapshot().errors.document).toBeGreaterThan(0);
  });
});

describe('power and cable', () => {
  it('a device without power is not heard of, and boots when it comes back', async () => {
    const server = await startServer();
    const fleet = startFleet(server, { devices: ['a', 'b'] });
    await server.until(() => server.devices.size === 2);
    expect(fleet.setOnline('a', false)).toBe(true);
    expect(fleet.device('a')).toMatchObject({ online: false, phase: 'off' });
    const before = server.devices.get('b')?.polls ?? 0;
    await server.until(() => (server.devices.get('b')?.polls ?? 0) > before + 3);
    const polls = server.devices.get('a')?.polls ?? 0;
    await server.until(() => (server.devices.get('b')?.polls ?? 0) > before + 8);
    expect(server.devices.get('a')?.polls).toBe(polls);
    fleet.setOnline('a', true);
    await server.until(() => (server.devices.get('a')?.polls ?? 0) > polls);
    expect(fleet.device('a')).toMatchObject({ online: true, boots: 2 });
  });

  it('a loss of power during the download starts it over', async () => {
    const server = await startServer();
    const release = server.stallDownloads(1000);
    const action = server.offer('a', { version: '42', artifact: createFirmware() });
    const fleet = startFleet(server);
    await eventually(() => fleet.snapshot().downloading).toBe(1);
    fleet.setOnline('a', false);
    release();
    fleet.setOnline('a', true);
    await server.until(() => action.state === 'succeeded');
    expect(
      server.requests.filter(isDownload).every(({ headers }) => headers.range === undefined),
    ).toBe(true);
  });

  it('a device that is flashed by a cable reboots into that version', async () => {
    const server = await startServer();
    const fleet = startFleet(server);
    await server.until(() => server.devices.get('a')?.attributes['fw_version'] === '41');
    fleet.setVersion('a', '7');
    expect(fleet.device('a')?.phase).toBe('booting');
    server.askAttributes('a');
    await server.until(() => server.devices.get('a')?.attributes['fw_version'] === '7');
    expect(fleet.device('a')).toMatchObject({ version: '7', boots: 2, failed: false });
  });

  it('an id that is not in the fleet is told apart', async () => {
    const fleet = startFleet(await startServer());
    expect(fleet.device('nobody')).toBeNull();
    expect(fleet.setOnline('nobody', true)).toBe(false);
    expect(fleet.setVersion('nobody', '1')).toBe(false);
  });
});
