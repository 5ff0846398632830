// The fleet drivers by the name that `fleet.driver` selects. A new driver is one folder and one line here.

import type { FleetSettings } from '../model/desired.ts';
import { createGatewayDriver } from './gateway/gateway-driver.ts';
import { createParticleDriver } from './particle/particle-driver.ts';

/** What creates each driver. Every name that manifests may use has its line. */
export const FLEET_DRIVERS = {
  gateway: createGatewayDriver,
  particle: createParticleDriver,
} as const satisfies Readonly<Record<FleetSettings['driver'], unknown>>;
