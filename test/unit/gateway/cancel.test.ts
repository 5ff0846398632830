// Changing one's mind: a cancel is offered, and every answer to it that clients give.

import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { devicePath, startGateway, type TestGateway } from '../../support/gateway.ts';
import { artifactLink, bringToOffer, pollOffer, readDeployment, tell, tellCancel } from './flow.ts';

describe('an action whose target changed', () => {
  let gateway: TestGateway;
  let id: string;
  const firmware = [{ version: 41 }, { version: 42 }, { version: 43 }];
  const dev = devicePath('dev-1');

  beforeEach(async () => {
    gateway = await startGateway();
    await gateway.inForce({ firmware, release: 42 });
    const offered = await bringToOffer(gateway, 'dev-1');
    id = offered.id;
    await readDeployment(gateway, offered.href);
    await gateway.inForce({ firmware, release: 43 });
  });
  afterEach(() => gateway.close());

  async function expectCancelLink(): Promise<void> {
    const { _links } = await gateway.poll('dev-1');
    expect(_links?.cancelAction?.href).toBe(`${gateway.url}${dev}/cancelAction/${id}`);
    expect(_links?.deploymentBase).toBeUndefined();
  }

  it('is offered for cancelling, and not to be fetched any more', async () => {
    await expectCancelLink();
    const document = await gateway.ask('GET', `${dev}/cancelAction/${id}`);
    expect(document.text).toBe(`{"id":"${id}","cancelAction":{"stopId":"${id}"}}`);
    expect((await gateway.ask('GET', `${dev}/deploymentBase/${id}`)).status).toBe(404);
    const artifact = `${dev}/softwaremodules/42/artifacts/42.bin`;
    expect((await gateway.ask('GET', artifact)).status).toBe(404);
  });

  it('is over when the device confirms, which then gets its new target', async () => {
    await expectCancelLink();
    expect((await tellCancel(gateway, 'dev-1', id, 'closed', 'success')).status).toBe(200);
    expect((await gateway.store.action('thermostat', 'dev-1', Number(id)))?.state).toBe(
      'cancelled',
    );
    const next = await pollOffer(gateway, 'dev-1');
    expect(next.id).not.toBe(id);
    const deployment = await readDeployment(gateway, next.href);
    expect(deployment.deployment.chunks[0]?.version).toBe('43');
    expect((await gateway.device('dev-1')).failures).toBeNull();
  });

  it('stays over when the confirmation comes twice', async () => {
    await expectCancelLink();
    await tellCancel(gateway, 'dev-1', id, 'closed', 'success');
    expect((await tellCancel(gateway, 'dev-1', id, 'closed', 'success')).status).toBe(200);
    expect((await tellCancel(gateway, 'dev-1', id, 'closed', 'failure')).status).toBe(405);
    expect((await gateway.ask('GET', `${dev}/cancelAction/${id}`)).status).toBe(200);
  });

  it.each([
    ['rejected', 'success'],
    ['closed', 'failure'],
  ])('runs on when the device answers %s/%s', async (execution, finished) => {
    await expectCancelLink();
    expect((await tellCancel(gateway, 'dev-1', id, execution, finished)).status).toBe(200);
    const again = await pollOffer(gateway, 'dev-1');
    expect(again.id).toBe(id);
    const link = artifactLink(await readDeployment(gateway, again.href));
    expect((await gateway.ask('GET', link)).status).toBe(200);
  });

  it.each(['canceled', 'proceeding', 'scheduled'])('stays cancelling on %s', async (execution) => {
    await expectCancelLink();
    expect((await tellCancel(gateway, 'dev-1', id, execution, 'none')).status).toBe(200);
    await expectCancelLink();
  });

  it('has succeeded when the device goes on and then names it, and the new target follows', async () => {
    await expectCancelLink();
    await tellCancel(gateway, 'dev-1', id, 'rejected', 'success');
    expect((await tell(gateway, 'dev-1', id, 'closed', 'success')).status).toBe(200);
    await gateway.report('dev-1', { fw_version: '42' });
    expect((await gateway.device('dev-1')).outcome).toMatchObject({
      version: 42,
      state: 'succeeded',
    });
    expect((await pollOffer(gateway, 'dev-1')).id).not.toBe(id);
  });

  it('takes a success in place of the answer to the cancel', async () => {
    await expectCancelLink();
    expect((await tell(gateway, 'dev-1', id, 'proceeding', 'none')).status).toBe(200);
    expect((await tell(gateway, 'dev-1', id, 'closed', 'success')).status).toBe(200);
    expect((await gateway.device('dev-1')).action?.phase).toBe('claimed');
  });

  it('is closed by the gateway after three polls without an answer', async () => {
    for (let poll = 0; poll < 3; poll += 1) await expectCancelLink();
    const { _links } = await gateway.poll('dev-1');
    expect(_links?.cancelAction).toBeUndefined();
    expect((await gateway.store.action('thermostat', 'dev-1', Number(id)))?.state).toBe(
      'cancelled',
    );
  });

  it('is the emergency stop for what is not fetched, and not for what is', async () => {
    const { id: unfetched } = await bringToOffer(gateway, 'dev-2');
    await gateway.inForce({ firmware, release: 43 }, { stopped: true });
    expect(
      (await gateway.ask('GET', `${devicePath('dev-2')}/deploymentBase/${unfetched}`)).status,
    ).toBe(404);
    expect((await gateway.poll('dev-2'))._links?.cancelAction).toBeDefined();
    await tellCancel(gateway, 'dev-2', unfetched, 'closed', 'success');
    expect((await gateway.poll('dev-2'))._links?.deploymentBase).toBeUndefined();
    await gateway.inForce({ firmware, release: 43 });
    expect((await gateway.poll('dev-2'))._links?.deploymentBase).toBeDefined();
  });

  it('is not shown to a device that has not fetched it yet', async () => {
    const { id: offered, href } = await bringToOffer(gateway, 'dev-2');
    await gateway.lock('dev-2', 41);
    expect((await gateway.ask('GET', href)).status).toBe(404);
    const artifact = `${devicePath('dev-2')}/softwaremodules/43/artifacts/43.bin`;
    expect((await gateway.ask('GET', artifact)).status).toBe(404);
    const { _links } = await gateway.poll('dev-2');
    expect(_links?.cancelAction?.href).toContain(offered);
  });
});
