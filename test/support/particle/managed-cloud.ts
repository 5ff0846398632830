// A fake of Particle's cloud with the driver that manages it: a real socket between them, a real SQLite state, and a clock
// that only the test moves.

import { createHash } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import type { Clock } from '../../../controller/base/clock.ts';
import type {
  ParticleDriver,
  ParticleOptions,
} from '../../../controller/fleets/particle/particle-driver.ts';
import { createParticleDriver } from '../../../controller/fleets/particle/particle-driver.ts';
import type { Desired, ParticleSettings } from '../../../controller/model/desired.ts';
import type { DeviceRecord } from '../../../controller/model/device.ts';
import type { LiveState } from '../../../controller/model/live.ts';
import { openBinaryFolder } from '../../../controller/stores/files/binary-store.ts';
import { openSqliteStore } from '../../../controller/stores/sqlite/sqlite-store.ts';
import type { Store } from '../../../controller/stores/store.ts';
import type { BinaryStore } from '../../../controller/stores/binaries.ts';
import { buildProductFirmware } from '../../../controller/simulator/particle/devices.ts';
import type {
  ParticleCloud,
  ParticleCloudOptions,
} from '../../../controller/simulator/particle/particle-cloud.ts';
import { startParticleCloud } from '../../../controller/simulator/particle/particle-cloud.ts';
import { targetOf } from '../../../controller/simulator/particle/targets.ts';
import type { Device } from '../../../controller/simulator/particle/world.ts';
import type { DesiredWords } from '../desired.ts';
import { buildDesired } from '../desired.ts';
import type { TracksWords } from '../tracks.ts';
import { releaseAll } from '../tracks.ts';

export const SLUG = 'thermostat-v2';

export interface ManagedCloud {
  readonly cloud: ParticleCloud;
  readonly driver: ParticleDriver;
  readonly store: Store;
  readonly binaries: BinaryStore;
  readonly clock: Clock;
  readonly lines: readonly string[];
  /** Puts desired state in force, with the product and the binaries in the state. */
  inForce(
    words: DesiredWords & { readonly particle?: Partial<ParticleSettings> },
    flags?: CloudForce,
  ): Promise<Desired>;
  /** The same with the fleet and the digests of this cloud's binaries. */
  adapt(desired: Desired, particle?: Partial<ParticleSettings>): Desired;
  prepare(desired: Desired, flags?: CloudForce): Promise<void>;
  /** Time passes, with a round at the end of each `everyMs`. */
  pass(ms: number, everyMs?: number): Promise<void>;
  /** A round that has to succeed. */
  round(): Promise<void>;
  /** A device is there, runs the version, and has just begun a session. */
  hear(device: string, version: number): Promise<void>;
  /** The version that Particle gives the device at its next handshake; null: none that it does not run. */
  pending(device: string): number | null;
  device(id: string): Promise<DeviceRecord>;
  /** Has manifests lock devices to a version, as of the next round. */
  lock(ids: readonly string[], version: number): Promise<void>;
  observe(...named: readonly string[]): Promise<LiveState>;
  /** Requests other than reading, as `METHOD path body`, since the last call of this. */
  changes(): readonly string[];
  binaryOf(version: number): Uint8Array;
  /** Another process on the same state, with other options. */
  restart(options?: Partial<ParticleOptions>): Promise<ManagedCloud>;
  close(): Promise<void>;
}

export interface CloudForce {
  readonly stopped?: boolean;
  /** Versions that count as verified. Default: all. */
  readonly verified?: readonly number[];
  readonly tracks?: TracksWords;
}

export interface ManagedOptions extends ParticleCloudOptions {
  readonly driver?: Partial<ParticleOptions>;
}

/** Starts both; close them after the test. */
export async function startManagedCloud(options: ManagedOptions = {}): Promise<ManagedCloud> {
  const cloud = await startParticleCloud({
    slug: SLUG,
    devices: [],
    // What was released once is released again without asking.
    firmware: [40, 41, 42, 43].map((version) => ({ version, groups: ['seed'] })),
    ...options,
  });
  const folder = await mkdtemp(join(tmpdir(), 'lockstep-particle-'));
  return open(cloud, folder, options.driver ?? {});
}

