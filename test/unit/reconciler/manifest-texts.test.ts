// The manifest files of a tree as text: byte for byte, and nothing of ours left out.

import { describe, expect, it } from 'vitest';
import { readManifestTexts } from '../../../controller/reconciler/manifest-texts.ts';
import { memoryTree, type TreeContent } from '../../support/trees.ts';

const LOCK = 'apiVersion: lockstep/v1\nkind: DeviceLock\n';

async function codeOf(files: Readonly<Record<string, TreeContent>>): Promise<string> {
  const result = await readManifestTexts(memoryTree(files));
  return result.ok
    ? [...result.value.keys()].join(' ')
    : `${result.error.code}: ${result.error.message}`;
}

describe('the manifest texts of a tree', () => {
  it('keep byte order marks and line breaks, and leave other files out', async () => {
    const text = `\ufeff${LOCK.replaceAll('\n', '\r\n')}# ünï ✓\r\n`;
    const tree = memoryTree({ 'a.yaml': text, 'b.yml': 'on: push\n', 'README.md': LOCK });
    expect(await readManifestTexts(tree)).toEqual({ ok: true, value: new Map([['a.yaml', text]]) });
    expect(tree.reads).not.toContain('README.md');
  });

  it.each<[string, Readonly<Record<string, TreeContent>>, RegExp]>([
    [
      'a symlink',
      { 'a.yaml': LOCK, 'b.yaml': { kind: 'symlink' } },
      /^ManifestUnreadable: b.yaml is a symlink/,
    ],
    [
      'what is no UTF-8',
      { 'a.yaml': Buffer.from(`${LOCK}# \xe4`, 'latin1') },
      /not encoded as UTF-8/,
    ],
    ['what is too large', { 'a.yaml': LOCK + '#'.repeat(1_048_576) }, /larger than 1 MiB/],
  ])('cannot be had of %s', async (_, files, message) => {
    expect(await codeOf(files)).toMatch(message);
  });

  it('do without large and damaged files of others', async () => {
    const files = {
      'a.yaml': LOCK,
      'big.yaml': `a: ${'x'.repeat(1_048_576)}\n`,
      'latin.yaml': Buffer.from('a: \xe4\n', 'latin1'),
    };
    expect(await codeOf(files)).toBe('a.yaml');
  });

  it('are no success where a file cannot be read', async () => {
    const tree = memoryTree({ 'a.yaml': LOCK });
    tree.breakPath('a.yaml', 'unreadable');
    expect(await readManifestTexts(tree)).toMatchObject({
      ok: false,
      error: { disposition: 'retry' },
    });
  });
});
