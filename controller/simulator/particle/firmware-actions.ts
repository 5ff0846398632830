// What can be done to a product's firmware, by whomever: the API and the console go through the same rules.

import { invalidRequest, notFound } from './api-error.ts';
import { deliverToAll } from './deliveries.ts';
import { readImage } from './image.ts';
import { countRunning } from './targets.ts';
import type { Actor, FirmwareRecord, Product, World } from './world.ts';
import { CLOUD_ACTOR, drawHex } from './world.ts';

export interface Upload {
  readonly version: number;
  readonly bytes: Uint8Array;
  readonly title: string;
  readonly description?: string;
  readonly fileName?: string;
  readonly isMandatory?: boolean;
}

export interface ReleaseRequest {
  readonly version: number;
  readonly isDefault: boolean;
  readonly groups: readonly string[];
  readonly isIntelligent: boolean;
}

const VERSION_MAX = 65_535;

export function findFirmware(product: Product, version: number): FirmwareRecord {
  const found = product.firmware.get(version);
  if (found === undefined) throw notFound('Firmware');
  return found;
}

export function uploadFirmware(
  world: World,
  product: Product,
  upload: Upload,
  actor: Actor | null,
): FirmwareRecord {
  const { version, bytes, title, description = '', fileName = 'firmware.bin' } = upload;
  // Whether 0 and 65535 are refused is not known; the fake takes them, so that the client's own check is tested.
  if (!Number.isInteger(version) || version < 0 || version > VERSION_MAX) {
    throw invalidRequest('version must be an integer');
  }
  if (product.firmware.has(version)) throw invalidRequest('Firmware version already exists');
  const image = readImage(bytes);
  if (world.quirks.isUploadChecked && image.version !== version) {
    throw invalidRequest(`The binary names version ${image.version}, the form ${version}`);
  }
  const now = world.time.now();
  const record: FirmwareRecord = {
    documentId: drawHex(world, 24),
    version,
    title,
    description,
    isMandatory: upload.isMandatory ?? false,
    fileName,
    bytes,
    image,
    uploadedAt: now,
    uploadedBy: actor,
    updatedAt: now,
    wasReleased: false,
  };
  product.firmware.set(version, record);
  tellOfFirmware(world, product, 'create', JSON.stringify({ version: String(version) }), actor);
  return record;
}

export function editFirmware(
  world: World,
  firmware: FirmwareRecord,
  change: {
    readonly title?: string | undefined;
    readonly description?: string | undefined;
    readonly isMandatory?: boolean | undefined;
  },
): void {
  firmware.title = change.title ?? firmware.title;
  firmware.description = change.description ?? firmware.description;
  firmware.isMandatory = change.isMandatory ?? firmware.isMandatory;
  firmware.updatedAt = world.time.now();
}

export function removeFirmware(product: Product, version: number): void {
  const firmware = findFirmware(product, version);
  // The status and the words are the fake's own pick.
  if (firmware.wasReleased) throw invalidRequest('A released firmware version cannot be deleted');
  product.firmware.delete(version);
}

/** Puts the whole set of the version's targets in place of the one before. */
export function releaseFirmware(
  world: World,
  product: Product,
  { version, isDefault, groups, isIntelligent }: ReleaseRequest,
  actor: Actor | null,
): FirmwareRecord {
  const firmware = findFirmware(product, version);
  if (!firmware.wasReleased && countRunning(product, version) === 0) {
    // Status and text of the refusal are the fake's own pick.
    throw invalidRequest(
      'This version cannot be released until a device of the product has come back online running it',
    );
  }
  // What becomes of a name that is no group is not known.
  const unknown = groups.find((name) => !product.groups.has(name));
  if (unknown !== undefined) throw invalidRequest(`There is no group ${unknown}`);
  for (const group of product.groups.values()) {
    if (groups.includes(group.name)) group.version = version;
    else if (group.version === version) group.version = null;
  }
  if (isDefault) product.defaultVersion = version;
  else if (product.defaultVersion === version) product.defaultVersion = null;
  firmware.wasReleased = true;
  firmware.updatedAt = world.time.now();
  const data = JSON.stringify({ immediate: isIntelligent, version });
  tellOfFirmware(world, product, 'release', data, actor);
  if (isIntelligent) deliverToAll(world, product, version);
  return firmware;
}

function tellOfFirmware(
  world: World,
  product: Product,
  what: 'create' | 'release',
  data: string,
  actor: Actor | null,
): void {
  world.publish({
    name: `particle/firmware/${what}`,
    data,
    publishedAt: world.time.now(),
    coreId: CLOUD_ACTOR,
    userId: actor?.id ?? '',
    version: 0,
    productId: product.id,
  });
}
