// How a product of the fake comes into being, with the firmware, groups, releases and devices that it begins with. What
// it begins with has been so for a while: no gate is asked and no event is sent.

import { buildProductFirmware, createDevice } from './devices.ts';
import type { DeviceSeed } from './devices.ts';
import { readImage } from './image.ts';
import type { Product, World } from './world.ts';
import { drawHex } from './world.ts';

export interface FirmwareSeed {
  readonly version: number;
  /** Default: a module that names the version. */
  readonly bytes?: Uint8Array;
  /** Device OS module that the default binary needs. Default: 4000. */
  readonly systemDependency?: number;
  readonly title?: string;
  readonly description?: string;
  readonly isMandatory?: boolean;
  /** It is the product's default. */
  readonly isDefault?: boolean;
  /** Groups that it is released to. */
  readonly groups?: readonly string[];
}

export interface ProductSeed {
  /** Default: 30301. */
  readonly productId?: number;
  /** Default: `thermostat-` and the number. */
  readonly slug?: string;
  /** Default: 12, an Argon (Wi-Fi); 13 is a Boron (cellular). */
  readonly platformId?: number;
  /** Default: version 1, released to all. */
  readonly firmware?: readonly FirmwareSeed[];
  /** Names of groups, besides those that the firmware and the devices name. */
  readonly groups?: readonly string[];
  /** Their number, or each one. Default: 3 that run version 1. */
  readonly devices?: number | readonly DeviceSeed[];
  /** Default: true. */
  readonly hasQuarantine?: boolean;
}

const DEFAULT_FIRMWARE: readonly FirmwareSeed[] = [{ version: 1, isDefault: true }];

export function createProduct(world: World, seed: ProductSeed): Product {
  const { productId: id = 30_301, platformId = 12, devices = 3 } = seed;
  const product: Product = {
    id,
    slug: seed.slug ?? `thermostat-${id}`,
    name: 'Thermostat',
    platformId,
    firmware: new Map(),
    groups: new Map(),
    devices: new Map(),
    inOrderOfId: null,
    flashes: [],
    faults: [],
    defaultVersion: null,
    hasQuarantine: seed.hasQuarantine ?? true,
  };
  const clash = world.products.find((other) => other.id === id || other.slug === product.slug);
  if (clash !== undefined) throw new Error(`There is a product ${id} already.`);
  world.products.push(product);
  for (const name of seed.groups ?? []) addGroup(product, name);
  for (const firmware of seed.firmware ?? DEFAULT_FIRMWARE) addFirmware(world, product, firmware);
  const seeds = typeof devices === 'number' ? Array.from({ length: devices }, () => ({})) : devices;
  for (const device of seeds) {
    for (const name of (device as DeviceSeed).groups ?? []) addGroup(product, name);
    createDevice(world, product, device);
  }
  return product;
}

function addGroup(product: Product, name: string): void {
  if (product.groups.has(name)) return;
  product.groups.set(name, { name, description: null, color: null, version: null });
}

function addFirmware(world: World, product: Product, seed: FirmwareSeed): void {
  const { version, systemDependency, groups = [], isDefault = false } = seed;
  const bytes =
    seed.bytes ??
    buildProductFirmware(
      product,
      version,
      systemDependency === undefined ? {} : { systemDependency },
    );
  const now = world.time.now();
  product.firmware.set(version, {
    documentId: drawHex(world, 24),
    version,
    title: seed.title ?? `Version ${version}`,
    description: seed.description ?? '',
    isMandatory: seed.isMandatory ?? false,
    fileName: 'firmware.bin',
    bytes,
    image: readImage(bytes),
    uploadedAt: now,
    uploadedBy: null,
    updatedAt: now,
    wasReleased: isDefault || groups.length > 0,
  });
  if (isDefault) product.defaultVersion = version;
  for (const name of groups) {
    addGroup(product, name);
    const group = product.groups.get(name);
    if (group !== undefined) group.version = version;
  }
}
