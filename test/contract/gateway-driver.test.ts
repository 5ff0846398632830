// The gateway is held to the driver contract, and to what only it does: counting who is online.

import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { FLEET_DRIVERS } from '../../controller/fleets/registry.ts';
import type { LiveState } from '../../controller/model/live.ts';
import { feedbackBody, startGateway, type TestGateway } from '../support/gateway.ts';
import { describeDriverContract } from './driver-contract.ts';

describeDriverContract('gateway', async () => {
  const gateway = await startGateway();
  return {
    driver: gateway.driver,
    prepare: (desired) => gateway.prepare(desired),
    async hear(device, version) {
      await gateway.poll(device);
      await gateway.report(device, { fw_version: String(version) });
    },
    async contact(device) {
      const answer = await gateway.ask('GET', `/thermostat/controller/v1/${device}`);
      const href = /"deploymentBase":\{"href":"([^"]+)"/.exec(answer.text)?.[1];
      if (href === undefined) return null;
      const version = /"version":"(\d+)"/.exec((await gateway.ask('GET', href)).text)?.[1];
      return Number(version);
    },
    close: () => gateway.close(),
  };
});

describe('the registry of drivers', () => {
  it('holds each driver under the name that manifests select it by', () => {
    const names: readonly (keyof typeof FLEET_DRIVERS)[] = ['gateway', 'particle'];
    expect(Object.keys(FLEET_DRIVERS)).toEqual(names);
  });
});

