// A simulated fleet in numbers, counted from its devices. How it is shown is in `progress.ts`.

import type { Device, ErrorKind } from './device-state.ts';
import { isUp } from './device.ts';

export interface FleetSnapshot {
  readonly devices: number;
  /** Booted, and taking part. */
  readonly online: number;
  /** Online, and the gateway has answered their last exchange. */
  readonly connected: number;
  /** Devices by the version that they run, or last ran; sorted by version. */
  readonly byVersion: Readonly<Record<string, number>>;
  readonly downloading: number;
  readonly installing: number;
  /** On the way down or up, the very first boot included. */
  readonly rebooting: number;
  /** Devices whose last attempt failed, or that fell back, and that have not succeeded since. */
  readonly failed: number;
  /** Polls that were answered, since the start. */
  readonly polls: number;
  /** Exchanges and downloads that went wrong since the start, by kind; kinds that never occurred are 0. */
  readonly errors: Readonly<Record<ErrorKind, number>>;
}

/** No errors of any kind. */
export function emptyErrors(): Record<ErrorKind, number> {
  return {
    connection: 0,
    timeout: 0,
    unauthorized: 0,
    throttled: 0,
    server: 0,
    refused: 0,
    document: 0,
  };
}

/** Counts the devices. Costs time in their number: for a display, not for every event. */
export function countDevices(
  devices: readonly Device[],
  polls: number,
  errors: Readonly<Record<ErrorKind, number>>,
): FleetSnapshot {
  const versions = new Map<string, number>();
  const counts = {
    online: 0,
    connected: 0,
    downloading: 0,
    installing: 0,
    rebooting: 0,
    failed: 0,
  };
  for (const device of devices) {
    versions.set(device.version, (versions.get(device.version) ?? 0) + 1);
    if (isUp(device)) counts.online += 1;
    if (isUp(device) && device.sleepMs !== null && device.failures === 0) counts.connected += 1;
    if (device.phase === 'downloading') counts.downloading += 1;
    if (device.phase === 'installing') counts.installing += 1;
    if (device.phase === 'booting') counts.rebooting += 1;
    if (device.failed) counts.failed += 1;
  }
  const byVersion = Object.fromEntries(
    [...versions].sort(([left], [right]) => compare(left, right)),
  );
  return { devices: devices.length, ...counts, byVersion, polls, errors: { ...errors } };
}

function compare(left: string, right: string): number {
  if (left === right) return 0;
  return left < right ? -1 : 1;
}
