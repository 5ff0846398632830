// A world with a forge: the whole program (controller, gateway, reviewer, server) in this process, the fake GitHub on a
// socket with a real repository behind it, and devices that poll over HTTP. Tests tell stories on it.

import { createHash } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { composeController } from '../../controller/compose.ts';
import type { ServedController, ServeOptions } from '../../controller/cli/ports.ts';
import type { ForgeSettings } from '../../controller/forges/forge-settings.ts';
import type { ProductView } from '../../controller/reconciler/controller.ts';
import { buildParticleModule } from '../../controller/simulator/firmware-image.ts';
import type { FakeGitHub, Files } from '../fakes/github/fake-github.ts';
import { startFakeGitHub } from '../fakes/github/github-server.ts';
import { createDeviceHands, DEVICE_TOKEN, type DeviceHand } from './device-hand.ts';

const T0 = performance.now();
const WEBHOOK_SECRET = 'a secret that only both ends know';
const PATIENCE_MS = 30_000;
/** Pause of a device between two polls. */
const POLL_PAUSE_MS = 20;

export interface ForgeWorldOptions {
  /** Files of the first commit, beside or instead of the usual ones. */
  readonly files?: Files;
  /** Default: the app. */
  readonly auth?: 'app' | 'token';
  /** Default: true. */
  readonly webhooks?: boolean;
  /** Folder of the repository that is the fleet repo. */
  readonly subfolder?: string;
  readonly intervalMs?: number;
  /** What reviews may fetch; default: nothing. */
  readonly reviews?: Partial<
    Pick<NonNullable<ServeOptions['forge']>, 'binaryHosts' | 'binaryBytesMax'>
  >;
  readonly serve?: Partial<ServeOptions>;
}

/** How a device takes a version. */
export type Behaviour = 'runs' | 'fails';

export interface ForgeWorld {
  readonly github: FakeGitHub;
  readonly folder: string;
  readonly logLines: readonly string[];
  /** The options that the program is started with. */
  readonly options: ServeOptions;
  readonly served: () => ServedController;
  readonly start: () => Promise<void>;
  /** Ends the program as SIGTERM does; the state stays. */
  readonly stop: () => Promise<void>;
  readonly view: () => ProductView | null;
  /** Devices that register with a version, poll until the world ends, and install what they are offered. */
  readonly startDevices: (
    ids: readonly string[],
    version: number,
    behave?: (id: string, version: number) => Behaviour,
  ) => void;
  /** Keeps a device from installing anything while the condition holds; it polls all the same. */
  readonly hold: (id: string, isHeld: () => boolean) => void;
  /** What a device runs. */
  readonly running: (id: string) => number | null;
  /** Waits until the condition holds; looked at after whatever happens at the forge or in the controller. */
  readonly until: (what: string, condition: () => boolean) => Promise<void>;
  /** A check's verdict: its conclusion, or its status while it has none; null where there is no such check. */
  readonly check: (sha: string, name: 'plan' | 'gate') => string | null;
  /** Our comment on a pull request; null where there is none. */
  readonly comment: (number: number) => string | null;
  /** The newest status of the product on a commit, as `STATE DESCRIPTION`. */
  readonly status: (sha: string) => string | null;
  readonly close: () => Promise<void>;
}

/** Manifests of a product `thermostat` with these versions, and their binaries. */
export function fleetFiles(versions: readonly number[], release: number | null): Files {
  return {
    'product.yaml': manifest('Product', 'thermostat', [
      'productId: 94',
      'platform: photon',
      'fleet: { driver: gateway, pollInterval: 1s, retries: 0 }',
      'verification: { devices: 1, group: bench }',
    ]),
    'bench.yaml': manifest('DeviceGroup', 'bench', ['product: thermostat', 'devices: [bench-1]']),
    ...Object.assign({}, ...versions.map((version) => firmwareFiles(version))),
    ...(release === null ? {} : releaseFile(release)),
    ...lockFile(versions[0] ?? 1),
  };
}

