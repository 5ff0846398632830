// A fleet repo as a team would have it: a product with a bench group, three versions, twenty locks and a release, as a
// git repository with a branch for each state of it that the benches need.

import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { buildParticleModule } from '../../controller/simulator/firmware-image.ts';
import { seededId } from './seed-fleet.ts';

/** The product of every fleet here. */
export const PRODUCT = 'thermostat';

/** What the branches release: what is in force in a prepared state, its successor, and one with a large binary. */
export const BRANCHES = { inForce: 42, next: 43, large: 44 } as const;

/** Versions that the fleets run to begin with. */
export const RUNNING = { old: 41, current: 42 } as const;

const LOCKS = 20;
const PRODUCT_ID = 94;
const PLATFORM_ID = 6;
const BINARY_BYTES = 128 * 1024;
/** Size of the binary that branch `large` releases. */
export const LARGE_BINARY_BYTES = 4 * 1024 * 1024;

/** A device that a lock names; these run what they are locked to. */
export function isLockedDevice(i: number): boolean {
  return i < LOCKS;
}

/** Writes the repository into `dir`, with the branches `inForce`, `next` and `large`; `inForce` is checked out. */
export function writeFleetRepo(dir: string): void {
  mkdirSync(join(dir, 'firmware'), { recursive: true });
  mkdirSync(join(dir, 'locks'), { recursive: true });
  runGit(dir, 'init', '--quiet', '--initial-branch=inForce');
  write(dir, 'product.yaml', PRODUCT_MANIFEST);
  write(dir, 'groups.yaml', groupManifest());
  for (let i = 0; i < LOCKS; i += 1)
    write(dir, `locks/hall-${i}.yaml`, lockManifest(`hall-${i}`, i));
  for (const version of [41, 42, 43]) writeFirmware(dir, version, BINARY_BYTES);
  write(dir, 'release.yaml', releaseManifest(BRANCHES.inForce));
  commit(dir, 'Release 42');
  for (const branch of ['next', 'large'] as const) {
    runGit(dir, 'checkout', '--quiet', '-b', branch, 'inForce');
    if (branch === 'large') writeFirmware(dir, BRANCHES.large, LARGE_BINARY_BYTES);
    write(dir, 'release.yaml', releaseManifest(BRANCHES[branch]));
    commit(dir, `Release ${BRANCHES[branch]}`);
  }
  runGit(dir, 'checkout', '--quiet', 'inForce');
}

/** The manifest that locks device `i`. */
export function lockManifest(name: string, i: number): string {
  return `apiVersion: lockstep/v1
kind: DeviceLock
metadata:
  name: ${name}
spec:
  product: ${PRODUCT}
  devices: [${seededId(i)}]
  version: ${RUNNING.old}
  flash: now
  reason: The display in this hall is filmed this week
  owner: facilities
`;
}

/** Runs git in a folder, with an identity and a configuration of its own. */
export function runGit(dir: string, ...args: readonly string[]): string {
  return execFileSync('git', args, {
    cwd: dir,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: {
      PATH: process.env['PATH'] ?? '',
      HOME: tmpdir(),
      GIT_CONFIG_NOSYSTEM: '1',
      GIT_AUTHOR_NAME: 'Bench',
      GIT_AUTHOR_EMAIL: 'bench@example.com',
      GIT_COMMITTER_NAME: 'Bench',
      GIT_COMMITTER_EMAIL: 'bench@example.com',
    },
  }).toString();
}

/** Commits all that is in the work tree. */
export function commit(dir: string, message: string): void {
  runGit(dir, 'add', '--all');
  runGit(dir, 'commit', '--quiet', '--message', message);
}

/** The manifest of the product. */
export const PRODUCT_MANIFEST = `apiVersion: lockstep/v1
kind: Product
metadata:
  name: ${PRODUCT}
spec:
  productId: ${PRODUCT_ID}
  platform: photon
  fleet:
    driver: gateway
    pollInterval: 5m
    bootAttribute: boot
  verification:
    devices: 1
    group: bench
`;

function groupManifest(): string {
  const devices = Array.from({ length: 10 }, (_, i) => seededId(LOCKS + i));
  return `apiVersion: lockstep/v1
kind: DeviceGroup
metadata:
  name: bench
spec:
  product: ${PRODUCT}
  devices: [${devices.join(', ')}]
`;
}

function releaseManifest(version: number): string {
  return `apiVersion: lockstep/v1
kind: Release
metadata:
  name: ${PRODUCT}
spec:
  product: ${PRODUCT}
  version: ${version}
`;
}

/** Writes a version's binary and its manifest. What is too large for a module of the platform is opaque. */
function writeFirmware(dir: string, version: number, size: number): void {
  const binary = buildParticleModule({
    productId: PRODUCT_ID,
    version,
    platformId: PLATFORM_ID,
    size,
    seed: version,
  });
  write(dir, `firmware/${version}.bin`, binary);
  const sha256 = createHash('sha256').update(binary).digest('hex');
  write(
    dir,
    `firmware-${version}.yaml`,
    `apiVersion: lockstep/v1
kind: Firmware
metadata:
  name: ${PRODUCT}-${version}
spec:
  product: ${PRODUCT}
  version: ${version}
  title: Release ${version}
  binary:
    path: firmware/${version}.bin
    sha256: ${sha256}${size > BINARY_BYTES ? '\n    format: opaque' : ''}
`,
  );
}

function write(dir: string, path: string, content: string | Uint8Array): void {
  writeFileSync(join(dir, path), content);
}
