// How a simulated device comes into being: what it runs, and that it is online and has been for a while, unless the seed
// says otherwise.

import { createHash } from 'node:crypto';

import { buildParticleModule } from '../firmware-image.ts';
import type { Behaviour } from './behaviour.ts';
import { STEADY } from './behaviour.ts';
import { readImage } from './image.ts';
import type { Image } from './image.ts';
import { openSession } from './sessions.ts';
import type { Device, Product, World } from './world.ts';
import { jitter, runningVersion } from './world.ts';

export interface DeviceSeed {
  /** 24 hex digits. Default: made from the product's id and a number. */
  readonly id?: string;
  readonly name?: string | null;
  readonly serialNumber?: string | null;
  readonly groups?: readonly string[];
  /** The version it runs; null: it has never been heard of. Default: 1. */
  readonly runs?: number | null;
  readonly lock?: number | null;
  readonly isOnline?: boolean;
  readonly isDevelopment?: boolean;
  readonly isQuarantined?: boolean;
  /** Device OS module number. Default: 4006. */
  readonly system?: number;
  readonly updatesEnabled?: boolean;
  readonly behaviour?: Partial<Behaviour>;
}

export const DEFAULT_SYSTEM = 4006;
const DAY_MS = 86_400_000;

export function createDevice(world: World, product: Product, seed: DeviceSeed = {}): Device {
  const { system = DEFAULT_SYSTEM, runs = 1 } = seed;
  const id = seed.id ?? deviceId(product, product.devices.size);
  const handshakeAt = world.time.now() - jitter(world, DAY_MS);
  const image = runs === null ? null : imageOf(product, runs, system);
  const isOnline = runs !== null && (seed.isOnline ?? true);
  const device: Device = {
    id,
    product,
    platformId: product.platformId,
    serialNumber: seed.serialNumber ?? serialNumberOf(id),
    name: seed.name ?? `device-${id.slice(-4)}`,
    notes: null,
    groups: seed.groups ?? [],
    isDevelopment: seed.isDevelopment ?? false,
    isQuarantined: seed.isQuarantined ?? false,
    isDenied: false,
    lock: seed.lock ?? null,
    isForced: false,
    updatedAt: handshakeAt,
    isOnline,
    handshakeAt: runs === null ? null : handshakeAt,
    heardAt: runs === null ? null : handshakeAt,
    reportedVersion: null,
    reportedProductId: null,
    reportedSystem: runs === null ? null : system,
    reportedHash: image?.appHash ?? null,
    reportsUpdatesEnabled: seed.updatesEnabled ?? true,
    isInSafeMode: false,
    isPending: false,
    session: runs === null ? 0 : 1,
    update: null,
    isConnected: isOnline,
    image,
    filedVersion: runs,
    system,
    updatesEnabled: seed.updatesEnabled ?? true,
    panicsLeft: 0,
    panicAfterMs: 0,
    behaviour: { ...STEADY, ...seed.behaviour },
    life: 0,
  };
  device.reportedVersion = runningVersion(device);
  device.reportedProductId =
    image === null ? null : system >= DEFAULT_SYSTEM - 6 ? product.platformId : product.id;
  product.devices.set(id, device);
  product.inOrderOfId = null;
  const { sleep, reconnectEveryMs } = device.behaviour;
  // What comes and goes in turns begins with a session somewhere within its first turn.
  const turnMs = sleep === null ? reconnectEveryMs : sleep.awakeMs + sleep.asleepMs;
  if (isOnline && turnMs !== null) {
    const life = device.life;
    world.time.after(jitter(world, turnMs / 2), () => {
      if (device.life === life) openSession(world, device, null);
    });
  }
  return device;
}

/** A module as the product's build would make it: from Device OS 4 on, the product's id is not compiled in. */
export function buildProductFirmware(
  product: Pick<Product, 'id' | 'platformId'>,
  version: number,
  more: { readonly systemDependency?: number; readonly seed?: number; readonly size?: number } = {},
): Uint8Array {
  const { systemDependency = DEFAULT_SYSTEM - 6 } = more;
  return buildParticleModule({
    productId: systemDependency >= DEFAULT_SYSTEM - 6 ? product.platformId : product.id,
    version,
    platformId: product.platformId,
    ...more,
    systemDependency,
  });
}

function imageOf(product: Product, version: number, system: number): Image {
  const filed = product.firmware.get(version);
  if (filed !== undefined) return filed.image;
  const systemDependency = Math.min(system, DEFAULT_SYSTEM - 6);
  return readImage(buildProductFirmware(product, version, { systemDependency }));
}

function deviceId(product: Product, index: number): string {
  // Particle's ids begin alike for a kind of hardware, and the order of the rest says nothing.
  const digest = createHash('sha256').update(`${product.id}/${index}`).digest('hex');
  return `e00fce68${digest.slice(0, 16)}`;
}

function serialNumberOf(id: string): string {
  return `P00${id.slice(-10).toUpperCase()}`;
}