/** The manifest and the binary of a version. */
export function firmwareFiles(version: number): Files {
  const binary = buildParticleModule({ productId: 94, version, platformId: 6 });
  const sha256 = createHash('sha256').update(binary).digest('hex');
  return {
    [`firmware/${version}.bin`]: binary,
    [`firmware/${version}.yaml`]: manifest('Firmware', `thermostat-${version}`, [
      'product: thermostat',
      `version: ${version} # as compiled in`,
      `title: Version ${version}`,
      `binary: { path: firmware/${version}.bin, sha256: ${sha256} }`,
    ]),
  };
}

/** The lock of the bench. */
export function lockFile(version: number): Files {
  return {
    'bench-lock.yaml': manifest('DeviceLock', 'bench', [
      'product: thermostat',
      'group: bench',
      `version: ${version}`,
      'flash: now # the bench is on my desk',
    ]),
  };
}

/** The release, with further lines of its spec. */
export function releaseFile(version: number, ...more: readonly string[]): Files {
  return {
    'release.yaml': manifest('Release', 'thermostat', [
      'product: thermostat',
      `version: ${version} # what everyone gets`,
      ...more,
    ]),
  };
}

/** A strategy of two steps: one device first, then all of them. */
export const TWO_STEPS = [
  'strategy:',
  '  steps:',
  '    - { name: canary, exposure: 40% }',
  '    - { name: all, exposure: 100% }',
  '  halt: { failureRate: 20%, minAttempts: 1, action: hold }',
];

function manifest(kind: string, name: string, spec: readonly string[]): string {
  return [
    'apiVersion: lockstep/v1',
    `kind: ${kind}`,
    `metadata: { name: ${name} }`,
    'spec:',
    ...spec.map((line) => `  ${line}`),
    '',
  ].join('\n');
}

/** Starts a world; `start` starts the program in it. Close it after the test. */
export async function startForgeWorld(given: ForgeWorldOptions = {}): Promise<ForgeWorld> {
  const folder = await mkdtemp(join(tmpdir(), 'lockstep-forge-'));
  const github = await startFakeGitHub({ files: given.files ?? fleetFiles([41], 41) });
  const logLines: string[] = [];
  const note = (line: string): void => void logLines.push(line);
  let served: ServedController | null = null;
  let hands: ReturnType<typeof createDeviceHands> | null = null;
  const ending = new AbortController();
  const running = new Map<string, number>();
  const polling: Promise<void>[] = [];
  const held = new Map<string, () => boolean>();

  const hasForge = given.serve?.forge !== null;
  const options: ServeOptions = {
    source: {
      kind: 'git',
      // Where nobody else gives it access to the repository, its address does.
      url: hasForge ? github.gitUrl : github.gitUrl.replace('//', `//rosa:${github.token}@`),
      ref: 'main',
      subfolder: given.subfolder ?? null,
    },
    stateSpec: `sqlite:${join(folder, 'state.db')}`,
    listen: { host: '127.0.0.1', port: 0 },
    deviceListen: null,
    publicUrl: null,
    intervalMs: given.intervalMs ?? 60_000,
    gatewayToken: DEVICE_TOKEN,
    allowAnonymous: false,
    adopt: true,
    verify: null,
    forge: {
      settings: forgeSettings(github, given),
      binaryHosts: [],
      pacing: 'none',
      ...given.reviews,
    },
    notices: [],
    proxy: null,
    followSource: true,
    log: { info: note, warn: note },
    ...given.serve,
  };

  const poll = async (
    id: string,
    version: number,
    behave: (id: string, version: number) => Behaviour,
  ): Promise<void> => {
    let isKnown = false;
    while (!ending.signal.aborted) {
      const hand = hands?.device('thermostat', id);
      try {
        if (hand !== undefined && isKnown) {
          if (held.get(id)?.() === true) await hand.poll();
          else await turn(hand, id, running, behave);
        } else if (hand !== undefined) {
          await hand.introduce(version);
          running.set(id, version);
          isKnown = true;
        }
      } catch {
        // The gateway is away for a moment, as it may be.
      }
      await new Promise((resolve) => setTimeout(resolve, POLL_PAUSE_MS));
    }
  };

  const world: ForgeWorld = {
    github,
    folder,
    logLines,
    options,
    served() {
      if (served === null) throw new Error('the program does not run');
      return served;
    },
    async start() {
      const composed = await composeController(options);
      if (!composed.ok) throw new Error(`${composed.error.code}: ${composed.error.message}`);
      served = composed.value;
      hands = createDeviceHands(served.address);
      if (given.webhooks !== false) {
        github.webhook = { url: `${served.address}/webhooks/github`, secret: WEBHOOK_SECRET };
      }
    },
    async stop() {
      github.webhook = null;
      const [stopping, open] = [served, hands];
      served = null;
      hands = null;
      await open?.close();
      await stopping?.close();
    },
    view: () =>
      served?.controller.view().products.find(({ product }) => product === 'thermostat') ?? null,
    startDevices(ids, version, behave = () => 'runs') {
      for (const id of ids) polling.push(poll(id, version, behave));
    },
    hold: (id, isHeld) => void held.set(id, isHeld),
    running: (id) => running.get(id) ?? null,
    async until(what, condition) {
      const deadline = performance.now() + PATIENCE_MS;
      while (!condition()) {
        if (performance.now() > deadline) {
          throw new Error(`waited in vain until ${what}\n${describe(world)}`);
        }
        await Promise.race([
          served?.controller.nextPass(50) ?? new Promise((resolve) => setTimeout(resolve, 50)),
          github.waitFor(condition, 50).catch(() => undefined),
        ]);
      }
      if (process.env['TL']) console.log(Math.round(performance.now() - T0), what);
    },
    check(sha, name) {
      const found = github.check(sha, `lockstep/${name}`);
      return found === null ? null : (found.conclusion ?? found.status);
    },
    comment: (number) =>
      github.comments(number).find(({ body }) => body.includes('<!-- lockstep:'))?.body ?? null,
    status(sha) {
      const newest = github.statuses(sha, 'lockstep/thermostat').at(-1);
      return newest === undefined ? null : `${newest.state} ${newest.description ?? ''}`;
    },
    async close() {
      ending.abort();
      await Promise.all(polling);
      await world.stop();
      await github.close();
      await rm(folder, { recursive: true, force: true });
    },
  };
  return world;
}

