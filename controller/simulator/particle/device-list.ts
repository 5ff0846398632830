// Lists of devices: filters, order and pages. By default the device that connected last comes first, so that the pages
// shift while they are read.

import { drawUnit } from '../seeded-random.ts';
import { invalidRequest } from './api-error.ts';
import type { Device, Product, World } from './world.ts';

const PAGE_SIZE = 25;

export interface DevicePage {
  readonly devices: readonly Device[];
  readonly pagesTotal: number;
}

type Order = (one: Device, other: Device) => number;

const ORDERS: Readonly<Record<string, Order>> = {
  deviceName: (one, other) => compare(one.name ?? '', other.name ?? ''),
  deviceId: () => 0,
  firmwareVersion: (one, other) => (one.reportedVersion ?? -1) - (other.reportedVersion ?? -1),
  lastConnection: (one, other) => (one.handshakeAt ?? 0) - (other.handshakeAt ?? 0),
};

export function readDevicePage(
  world: World,
  product: Product,
  query: URLSearchParams,
  areShifting: boolean,
): DevicePage {
  const sortBy = query.get('sortAttr') ?? 'lastConnection';
  const order = ORDERS[sortBy];
  if (order === undefined) throw invalidRequest(`There is no order by ${sortBy}`);
  const isDescending =
    (query.get('sortDir') ?? (query.has('sortAttr') ? 'asc' : 'desc')) === 'desc';
  const found = inOrderOfId(product).filter(filterBy(world, query));
  if (areShifting && sortBy !== 'deviceId') shuffle(world, found);
  else if (sortBy !== 'deviceId')
    found.sort(isDescending ? (one, other) => order(other, one) : order);
  else if (isDescending) found.reverse();

  const page = readCount(query, ['page'], 1);
  const asked = readCount(query, ['perPage', 'per_page'], PAGE_SIZE);
  const pageSize = Math.min(asked, world.quirks.pageSizeMax);
  return {
    devices: found.slice((page - 1) * pageSize, page * pageSize),
    // That an empty list has no page at all is the fake's own pick.
    pagesTotal: Math.ceil(found.length / pageSize),
  };
}

/** Kept from page to page: a large fleet is read in hundreds of them. */
function inOrderOfId(product: Product): readonly Device[] {
  product.inOrderOfId ??= [...product.devices.values()].sort((one, other) =>
    compare(one.id, other.id),
  );
  return product.inOrderOfId;
}

function filterBy(world: World, query: URLSearchParams): (device: Device) => boolean {
  const id = query.get('deviceId')?.toLowerCase() ?? '';
  const name = query.get('deviceName')?.toLowerCase() ?? '';
  const serialNumber = query.get('serialNumber')?.toLowerCase() ?? '';
  const groups = (query.get('groups') ?? '').split(',').filter((group) => group !== '');
  const onlyQuarantined = query.get('quarantined') === 'true';
  return (device) => {
    const isKeptOut = device.isQuarantined || device.isDenied;
    if (onlyQuarantined ? !isKeptOut : isKeptOut && !world.quirks.listsQuarantined) return false;
    return (
      device.id.includes(id) &&
      (name === '' || (device.name ?? '').toLowerCase().includes(name)) &&
      (serialNumber === '' || (device.serialNumber ?? '').toLowerCase().includes(serialNumber)) &&
      (groups.length === 0 || device.groups.some((group) => groups.includes(group)))
    );
  };
}

function readCount(query: URLSearchParams, names: readonly string[], otherwise: number): number {
  const text = names.map((name) => query.get(name)).find((value) => value !== null);
  if (text === undefined || text === null) return otherwise;
  const count = Number(text);
  if (!Number.isInteger(count) || count < 1) throw invalidRequest(`${names[0]} must be positive`);
  return count;
}

function compare(one: string, other: string): number {
  if (one === other) return 0;
  return one < other ? -1 : 1;
}

function shuffle(world: World, devices: Device[]): void {
  for (let last = devices.length - 1; last > 0; last -= 1) {
    const pick = Math.floor(drawUnit(world.random) * (last + 1));
    const moved = devices[last];
    const other = devices[pick];
    if (moved === undefined || other === undefined) continue;
    devices[last] = other;
    devices[pick] = moved;
  }
}
