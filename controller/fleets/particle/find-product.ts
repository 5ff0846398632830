// Reads a product at Particle as a whole, with its binaries, for an import. Nothing is changed there, and a token that may
// only read is enough. A reading that is not whole is a failure: what is missing would look like something taken away.

import type { Clock } from '../../base/clock.ts';
import type { Failure } from '../../base/failure.ts';
import { failure } from '../../base/failure.ts';
import type { Result } from '../../base/result.ts';
import { fail, ok } from '../../base/result.ts';
import type { FoundDevice, FoundFirmware, FoundProduct } from '../../model/found-product.ts';
import type { Client } from './client.ts';
import type { CloudDevice } from './nouns.ts';
import type { CatalogueEntry } from './read-catalogue.ts';
import { readSnapshot } from './read-snapshot.ts';
import { lackOf } from './self-check.ts';

const SCOPES_NEEDED = [
  'products:get',
  'devices:list',
  'firmware:list',
  'firmware.binary:get',
  'groups:list',
];

/** Binaries that are downloaded at the same time. */
const DOWNLOADS_AT_ONCE = 4;
/** A download that breaks off is begun so often. */
const DOWNLOAD_TRIES = 3;
/** Pauses that are waited for before one question. */
const WAITS_MAX = 20;

/** Told while it goes on: `total` is null where it is not known yet. */
export type FindProgress = (
  what: 'devices' | 'binaries',
  done: number,
  total: number | null,
) => void;

/** Reads the product by its slug or id. Where Particle asks for patience, it is waited for. */
export async function findProduct(
  impatient: Client,
  product: string,
  {
    clock,
    sleep,
    progress,
  }: {
    readonly clock: Pick<Clock, 'now'>;
    readonly sleep: (ms: number) => Promise<void>;
    readonly progress: FindProgress;
  },
): Promise<Result<FoundProduct, Failure>> {
  const client = makePatient(impatient, sleep);
  const scopes = await client.scopes();
  if (!scopes.ok) return scopes;
  const lacking = lackOf(scopes.value, SCOPES_NEEDED);
  if (lacking !== null) return fail(lacking);
  const found = await client.product(product);
  if (!found.ok) return found;
  const catalogue = await client.catalogue(product);
  if (!catalogue.ok) return catalogue;
  const devices = await readDevices(client, product, clock, progress);
  if (!devices.ok) return devices;
  const firmware = await download(client, product, catalogue.value, progress);
  if (!firmware.ok) return firmware;
  // Last, so that nothing is thought to be released that was replaced while binaries came.
  const again = await client.catalogue(product);
  if (!again.ok) return again;
  const groups = await client.groups(product);
  if (!groups.ok) return groups;
  const named = [...groups.value.values()].sort((one, other) => (one.name < other.name ? -1 : 1));
  if (
    JSON.stringify(again.value) !== JSON.stringify(catalogue.value) ||
    JSON.stringify(named) !== JSON.stringify(devices.value.groups)
  ) {
    return fail(
      failure(
        'ParticleChanging',
        `Somebody changed the firmware or the releases of ${product} while they were read. Try again.`,
        'retry',
      ),
    );
  }
  const { id, slug, name, platformId } = found.value;
  return ok({
    slug: slug ?? String(id),
    id,
    name,
    platformId,
    firmware: firmware.value,
    groups: devices.value.groups,
    devices: devices.value.devices,
  });
}

