// Changes under review: each merged into the followed branch, in a copy of its own. Real repositories, read by path.

import { chmodSync, existsSync, mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { ChangeSource, MergeReading } from '../../controller/sources/change-source.ts';
import {
  createGitChangeSource,
  type GitChangeSourceOptions,
} from '../../controller/sources/git/git-change-source.ts';
import { createGitSource } from '../../controller/sources/git/git-source.ts';
import { openChangeSource } from '../../controller/sources/open-source.ts';
import type { Tree } from '../../controller/sources/source.ts';
import { createGitRepo, GIT_ENVIRONMENT, type GitRepo, makeTempDir } from '../support/git-repo.ts';
import { expectFailure, expectOk } from './source-contract.ts';

let root: string;
let repo: GitRepo;
/** The commit that `main` begins with. */
let first: string;
const sources: { close(): Promise<void> }[] = [];

beforeEach(() => {
  root = makeTempDir('changes');
  repo = createGitRepo(join(root, 'fleet'));
  repo.write('a.yaml', 'one\ntwo\nthree\n');
  repo.write('b.yaml', 'b\n');
  first = repo.commit('first');
});
afterEach(async () => {
  for (const source of sources.splice(0)) await source.close();
  rmSync(root, { recursive: true });
});

const places = () => ({
  url: repo.dir,
  ref: 'main',
  subfolder: null,
  cacheDir: join(root, 'cache'),
  fetchTimeoutMs: 20_000,
  environment: GIT_ENVIRONMENT,
});

function open(options: Partial<GitChangeSourceOptions> = {}): ChangeSource {
  const source = expectOk(createGitChangeSource({ ...places(), ...options }));
  sources.push(source);
  return source;
}

/** Commits a change on a branch of its own that starts at `from`, as the head of a pull request; `main` stays checked out. */
function propose(change: () => void, from = 'main', number = 7): string {
  repo.git('checkout', '--quiet', '--detach', from);
  change();
  const head = repo.commit('proposed');
  repo.git('update-ref', `refs/pull/${number}/head`, head);
  repo.git('checkout', '--quiet', 'main');
  return head;
}

const HEAD = 'refs/pull/7/head';
const textOf = async (tree: Tree, path: string) =>
  Buffer.from(expectOk(await tree.read(path, 10_000))).toString();
const pathsOf = (tree: Tree) => tree.entries.map(({ path }) => path);

async function mergeOf(source: ChangeSource, head = HEAD) {
  const reading: MergeReading = expectOk(await source.merge(head));
  if (reading.kind !== 'merged') throw new Error(`conflict in ${reading.files.join(', ')}`);
  return reading;
}

async function conflictOf(source: ChangeSource) {
  const reading = expectOk(await source.merge(HEAD));
  if (reading.kind !== 'conflict') throw new Error('a conflict was expected');
  return reading;
}

describe('a change that git can merge', () => {
  it('gives both sides together, also within one file', async () => {
    const head = propose(() => repo.write('a.yaml', 'one\ntwo\nthree, proposed\n'));
    repo.write('a.yaml', 'one, moved\ntwo\nthree\n');
    repo.remove('b.yaml');
    const tip = repo.commit('base moved');
    const reading = await mergeOf(open());
    expect([reading.head, reading.base.revision]).toEqual([head, tip]);
    expect(pathsOf(reading.merged)).toEqual(['a.yaml']);
    expect(await textOf(reading.merged, 'a.yaml')).toBe('one, moved\ntwo\nthree, proposed\n');
    expect(await textOf(reading.base, 'a.yaml')).toBe('one, moved\ntwo\nthree\n');
    // Nothing was written to the repository itself.
    expect(repo.git('rev-parse', 'main')).toBe(tip);
  });

  it('has a revision that depends on base and head alone', async () => {
    propose(() => repo.write('c.yaml', 'c'));
    repo.commit('base moved');
    const here = await mergeOf(open());
    const elsewhere = await mergeOf(
      open({
        cacheDir: join(root, 'other'),
        environment: {
          ...GIT_ENVIRONMENT,
          TZ: 'Asia/Tokyo',
          GIT_AUTHOR_NAME: 'Someone',
          GIT_COMMITTER_DATE: '2031-01-01T00:00:00Z',
        },
      }),
    );
    expect(elsewhere.merged.revision).toBe(here.merged.revision);
    expect((await mergeOf(open(), here.head)).merged.revision).toBe(here.merged.revision);
    repo.commit('base moved again');
    expect((await mergeOf(open())).merged.revision).not.toBe(here.merged.revision);
  });

  it('that is merged already gives the base itself', async () => {
    const head = propose(() => repo.write('c.yaml', 'c'));
    repo.git('merge', '--quiet', '--no-ff', '--message', 'merged', head);
    const { base, merged } = await mergeOf(open());
    expect(merged).toBe(base);
    expect(pathsOf(base)).toContain('c.yaml');
  });

  it('is merged into the tip of now, and its head is the commit that was read', async () => {
    const source = open();
    const before = propose(() => repo.write('c.yaml', 'c'));
    expect((await mergeOf(source)).head).toBe(before);
    const after = propose(() => repo.write('d.yaml', 'd'));
    const tip = repo.commit('base moved');
    const reading = await mergeOf(source);
    expect([reading.head, reading.base.revision]).toEqual([after, tip]);
    expect(pathsOf(reading.merged)).toEqual(['a.yaml', 'b.yaml', 'd.yaml']);
    // The head before is still there by its id.
    expect((await mergeOf(source, before)).head).toBe(before);
    expect(expectOk(await source.base()).revision).toBe(tip);
  });

  it('follows a file that the other side renamed', async () => {
    propose(() => repo.write('a.yaml', 'one\ntwo\nthree, proposed\n'));
    repo.git('mv', 'a.yaml', 'moved.yaml');
    repo.commit('renamed');
    const { merged } = await mergeOf(open());
    expect(await textOf(merged, 'moved.yaml')).toContain('proposed');
    expect(pathsOf(merged)).not.toContain('a.yaml');
  });

  it('of a folder is read in that folder', async () => {
    propose(() => repo.write('fleet/eu/c.yaml', 'c'));
    repo.write('fleet/eu/d.yaml', 'd');
    repo.commit('folder');
    const source = open({ subfolder: 'fleet/eu' });
    expect(source.prefix).toBe('fleet/eu/');
    expect(pathsOf((await mergeOf(source)).merged)).toEqual(['c.yaml', 'd.yaml']);
    expect(open().prefix).toBe('');
  });

  it('with 5,000 files, links and submodules lists them, and follows none', async () => {
    const blob = repo.gitWith('f', 'hash-object', '-w', '--stdin');
    const files = Array.from({ length: 5_000 }, (_, index) => `100644 ${blob}\tmany/${index}.yaml`);
    propose(() => {
      repo.gitWith(`${files.join('\n')}\n`, 'update-index', '--add', '--index-info');
      repo.git('update-index', '--add', '--cacheinfo', `160000,${'1'.repeat(40)},vendor`);
      repo.git('commit', '--quiet', '--message', 'many');
      repo.git('reset', '--quiet', '--hard');
      rmSync(join(repo.dir, 'vendor'), { recursive: true, force: true });
      repo.link('link.yaml', '/etc/hostname');
      repo.git('add', 'link.yaml');
      repo.git('commit', '--quiet', '--message', 'link');
      // The commit that follows must not take the submodule for removed.
      repo.git('update-index', '--skip-worktree', 'vendor');
    });
    repo.write('b.yaml', 'base\n');
    repo.commit('base moved');
    const { merged } = await mergeOf(open());
    expect(merged.entries.length).toBe(5_004);
    const kinds = new Map(merged.entries.map(({ path, kind }) => [path, kind]));
    expect([kinds.get('link.yaml'), kinds.get('vendor')]).toEqual(['symlink', 'submodule']);
    expect(expectFailure(await merged.read('link.yaml', 100)).disposition).toBe('stall');
  });
});

describe('a change that git cannot merge', () => {
  it('names the paths in conflict, from the root of the repository', async () => {
    const head = propose(() => {
      repo.write('a.yaml', 'theirs\n');
      repo.remove('b.yaml');
      repo.write('fleet/ü c.yaml', 'theirs\n');
      repo.write('fine.yaml', 'fine');
    });
    repo.write('a.yaml', 'ours\n');
    repo.write('b.yaml', 'ours\n');
    repo.write('fleet/ü c.yaml', 'ours\n');
    const tip = repo.commit('base moved');
    const reading = await conflictOf(open({ subfolder: 'fleet' }));
    expect(reading.files).toEqual(['a.yaml', 'b.yaml', 'fleet/ü c.yaml']);
    expect([reading.head, reading.base.revision]).toEqual([head, tip]);
  });

  it('names no more than 50 paths', async () => {
    const write = (text: string) => {
      for (let index = 0; index < 60; index += 1) repo.write(`${index}.yaml`, text);
    };
    propose(() => write('theirs'));
    write('ours');
    repo.commit('base moved');
    expect((await conflictOf(open())).files.length).toBe(50);
  });

  it('is in conflict over a submodule that both sides moved', async () => {
    const moveTo = (digit: string) => {
      repo.git('update-index', '--add', '--cacheinfo', `160000,${digit.repeat(40)},vendor`);
      repo.git('commit', '--quiet', '--message', 'submodule');
      return repo.git('rev-parse', 'HEAD');
    };
    const from = moveTo('1');
    repo.git('checkout', '--quiet', '--detach', from);
    repo.git('update-ref', HEAD, moveTo('2'));
    repo.git('checkout', '--quiet', 'main');
    moveTo('3');
    expect((await conflictOf(open())).files).toEqual(['vendor']);
  });

  it('stalls for a history that has nothing in common', async () => {
    repo.git('checkout', '--quiet', '--orphan', 'island');
    const head = repo.commit('island');
    repo.git('checkout', '--quiet', 'main');
    const error = expectFailure(await open().merge(head));
    expect(error).toMatchObject({ code: 'HistoriesUnrelated', disposition: 'stall' });
    expect(error.message).toContain('no commit in common');
  });

  it.each(['refs/pull/8/head', 'f'.repeat(40), 'main', 'a..b', '--all', ''])(
    'does not know the head %j',
    async (head) => {
      const error = expectFailure(await open().merge(head));
      expect(error).toMatchObject({ code: 'RevisionUnknown', disposition: 'stall' });
      expect(error.message).toContain('deleted');
    },
  );

  it('does not know a head that was deleted, and reads the others', async () => {
    const source = open();
    propose(() => repo.write('c.yaml', 'c'));
    propose(() => repo.write('d.yaml', 'd'), 'main', 8);
    await mergeOf(source);
    repo.git('update-ref', '-d', HEAD);
    expect(expectFailure(await source.merge(HEAD)).code).toBe('RevisionUnknown');
    expect((await mergeOf(source, 'refs/pull/8/head')).kind).toBe('merged');
  });

  it('takes a full id for that commit, whatever a branch is called', async () => {
    const head = propose(() => repo.write('c.yaml', 'c'));
    repo.git('update-ref', `refs/heads/${head}`, first);
    expect((await mergeOf(open(), head)).head).toBe(head);
    const source = expectOk(createGitSource({ ...places(), cacheDir: join(root, 'source') }));
    sources.push(source);
    expect(expectOk(await source.fetchRevision(head)).revision).toBe(head);
  });
});

describe('what a change brings along', () => {
  it('runs nothing: no hook, no merge driver, neither ours nor the machine’s', async () => {
    const ran = join(root, 'ran');
    const hook = join(root, 'hooks/post-merge');
    mkdirSync(join(root, 'hooks'));
    writeFileSync(hook, `#!/bin/sh\ntouch ${ran}\n`);
    chmodSync(hook, 0o755);
    writeFileSync(join(root, 'attributes'), '* merge=evil diff=evil\n');
    writeFileSync(
      join(root, 'gitconfig'),
      [
        `[core]\n hooksPath = ${root}/hooks\n attributesFile = ${root}/attributes`,
        `[merge "evil"]\n driver = touch ${ran} && cp %B %A`,
        `[merge]\n default = evil`,
        `[diff "evil"]\n textconv = touch ${ran} && cat\n command = touch ${ran}`,
        `[diff]\n external = touch ${ran}`,
      ].join('\n'),
    );
    propose(() => {
      repo.write('.gitattributes', '* merge=evil diff=evil filter=evil\n');
      repo.write('a.yaml', 'theirs\n');
    });
    repo.write('.gitattributes', '* merge=evil\n');
    repo.write('a.yaml', 'ours\n');
    repo.commit('base moved');
    const environment = { ...GIT_ENVIRONMENT, GIT_CONFIG_GLOBAL: join(root, 'gitconfig') };
    const { files } = await conflictOf(open({ environment }));
    expect(files).toEqual(['.gitattributes', 'a.yaml']);
    expect(existsSync(ran)).toBe(false);
  });

  it('is never in the copy that a source reads from, though both were given one folder', async () => {
    const head = propose(() => repo.write('c.yaml', 'c'));
    const source = expectOk(createGitSource(places()));
    sources.push(source);
    expectOk(await source.fetch());
    await mergeOf(open());
    const copies = readdirSync(join(root, 'cache'), { recursive: true, encoding: 'utf8' });
    const holders = copies.filter((path) => path.endsWith(`${head.slice(0, 2)}/${head.slice(2)}`));
    expect(holders.length).toBe(1);
    expect(holders[0]).toMatch(/^changes\//);
  });
});

describe('a source of changes', () => {
  it('stalls for a git that is too old to merge, and says so', async () => {
    propose(() => repo.write('c.yaml', 'c'));
    const git = join(root, 'bin/git');
    mkdirSync(join(root, 'bin'));
    const real = `PATH='${GIT_ENVIRONMENT['PATH']}' exec git "$@"`;
    const old = 'echo "usage: git merge-tree <base> <one> <other>" >&2; exit 129';
    writeFileSync(git, `#!/bin/sh\ncase "$*" in *merge-tree*) ${old};; esac\n${real}\n`);
    chmodSync(git, 0o755);
    const environment = { ...GIT_ENVIRONMENT, PATH: `${root}/bin:${GIT_ENVIRONMENT['PATH']}` };
    repo.commit('base moved');
    const error = expectFailure(await open({ environment }).merge(HEAD));
    expect(error.disposition).toBe('stall');
    expect(error.message).toContain('git 2.38');
  });

  it('begins anew when its folder was deleted', async () => {
    propose(() => repo.write('c.yaml', 'c'));
    const source = open();
    const before = await mergeOf(source);
    rmSync(join(root, 'cache'), { recursive: true });
    expect((await mergeOf(source)).merged.revision).toBe(before.merged.revision);
    expect(await textOf((await mergeOf(source)).merged, 'c.yaml')).toBe('c');
  });

  it('answers nothing once it was closed', async () => {
    const source = open();
    await source.close();
    expect(expectFailure(await source.merge(HEAD)).disposition).toBe('stall');
    expect(expectFailure(await source.base()).disposition).toBe('stall');
  });

  it('is opened for a git repository, and not for a directory', async () => {
    const git = { kind: 'git', url: repo.dir, ref: 'main', subfolder: 'fleet' } as const;
    const source = expectOk(openChangeSource(git, { cacheDir: join(root, 'cache') }));
    sources.push(source);
    expect(source.prefix).toBe('fleet/');
    const directory = { kind: 'directory', directory: root } as const;
    const mistake = expectFailure(openChangeSource(directory, { cacheDir: root }));
    expect(mistake.message).toContain('directory');
  });
});
