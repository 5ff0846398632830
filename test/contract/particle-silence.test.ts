// Devices that fell silent at Particle, or are not there any more: they leave the counts as the gateway's do.

import { afterEach, expect, it } from 'vitest';

import type { ManagedCloud } from '../support/particle/managed-cloud.ts';
import { startManagedCloud } from '../support/particle/managed-cloud.ts';

const FIRMWARE = [{ version: 41 }, { version: 42 }];
const MINUTE_MS = 60_000;

let managed: ManagedCloud;
afterEach(() => managed.close());

async function start(release = 41): Promise<void> {
  managed = await startManagedCloud({
    devices: Array.from({ length: 10 }, () => ({ runs: 41 })),
    firmware: [
      { version: 41, isDefault: true },
      { version: 42, groups: ['seed'] },
    ],
  });
  await inForce(release);
}

async function inForce(release: number): Promise<void> {
  await managed.inForce({
    firmware: FIRMWARE,
    release,
    particle: { forgetAfterMs: 20 * MINUTE_MS },
  });
}

it('leave the counts after `forgetAfter`, listed or not, and one that comes back is registered anew', async () => {
  await start();
  const { cloud } = managed;
  const sleeper = cloud.fleet.at(3);
  const removed = cloud.fleet.at(4).id;
  sleeper.powerOff('at-once');
  cloud.console.removeDevice(removed);
  await managed.pass(15 * MINUTE_MS);
  expect(await managed.observe()).toMatchObject({ devices: 10, offline: 2 });
  await managed.pass(10 * MINUTE_MS);
  expect(await managed.observe()).toMatchObject({ devices: 8, offline: 0 });
  expect(await managed.device(removed)).toMatchObject({ standing: 'expected', running: 41 });
  const forgotten = await managed.store.events({ type: 'DeviceForgotten', limit: 10 });
  expect(new Set(forgotten.map(({ device }) => device))).toEqual(new Set([sleeper.id, removed]));
  // Particle goes on listing it, and that alone is no sign of life.
  await managed.pass(30 * MINUTE_MS);
  expect(await managed.observe()).toMatchObject({ devices: 8, offline: 0 });
  sleeper.powerOn();
  await managed.pass(2 * MINUTE_MS);
  expect(await managed.observe()).toMatchObject({ devices: 9, offline: 0 });
  expect((await managed.device(sleeper.id)).standing).toBe('active');
});

it('meet what everyone else meets when they come back', async () => {
  await start();
  const sleeper = managed.cloud.fleet.at(3);
  sleeper.powerOff('at-once');
  await managed.pass(25 * MINUTE_MS);
  expect((await managed.device(sleeper.id)).standing).toBe('expected');
  await inForce(42);
  await managed.pass(5 * MINUTE_MS);
  expect(sleeper.record.groups).toEqual([]);
  expect(sleeper.running).toBe(41);
  sleeper.powerOn();
  await managed.pass(3 * MINUTE_MS);
  expect(sleeper.running).toBe(42);
});
