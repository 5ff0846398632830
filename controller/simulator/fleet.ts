// A fleet of simulated DDI devices in one process: one agenda, one timer, bounded sockets, and the state machine of
// `device.ts` behind every device. It performs what the devices want and decides nothing for them.

import { assert } from '../base/assert.ts';
import { systemClock } from '../base/clock.ts';
import { createAgenda } from './agenda.ts';
import { assignAttributes } from './attribute-share.ts';
import { assignBadVersions } from './bad-version.ts';
import { createDevice } from './device-state.ts';
import type { Device, DeviceEvent, Effect, Input, Moment, Phase } from './device-state.ts';
import { getWakeAtMs, isUp, stepDevice } from './device.ts';
import { createDownload, runDownload } from './download.ts';
import type { Download } from './download.ts';
import { assignFaults } from './faults.ts';
import type { FaultName } from './faults.ts';
import { buildHeaders, divideSockets, listIds, resolveSettings } from './fleet-options.ts';
import type { SimulatedFleetOptions } from './fleet-options.ts';
import { createLane } from './lane.ts';
import { createRandomStream, drawUnit } from './seeded-random.ts';
import { countDevices, emptyErrors } from './snapshot.ts';
import type { FleetSnapshot } from './snapshot.ts';
import { systemTimers } from './timers.ts';
import { createTransport, exchangeJson } from './transport.ts';

/** One device as seen from outside. */
export interface DeviceView {
  readonly id: string;
  readonly version: string;
  readonly phase: Phase;
  readonly online: boolean;
  readonly boots: number;
  /** See `FleetSnapshot.failed`. */
  readonly failed: boolean;
  readonly faults: readonly FaultName[];
  /** The action under way; null where there is none. */
  readonly actionId: string | null;
}

export interface SimulatedFleet {
  /** The ids, in the order of the options. */
  readonly ids: readonly string[];
  /** Switches all devices on, spread over a moment. May be called once. */
  start(): void;
  /** Stops everything: no timer and no socket is left. The fleet can still be looked at, not started again. */
  stop(): Promise<void>;
  snapshot(): FleetSnapshot;
  /** Null for an id that is not in the fleet. */
  device(id: string): DeviceView | null;
  /** Cuts a device's power, or switches it on (which boots it). False for an id that is not in the fleet. */
  setOnline(id: string, online: boolean): boolean;
  /** Flashes a device as by a cable: it reboots into the version. False for an id that is not in the fleet. */
  setVersion(id: string, version: string): boolean;
  /** Calls back on every event of every device, at once and in order. Returns what ends it. */
  on(listener: (event: DeviceEvent) => void): () => void;
}

interface ExchangeJob {
  readonly device: Device;
  readonly effect: Extract<Effect, { kind: 'exchange' }>;
}

interface DownloadJob {
  readonly device: Device;
  readonly download: Download;
  readonly effect: Extract<Effect, { kind: 'download' }>;
}

// Longer timers overflow in Node; waking up once an hour for nothing costs nothing.
const TIMER_MAX_MS = 3_600_000;
const ANSWER_BYTES_MAX = 1_048_576;