async function open(
  cloud: ParticleCloud,
  folder: string,
  options: Partial<ParticleOptions>,
): Promise<ManagedCloud> {
  const opened = await openSqliteStore(join(folder, 'state.db'));
  if (!opened.ok) throw new Error(opened.error.message);
  const store = opened.value;
  const binaries = await openBinaryFolder(join(folder, 'binaries'));
  const clock: Clock = { now: () => cloud.now(), monotonicMs: () => cloud.now() };
  const lines: string[] = [];
  const note = (line: string): void => void lines.push(line);
  const driver = createParticleDriver(
    { store, binaries, clock, log: { info: note, warn: note } },
    {
      token: cloud.token,
      api: cloud.url,
      random: () => 0.5,
      // Whoever waits lets the time of the cloud pass.
      sleep: async (ms) => cloud.advance(ms),
      ...options,
    },
  );
  driver.start({ timers: false });
  let looked = cloud.calls.length;

  const deviceOf = (id: string): Device => {
    const device = cloud.product.devices.get(id);
    if (device === undefined) throw new Error(`no device ${id}`);
    return device;
  };
  const managed: ManagedCloud = {
    cloud,
    driver,
    store,
    binaries,
    clock,
    lines,
    binaryOf: (version) =>
      cloud.product.firmware.get(version)?.bytes ?? buildProductFirmware(cloud.product, version),
    adapt(desired, particle = {}) {
      const { config } = desired;
      if (config === null) return desired;
      const fleet: ParticleSettings = { ...PARTICLE_DEFAULTS, ...particle };
      return {
        ...desired,
        config: { ...config, spec: { ...config.spec, fleet } },
        firmware: desired.firmware.map((each) => {
          const sha256 = digestOf(managed.binaryOf(each.spec.version));
          return { ...each, spec: { ...each.spec, binary: { ...each.spec.binary, sha256 } } };
        }),
      };
    },
    async inForce({ particle, ...words }, flags = {}) {
      const desired = managed.adapt(releaseAll(buildDesired(words), flags.tracks), particle);
      await managed.prepare(desired, flags);
      const enforced = await driver.enforce(desired);
      if (!enforced.ok) throw new Error(enforced.error.message);
      return desired;
    },
    async prepare(desired, flags = {}) {
      for (const { spec } of desired.firmware) {
        const content = managed.binaryOf(spec.version);
        const put = await binaries.put(digestOf(content), feed(content));
        if (!put.ok) throw new Error(put.error.message);
      }
      await saveForce(managed, desired, flags);
    },
    async pass(ms, everyMs = 60_000) {
      for (let left = ms; left > 0; left -= everyMs) {
        cloud.advance(Math.min(left, everyMs));
        await managed.round();
      }
    },
    async round() {
      const made = await driver.round('thermostat');
      if (!made.ok) throw new Error(made.error.message);
    },
    async hear(id, version) {
      cloud.advance(10);
      if (!cloud.product.devices.has(id)) cloud.fleet.add({ id, runs: version });
      const device = deviceOf(id);
      device.image = cloud.product.firmware.get(version)?.image ?? null;
      device.filedVersion = version;
      cloud.fleet.device(id).handshake();
      await managed.round();
    },
    pending(id) {
      const device = deviceOf(id);
      const target = targetOf(device)?.version ?? null;
      return target === device.reportedVersion ? null : target;
    },
    async device(id) {
      const record = await store.device('thermostat', id);
      if (record === null) throw new Error(`no record of ${id}`);
      return record;
    },
    async lock(ids, version) {
      const lock = {
        version,
        flash: 'now',
        armed: true,
        manifest: 'bench',
        revision: 'r1',
        since: 0,
      } as const;
      for (const id of ids) {
        const before = await managed.device(id);
        await store.saveDevice({ before, after: { ...before, lock } });
      }
    },
    async observe(...named) {
      const observed = await driver.observe('thermostat', new Set(named));
      if (!observed.ok) throw new Error(observed.error.message);
      return observed.value;
    },
    changes() {
      const calls = cloud.calls.slice(looked).filter(({ method }) => method !== 'GET');
      looked = cloud.calls.length;
      return calls.map(({ method, path, body }) => {
        const short = path.replace(`/v1/products/${SLUG}`, '');
        return `${method} ${short} ${body}`.trim();
      });
    },
    async restart(others = {}) {
      await driver.close();
      await store.close();
      return open(cloud, folder, { ...options, ...others });
    },
    async close() {
      await driver.close();
      await store.close();
      await cloud.close();
      await rm(folder, { recursive: true, force: true });
    },
  };
  return managed;
}

export const PARTICLE_DEFAULTS: ParticleSettings = {
  driver: 'particle',
  product: SLUG,
  drift: 'mend',
  admission: 'open',
  pollIntervalMs: 60_000,
  versionAttribute: 'firmware_version',
  bootAttribute: null,
  productAttribute: null,
  attemptTimeoutMs: 86_400_000,
  rebootGraceMs: 3_600_000,
  forgetAfterMs: 90 * 86_400_000,
  retries: 3,
  groupBy: [],
};

async function saveForce(
  {
    store,
    cloud,
    binaryOf,
  }: Pick<ManagedCloud, 'store' | 'cloud'> & {
    readonly binaryOf: (version: number) => Uint8Array;
  },
  desired: Desired,
  flags: CloudForce,
): Promise<void> {
  const { product } = desired;
  const at = cloud.now();
  await store.saveProduct({
    product: {
      name: product,
      adoptedAt: at,
      stoppedAt: flags.stopped === true ? at : null,
      inForce: desired,
      revision: 'r1',
      listenedMs: 0,
      conditions: [],
    },
    firmware: desired.firmware.map(({ spec }) => ({
      product,
      version: spec.version,
      sha256: spec.binary.sha256,
      size: binaryOf(spec.version).length,
      sha1: '',
      md5: '',
      addedAt: at,
      addedRevision: 'r1',
      verifiedAt: (flags.verified?.includes(spec.version) ?? true) ? at : null,
      finishedAt: null,
      withdrawnAt: spec.withdrawn === null ? null : at,
      stored: true,
    })),
  });
}

export function digestOf(content: Uint8Array): string {
  return createHash('sha256').update(content).digest('hex');
}

async function* feed(content: Uint8Array): AsyncIterable<Uint8Array> {
  yield content;
}
