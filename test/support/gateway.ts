// A started gateway for tests: real HTTP on a free port, a real SQLite state and binaries in a folder of its own, and a
// clock that only the test moves.

import { createHash } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { Agent } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import Fastify from 'fastify';

import type { Clock } from '../../controller/base/clock.ts';
import { tickGapMaxMs } from '../../controller/devices/listening.ts';
import type { GatewayOptions, GatewayPorts } from '../../controller/fleets/gateway/gateway.ts';
import { TICK_MS } from '../../controller/fleets/gateway/gateway.ts';
import type { GatewayDriver } from '../../controller/fleets/gateway/gateway-driver.ts';
import { createGatewayDriver } from '../../controller/fleets/gateway/gateway-driver.ts';
import { hashToken } from '../../controller/fleets/gateway/credentials.ts';
import { GATEWAY_ROUTER_OPTIONS } from '../../controller/fleets/gateway/routes.ts';
import type { Desired } from '../../controller/model/desired.ts';
import type { DeviceRecord } from '../../controller/model/device.ts';
import { expectedDevice } from '../../controller/model/device.ts';
import type { Event } from '../../controller/model/event.ts';
import type { Action } from '../../controller/model/plan.ts';
import type { BinaryStore } from '../../controller/stores/binaries.ts';
import { openBinaryFolder } from '../../controller/stores/files/binary-store.ts';
import { openSqliteStore } from '../../controller/stores/sqlite/sqlite-store.ts';
import type { Store } from '../../controller/stores/store.ts';
import { buildDesired, type DesiredWords } from './desired.ts';
import { releaseAll, type TracksWords } from './tracks.ts';
import { type Answer, type AskOptions, GATEWAY_TOKEN, sendRequest } from './device-request.ts';

/** Wall-clock time at which a test begins. */
export const TEST_START = Date.UTC(2026, 0, 5, 12);

/** A clock that stands still until it is told otherwise. */
export interface TestClock extends Clock {
  /** Both clocks go on. */
  advance(ms: number): void;
  /** The wall clock alone is set. */
  jump(ms: number): void;
}

/** A poll's answer, as devices read it. */
export interface PollBody {
  readonly config: { readonly polling: { readonly sleep: string } };
  readonly _links?: Readonly<
    Partial<Record<'deploymentBase' | 'cancelAction' | 'configData', { readonly href: string }>>
  >;
}

export interface TestGateway {
  /** `http://127.0.0.1:PORT` */
  readonly url: string;
  readonly store: Store;
  readonly binaries: BinaryStore;
  readonly driver: GatewayDriver;
  readonly clock: TestClock;
  readonly logLines: readonly string[];
  /** Puts desired state in force: stores the product and binaries for its firmware, and enforces it. */
  inForce(words: DesiredWords, flags?: ForceFlags): Promise<Desired>;
  /** Stores the product and the binaries of its firmware, whose digests may be any. */
  prepare(desired: Desired, flags?: ForceFlags): Promise<void>;
  /** The binary of a version, as `inForce` makes it. */
  binaryOf(version: number): Buffer;
  /** Sends a request to a path or an absolute URL. */
  ask(method: string, target: string, options?: AskOptions): Promise<Answer>;
  /** Polls as a device of `thermostat` and expects 200. */
  poll(device: string, options?: AskOptions): Promise<PollBody>;
  /** Sends attributes as a device of `thermostat` and expects 200. */
  report(device: string, data: Readonly<Record<string, string | null>>): Promise<void>;
  device(id: string): Promise<DeviceRecord>;
  events(type?: string): Promise<readonly Event[]>;
  /** Creates an expected device with a token of its own. */
  issueToken(device: string, token: string): Promise<void>;
  lock(device: string, version: number, flash?: 'now' | 'on-reset'): Promise<void>;
  unlock(device: string): Promise<void>;
  /** Lets listening time pass, in the longest gaps between ticks that count. */
  pass(ms: number): Promise<void>;
  /** Starts another gateway process on the same state, and stops this one. */
  restart(): Promise<TestGateway>;
  close(): Promise<void>;
}

