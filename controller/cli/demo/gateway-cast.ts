// Devices that speak DDI to the controller's own gateway.

import { randomBytes } from 'node:crypto';

import { assert } from '../../base/assert.ts';
import { buildParticleModule } from '../../simulator/firmware-image.ts';
import { createSimulatedFleet, type SimulatedFleet } from '../../simulator/fleet.ts';
import { BAD_SHARE, type Cast, type CastOptions } from './cast.ts';

const PRODUCT_ID = 94;
const PHOTON = 6;

/** Creates devices of a product of the gateway. */
export function createGatewayCast(product: string, options: CastOptions): Cast {
  const { ids, version, badVersion, spared } = options;
  const gatewayToken = randomBytes(24).toString('hex');
  let fleet: SimulatedFleet | null = null;
  return {
    ids,
    access: { gatewayToken },
    pollInterval: '1s',
    words: {
      arrival:
        'Here come the devices, simulated, each with HTTP requests of its own to the same address:',
      delivery: 'Every other device gets it at its next poll.',
    },
    buildFirmware: (built) =>
      buildParticleModule({ productId: PRODUCT_ID, version: built, platformId: PHOTON }),
    begin(address) {
      fleet = createSimulatedFleet({
        server: address,
        product,
        devices: ids,
        version: String(version),
        auth: { gatewayToken },
        bootAttribute: 'boot',
        attributesAtBoot: true,
        installMs: 300,
        rebootMs: 400,
        badVersions: [
          { version: String(badVersion), share: BAD_SHARE, how: 'fall-back', afterMs: 1_000 },
        ],
        spared,
      });
      fleet.start();
    },
    snapshot() {
      assert(fleet !== null, 'the devices have begun');
      return fleet.snapshot();
    },
    async end() {
      await fleet?.stop();
    },
  };
}
