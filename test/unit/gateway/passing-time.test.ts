// What time brings: retries and their end, attempts without an outcome, soaks, locks that wait for a reset, devices
// that are forgotten, and clocks that jump.

import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { startGateway, TEST_START, type TestGateway } from '../../support/gateway.ts';
import { bringToOffer, introduce, pollOffer, readDeployment, tell } from './flow.ts';

const MINUTE_MS = 60_000;
const DAY_MS = 86_400_000;

/** A poll's answer that offers something. */
const OFFERED = {
  _links: { deploymentBase: { href: expect.stringContaining('/deploymentBase/') as string } },
};

describe('as time passes', () => {
  let gateway: TestGateway;
  const fleet = { pollIntervalMs: 10_000, attemptTimeoutMs: 5 * MINUTE_MS, retries: 1 };
  const words = { fleet, firmware: [{ version: 41 }, { version: 42 }], release: 42 };
  beforeEach(async () => {
    gateway = await startGateway();
    await gateway.inForce(words);
  });
  afterEach(() => gateway.close());

  it('a failed device is tried again after its back-off, and left alone when retries are used up', async () => {
    const first = await bringToOffer(gateway, 'dev-1');
    await tell(gateway, 'dev-1', first.id, 'closed', 'failure', ['no space']);
    expect((await gateway.poll('dev-1'))._links?.deploymentBase).toBeUndefined();
    await gateway.pass(10_000);
    const second = await pollOffer(gateway, 'dev-1');
    await tell(gateway, 'dev-1', second.id, 'closed', 'failure', ['no space']);
    await gateway.pass(DAY_MS / 24);
    expect((await gateway.poll('dev-1'))._links?.deploymentBase).toBeUndefined();
    expect(await gateway.events('DeviceLeftAlone')).toHaveLength(1);
    expect((await gateway.device('dev-1')).failures).toMatchObject({
      count: 2,
      retryAt: null,
      lastMessage: 'no space',
    });
  });

  it('an attempt without an outcome fails, also of a device that never says a word', async () => {
    await bringToOffer(gateway, 'dev-1');
    await gateway.pass(5 * MINUTE_MS + 5_000);
    expect(await gateway.device('dev-1')).toMatchObject({
      action: null,
      failures: { version: 42, count: 1 },
      outcome: { version: 42, state: 'failed' },
    });
    expect(await gateway.events('ActionFailed')).toHaveLength(1);
  });

  it('no attempt fails while most of the fleet is silent', async () => {
    await Promise.all(Array.from({ length: 5 }, (_, n) => introduce(gateway, `dev-${n}`)));
    await pollOffer(gateway, 'dev-0');
    await gateway.pass(20 * MINUTE_MS);
    expect((await gateway.device('dev-0')).action).not.toBeNull();
  });

  /** One device goes on polling for a while; the listening time that is gained. */
  async function pollOn(device: string, ms: number): Promise<number> {
    const before = gateway.driver.momentOf('thermostat')?.listened ?? 0;
    for (let left = ms; left > 0; left -= 10_000) {
      await gateway.poll(device);
      await gateway.pass(10_000);
    }
    return (gateway.driver.momentOf('thermostat')?.listened ?? 0) - before;
  }

  it('listening goes on without those that were silent for a day, three polls after', async () => {
    await Promise.all(Array.from({ length: 4 }, (_, n) => introduce(gateway, `dev-${n}`)));
    await pollOffer(gateway, 'dev-1');
    await gateway.pass(40_000);
    gateway.clock.advance(DAY_MS - 2 * MINUTE_MS);
    expect(await pollOn('dev-0', MINUTE_MS)).toBe(0);
    gateway.clock.advance(MINUTE_MS);
    expect(await pollOn('dev-0', 50_000)).toBe(20_000);
    await pollOn('dev-0', 5 * MINUTE_MS);
    expect((await gateway.device('dev-1')).failures).toMatchObject({ count: 1 });
  });

  it('listening begins three polls after a start, and at once while nobody was ever heard', async () => {
    await gateway.pass(5_000);
    expect(gateway.driver.momentOf('thermostat')?.listened).toBe(5_000);
    await introduce(gateway, 'dev-1');
    gateway = await gateway.restart();
    await gateway.inForce(words);
    await gateway.pass(30_000);
    expect(gateway.driver.momentOf('thermostat')?.listened).toBe(5_000);
    await gateway.pass(5_000);
    expect(gateway.driver.momentOf('thermostat')?.listened).toBe(10_000);
  });

  it('a back-off ends while most of the fleet is silent', async () => {
    await Promise.all(Array.from({ length: 5 }, (_, n) => introduce(gateway, `dev-${n}`)));
    const first = await pollOffer(gateway, 'dev-0');
    await tell(gateway, 'dev-0', first.id, 'closed', 'failure', ['no space']);
    await gateway.pass(MINUTE_MS);
    expect(await gateway.poll('dev-0')).toMatchObject(OFFERED);
  });

  it('no attempt fails by a gap in which this process did not run', async () => {
    await bringToOffer(gateway, 'dev-1');
    gateway.clock.advance(10 * DAY_MS);
    await gateway.driver.tick();
    expect((await gateway.device('dev-1')).action).not.toBeNull();
  });

  it('listening time goes on where it was after a restart', async () => {
    await gateway.poll('dev-1');
    await gateway.pass(MINUTE_MS);
    const before = gateway.driver.momentOf('thermostat')?.listened;
    gateway = await gateway.restart();
    const product = (await gateway.store.products())[0];
    expect(before).toBe(MINUTE_MS);
    expect(product?.listenedMs).toBe(MINUTE_MS);
  });

  it('a jump of the wall clock moves nothing, and is told once', async () => {
    await bringToOffer(gateway, 'dev-1');
    gateway.clock.jump(400 * DAY_MS);
    await gateway.pass(5_000);
    await gateway.pass(5_000);
    const jumps = await gateway.events('ClockJumped');
    expect(jumps).toHaveLength(1);
    expect(jumps[0]?.message).toContain('ahead by 34560000 s');
    expect((await gateway.device('dev-1')).action).not.toBeNull();
    await gateway.pass(61 * MINUTE_MS);
    expect(await gateway.events('DeviceRegistered')).toHaveLength(1);
    expect(await gateway.device('dev-1')).toMatchObject({ standing: 'active' });
    gateway.clock.jump(-400 * DAY_MS);
    await gateway.pass(5_000);
    expect(await gateway.events('ClockJumped')).toHaveLength(2);
  });

  it('listening stands while nobody is heard, though the time comes again in which somebody was', async () => {
    await introduce(gateway, 'dev-0');
    await introduce(gateway, 'dev-1');
    await pollOn('dev-0', MINUTE_MS);
    expect(await pollOn('dev-0', MINUTE_MS)).toBe(MINUTE_MS);
    gateway.clock.jump(-2 * MINUTE_MS);
    await gateway.pass(40_000);
    const before = gateway.driver.momentOf('thermostat')?.listened;
    await gateway.pass(4 * MINUTE_MS);
    expect(gateway.driver.momentOf('thermostat')?.listened).toBe(before);
  });

  it('listening goes on through jumps of the wall clock while devices are heard', async () => {
    await introduce(gateway, 'dev-0');
    await introduce(gateway, 'dev-1');
    await pollOn('dev-0', MINUTE_MS);
    for (const jumpMs of [DAY_MS, -400 * DAY_MS, 2 * MINUTE_MS, 400 * DAY_MS]) {
      gateway.clock.jump(jumpMs);
      expect(await pollOn('dev-0', MINUTE_MS)).toBe(MINUTE_MS);
    }
  });

  it('listening stands after a start, though the clock was set back and nobody is heard', async () => {
    await introduce(gateway, 'dev-0');
    await introduce(gateway, 'dev-1');
    await pollOn('dev-0', 5 * MINUTE_MS);
    await gateway.poll('dev-1');
    await gateway.driver.tick();
    gateway = await gateway.restart();
    gateway.clock.jump(-10 * MINUTE_MS);
    await gateway.inForce(words);
    const before = gateway.driver.momentOf('thermostat')?.listened;
    await gateway.pass(15 * MINUTE_MS);
    expect(gateway.driver.momentOf('thermostat')?.listened).toBe(before);
  });

  it('a wall clock that is set right in small steps is no jump', async () => {
    for (let step = 0; step < 5; step += 1) {
      gateway.clock.jump(3_000);
      await gateway.pass(5_000);
    }
    expect(await gateway.events('ClockJumped')).toEqual([]);
  });

  it('no device is forgotten for a time in which this process did not run', async () => {
    await gateway.inForce({ ...words, fleet: { ...fleet, forgetAfterMs: 2 * DAY_MS } });
    await introduce(gateway, 'dev-1', '42');
    gateway.clock.advance(10 * DAY_MS);
    await gateway.driver.tick();
    expect(await gateway.device('dev-1')).toMatchObject({ standing: 'active' });
  });

  it('history is dropped after 90 days, and decisions are kept', async () => {
    await introduce(gateway, 'dev-1', '42');
    const event = { revision: 'r1', manifest: null, device: null, actionId: null, message: 'x' };
    await gateway.store.addEvents([
      { ...event, type: 'ReleaseStarted', at: TEST_START, product: 'thermostat' },
    ]);
    gateway.clock.advance(91 * DAY_MS);
    await gateway.driver.tick();
    expect((await gateway.events()).map(({ type }) => type)).toEqual(['ReleaseStarted']);
  });

  it('contacts are kept while the state is away', async () => {
    await gateway.close();
    let isAway = true;
    gateway = await startGateway({
      wrap: (ports) => ({
        ...ports,
        store: {
          ...ports.store,
          saveContacts: (...contacts) =>
            isAway ? Promise.reject(new Error('disk full')) : ports.store.saveContacts(...contacts),
        },
      }),
    });
    await gateway.inForce(words);
    await introduce(gateway, 'dev-1');
    await gateway.pass(5_000);
    await gateway.poll('dev-1');
    const { key } = await gateway.device('dev-1');
    await gateway.driver.tick();
    expect(gateway.logLines.join('\n')).toContain('disk full');
    expect((await gateway.store.contact(key))?.at).toBe(TEST_START);
    isAway = false;
    await gateway.driver.tick();
    expect((await gateway.store.contact(key))?.at).toBe(TEST_START + 5_000);
  });

  it('a device unheard for long leaves the counts, and comes back as it was', async () => {
    await gateway.inForce({ ...words, fleet: { ...fleet, forgetAfterMs: 30 * MINUTE_MS } });
    await introduce(gateway, 'dev-1', '42');
    await gateway.lock('dev-1', 42);
    await gateway.pass(60 * MINUTE_MS + 5_000);
    expect(await gateway.device('dev-1')).toMatchObject({ standing: 'expected', running: 42 });
    expect((await gateway.store.tallies('thermostat')).size).toBe(0);
    expect(await gateway.events('DeviceForgotten')).toHaveLength(1);
    await gateway.poll('dev-1');
    expect(await gateway.device('dev-1')).toMatchObject({
      standing: 'active',
      running: 42,
      lock: { version: 42 },
    });
  });

  it('a soak is met only by a report that was asked for after its end', async () => {
    const { firmware } = words;
    await gateway.inForce(
      { fleet, firmware, verification: { soakMs: MINUTE_MS } },
      { verified: [41] },
    );
    await introduce(gateway, 'dev-1', '42');
    await gateway.pass(MINUTE_MS / 2);
    expect((await gateway.poll('dev-1'))._links).toBeUndefined();
    await gateway.pass(MINUTE_MS);
    await gateway.report('dev-1', { fw_version: '42' });
    expect((await gateway.store.evidence('thermostat'))[0]?.passedAt).toBeNull();
    expect((await gateway.poll('dev-1'))._links?.configData).toBeDefined();
    await gateway.report('dev-1', { fw_version: '42' });
    expect((await gateway.store.evidence('thermostat'))[0]).toMatchObject({
      level: 'reported',
      soakedMs: MINUTE_MS,
      passedAt: gateway.clock.now(),
    });
    expect((await gateway.poll('dev-1'))._links).toBeUndefined();
  });
});

