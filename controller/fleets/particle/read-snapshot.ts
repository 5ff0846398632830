// Reads a product as a whole: firmware, groups, and its devices page by page. Pages are in the order of device ids, so
// what shifts meanwhile shows, and a second pass reads those pages again. A device that was known and is on no page is
// asked for by its id before it counts as gone. Of two readings of a device the later counts.

import type { Clock } from '../../base/clock.ts';
import type { Failure } from '../../base/failure.ts';
import { failure } from '../../base/failure.ts';
import type { Result } from '../../base/result.ts';
import { fail, ok } from '../../base/result.ts';
import type { Client } from './client.ts';
import type { CloudDevice, Snapshot } from './nouns.ts';

/** Missing devices that are asked for one by one in one reading. */
const ASKED_FOR_MAX = 10;
/** Pages that are asked for at the same time. */
const PAGES_AT_ONCE = 6;
/** More pages than any fleet has. */
const PAGES_MAX = 100_000;

/** Reads a product. `known` are the devices of the reading before. */
export async function readSnapshot(
  client: Client,
  product: string,
  known: ReadonlyMap<string, unknown>,
  clock: Pick<Clock, 'now'>,
  options: { readonly listsGroups: boolean } = { listsGroups: true },
): Promise<Result<Snapshot, Failure>> {
  const readAt = clock.now();
  const [firmware, listed] = await Promise.all([
    client.firmware(product),
    options.listsGroups ? client.groups(product) : null,
  ]);
  if (!firmware.ok) return firmware;
  const { versions, unfit } = firmware.value;
  const groups = listed ?? ok(groupsIn(versions));
  if (!groups.ok) return groups;
  const devices = new Map<string, CloudDevice>();
  const first = await readPages(client, product, 1, devices);
  if (!first.ok) return first;
  if (first.value !== null) {
    const second = await readPages(client, product, first.value, devices);
    if (!second.ok) return second;
  }
  const missing = [...known.keys()].filter((id) => !devices.has(id));
  if (devices.size === 0 && missing.length > 0) {
    return fail(
      failure(
        'ParticleEmpty',
        `Particle lists no device of ${product}, and ${missing.length} were there before: that is not believed. It is tried again.`,
        'retry',
      ),
    );
  }
  for (const id of missing.slice(0, ASKED_FOR_MAX)) {
    const found = await client.findDevices(product, id);
    if (!found.ok) return found;
    for (const device of found.value.devices) if (device.id === id) devices.set(id, device);
  }
  return ok({ readAt, devices, firmware: versions, unfit, groups: groups.value });
}

/** The last reading, with a few devices as they are now. */
export async function readDevices(
  client: Client,
  product: string,
  last: Snapshot,
  ids: readonly string[],
): Promise<Result<Snapshot, Failure>> {
  const devices = new Map(last.devices);
  for (const id of ids) {
    const page = await client.device(product, id);
    // A stranger to the product: the next whole reading knows better.
    if (!page.ok && page.error.disposition !== 'stall') return page;
    if (page.ok && page.value.id === id) devices.set(id, page.value);
  }
  return ok({ ...last, devices });
}

/** What was changed by our own calls, read back: firmware and groups, two calls. */
export async function readReleases(
  client: Client,
  product: string,
  last: Snapshot,
  listsGroups: boolean,
): Promise<Snapshot> {
  const firmware = await client.firmware(product);
  const known = firmware.ok ? firmware.value.versions : last.firmware;
  const groups = listsGroups ? await client.groups(product) : ok(groupsIn(known));
  return { ...last, firmware: known, ...(groups.ok && { groups: groups.value }) };
}

/** Devices that came online without a handshake between two readings. */
export function awokenSince(before: Snapshot | null, now: Snapshot): ReadonlySet<string> {
  const awoken = new Set<string>();
  for (const device of now.devices.values()) {
    const was = before?.devices.get(device.id);
    if (was === undefined || was.online || !device.online) continue;
    if (was.handshakeAt === device.handshakeAt) awoken.add(device.id);
  }
  return awoken;
}

/** Groups as far as the list of firmware tells of them: those that something is released to. */
function groupsIn(firmware: Snapshot['firmware']): Snapshot['groups'] {
  return new Map(
    [...firmware.values()].flatMap(({ version, groups }) =>
      groups.map((name) => [name, { name, version }] as const),
    ),
  );
}

/** Reads pages to the last; the page to begin again with where they shifted, null where they were steady. */
async function readPages(
  client: Client,
  product: string,
  from: number,
  devices: Map<string, CloudDevice>,
): Promise<Result<number | null, Failure>> {
  let shiftedAt: number | null = null;
  let pages: number | null = null;
  let lastId: string | null = null;
  for (let page = from; pages === null || page <= pages;) {
    // Some at a time, or a large fleet would take longer to read than the interval is.
    const count = pages === null ? 1 : Math.min(PAGES_AT_ONCE, pages - page + 1);
    const reads = await Promise.all(
      Array.from({ length: count }, (_, index) => client.devicePage(product, page + index)),
    );
    for (const read of reads) {
      if (!read.ok) return read;
      let isSteady = pages === null || pages === read.value.pages;
      for (const device of read.value.devices) {
        if (lastId !== null && device.id <= lastId) isSteady = false;
        lastId = device.id;
        devices.set(device.id, device);
      }
      // What moved ahead over the edge of two pages was on neither of them: now it is on the one before.
      if (!isSteady) shiftedAt ??= Math.max(1, page - 1);
      pages = Math.min(read.value.pages, PAGES_MAX);
      page += 1;
    }
  }
  return ok(shiftedAt);
}
