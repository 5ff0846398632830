// Whole updates as the known clients send them, request by request: RAUC's updater, SWUpdate and Zephyr.

import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { type Answer } from '../../support/device-request.ts';
import {
  devicePath,
  type PollBody,
  startGateway,
  type TestGateway,
} from '../../support/gateway.ts';
import type { Deployment } from './flow.ts';
import { artifactLink, pollOffer } from './flow.ts';

const TOKEN = 'own-token';

describe('an update by', () => {
  let gateway: TestGateway;
  const dev = devicePath('dev-1');

  beforeEach(async () => {
    gateway = await startGateway();
    await gateway.inForce({
      fleet: { part: 'bApp' },
      firmware: [
        { version: 41, path: '41.swu' },
        { version: 42, path: '42.swu' },
      ],
      release: 42,
    });
    await gateway.issueToken('dev-1', TOKEN);
  });
  afterEach(() => gateway.close());

  /** Sends a request as a client does and expects the one status that all of them take for success. */
  async function send(
    method: string,
    target: string,
    headers: Readonly<Record<string, string>>,
    body?: unknown,
    expected = 200,
  ): Promise<Answer> {
    const answer = await gateway.ask(method, target, {
      auth: `TargetToken ${TOKEN}`,
      headers: {
        ...headers,
        ...(body !== undefined && { 'content-type': headers['accept'] ?? '' }),
      },
      body,
    });
    expect(answer.status, `${method} ${target} ${answer.text}`).toBe(expected);
    return answer;
  }

  async function expectSucceeded(): Promise<void> {
    expect(await gateway.device('dev-1')).toMatchObject({
      running: 42,
      given: { version: 42 },
      action: null,
      outcome: { version: 42, state: 'succeeded' },
    });
    expect((await gateway.poll('dev-1'))._links).toBeUndefined();
  }

  it('RAUC: attributes, download, many posts, success before the reboot, attributes after it', async () => {
    const headers = {
      accept: 'application/json;charset=UTF-8',
      'user-agent': 'rauc-hawkbit-c-agent/1.0',
    };
    const attributes = (version: string): unknown => ({
      time: '20260105T120000',
      status: { execution: 'closed', result: { finished: 'success' }, details: [] },
      data: { product: 'Thermostat', fw_version: version },
    });
    const first = (await send('GET', dev, headers)).json() as PollBody;
    await send('PUT', first._links?.configData?.href ?? '', headers, attributes('41'));

    const { href, id } = await pollOffer(gateway, 'dev-1');
    const deployment = (await send('GET', href, headers)).json() as Deployment;
    const artifact = await send('GET', artifactLink(deployment, 'download'), headers);
    expect(artifact.body).toEqual(gateway.binaryOf(42));
    const post = (execution: string, finished: string, line: string): Promise<Answer> =>
      send('POST', `${dev}/deploymentBase/${id}/feedback`, headers, {
        id,
        time: '20260105T120000',
        status: { result: { finished }, execution, details: [line] },
      });
    await post('proceeding', 'none', 'Download complete. 1.0 MB/s');
    await post('proceeding', 'none', 'File checksum OK.');
    for (let step = 0; step < 18; step += 1) await post('proceeding', 'none', `${step * 5}%`);
    await post('closed', 'success', 'Software bundle installed successfully.');

    const action = await gateway.store.action('thermostat', 'dev-1', Number(id));
    expect(action).toMatchObject({
      state: 'succeeded',
      confirmed: false,
      message: 'Software bundle installed successfully.',
    });
    const after = (await send('GET', dev, headers)).json() as PollBody;
    await send('PUT', after._links?.configData?.href ?? '', headers, attributes('42'));
    await expectSucceeded();
  });

  it('SWUpdate: a report before the download, HEAD first, a broken download resumed, success after the restart', async () => {
    const headers = { accept: 'application/json', charsets: 'utf-8' };
    const identify = (version: string): unknown => ({
      mode: 'replace',
      id: '',
      time: '20260105T120000',
      status: { result: { finished: 'success' }, execution: 'closed', details: [''] },
      data: { fw_version: version },
    });
    await send('PUT', `${dev}/configData`, { ...headers, expect: '100-continue' }, identify('41'));
    await send('GET', dev, headers);
    const { href, id } = await pollOffer(gateway, 'dev-1');
    const deployment = (await send('GET', href, headers)).json() as Deployment;
    const post = (
      execution: string,
      finished: string,
      details: readonly string[],
    ): Promise<Answer> =>
      send('POST', `${dev}/deploymentBase/${id}/feedback`, headers, {
        id: Number(id),
        time: '20260105T120000',
        status: { result: { progress: { cnt: 1, of: 1 }, finished }, execution, details },
      });
    await post('proceeding', 'none', ['Installing Update Chunk Artifacts.']);
    const link = artifactLink(deployment, 'download');
    const head = await send('HEAD', link, headers);
    expect(head.headers['content-length']).toBe('10000');
    const parts = [
      await send('GET', link, { ...headers, range: 'bytes=0-3999' }, undefined, 206),
      await send('GET', link, { ...headers, range: 'bytes=4000-' }, undefined, 206),
    ];
    expect(Buffer.concat(parts.map((part) => part.body))).toEqual(gateway.binaryOf(42));
    const lines = Array.from({ length: 48 }, (_, n) => `log line ${n} ${'x'.repeat(80)}`);
    await post('proceeding', 'none', lines);
    await post('proceeding', 'none', ['All Chunks Installed.']);
    // It polls on, does nothing, and restarts.
    expect((await pollOffer(gateway, 'dev-1')).id).toBe(id);
    await post('closed', 'success', ['Update successful']);
    await send('PUT', `${dev}/configData`, headers, identify('42'));
    await expectSucceeded();
  });

  it('SWUpdate: a failure in its own words', async () => {
    const headers = { accept: 'application/json' };
    await send('GET', dev, headers);
    await send('PUT', `${dev}/configData`, headers, { data: { fw_version: '41' } });
    const { id } = await pollOffer(gateway, 'dev-1');
    await send('POST', `${dev}/deploymentBase/${id}/feedback`, headers, {
      id: Number(id),
      status: {
        result: { finished: 'failure' },
        execution: 'closed',
        details: ['ERROR : signature verification failed', ''],
      },
    });
    expect((await gateway.device('dev-1')).failures?.lastMessage).toBe(
      'ERROR : signature verification failed',
    );
  });

  it('Zephyr: the path of the -http link, no progress, success at the first poll after the reboot', async () => {
    const headers = { accept: 'application/json' };
    await send('GET', dev, headers);
    await send('PUT', `${dev}/configData`, headers, {
      mode: 'merge',
      data: { VIN: 'dev-1', fw_version: '41' },
    });
    const { href, id } = await pollOffer(gateway, 'dev-1');
    const deployment = (await send('GET', new URL(href).pathname, headers)).json() as Deployment;
    expect(deployment.deployment.chunks[0]?.part).toBe('bApp');
    const link = new URL(artifactLink(deployment));
    expect((await send('GET', link.pathname, headers)).body).toEqual(gateway.binaryOf(42));
    expect((await pollOffer(gateway, 'dev-1')).id).toBe(id);
    await send('POST', `${dev}/deploymentBase/${id}/feedback`, headers, {
      status: { execution: 'closed', result: { finished: 'success' } },
    });
    await send('PUT', `${dev}/configData`, headers, {
      mode: 'merge',
      data: { VIN: 'dev-1', fw_version: '42' },
    });
    await expectSucceeded();
  });

  it('Zephyr: a revert by the boot loader, which it reports as a success, is found out', async () => {
    await gateway.inForce({
      fleet: { pollIntervalMs: 10_000, rebootGraceMs: 30_000 },
      firmware: [{ version: 41 }, { version: 42 }],
      release: 42,
    });
    const headers = { accept: 'application/json' };
    await send('GET', dev, headers);
    await send('PUT', `${dev}/configData`, headers, { data: { fw_version: '41' } });
    const { id } = await pollOffer(gateway, 'dev-1');
    await send('POST', `${dev}/deploymentBase/${id}/feedback`, headers, {
      status: { execution: 'closed', result: { finished: 'success' } },
    });
    await send('PUT', `${dev}/configData`, headers, { data: { fw_version: '41' } });
    expect((await gateway.device('dev-1')).action?.phase).toBe('claimed');
    await gateway.pass(30_000);
    await send('GET', dev, headers);
    await send('PUT', `${dev}/configData`, headers, { data: { fw_version: '41' } });
    expect((await gateway.device('dev-1')).failures).toMatchObject({ version: 42, count: 1 });
    expect((await gateway.store.action('thermostat', 'dev-1', Number(id)))?.state).toBe('failed');
  });

  it('Zephyr before 4.1: always as tenant `default`, with /DEFAULT/ in the download link', async () => {
    await gateway.inForce({
      fleet: { tenant: 'DEFAULT' },
      firmware: [{ version: 42 }],
      release: 42,
    });
    const self = devicePath('dev-1', 'default');
    await gateway.ask('GET', self);
    await gateway.ask('PUT', `${self}/configData`, { body: { data: { fw_version: '41' } } });
    const answer = await gateway.ask('GET', self);
    const { href } = (answer.json() as PollBody)._links?.deploymentBase ?? { href: '' };
    const deployment = (await gateway.ask('GET', href)).json() as Deployment;
    expect(artifactLink(deployment)).toContain('/DEFAULT/controller/v1/dev-1/');
    expect((await gateway.ask('GET', artifactLink(deployment))).status).toBe(200);
  });

  it('any client that asks for the history of its action gets its newest words first', async () => {
    const headers = { accept: 'application/hal+json' };
    await send('GET', dev, headers);
    await send(
      'PUT',
      `${dev}/configData`,
      { accept: 'application/json' },
      { data: { fw_version: '41' } },
    );
    const { href, id } = await pollOffer(gateway, 'dev-1');
    for (const line of ['one', 'two', 'three']) {
      gateway.clock.advance(1);
      await send(
        'POST',
        `${dev}/deploymentBase/${id}/feedback`,
        { accept: 'application/json' },
        {
          status: { execution: 'proceeding', result: { finished: 'none' }, details: [line] },
        },
      );
    }
    const historyOf = async (query: string): Promise<Deployment['actionHistory']> =>
      ((await send('GET', `${href}${query}`, headers)).json() as Deployment).actionHistory;
    expect(await historyOf('&actionHistory=2')).toEqual({
      status: 'RUNNING',
      messages: ['three', 'two'],
    });
    expect((await historyOf('&actionHistory=-1'))?.messages).toHaveLength(3);
    expect(await historyOf('&actionHistory=0')).toBeUndefined();
    expect(await historyOf('&actionHistory=')).toBeUndefined();
    expect(await historyOf('')).toBeUndefined();
  });

  it('any client that takes its version attribute away does not name a version by it', async () => {
    await gateway.poll('dev-1');
    await gateway.report('dev-1', { fw_version: '41', other: 'x' });
    const body = { mode: 'remove', data: { fw_version: '42' } };
    expect((await gateway.ask('PUT', `${dev}/configData`, { body })).status).toBe(200);
    const { key, running } = await gateway.device('dev-1');
    expect(running).toBe(41);
    expect(await gateway.store.attributes(key)).toEqual({ other: 'x' });
  });

  it('one that states what is installed counts like an attribute', async () => {
    await gateway.ask('GET', dev);
    const state = (version: string): Promise<Answer> =>
      gateway.ask('PUT', `${dev}/installedBase`, { body: { name: 'thermostat', version } });
    expect((await state('42')).status).toBe(200);
    expect((await gateway.device('dev-1')).running).toBe(42);
    expect((await state('nightly')).status).toBe(404);
    expect(await gateway.device('dev-1')).toMatchObject({ running: null, reported: 'nightly' });
  });
});

