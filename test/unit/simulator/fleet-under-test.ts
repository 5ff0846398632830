// Starts a throwaway DDI server and simulated fleets against it, and clears both away after each test, together with
// the check that the fleet sent nothing malformed.

import { afterEach, expect } from 'vitest';

import type { DeviceEvent } from '../../../controller/simulator/device-state.ts';
import type { SimulatedFleetOptions } from '../../../controller/simulator/fleet-options.ts';
import { createSimulatedFleet } from '../../../controller/simulator/fleet.ts';
import type { SimulatedFleet } from '../../../controller/simulator/fleet.ts';
import { createArtifact } from '../../fakes/ddi-documents.ts';
import type { FakeAction, FakeArtifact } from '../../fakes/ddi-documents.ts';
import { startDdiServer } from '../../fakes/ddi-server.ts';
import type { DdiServer, DdiServerOptions } from '../../fakes/ddi-server.ts';

export interface ObservedFleet extends SimulatedFleet {
  /** Everything that happened so far, in order. */
  readonly events: readonly DeviceEvent[];
  /** Resolves with the first event of the type, past or to come, of the device where one is named. */
  seen(type: DeviceEvent['type'], device?: string): Promise<DeviceEvent>;
}

const cleanups: (() => Promise<void>)[] = [];

afterEach(async () => {
  for (const cleanup of cleanups.splice(0).toReversed()) await cleanup();
});

export async function startServer(options: DdiServerOptions = {}): Promise<DdiServer> {
  const server = await startDdiServer(options);
  cleanups.push(async () => {
    await server.close();
    expect(server.violations).toEqual([]);
  });
  return server;
}

/** A fleet that is on, polls every 20 ms, installs in 10 and reboots in 10. One device `a` unless told otherwise. */
export function startFleet(
  server: DdiServer,
  options: Partial<SimulatedFleetOptions> = {},
): ObservedFleet {
  const fleet = createSimulatedFleet({
    server: server.url,
    product: server.tenant,
    devices: ['a'],
    version: '41',
    auth: null,
    installMs: 10,
    rebootMs: 10,
    pollOverrideMs: 20,
    resumeMs: 5,
    ...options,
  });
  const events: DeviceEvent[] = [];
  const watchers = new Set<(event: DeviceEvent) => void>();
  fleet.on((event) => {
    events.push(event);
    for (const watcher of watchers) watcher(event);
  });
  cleanups.push(async () => {
    await fleet.stop();
  });
  fleet.start();
  return {
    ...fleet,
    events,
    seen: async (type, device) => {
      const fits = (event: DeviceEvent): boolean =>
        event.type === type && (device === undefined || event.device === device);
      const past = events.find(fits);
      if (past !== undefined) return past;
      return await new Promise<DeviceEvent>((resolve) => {
        const watcher = (event: DeviceEvent): void => {
          if (!fits(event)) return;
          watchers.delete(watcher);
          resolve(event);
        };
        watchers.add(watcher);
      });
    },
  };
}

/** Expects something to hold before long: `await eventually(() => value).toBe(…)`. */
export function eventually<T>(read: () => T) {
  return expect.poll(read, { timeout: 20_000, interval: 10 });
}

/** Bytes that look random and are always the same. */
export function createFirmware(size = 50_000): FakeArtifact {
  const bytes = new Uint8Array(size);
  for (let at = 0; at < size; at += 1) bytes[at] = (at * 31 + (at >> 7)) & 0xff;
  return createArtifact(bytes);
}

/** The feedback of an action as `execution/finished`, with the resource where it is the cancel's. */
export function listFeedback(action: FakeAction): readonly string[] {
  return action.feedback.map(
    ({ execution, finished, on }) => `${on === 'cancel' ? 'cancel ' : ''}${execution}/${finished}`,
  );
}

/** The requests of a device as `METHOD path`, with ids replaced, from the first that fits on. */
export function listRequests(server: DdiServer, device = 'a'): readonly string[] {
  return server.requests
    .filter((request) => request.device === device)
    .map(({ method, path }) => {
      const resource = path.split('/').slice(4).join('/') || 'base';
      return `${method} ${resource.replaceAll(/\d{4,}/g, 'ID')}`;
    });
}
