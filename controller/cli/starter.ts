// The fleet repo that `lockstep init` writes: what each file says. Pure; writing them is the command's business.

import { createHash } from 'node:crypto';

import deviceGroupSchema from '../../schemas/device-group.schema.json' with { type: 'json' };
import deviceLockSchema from '../../schemas/device-lock.schema.json' with { type: 'json' };
import firmwareSchema from '../../schemas/firmware.schema.json' with { type: 'json' };
import productSchema from '../../schemas/product.schema.json' with { type: 'json' };
import releaseSchema from '../../schemas/release.schema.json' with { type: 'json' };
import { buildParticleModule } from '../simulator/firmware-image.ts';

const PRODUCT_ID = 94;
const PHOTON = 6;
const BENCH_DEVICE = 'sim-00001';

/** A file to write: its path with forward slashes, and its content. */
export type StarterFile = readonly [path: string, content: string | Uint8Array];

/** All files, in the order in which a newcomer would read them. The same every time. */
export function buildStarter(): readonly StarterFile[] {
  const binary = buildParticleModule({ productId: PRODUCT_ID, version: 1, platformId: PHOTON });
  const sha256 = createHash('sha256').update(binary).digest('hex');
  return [
    ['README.md', README],
    ['product.yaml', renderManifest('product', 'Product', 'thermostat', PRODUCT_SPEC)],
    [
      'firmware/1.yaml',
      renderManifest('firmware', 'Firmware', 'thermostat-1', firmwareSpec(sha256), '../'),
    ],
    ['firmware/1.bin', binary],
    ['bench.yaml', renderManifest('device-group', 'DeviceGroup', 'bench', GROUP_SPEC)],
    ['bench-lock.yaml', renderManifest('device-lock', 'DeviceLock', 'bench-on-1', LOCK_SPEC)],
    ['release.yaml', renderManifest('release', 'Release', 'thermostat', RELEASE_SPEC)],
    ['.gitignore', '.lockstep/\n'],
    ...SCHEMAS.map(([name, schema]): StarterFile => [
      `schemas/${name}.schema.json`,
      `${JSON.stringify(schema, null, 2)}\n`,
    ]),
  ];
}

const SCHEMAS: readonly (readonly [name: string, schema: object])[] = [
  ['product', productSchema],
  ['firmware', firmwareSchema],
  ['device-group', deviceGroupSchema],
  ['device-lock', deviceLockSchema],
  ['release', releaseSchema],
];

function renderManifest(
  schema: string,
  kind: string,
  name: string,
  spec: string,
  root = './',
): string {
  return [
    `# yaml-language-server: $schema=${root}schemas/${schema}.schema.json`,
    'apiVersion: lockstep/v1',
    `kind: ${kind}`,
    `metadata: { name: ${name} }`,
    'spec:',
    spec,
  ].join('\n');
}

const PRODUCT_SPEC = `  productId: ${PRODUCT_ID} # as compiled in with PRODUCT_ID()
  platform: photon # what its binaries are built for
  fleet:
    driver: gateway # devices poll Lockstep itself
    pollInterval: 10s # short, for trying out; 5m suits most fleets
  verification:
    devices: 1 # a release waits until a bench device runs its version
    group: bench
`;

function firmwareSpec(sha256: string): string {
  return `  product: thermostat
  version: 1 # as compiled in with PRODUCT_VERSION()
  title: First version
  binary:
    path: firmware/1.bin
    sha256: ${sha256}
`;
}

const GROUP_SPEC = `  product: thermostat
  devices: [${BENCH_DEVICE}]
`;

const LOCK_SPEC = `  product: thermostat
  group: bench
  version: 1
  flash: now # or on-reset: when the device next comes online
  reason: verify version 1 before everyone gets it
`;

const RELEASE_SPEC = `  product: thermostat
  version: 1
`;

const README = `# Fleet repo

What the devices of \`thermostat\` run is what these manifests say. To try it out on this machine:

    lockstep validate
    lockstep run --gateway-token trial --adopt
    lockstep simulate --product thermostat --devices 20 --version 1 --gateway-token trial
    lockstep status --server http://127.0.0.1:8080

To bring out version 2: add its binary and Firmware manifest, set \`version: 2\` in the lock and in the release,
look at \`lockstep plan --server http://127.0.0.1:8080\`, and commit. The release starts once the bench runs version 2.
`;
