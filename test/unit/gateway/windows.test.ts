// The times in which a release may start flashes, over a real socket and under a clock that the test sets.

import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import type { WindowSpec } from '../../../controller/model/desired.ts';
import { DIRECT_STRATEGY } from '../../../controller/model/desired.ts';
import { startGateway, type TestGateway } from '../../support/gateway.ts';
import { bringToOffer, introduce, pollOffer, readDeployment, tell, tellCancel } from './flow.ts';

const HOUR_MS = 3_600_000;
/** Tests begin on a Monday at 12:00 UTC. */
const MONDAY: WindowSpec = {
  days: ['Mon'],
  fromMinute: 13 * 60,
  toMinute: 15 * 60,
  timezone: 'Etc/UTC',
};

describe('the window of a release', () => {
  let gateway: TestGateway;
  beforeEach(async () => {
    gateway = await startGateway();
    await gateway.inForce({
      firmware: [{ version: 41 }, { version: 42 }],
      release: 42,
      rollout: { strategy: { ...DIRECT_STRATEGY, windows: [MONDAY] } },
    });
  });
  afterEach(() => gateway.close());

  it('holds flashes back until it opens, and then the first poll gets its offer', async () => {
    await introduce(gateway, 'dev-1');
    expect((await gateway.poll('dev-1'))._links).toBeUndefined();
    gateway.clock.advance(HOUR_MS - 1_000);
    expect((await gateway.poll('dev-1'))._links).toBeUndefined();
    gateway.clock.advance(1_000);
    const { href } = await pollOffer(gateway, 'dev-1');
    await readDeployment(gateway, href);
  });

  it('takes back what nobody fetched when it closes, and offers it anew when it opens again', async () => {
    gateway.clock.advance(2 * HOUR_MS);
    const { id } = await bringToOffer(gateway, 'dev-1');
    gateway.clock.advance(HOUR_MS);
    expect((await gateway.poll('dev-1'))._links?.cancelAction).toBeDefined();
    await tellCancel(gateway, 'dev-1', id, 'closed', 'success');
    expect((await gateway.poll('dev-1'))._links?.deploymentBase).toBeUndefined();
    expect((await gateway.device('dev-1')).failures).toBeNull();
    gateway.clock.advance(7 * 24 * HOUR_MS - HOUR_MS);
    expect((await pollOffer(gateway, 'dev-1')).id).not.toBe(id);
  });

  it('shows nobody after it closed what was only offered', async () => {
    gateway.clock.advance(2 * HOUR_MS);
    const { href } = await bringToOffer(gateway, 'dev-1');
    gateway.clock.advance(HOUR_MS);
    expect((await gateway.ask('GET', href)).status).toBe(404);
  });

  it('lets what was fetched go on after it closed', async () => {
    gateway.clock.advance(2 * HOUR_MS);
    const { id, href } = await bringToOffer(gateway, 'dev-1');
    await readDeployment(gateway, href);
    gateway.clock.advance(2 * HOUR_MS);
    expect((await pollOffer(gateway, 'dev-1')).id).toBe(id);
    await readDeployment(gateway, href);
    await tell(gateway, 'dev-1', id, 'closed', 'success');
    await gateway.report('dev-1', { fw_version: '42' });
    expect((await gateway.device('dev-1')).outcome).toMatchObject({ state: 'succeeded' });
  });
});
