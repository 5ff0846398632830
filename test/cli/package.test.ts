// The published package: packed as npm would publish it, unpacked into an empty folder, and started by a plain Node.

import { execFileSync, spawn, spawnSync } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const ROOT = resolve(import.meta.dirname, '../..');
const folder = mkdtempSync(join(tmpdir(), 'lockstep-package-'));
const modules = join(folder, 'node_modules');
const unpacked = join(modules, 'lockstep');

beforeAll(() => {
  mkdirSync(unpacked, { recursive: true });
  execFileSync('npm', ['pack', '--silent', '--pack-destination', folder], {
    cwd: ROOT,
    stdio: 'pipe',
  });
  const archive = readdirSync(folder).find((name) => name.endsWith('.tgz')) ?? '';
  execFileSync('tar', ['-xzf', join(folder, archive), '-C', unpacked, '--strip-components=1']);
  // The dependencies as they are installed here; nothing of the checkout itself.
  for (const name of readdirSync(join(ROOT, 'node_modules'))) {
    if (name.startsWith('.') || name === 'lockstep') continue;
    symlinkSync(join(ROOT, 'node_modules', name), join(modules, name));
  }
}, 120_000);

afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe('the package', () => {
  it('starts compiled, under a plain Node, in an empty folder', () => {
    const empty = join(folder, 'empty');
    mkdirSync(empty);
    const version = start(process.execPath, ['--version'], empty);
    expect(version.stdout.trim()).toBe(readVersion());
    const made = start(process.execPath, ['init', 'fleet'], empty);
    expect(made.status).toBe(0);
    const told = start(process.execPath, ['demo', '--help'], empty);
    expect(told.stdout).toContain('"particle"');
    const checked = start(process.execPath, ['validate', 'fleet'], empty);
    expect(checked).toMatchObject({ status: 0 });
  });

  it('holds the schemas, the examples and the licence, and no TypeScript and no tests', () => {
    const files = readdirSync(unpacked, { recursive: true, encoding: 'utf8' });
    expect(files).toContain('LICENSE');
    expect(files).toContain('schemas/product.schema.json');
    expect(files).toContain('examples/thermostat/product.yaml');
    expect(files).toContain('controller/dashboard/index.html');
    expect(files.filter((name) => /\.ts$|^test\b/.test(name))).toEqual([]);
  });

  it('serves the dashboard', async () => {
    const fleet = join(folder, 'served');
    expect(start(process.execPath, ['init', fleet], folder).status).toBe(0);
    const main = join(unpacked, 'dist/controller/main.js');
    const serving = spawn(process.execPath, [main, 'run', '--listen', '127.0.0.1:0'], {
      cwd: fleet,
      stdio: ['ignore', 'pipe', 'inherit'],
      env: { ...process.env, NODE_OPTIONS: '' },
    });
    try {
      let said = '';
      for await (const part of serving.stdout) {
        said += String(part);
        if (/ready at (\S+)/.test(said)) break;
      }
      const address = /ready at (\S+)/.exec(said)?.[1] ?? '';
      const page = await fetch(address, { headers: { accept: 'text/html' } });
      expect(await page.text()).toContain('/dashboard/main.js');
      const library = await fetch(`${address}/dashboard/vendor/preact.js`);
      expect(library.status).toBe(200);
    } finally {
      serving.kill('SIGKILL');
    }
  });

  it('says in one line what it needs under an older Node', () => {
    const old = start(olderNode() ?? process.execPath, ['status'], folder, olderNode() === null);
    expect(old.status).toBe(1);
    expect(old.stderr.trim()).toMatch(/^lockstep needs Node\.js 24\.15 or newer; this is \d+\.x$/);
    expect(old.stdout).toBe('');
  });
});

function start(
  node: string,
  args: readonly string[],
  cwd: string,
  pretendsOld = false,
): { status: number | null; stdout: string; stderr: string } {
  const main = join(unpacked, 'dist/controller/main.js');
  // Only where the machine has no older Node: the same program, told that it runs on one.
  const pretend = [
    '--import',
    `data:text/javascript,Object.defineProperty(process,"versions",{value:{...process.versions,node:"20.19.0"}})`,
  ];
  const { status, stdout, stderr } = spawnSync(
    node,
    [...(pretendsOld ? pretend : []), main, ...args],
    {
      cwd,
      encoding: 'utf8',
      env: { ...process.env, NODE_OPTIONS: '', LOCKSTEP_SERVER: '' },
    },
  );
  return { status, stdout, stderr };
}

function readVersion(): string {
  const text = readFileSync(join(ROOT, 'package.json'), 'utf8');
  return (JSON.parse(text) as { version: string }).version;
}

/** A Node on the machine that is older than what the program needs; null where there is none. */
function olderNode(): string | null {
  for (const place of (process.env['PATH'] ?? '').split(delimiter)) {
    const node = join(place, 'node');
    if (place.includes('node_modules') || !existsSync(node)) continue;
    const [major = 0, minor = 0] = execFileSync(node, ['--version'], { encoding: 'utf8' })
      .slice(1)
      .split('.')
      .map(Number);
    if (major < 24 || (major === 24 && minor < 15)) return node;
  }
  return null;
}
