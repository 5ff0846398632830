// `lockstep inspect` on real files: sound, damaged, unknown and missing ones.

import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { buildParticleModule } from '../../controller/simulator/firmware-image.ts';
import { makeFolder, runCli } from '../support/cli.ts';

const folder = makeFolder();
afterAll(() => folder.remove());
const { path: cwd } = folder;

const module = buildParticleModule({ productId: 94, version: 42, platformId: 6 });
writeFileSync(join(cwd, '42.bin'), module);
const damaged = Uint8Array.from(module);
damaged[200] = (damaged[200] ?? 0) ^ 1;
writeFileSync(join(cwd, 'damaged.bin'), damaged);
writeFileSync(join(cwd, 'notes.txt'), 'no firmware');

describe('inspect', { timeout: 120_000 }, () => {
  it('prints what is compiled in, for people', async () => {
    const { code, stdout, stderr } = await runCli(['inspect', '42.bin'], { cwd });
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).toMatch(/^42\.bin\n {2}format {2,}particle\n/);
    expect(stdout).toMatch(/^ {2}version +42$/m);
  });

  it('prints an array as JSON, in the order of the arguments', async () => {
    const { code, stdout } = await runCli(
      ['inspect', '--output', 'json', '42.bin', join(cwd, '42.bin')],
      { cwd },
    );
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject([
      { file: '42.bin', format: 'particle', productId: 94, version: 42, size: 4096 },
      { file: join(cwd, '42.bin'), platform: { id: 6, name: 'photon' } },
    ]);
  });

  it.each([
    ['damaged.bin', /problem/],
    ['notes.txt', /sha256/],
  ])('shows what it can of %s, and exits 1', async (file, shown) => {
    const { code, stdout } = await runCli(['inspect', file], { cwd });
    expect(code).toBe(1);
    expect(stdout).toMatch(shown);
  });

  it('goes on with the other files when one is missing', async () => {
    const { code, stdout, stderr } = await runCli(['inspect', 'gone.bin', '42.bin'], { cwd });
    expect(code).toBe(1);
    expect(stderr).toContain('gone.bin cannot be read: there is no such file.');
    expect(stdout).toContain('42.bin');
  });
});
