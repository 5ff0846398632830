// Reads Particle's answers: numbers that come as strings, fields that are missing or null, lists that are objects. Null
// where something that everything hangs on is not there; nothing is ever guessed.

import type {
  CloudDetails,
  CloudDevice,
  CloudFirmware,
  CloudFirmwareList,
  CloudGroup,
  CloudProduct,
} from './nouns.ts';

type Fields = Readonly<Record<string, unknown>>;

/** Longest text that is taken over. */
const TEXT_MAX = 256;

/** Whether a value is an object with fields. */
export function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** One page of a product's devices; null: it is none. An entry without an id makes the page unreadable. */
export function readDevicePage(
  body: unknown,
): { readonly devices: readonly CloudDevice[]; readonly pages: number } | null {
  if (!isFields(body) || !Array.isArray(body['devices']) || !isFields(body['meta'])) return null;
  const pages = readCount(body['meta']['total_pages']);
  const devices = (body['devices'] as readonly unknown[]).map((each) => readDevice(each));
  if (pages === null || devices.includes(null)) return null;
  return { devices: devices.flatMap((each) => each ?? []), pages };
}

/** A device of a list; with `detailed`, of its own page. */
export function readDevice(value: unknown, detailed = false): CloudDevice | null {
  if (!isFields(value)) return null;
  const id = readText(value['id']);
  if (id === null) return null;
  return {
    id,
    online: (value['online'] ?? value['connected']) === true,
    handshakeAt: readTime(value['last_handshake_at']),
    version: readVersion(value['firmware_version']),
    lockedTo: readVersion(value['desired_firmware_version']),
    groups: readTexts(value['groups']),
    development: value['development'] === true,
    quarantined: value['quarantined'] === true || value['denied'] === true,
    platformId: readCount(value['platform_id']),
    deviceOs: readText(value['system_firmware_version']),
    details: detailed ? readDetails(value) : null,
  };
}

function readDetails(value: Fields): CloudDetails {
  const { status } = value;
  return {
    heardAt: readTime(value['last_heard']),
    status: status === 'normal' || status === 'safe_mode' ? status : null,
    takesUpdates:
      value['firmware_updates_enabled'] !== false || value['firmware_updates_forced'] === true,
  };
}

/**
 * The firmware of a product; null: the answer is no list of firmware. What is filed under a number that no device can
 * report is set aside, unless it is released or runs somewhere: then it has another number than the one that was read.
 */
export function readFirmwareList(body: unknown): CloudFirmwareList | null {
  if (!Array.isArray(body)) return null;
  const versions = new Map<number, CloudFirmware>();
  const unfit: string[] = [];
  for (const value of body as readonly unknown[]) {
    const read = readFirmware(value);
    if (read !== null) versions.set(read.version, read);
    else if (isFields(value) && isUnfit(value)) unfit.push(String(value['version']).slice(0, 32));
    else return null;
  }
  return { versions, unfit };
}

function isUnfit(value: Fields): boolean {
  const { version } = value;
  const number = readCount(version);
  if (number !== null) return number === 0 || number >= 65_535;
  const isText = typeof version === 'string' && version !== '';
  const isDefault = (value['product_default'] ?? value['current']) === true;
  const isUsed = isDefault || readTexts(value['groups']).length > 0;
  return isText && !isUsed && (readCount(value['device_count']) ?? 0) === 0;
}

export function readFirmware(value: unknown): CloudFirmware | null {
  if (!isFields(value)) return null;
  const version = readVersion(value['version']);
  if (version === null || version === 0) return null;
  const uploader = value['uploaded_by'];
  return {
    version,
    // Older answers name it `current`.
    isDefault: (value['product_default'] ?? value['current']) === true,
    groups: readTexts(value['groups']),
    devices: readCount(value['device_count']),
    uploadedBy: isFields(uploader) ? readText(uploader['username']) : null,
    size: readCount(value['size']),
  };
}

/** The groups of a product, by name; null: the answer is no list of groups. */
export function readGroups(body: unknown): ReadonlyMap<string, CloudGroup> | null {
  if (!isFields(body) || !Array.isArray(body['groups'])) return null;
  const groups = new Map<string, CloudGroup>();
  for (const value of body['groups'] as readonly unknown[]) {
    const name = isFields(value) ? readText(value['name']) : null;
    if (name === null || !isFields(value)) return null;
    groups.set(name, { name, version: readVersion(value['fw_version']) });
  }
  return groups;
}

/** A product; the answer once held it as a list of one. */
export function readProduct(body: unknown): CloudProduct | null {
  if (!isFields(body)) return null;
  const held = body['product'];
  const value: unknown = Array.isArray(held) ? held[0] : held;
  if (!isFields(value)) return null;
  const id = readCount(value['id']);
  if (id === null) return null;
  return {
    id,
    slug: readText(value['slug']),
    name: readText(value['name']) ?? String(id),
    platformId: readCount(value['platform_id']),
  };
}

/** The scopes of a token; null where the answer does not tell them. */
export function readScopes(body: unknown): readonly string[] | null {
  if (!isFields(body) || !Array.isArray(body['scopes'])) return null;
  return readTexts(body['scopes']);
}

/** A version as Particle files it: 0 for safe mode; null for none, for 65535 (unset), and for what is no version. */
function readVersion(value: unknown): number | null {
  const version = readCount(value);
  return version !== null && version < 65_535 ? version : null;
}

/** A whole number from 0 on, also where it comes as text. */
export function readCount(value: unknown): number | null {
  const isNumber = typeof value === 'number' || (typeof value === 'string' && /^\d+$/.test(value));
  const count = isNumber ? Number(value) : Number.NaN;
  return Number.isSafeInteger(count) && count >= 0 ? count : null;
}

function readText(value: unknown): string | null {
  return typeof value === 'string' && value !== '' ? value.slice(0, TEXT_MAX) : null;
}

function readTexts(value: unknown): readonly string[] {
  return Array.isArray(value) ? value.flatMap((each: unknown) => readText(each) ?? []) : [];
}

function readTime(value: unknown): number | null {
  const at = typeof value === 'string' ? Date.parse(value) : Number.NaN;
  return Number.isFinite(at) ? at : null;
}
