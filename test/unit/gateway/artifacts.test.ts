// The binary over a real socket: who gets it, in which pieces, and what ends a download.

import { request, type IncomingMessage } from 'node:http';

import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';

import { GATEWAY_TOKEN } from '../../support/device-request.ts';
import { devicePath, digest, startGateway, type TestGateway } from '../../support/gateway.ts';
import { artifactLink, bringToOffer, readDeployment, tell } from './flow.ts';

const SIZE = 16 * 1024 * 1024;

describe('a binary', () => {
  let gateway: TestGateway;
  let link: string;
  let id: string;
  const words = { firmware: [{ version: 41 }, { version: 42 }], release: 42 };

  beforeEach(async () => {
    gateway = await startGateway({ binarySize: SIZE });
    await gateway.inForce(words);
    const offered = await bringToOffer(gateway, 'dev-1');
    id = offered.id;
    link = artifactLink(await readDeployment(gateway, offered.href));
  });
  afterEach(() => gateway.close());

  it('is served as it is, with what caches and clients want to know', async () => {
    const answer = await gateway.ask('GET', link);
    expect(answer.status).toBe(200);
    expect(digest('sha256', answer.body)).toBe(digest('sha256', gateway.binaryOf(42)));
    expect(answer.headers).toMatchObject({
      'content-type': 'application/octet-stream',
      'content-disposition': 'attachment;filename="42.bin"',
      'content-length': String(SIZE),
      'accept-ranges': 'bytes',
      etag: `"${digest('sha1', gateway.binaryOf(42))}"`,
    });
    expect(answer.headers['last-modified']).toBeDefined();
    expect(answer.headers['transfer-encoding']).toBeUndefined();
  });

  it('comes with its md5 in the form of md5sum', async () => {
    const answer = await gateway.ask('GET', `${link}.MD5SUM`);
    expect(answer.status).toBe(200);
    expect(answer.text).toBe(`${digest('md5', gateway.binaryOf(42))}  42.bin\n`);
  });

  it('is listed', async () => {
    const answer = await gateway.ask('GET', `${devicePath('dev-1')}/softwaremodules/42/artifacts`);
    expect(answer.json()).toMatchObject([{ filename: '42.bin' }]);
  });

  it('can be resumed, and counts as given once its last byte is sent', async () => {
    const headers = { range: `bytes=0-${SIZE - 101}` };
    expect((await gateway.ask('GET', link, { headers })).status).toBe(206);
    await gateway.poll('dev-1');
    expect((await gateway.device('dev-1')).given).toBeNull();
    const rest = await gateway.ask('GET', link, { headers: { range: `bytes=${SIZE - 100}-` } });
    expect(rest.headers['content-range']).toBe(`bytes ${SIZE - 100}-${SIZE - 1}/${SIZE}`);
    expect(rest.body).toEqual(gateway.binaryOf(42).subarray(SIZE - 100));
    await vi.waitFor(async () =>
      expect((await gateway.device('dev-1')).given).toMatchObject({ version: 42 }),
    );
  });

  it('counts as given for a report that follows at once', async () => {
    await gateway.ask('GET', link);
    await gateway.report('dev-1', { fw_version: '42' });
    expect((await gateway.device('dev-1')).given).toMatchObject({ version: 42 });
  });

  it('does not count as given when only its head was asked for', async () => {
    expect((await gateway.ask('HEAD', link)).status).toBe(200);
    await gateway.report('dev-1', { fw_version: '41' });
    expect((await gateway.device('dev-1')).given).toBeNull();
  });

  it('is 304 for who has it', async () => {
    const { headers } = await gateway.ask('HEAD', link);
    const answer = await gateway.ask('GET', link, {
      headers: { 'if-none-match': headers.etag ?? '' },
    });
    expect([answer.status, answer.text]).toEqual([304, '']);
  });

  it('marks the action as fetched, also without the document having been read', async () => {
    const { id: other } = await bringToOffer(gateway, 'dev-2');
    await gateway.ask('GET', link.replace('dev-1', 'dev-2'), { headers: { range: 'bytes=0-9' } });
    const record = await gateway.store.action('thermostat', 'dev-2', Number(other));
    expect(record?.fetchedAt).not.toBeNull();
  });

  it('is served after the claim, and not after the action is over', async () => {
    await tell(gateway, 'dev-1', id, 'closed', 'success');
    expect((await gateway.ask('HEAD', link)).status).toBe(200);
    await gateway.report('dev-1', { fw_version: '42' });
    expect((await gateway.ask('HEAD', link)).status).toBe(404);
    const dev = devicePath('dev-1');
    expect((await gateway.ask('GET', `${dev}/deploymentBase/${id}`)).status).toBe(200);
    expect((await gateway.ask('GET', `${dev}/installedBase/${id}`)).status).toBe(200);
  });

  it('is not served under the number of another binary', async () => {
    const other = { version: 42, sha256: 'f'.repeat(64) };
    await gateway.inForce({ ...words, firmware: [{ version: 41 }, other] });
    expect((await gateway.ask('GET', link)).status).toBe(404);
    const document = `${devicePath('dev-1')}/deploymentBase/${id}`;
    expect((await gateway.ask('GET', document)).status).toBe(404);
  });

  it('is not served to a device in quarantine', async () => {
    await gateway.inForce({ ...words, productId: 9, fleet: { productAttribute: 'product' } });
    await gateway.report('dev-1', { product: '8' });
    expect((await gateway.ask('GET', link)).status).toBe(404);
  });

  it('is held back when its file is damaged, and somebody is told', async () => {
    await gateway.close();
    gateway = await startGateway({
      wrap: (ports) => ({
        ...ports,
        binaries: {
          ...ports.binaries,
          locate: async () => ({
            ok: false,
            error: { code: 'BinaryDamaged', message: 'damaged', disposition: 'stall' },
          }),
        },
      }),
    });
    await gateway.inForce(words);
    const { href } = await bringToOffer(gateway, 'dev-1');
    const answer = await gateway.ask('GET', artifactLink(await readDeployment(gateway, href)));
    expect(answer.status).toBe(503);
    expect(gateway.logLines.join('\n')).toContain('damaged');
  });

  it.each([
    ['withdrawn', { ...words, firmware: [{ version: 41 }, { version: 42, withdrawn: true }] }],
    ['removed', { firmware: [{ version: 41 }] }],
  ])('breaks off at once when it is %s', async (_what, changed) => {
    const download = await openDownload(link);
    await gateway.inForce(changed);
    expect(await receivedOf(download)).toBeLessThan(SIZE);
    expect((await gateway.ask('GET', link)).status).toBe(404);
    expect((await gateway.device('dev-1')).given).toBeNull();
  });

  it.each([
    ['another version is released', { ...words, release: 41 }],
    ['its release is held', { ...words, rollout: { paused: true } }],
  ])('goes on when %s', async (_what, changed) => {
    const download = await openDownload(link);
    await gateway.inForce(changed);
    expect(await receivedOf(download)).toBe(SIZE);
  });

  it('frees its file when the client goes away', async () => {
    const download = await openDownload(link);
    download.destroy();
    await vi.waitFor(() => expect(gateway.logLines.join('\n')).toContain('broke off'));
    expect((await gateway.device('dev-1')).given).toBeNull();
  });

  it('waits for a slow client instead of piling up memory', async () => {
    const before = process.memoryUsage();
    const downloads = await Promise.all(Array.from({ length: 8 }, () => openDownload(link)));
    const after = process.memoryUsage();
    const used = after.external + after.arrayBuffers - before.external - before.arrayBuffers;
    for (const download of downloads) download.destroy();
    expect(used).toBeLessThan(4 * SIZE);
  });
});

/** Starts a download and stops reading after its first bytes. */
function openDownload(link: string): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const headers = { authorization: `GatewayToken ${GATEWAY_TOKEN}` };
    const outgoing = request(link, { headers, agent: false }, (incoming) => {
      incoming.once('readable', () => resolve(incoming));
    });
    outgoing.on('error', reject);
    outgoing.end();
  });
}

/** Reads what comes until the end, also a sudden one. */
async function receivedOf(download: IncomingMessage): Promise<number> {
  let received = 0;
  try {
    for await (const part of download) received += (part as Buffer).length;
  } catch {
    // Broken off.
  }
  return received;
}
