// A fleet repo as people write them: several hands, several styles, comments in odd places. And the trees of the
// examples and of `lockstep init`.

import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { buildStarter } from '../../../controller/cli/starter.ts';
import { isManifestPath } from '../../../controller/manifests/recognise.ts';
import { buildParticleModule } from '../../../controller/simulator/firmware-image.ts';
import { examineBytes } from '../../../controller/firmware/examine.ts';

export type Files = ReadonlyMap<string, string>;

/** A binary of the thermostat. */
export function moduleOf(
  version: number,
  options: { productId?: number; platformId?: number; seed?: number } = {},
) {
  return buildParticleModule({ productId: 94, platformId: 6, version, ...options });
}

function digestOf(version: number): string {
  return examineBytes(moduleOf(version)).sha256;
}

const PRODUCT = `# yaml-language-server: $schema=schemas/product.schema.json
apiVersion: lockstep/v1
kind: Product
metadata: { name: thermostat }   # the one on the wall
spec:
    productId: 94
    platform: photon
    fleet: {driver: gateway}
    verification: { group: bench }
`;

const FIRMWARE = `# yaml-language-server: $schema=schemas/firmware.schema.json

# Newest last.
apiVersion: lockstep/v1
kind: Firmware
metadata: {name: thermostat-41}
spec:
  product: thermostat
  version: 41
  title: 'Winter schedule'
  binary: { path: firmware/41.bin, sha256: ${digestOf(41)} }
---
apiVersion: lockstep/v1
kind: Firmware
metadata: {name: thermostat-42}
spec:
  product: thermostat
  version: 42   # PRODUCT_VERSION(42)
  description: |
    Fixes the *heater drift*.

    # not a comment

  binary: { path: firmware/42.bin,
            sha256: ${digestOf(42)} }
# end of the list
`;

const LOCKS = `# Who is held, and why. Ask Mira before you change it.

apiVersion: lockstep/v1
kind: DeviceLock
metadata:
  name: lobby
spec:
  product: thermostat
  devices: [e00fce680000000000000009]
  version: 41   # filmed this week
  flash: now
  reason: "The lobby's display is filmed"
---
# Three of the first batch; their radio is slow.
apiVersion: lockstep/v1
kind: DeviceLock
metadata:
  name: slow-radios
spec:
  product: thermostat
  devices:
  - e00fce680000000000000011 # Kim's desk

  # these two came back from the field
  - "123456"
  - e00fce680000000000000013
  version: 41
  flash: on-reset
---
apiVersion: lockstep/v1
kind: DeviceLock
metadata: { name: bench }
spec: { product: thermostat, group: bench, version: 42, flash: now } # verify 42
`;

const RELEASE = `apiVersion: lockstep/v1
kind: Release
metadata:
  name: thermostat
spec:
  product: thermostat
  strategy:
    steps: # slow on purpose
      - {name: canary, exposure: 1%}
      - {name: half, exposure: 50%, approval: required}
      - {name: all, exposure: 100%, approval: required}
  version: 42       # <- the one line that everybody edits

  approved:
    - 42/half   # looked at the numbers, Kim

  # raised after the power cut
  attempt: 2
  paused: false
`;

const GROUPS = `apiVersion: lockstep/v1
kind: DeviceGroup
metadata: { name: bench }
spec: { product: thermostat, devices: [ e00fce680000000000000001, e00fce680000000000000002, ] }
`;

/** Manifests of one product in mixed styles. They have no problem. */
export const ODD_FLEET: Files = new Map([
  ['product.yaml', PRODUCT],
  ['firmware.yaml', FIRMWARE],
  ['groups.yaml', GROUPS],
  ['locks.yaml', LOCKS],
  ['release.yaml', RELEASE],
]);

/** The manifest files of a folder of `examples/`. */
export function readExample(name: string): Files {
  const folder = join(import.meta.dirname, '../../../examples', name);
  const paths = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter(isManifestPath);
  return new Map(paths.map((path) => [path, readFileSync(join(folder, path), 'utf8')]));
}

/** The manifest files that `lockstep init` writes. */
export function readStarter(): Files {
  return new Map(
    buildStarter().flatMap(([path, content]) =>
      typeof content === 'string' && isManifestPath(path) ? [[path, content] as const] : [],
    ),
  );
}