export interface ForceFlags {
  readonly stopped?: boolean;
  /** Versions that count as verified. Default: all. */
  readonly verified?: readonly number[];
  /** Epoch milliseconds of withdrawals, by version. */
  readonly withdrawnAt?: Readonly<Record<number, number>>;
  /** How far the releases are. Default: everyone at once. */
  readonly tracks?: TracksWords;
}

/** Changes to how a test gateway is made. */
export interface TestGatewayOptions extends Partial<GatewayOptions> {
  /** Stands between the gateway and its state or binaries. */
  readonly wrap?: (ports: GatewayPorts) => GatewayPorts;
  /** Size of the binaries that `inForce` makes. Default: 10,000 bytes. */
  readonly binarySize?: number;
}

/** Starts a gateway. Close it after the test. */
export async function startGateway(options: TestGatewayOptions = {}): Promise<TestGateway> {
  const folder = await mkdtemp(join(tmpdir(), 'lockstep-gateway-'));
  return openGateway(folder, options, createTestClock());
}

/** A clock for tests. */
export function createTestClock(): TestClock {
  let now = TEST_START;
  let monotonic = 1_000;
  return {
    now: () => now,
    monotonicMs: () => monotonic,
    advance(ms) {
      now += ms;
      monotonic += ms;
    },
    jump(ms) {
      now += ms;
    },
  };
}

async function openGateway(
  folder: string,
  options: TestGatewayOptions,
  clock: TestClock,
): Promise<TestGateway> {
  const opened = await openSqliteStore(join(folder, 'state.db'));
  if (!opened.ok) throw new Error(opened.error.message);
  const store = opened.value;
  const binaries = await openBinaryFolder(join(folder, 'binaries'));
  const logLines: string[] = [];
  const note = (line: string): void => void logLines.push(line);
  const ports: GatewayPorts = { store, binaries, clock, log: { info: note, warn: note } };
  const driver = createGatewayDriver(options.wrap?.(ports) ?? ports, {
    gatewayTokenHash: hashToken(GATEWAY_TOKEN),
    allowAnonymous: false,
    publicUrl: null,
    ...options,
  });
  const server = Fastify({ routerOptions: GATEWAY_ROUTER_OPTIONS });
  await server.register(driver.routes);
  const url = await server.listen({ host: '127.0.0.1', port: 0 });
  const agent = new Agent({ keepAlive: true });
  const gapMaxMs = tickGapMaxMs(options.tickMs ?? TICK_MS);

  async function stop(): Promise<void> {
    await driver.close();
    agent.destroy();
    await server.close();
    await store.close();
  }

  const made = new Map<number, Buffer>();

  const gateway: TestGateway = {
    url,
    store,
    binaries,
    driver,
    clock,
    logLines,
    binaryOf(version) {
      const content = made.get(version) ?? makeBinary(version, options.binarySize ?? 10_000);
      made.set(version, content);
      return content;
    },
    async inForce(words, flags = {}) {
      const firmware = (words.firmware ?? []).map((each) => {
        const content = gateway.binaryOf(each.version);
        return { ...each, sha256: each.sha256 ?? digest('sha256', content) };
      });
      const desired = releaseAll(buildDesired({ ...words, firmware }), flags.tracks);
      await gateway.prepare(desired, flags);
      const enforced = await driver.enforce(desired);
      if (!enforced.ok) throw new Error(enforced.error.message);
      return desired;
    },
    async prepare(desired, flags = {}) {
      for (const { spec } of desired.firmware) {
        const content = gateway.binaryOf(spec.version);
        const put = await binaries.put(digest('sha256', content), feed(content));
        if (!put.ok) throw new Error(put.error.message);
      }
      await saveForce(store, desired, flags, gateway);
    },
    ask: (method, target, asked = {}) => sendRequest(agent, method, new URL(target, url), asked),
    async poll(device, asked) {
      const answer = await gateway.ask('GET', devicePath(device), asked);
      if (answer.status !== 200) throw new Error(`poll of ${device}: ${answer.status}`);
      return answer.json() as PollBody;
    },
    async report(device, data) {
      const answer = await gateway.ask('PUT', `${devicePath(device)}/configData`, {
        body: { data },
      });
      if (answer.status !== 200) throw new Error(`report of ${device}: ${answer.text}`);
    },
    async device(id) {
      const record = await store.device('thermostat', id);
      if (record === null) throw new Error(`no device ${id}`);
      return record;
    },
    async events(type) {
      const query = type === undefined ? { limit: 1_000 } : { type, limit: 1_000 };
      return (await store.events(query)).toReversed();
    },
    async issueToken(device, token) {
      const record = { ...expectedDevice('thermostat', device), tokenHash: hashToken(token) };
      await store.saveDevice({ before: null, after: record });
    },
    lock: (device, version, flash = 'now') =>
      act(driver, { type: 'LockDevice', device, version, flash, trace: traceOf('bench') }),
    unlock: (device) =>
      act(driver, { type: 'UnlockDevice', device, from: 0, trace: traceOf('bench') }),
    async pass(ms) {
      for (let left = ms; left > 0; left -= gapMaxMs) {
        clock.advance(Math.min(left, gapMaxMs));
        await driver.tick();
      }
    },
    async restart() {
      await stop();
      return openGateway(folder, options, clock);
    },
    async close() {
      await stop();
      await rm(folder, { recursive: true, force: true });
    },
  };
  return gateway;
}

