// What a server has to do so that RAUC's updater, SWUpdate, Zephyr and the ESP clients all get on with it: one test per
// rule.

import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { devicePath, startGateway, type TestGateway } from '../../support/gateway.ts';
import {
  artifactLink,
  bringToOffer,
  introduce,
  pollOffer,
  readDeployment,
  tell,
  tellCancel,
} from './flow.ts';

describe('for every client, the gateway', () => {
  let gateway: TestGateway;
  beforeEach(async () => {
    gateway = await startGateway();
    await gateway.inForce({
      fleet: { part: 'bApp' },
      firmware: [{ version: 41 }, { version: 42, path: 'out/update-42.swu', title: 'Fix it' }],
      release: 42,
    });
  });
  afterEach(() => gateway.close());

  const dev = devicePath('dev-1');

  it('answers each accepted POST and PUT with 200, no body and its length (1)', async () => {
    const { id } = await bringToOffer(gateway, 'dev-1');
    const answers = [
      await gateway.ask('PUT', `${dev}/configData`, { body: { data: { a: 'b' } } }),
      await gateway.ask('PUT', `${dev}/installedBase`, { body: { name: 'x', version: '41' } }),
      await tell(gateway, 'dev-1', id, 'proceeding', 'none'),
      await tell(gateway, 'dev-1', id, 'closed', 'failure'),
    ];
    for (const answer of answers) {
      expect(answer.status).toBe(200);
      expect(answer.text).toBe('');
      expect(answer.headers['content-length']).toBe('0');
    }
  });

  it('gives every document its length, in one piece, small and without escapes (2)', async () => {
    const { href } = await bringToOffer(gateway, 'dev-1');
    for (const path of [dev, href, `${dev}/softwaremodules/42/artifacts`]) {
      const answer = await gateway.ask('GET', path);
      expect(answer.status).toBe(200);
      expect(answer.headers['content-length']).toBe(String(answer.body.length));
      expect(answer.headers['transfer-encoding']).toBeUndefined();
      expect(answer.body.length).toBeLessThan(2_000);
      expect(answer.text).not.toContain('\\');
    }
  });

  it('gives an action an id of digits, as text, that is never offered again once closed (3)', async () => {
    const { id, href } = await bringToOffer(gateway, 'dev-1');
    expect(id).toMatch(/^\d{4,10}$/);
    expect(id).not.toMatch(/^\d0*$/);
    expect(Number(id)).toBeGreaterThan(1_000);
    expect(Number(id)).toBeLessThan(2 ** 31);
    expect((await readDeployment(gateway, href)).id).toBe(id);
    await tell(gateway, 'dev-1', id, 'closed', 'failure');
    await gateway.pass(10 * 60_000);
    expect((await pollOffer(gateway, 'dev-1')).id).not.toBe(id);
  });

  it('makes links of the scheme, host and port that the device used (4)', async () => {
    const { port } = new URL(gateway.url);
    const headers = { host: `fleet.example:${port}`, 'x-forwarded-host': 'evil.example' };
    const { _links } = await gateway.poll('dev-1', { headers });
    const self = `http://fleet.example:${port}${dev}`;
    expect(_links?.configData?.href).toBe(`${self}/configData`);
    const { href } = await bringToOffer(gateway, 'dev-2');
    expect(href.slice(`${gateway.url}${devicePath('dev-2')}`.length).length).toBeLessThan(50);
    const link = artifactLink(await readDeployment(gateway, href));
    expect(new URL(link).pathname.length).toBeLessThan(200);
  });

  it('makes links of the public URL where it has one (4)', async () => {
    const behind = await startGateway({ publicUrl: 'https://devices.example/' });
    await behind.inForce({});
    const { _links } = await behind.poll('dev-1');
    await behind.close();
    expect(_links?.configData?.href).toBe(`https://devices.example${dev}/configData`);
  });

  it('links a cancel without a query, so that /feedback can be appended (5)', async () => {
    const { id } = await bringToOffer(gateway, 'dev-1');
    await gateway.inForce({ firmware: [{ version: 41 }, { version: 42 }], release: 41 });
    const { _links } = await gateway.poll('dev-1');
    expect(_links?.cancelAction?.href).toBe(`${gateway.url}${dev}/cancelAction/${id}`);
  });

  it('offers one chunk with one artifact, with three hashes, four links and the part set for it (6, 7, 8)', async () => {
    const { href, id } = await bringToOffer(gateway, 'dev-1');
    const deployment = await readDeployment(gateway, href);
    const url = `${gateway.url}${dev}/softwaremodules/42/artifacts/update-42.swu`;
    const firmware = gateway.driver.policyOf('thermostat')?.firmware.get(42);
    expect(deployment).toEqual({
      id,
      deployment: {
        download: 'forced',
        update: 'forced',
        chunks: [
          {
            part: 'bApp',
            version: '42',
            name: 'Fix it',
            artifacts: [
              {
                filename: 'update-42.swu',
                size: 10_000,
                hashes: { sha1: firmware?.sha1, md5: firmware?.md5, sha256: firmware?.sha256 },
                _links: {
                  download: { href: url },
                  'download-http': { href: url },
                  md5sum: { href: `${url}.MD5SUM` },
                  'md5sum-http': { href: `${url}.MD5SUM` },
                },
              },
            ],
          },
        ],
      },
    });
  });

  it('always says when to poll again, below 24 hours (9)', async () => {
    await gateway.inForce({ fleet: { pollIntervalMs: 48 * 3_600_000 } });
    const { config } = await gateway.poll('dev-1');
    expect(config.polling.sleep).toBe('23:59:59');
  });

  it('serves HEAD and ranges, with a strong tag (10)', async () => {
    const { href } = await bringToOffer(gateway, 'dev-1');
    const link = artifactLink(await readDeployment(gateway, href), 'download');
    const head = await gateway.ask('HEAD', link);
    expect(head.status).toBe(200);
    expect(head.headers).toMatchObject({ 'content-length': '10000', 'accept-ranges': 'bytes' });
    expect(head.headers.etag).toMatch(/^"[0-9a-f]{40}"$/);
    const part = await gateway.ask('GET', link, { headers: { range: 'bytes=9990-' } });
    expect(part.status).toBe(206);
    expect(part.body).toEqual(gateway.binaryOf(42).subarray(9_990));
  });

  it('takes a link away with the answer that makes it pointless (11)', async () => {
    await gateway.poll('dev-1');
    await gateway.report('dev-1', { fw_version: '41' });
    expect((await gateway.poll('dev-1'))._links?.configData).toBeUndefined();
    const { id } = await pollOffer(gateway, 'dev-1');
    await gateway.inForce({ firmware: [{ version: 41 }, { version: 42 }] });
    expect((await gateway.poll('dev-1'))._links?.cancelAction).toBeDefined();
    await tellCancel(gateway, 'dev-1', id, 'closed', 'success');
    expect((await gateway.poll('dev-1'))._links?.cancelAction).toBeUndefined();

    await gateway.inForce({ firmware: [{ version: 41 }, { version: 42 }], release: 42 });
    const next = await pollOffer(gateway, 'dev-1');
    await tell(gateway, 'dev-1', next.id, 'closed', 'failure');
    expect((await gateway.poll('dev-1'))._links?.deploymentBase).toBeUndefined();
  });

  it('never says skip: it withholds the link instead (12)', async () => {
    await introduce(gateway, 'dev-1');
    await gateway.inForce(
      { firmware: [{ version: 41 }, { version: 42 }], release: 42 },
      { stopped: true },
    );
    expect((await gateway.poll('dev-1'))._links).toBeUndefined();
  });

  it('takes what the clients send as types, and fields that it does not know (13)', async () => {
    for (const accept of ['application/json;charset=UTF-8', 'application/hal+json', '*/*']) {
      const answer = await gateway.ask('GET', dev, { headers: { accept } });
      expect(answer.status).toBe(200);
      expect(answer.headers['content-type']).toMatch(/^application\/(hal\+)?json/);
    }
    const answer = await gateway.ask('PUT', `${dev}/configData`, {
      headers: { 'content-type': 'application/json;charset=UTF-8', charsets: 'utf-8' },
      body: {
        id: '',
        time: '20260105T120000',
        status: { result: { finished: 'success' }, execution: 'closed', details: [''] },
        data: { fw_version: '41' },
      },
    });
    expect(answer.status).toBe(200);
  });

  it('takes feedback while it cancels, and many posts in a row (14)', async () => {
    const { id, href } = await bringToOffer(gateway, 'dev-1');
    await readDeployment(gateway, href);
    await gateway.inForce({ firmware: [{ version: 41 }, { version: 42 }], release: 41 });
    await gateway.poll('dev-1');
    for (let post = 0; post < 60; post += 1) {
      const answer = await tell(gateway, 'dev-1', id, 'proceeding', 'none', [`line ${post}`]);
      expect(answer.status).toBe(200);
    }
    const kept = await gateway.store.feedback('thermostat', 'dev-1', Number(id));
    expect(kept).toHaveLength(50);
  });

  it('takes a final report twice, and refuses a contradiction (15)', async () => {
    const { id } = await bringToOffer(gateway, 'dev-1');
    expect((await tell(gateway, 'dev-1', id, 'closed', 'success')).status).toBe(200);
    expect((await tell(gateway, 'dev-1', id, 'closed', 'success')).status).toBe(200);
    expect((await tell(gateway, 'dev-1', id, 'closed', 'failure')).status).toBe(410);
  });

  it('takes a success for a claim until the version is named (16)', async () => {
    const { id } = await bringToOffer(gateway, 'dev-1');
    await tell(gateway, 'dev-1', id, 'closed', 'success');
    expect((await gateway.device('dev-1')).running).toBe(41);
    const { _links } = await gateway.poll('dev-1');
    expect(Object.keys(_links ?? {})).toEqual(['configData']);
    await gateway.report('dev-1', { fw_version: '42' });
    expect(await gateway.device('dev-1')).toMatchObject({
      running: 42,
      action: null,
      outcome: { version: 42, state: 'succeeded' },
    });
  });

  it('closes no connection after an answer', async () => {
    const answer = await gateway.ask('GET', dev);
    expect(answer.headers.connection).toBe('keep-alive');
  });
});
