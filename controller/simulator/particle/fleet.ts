// The simulated fleet as a test holds it: what each device really runs, its switches, and what shall go wrong.

import type { Behaviour, Fault } from './behaviour.ts';
import { setUpdatesEnabled } from './deliveries.ts';
import { findDevice } from './device-actions.ts';
import { createDevice } from './devices.ts';
import type { DeviceSeed } from './devices.ts';
import { boot, closeSession, loseLink, openSession, reconnect } from './sessions.ts';
import type { Device, Flash, Product, World } from './world.ts';
import { runningVersion } from './world.ts';

export interface FaultOptions {
  /** Default: every device. */
  readonly devices?: readonly string[];
  /** Filed version that is sent; default: any. */
  readonly version?: number;
  /** How many updates it strikes; default: all of them. */
  readonly times?: number;
}

export interface FleetDevice {
  readonly id: string;
  /** What it really runs, whatever the cloud believes; null: nothing known. */
  readonly running: number | null;
  /** The record, for looking. */
  readonly record: Readonly<Device>;
  /** Transfers to it, oldest first. */
  readonly flashes: readonly Flash[];
  /** Vanishes. The cloud notices `late` (as the platform has it), or `at-once`. */
  powerOff(notice?: 'late' | 'at-once'): void;
  /** Boots and comes online. */
  powerOn(): void;
  /** Boots again; on for the cloud all the while. */
  reset(reason?: string): void;
  /** A new session without a boot. */
  reconnect(): void;
  /** A handshake right now. */
  handshake(): void;
  /** As the application on it does. */
  enableUpdates(): void;
  disableUpdates(): void;
  /** From its next session on. */
  behave(behaviour: Partial<Behaviour>): void;
}

export interface Fleet {
  /** In the order in which they were made. */
  readonly ids: readonly string[];
  readonly devices: readonly FleetDevice[];
  /** Every transfer to any device, oldest first. */
  readonly flashes: readonly Flash[];
  device(id: string): FleetDevice;
  /** A device by its place in `ids`. */
  at(index: number): FleetDevice;
  add(seed?: DeviceSeed): FleetDevice;
  /** Versions and how many devices really run them. */
  running(): Readonly<Record<string, number>>;
  /** Updates to come go wrong like this; what it returns ends it. */
  spoil(fault: Fault | Fault['kind'], options?: FaultOptions): () => void;
}

export function createFleet(world: World, product: Product): Fleet {
  const handle = (device: Device): FleetDevice => createFleetDevice(world, device);
  return {
    get ids() {
      return [...product.devices.keys()];
    },
    get devices() {
      return [...product.devices.values()].map(handle);
    },
    flashes: product.flashes,
    device: (id) => handle(findDevice(product, id)),
    at: (index) => {
      const device = [...product.devices.values()][index];
      if (device === undefined) throw new Error(`There is no device ${index}.`);
      return handle(device);
    },
    add: (seed) => handle(createDevice(world, product, seed)),
    running: () => {
      const counts: Record<string, number> = {};
      for (const device of product.devices.values()) {
        const version = String(runningVersion(device));
        counts[version] = (counts[version] ?? 0) + 1;
      }
      return counts;
    },
    spoil: (fault, { devices, version, times = Infinity } = {}) => {
      const rule = {
        fault: typeof fault === 'string' ? ({ kind: fault } as Fault) : fault,
        devices: devices === undefined ? null : new Set(devices),
        version: version ?? null,
        left: times,
      };
      product.faults.unshift(rule);
      return () => {
        rule.left = 0;
      };
    },
  };
}

function createFleetDevice(world: World, device: Device): FleetDevice {
  return {
    id: device.id,
    get running() {
      return runningVersion(device);
    },
    record: device,
    get flashes() {
      return device.product.flashes.filter((flash) => flash.device === device.id);
    },
    powerOff: (notice = 'late') => {
      loseLink(world, device);
      if (notice === 'at-once') closeSession(world, device);
    },
    powerOn: () => {
      boot(world, device, 'power_down');
    },
    reset: (reason = 'pin_reset') => {
      boot(world, device, reason);
    },
    reconnect: () => {
      reconnect(world, device);
    },
    handshake: () => {
      if (device.isConnected) loseLink(world, device);
      openSession(world, device, null);
    },
    enableUpdates: () => {
      setUpdatesEnabled(world, device, true);
    },
    disableUpdates: () => {
      setUpdatesEnabled(world, device, false);
    },
    behave: (behaviour) => {
      device.behaviour = { ...device.behaviour, ...behaviour };
    },
  };
}
