// People at Particle's console: everything that is done to a product without the client under test. The same rules hold
// as for the API, and the events name the person.

import {
  changeDevice,
  findDevice,
  flashFile,
  importDevices,
  removeDevice,
} from './device-actions.ts';
import type { ImportResult } from './device-actions.ts';
import { buildProductFirmware } from './devices.ts';
import {
  editFirmware,
  findFirmware,
  releaseFirmware,
  removeFirmware,
  uploadFirmware,
} from './firmware-actions.ts';
import { createGroup, putInGroups, removeGroup } from './group-actions.ts';
import type { Actor, FirmwareRecord, Product, World } from './world.ts';

export interface ReleaseTargets {
  /** Default: true without groups. */
  readonly isDefault?: boolean;
  readonly groups?: readonly string[];
  /** Default: true. */
  readonly isIntelligent?: boolean;
}

export interface UploadOptions {
  /** Default: a module that names the version. */
  readonly bytes?: Uint8Array;
  readonly title?: string;
  readonly description?: string;
}

export interface ParticleConsole {
  readonly actor: Actor;
  lock(device: string, version: number, options?: { readonly flash?: boolean }): void;
  unlock(device: string): void;
  markDevelopment(device: string, isDevelopment?: boolean): void;
  setGroups(device: string, groups: readonly string[]): void;
  rename(device: string, name: string): void;
  forceUpdates(device: string, isForced?: boolean): void;
  /** `particle flash --product`: flashes a file, and leaves the device marked as development. */
  flash(device: string, bytes: Uint8Array): void;
  importDevices(names: readonly string[]): ImportResult;
  approve(device: string): void;
  deny(device: string): void;
  removeDevice(device: string): void;
  upload(version: number, options?: UploadOptions): FirmwareRecord;
  editFirmware(version: number, change: { title?: string; description?: string }): void;
  removeFirmware(version: number): void;
  release(version: number, targets?: ReleaseTargets): void;
  createGroup(name: string): void;
  removeGroup(name: string): void;
  /** The same console, used by someone else. */
  as(username: string): ParticleConsole;
}

export function createConsole(
  world: World,
  product: Product,
  personOf: (username: string) => Actor,
  username = 'rosa@example.com',
): ParticleConsole {
  const actor = personOf(username);
  const of = (id: string) => findDevice(product, id);
  return {
    actor,
    lock: (id, lock, { flash = false } = {}) => {
      changeDevice(world, of(id), { lock, flash }, actor);
    },
    unlock: (id) => {
      changeDevice(world, of(id), { lock: null }, actor);
    },
    markDevelopment: (id, isDevelopment = true) => {
      changeDevice(world, of(id), { isDevelopment }, actor);
    },
    setGroups: (id, groups) => {
      putInGroups(world, of(id), groups);
    },
    rename: (id, name) => {
      changeDevice(world, of(id), { name }, actor);
    },
    forceUpdates: (id, isForced = true) => {
      changeDevice(world, of(id), { isForced }, actor);
    },
    flash: (id, bytes) => {
      changeDevice(world, of(id), { isDevelopment: true }, actor);
      flashFile(world, of(id), bytes, actor);
    },
    importDevices: (names) => importDevices(world, product, names),
    approve: (id) => {
      importDevices(world, product, [id]);
    },
    deny: (id) => {
      removeDevice(of(id), true);
    },
    removeDevice: (id) => {
      removeDevice(of(id), false);
    },
    upload: (version, { bytes, title = `Version ${version}`, description = '' } = {}) => {
      const file = bytes ?? buildProductFirmware(product, version);
      return uploadFirmware(world, product, { version, bytes: file, title, description }, actor);
    },
    editFirmware: (version, change) => {
      editFirmware(world, findFirmware(product, version), change);
    },
    removeFirmware: (version) => {
      removeFirmware(product, version);
    },
    release: (
      version,
      { groups = [], isDefault = groups.length === 0, isIntelligent = true } = {},
    ) => {
      releaseFirmware(world, product, { version, isDefault, groups, isIntelligent }, actor);
    },
    createGroup: (name) => {
      createGroup(product, name);
    },
    removeGroup: (name) => {
      removeGroup(world, product, name);
    },
    as: (other) => createConsole(world, product, personOf, other),
  };
}
