// The Particle driver is held to the driver contract, over a fake of Particle's API.

import { startManagedCloud } from '../support/particle/managed-cloud.ts';
import { describeDriverContract } from './driver-contract.ts';

describeDriverContract('particle', async () => {
  const managed = await startManagedCloud();
  const { driver } = managed;
  return {
    driver: { ...driver, enforce: (desired) => driver.enforce(managed.adapt(desired)) },
    prepare: (desired) => managed.prepare(managed.adapt(desired)),
    hear: (device, version) => managed.hear(device, version),
    async contact(device) {
      await managed.round();
      return managed.pending(device);
    },
    close: () => managed.close(),
  };
});
