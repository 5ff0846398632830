import { createServer } from 'node:http';
import type { IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';

import { describe, expect, it, onTestFinished } from 'vitest';

import {
  createFirmware,
  eventually,
  listFeedback,
  listRequests,
  startFleet,
  startServer,
} from './fleet-under-test.ts';

/** Polls go on while a device is busy, whenever they are due; only the first has a fixed place. */
function isNoLaterPoll(line: string, at: number): boolean {
  return at === 0 || line !== 'GET base';
}

describe('an update, as each client does it', () => {
  it('rauc: reports success after the installation and before the reboot', async () => {
    const server = await startServer();
    const action = server.offer('a', { version: '42', artifact: createFirmware() });
    const fleet = startFleet(server, { bootAttribute: 'boot' });
    const runsAtSuccess = server
      .until(() => action.state === 'succeeded')
      .then(() => fleet.device('a')?.version);
    await server.until(() => server.devices.get('a')?.attributes['fw_version'] === '42');

    expect(await runsAtSuccess).toBe('41');
    expect(listFeedback(action)).toEqual(['proceeding/none', 'proceeding/none', 'closed/success']);
    const requests = listRequests(server).filter(isNoLaterPoll);
    expect(requests.slice(0, 7)).toEqual([
      'GET base',
      'PUT configData',
      'GET deploymentBase/ID',
      'GET softwaremodules/ID/artifacts/firmware.bin',
      'POST deploymentBase/ID/feedback',
      'POST deploymentBase/ID/feedback',
      'POST deploymentBase/ID/feedback',
    ]);
    expect(server.devices.get('a')?.attributes).toEqual({ fw_version: '42', boot: '2' });
    expect(fleet.events.map(({ type, version }) => `${type} ${version}`)).toEqual([
      'booted 41',
      'offered 42',
      'downloaded 42',
      'installed 42',
      'booted 42',
      'running 42',
    ]);
    expect(action.fetched).toBe(1);
  });

  it('swupdate: reports first, asks HEAD, and reports success after the restart', async () => {
    const server = await startServer();
    const action = server.offer('a', { version: '42', artifact: createFirmware() });
    const fleet = startFleet(server, { style: 'swupdate' });
    await server.until(() => action.state === 'succeeded');

    expect(fleet.device('a')?.version).toBe('42');
    expect(listFeedback(action)).toEqual([
      'proceeding/none',
      'proceeding/none',
      'proceeding/none',
      'proceeding/none',
      'closed/success',
    ]);
    const requests = listRequests(server).filter(isNoLaterPoll);
    const head = requests.indexOf('HEAD softwaremodules/ID/artifacts/firmware.bin');
    expect(requests.indexOf('POST deploymentBase/ID/feedback')).toBeLessThan(head);
    expect(requests[head + 1]).toBe('GET softwaremodules/ID/artifacts/firmware.bin');
  });

  it('swupdate: sends its attributes at every start, without being asked', async () => {
    const server = await startServer();
    const fleet = startFleet(server, { style: 'swupdate' });
    await server.until(() => server.devices.get('a')?.attributes['fw_version'] === '41');
    fleet.setVersion('a', '40');
    await server.until(() => server.devices.get('a')?.attributes['fw_version'] === '40');
    expect(server.devices.get('a')?.wantsAttributes).toBe(false);
  });

  it('swupdate: does not install when its first report is refused', async () => {
    const server = await startServer();
    const isFeedback = { when: ({ path }: { path: string }) => path.endsWith('feedback') };
    const restore = server.disturb({ ...isFeedback, answer: 204 });
    const action = server.offer('a', { version: '42', artifact: createFirmware() });
    const fleet = startFleet(server, { style: 'swupdate' });
    await server.until(() => action.fetched >= 3);
    expect(fleet.events.some(({ type }) => type === 'downloaded')).toBe(false);
    restore();
    await server.until(() => action.state === 'succeeded');
  });

  it('zephyr: says nothing but closed/success, at the first poll after the reboot', async () => {
    const server = await startServer();
    const action = server.offer('a', {
      version: '42',
      artifact: createFirmware(),
      links: 'http-only',
    });
    const fleet = startFleet(server, { style: 'zephyr' });
    await server.until(() => action.state === 'succeeded');

    expect(fleet.device('a')).toMatchObject({ version: '42', boots: 2 });
    expect(listFeedback(action)).toEqual(['closed/success']);
    const requests = listRequests(server);
    const download = requests.indexOf('GET softwaremodules/ID/artifacts/firmware.bin');
    expect(requests.slice(download + 1, download + 4)).toEqual([
      'GET base',
      'GET deploymentBase/ID',
      'POST deploymentBase/ID/feedback',
    ]);
  });

  it('zephyr: needs the plain link, and never reports that it cannot install', async () => {
    const server = await startServer();
    const artifact = createFirmware();
    const action = server.offer('a', { version: '42', artifact, links: 'https-only' });
    const fleet = startFleet(server, { style: 'zephyr' });
    await fleet.seen('failed');
    await server.until(() => action.fetched >= 2);
    expect(action.feedback).toEqual([]);
    expect(fleet.snapshot().errors.document).toBeGreaterThan(0);
  });

  it.each(['relative', 'none'] as const)(
    'reports a document whose links are %s as a failure',
    async (links) => {
      const server = await startServer();
      const action = server.offer('a', { version: '42', artifact: createFirmware(), links });
      startFleet(server);
      await server.until(() => action.state === 'failed');
      expect(listFeedback(action)).toEqual(['closed/failure']);
    },
  );

  it('update: skip makes rauc wait and swupdate claim success without a download', async () => {
    const server = await startServer();
    const offer = { version: '42', artifact: createFirmware(), update: 'skip' } as const;
    const waiting = server.offer('a', offer);
    const claimed = server.offer('b', offer);
    startFleet(server);
    startFleet(server, { devices: ['b'], style: 'swupdate' });
    await server.until(() => waiting.fetched >= 2 && claimed.state === 'succeeded');
    expect(waiting.feedback).toEqual([]);
    expect(server.requests.some(({ path }) => path.includes('softwaremodules'))).toBe(false);
  });

  it('takes a second update after the first', async () => {
    const server = await startServer();
    const first = server.offer('a', { version: '42', artifact: createFirmware() });
    const fleet = startFleet(server);
    await server.until(() => first.state === 'succeeded');
    const second = server.offer('a', { version: '41', artifact: createFirmware(10) });
    await server.until(() => second.state === 'succeeded');
    await eventually(() => fleet.device('a')?.version).toBe('41');
    expect(fleet.device('a')?.boots).toBe(3);
  });
});

describe('credentials', () => {
  it('sends the gateway token with every request, downloads included', async () => {
    const server = await startServer({ auth: { gatewayToken: 'g'.repeat(32) } });
    const action = server.offer('a', { version: '42', artifact: createFirmware() });
    const fleet = startFleet(server, { auth: { gatewayToken: 'g'.repeat(32) } });
    await server.until(() => action.state === 'succeeded');
    expect(fleet.snapshot().errors.unauthorized).toBe(0);
  });

  it('sends each device its own token, and counts what is refused', async () => {
    const server = await startServer({ auth: { targetTokens: { a: 'one', b: 'two' } } });
    const fleet = startFleet(server, {
      devices: ['a', 'b', 'c'],
      auth: { targetTokens: { a: 'one', b: 'wrong' } },
    });
    await server.until(() => server.devices.has('a'));
    await eventually(() => fleet.snapshot().errors.unauthorized).toBeGreaterThan(3);
    expect([...server.devices.keys()]).toEqual(['a']);
    expect(fleet.snapshot().online).toBe(3);
  });
});

describe('a redirect of the download', () => {
  it('is followed by rauc, without the token, and not by zephyr', async () => {
    const artifact = createFirmware();
    const seen: IncomingHttpHeaders[] = [];
    const storage = createServer((request, response) => {
      seen.push(request.headers);
      response.end(artifact.bytes);
    });
    await new Promise<void>((resolve) => {
      storage.listen(0, '127.0.0.1', resolve);
    });
    onTestFinished(() => {
      storage.closeAllConnections();
      storage.close();
    });
    const server = await startServer({ auth: { gatewayToken: 'secret' } });
    server.redirectDownloads(`http://127.0.0.1:${(storage.address() as AddressInfo).port}/42`);
    const auth = { gatewayToken: 'secret' };
    const zephyr = startFleet(server, { devices: ['z'], style: 'zephyr', auth });
    server.offer('z', { version: '42', artifact });
    await zephyr.seen('failed');
    expect(seen).toEqual([]);

    const action = server.offer('a', { version: '42', artifact });
    startFleet(server, { auth });
    await server.until(() => action.state === 'succeeded');
    expect(seen.map(({ authorization }) => authorization)).toEqual([undefined]);
  });
});