/** A fleet that does nothing until it is started. No failure of the server or the network makes it throw. */
export function createSimulatedFleet(options: SimulatedFleetOptions): SimulatedFleet {
  const settings = resolveSettings(options);
  const seed = options.seed ?? 1;
  const clock = options.clock ?? systemClock;
  const timers = options.timers ?? systemTimers;
  const sockets = divideSockets(options);
  const timeoutMs = options.timeoutMs ?? 15_000;

  const ids = listIds(options);
  const faultsById = assignFaults(seed, ids, options.faults ?? {});
  const attributesById = assignAttributes(seed, ids, options.attributeShares ?? []);
  const spared = new Set(options.spared);
  const mayFail = ids.filter((id) => !spared.has(id));
  const badVersionsById = assignBadVersions(seed, mayFail, options.badVersions ?? []);
  const devices = ids.map((id, index) => {
    const identity = {
      id,
      index,
      tenant: options.product,
      attributes: attributesById.get(id) ?? {},
      badVersions: badVersionsById.get(id) ?? [],
    };
    return createDevice(identity, options.version, faultsById.get(id) ?? new Set(), seed, settings);
  });
  const byId = new Map(devices.map((device) => [device.id, device]));
  const agenda = createAgenda(devices.length);
  const listeners = new Set<(event: DeviceEvent) => void>();
  const downloads = new Map<Device, Download>();
  const errors = emptyErrors();
  const exchanges = createTransport({
    sockets: sockets.exchanges,
    timeoutMs,
    answerMax: ANSWER_BYTES_MAX,
  });
  const transfers = createTransport({
    sockets: sockets.downloads + sockets.slowDownloads,
    timeoutMs,
    answerMax: -1,
  });
  let polls = 0;
  let isRunning = false;
  let armedAtMs = Infinity;
  let disarm: (() => void) | null = null;

  const readMoment = (): Moment => ({ monotonicMs: clock.monotonicMs(), now: clock.now() });

  const exchangeLane = createLane<ExchangeJob>(sockets.exchanges, async (job) => {
    const { device, effect } = job;
    if (device.generation !== effect.generation) return;
    const headers = buildHeaders(options.auth, settings, device.id, effect.body !== null);
    const answer = await exchangeJson(exchanges, effect.url, effect.method, headers, effect.body);
    if (isRunning && device.generation === effect.generation) feed(device, answer);
  });

  const runDownloadJob = async ({ device, download, effect }: DownloadJob): Promise<void> => {
    if (downloads.get(device) !== download) return;
    const outcome = await runDownload(transfers, timers, download, {
      ...effect,
      headers: buildHeaders(options.auth, settings, device.id, false),
      asksHeadFirst: settings.traits.asksHeadFirst,
      followsRedirects: settings.traits.followsRedirects,
    });
    if (!isRunning || downloads.get(device) !== download) return;
    if (outcome.kind !== 'cut') downloads.delete(device);
    feed(device, { kind: 'download-ended', outcome });
  };
  // Slow links hold a socket for long; in a lane of their own they do not hold up the other downloads.
  const slowLane = createLane<DownloadJob>(sockets.slowDownloads, runDownloadJob);
  const fastLane = createLane<DownloadJob>(sockets.downloads, runDownloadJob);

  const feed = (device: Device, input: Input): void => {
    for (const effect of stepDevice(device, input, readMoment(), settings)) perform(device, effect);
    agenda.set(device.index, getWakeAtMs(device));
    arm();
  };

  const perform = (device: Device, effect: Effect): void => {
    switch (effect.kind) {
      case 'exchange':
        exchangeLane.push({ device, effect });
        return;
      case 'download': {
        const kept = effect.resume ? downloads.get(device) : undefined;
        const download = kept ?? createDownload();
        downloads.set(device, download);
        const lane = effect.bytesPerSecond === null ? fastLane : slowLane;
        lane.push({ device, download, effect });
        return;
      }
      case 'discard-download':
        downloads.get(device)?.aborter.abort();
        downloads.delete(device);
        return;
      case 'polled':
        polls += 1;
        return;
      case 'error':
        errors[effect.error] += 1;
        return;
      case 'event':
        for (const listener of listeners) listener(effect.event);
    }
  };

  const arm = (): void => {
    const nextAtMs = agenda.nextAtMs();
    if (!isRunning || nextAtMs >= armedAtMs) return;
    disarm?.();
    armedAtMs = nextAtMs;
    const delayMs = Math.min(TIMER_MAX_MS, Math.max(0, nextAtMs - clock.monotonicMs()));
    disarm = timers.after(Math.ceil(delayMs), wakeDue);
  };

  const wakeDue = (): void => {
    armedAtMs = Infinity;
    const nowMs = clock.monotonicMs();
    for (let index = agenda.takeDue(nowMs); index >= 0; index = agenda.takeDue(nowMs)) {
      const device = devices[index];
      assert(device !== undefined, 'the agenda holds only devices of the fleet');
      feed(device, { kind: 'wake' });
    }
    arm();
  };

  const tell = (id: string, input: Input): boolean => {
    const device = byId.get(id);
    if (device === undefined) return false;
    feed(device, input);
    return true;
  };

  return {
    ids,
    start: () => {
      assert(!isRunning && disarm === null, 'a simulated fleet is started once');
      isRunning = true;
      const spread = createRandomStream(seed, '/start');
      const spreadMs = (devices.length / (options.bootsPerSecond ?? 1000)) * 1000;
      for (const device of devices) {
        feed(device, { kind: 'power-on', bootMs: drawUnit(spread) * spreadMs });
      }
    },
    stop: async () => {
      isRunning = false;
      disarm?.();
      for (const lane of [exchangeLane, slowLane, fastLane]) lane.clear();
      for (const download of downloads.values()) download.aborter.abort();
      downloads.clear();
      await Promise.all([exchanges.close(), transfers.close()]);
    },
    snapshot: () => countDevices(devices, polls, errors),
    device: (id) => {
      const device = byId.get(id);
      return device === undefined ? null : viewDevice(device);
    },
    setOnline: (id, online) =>
      tell(id, online ? { kind: 'power-on', bootMs: settings.rebootMs } : { kind: 'power-off' }),
    setVersion: (id, version) => tell(id, { kind: 'flash', version }),
    on: (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
}

function viewDevice(device: Device): DeviceView {
  const { id, version, phase, boots, failed, attempt } = device;
  return {
    id,
    version,
    phase,
    online: isUp(device),
    boots,
    failed,
    faults: [...device.faults],
    actionId: attempt?.deployment.id ?? null,
  };
}
