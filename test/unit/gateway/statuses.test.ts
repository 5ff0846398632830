// Every status of the protocol, over a real socket.

import { connect } from 'node:net';

import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { devicePath, feedbackBody, startGateway, type TestGateway } from '../../support/gateway.ts';
import { artifactLink, bringToOffer, introduce, readDeployment, tell, tellCancel } from './flow.ts';

describe('the status', () => {
  let gateway: TestGateway;
  beforeEach(async () => {
    gateway = await startGateway();
    await gateway.inForce({ firmware: [{ version: 41 }, { version: 42 }], release: 42 });
  });
  afterEach(() => gateway.close());

  const dev = devicePath('dev-1');

  it('is 401 with an empty body without good credentials, before the body is even read', async () => {
    await introduce(gateway, 'dev-1');
    for (const auth of [null, 'TargetToken x', 'GatewayToken x', 'Bearer x']) {
      const answer = await gateway.ask('GET', dev, { auth });
      expect([answer.status, answer.text]).toEqual([401, '']);
      const put = await gateway.ask('PUT', `${dev}/configData`, { auth, body: '{nonsense' });
      expect([put.status, put.text]).toEqual([401, '']);
    }
  });

  it("is 401 for a device that shows another device's token", async () => {
    await gateway.issueToken('dev-1', 'one');
    await gateway.issueToken('dev-2', 'two');
    const auth = 'TargetToken two';
    expect((await gateway.ask('GET', dev, { auth })).status).toBe(401);
    expect((await gateway.ask('GET', devicePath('dev-2'), { auth })).status).toBe(200);
  });

  it('is 404 for an unknown tenant, and any case of a known one will do', async () => {
    expect((await gateway.ask('GET', devicePath('dev-1', 'toaster'))).status).toBe(404);
    const answer = await gateway.ask('GET', devicePath('dev-1', 'THERMOstat'));
    expect(answer.text).toContain('/THERMOstat/controller/v1/dev-1/configData');
    expect((await gateway.ask('GET', dev)).status).toBe(200);
    expect((await gateway.device('dev-1')).key).toBe(1);
  });

  it('is 400 or 404 for ids that are none', async () => {
    const path = (id: string): string => `/thermostat/controller/v1/${id}`;
    expect((await gateway.ask('GET', path(''))).status).toBe(404);
    for (const id of ['%20', 'a%20b', 'a%09b', 'a%00b', 'x'.repeat(257), '%FF', '%C3%28']) {
      expect([id, (await gateway.ask('GET', path(id))).status]).toEqual([id, 400]);
    }
    expect((await gateway.ask('GET', path('x'.repeat(256)))).status).toBe(200);
    expect((await gateway.ask('GET', path(encodeURIComponent('ü'.repeat(256))))).status).toBe(200);
    expect((await gateway.ask('GET', path('a%2Fb'))).json()).toMatchObject({
      _links: { configData: { href: `${gateway.url}/thermostat/controller/v1/a%2Fb/configData` } },
    });
  });

  it('is 404 for what this device does not have', async () => {
    const { id } = await bringToOffer(gateway, 'dev-1');
    await introduce(gateway, 'dev-2');
    for (const path of [
      `${dev}/deploymentBase/1`,
      `${dev}/deploymentBase/abc`,
      `${dev}/deploymentBase/99999999999999`,
      `${devicePath('dev-2')}/deploymentBase/${id}`,
      `${dev}/cancelAction/${id}`,
      `${dev}/installedBase/${id}`,
      `${dev}/confirmationBase`,
      `${dev}/confirmationBase/${id}`,
      `${dev}/nothing/here`,
      `${dev}/softwaremodules/41/artifacts/41.bin`,
      `${dev}/softwaremodules/42/artifacts/other.bin`,
      `${dev}/softwaremodules/x/artifacts/42.bin`,
      `${devicePath('dev-2')}/softwaremodules/42/artifacts/42.bin`,
    ]) {
      expect([path, (await gateway.ask('GET', path)).status]).toEqual([path, 404]);
    }
    expect((await tell(gateway, 'dev-2', id, 'closed', 'success')).status).toBe(404);
    expect((await tell(gateway, 'dev-1', '1', 'closed', 'success')).status).toBe(404);
  });

  it('is 404 for the reports of a device that was never registered', async () => {
    const body = { data: { a: 'b' } };
    expect((await gateway.ask('PUT', `${dev}/configData`, { body })).status).toBe(404);
    expect((await gateway.ask('PUT', `${dev}/installedBase`, { body })).status).toBe(404);
  });

  it('is 400 for bodies that cannot be read, with an error body', async () => {
    const { id } = await bringToOffer(gateway, 'dev-1');
    for (const body of ['{', '[]', 'null', '', { status: {} }]) {
      const answer = await gateway.ask('POST', `${dev}/deploymentBase/${id}/feedback`, { body });
      expect([body, answer.status]).toEqual([body, 400]);
      expect(Object.keys(answer.json() as object)).toEqual([
        'exceptionClass',
        'errorCode',
        'message',
      ]);
    }
    const answer = await gateway.ask('PUT', `${dev}/configData`, { body: { data: {} } });
    expect(answer.status).toBe(400);
  });

  it('is 400 where links are needed and the Host header is none', async () => {
    const headers = { host: 'no host' };
    expect((await gateway.ask('GET', dev, { headers })).status).toBe(400);
  });

  it('is 405 for methods that a resource does not have', async () => {
    for (const [method, path] of [
      ['POST', dev],
      ['HEAD', dev],
      ['DELETE', dev],
      ['GET', `${dev}/configData`],
      ['POST', `${dev}/configData`],
      ['GET', `${dev}/deploymentBase/1001/feedback`],
      ['PUT', `${dev}/softwaremodules/42/artifacts/42.bin`],
    ] as const) {
      const answer = await gateway.ask(method, path);
      expect([method, path, answer.status]).toEqual([method, path, 405]);
      expect(answer.headers.allow).toBeDefined();
    }
  });

  it('is 405 for cancel feedback on an action that is not being cancelled', async () => {
    const { id } = await bringToOffer(gateway, 'dev-1');
    expect((await tellCancel(gateway, 'dev-1', id, 'closed', 'success')).status).toBe(405);
  });

  it('is 406 where none of our types is accepted', async () => {
    await gateway.poll('dev-1');
    for (const accept of ['application/cbor', 'text/html', 'application/json;q=0']) {
      expect((await gateway.ask('GET', dev, { headers: { accept } })).status).toBe(406);
    }
  });

  it('is 410 for a contradiction to what is closed', async () => {
    const { id } = await bringToOffer(gateway, 'dev-1');
    expect((await tell(gateway, 'dev-1', id, 'closed', 'failure')).status).toBe(200);
    expect((await tell(gateway, 'dev-1', id, 'closed', 'success')).status).toBe(410);
    expect((await tell(gateway, 'dev-1', id, 'proceeding', 'none')).status).toBe(410);
  });

  it('is 412 and 416 for artifacts that do not fit', async () => {
    const { href } = await bringToOffer(gateway, 'dev-1');
    const link = artifactLink(await readDeployment(gateway, href));
    const unmatched = await gateway.ask('GET', link, { headers: { 'if-match': '"x"' } });
    expect(unmatched.status).toBe(412);
    for (const range of ['bytes=10000-', 'bytes=0-1,3-4', 'bytes=x']) {
      const answer = await gateway.ask('GET', link, { headers: { range } });
      expect(answer.status).toBe(416);
      expect(answer.headers['content-range']).toBe('bytes */10000');
    }
  });

  it('is 413 for a body above 256 KiB', async () => {
    await gateway.poll('dev-1');
    const body = `{"data":{"a":"${'x'.repeat(256 * 1024)}"}}`;
    expect((await gateway.ask('PUT', `${dev}/configData`, { body })).status).toBe(413);
  });

  it('is 415 for other request types', async () => {
    const { id } = await bringToOffer(gateway, 'dev-1');
    for (const type of ['application/cbor', 'application/hal+json', 'text/plain']) {
      const answer = await gateway.ask('POST', `${dev}/deploymentBase/${id}/feedback`, {
        headers: { 'content-type': type },
        body: feedbackBody('closed', 'success'),
      });
      expect([type, answer.status]).toEqual([type, 415]);
    }
  });

  it('is 429 above 100 attributes', async () => {
    await gateway.poll('dev-1');
    const data = Object.fromEntries(Array.from({ length: 101 }, (_, n) => [`k${n}`, 'v']));
    expect((await gateway.ask('PUT', `${dev}/configData`, { body: { data } })).status).toBe(429);
  });

  it('is never 500 for hostile paths and headers', async () => {
    await gateway.poll('dev-1');
    const { port } = new URL(gateway.url);
    for (const line of [
      'GET /thermostat/controller/v1/%E0%A4%A HTTP/1.1',
      'GET /thermostat/controller/v1/../../etc/passwd HTTP/1.1',
      'GET /__proto__/controller/v1/constructor HTTP/1.1',
      'GET /thermostat/controller/v1/dev-1/softwaremodules/42/artifacts/..%2F..%2Fstate.db HTTP/1.1',
      'GET //thermostat//controller/v1/dev-1 HTTP/1.1',
      'PUT /thermostat/controller/v1/dev-1/configData HTTP/1.1\r\nContent-Type: \u0001',
      'GET /thermostat/controller/v1/dev-1?actionHistory[]=1&c=%ZZ HTTP/1.1',
    ]) {
      const status = await sendRaw(Number(port), line);
      expect([line, status >= 200 && status < 500]).toEqual([line, true]);
    }
  });

  it('is 503 while the state cannot be reached, and nothing is lost by it', async () => {
    await gateway.close();
    let isAway = false;
    gateway = await startGateway({
      wrap: (ports) => ({
        ...ports,
        store: {
          ...ports.store,
          saveDevice: (change) =>
            isAway ? Promise.reject(new Error('disk full')) : ports.store.saveDevice(change),
        },
      }),
    });
    await gateway.inForce({ firmware: [{ version: 42 }], release: 42 });
    await gateway.poll('dev-1');
    isAway = true;
    const body = { data: { fw_version: '41' } };
    expect((await gateway.ask('PUT', `${dev}/configData`, { body })).status).toBe(503);
    isAway = false;
    expect((await gateway.device('dev-1')).running).toBeNull();
    expect((await gateway.ask('PUT', `${dev}/configData`, { body })).status).toBe(200);
  });
});

/** Sends a request line as it is, and reads the status of the answer. */
function sendRaw(port: number, line: string): Promise<number> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1');
    let text = '';
    socket.on('data', (part) => {
      text += part.toString();
    });
    socket.on('error', reject);
    socket.on('close', () => resolve(Number(/^HTTP\/1\.1 (\d+)/.exec(text)?.[1] ?? 0)));
    socket.end(
      `${line}\r\nHost: 127.0.0.1\r\nAuthorization: GatewayToken gateway-secret\r\nConnection: close\r\n\r\n`,
    );
  });
}
