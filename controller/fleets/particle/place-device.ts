// How Particle is brought to treat a device as is wanted: by nothing where what is released does already, by a reserved
// group where that wins, and by a lock where nothing else does.

import type { DeviceRecord } from '../../model/device.ts';
import type { CloudDevice } from './nouns.ts';
import type { Looping, Want } from './want.ts';

/** A lock that the driver put on a device by itself. */
export interface OwnLock {
  /** What the device runs or is being brought to, and is held on. */
  readonly version: number;
  /** The version that it is kept from; null: from whatever is released to its groups. */
  readonly target: number | null;
  readonly cause: string;
}

export interface Place {
  readonly lock: {
    readonly version: number;
    readonly flash: boolean;
    /** Null: a manifest asks for it. */
    readonly own: OwnLock | null;
  } | null;
  /** The version of its reserved group; null: it is in none. */
  readonly group: number | null;
  /** The version that Particle then has for it; null: none, or it can't be told. */
  readonly leadsTo: number | null;
}

export interface PlaceInput {
  readonly record: DeviceRecord;
  readonly device: CloudDevice;
  readonly want: Want;
  /** What it is on where it is to stay: what it runs, or where it is being brought already; null: not known. */
  readonly staysOn: number | null;
  /** What Particle gives it without a lock and a reserved group: of its groups the highest, else everyone's. */
  readonly natural: number | null;
  /** Whether `natural` comes from a group, which beats any lower one. */
  readonly isByGroup: boolean;
  /** Reserved groups can be made; else a lock has to do. */
  readonly mayGroup: boolean;
  /** Versions that Particle holds. */
  readonly filed: { has(version: number): boolean };
}

/** The place of a device; null: it can't be kept from what is released, since nothing is known that it could stay on. */
export function placeDevice(input: PlaceInput): Place | null {
  const { record, device, want, staysOn, filed } = input;
  if (want.kind === 'locked') {
    const { version } = want;
    return { lock: { version, flash: want.flash, own: null }, group: null, leadsTo: version };
  }
  // The cloud gives such a device nothing by itself.
  if (device.development || device.quarantined) return FREE;
  if (want.kind === 'goes') return bring(input, want.version);
  if (staysOn === null || !filed.has(staysOn)) {
    return input.natural === null || input.natural === staysOn ? FREE : null;
  }
  if (want.looping !== null) return lockOn(staysOn, want.looping);
  // A lock that the manifests ask for and that may not go is not to fall through to a release.
  if (record.lock !== null) {
    return lockOn(staysOn, { target: record.lock.version, cause: 'Its lock is held back.' });
  }
  return bring(input, staysOn);
}

const FREE: Place = { lock: null, group: null, leadsTo: null };

function bring({ natural, isByGroup, mayGroup }: PlaceInput, version: number): Place {
  if (natural === version) return { lock: null, group: null, leadsTo: version };
  const wins = !isByGroup || natural === null || natural < version;
  if (mayGroup && wins) return { lock: null, group: version, leadsTo: version };
  const own: OwnLock = {
    version,
    target: natural,
    cause: wins
      ? 'The token may make no groups, and nothing else keeps it on this version.'
      : `Version ${natural} is released to one of its groups, and beats any lower one.`,
  };
  return { lock: { version, flash: true, own }, group: null, leadsTo: version };
}

function lockOn(version: number, { target, cause }: Looping): Place {
  return {
    lock: { version, flash: false, own: { version, target, cause } },
    group: null,
    leadsTo: version,
  };
}
