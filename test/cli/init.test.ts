// `lockstep init`: what it writes works, and it never writes over anything.

import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { parse as parseYaml } from 'yaml';
import { STARTER_STRATEGY } from '../../controller/proposals/starter-strategy.ts';
import type { ReleaseManifest } from '../../controller/model/schema-types.ts';
import { makeFolder, runCli } from '../support/cli.ts';

let folder: ReturnType<typeof makeFolder>;
beforeEach(() => {
  folder = makeFolder();
});
afterEach(() => folder.remove());

function listFiles(path: string): readonly string[] {
  return readdirSync(path, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name));
}

describe('init', { timeout: 120_000 }, () => {
  it('writes a fleet repo that is valid, with binaries that say what their manifests say', async () => {
    const made = await runCli(['init', 'fleet'], { cwd: folder.path });
    expect(made.code).toBe(0);
    const cwd = join(folder.path, 'fleet');
    const checked = await runCli(['validate'], { cwd });
    expect(checked).toMatchObject({ code: 0, stdout: '7 manifests, no problems\n' });
    const binaries = ['firmware/1.bin', 'firmware/2.bin'];
    const inspected = await runCli(['inspect', ...binaries, '--output', 'json'], { cwd });
    expect(JSON.parse(inspected.stdout)).toMatchObject([
      { format: 'particle', productId: 94, version: 1, platform: { name: 'photon' } },
      { format: 'particle', productId: 94, version: 2, platform: { name: 'photon' } },
    ]);
    expect(readFileSync(join(cwd, '.gitignore'), 'utf8')).toContain('.lockstep/');
  });

  it('releases in steps that are explained, the last of which reaches every device', async () => {
    await runCli(['init'], { cwd: folder.path });
    const text = readFileSync(join(folder.path, 'release.yaml'), 'utf8');
    expect(text).toContain(STARTER_STRATEGY.replaceAll(/^(?=.)/gm, '  '));
    expect(text.match(/ # /g)?.length).toBeGreaterThan(6);
    const { spec } = parseYaml(text) as ReleaseManifest;
    const steps = spec.strategy?.steps ?? [];
    expect(steps.length).toBeGreaterThan(2);
    expect(steps.at(-1)?.exposure).toBe('100%');
    expect(spec.strategy?.halt).toBeDefined();
  });

  it('points every manifest at a schema that is there, so that editors complete offline', async () => {
    await runCli(['init'], { cwd: folder.path });
    const manifests = listFiles(folder.path).filter((file) => file.endsWith('.yaml'));
    expect(manifests).toHaveLength(7);
    for (const file of manifests) {
      const text = readFileSync(file, 'utf8');
      const schema = /^# yaml-language-server: \$schema=(\S+)\n/.exec(text)?.[1] ?? '';
      const parsed = JSON.parse(readFileSync(resolve(dirname(file), schema), 'utf8')) as {
        properties: { kind: { const: string } };
      };
      expect(text).toContain(`\nkind: ${parsed.properties.kind.const}\n`);
    }
  });

  it('lists what it wrote as JSON', async () => {
    const { stdout } = await runCli(['init', 'a/b', '--output', 'json'], { cwd: folder.path });
    const report = JSON.parse(stdout) as { directory: string; files: string[] };
    expect(listFiles(report.directory).toSorted()).toEqual(
      report.files.map((file) => join(report.directory, file)).toSorted(),
    );
  });

  it('refuses a folder that already holds a fleet repo, and changes nothing', async () => {
    await runCli(['init'], { cwd: folder.path });
    const lock = join(folder.path, 'bench-lock.yaml');
    writeFileSync(lock, 'mine');
    const { code, stdout, stderr } = await runCli(['init'], { cwd: folder.path });
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
    expect(stderr).toContain('FolderInUse');
    expect(readFileSync(lock, 'utf8')).toBe('mine');
  });

  it('refuses a folder with manifests under other names', async () => {
    mkdirSync(join(folder.path, 'x'));
    writeFileSync(
      join(folder.path, 'x/lamp.yml'),
      'apiVersion: lockstep/v1\nkind: Product\nmetadata: { name: lamp }\nspec: {}\n',
    );
    const { code, stderr } = await runCli(['init'], { cwd: folder.path });
    expect(code).toBe(1);
    expect(stderr).toContain('already has manifests');
    expect(readdirSync(folder.path)).toEqual(['x']);
  });

  it('starts beside files that are none of its own, and keeps a list of ignored files', async () => {
    writeFileSync(join(folder.path, '.gitignore'), 'node_modules');
    writeFileSync(join(folder.path, 'docker-compose.yml'), 'services: {}\n');
    const { code } = await runCli(['init'], { cwd: folder.path });
    expect(code).toBe(0);
    expect(readFileSync(join(folder.path, '.gitignore'), 'utf8')).toBe(
      'node_modules\n.lockstep/\n',
    );
  });
});
