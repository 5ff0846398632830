// The routes of a product's devices.

import { badRequest, errorList } from './api-error.ts';
import { takeFlag, takeList, takeNumber, takeText } from './bodies.ts';
import type { RequestBody } from './bodies.ts';
import {
  changeDevice,
  findDevice,
  flashFile,
  importDevices,
  removeDevice,
} from './device-actions.ts';
import type { DeviceChange } from './device-actions.ts';
import { readDevicePage } from './device-list.ts';
import { deviceDocument, deviceListDocument } from './documents.ts';
import { changeManyGroups } from './group-actions.ts';
import { NO_CONTENT, ok, route } from './routes.ts';
import type { ApiRequest, Reply, Route } from './routes.ts';
import type { Trouble } from './trouble.ts';
import type { Device, World } from './world.ts';
import { isoTime } from './world.ts';

const BASE = '/v1/products/:product/devices';
const ONE = `${BASE}/:device`;

export function deviceRoutes(world: World, trouble: Trouble): readonly Route[] {
  const deviceOf = ({ product, path }: ApiRequest): Device =>
    findDevice(product, path['device'] ?? '');

  return [
    route('GET', BASE, { scope: 'devices:list' }, ({ product, query }) => {
      const page = readDevicePage(world, product, query, trouble.arePagesShifting);
      return ok({
        devices: page.devices.map((device) => deviceListDocument(world, device)),
        customers: [],
        meta: { total_pages: page.pagesTotal },
      });
    }),

    route('POST', BASE, { scope: 'devices:import' }, ({ product, body }) => {
      const names = readImport(body);
      if (names.length === 0) throw errorList(400, ['There are no devices to import']);
      return ok(importDevices(world, product, names));
    }),

    route('PUT', BASE, { scope: 'devices:update' }, ({ product, body }) => {
      if (body.fields['action'] !== 'groups') throw errorList(400, ['Unknown action']);
      const metadata = (body.fields['metadata'] ?? {}) as Readonly<Record<string, unknown>>;
      const nested: RequestBody = { kind: 'json', fields: metadata, files: [] };
      const ids = takeList(body, 'devices') ?? [];
      // All or nothing: what one unknown device does to the others is not known.
      const devices = ids.map((id) => findDevice(product, id));
      const add = takeList(nested, 'add') ?? [];
      const remove = takeList(nested, 'remove') ?? [];
      changeManyGroups(world, devices, add, remove);
      return ok({ ok: true });
    }),

    route('GET', ONE, { scope: 'devices:get' }, (request) =>
      ok(deviceDocument(world, deviceOf(request))),
    ),

    route('PUT', ONE, { scope: 'devices:update' }, (request) =>
      updateDevice(world, deviceOf(request), request),
    ),

    route('DELETE', ONE, { scope: 'devices:remove' }, (request) => {
      removeDevice(deviceOf(request), takeFlag(request.body, 'deny') ?? false);
      return NO_CONTENT;
    }),

    route('PUT', `${ONE}/ping`, { scope: 'devices:ping' }, (request) => {
      // Asks the device itself, so it tells the truth where `online` is stale.
      const { isConnected, isOnline } = deviceOf(request);
      return ok({ online: isConnected && isOnline, ok: true });
    }),

    route(
      'POST',
      '/v1/products/:product/diagnostics/:device/update',
      { scope: 'devices.diagnostics:update' },
      (request) => {
        if (!deviceOf(request).isOnline) throw badRequest('Device is not connected');
        return ok({ ok: true });
      },
    ),
  ];
}

/** The one PUT of a device: several fields may come in one body, and a file is flashed as it is. */
export function updateDevice(world: World, device: Device, { body, caller }: ApiRequest): Reply {
  const { id } = device;
  const [file] = body.files;
  if (file !== undefined) {
    flashFile(world, device, file.bytes, caller.actor);
    return ok({ ok: true, id, status: 'Update started' });
  }
  const change: DeviceChange = {
    lock: takeNumber(body, 'desired_firmware_version'),
    flash: takeFlag(body, 'flash'),
    isDevelopment: takeFlag(body, 'development'),
    groups: takeList(body, 'groups'),
    name: takeText(body, 'name'),
    notes: takeText(body, 'notes'),
    isForced: takeFlag(body, 'firmware_updates_forced'),
  };
  changeDevice(world, device, change, caller.actor);
  if (change.isForced !== undefined) {
    return ok({ id, firmware_updates_forced: device.isForced });
  }
  return ok({
    id,
    ...(change.lock === undefined ? {} : { desired_firmware_version: device.lock }),
    ...(change.isDevelopment === undefined ? {} : { development: device.isDevelopment }),
    ...(change.groups === undefined ? {} : { groups: device.groups }),
    ...(change.name === undefined ? {} : { name: device.name }),
    ...(change.notes === undefined ? {} : { notes: device.notes }),
    updated_at: isoTime(device.updatedAt),
  });
}

function readImport(body: RequestBody): readonly string[] {
  const [file] = body.files;
  if (file !== undefined) {
    return Buffer.from(file.bytes)
      .toString('utf8')
      .split('\n')
      .map((line) => line.trim())
      .filter((line) => line !== '');
  }
  const id = takeText(body, 'id');
  return takeList(body, 'ids') ?? (id === undefined ? [] : [id]);
}