describe('a lock that waits for a reset', () => {
  let gateway: TestGateway;
  const fleet = { pollIntervalMs: 10_000, bootAttribute: 'boot' };
  beforeEach(async () => {
    gateway = await startGateway();
    await gateway.inForce({ fleet, firmware: [{ version: 41 }, { version: 42 }] });
    await gateway.poll('dev-1');
    await gateway.report('dev-1', { fw_version: '41', boot: '1' });
    await gateway.lock('dev-1', 42, 'on-reset');
  });
  afterEach(() => gateway.close());

  it('sends nothing while the device stays online', async () => {
    for (let poll = 0; poll < 6; poll += 1) {
      await gateway.pass(10_000);
      expect((await gateway.poll('dev-1'))._links).toBeUndefined();
    }
  });

  it('goes when the device comes back after having been offline', async () => {
    await gateway.pass(30_000);
    expect(await gateway.poll('dev-1')).toMatchObject(OFFERED);
  });

  it('goes when the device comes back with a report, and polls after it', async () => {
    await gateway.pass(30_000);
    await gateway.report('dev-1', { fw_version: '41' });
    expect(await gateway.poll('dev-1')).toMatchObject(OFFERED);
  });

  it('knows of contacts that were not written yet, and of those that were', async () => {
    await gateway.pass(25_000);
    await gateway.poll('dev-1');
    gateway.clock.advance(5_000);
    await gateway.driver.tick();
    await gateway.pass(20_000);
    expect((await gateway.poll('dev-1'))._links).toBeUndefined();
  });

  it('goes when the device reports a new boot', async () => {
    await gateway.report('dev-1', { boot: '1' });
    expect((await gateway.poll('dev-1'))._links).toBeUndefined();
    await gateway.report('dev-1', { boot: '2' });
    expect(await gateway.poll('dev-1')).toMatchObject(OFFERED);
  });

  it('goes at the first contact of a device that was never heard from', async () => {
    await gateway.lock('dev-2', 42, 'on-reset');
    await introduce(gateway, 'dev-2');
    expect(await gateway.poll('dev-2')).toMatchObject(OFFERED);
  });
});

