// What Particle itself refuses, and what people do at its console: told as that, also by another process on the same state.

import { afterEach, expect, it } from 'vitest';

import type { ManagedCloud } from '../support/particle/managed-cloud.ts';
import { startManagedCloud } from '../support/particle/managed-cloud.ts';

const FIRMWARE = [{ version: 41 }, { version: 42 }];

let managed: ManagedCloud;
afterEach(() => managed.close());

async function start(): Promise<void> {
  managed = await startManagedCloud({
    devices: Array.from({ length: 5 }, () => ({ runs: 41 })),
    firmware: [{ version: 41, isDefault: true }],
  });
}

async function reasons(): Promise<readonly string[]> {
  const { reading } = await managed.observe();
  return (reading?.remarks ?? [])
    .map(({ reason, message }) => `${reason}: ${message}`)
    .filter((each) => !each.includes('clock'));
}

it('a release that Particle’s own gate refuses is told, is not in effect, and is tried again', async () => {
  await start();
  const { cloud } = managed;
  await managed.inForce({ firmware: FIRMWARE, release: 42 });
  expect(cloud.product.defaultVersion).toBe(41);
  expect(await reasons()).toEqual([
    expect.stringMatching(/^FleetRefused: .*cannot be released until a device/),
  ]);
  await managed.pass(120_000);
  expect(cloud.fleet.flashes).toEqual([]);
  cloud.console.lock(cloud.fleet.at(0).id, 42, { flash: true });
  cloud.advance(30_000);
  await managed.pass(180_000);
  expect(cloud.product.defaultVersion).toBe(42);
  expect((await reasons()).filter((each) => each.startsWith('FleetRefused'))).toEqual([]);
});

it('with `drift: report` what somebody changed stays, and is told as somebody else’s after a restart too', async () => {
  await start();
  const words = { firmware: FIRMWARE, release: 41, particle: { drift: 'report' } } as const;
  await managed.inForce(words);
  const stranger = managed.cloud.fleet.at(3).id;
  await managed.round();
  managed.cloud.console.lock(stranger, 41);
  await managed.round();
  const told = [expect.stringContaining(`FleetDrift: At Particle, ${stranger} is locked to 41`)];
  expect(await reasons()).toEqual(told);
  managed.changes();
  managed = await managed.restart();
  await managed.inForce(words);
  await managed.pass(180_000);
  expect(managed.changes()).toEqual([]);
  expect(managed.cloud.product.devices.get(stranger)?.lock).toBe(41);
  expect(await reasons()).toEqual(told);
});
