// Writes fleet repos for tests: from the few words that a test is about to the files that a person would commit.
// Manifests are written as JSON, which is YAML too, so that nothing has to be quoted here.

import { createHash } from 'node:crypto';

/** What a fleet repo says of one product. */
export interface RepoWords {
  /** Default: `thermostat`. */
  readonly product?: string;
  /** Merged into the Product's `spec.fleet`. */
  readonly fleet?: Readonly<Record<string, unknown>>;
  readonly verification?: Readonly<Record<string, unknown>>;
  readonly guardrails?: Readonly<Record<string, unknown>>;
  readonly firmware?: readonly (number | FirmwareWords)[];
  /** Devices by group name. */
  readonly groups?: Readonly<Record<string, readonly string[]>>;
  /** By name of the lock. */
  readonly locks?: Readonly<Record<string, LockWords>>;
  /** The product's release. */
  readonly release?: number;
  /** The strategy of all releases; else to everyone at once. */
  readonly strategy?: object;
  /** Versions by group name. */
  readonly groupReleases?: Readonly<Record<string, number>>;
}

export interface FirmwareWords {
  readonly version: number;
  readonly withdrawn?: boolean;
  /** Names the digest of other content than the file has. */
  readonly wrongDigest?: boolean;
  /** Leaves the file out of the repo. */
  readonly missing?: boolean;
  /** Other content under the same version, with its right digest. */
  readonly build?: string;
  /** Instead of a file of the repo. */
  readonly url?: string;
}

export interface LockWords {
  readonly devices?: readonly string[];
  readonly group?: string;
  readonly version: number;
  readonly flash?: 'now' | 'on-reset';
}

/** Content of files, by path. */
export type RepoFiles = Readonly<Record<string, string | Uint8Array>>;

/** The files of one product: a file per kind, all in the product's folder. */
export function fleetFiles(words: RepoWords): RepoFiles {
  const product = words.product ?? 'thermostat';
  const firmware = (words.firmware ?? []).map((each) =>
    typeof each === 'number' ? { version: each } : each,
  );
  const files: Record<string, string | Uint8Array> = {};
  const write = (name: string, manifests: readonly unknown[]): void => {
    const path = `${product}/${name}.yaml`;
    if (manifests.length > 0)
      files[path] = manifests.map((each) => `${toText(each)}\n`).join('---\n');
  };
  write('product', [
    manifest('Product', product, {
      fleet: { driver: 'gateway', ...words.fleet },
      ...(words.verification !== undefined && { verification: words.verification }),
      ...(words.guardrails !== undefined && { guardrails: words.guardrails }),
    }),
  ]);
  write(
    'firmware',
    firmware.map((each) => firmwareManifest(product, each)),
  );
  for (const each of firmware) {
    if (each.missing === true || each.url !== undefined) continue;
    files[binaryPath(product, each)] = binaryOf(product, each.version, each.build);
  }
  write(
    'groups',
    Object.entries(words.groups ?? {}).map(([name, devices]) =>
      manifest('DeviceGroup', name, { product, devices }),
    ),
  );
  write(
    'locks',
    Object.entries(words.locks ?? {}).map(([name, lock]) =>
      manifest('DeviceLock', name, { product, flash: 'now', ...lock }),
    ),
  );
  write('releases', [
    ...(words.release === undefined
      ? []
      : [
          manifest('Release', product, {
            product,
            version: words.release,
            strategy: words.strategy ?? STEADY,
          }),
        ]),
    ...Object.entries(words.groupReleases ?? {}).map(([group, version]) =>
      manifest('Release', `${product}-${group}`, {
        product,
        version,
        group,
        strategy: words.strategy ?? STEADY,
      }),
    ),
  ]);
  return files;
}

/** To everyone at once, and never halted: these fleets are small, and their devices fail on purpose. */
export const STEADY = { halt: { failureRate: '100%' } };

/** The binary of a version; other builds of it have other content. */
export function binaryOf(product: string, version: number, build = 'first'): Uint8Array {
  return Buffer.from(`${product} ${version} ${build}\n`.repeat(40));
}

/** Hex SHA-256. */
export function sha256Of(content: Uint8Array): string {
  return createHash('sha256').update(content).digest('hex');
}

function firmwareManifest(product: string, words: FirmwareWords): unknown {
  const { version, withdrawn, wrongDigest, url, build } = words;
  const content = binaryOf(product, version, wrongDigest === true ? 'another' : build);
  return manifest('Firmware', `${product}-${version}`, {
    product,
    version,
    binary: {
      ...(url === undefined ? { path: binaryPath(product, words) } : { url }),
      sha256: sha256Of(content),
      format: 'opaque',
    },
    ...(withdrawn === true && { withdrawn: { reason: 'it is bad' } }),
  });
}

function binaryPath(product: string, { version }: FirmwareWords): string {
  return `${product}/firmware/${version}.bin`;
}

function manifest(kind: string, name: string, spec: unknown): unknown {
  return { apiVersion: 'lockstep/v1', kind, metadata: { name }, spec };
}

function toText(value: unknown): string {
  return JSON.stringify(value, null, 2);
}