/** The same questions, asked again after the pause that Particle asks for. */
function makePatient(client: Client, sleep: (ms: number) => Promise<void>): Client {
  const patiently = async <T>(
    ask: () => Promise<Result<T, Failure>>,
  ): Promise<Result<T, Failure>> => {
    for (let round = 1; ; round += 1) {
      const asked = await ask();
      if (asked.ok || asked.error.disposition !== 'wait' || round === WAITS_MAX) return asked;
      await sleep(asked.error.retryAfterMs ?? 1_000);
    }
  };
  return {
    ...client,
    scopes: () => patiently(() => client.scopes()),
    product: (product) => patiently(() => client.product(product)),
    catalogue: (product) => patiently(() => client.catalogue(product)),
    groups: (product) => patiently(() => client.groups(product)),
    devicePage: (product, page, isHeld) =>
      patiently(() => client.devicePage(product, page, isHeld)),
    binary: (product, version) => patiently(() => client.binary(product, version)),
  };
}

/** All devices, also those in quarantine, which the ordinary list may leave out. */
async function readDevices(
  client: Client,
  product: string,
  clock: Pick<Clock, 'now'>,
  progress: FindProgress,
): Promise<Result<Pick<FoundProduct, 'devices' | 'groups'>, Failure>> {
  let seen = 0;
  const counting = (isHeld: boolean): Client => ({
    ...client,
    // Read already, with more.
    firmware: async () => ok({ versions: new Map(), unfit: [] }),
    async devicePage(of, page) {
      const read = await client.devicePage(of, page, isHeld);
      if (read.ok) progress('devices', (seen += read.value.devices.length), null);
      return read;
    },
  });
  const ordinary = await readSnapshot(counting(false), product, new Map(), clock);
  if (!ordinary.ok) return ordinary;
  const held = await readSnapshot(counting(true), product, new Map(), clock);
  if (!held.ok) return held;
  const devices = new Map(ordinary.value.devices);
  for (const device of held.value.devices.values()) devices.set(device.id, device);
  progress('devices', devices.size, devices.size);
  const byName = <T extends { readonly name: string }>(one: T, other: T): number =>
    one.name < other.name ? -1 : 1;
  return ok({
    devices: [...devices.values()]
      .map(describeDevice)
      .sort((one, other) => (one.id < other.id ? -1 : 1)),
    groups: [...ordinary.value.groups.values()].sort(byName),
  });
}

function describeDevice(device: CloudDevice): FoundDevice {
  return {
    id: device.id,
    running: device.version,
    lockedTo: device.lockedTo,
    groups: device.groups,
    isDevelopment: device.development,
    isQuarantined: device.quarantined,
  };
}

/** The binaries of all versions that a device can report. */
async function download(
  client: Client,
  product: string,
  entries: readonly CatalogueEntry[],
  progress: FindProgress,
): Promise<Result<readonly FoundFirmware[], Failure>> {
  const firmware: FoundFirmware[] = [];
  const isUsable = ({ version }: CatalogueEntry): boolean => version >= 1 && version <= 65_534;
  const total = entries.filter(isUsable).length;
  let done = 0;
  for (let from = 0; from < entries.length; from += DOWNLOADS_AT_ONCE) {
    const batch = await Promise.all(
      entries.slice(from, from + DOWNLOADS_AT_ONCE).map(async (entry) => {
        if (!isUsable(entry)) return ok<FoundFirmware>({ ...entry, content: null });
        const content = await downloadOne(client, product, entry);
        if (content.ok) progress('binaries', (done += 1), total);
        return content.ok ? ok<FoundFirmware>({ ...entry, content: content.value }) : content;
      }),
    );
    for (const each of batch) {
      if (!each.ok) return each;
      firmware.push(each.value);
    }
  }
  return ok(firmware);
}

/** One binary, asked for again where less came than the cloud says that it has. */
async function downloadOne(
  client: Client,
  product: string,
  { version, size }: CatalogueEntry,
): Promise<Result<Uint8Array, Failure>> {
  for (let round = 1; ; round += 1) {
    const content = await client.binary(product, version);
    const isWhole = content.ok && (size === null || content.value.length >= size);
    const isWorthAgain = !content.ok && content.error.disposition === 'retry';
    if (isWhole || round === DOWNLOAD_TRIES || (!content.ok && !isWorthAgain)) return content;
  }
}
