// `lockstep init --from particle`, as a user runs it, over a fake of Particle's API: what is written is valid, what does
// not fit is told, and the first plan of a controller over it says that there is nothing to do.

import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { IMPORT_REASONS } from '../../controller/imports/finding.ts';
import { buildProductFirmware } from '../../controller/simulator/particle/devices.ts';
import type {
  ParticleCloud,
  ParticleCloudOptions,
} from '../../controller/simulator/particle/particle-cloud.ts';
import { startParticleCloud } from '../../controller/simulator/particle/particle-cloud.ts';
import {
  type CliResult,
  findFreePort,
  hasStack,
  makeFolder,
  runCli,
  startCli,
} from '../support/cli.ts';

const GOLDEN = join(import.meta.dirname, 'golden');
const SLOW = { timeout: 120_000 };

let folder: ReturnType<typeof makeFolder>;
let cloud: ParticleCloud;
beforeEach(() => {
  folder = makeFolder();
});
afterEach(async () => {
  await cloud.close();
  folder.remove();
});

const PRODUCT = 'thermostat-v2';

async function start(options: ParticleCloudOptions): Promise<void> {
  cloud = await startParticleCloud({ slug: PRODUCT, ...options });
}

function env(more: Readonly<Record<string, string>> = {}): Readonly<Record<string, string>> {
  return { LOCKSTEP_PARTICLE_TOKEN: cloud.token, LOCKSTEP_PARTICLE_API: cloud.url, ...more };
}

function init(args: readonly string[] = [], more = {}): Promise<CliResult> {
  const all = ['init', 'fleet', '--from', 'particle', '--particle-product', PRODUCT, ...args];
  return runCli(all, { cwd: folder.path, env: env(more) });
}

const fleet = (): string => join(folder.path, 'fleet');

/** A product with something of everything that does not fit. */
const ODD: ParticleCloudOptions = {
  firmware: [
    { version: 40, bytes: buildProductFirmware({ id: 30_301, platformId: 12 }, 7) },
    { version: 41, isDefault: true, title: 'Heater: warm', description: 'One\n\ntwo' },
    { version: 42, groups: ['bench', 'beta_test'] },
    { version: 43, groups: ['lab'], isMandatory: true },
  ],
  groups: ['empty'],
  devices: [
    { id: 'e00fce680000000000000001', runs: 41 },
    { id: '123456789012345678901234', runs: 42, groups: ['bench'] },
    { id: 'e00fce680000000000000003', runs: 42, groups: ['beta_test'] },
    { id: 'e00fce680000000000000004', runs: 43, groups: ['bench', 'lab'] },
    { id: 'e00fce680000000000000005', runs: 43, lock: 43 },
    { id: 'e00fce680000000000000006', runs: 41, lock: 40 },
    { id: 'e00fce680000000000000007', runs: 41, isDevelopment: true },
    { id: 'e00fce680000000000000008', runs: 41, isQuarantined: true },
  ],
};

