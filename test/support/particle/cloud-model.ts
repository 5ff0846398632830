// Which version Particle has for a device, by its documented rules alone, and what each call changes of that: the oracle
// of the planner's tests. It knows nothing of Lockstep.

import type { Call } from '../../../controller/fleets/particle/calls.ts';
import type { CloudDevice, Snapshot } from '../../../controller/fleets/particle/nouns.ts';

interface ModelDevice {
  readonly device: CloudDevice;
  groups: readonly string[];
  lockedTo: number | null;
}

export interface CloudModel {
  /** Null: it is given nothing. */
  target(device: string): number | null;
  apply(call: Call): void;
  /** As it is now. */
  snapshot(): Snapshot;
}

export function createCloudModel(start: Snapshot): CloudModel {
  const devices = new Map<string, ModelDevice>(
    [...start.devices.values()].map((device) => [
      device.id,
      { device, groups: device.groups, lockedTo: device.lockedTo },
    ]),
  );
  const groups = new Map([...start.groups.values()].map(({ name, version }) => [name, version]));
  const firmware = new Map(start.firmware);
  let everyone = [...firmware.values()].find(({ isDefault }) => isDefault)?.version ?? null;
  const found = (id: string): ModelDevice => {
    const device = devices.get(id);
    if (device === undefined) throw new Error(`Particle knows no device ${id}`);
    return device;
  };
  const exists = (version: number): void => {
    if (!firmware.has(version)) throw new Error(`Particle holds no version ${version}`);
  };
  return {
    target(id) {
      const { device, groups: names, lockedTo } = found(id);
      if (device.development || device.quarantined) return null;
      if (lockedTo !== null) return lockedTo;
      const versions = names.flatMap((name) => groups.get(name) ?? []);
      return versions.length > 0 ? Math.max(...versions) : everyone;
    },
    apply(call) {
      switch (call.type) {
        case 'createGroup':
          if (groups.has(call.group)) throw new Error(`group ${call.group} already exists`);
          groups.set(call.group, null);
          return;
        case 'deleteGroup':
          if (!groups.delete(call.group)) throw new Error(`no group ${call.group}`);
          for (const each of devices.values()) {
            each.groups = each.groups.filter((name) => name !== call.group);
          }
          return;
        case 'release':
          exists(call.version);
          for (const [name, version] of groups) {
            // The set of targets is replaced as a whole: what a call leaves out is released to nobody any more.
            if (call.groups.includes(name)) groups.set(name, call.version);
            else if (version === call.version) groups.set(name, null);
          }
          for (const name of call.groups)
            if (!groups.has(name)) throw new Error(`no group ${name}`);
          if (call.isDefault) everyone = call.version;
          else if (everyone === call.version) everyone = null;
          return;
        case 'editGroups':
          for (const id of call.devices) {
            const each = found(id);
            const kept = each.groups.filter((name) => !call.remove.includes(name));
            each.groups = [...new Set([...kept, ...call.add])];
          }
          for (const name of call.add) if (!groups.has(name)) throw new Error(`no group ${name}`);
          return;
        case 'lock':
          exists(call.version);
          found(call.device).lockedTo = call.version;
          return;
        case 'unlock':
          found(call.device).lockedTo = null;
          return;
      }
    },
    snapshot: () => ({
      readAt: start.readAt,
      devices: new Map(
        [...devices].map(([id, { device, groups: names, lockedTo }]) => [
          id,
          { ...device, groups: names, lockedTo },
        ]),
      ),
      firmware: new Map(
        [...firmware.values()].map((each) => [
          each.version,
          {
            ...each,
            isDefault: each.version === everyone,
            groups: [...groups].flatMap(([name, held]) => (held === each.version ? [name] : [])),
          },
        ]),
      ),
      groups: new Map([...groups].map(([name, version]) => [name, { name, version }])),
    }),
  };
}

/** A version as Particle files it, released to nobody. */
export function filed(
  version: number,
): Snapshot['firmware'] extends ReadonlyMap<number, infer F> ? F : never {
  return { version, isDefault: false, groups: [], devices: 1, uploadedBy: null, size: 1_000 };
}

/** A device that is online and has named its version. */
export function cloudDevice(id: string, change: Partial<CloudDevice> = {}): CloudDevice {
  return {
    id,
    online: true,
    handshakeAt: Date.UTC(2026, 0, 5, 11),
    version: 41,
    lockedTo: null,
    groups: [],
    development: false,
    quarantined: false,
    platformId: 13,
    deviceOs: '6.2.0',
    details: null,
    ...change,
  };
}
