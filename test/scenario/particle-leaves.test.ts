// A product that is taken from Particle to another fleet: its driver lets go of it, and leaves every device on what it runs.

import { afterEach, beforeEach, expect, it } from 'vitest';

import type { FleetDriver } from '../../controller/fleets/driver.ts';
import { readLiveState } from '../../controller/fleets/live-state.ts';
import { ok } from '../../controller/base/result.ts';
import type { Desired } from '../../controller/model/desired.ts';
import type { CloudController } from '../support/particle/cloud-controller.ts';
import { startCloudController } from '../support/particle/cloud-controller.ts';
import type { ManagedCloud } from '../support/particle/managed-cloud.ts';

const ELSEWHERE = `apiVersion: lockstep/v1
kind: Product
metadata: { name: thermostat }
spec: { platform: argon, fleet: { driver: gateway } }
`;

let world: CloudController;
let enforced: Desired[] = [];

/** Takes over whatever it is given, and has no device. */
function otherFleet({ store }: ManagedCloud): FleetDriver {
  return {
    name: 'gateway',
    observe: async (product, named) => ok(await readLiveState(store, product, named, null)),
    firstDevices: async () => ok([]),
    execute: async () => ok(undefined),
    async enforce(desired) {
      enforced.push(desired);
      return ok(undefined);
    },
    watch: () => () => undefined,
    close: async () => undefined,
  };
}

beforeEach(async () => {
  enforced = [];
  world = await startCloudController(
    {
      devices: Array.from({ length: 6 }, (_, at) => ({ runs: at < 3 ? 41 : 42 })),
      firmware: [
        { version: 41, isDefault: true },
        { version: 42, groups: ['seed'] },
      ],
      driver: { timeLimitMs: 300 },
    },
    (managed) => [otherFleet(managed)],
  );
  const release = ['Release', 'r', 'version: 41, paused: true'] as const;
  await world.commit({ firmware: [41, 42], documents: [release] });
  await world.minutes(3);
});
afterEach(() => world.close());

it('is let go of by its driver, once, and nothing is sent to Particle any more', async () => {
  const { cloud, driver } = world.managed;
  expect(driver.policyOf('thermostat')).not.toBeNull();
  await world.commitFiles({ 'fleet.yaml': ELSEWHERE });
  expect(driver.policyOf('thermostat')).toBeNull();
  expect(enforced.at(-1)?.config?.spec.fleet.driver).toBe('gateway');
  world.managed.changes();
  const calls = cloud.calls.length;
  for (const device of cloud.fleet.devices) device.reset();
  await world.minutes(5);
  expect(cloud.calls).toHaveLength(calls);
  expect(cloud.fleet.running()).toEqual({ 41: 3, 42: 3 });
});

it('stays in force where Particle cannot be reached, until it can', async () => {
  const { cloud, driver } = world.managed;
  await cloud.goDown();
  await world.commitFiles({ 'fleet.yaml': ELSEWHERE });
  expect(world.view().inForce.config?.spec.fleet.driver).toBe('particle');
  expect(enforced).toEqual([]);
  await cloud.comeBack();
  await world.minutes(1);
  expect(world.view().inForce.config?.spec.fleet.driver).toBe('gateway');
  expect(driver.policyOf('thermostat')).toBeNull();
});

it('is not kept by a token that is gone', async () => {
  const { cloud, driver } = world.managed;
  cloud.tokens.expire(cloud.token);
  await world.commitFiles({ 'fleet.yaml': ELSEWHERE });
  expect(world.view().inForce.config?.spec.fleet.driver).toBe('gateway');
  expect(driver.policyOf('thermostat')).toBeNull();
});
