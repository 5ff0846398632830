// What Particle's cloud knows, as nouns of this folder: read once at the edge (`read-nouns.ts`), with every oddity of the
// wire gone. Times are of Particle's clock, in epoch milliseconds.

import type { EpochMs } from '../../base/clock.ts';

/** A device as the list of a product shows it; with `details`, as its own page does. */
export interface CloudDevice {
  readonly id: string;
  /** A session is open. May stay true for up to 46 minutes after the device vanished. */
  readonly online: boolean;
  /** When it last began a session; null where that is not told. */
  readonly handshakeAt: EpochMs | null;
  /** The version that it reported at its last handshake; null: never, or unreadable. 0 while it is in safe mode. */
  readonly version: number | null;
  /** The version that it is locked to; null: not locked. */
  readonly lockedTo: number | null;
  readonly groups: readonly string[];
  /** Left out of releases, and never updated by the cloud itself. */
  readonly development: boolean;
  /** Held in quarantine, or denied. */
  readonly quarantined: boolean;
  readonly platformId: number | null;
  readonly deviceOs: string | null;
  /** Null: only the list was read. */
  readonly details: CloudDetails | null;
}

/** What only the page of a single device says. */
export interface CloudDetails {
  readonly heardAt: EpochMs | null;
  /** `safe_mode`: a module that its application needs is missing, so that is not running. */
  readonly status: 'normal' | 'safe_mode' | null;
  /** False: the device refuses updates at the moment, and nobody overrides that. */
  readonly takesUpdates: boolean;
}

/** A firmware version of a product. */
export interface CloudFirmware {
  readonly version: number;
  readonly isDefault: boolean;
  /** Groups that it is released to. */
  readonly groups: readonly string[];
  /** Devices that report it; null where that is not told. */
  readonly devices: number | null;
  /** Who uploaded it; null where that is not told. */
  readonly uploadedBy: string | null;
  readonly size: number | null;
}

/** The firmware of a product. */
export interface CloudFirmwareList {
  readonly versions: ReadonlyMap<number, CloudFirmware>;
  /** Numbers, as they are filed, that no device can report. */
  readonly unfit: readonly string[];
}

export interface CloudGroup {
  readonly name: string;
  /** The version released to it; null: none. */
  readonly version: number | null;
}

export interface CloudProduct {
  readonly id: number;
  readonly slug: string | null;
  readonly name: string;
  readonly platformId: number | null;
}

/** One consistent reading of a product. */
export interface Snapshot {
  /** Our clock, at the begin of the reading: nothing in it is older. */
  readonly readAt: EpochMs;
  readonly devices: ReadonlyMap<string, CloudDevice>;
  readonly firmware: ReadonlyMap<number, CloudFirmware>;
  /** Numbers of further firmware, as they are filed, that no device can report. */
  readonly unfit?: readonly string[];
  readonly groups: ReadonlyMap<string, CloudGroup>;
}

/** The version that is released to everyone else; null: none. */
export function defaultVersion(snapshot: Pick<Snapshot, 'firmware'>): number | null {
  for (const { version, isDefault } of snapshot.firmware.values()) if (isDefault) return version;
  return null;
}
