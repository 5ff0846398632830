// The routes of product firmware.

import { errorList, invalidRequest, oauthError } from './api-error.ts';
import { takeFlag, takeList, takeNumber, takeText } from './bodies.ts';
import type { RequestBody } from './bodies.ts';
import { firmwareDocument } from './documents.ts';
import {
  editFirmware,
  findFirmware,
  releaseFirmware,
  removeFirmware,
  uploadFirmware,
} from './firmware-actions.ts';
import { NO_CONTENT, ok, route } from './routes.ts';
import type { ApiRequest, Route } from './routes.ts';
import { runningCounts } from './targets.ts';
import type { FirmwareRecord, World } from './world.ts';

const BASE = '/v1/products/:product/firmware';

export function firmwareRoutes(world: World): readonly Route[] {
  const firmwareOf = ({ product, path }: ApiRequest): FirmwareRecord =>
    findFirmware(product, Number(path['version']));

  return [
    route('GET', BASE, { scope: 'firmware:list' }, ({ product }) => {
      const counts = runningCounts(product);
      const firmware = [...product.firmware.values()].sort((one, other) => {
        return other.version - one.version;
      });
      return ok(
        firmware.map((record) => ({
          ...firmwareDocument(product, record),
          device_count: counts.get(record.version) ?? 0,
        })),
      );
    }),

    route('POST', BASE, { scope: 'firmware:create' }, ({ product, body, caller }) => {
      const file = body.files.find(({ field }) => field === 'file' || field === 'binary');
      if (file === undefined) throw oauthError(400, 'invalid_request', 'The file is missing');
      if (file.name.endsWith('.zip') && file.type !== 'application/zip') {
        throw invalidRequest('A bundle must be sent as application/zip');
      }
      const record = uploadFirmware(
        world,
        product,
        {
          version: requireNumber(body, 'version'),
          bytes: file.bytes,
          title: requireText(body, 'title'),
          description: takeText(body, 'description') ?? '',
          fileName: file.name,
          isMandatory: takeFlag(body, 'mandatory') ?? false,
        },
        caller.actor,
      );
      return { status: 201, body: firmwareDocument(product, record) };
    }),

    route('PUT', `${BASE}/release`, { scope: 'firmware:release' }, ({ product, body, caller }) => {
      const groups = takeList(body, 'groups');
      const record = releaseFirmware(
        world,
        product,
        {
          version: requireNumber(body, 'version'),
          // What a call without any targets means is the fake's own pick: the default, as it once was.
          isDefault: takeFlag(body, 'product_default') ?? groups === undefined,
          groups: groups ?? [],
          isIntelligent: takeFlag(body, 'intelligent') ?? false,
        },
        caller.actor,
      );
      const intelligent = takeFlag(body, 'intelligent') ?? false;
      return ok({ ...firmwareDocument(product, record), intelligent });
    }),

    route('GET', `${BASE}/:version`, { scope: 'firmware:get' }, (request) =>
      ok(firmwareDocument(request.product, firmwareOf(request))),
    ),

    route('GET', `${BASE}/:version/binary`, { scope: 'firmware.binary:get' }, (request) => {
      const { bytes, fileName } = firmwareOf(request);
      return { status: 200, bytes, fileName };
    }),

    route('PUT', `${BASE}/:version`, { scope: 'firmware:update' }, (request) => {
      const firmware = firmwareOf(request);
      editFirmware(world, firmware, {
        title: takeText(request.body, 'title'),
        description: takeText(request.body, 'description'),
        isMandatory: takeFlag(request.body, 'mandatory'),
      });
      return ok(firmwareDocument(request.product, firmware));
    }),

    route('DELETE', `${BASE}/:version`, { scope: 'firmware:remove' }, ({ product, path }) => {
      removeFirmware(product, Number(path['version']));
      return NO_CONTENT;
    }),
  ];
}

function requireNumber(body: RequestBody, field: string): number {
  const number = takeNumber(body, field);
  if (typeof number !== 'number') throw errorList(400, [`${field} is required`]);
  return number;
}

function requireText(body: RequestBody, field: string): string {
  const text = takeText(body, field);
  if (text === undefined || text === '') throw errorList(400, [`${field} is required`]);
  return text;
}
