// The rate of a release: how many flashes are started, whoever polls at the same time and whatever restarts.

import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import type { RateSpec } from '../../../controller/model/desired.ts';
import { DIRECT_STRATEGY } from '../../../controller/model/desired.ts';
import { type ForceFlags, startGateway, type TestGateway } from '../../support/gateway.ts';
import { introduce } from './flow.ts';

const MINUTE_MS = 60_000;

/** Spans are kept to the fraction of a millisecond, so a whole one has passed for certain a millisecond later. */
const A_MINUTE_LATER_MS = MINUTE_MS + 1;
const DEVICES = Array.from({ length: 24 }, (_, number) => `dev-${number}`);

describe('the rate of a release', () => {
  let gateway: TestGateway;
  beforeEach(async () => {
    gateway = await startGateway();
    await gateway.inForce({ firmware: [{ version: 41 }, { version: 42 }] });
    await Promise.all(DEVICES.map((device) => introduce(gateway, device)));
  });
  afterEach(() => gateway.close());

  async function release(rate: RateSpec | null, flags: ForceFlags = {}): Promise<void> {
    await gateway.inForce(
      {
        firmware: [{ version: 41 }, { version: 42 }],
        release: 42,
        rollout: { strategy: { ...DIRECT_STRATEGY, rate } },
      },
      flags,
    );
  }

  /** All devices poll at once; how many of them are offered something. */
  async function pollAll(): Promise<number> {
    const bodies = await Promise.all(DEVICES.map((device) => gateway.poll(device)));
    return bodies.filter(({ _links }) => _links?.deploymentBase !== undefined).length;
  }

  it('lets no more devices begin at once than its bucket holds, and the others later', async () => {
    await release({ flashes: 300, perMs: MINUTE_MS });
    expect(await pollAll()).toBe(5);
    expect(await pollAll()).toBe(5);
    gateway.clock.advance(1_000);
    expect(await pollAll()).toBe(9);
    gateway.clock.advance(A_MINUTE_LATER_MS);
    expect(await pollAll()).toBe(14);
  });

  it('begins one after the other where it is small', async () => {
    await release({ flashes: 2, perMs: MINUTE_MS });
    const offered: number[] = [];
    for (let step = 0; step < 5; step += 1) {
      offered.push(await pollAll());
      gateway.clock.advance(A_MINUTE_LATER_MS / 4);
    }
    expect(offered).toEqual([1, 1, 2, 2, 3]);
  });

  it('is kept to across a restart', async () => {
    const rate = { flashes: 300, perMs: MINUTE_MS };
    await release(rate);
    expect(await pollAll()).toBe(5);
    for (const [afterMs, expected] of [
      [0, 5],
      [1_000, 9],
    ] as const) {
      gateway.clock.advance(afterMs);
      gateway = await gateway.restart();
      await release(rate);
      expect(await pollAll()).toBe(expected);
    }
  });

  it('does not go by a wall clock that is set', async () => {
    await release({ flashes: 1, perMs: MINUTE_MS });
    expect(await pollAll()).toBe(1);
    gateway.clock.jump(24 * 60 * MINUTE_MS);
    expect(await pollAll()).toBe(1);
    gateway.clock.advance(A_MINUTE_LATER_MS);
    expect(await pollAll()).toBe(2);
    gateway.clock.jump(-48 * 60 * MINUTE_MS);
    gateway.clock.advance(A_MINUTE_LATER_MS);
    expect(await pollAll()).toBe(3);
  });

  it('leaves nothing behind of an offer that found no token', async () => {
    await release({ flashes: 1, perMs: MINUTE_MS });
    expect(await pollAll()).toBe(1);
    expect(await gateway.events('ActionOffered')).toHaveLength(1);
    const records = await Promise.all(DEVICES.map((device) => gateway.device(device)));
    const ids = records.flatMap(({ action }) => action?.id ?? []);
    expect(ids).toHaveLength(1);
    expect(records.filter(({ outcome }) => outcome !== null)).toHaveLength(1);
    gateway.clock.advance(A_MINUTE_LATER_MS);
    await pollAll();
    const later = await Promise.all(DEVICES.map((device) => gateway.device(device)));
    const laterIds = later.flatMap(({ action }) => action?.id ?? []).sort((a, b) => a - b);
    expect(Math.max(...laterIds) - Math.min(...laterIds)).toBeLessThan(DEVICES.length);
  });

  it('asks the state once for a token that is not there, and not at each poll', async () => {
    await gateway.close();
    let spendings = 0;
    gateway = await startGateway({
      wrap: (ports) => ({
        ...ports,
        store: {
          ...ports.store,
          saveDevice: (change) => {
            if (change.spend !== undefined) spendings += 1;
            return ports.store.saveDevice(change);
          },
        },
      }),
    });
    await gateway.inForce({ firmware: [{ version: 41 }] });
    await Promise.all(DEVICES.map((device) => introduce(gateway, device)));
    const rate = { flashes: 1, perMs: MINUTE_MS };
    await release(rate);
    for (const device of DEVICES) await gateway.poll(device);
    expect(spendings).toBe(2);
    await release(rate);
    for (const device of DEVICES) await gateway.poll(device);
    expect(spendings).toBe(3);
    gateway.clock.advance(A_MINUTE_LATER_MS);
    for (const device of DEVICES) await gateway.poll(device);
    expect(spendings).toBe(5);
  });

  it('begins full with a new round, and ends with a commit that drops it', async () => {
    const rate = { flashes: 1, perMs: MINUTE_MS };
    await release(rate);
    expect(await pollAll()).toBe(1);
    await release(rate, { tracks: { '': { round: 9 } } });
    expect(await pollAll()).toBe(2);
    await release(null);
    expect(await pollAll()).toBe(DEVICES.length);
  });
});
