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
): Promise<Result<Snapshot, Failure>> {
  const readAt = clock.now();
  const [firmware, groups] = await Promise.all([client.firmware(product), client.groups(product)]);
  if (!firmware.ok) return firmware;
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
  return ok({ readAt, devices, firmware: firmware.value, groups: groups.value });
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