describe('a device that does not name its version', () => {
  let gateway: TestGateway;
  beforeEach(async () => {
    gateway = await startGateway();
    await gateway.inForce({
      fleet: { pollIntervalMs: 10_000, attemptTimeoutMs: MINUTE_MS, retries: 0 },
      firmware: [{ version: 42 }],
      release: 42,
    });
  });
  afterEach(() => gateway.close());

  it('is asked three times, offered its target once regardless, and then left alone', async () => {
    for (let poll = 0; poll < 3; poll += 1) {
      expect(Object.keys((await gateway.poll('dev-1'))._links ?? {})).toEqual(['configData']);
    }
    const { href, id } = await pollOffer(gateway, 'dev-1');
    await readDeployment(gateway, href);
    await tell(gateway, 'dev-1', id, 'closed', 'success');
    await gateway.pass(2 * MINUTE_MS);
    for (let poll = 0; poll < 5; poll += 1) {
      expect((await gateway.poll('dev-1'))._links?.deploymentBase).toBeUndefined();
    }
    expect((await gateway.device('dev-1')).outcome).toBeNull();
  });

  it('is offered its target as soon as it names one', async () => {
    await gateway.poll('dev-1');
    await gateway.report('dev-1', { fw_version: '65535' });
    expect((await gateway.device('dev-1')).running).toBeNull();
    await gateway.report('dev-1', { fw_version: '41' });
    expect(await gateway.poll('dev-1')).toMatchObject(OFFERED);
  });
});