describe('evidence for a version', () => {
  let gateway: TestGateway;
  const firmware = [{ version: 41 }, { version: 42 }];
  beforeEach(async () => {
    gateway = await startGateway();
  });
  afterEach(() => gateway.close());

  async function levels(): Promise<readonly (readonly [number, string])[]> {
    return (await gateway.store.evidence('thermostat')).map((each) => [each.version, each.level]);
  }

  it('is `reported` when a device names it, and `flashed` when this gateway gave it the binary', async () => {
    await gateway.inForce({ firmware }, { verified: [41] });
    await gateway.poll('dev-1');
    await gateway.report('dev-1', { fw_version: '42' });
    expect(await levels()).toEqual([[42, 'reported']]);
    await gateway.poll('dev-2');
    await gateway.report('dev-2', { fw_version: '41' });
    await gateway.lock('dev-2', 42);
    const { href } = await pollOffer(gateway, 'dev-2');
    const deployment = (await gateway.ask('GET', href)).json() as Deployment;
    await gateway.ask('GET', artifactLink(deployment));
    await gateway.report('dev-2', { fw_version: '42' });
    expect(await levels()).toEqual([
      [42, 'reported'],
      [42, 'flashed'],
    ]);
  });

  it('is `claimed` on an agent’s word, where the product says that this is enough', async () => {
    await gateway.inForce({ firmware, verification: { evidence: 'claimed' } }, { verified: [41] });
    await gateway.lock('dev-1', 42);
    for (let poll = 0; poll < 3; poll += 1) await gateway.poll('dev-1');
    const { id } = await pollOffer(gateway, 'dev-1');
    await gateway.ask('POST', `${devicePath('dev-1')}/deploymentBase/${id}/feedback`, {
      body: { status: { execution: 'closed', result: { finished: 'success' } } },
    });
    expect(await levels()).toEqual([[42, 'claimed']]);
    expect((await gateway.device('dev-1')).running).toBe(42);
  });
});
