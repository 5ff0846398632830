// The main job with a device client that nobody here wrote: SWUpdate from Debian is brought from one version to another
// by commits to a git repository that a running `lockstep run` watches.

import { execFileSync, spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { SwupdateDevice } from './swupdate-device.ts';
import { startSwupdate } from './swupdate-device.ts';
import type { SigningKey } from './swupdate-image.ts';
import { buildSwuImage, createSigningKey, sha256 } from './swupdate-image.ts';

const PRODUCT = 'meter';
const TOKEN = 'end-to-end';
const ROOT = resolve(import.meta.dirname, '../..');
const GIT_ENV = {
  GIT_CONFIG_GLOBAL: '/dev/null',
  GIT_CONFIG_SYSTEM: '/dev/null',
  GIT_AUTHOR_NAME: 'Test',
  GIT_AUTHOR_EMAIL: 'test@lockstep.invalid',
  GIT_COMMITTER_NAME: 'Test',
  GIT_COMMITTER_EMAIL: 'test@lockstep.invalid',
};

const folder = mkdtempSync(join(tmpdir(), 'lockstep-e2e-'));
const repo = join(folder, 'fleet');
const installed = join(folder, 'installed.bin');
const devices: SwupdateDevice[] = [];
let signing: SigningKey;
let payload: Buffer;
let controller: ChildProcess;
let server = '';
let controllerLog = '';

beforeAll(async () => {
  mkdirSync(repo);
  signing = createSigningKey(folder);
  buildSwuImage(folder, join(repo, 'meter-1.0.0.swu'), signing, {
    version: '1.0.0',
    target: installed,
  });
  payload = buildSwuImage(folder, join(repo, 'meter-1.0.1.swu'), signing, {
    version: '1.0.1',
    target: installed,
  });
  buildSwuImage(folder, join(repo, 'meter-1.0.2.swu'), signing, {
    version: '1.0.2',
    target: join(folder, 'never.bin'),
    script: '[ "$1" = preinst ] && exit 1; exit 0',
  });
  git('init', '-q', '--initial-branch=main');
  writeFileSync(join(repo, 'product.yaml'), productManifest());
  writeFileSync(join(repo, 'firmware-1.0.0.yaml'), firmwareManifest(1, '1.0.0'));
  commit('Meters run 1.0.0');
  await startController();
});

afterAll(async () => {
  for (const device of devices) await device.stop();
  controller.kill('SIGTERM');
  await new Promise((done) => controller.once('exit', done));
  rmSync(folder, { recursive: true, force: true });
});

it('brings SWUpdate to a new version by commits, and takes nothing but its word as verification', async () => {
  const first = startDevice('dev-1', '1.0.0');
  await until(
    'dev-1 to register and name 1.0.0',
    async () => (await device('dev-1'))?.['reported'] === '1.0.0',
  );

  writeFileSync(join(repo, 'firmware-1.0.1.yaml'), firmwareManifest(2, '1.0.1'));
  writeFileSync(join(repo, 'release.yaml'), manifest('Release', 'meter', 'version: 2'));
  writeFileSync(
    join(repo, 'lock.yaml'),
    manifest('DeviceLock', 'bench', 'devices: [dev-1]\n  version: 2\n  flash: now'),
  );
  const released = commit('Release 1.0.1, and verify it on dev-1');
  await until('the commit to be in force', async () => (await product())['revision'] === released);
  expect(await releaseVersion()).toBeNull();

  await until(
    'SWUpdate to install',
    () => first.log().includes('All Chunks Installed') || existsSync(installed),
  );
  await until('the last feedback', async () =>
    feedbackOf(await lastAction('dev-1')).includes('All Chunks Installed.'),
  );
  expect(readFileSync(installed).equals(payload)).toBe(true);
  // A finished installation is no verification: the release waits until the version is named.
  expect(await verifiedAt(2)).toBeNull();
  expect(await releaseVersion()).toBeNull();

  await first.stop();
  startDevice('dev-1', '1.0.1', '2');
  await until('1.0.1 to be verified', async () => (await verifiedAt(2)) !== null);
  await until('the release to start by itself', async () => (await releaseVersion()) === 2);
  expect((await lastAction('dev-1'))['state']).toBe('succeeded');
  expect((await device('dev-1'))?.['reported']).toBe('1.0.1');
});

it('updates a second device by the release alone', async () => {
  const second = startDevice('dev-2', '1.0.0');
  await until('dev-2 to install', async () =>
    feedbackOf(await lastAction('dev-2')).includes('All Chunks Installed.'),
  );
  await second.stop();
  startDevice('dev-2', '1.0.1', '2');
  await until('dev-2 to run 1.0.1', async () => (await device('dev-2'))?.['running'] === 2);
  expect((await lastAction('dev-2'))['state']).toBe('succeeded');
});

it('records a failing installation, retries it with back-off, and keeps the release where it is', async () => {
  writeFileSync(join(repo, 'firmware-1.0.2.yaml'), firmwareManifest(3, '1.0.2'));
  writeFileSync(
    join(repo, 'lock.yaml'),
    manifest('DeviceLock', 'bench', 'devices: [dev-1]\n  version: 3\n  flash: now'),
  );
  writeFileSync(join(repo, 'release.yaml'), manifest('Release', 'meter', 'version: 3'));
  commit('Release 1.0.2, which cannot be installed');
  await until('the failure to be counted twice', async () => {
    const failures = (await device('dev-1'))?.['failures'] as { count?: number } | null | undefined;
    return (failures?.count ?? 0) >= 2;
  });
  expect(existsSync(join(folder, 'never.bin'))).toBe(false);
  expect(await verifiedAt(3)).toBeNull();
  expect(await releaseVersion()).toBe(2);
  const actions = (await get(`devices/dev-1/actions`)) as unknown as {
    items: { state: string; version: number }[];
  };
  expect(actions.items.filter(({ version }) => version === 3).map(({ state }) => state)).toContain(
    'failed',
  );
});

function startDevice(id: string, version: string, confirm?: '2'): SwupdateDevice {
  const own = mkdtempSync(join(folder, `${id}-`));
  const started = startSwupdate({
    folder: own,
    id,
    server,
    tenant: PRODUCT,
    gatewayToken: TOKEN,
    certificate: signing.certificate,
    version,
    ...(confirm === undefined ? {} : { confirm }),
  });
  devices.push(started);
  return started;
}

async function startController(): Promise<void> {
  controller = spawn(
    process.execPath,
    [
      join(ROOT, 'controller/main.ts'),
      'run',
      `${repo}#main`,
      '--listen',
      '127.0.0.1:0',
      '--interval',
      '1s',
      '--adopt',
      '--state',
      `sqlite:${join(folder, 'state', 'state.db')}`,
    ],
    { env: { ...process.env, LOCKSTEP_GATEWAY_TOKEN: TOKEN }, stdio: ['ignore', 'pipe', 'pipe'] },
  );
  let out = '';
  controller.stdout?.on('data', (chunk: Buffer) => (out += chunk.toString()));
  controller.stderr?.on('data', (chunk: Buffer) => (controllerLog += chunk.toString()));
  await until('the controller to be ready', () => /ready at (http:\S+)/.test(out));
  server = /ready at (http:\S+)/.exec(out)?.[1] ?? '';
}

async function until(what: string, holds: () => boolean | Promise<boolean>): Promise<void> {
  const deadline = performance.now() + 60_000;
  while (!(await holds())) {
    if (performance.now() > deadline) {
      const logs = devices.map((each) => each.log().slice(-3_000)).join('\n---\n');
      throw new Error(`Waited in vain for ${what}.\n${controllerLog.slice(-3_000)}\n${logs}`);
    }
    await new Promise((done) => setTimeout(done, 100));
  }
}

type Json = Readonly<Record<string, unknown>>;

async function get(path: string): Promise<Json> {
  const answer = await fetch(
    `${server}/api/v1/products/${PRODUCT}${path === '' ? '' : `/${path}`}`,
  );
  return (await answer.json()) as Json;
}

const product = (): Promise<Json> => get('');

async function device(id: string): Promise<Json | null> {
  const answer = await get(`devices/${id}`);
  return 'error' in answer ? null : answer;
}

async function lastAction(id: string): Promise<Json> {
  const list = (await get(`devices/${id}/actions`)) as unknown as { items?: { id: string }[] };
  const newest = list.items?.[0];
  return newest === undefined ? {} : get(`devices/${id}/actions/${newest.id}`);
}

function feedbackOf(action: Json): readonly string[] {
  const entries = (action['feedback'] ?? []) as { details: string[] }[];
  return entries.flatMap(({ details }) => details);
}

async function verifiedAt(version: number): Promise<unknown> {
  const list = (await get('firmware')) as unknown as {
    items: { version: number; verified: { at: string | null } | null }[];
  };
  return list.items.find((each) => each.version === version)?.verified?.at ?? null;
}

async function releaseVersion(): Promise<number | null> {
  const list = (await get('releases')) as unknown as { items: { version: number }[] };
  return list.items[0]?.version ?? null;
}

function productManifest(): string {
  return `apiVersion: lockstep/v1
kind: Product
metadata: { name: ${PRODUCT} }
spec:
  fleet: { driver: gateway, pollInterval: 1s, rebootGrace: 30s, retries: 5 }
  verification: { devices: 1, evidence: flashed }
`;
}

function firmwareManifest(version: number, name: string): string {
  const digest = sha256(readFileSync(join(repo, `meter-${name}.swu`)));
  return manifest(
    'Firmware',
    `meter-${name}`,
    `version: ${version}
  reportedAs: "${name}"
  binary: { path: meter-${name}.swu, sha256: ${digest}, format: opaque }`,
  );
}

function manifest(kind: string, name: string, spec: string): string {
  return `apiVersion: lockstep/v1\nkind: ${kind}\nmetadata: { name: ${name} }\nspec:\n  product: ${PRODUCT}\n  ${spec}\n`;
}

function git(...args: readonly string[]): string {
  return execFileSync('git', [...args], {
    cwd: repo,
    env: { ...process.env, ...GIT_ENV },
    encoding: 'utf8',
  }).trim();
}

function commit(message: string): string {
  git('add', '-A');
  git('commit', '-qm', message);
  return git('rev-parse', 'HEAD');
}
