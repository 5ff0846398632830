// Brings the firmware in force to Particle, and makes sure that what is filed there under a number is the very binary that
// the manifest names: a version is taken for stored only where both hold it.

import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';

import type { Failure } from '../../base/failure.ts';
import type { Result } from '../../base/result.ts';
import { fail, ok } from '../../base/result.ts';
import type { Desired } from '../../model/desired.ts';
import type { PolicyFirmware, ProductPolicy } from '../../model/policy.ts';
import type { BinaryStore } from '../../stores/binaries.ts';
import type { Client } from './client.ts';
import type { Ledger } from './ledger.ts';
import type { CloudFirmware } from './nouns.ts';

export interface FiledFirmware {
  /** With `stored` only where Particle holds the very binary. */
  readonly policy: ProductPolicy;
  readonly ledger: Ledger;
  readonly firmware: ReadonlyMap<number, CloudFirmware>;
  /** Versions under whose number Particle holds another binary. */
  readonly differing: readonly number[];
  readonly refused: readonly Failure[];
}

interface Ports {
  readonly client: Client;
  readonly binaries: Pick<BinaryStore, 'locate'>;
}

/** Uploads what is missing, and looks at what is new. */
export async function fileFirmware(
  product: string,
  input: {
    readonly policy: ProductPolicy;
    readonly desired: Desired;
    readonly ledger: Ledger;
    readonly firmware: ReadonlyMap<number, CloudFirmware>;
  },
  { client, binaries }: Ports,
): Promise<Result<FiledFirmware, Failure>> {
  const { policy, desired } = input;
  let { firmware } = input;
  const digests = { ...input.ledger.digests };
  const refused: Failure[] = [];
  let uploaded = 0;
  for (const each of policy.firmware.values()) {
    if (firmware.has(each.version)) {
      if (digests[each.version] !== undefined) continue;
      const found = await client.binary(product, each.version);
      if (!found.ok) return found;
      digests[each.version] = createHash('sha256').update(found.value).digest('hex');
    } else if (each.stored && !each.withdrawn) {
      const done = await upload(product, each, desired, { client, binaries });
      if (done.ok) {
        digests[each.version] = each.sha256;
        uploaded += 1;
      } else if (done.error.code === 'ParticleRefused') refused.push(done.error);
      else return done;
    } else delete digests[each.version];
  }
  if (uploaded > 0) {
    const again = await client.firmware(product);
    if (!again.ok) return again;
    firmware = again.value.versions;
  }
  const holds = ({ version, sha256 }: PolicyFirmware): boolean =>
    firmware.has(version) && digests[version] === sha256;
  const filed = new Map(
    [...policy.firmware].map(([version, each]) => [
      version,
      holds(each) || !each.stored ? each : { ...each, stored: false },
    ]),
  );
  const differing = [...policy.firmware.values()]
    .filter((each) => firmware.has(each.version) && !holds(each))
    .map(({ version }) => version);
  return ok({
    policy: { ...policy, firmware: filed },
    ledger: { ...input.ledger, digests },
    firmware,
    differing,
    refused,
  });
}

async function upload(
  product: string,
  { version, sha256, title }: PolicyFirmware,
  desired: Desired,
  { client, binaries }: Ports,
): Promise<Result<void, Failure>> {
  const located = await binaries.locate(sha256);
  if (!located.ok) return located;
  const content = await readFile(located.value.file);
  if (createHash('sha256').update(content).digest('hex') !== sha256) {
    return fail({
      code: 'DigestMismatch',
      message: `The stored binary of version ${version} is damaged.`,
      disposition: 'stall',
    });
  }
  const spec = desired.firmware.find((each) => each.spec.version === version)?.spec;
  return client.upload(product, {
    version,
    title: title ?? `Version ${version}`,
    description: spec?.description ?? null,
    content,
  });
}