describe('the live state of the gateway', () => {
  let gateway: TestGateway;
  const words = {
    fleet: { pollIntervalMs: 10_000, admission: 'open' as const },
    firmware: [{ version: 41 }],
  };
  beforeEach(async () => {
    gateway = await startGateway();
    await gateway.inForce(words);
  });
  afterEach(() => gateway.close());

  async function observe(...named: readonly string[]): Promise<LiveState> {
    const observed = await gateway.driver.observe('thermostat', new Set(named));
    if (!observed.ok) throw new Error(observed.error.message);
    return observed.value;
  }

  it('counts a device as offline after three missed polls of listening time', async () => {
    await gateway.poll('dev-1');
    await gateway.poll('dev-2');
    await gateway.pass(25_000);
    await gateway.poll('dev-2');
    expect((await observe('dev-1')).offline).toBe(0);
    await gateway.pass(10_000);
    const live = await observe('dev-1', 'dev-2');
    expect(live.offline).toBe(1);
    expect(live.named.get('dev-1')?.online).toBe(false);
    expect(live.named.get('dev-2')?.online).toBe(true);
    await gateway.poll('dev-1');
    expect((await observe('dev-1')).offline).toBe(0);
  });

  it('counts nobody as offline for time in which the gateway did not serve', async () => {
    await gateway.poll('dev-1');
    await gateway.pass(5_000);
    gateway.clock.advance(3_600_000);
    await gateway.driver.tick();
    expect((await observe()).offline).toBe(0);
  });

  it('counts who was online when the gateway stopped as online for three polls after the start', async () => {
    await gateway.poll('dead');
    await gateway.pass(60_000);
    await gateway.poll('dev-1');
    await gateway.poll('dev-2');
    await gateway.pass(10_000);
    gateway = await gateway.restart();
    gateway.clock.advance(3_600_000);
    await gateway.inForce(words);
    expect((await observe()).offline).toBe(1);
    await gateway.pass(25_000);
    await gateway.poll('dev-1');
    expect((await observe()).offline).toBe(1);
    await gateway.pass(5_000);
    expect((await observe()).offline).toBe(2);
  });

  it('counts nobody as offline, nor the lost as online, for a clock that jumps', async () => {
    await gateway.poll('dev-1');
    await gateway.poll('lost');
    await gateway.pass(5_000);
    for (const days of [400, -400]) {
      gateway.clock.jump(days * 86_400_000);
      await gateway.driver.tick();
      expect((await observe()).offline).toBe(0);
      await gateway.poll('dev-1');
      await gateway.pass(25_000);
      await gateway.poll('dev-1');
      await gateway.pass(10_000);
      expect((await observe()).offline).toBe(1);
      await gateway.poll('lost');
    }
  });

  it('does not mistake devices in quarantine for online ones', async () => {
    await gateway.poll('dev-1');
    await gateway.inForce({ ...words, fleet: { ...words.fleet, admission: 'listed' } });
    await gateway.poll('dev-2');
    await gateway.pass(20_000);
    await gateway.poll('dev-2');
    await gateway.pass(15_000);
    expect(await observe()).toMatchObject({ devices: 1, quarantined: 1, offline: 1 });
  });

  it('says whether the product is adopted and stopped', async () => {
    expect(await observe()).toMatchObject({ adopted: true, stopped: false });
    await gateway.inForce(words, { stopped: true });
    expect((await observe()).stopped).toBe(true);
    const unknown = await gateway.driver.observe('kettle', new Set());
    expect(unknown).toMatchObject({ ok: true, value: { adopted: false, devices: 0 } });
  });

  it('is a failure to be tried again when the state cannot be read', async () => {
    await gateway.close();
    gateway = await startGateway({
      wrap: (ports) => ({
        ...ports,
        store: { ...ports.store, tallies: () => Promise.reject(new Error('disk gone')) },
      }),
    });
    await gateway.inForce(words);
    expect(await gateway.driver.observe('thermostat', new Set())).toEqual({
      ok: false,
      error: { code: 'StateUnavailable', message: 'disk gone', disposition: 'retry' },
    });
  });

  it('sums outcomes over rounds by version, and over versions by round', async () => {
    const firmware = [{ version: 40 }, { version: 41 }, { version: 42, requiresFrom: 41 }];
    for (const [device, round, outcome] of [
      ['dev-1', 5, 'failure'],
      ['dev-2', 5, 'none'],
      ['dev-3', 6, 'none'],
      ['dev-4', 6, 'failure'],
    ] as const) {
      await gateway.inForce({ ...words, firmware, release: 42 }, { tracks: { '': { round } } });
      await gateway.poll(device);
      // The second is on its way to a stepping stone.
      await gateway.report(device, { fw_version: device === 'dev-2' ? '40' : '41' });
      const { _links } = await gateway.poll(device);
      const href = _links?.deploymentBase?.href.replace(/\?.*/, '/feedback') ?? '';
      if (outcome === 'none') continue;
      await gateway.ask('POST', href, { body: feedbackBody('closed', outcome) });
    }
    const live = await observe();
    expect(live.outcomes).toEqual([
      { version: 41, inFlight: 1, succeeded: 0, failed: 0 },
      { version: 42, inFlight: 1, succeeded: 0, failed: 2 },
    ]);
    expect(live.rounds).toEqual([
      { round: 5, inFlight: 1, failed: 1 },
      { round: 6, inFlight: 1, failed: 1 },
    ]);
  });

  it('counts no attempts of locks as those of a round', async () => {
    await gateway.inForce({ ...words, firmware: [{ version: 41 }, { version: 42 }] });
    await gateway.poll('dev-1');
    await gateway.report('dev-1', { fw_version: '41' });
    await gateway.lock('dev-1', 42);
    await gateway.poll('dev-1');
    const live = await observe();
    expect(live.outcomes).toEqual([{ version: 42, inFlight: 1, succeeded: 0, failed: 0 }]);
    expect(live.rounds).toEqual([]);
  });

  it('says how long the product was listened to, and whether it is', async () => {
    await gateway.pass(5_000);
    expect(await observe()).toMatchObject({ listened: 5_000, listening: true });
    await Promise.all(['dev-1', 'dev-2', 'dev-3'].map((id) => gateway.poll(id)));
    await gateway.pass(45_000);
    const { listened, listening } = await observe();
    expect(listening).toBe(false);
    expect(listened).toBe(gateway.driver.momentOf('thermostat')?.listened);
    gateway = await gateway.restart();
    expect(await observe()).toMatchObject({ listened, listening: false });
  });

  it('counts time in longer ticks where they are further apart', async () => {
    await gateway.close();
    gateway = await startGateway({ tickMs: 60_000 });
    await gateway.inForce(words);
    gateway.clock.advance(300_000);
    await gateway.driver.tick();
    expect((await observe()).listened).toBe(300_000);
    gateway.clock.advance(3_000_000);
    await gateway.driver.tick();
    expect((await observe()).listened).toBe(600_000);
  });

  it('serves `why` with the policy in force, the moment, and whether it is listened to', async () => {
    expect(gateway.driver.policyOf('thermostat')?.firmware.has(41)).toBe(true);
    expect(gateway.driver.policyOf('kettle')).toBeNull();
    expect(gateway.driver.momentOf('kettle')).toBeNull();
    await gateway.pass(5_000);
    expect(gateway.driver.momentOf('thermostat')?.listened).toBe(5_000);
    expect(gateway.driver.isListening('kettle')).toBe(true);
    expect(gateway.driver.isListening('thermostat')).toBe(true);
    await Promise.all(['dev-1', 'dev-2', 'dev-3'].map((id) => gateway.poll(id)));
    await gateway.pass(45_000);
    expect(gateway.driver.isListening('thermostat')).toBe(false);
  });
});
