// The event stream in the driver: what it says of a device leads to one look at that device; after each opening all is
// read; and what it does not say is found by the next reading all the same.

import { afterEach, beforeEach, expect, it } from 'vitest';

import type { ManagedCloud } from '../support/particle/managed-cloud.ts';
import { SLUG, startManagedCloud } from '../support/particle/managed-cloud.ts';

let managed: ManagedCloud;
beforeEach(async () => {
  managed = await startManagedCloud({
    devices: Array.from({ length: 5 }, () => ({ runs: 41 })),
    firmware: [{ version: 41, isDefault: true }],
  });
  await managed.inForce({ firmware: [{ version: 41 }], release: 41 });
  managed.driver.start({ timers: true });
  await until(() => managed.cloud.streams.open === 1);
  await managed.round();
});
afterEach(() => managed.close());

const bootOf = async (id: string): Promise<string | null> => (await managed.device(id)).boot;

/** Reads of devices since `from`: their ids, and `page` for a page of all. */
function looks(from: number): readonly string[] {
  const prefix = `/v1/products/${SLUG}/devices`;
  return managed.cloud.calls.slice(from).flatMap(({ method, path }) => {
    if (method !== 'GET' || !path.startsWith(prefix)) return [];
    return [path.startsWith(`${prefix}/`) ? path.slice(prefix.length + 1) : 'page'];
  });
}

it('an event leads to a look at its device, and at no other', async () => {
  const { cloud } = managed;
  const device = cloud.fleet.at(2);
  const before = await bootOf(device.id);
  const from = cloud.calls.length;
  device.reset();
  cloud.advance(9_000);
  await until(() => looks(from).length > 0);
  await until(async () => (await bootOf(device.id)) !== before);
  expect(new Set(looks(from))).toEqual(new Set([device.id]));
});

it('an event about nothing that is managed leads to none', async () => {
  const { cloud } = managed;
  const from = cloud.calls.length;
  cloud.streams.write(
    `event: my/temperature\ndata: {"data":"21","coreid":"${cloud.fleet.at(2).id}"}\n\n`,
  );
  await new Promise((resolve) => setTimeout(resolve, 1_500));
  expect(looks(from)).toEqual([]);
});

it(
  'a stream that is cut is opened again, and then everything is read',
  { timeout: 30_000 },
  async () => {
    const { cloud } = managed;
    const device = cloud.fleet.at(1);
    const before = await bootOf(device.id);
    const from = cloud.calls.length;
    cloud.streams.cut();
    await until(() => cloud.streams.open === 0);
    device.reset();
    cloud.advance(9_000);
    await until(() => cloud.streams.open === 1, 15_000);
    await until(async () => (await bootOf(device.id)) !== before);
    expect(looks(from)).toContain('page');
  },
);

it('what a silent stream keeps to itself is found by the next reading', async () => {
  const { cloud } = managed;
  cloud.trouble.events.isSilent = true;
  const device = cloud.fleet.at(1);
  const before = await bootOf(device.id);
  device.reset();
  cloud.advance(9_000);
  await managed.round();
  expect(await bootOf(device.id)).not.toBe(before);
});

async function until(holds: () => boolean | Promise<boolean>, ms = 4_000): Promise<void> {
  for (let wait = 0; wait < ms / 20; wait += 1) {
    if (await holds()) return;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  throw new Error('it never came to that');
}