describe('init --from particle', SLOW, () => {
  it('writes what is so at Particle, and the first plan of a controller says: nothing to do', async () => {
    await start({
      firmware: [
        { version: 41, isDefault: true },
        { version: 42, groups: ['bench'] },
        { version: 43 },
      ],
      devices: [
        ...Array.from({ length: 30 }, () => ({ runs: 41 })),
        { runs: 42, groups: ['bench'] },
        { runs: 43, lock: 43 },
      ],
    });
    const made = await init();
    expect(made).toMatchObject({ code: 0 });
    expect(made.stdout).toContain(
      '\n3 firmware versions, 1 group, 1 locked device, 2 releases, 32 devices at Particle\n',
    );
    expect(made.stderr).toMatch(/^reading devices \d+/m);
    expect(made.stderr).toContain('reading binaries 3 of 3');
    expect(made.stderr).toContain('Next: cd fleet && lockstep validate');
    const checked = await runCli(['validate'], { cwd: fleet() });
    expect(checked).toMatchObject({ code: 0, stdout: '8 manifests, no problems\n' });

    const port = await findFreePort();
    const controller = startCli(
      ['run', '.', '--adopt', '--interval', '1s', '--listen', `127.0.0.1:${port}`],
      { cwd: fleet(), env: env() },
    );
    try {
      await controller.until(/127\.0\.0\.1/);
      const server = `http://127.0.0.1:${port}`;
      let planned: CliResult;
      let tries = 0;
      do {
        planned = await runCli(['plan', '--server', server], { cwd: fleet() });
        tries += 1;
      } while (planned.code !== 0 && tries < 15);
      expect(planned).toMatchObject({ code: 0, stderr: '' });
      expect(planned.stdout).toMatch(/nothing to do/i);
      const status = await runCli(['status', '--server', server], { cwd: fleet() });
      expect(status.stdout).toContain('Converged');
    } finally {
      await controller.stop();
    }
    expect(cloud.calls.filter(({ method }) => method !== 'GET')).toEqual([]);
    expect(cloud.fleet.flashes).toEqual([]);
  });

  it('tells what does not fit with place, cause and remedy, and exits with 3', async () => {
    await start(ODD);
    const made = await init();
    expect(made.code).toBe(3);
    await expect(made.stdout).toMatchFileSnapshot(join(GOLDEN, 'import.txt'));
    const checked = await runCli(['validate'], { cwd: fleet() });
    expect(checked.stdout).toMatch(/^\d+ manifests, no problems\n$/);
    expect(cloud.calls.filter(({ method }) => method !== 'GET')).toEqual([]);
    const texts = ['product.yaml', 'firmware/41.yaml', 'groups/bench.yaml', 'locks/43.yaml'].map(
      (path) => `==> ${path}\n${readFileSync(join(fleet(), path), 'utf8')}`,
    );
    await expect(texts.join('\n')).toMatchFileSnapshot(join(GOLDEN, 'imported-manifests.txt'));
  });

  it('tells the same as JSON, with all devices by name', async () => {
    await start(ODD);
    const { stdout, stderr } = await init(['--output', 'json']);
    const report = JSON.parse(stdout) as {
      readonly directory: string;
      readonly product: string;
      readonly files: readonly string[];
      readonly findings: readonly {
        readonly reason: string;
        readonly devices: readonly string[];
      }[];
    };
    expect(report).toMatchObject({ directory: fleet(), product: PRODUCT });
    for (const file of report.files) expect(existsSync(join(fleet(), file))).toBe(true);
    const held = report.findings.find(({ reason }) => reason === 'QuarantinedDevices');
    expect(held?.devices).toEqual(['e00fce680000000000000008']);
    expect(stderr).not.toContain('Next:');
  });

  it('never shows the token', async () => {
    await start({});
    const results = [await init(), await init([], { LOCKSTEP_PARTICLE_TOKEN: 'f'.repeat(40) })];
    for (const { stdout, stderr } of results) {
      expect(stdout + stderr).not.toContain(cloud.token);
      expect(stdout + stderr).not.toContain('f'.repeat(40));
    }
  });

  it.each([
    ['without a token', { LOCKSTEP_PARTICLE_TOKEN: '' }, /ParticleUnauthorized/],
    ['with a wrong token', { LOCKSTEP_PARTICLE_TOKEN: 'f'.repeat(40) }, /ParticleUnauthorized/],
    [
      'with an address that is none',
      { LOCKSTEP_PARTICLE_API: 'nowhere' },
      /LOCKSTEP_PARTICLE_API is "nowhere"/,
    ],
  ])('writes nothing %s', async (_, more, says) => {
    await start({});
    const { code, stdout, stderr } = await init([], more);
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
    expect(stderr).toMatch(says);
    expect(hasStack(stderr)).toBe(false);
    expect(existsSync(fleet())).toBe(false);
  });

  it('writes nothing where the product is not there, or a binary does not come', async () => {
    await start({});
    const other = ['init', 'fleet', '--from', 'particle', '--particle-product', 'nothing'];
    const missing = await runCli(other, { cwd: folder.path, env: env() });
    expect(missing.code).toBe(1);
    expect(missing.stderr).toMatch(/ParticleForbidden|ParticleNotFound/);
    cloud.trouble.disturb('unavailable', 'GET *binary');
    const cut = await init();
    expect(cut.code).toBe(1);
    expect(cut.stderr).toContain('ParticleUnavailable');
    expect(readdirSync(folder.path)).toEqual([]);
  });

  it('asks for the product, and for --from', async () => {
    await start({});
    for (const args of [
      ['--from', 'particle'],
      ['--particle-product', 'x'],
    ]) {
      const { code, stderr } = await runCli(['init', ...args], { cwd: folder.path, env: env() });
      expect(code).toBe(1);
      expect(stderr).toContain('--particle-product');
    }
  });

  it.each(['product.yaml', 'firmware/1.bin', 'schemas/release.schema.json', 'other.yml'])(
    'writes over nothing: %s',
    async (path) => {
      await start({});
      const file = join(fleet(), path);
      mkdirSync(join(file, '..'), { recursive: true });
      const mine = 'apiVersion: lockstep/v1\nkind: Product\nmetadata: { name: lamp }\nspec: {}\n';
      writeFileSync(file, mine);
      const { code, stderr } = await init();
      expect(code).toBe(1);
      expect(stderr).toContain('FolderInUse');
      expect(readFileSync(file, 'utf8')).toBe(mine);
      expect(
        readdirSync(fleet(), { recursive: true, withFileTypes: true }).filter((entry) =>
          entry.isFile(),
        ),
      ).toHaveLength(1);
    },
  );

  it('is explained by --help, and each of its findings by the README', async () => {
    await start({});
    const { stdout } = await runCli(['init', '--help'], { env: { COLUMNS: '80' } });
    await expect(stdout).toMatchFileSnapshot(join(GOLDEN, 'init-help.txt'));
    const readme = readFileSync(join(import.meta.dirname, '../../README.md'), 'utf8');
    const [, section = ''] = readme.split('\n### Bring a live product in\n');
    const [told = ''] = section.split('\n## ');
    const rows = [...told.matchAll(/^\| `(\w+)` \| (.*) \|$/gm)].map(([, name, text]) => [
      name,
      text,
    ]);
    expect(Object.fromEntries(rows)).toEqual(IMPORT_REASONS);
  });
});
