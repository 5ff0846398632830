// The fleet repo that `lockstep init` writes: what each file says. Pure; writing them is the command's business.

import { createHash } from 'node:crypto';

import deviceGroupSchema from '../../schemas/device-group.schema.json' with { type: 'json' };
import deviceLockSchema from '../../schemas/device-lock.schema.json' with { type: 'json' };
import firmwareSchema from '../../schemas/firmware.schema.json' with { type: 'json' };
import productSchema from '../../schemas/product.schema.json' with { type: 'json' };
import releaseSchema from '../../schemas/release.schema.json' with { type: 'json' };
import { buildParticleModule } from '../simulator/firmware-image.ts';
import { STARTER_STRATEGY } from '../proposals/starter-strategy.ts';

const PRODUCT_ID = 94;
const PHOTON = 6;
const BENCH_DEVICE = 'sim-00001';

/** A file to write: its path with forward slashes, and its content. */
export type StarterFile = readonly [path: string, content: string | Uint8Array];

/** All files, in the order in which a newcomer would read them. The same every time. */
export function buildStarter(): readonly StarterFile[] {
  return [
    ['README.md', README],
    ['product.yaml', renderManifest('product', 'Product', 'thermostat', PRODUCT_SPEC)],
    ...buildFirmware(1, 'First version'),
    ...buildFirmware(2, 'Second version, ready to be released'),
    ...buildFirmware(3, 'Third version, for a release that fails'),
    ['bench.yaml', renderManifest('device-group', 'DeviceGroup', 'bench', GROUP_SPEC)],
    ['bench-lock.yaml', renderManifest('device-lock', 'DeviceLock', 'bench', LOCK_SPEC)],
    ['release.yaml', renderManifest('release', 'Release', 'thermostat', RELEASE_SPEC)],
    ...buildSurroundings(),
  ];
}

/** What every fleet repo has besides its manifests: the ignored files, and the schemas for editors. */
export function buildSurroundings(): readonly StarterFile[] {
  return [
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

/** A version's manifest and binary; made here, so that a newcomer needs no toolchain to try a release. */
function buildFirmware(version: number, title: string): readonly StarterFile[] {
  const binary = buildParticleModule({ productId: PRODUCT_ID, version, platformId: PHOTON });
  const spec = `  product: thermostat
  version: ${version} # as compiled in with PRODUCT_VERSION()
  title: ${title}
  binary:
    path: firmware/${version}.bin
    sha256: ${createHash('sha256').update(binary).digest('hex')}
`;
  const manifest = renderManifest('firmware', 'Firmware', `thermostat-${version}`, spec, '../');
  return [
    [`firmware/${version}.yaml`, manifest],
    [`firmware/${version}.bin`, binary],
  ];
}

const GROUP_SPEC = `  product: thermostat
  devices: [${BENCH_DEVICE}]
`;

const LOCK_SPEC = `  product: thermostat
  group: bench
  version: 1
  flash: now # or on-reset: when the device next comes online
  reason: the bench verifies a version before everyone gets it
`;

const RELEASE_SPEC = `  product: thermostat
  version: 1
${STARTER_STRATEGY.replaceAll(/^(?=.)/gm, '  ')}`;

const README = `# Fleet repo

What the devices of \`thermostat\` run is what these manifests say. To try it out on this machine, commit them and give
the controller and twenty simulated devices a terminal each:

    sed -i.bak 's/soak: 26h/soak: 3s/' release.yaml && rm release.yaml.bak   # for a trial: steps of seconds, not days
    git init && git add . && git commit -m "Start"
    lockstep run .#HEAD --interval 2s --gateway-token trial --adopt
    lockstep simulate --product thermostat --devices 20 --poll 1s --gateway-token trial

A third terminal looks at them; ${BENCH_DEVICE} is the bench device:

    export LOCKSTEP_SERVER=http://127.0.0.1:8080
    lockstep status
    lockstep why ${BENCH_DEVICE}

Versions 2 and 3 lie ready in \`firmware/\`. To release 2:

1. Set \`version: 2\` in \`release.yaml\` and commit. \`lockstep plan\` says \`ReleaseUnverified\`: no device has run it yet.
2. Set \`version: 2\` in \`bench-lock.yaml\` as well and commit. The bench device is flashed and verifies it, and the
   release starts by itself. It goes through the steps of its strategy: five devices, a tenth, half, all of them.
   \`lockstep status --watch\` shows how far it is. If devices fail, it halts, and the others keep what they run.
3. \`git revert\` the commit that released it, and the fleet goes back to version 1 at once.
`;
