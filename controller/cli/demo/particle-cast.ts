// Devices in a simulated Particle cloud on this machine: the controller talks to it as to the real one, over HTTP, by the
// same driver. Everything there goes faster than in the field.

import { formatNumber } from '../../base/count.ts';
import { startParticleCloud } from '../../simulator/particle/particle-cloud.ts';
import { buildProductFirmware } from '../../simulator/particle/devices.ts';
import { realTime } from '../../simulator/particle/time.ts';
import type { Device } from '../../simulator/particle/world.ts';
import { emptyErrors, type FleetSnapshot } from '../../simulator/snapshot.ts';
import { BAD_SHARE, type Cast, type CastOptions } from './cast.ts';

/** As the example names it. */
const SLUG = 'thermostat-v2';
const PRODUCT_ID = 30_301;
const ARGON = 12;
/** Calls that readings may take in a second: half of what Particle allows, so that changes find room. */
const CALLS_A_SECOND = 16;
const DEVICES_A_PAGE = 25;

const TIMINGS = {
  afterHandshakeMs: 300,
  startMs: 100,
  bytesPerSecond: 12_000,
  rebootMs: 500,
  reconnectMs: 300,
  healthMs: 100,
  updatesReportMs: 200,
};

/** Starts the cloud, with the devices in it online. */
export async function startParticleCast(options: CastOptions): Promise<Cast> {
  const { ids, version, badVersion, spared } = options;
  const cloud = await startParticleCloud({
    time: realTime,
    productId: PRODUCT_ID,
    slug: SLUG,
    platformId: ARGON,
    firmware: [{ version, isDefault: true }],
    devices: ids.map((id) => ({ id, runs: version })),
    timings: TIMINGS,
  });
  const others = ids.filter((id) => !spared.includes(id));
  cloud.fleet.spoil('returns-with-old', {
    version: badVersion,
    devices: others.slice(0, Math.ceil(others.length * BAD_SHARE)),
  });
  const seconds = Math.ceil(ids.length / DEVICES_A_PAGE / CALLS_A_SECOND);
  return {
    ids,
    access: { gatewayToken: null, particle: { token: cloud.token, api: cloud.url } },
    pollInterval: `${seconds}s`,
    words: {
      arrival: `The devices are in Particle's cloud, which is simulated here at ${cloud.url}: nothing of this reaches Particle. The controller reads all ${formatNumber(ids.length)} by its API:`,
      delivery: "It is one call: Particle's cloud brings it to every other device that is online.",
    },
    buildFirmware: (built) => buildProductFirmware(cloud.product, built),
    begin: () => undefined,
    snapshot: () => countDevices(cloud.product.devices.values()),
    end: () => cloud.close(),
  };
}

function countDevices(devices: Iterable<Device>): FleetSnapshot {
  const counts = { devices: 0, online: 0, connected: 0, downloading: 0, rebooting: 0 };
  const byVersion: Record<string, number> = {};
  for (const { isConnected, isOnline, update, filedVersion } of devices) {
    counts.devices += 1;
    if (isOnline) counts.online += 1;
    if (isConnected) counts.connected += 1;
    else counts.rebooting += 1;
    if (update !== null) counts.downloading += 1;
    const name = String(filedVersion);
    byVersion[name] = (byVersion[name] ?? 0) + 1;
  }
  return { ...counts, installing: 0, failed: 0, polls: 0, byVersion, errors: emptyErrors() };
}
