// Makes devices known to a state as if they had polled and reported just now.

import { expectedDevice } from '../../../controller/model/device.ts';
import type { Store } from '../../../controller/stores/store.ts';

/** Registers devices that run `version`. `at` is epoch milliseconds. */
export async function registerDevices(
  store: Store,
  fleet: {
    readonly product: string;
    readonly devices: number;
    readonly idOf: (i: number) => string;
    readonly version: number;
    readonly at: number;
  },
): Promise<void> {
  const { product, version, at } = fleet;
  const saves = Array.from({ length: fleet.devices }, (_, i) =>
    store.saveDevice({
      before: null,
      after: {
        ...expectedDevice(product, fleet.idOf(i)),
        standing: 'active',
        registeredAt: at,
        reported: String(version),
        running: version,
        runningSince: 0,
      },
      contact: { at, listened: 0, steadyAt: at },
    }),
  );
  await Promise.all(saves);
}
