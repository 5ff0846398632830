// What the fake cloud knows: products with their firmware, groups and devices. A group holds the one version released to
// it and a product its default, so that "one version per group" cannot be broken.

import { drawUnit } from '../seeded-random.ts';
import type { RandomStream } from '../seeded-random.ts';
import type { Behaviour, FaultRule } from './behaviour.ts';
import type { Image } from './image.ts';
import type { Quirks } from './quirks.ts';
import type { CloudTime } from './time.ts';
import type { Timings } from './timings.ts';

/** Someone who changes something: a person at the console, or an API user. */
export interface Actor {
  /** 24 hex digits; events carry it as `userid`. */
  readonly id: string;
  readonly username: string;
}

export interface FirmwareRecord {
  readonly documentId: string;
  readonly version: number;
  title: string;
  description: string;
  isMandatory: boolean;
  readonly fileName: string;
  readonly bytes: Uint8Array;
  readonly image: Image;
  readonly uploadedAt: number;
  readonly uploadedBy: Actor | null;
  updatedAt: number;
  /** Once true, it can't be deleted, and the gate is not asked again. */
  wasReleased: boolean;
}

export interface GroupRecord {
  readonly name: string;
  description: string | null;
  color: string | null;
  /** The version released to it; null: none. */
  version: number | null;
}

/** One transfer of firmware to a device, from its start. */
export interface Flash {
  readonly device: string;
  /** As filed; null for a file that someone sent straight to the device. */
  readonly version: number | null;
  /** `auto`: the cloud brought the device to its target; `flash`: somebody asked for it at once; `file`: by hand. */
  readonly cause: 'auto' | 'flash' | 'file';
  readonly at: number;
  /** `delivered` says that the file arrived, and no more. */
  outcome: 'under way' | 'delivered' | 'failed' | 'rejected';
}

export interface Device {
  readonly id: string;
  readonly product: Product;
  readonly platformId: number;
  readonly serialNumber: string | null;
  name: string | null;
  notes: string | null;
  groups: readonly string[];
  isDevelopment: boolean;
  isQuarantined: boolean;
  isDenied: boolean;
  /** `desired_firmware_version`. */
  lock: number | null;
  /** `firmware_updates_forced`. */
  isForced: boolean;
  updatedAt: number;

  // What the cloud believes.
  isOnline: boolean;
  handshakeAt: number | null;
  heardAt: number | null;
  /** At the last handshake; null: never. */
  reportedVersion: number | null;
  reportedProductId: number | null;
  reportedSystem: number | null;
  reportedHash: string | null;
  reportsUpdatesEnabled: boolean;
  isInSafeMode: boolean;
  isPending: boolean;
  /** Counts handshakes. */
  session: number;
  update: Flash | null;

  // What is so.
  isConnected: boolean;
  image: Image | null;
  /** Filed version of the image, for files that say nothing of themselves. */
  filedVersion: number | null;
  /** Device OS module number. */
  system: number;
  updatesEnabled: boolean;
  /** How often it will still panic with what it runs. */
  panicsLeft: number;
  panicAfterMs: number;
  behaviour: Behaviour;
  /** Counts power cycles and losses of the link: what was planned in an older life does not happen. */
  life: number;
}

export interface Product {
  readonly id: number;
  readonly slug: string;
  readonly name: string;
  readonly platformId: number;
  readonly firmware: Map<number, FirmwareRecord>;
  readonly groups: Map<string, GroupRecord>;
  readonly devices: Map<string, Device>;
  /** All devices by id, until one comes or goes. */
  inOrderOfId: readonly Device[] | null;
  /** Every transfer there was, oldest first. */
  readonly flashes: Flash[];
  readonly faults: FaultRule[];
  defaultVersion: number | null;
  /** Whether a device that reports another product is kept in quarantine. */
  hasQuarantine: boolean;
}

export interface CloudEvent {
  readonly name: string;
  readonly data: string;
  readonly publishedAt: number;
  /** The device's id; `api` and `particle-internal` for the cloud's own. */
  readonly coreId: string;
  readonly userId: string;
  readonly version: number;
  readonly productId: number;
}

export interface World {
  readonly time: CloudTime;
  readonly random: RandomStream;
  readonly timings: Timings;
  readonly quirks: Quirks;
  readonly products: Product[];
  publish(event: CloudEvent): void;
  /** What the cloud does once a device has shaken hands. */
  onHandshake(device: Device): void;
}

export const CLOUD_ACTOR = 'api';

/** A number around `value`, up to a tenth away. */
export function jitter(world: World, value: number): number {
  return Math.round(value * (0.9 + drawUnit(world.random) * 0.2));
}

/** As many hexadecimal digits, at random. */
export function drawHex(world: Pick<World, 'random'>, length: number): string {
  let text = '';
  while (text.length < length) text += Math.floor(drawUnit(world.random) * 16).toString(16);
  return text;
}

/** What the device would call itself: the version compiled in, else the one it was filed as. */
export function runningVersion(device: Device): number | null {
  return device.image === null ? null : (device.image.version ?? device.filedVersion);
}

export function isoTime(at: number): string {
  return new Date(at).toISOString();
}