/** The path of a device's resource. */
export function devicePath(device: string, tenant = 'thermostat'): string {
  return `/${tenant}/controller/v1/${encodeURIComponent(device)}`;
}

/** A feedback body. */
export function feedbackBody(
  execution: string,
  finished: string,
  details: readonly string[] = [],
): unknown {
  return { status: { execution, result: { finished }, details } };
}

/** Hex digest of a binary. */
export function digest(algorithm: 'sha256' | 'sha1' | 'md5', content: Uint8Array): string {
  return createHash(algorithm).update(content).digest('hex');
}

function makeBinary(version: number, size: number): Buffer {
  const content = Buffer.alloc(size, `firmware ${version} `);
  // No two places alike, so that a range from the wrong place is noticed.
  for (let at = 0; at + 4 <= size; at += 1_000) content.writeUInt32BE(at, at);
  return content;
}

async function* feed(content: Uint8Array): AsyncIterable<Uint8Array> {
  yield content;
}

function traceOf(name: string): Action['trace'] {
  const place = { file: 'lock.yaml', line: 1, column: 1 };
  return { revision: 'r1', manifest: `DeviceLock/${name}`, place };
}

async function act(driver: GatewayDriver, action: Action): Promise<void> {
  const done = await driver.execute('thermostat', action);
  if (!done.ok) throw new Error(done.error.message);
}

async function saveForce(
  store: Store,
  desired: Desired,
  flags: ForceFlags,
  gateway: Pick<TestGateway, 'binaryOf'>,
): Promise<void> {
  const { product } = desired;
  await store.saveProduct({
    product: {
      name: product,
      adoptedAt: TEST_START,
      stoppedAt: flags.stopped === true ? TEST_START : null,
      inForce: desired,
      revision: 'r1',
      listenedMs: 0,
      conditions: [],
    },
    firmware: desired.firmware.map(({ spec }) => {
      const content = gateway.binaryOf(spec.version);
      const isVerified = flags.verified?.includes(spec.version) ?? true;
      return {
        product,
        version: spec.version,
        sha256: spec.binary.sha256,
        size: content.length,
        sha1: digest('sha1', content),
        md5: digest('md5', content),
        addedAt: TEST_START,
        addedRevision: 'r1',
        verifiedAt: isVerified ? TEST_START : null,
        finishedAt: null,
        withdrawnAt: flags.withdrawnAt?.[spec.version] ?? null,
        stored: true,
      };
    }),
  });
}
