// What a pull request changes: files with their counted lines, from the merge base to the head.

import type { Schema } from './routes.ts';
import type { BareRepo } from './bare-repo.ts';

export interface FileDiff {
  readonly path: string;
  readonly before: string | null;
  readonly blob: string;
  readonly status: Schema<'diff-entry'>['status'];
  readonly additions: number;
  readonly deletions: number;
}

const STATUSES: Readonly<Record<string, FileDiff['status']>> = {
  A: 'added',
  D: 'removed',
  M: 'modified',
  R: 'renamed',
  C: 'copied',
  T: 'changed',
};

const EMPTY_TREE = '4b825dc642cb6eb9a060e54bf8d69288fbee4904';

/** By path. */
export function diffCommits(
  git: BareRepo,
  base: string,
  head: string,
): Promise<readonly FileDiff[]> {
  return git.remember(`diff ${base} ${head}`, () => readDiff(git, base, head));
}

async function readDiff(git: BareRepo, base: string, head: string): Promise<readonly FileDiff[]> {
  const from = (await git.mergeBase(base, head)) ?? EMPTY_TREE;
  const options = ['-r', '-z', '-M', '--raw', '--numstat', '--no-abbrev'];
  const out = await git.text(['diff-tree', ...options, from, head]);
  const parts = out.split('\0');
  const files: FileDiff[] = [];
  let index = 0;
  while (parts[index]?.startsWith(':') === true) {
    const [, , , blob = '', status = ''] = (parts[index] ?? '').split(' ');
    const isMoved = /^[RC]/.test(status);
    files.push({
      path: parts[index + (isMoved ? 2 : 1)] ?? '',
      before: isMoved ? (parts[index + 1] ?? '') : null,
      blob,
      status: STATUSES[status.charAt(0)] ?? 'changed',
      additions: 0,
      deletions: 0,
    });
    index += isMoved ? 3 : 2;
  }
  // The same files again, in the same order, with counts; binary files have none.
  return files.map((file) => {
    const [additions, deletions, path] = (parts[index] ?? '').split('\t');
    index += path === '' ? 3 : 1;
    return { ...file, additions: Number(additions) || 0, deletions: Number(deletions) || 0 };
  });
}
