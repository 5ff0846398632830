// Polls over a real socket: the shape of the answer, and who is answered what.

import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { devicePath, startGateway, type TestGateway } from '../../support/gateway.ts';

describe('a poll', () => {
  let gateway: TestGateway;
  beforeEach(async () => {
    gateway = await startGateway();
    await gateway.inForce({ firmware: [{ version: 41 }, { version: 42 }], release: 42 });
  });
  afterEach(() => gateway.close());

  it('registers a stranger with the gateway token and asks for its attributes', async () => {
    const answer = await gateway.ask('GET', devicePath('dev-1'));
    expect(answer.status).toBe(200);
    expect(answer.json()).toEqual({
      config: { polling: { sleep: '00:05:00' } },
      _links: {
        configData: { href: `${gateway.url}/thermostat/controller/v1/dev-1/configData` },
      },
    });
    expect(await gateway.device('dev-1')).toMatchObject({ standing: 'active' });
  });

  it('offers the released version to a device that runs another, and always the same id', async () => {
    await gateway.poll('dev-1');
    await gateway.report('dev-1', { fw_version: '41' });
    const first = await gateway.poll('dev-1');
    const href = first._links?.deploymentBase?.href ?? '';
    expect(href).toMatch(
      new RegExp(`^${gateway.url}/thermostat/controller/v1/dev-1/deploymentBase/\\d+\\?c=\\d+$`),
    );
    expect(await gateway.poll('dev-1')).toEqual(first);
  });

  it('answers without links, and without the word, when there is nothing to do', async () => {
    await gateway.poll('dev-1');
    await gateway.report('dev-1', { fw_version: '42' });
    const answer = await gateway.ask('GET', devicePath('dev-1'));
    expect(answer.text).toBe('{"config":{"polling":{"sleep":"00:05:00"}}}');
    expect(answer.headers['content-length']).toBe('43');
    expect(answer.headers['transfer-encoding']).toBeUndefined();
  });
});
