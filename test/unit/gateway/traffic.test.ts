// What the gateway counts of its traffic: polls that were answered, downloads by how they ended, and their bytes.

import { request } from 'node:http';

import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';

import { GATEWAY_TOKEN } from '../../support/device-request.ts';
import { devicePath, startGateway, type TestGateway } from '../../support/gateway.ts';
import { artifactLink, bringToOffer, readDeployment } from './flow.ts';

const SIZE = 8 * 1024 * 1024;

describe('the traffic of a product', () => {
  let gateway: TestGateway;
  let link: string;
  beforeEach(async () => {
    gateway = await startGateway({ binarySize: SIZE });
    await gateway.inForce({ firmware: [{ version: 41 }, { version: 42 }], release: 42 });
    link = artifactLink(await readDeployment(gateway, (await bringToOffer(gateway, 'd')).href));
  });
  afterEach(() => gateway.close());

  const traffic = () => gateway.driver.trafficOf('thermostat');

  it('counts polls that were answered, and none of strangers', async () => {
    const before = traffic()?.polls ?? 0;
    expect(before).toBeGreaterThan(0);
    await gateway.poll('d');
    const headers = { authorization: 'GatewayToken wrong' };
    expect((await gateway.ask('GET', devicePath('d'), { headers })).status).toBe(401);
    expect(traffic()?.polls).toBe(before + 1);
    expect(gateway.driver.trafficOf('nothing')).toBeNull();
  });

  it('counts downloads that are sent, in parts too, and what they weigh', async () => {
    await gateway.ask('HEAD', link);
    expect(traffic()).toMatchObject({ downloadsSent: 0, downloadedBytes: 0 });
    await gateway.ask('GET', link);
    await gateway.ask('GET', link, { headers: { range: 'bytes=0-99' } });
    await vi.waitFor(() =>
      expect(traffic()).toMatchObject({
        downloadsSent: 2,
        downloadsBroken: 0,
        downloadedBytes: SIZE + 100,
      }),
    );
  });

  it('counts a download that breaks off as that', async () => {
    const url = new URL(link, gateway.url);
    const headers = { authorization: `GatewayToken ${GATEWAY_TOKEN}` };
    await new Promise<void>((resolve, reject) => {
      const sent = request(url, { headers }, (response) => {
        response.once('data', () => {
          response.destroy();
          resolve();
        });
      });
      sent.on('error', reject).end();
    });
    await vi.waitFor(
      () => expect(traffic()).toMatchObject({ downloadsSent: 0, downloadsBroken: 1 }),
      { timeout: 20_000 },
    );
    expect(traffic()?.downloadedBytes).toBeLessThan(SIZE);
  });
});
