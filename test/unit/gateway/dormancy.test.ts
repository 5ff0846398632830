// Devices that fall silent for a week, and come back.

import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';

import { DORMANT_AFTER_MS } from '../../../controller/devices/dormancy.ts';
import { bucketOf } from '../../../controller/releases/circle.ts';
import { countCensus } from '../../support/census-count.ts';
import { startGateway, type TestGateway } from '../../support/gateway.ts';
import { introduce } from './flow.ts';

const HOUR_MS = 3_600_000;

describe('a device that was silent for a week', () => {
  let gateway: TestGateway;
  beforeEach(async () => {
    gateway = await startGateway({ tickMs: HOUR_MS / 5 });
    await gateway.inForce({
      fleet: { pollIntervalMs: 30 * 60_000 },
      firmware: [{ version: 41 }],
    });
    await introduce(gateway, 'dev-1');
    await introduce(gateway, 'dev-2');
  });
  afterEach(() => gateway.close());

  /** The second device goes on polling. */
  async function pass(ms: number): Promise<void> {
    for (let left = ms; left > 0; left -= HOUR_MS) {
      await gateway.pass(Math.min(left, HOUR_MS));
      await gateway.poll('dev-2');
    }
  }

  it('is dormant, and awake again from its next contact on', async () => {
    await pass(DORMANT_AFTER_MS - HOUR_MS);
    expect((await gateway.device('dev-1')).dormant).toBe(false);
    const changed = vi.fn<(product: string) => void>();
    gateway.driver.watch(changed);
    await pass(3 * HOUR_MS);
    expect((await gateway.device('dev-1')).dormant).toBe(true);
    expect((await gateway.device('dev-2')).dormant).toBe(false);
    expect(changed).toHaveBeenCalledTimes(1);
    const observed = await gateway.driver.observe('thermostat', new Set(['dev-1']));
    if (!observed.ok) throw new Error(observed.error.message);
    expect(observed.value.named.get('dev-1')?.dormant).toBe(true);
    expect(countCensus(observed.value)).toEqual([
      { version: 41, traits: {}, dormant: false, buckets: [bucketOf('dev-2')] },
      { version: 41, traits: {}, dormant: true, buckets: [bucketOf('dev-1')] },
    ]);
    await gateway.report('dev-1', { fw_version: '41' });
    expect((await gateway.device('dev-1')).dormant).toBe(false);
    await pass(2 * HOUR_MS);
    expect((await gateway.device('dev-1')).dormant).toBe(false);
  });

  it('is so only by time in which the gateway listened', async () => {
    gateway.clock.advance(2 * DORMANT_AFTER_MS);
    await pass(DORMANT_AFTER_MS / 2);
    expect((await gateway.device('dev-1')).dormant).toBe(false);
    await pass(DORMANT_AFTER_MS / 2 + 4 * HOUR_MS);
    expect((await gateway.device('dev-1')).dormant).toBe(true);
  });

  it('is found among many that are dormant already', async () => {
    const { desk } = gateway.driver;
    const others = Array.from({ length: 600 }, (_, number) => `other-${number}`);
    await Promise.all(others.map((device) => desk.poll('thermostat', device)));
    await pass(36 * HOUR_MS);
    await gateway.poll('dev-1');
    // The gateway did not listen for the day after most fell silent.
    await pass(DORMANT_AFTER_MS - 9 * HOUR_MS);
    const { dormant } = await gateway.device('other-599');
    expect([dormant, (await gateway.device('dev-1')).dormant]).toEqual([true, false]);
    await pass(15 * HOUR_MS);
    expect((await gateway.device('dev-1')).dormant).toBe(true);
  });

  it('is not, when it is heard while silent devices are looked for', async () => {
    await gateway.close();
    let calls = 0;
    gateway = await startGateway({
      tickMs: HOUR_MS / 5,
      wrap: (ports) => ({
        ...ports,
        store: {
          ...ports.store,
          async unheardDevices(...query) {
            const found = await ports.store.unheardDevices(...query);
            if (found.length > 0) await gateway.poll('dev-1');
            calls += found.length;
            return found;
          },
        },
      }),
    });
    await gateway.inForce({ fleet: { pollIntervalMs: 30 * 60_000 }, firmware: [{ version: 41 }] });
    await introduce(gateway, 'dev-1');
    await introduce(gateway, 'dev-2');
    await gateway.poll('dev-1');
    await pass(DORMANT_AFTER_MS + 2 * HOUR_MS);
    expect(calls).toBe(1);
    expect((await gateway.device('dev-1')).dormant).toBe(false);
  });

  it('wakes with a poll, too', async () => {
    await pass(DORMANT_AFTER_MS + 2 * HOUR_MS);
    expect((await gateway.device('dev-1')).dormant).toBe(true);
    await gateway.poll('dev-1');
    expect((await gateway.device('dev-1')).dormant).toBe(false);
  });
});