async function turn(
  hand: DeviceHand,
  id: string,
  running: Map<string, number>,
  behave: (id: string, version: number) => Behaviour,
): Promise<void> {
  const { link, asks } = await hand.poll();
  if (asks) await hand.report(running.get(id) ?? 0);
  if (link?.kind === 'cancel') await hand.cancelFeedback(link.id, 'closed', 'success');
  if (link?.kind !== 'deployment') return;
  const offer = await hand.read(link.href);
  if (offer.status !== 200) return;
  const version = Number(offer.version);
  await hand.download(offer.artifact);
  if (behave(id, version) === 'fails') {
    await hand.feedback(link.id, 'closed', 'failure', 'flash <b>verify</b> failed @everyone');
    return;
  }
  await hand.feedback(link.id, 'closed', 'success');
  await hand.report(version);
  running.set(id, version);
}

function forgeSettings(github: FakeGitHub, { auth = 'app' }: ForgeWorldOptions): ForgeSettings {
  return {
    kind: 'github',
    repository: `${github.owner}/${github.repo}`,
    apiUrl: github.apiUrl,
    webUrl: null,
    auth:
      auth === 'token'
        ? { kind: 'token', token: github.token }
        : {
            kind: 'app',
            appId: String(github.app.id),
            privateKey: github.app.privateKey,
            installationId: null,
          },
    webhookSecret: WEBHOOK_SECRET,
  };
}

function describe(world: ForgeWorld): string {
  const view = world.view();
  return [
    `plan: ${JSON.stringify(view?.plan?.refusals.map(({ reason, message }) => [reason, message]))}`,
    `releases: ${JSON.stringify(view?.plan?.releases.map(({ version, step, waits }) => [version, step, waits]))}`,
    `requests: ${world.github.requests
      .slice(-25)
      .map(({ method, path, status }) => `${method} ${path} ${status}`)
      .join('\n  ')}`,
    `log: ${world.logLines.slice(-20).join('\n  ')}`,
  ].join('\n');
}
