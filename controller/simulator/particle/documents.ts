// How the fake cloud writes down what it knows: firmware, devices, groups, products. Lists of devices leave out what the
// real ones leave out, and optional fields come and go as they do there.

import { hashText } from '../seeded-random.ts';
import { isCellular, keepAliveMs } from './behaviour.ts';
import { lastHeard } from './sessions.ts';
import { groupsHolding, targetOf } from './targets.ts';
import type { Device, FirmwareRecord, GroupRecord, Product, World } from './world.ts';
import { isoTime } from './world.ts';

export function firmwareDocument(product: Product, firmware: FirmwareRecord): object {
  const { version, uploadedBy, image } = firmware;
  const isDefault = product.defaultVersion === version;
  return {
    _id: firmware.documentId,
    version,
    title: firmware.title,
    description: firmware.description,
    name: firmware.fileName,
    size: firmware.bytes.length,
    product_default: isDefault,
    // Its older twin.
    current: isDefault,
    groups: groupsHolding(product, version),
    mandatory: firmware.isMandatory,
    uploaded_on: isoTime(firmware.uploadedAt),
    updated_at: isoTime(firmware.updatedAt),
    uploaded_by: uploadedBy === null ? {} : { username: uploadedBy.username },
    product_id: product.id,
    app_hash: image.appHash,
    device_os_version: systemText(image.systemDependency),
  };
}

/** As lists of devices have it. */
export function deviceListDocument(world: World, device: Device): object {
  const { platformId } = device;
  const cellular = isCellular(platformId)
    ? { iccid: `8934076500${digitsOf(device.id)}`, imei: `35${digitsOf(device.id)}12` }
    : {};
  return {
    id: device.id,
    product_id: device.product.id,
    name: device.name,
    serial_number: device.serialNumber,
    platform_id: platformId,
    online: device.isOnline,
    cellular: isCellular(platformId),
    owner: null,
    notes: device.notes,
    last_ip_address: '203.0.113.7',
    last_handshake_at: device.handshakeAt === null ? null : isoTime(device.handshakeAt),
    groups: device.groups,
    development: device.isDevelopment,
    quarantined: device.isQuarantined,
    denied: device.isDenied,
    ...cellular,
    mobile_secret: device.id.slice(0, 14).toUpperCase(),
    functions: [],
    variables: {},
    device_protection: { status: 'disabled' },
    ...versionFields(world, device),
  };
}

/** As it is when asked for by id. */
export function deviceDocument(world: World, device: Device): object {
  return {
    ...deviceListDocument(world, device),
    connected: device.isOnline,
    last_heard: lastHeard(world, device, keepAliveMs(device.platformId)),
    status: device.isInSafeMode ? 'safe_mode' : 'normal',
    firmware_updates_enabled: device.reportsUpdatesEnabled,
    firmware_updates_forced: device.isForced,
    assets: [],
  };
}

export function groupDocument(group: GroupRecord): object {
  const { name, description, color, version } = group;
  return {
    name,
    ...(description === null ? {} : { description }),
    ...(color === null ? {} : { color }),
    ...(version === null ? {} : { fw_version: version }),
  };
}

export function productDocument(product: Product): object {
  return {
    id: product.id,
    platform_id: product.platformId,
    name: product.name,
    slug: product.slug,
    description: '',
    groups: [...product.groups.keys()],
    settings: { quarantine: product.hasQuarantine },
    device_protection: 'disabled',
  };
}

/** `4006` is written 4.0.6. */
export function systemText(system: number): string {
  return `${Math.floor(system / 1000)}.${Math.floor((system % 1000) / 100)}.${system % 100}`;
}

function versionFields(world: World, device: Device): object {
  const { lock, reportedVersion, reportedSystem } = device;
  const target = targetOf(device);
  const isTargetShown =
    target !== null && (target.by !== 'default' || world.quirks.isDefaultTargeted);
  return {
    ...(reportedVersion === null ? {} : { firmware_version: reportedVersion }),
    ...(device.reportedProductId === null ? {} : { firmware_product_id: device.reportedProductId }),
    ...(reportedSystem === null ? {} : { system_firmware_version: systemText(reportedSystem) }),
    ...lockField(world, device.id, lock),
    targeted_firmware_release_version: isTargetShown ? target.version : null,
  };
}

/** Of a device without a lock it is null or missing; of one with a lock a number or text. By id, so that it stays so. */
function lockField(world: World, id: string, lock: number | null): object {
  const isUneven = world.quirks.areDocumentsUneven && hashText(id) % 3 === 0;
  if (lock === null) return isUneven ? {} : { desired_firmware_version: null };
  return { desired_firmware_version: isUneven ? String(lock) : lock };
}

function digitsOf(id: string): string {
  return String(hashText(id)).padStart(10, '0').slice(-10);
}
