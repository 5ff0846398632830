import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { deflateSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { createGitSource, type GitSourceOptions } from '../../controller/sources/git/git-source.ts';
import type { Source, Tree } from '../../controller/sources/source.ts';
import { createGitRepo, GIT_ENVIRONMENT, type GitRepo, makeTempDir } from '../support/git-repo.ts';
import { type GitServer, startGitServer } from '../support/git-server.ts';
import { describeSourceContract, expectFailure, expectOk } from './source-contract.ts';

describeSourceContract('git over HTTP', async () => {
  const root = makeTempDir('git');
  const server = await startGitServer(root);
  const repo = createGitRepo(join(root, 'fleet'));
  repo.write('README.md', 'fleet');
  repo.commit('first');
  const source = expectOk(
    createGitSource({
      url: `${server.url}/fleet/.git`,
      ref: 'main',
      subfolder: null,
      cacheDir: join(root, 'cache'),
      fetchTimeoutMs: 20_000,
      environment: GIT_ENVIRONMENT,
    }),
  );
  return {
    source,
    async publish(files) {
      for (const [path, content] of Object.entries(files)) {
        if (content === null) repo.remove(path);
        else repo.write(path, content);
      }
      repo.commit('change');
    },
    async publishLink(path, target) {
      repo.link(path, target);
      repo.commit('link');
    },
    vanish: async () => renameSync(repo.dir, `${repo.dir}.away`),
    reappear: async () => renameSync(`${repo.dir}.away`, repo.dir),
    async dispose() {
      await source.close();
      await server.close();
      rmSync(root, { recursive: true });
    },
  };
});

describe('git source', () => {
  let root: string;
  let server: GitServer;
  let repo: GitRepo;
  let first: string;
  const sources: Source[] = [];

  const open = (options: Partial<GitSourceOptions> = {}): Source => {
    const source = expectOk(
      createGitSource({
        url: `${server.url}/fleet/.git`,
        ref: 'main',
        subfolder: null,
        cacheDir: join(root, 'cache'),
        fetchTimeoutMs: 20_000,
        environment: GIT_ENVIRONMENT,
        ...options,
      }),
    );
    sources.push(source);
    return source;
  };
  const fetchFrom = async (source: Source): Promise<Tree> => expectOk(await source.fetch());
  const readText = async (tree: Tree, path: string) =>
    Buffer.from(expectOk(await tree.read(path, 10_000))).toString();
  /** Files of the local copy, as paths. */
  const listCache = () =>
    readdirSync(join(root, 'cache'), { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name));

  beforeEach(async () => {
    root = makeTempDir('git');
    server = await startGitServer(root);
    repo = createGitRepo(join(root, 'fleet'));
    repo.write('a.yaml', 'first');
    first = repo.commit('Add a product\n\nWith a body.');
  });
  afterEach(async () => {
    for (const source of sources.splice(0)) await source.close();
    await server.close();
    rmSync(root, { recursive: true });
  });

  it('gives the commit and the first line of its message', async () => {
    const tree = await fetchFrom(open());
    expect(tree.revision).toBe(first);
    expect(tree.subject).toBe('Add a product');
  });

  describe('names', () => {
    it('reads the default branch of the remote when no name is given', async () => {
      repo.git('checkout', '--quiet', '-b', 'trunk');
      const tip = repo.commit('on trunk');
      expect((await fetchFrom(open({ ref: null }))).revision).toBe(tip);
    });

    it('follows a branch', async () => {
      const source = open();
      await fetchFrom(source);
      const second = repo.commit('second');
      expect((await fetchFrom(source)).revision).toBe(second);
    });

    it('reads a tag, also an annotated one, and follows it when it moves', async () => {
      repo.git('tag', '--annotate', '--message', 'one', 'v1');
      const source = open({ ref: 'v1' });
      const second = repo.commit('second');
      expect((await fetchFrom(source)).revision).toBe(first);
      repo.git('tag', '--force', 'v1');
      expect((await fetchFrom(source)).revision).toBe(second);
    });

    it('prefers a branch to a tag of the same name', async () => {
      repo.git('tag', 'both');
      repo.git('checkout', '--quiet', '-b', 'both');
      const tip = repo.commit('on the branch');
      expect((await fetchFrom(open({ ref: 'both' }))).revision).toBe(tip);
    });

    it('reads a full reference name, such as that of a pull request', async () => {
      repo.git('update-ref', 'refs/pull/7/head', 'HEAD');
      repo.commit('later');
      expect((await fetchFrom(open({ ref: 'refs/pull/7/head' }))).revision).toBe(first);
    });

    it('stays on a commit that is named, and then needs no server for it', async () => {
      repo.commit('second');
      const source = open({ ref: first });
      expect((await fetchFrom(source)).revision).toBe(first);
      repo.commit('third');
      expect((await fetchFrom(source)).revision).toBe(first);
    });

    it('reads revisions by full and abbreviated commit, branch and tag', async () => {
      const source = open();
      repo.git('tag', 'v1');
      repo.git('checkout', '--quiet', '-b', 'other/branch');
      const other = repo.commit('other');
      const revisions = [
        first,
        first.slice(0, 8),
        first.toUpperCase(),
        'v1',
        'other/branch',
        other,
      ];
      const read = [];
      for (const revision of revisions) {
        read.push(expectOk(await source.fetchRevision(revision)).revision);
      }
      expect(read).toEqual([first, first, first, first, other, other]);
    });

    it('reads a commit of another branch that nothing was fetched of, by its full id', async () => {
      repo.git('checkout', '--quiet', '-b', 'other');
      const hidden = repo.commit('hidden');
      repo.commit('tip');
      const source = open();
      await fetchFrom(source);
      expect(expectOk(await source.fetchRevision(hidden)).revision).toBe(hidden);
    });

    it('serves a known commit while the server is down', async () => {
      const source = open();
      await fetchFrom(source);
      server.mood = 'down';
      expect(expectOk(await source.fetchRevision(first)).revision).toBe(first);
    });

    it('stalls for a branch that is not there, and names it', async () => {
      const error = expectFailure(await open({ ref: 'release' }).fetch());
      expect(error).toMatchObject({ code: 'RevisionUnknown', disposition: 'stall' });
      expect(error.message).toContain('"release"');
    });

    it('stalls for a repository without commits', async () => {
      createGitRepo(join(root, 'empty'));
      const source = open({ url: `${server.url}/empty/.git`, ref: null });
      expect(expectFailure(await source.fetch()).disposition).toBe('stall');
    });

    it.each([
      '-x',
      '--upload-pack=touch x',
      'a..b',
      'a b',
      'a:b',
      'a~1',
      'HEAD^',
      'x.lock',
      'a*',
      '@{u}',
    ])('refuses the name %j', (ref) => {
      const result = createGitSource({
        url: repo.dir,
        ref,
        subfolder: null,
        cacheDir: join(root, 'cache'),
        fetchTimeoutMs: 1_000,
      });
      expect(expectFailure(result).message).toContain(JSON.stringify(ref));
    });
  });

  describe('a subfolder', () => {
    it('is the root of the tree', async () => {
      repo.write('fleet/b/c.yaml', 'c');
      repo.commit('folder');
      const tree = await fetchFrom(open({ subfolder: 'fleet/b' }));
      expect(tree.entries.map(({ path }) => path)).toEqual(['c.yaml']);
      expect(await readText(tree, 'c.yaml')).toBe('c');
    });

    it('that is missing, or is a file, stalls instead of giving an empty tree', async () => {
      for (const subfolder of ['gone', 'a.yaml', 'a.y*']) {
        const error = expectFailure(await open({ subfolder }).fetch());
        expect(error).toMatchObject({ code: 'SourceUnavailable', disposition: 'stall' });
        expect(error.message).toContain(subfolder);
      }
    });
  });

  describe('rewritten history', () => {
    it('reads the new tip after a force push, keeps the old tree readable and denies descent', async () => {
      const source = open();
      const second = repo.commit('second');
      const old = await fetchFrom(source);
      expect(expectOk(await source.descends(first, second))).toBe(true);
      expect(expectOk(await source.descends(second, first))).toBe(false);
      repo.git('reset', '--quiet', '--hard', first);
      repo.write('a.yaml', 'rewritten');
      const rewritten = repo.commit('rewritten');
      repo.git('reflog', 'expire', '--expire=now', '--all');
      repo.git('gc', '--quiet', '--prune=now');
      expect((await fetchFrom(source)).revision).toBe(rewritten);
      expect(await readText(old, 'a.yaml')).toBe('first');
      expect(expectOk(await source.fetchRevision(second)).revision).toBe(second);
      expect(expectOk(await source.descends(second, rewritten))).toBe(false);
      expect(expectOk(await source.descends(first, rewritten))).toBe(true);
    });

    it('denies descent from what it never heard of', async () => {
      const source = open();
      const { revision } = await fetchFrom(source);
      for (const older of ['f'.repeat(40), 'dir-00', '', '--all']) {
        expect(expectOk(await source.descends(older, revision))).toBe(false);
      }
      expect(expectFailure(await source.descends(revision, 'f'.repeat(40))).code).toBe(
        'RevisionUnknown',
      );
    });

    it('names the first parent, also of a commit that is not here yet, and none of a root', async () => {
      const second = repo.commit('second');
      repo.git('checkout', '--quiet', '-b', 'side', first);
      repo.commit('side');
      repo.git('checkout', '--quiet', 'main');
      repo.git('merge', '--quiet', '--no-ff', '--message', 'merge', 'side');
      const source = open();
      const { revision } = await fetchFrom(source);
      expect(expectOk(await source.parentOf(revision))).toBe(second);
      expect(expectOk(await source.parentOf(first))).toBeNull();
      const later = repo.commit('later');
      expect(expectOk(await source.parentOf(later))).toBe(revision);
    });

    it('stalls when the branch is deleted, and keeps what it read', async () => {
      repo.git('checkout', '--quiet', '-b', 'fleet');
      const source = open({ ref: 'fleet' });
      const tree = await fetchFrom(source);
      repo.git('checkout', '--quiet', 'main');
      repo.git('branch', '--quiet', '-D', 'fleet');
      expect(expectFailure(await source.fetch()).disposition).toBe('stall');
      expect(await readText(tree, 'a.yaml')).toBe('first');
      // The same name as a folder of names.
      repo.git('branch', 'fleet/eu');
      expect(expectOk(await source.fetchRevision('fleet/eu')).revision).toBe(first);
    });
  });

  describe('an unreliable server', () => {
    it.each([
      ['down', 'retry'],
      ['cut', 'retry'],
      ['busy', 'wait'],
      ['forbidden', 'stall'],
    ] as const)(
      'that is %s: %s; the last tree stays readable, and fetching works later',
      async (mood, disposition) => {
        const source = open();
        const tree = await fetchFrom(source);
        repo.write('a.yaml', 'second');
        const second = repo.commit('second');
        server.mood = mood;
        expect(expectFailure(await source.fetch())).toMatchObject({
          code: 'SourceUnavailable',
          disposition,
        });
        expect(await readText(tree, 'a.yaml')).toBe('first');
        server.mood = 'ok';
        expect((await fetchFrom(source)).revision).toBe(second);
      },
    );

    it('that refuses connections: tried again', async () => {
      const source = open();
      await server.close();
      expect(expectFailure(await source.fetch()).disposition).toBe('retry');
    });

    it.each(['silent', 'slow'] as const)(
      'that is %s: git is stopped at the deadline, and nothing of it lives on',
      async (mood) => {
        server.mood = mood;
        const error = expectFailure(await open({ fetchTimeoutMs: 600 }).fetch());
        expect(error).toMatchObject({ code: 'SourceUnavailable', disposition: 'retry' });
        expect(error.message).toContain('0.6 s');
        expect(server.requests.length).toBe(1);
        await vi.waitFor(() => expect(server.openRequests()).toBe(0), { timeout: 10_000 });
      },
    );

    it.each(['silent', 'slow'] as const)('that is %s does not hold up closing', async (mood) => {
      server.mood = mood;
      const source = open({ fetchTimeoutMs: 300_000 });
      const fetching = source.fetch();
      await vi.waitFor(() => expect(server.openRequests()).toBe(1), { timeout: 10_000 });
      await source.close();
      expect(expectFailure(await fetching).disposition).toBe('stall');
    });

    it('asks the server once, and for nothing more, when there is nothing new', async () => {
      const source = open();
      await fetchFrom(source);
      const before = server.requests.length;
      await fetchFrom(source);
      // One question: the protocol's greeting, and the list of names.
      expect(server.requests.length - before).toBeLessThanOrEqual(2);
    });

    it('does not answer for a repository that is not there: stalls', async () => {
      const error = expectFailure(await open({ url: `${server.url}/nothing.git` }).fetch());
      expect(error).toMatchObject({ code: 'SourceUnavailable', disposition: 'stall' });
      expect(error.message).toContain('no such git repository');
    });
  });

  describe('credentials', () => {
    const password = 's3cr:t/@ü';
    const urlWith = (user: string, word: string | null) =>
      `${server.url.replace('//', `//${user}${word === null ? '' : `:${encodeURIComponent(word)}`}@`)}/fleet/.git`;

    beforeEach(() => {
      server.login = { username: 'deploy', password };
    });

    it('in the address open the repository, and are written nowhere', async () => {
      const source = open({ url: urlWith('deploy', password) });
      const tree = await fetchFrom(source);
      expect(await readText(tree, 'a.yaml')).toBe('first');
      expect(source.description).toBe(`${server.url}/fleet/.git#main`);
      const secrets = [password, encodeURIComponent(password), 'deploy'];
      for (const file of listCache()) {
        const content = readFileSync(file, 'latin1');
        for (const secret of secrets) expect(content).not.toContain(secret);
      }
    });

    it.each([
      ['a wrong password', 'deploy', 'wr0ng-word'],
      ['a user name alone', 'ghp_token', null],
    ])('that fail (%s) stall with a remedy, and are not shown', async (_, user, word) => {
      const error = expectFailure(await open({ url: urlWith(user, word) }).fetch());
      expect(error).toMatchObject({ code: 'SourceUnavailable', disposition: 'stall' });
      expect(error.message).toContain('credentials');
      for (const secret of [user, word ?? user]) expect(error.message).not.toContain(secret);
    });

    it('that are missing stall at once: nobody is asked', async () => {
      const askpass = join(root, 'askpass');
      writeFileSync(askpass, `#!/bin/sh\ntouch ${root}/asked\necho x\n`);
      chmodSync(askpass, 0o755);
      const config = join(root, 'gitconfig');
      writeFileSync(config, `[core]\n askPass = ${askpass}\n`);
      const environment = {
        ...GIT_ENVIRONMENT,
        GIT_CONFIG_GLOBAL: config,
        GIT_ASKPASS: askpass,
        SSH_ASKPASS: askpass,
      };
      const error = expectFailure(await open({ environment }).fetch());
      expect(error.disposition).toBe('stall');
      expect(existsSync(join(root, 'asked'))).toBe(false);
    });

    it('are not shown when the server is away', async () => {
      server.mood = 'down';
      const url = `${urlWith('deploy', password)}?token=query-secret`;
      const source = open({ url });
      const shown = JSON.stringify([await source.fetch(), source.description]);
      for (const secret of [password, encodeURIComponent(password), 'deploy:', 'query-secret']) {
        expect(shown).not.toContain(secret);
      }
    });

    it('are not sent on to where a server redirects', async () => {
      const elsewhere = await startGitServer(root);
      try {
        server.redirectTo = elsewhere.url;
        const error = expectFailure(await open({ url: urlWith('deploy', password) }).fetch());
        expect(error.disposition).toBe('stall');
        expect(elsewhere.requests).toEqual([]);
      } finally {
        await elsewhere.close();
      }
    });
  });

  describe('hostile content', () => {
    it('lists a submodule as one, and nothing of it', async () => {
      repo.git('update-index', '--add', '--cacheinfo', `160000,${'1'.repeat(40)},vendor`);
      repo.git('commit', '--quiet', '--message', 'submodule');
      const tree = await fetchFrom(open());
      expect(tree.entries).toContainEqual({
        path: 'vendor',
        kind: 'submodule',
        size: 0,
        identity: '1'.repeat(40),
      });
      expect(expectFailure(await tree.read('vendor', 10)).disposition).toBe('stall');
    });

    it('leaves out paths that no work tree could hold', async () => {
      const blob = repo.gitWith('evil', 'hash-object', '-w', '--stdin');
      const makeTree = (...names: string[]) =>
        repo.gitWith(
          Buffer.concat(
            names.flatMap((name) => [Buffer.from(`100644 ${name}\0`), Buffer.from(blob, 'hex')]),
          ),
          'hash-object',
          '-t',
          'tree',
          '--literally',
          '-w',
          '--stdin',
        );
      const id = repo.git('commit-tree', '-m', 'evil', makeTree('..', '.', '.git', 'a.yaml'));
      repo.git('update-ref', 'refs/heads/evil', id);
      const tree = await fetchFrom(open({ ref: 'evil' }));
      expect(tree.entries.map(({ path }) => path)).toEqual(['a.yaml']);
    });

    it('gives bytes as committed: attributes and filters change nothing', async () => {
      repo.write('.gitattributes', '*.yaml text eol=crlf ident filter=evil\n');
      repo.write('a.yaml', '$Id$\nline\n');
      repo.commit('attributes');
      const config = join(root, 'gitconfig');
      writeFileSync(config, `[filter "evil"]\n smudge = touch ${root}/ran\n required = true\n`);
      const environment = { ...GIT_ENVIRONMENT, GIT_CONFIG_GLOBAL: config };
      const tree = await fetchFrom(open({ environment }));
      expect(await readText(tree, 'a.yaml')).toBe('$Id$\nline\n');
      expect(existsSync(join(root, 'ran'))).toBe(false);
    });

    it('runs no hook, neither a configured one nor one of a template', async () => {
      const hooks = join(root, 'template/hooks');
      const config = join(root, 'gitconfig');
      mkdirSync(hooks, { recursive: true });
      writeFileSync(join(hooks, 'reference-transaction'), `#!/bin/sh\ntouch ${root}/ran\n`);
      chmodSync(join(hooks, 'reference-transaction'), 0o755);
      writeFileSync(
        config,
        `[core]\n hooksPath = ${hooks}\n[init]\n templateDir = ${join(root, 'template')}\n`,
      );
      await fetchFrom(open({ environment: { ...GIT_ENVIRONMENT, GIT_CONFIG_GLOBAL: config } }));
      expect(existsSync(join(root, 'ran'))).toBe(false);
    });

    it('is not led astray by git variables of the program around it', async () => {
      const environment = {
        ...GIT_ENVIRONMENT,
        GIT_DIR: '/nowhere',
        GIT_WORK_TREE: '/nowhere',
        GIT_INDEX_FILE: '/nowhere/index',
        GIT_OBJECT_DIRECTORY: '/nowhere',
        GIT_EXTERNAL_DIFF: 'false',
        PAGER: 'false',
        EDITOR: 'false',
      };
      expect((await fetchFrom(open({ environment }))).revision).toBe(first);
    });
  });

  it('streams a large blob without holding it in memory', async () => {
    const size = 96 * 1024 * 1024;
    repo.git('config', 'core.compression', '1');
    repo.write('big.bin', Buffer.alloc(size, 7));
    repo.commit('big');
    const tree = await fetchFrom(open());
    let seen = 0;
    let peak = 0;
    const before = process.memoryUsage().arrayBuffers;
    for await (const chunk of expectOk(await tree.open('big.bin'))) {
      seen += chunk.length;
      peak = Math.max(peak, process.memoryUsage().arrayBuffers - before);
    }
    expect(seen).toBe(size);
    expect(peak).toBeLessThan(size / 2);
  });

  describe('the local copy', () => {
    /** The loose object of a blob in the local copy. */
    const objectFile = (id: string) => {
      const file = listCache().find((path) => path.endsWith(`${id.slice(0, 2)}/${id.slice(2)}`));
      expect(file).toBeDefined();
      return file ?? '';
    };

    it.each(['damaged', 'missing', 'replaced'])(
      'with an object %s is fetched anew',
      async (how) => {
        const source = open();
        const tree = await fetchFrom(source);
        const [{ identity } = { identity: '' }] = tree.entries;
        const file = objectFile(identity);
        chmodSync(file, 0o644);
        if (how === 'missing') rmSync(file);
        else if (how === 'replaced') writeFileSync(file, deflateSync('blob 5\0wrong'));
        else writeFileSync(file, Buffer.alloc(statSync(file).size, 1));
        const again = open();
        const results = [await again.fetch(), await tree.read('a.yaml', 100)];
        const failures = results.flatMap((result) => (result.ok ? [] : [result.error.disposition]));
        expect(new Set(failures)).toEqual(new Set(['retry']));
        server.mood = 'down';
        expectFailure(await source.fetch());
        expect(existsSync(file)).toBe(how !== 'missing');
        server.mood = 'ok';
        expect(await readText(await fetchFrom(source), 'a.yaml')).toBe('first');
        expect(await readText(tree, 'a.yaml')).toBe('first');
      },
    );

    it('may be deleted at any time', async () => {
      const source = open();
      await fetchFrom(source);
      rmSync(join(root, 'cache'), { recursive: true });
      repo.write('a.yaml', 'second');
      repo.commit('second');
      expect(await readText(await fetchFrom(source), 'a.yaml')).toBe('second');
    });

    it('may be deleted when nothing is new, however often the tip was asked for', async () => {
      const source = open();
      for (let i = 0; i < 3; i += 1) await fetchFrom(source);
      rmSync(join(root, 'cache'), { recursive: true });
      const tree = await fetchFrom(source);
      expect(tree.revision).toBe(first);
      expect(await readText(tree, 'a.yaml')).toBe('first');
    });

    it('is not listed again for the tip it was listed for', async () => {
      const source = open();
      const trees = [await fetchFrom(source), await fetchFrom(source), await fetchFrom(source)];
      expect(new Set(trees).size).toBe(1);
      repo.write('a.yaml', 'second');
      const second = repo.commit('second');
      const next = await fetchFrom(source);
      expect([next.revision, await readText(next, 'a.yaml')]).toEqual([second, 'second']);
      expect(expectOk(await source.fetchRevision(first)).revision).toBe(first);
    });

    it('is used by the next start, so that known commits need no server', async () => {
      await fetchFrom(open());
      server.mood = 'down';
      const tree = expectOk(await open().fetchRevision(first));
      expect(await readText(tree, 'a.yaml')).toBe('first');
    });

    it('recovers from the lock of a git that was killed', async () => {
      const source = open();
      await fetchFrom(source);
      const ref = listCache().find((path) => path.includes('refs/lockstep/')) ?? '';
      writeFileSync(`${ref}.lock`, '');
      const second = repo.commit('second');
      expect(expectFailure(await source.fetch()).disposition).toBe('retry');
      utimesSync(`${ref}.lock`, 0, 0);
      expect(expectFailure(await source.fetch()).disposition).toBe('retry');
      expect((await fetchFrom(source)).revision).toBe(second);
    });

    it('can be shared by several sources of one repository', async () => {
      repo.write('fleet/b.yaml', 'b');
      repo.commit('second');
      const trees = await Promise.all([
        fetchFrom(open({ subfolder: 'fleet', cacheDir: join(root, 'cache') })),
        fetchFrom(open({ url: repo.dir })),
      ]);
      expect(trees.map(({ entries }) => entries.length)).toEqual([1, 2]);
    });
  });

  describe('a repository by path', () => {
    it('is read at its commits, not at its work tree', async () => {
      repo.write('a.yaml', 'uncommitted');
      repo.write('new.yaml', 'new');
      const source = open({ url: repo.dir });
      expect(source.description).toBe(`${repo.dir}#main`);
      const tree = await fetchFrom(source);
      expect(tree.entries.map(({ path }) => path)).toEqual(['a.yaml']);
      expect(await readText(tree, 'a.yaml')).toBe('first');
    });

    it('works by file URL too', async () => {
      expect((await fetchFrom(open({ url: `file://${repo.dir}` }))).revision).toBe(first);
    });

    it('that is shallow still names the parent that it lacks', async () => {
      repo.commit('second');
      repo.git('clone', '--quiet', '--depth=1', `file://${repo.dir}`, join(root, 'shallow'));
      const source = open({ url: join(root, 'shallow') });
      const { revision } = await fetchFrom(source);
      expect(expectOk(await source.parentOf(revision))).toBe(first);
      expect(expectFailure(await source.fetchRevision(first)).disposition).not.toBe('wait');
    });

    it('stalls for a path that is no repository, or not there', async () => {
      for (const url of [root, join(root, 'nothing')]) {
        const error = expectFailure(await open({ url }).fetch());
        expect(error.disposition).toBe('stall');
        expect(error.message).toContain('no such git repository');
      }
    });
  });

  describe('over SSH', () => {
    /** Stands in for the SSH client: notes its arguments, and runs the command on this machine. */
    const makeSsh = (path: string) => {
      mkdirSync(join(path, '..'), { recursive: true });
      const note = `printf '%s\\n' "$0" "$@" > ${root}/ssh-arguments`;
      writeFileSync(path, `#!/bin/sh\n${note}\nfor last; do :; done\nexec sh -c "$last"\n`);
      chmodSync(path, 0o755);
    };
    const sshArguments = () => readFileSync(join(root, 'ssh-arguments'), 'utf8').split('\n');

    it.each(['ssh://git@forge.example', 'git@forge.example:'])(
      'reads %s…, with a client that asks nothing',
      async (start) => {
        makeSsh(join(root, 'bin/ssh'));
        const environment = { ...GIT_ENVIRONMENT, PATH: `${root}/bin:${GIT_ENVIRONMENT['PATH']}` };
        const source = open({ url: `${start}${repo.dir}`, environment });
        expect((await fetchFrom(source)).revision).toBe(first);
        expect(sshArguments()).toEqual(
          expect.arrayContaining(['-oBatchMode=yes', 'git@forge.example']),
        );
      },
    );

    it('leaves the client to git’s own configuration where that names one', async () => {
      const client = join(root, 'own/ssh');
      makeSsh(client);
      writeFileSync(join(root, 'gitconfig'), `[core]\n sshCommand = ${client}\n`);
      const environment = { ...GIT_ENVIRONMENT, GIT_CONFIG_GLOBAL: join(root, 'gitconfig') };
      await fetchFrom(open({ url: `git@forge.example:${repo.dir}`, environment }));
      expect(sshArguments()[0]).toBe(client);
    });
  });

  it('stalls when there is no git', async () => {
    const environment = { ...GIT_ENVIRONMENT, PATH: join(root, 'nothing') };
    const error = expectFailure(await open({ environment }).fetch());
    expect(error.disposition).toBe('stall');
    expect(error.message).toContain('Install git');
    expect(error.message).not.toContain('\n');
  });
});
