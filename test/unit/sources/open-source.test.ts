import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { array, assert, constantFrom, property, string } from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { parseGitUrl, redactSecrets } from '../../../controller/sources/git/git-url.ts';
import { openSource, parseSource } from '../../../controller/sources/open-source.ts';
import { createGitRepo, makeTempDir } from '../../support/git-repo.ts';

describe('source arguments', () => {
  let cwd: string;
  beforeEach(() => {
    cwd = makeTempDir('arguments');
  });
  afterEach(() => rmSync(cwd, { recursive: true }));

  const parse = (argument: string) => {
    const result = parseSource(argument, cwd);
    return result.ok ? result.value : result.error;
  };
  const git = (url: string, ref: string | null = null, subfolder: string | null = null) => ({
    kind: 'git',
    url,
    ref,
    subfolder,
  });

  it.each([
    ['', ''],
    ['.', ''],
    ['./', ''],
    ['./fleet', '/fleet'],
    ['fleet/', '/fleet'],
    ['./odd:name', '/odd:name'],
  ])('%j is a directory', (argument, path) => {
    expect(parse(argument)).toEqual({ kind: 'directory', directory: `${cwd}${path}` });
  });

  it('takes an absolute path as it is', () => {
    expect(parse('/srv/fleet')).toEqual({ kind: 'directory', directory: '/srv/fleet' });
  });

  it.each([
    ['https://forge.example/org/fleet.git', null, null],
    ['https://forge.example/org/fleet', null, null],
    ['https://user:word@forge.example:8443/org/fleet.git', 'main', null],
    ['git@forge.example:org/fleet.git', 'main', 'eu/fleet'],
    ['ssh://git@forge.example/org/fleet.git', 'v1', null],
    ['file:///srv/fleet', 'main', 'fleet'],
    ['http://localhost:3000/fleet.git', 'feature/x', 'a b'],
  ])('%s is a git repository', (url, ref, subfolder) => {
    const fragment = ref === null ? '' : `#${ref}${subfolder === null ? '' : `:${subfolder}`}`;
    expect(parse(`${url}${fragment}`)).toEqual(git(url, ref, subfolder));
  });

  it('leaves out either part of the fragment', () => {
    const url = 'https://forge.example/fleet.git';
    expect(parse(`${url}#`)).toEqual(git(url));
    expect(parse(`${url}#:fleet`)).toEqual(git(url, null, 'fleet'));
    expect(parse(`${url}#main:`)).toEqual(git(url, 'main'));
    expect(parse(`${url}#main:./fleet/`)).toEqual(git(url, 'main', 'fleet'));
    expect(parse(`${url}#main:.`)).toEqual(git(url, 'main'));
  });

  it('takes a path with a fragment as a git repository, there or not', () => {
    createGitRepo(join(cwd, 'repo'));
    expect(parse('./repo#main:fleet')).toEqual(git(join(cwd, 'repo'), 'main', 'fleet'));
    expect(parse('repo#main:fleet')).toEqual(git(join(cwd, 'repo'), 'main', 'fleet'));
    expect(parse('#main')).toEqual(git(cwd, 'main'));
    expect(parse('../gone#main')).toEqual(git(join(cwd, '../gone'), 'main'));
  });

  it('takes a work tree without a fragment as a directory, and a bare repository as git', () => {
    const repo = createGitRepo(join(cwd, 'repo'));
    expect(parse('repo')).toEqual({ kind: 'directory', directory: repo.dir });
    repo.git('init', '--quiet', '--bare', join(cwd, 'bare.git'));
    expect(parse('./bare.git')).toEqual(git(join(cwd, 'bare.git')));
  });

  it('takes a directory that is there as it is, whatever its name looks like', () => {
    for (const name of ['with#hash', 'host:path', 'a#b:c']) {
      mkdirSync(join(cwd, name));
      expect(parse(name)).toEqual({ kind: 'directory', directory: join(cwd, name) });
    }
  });

  it.each([
    '-x',
    '--upload-pack=touch x',
    'ext::sh -c touch% x',
    'fd::17',
    'ftp://forge.example/fleet.git',
    'git://forge.example/fleet.git',
    'ssh://-oProxyCommand=x/fleet',
    'ssh://-l@forge.example/fleet',
    '-oProxyCommand=x@forge.example:fleet',
    'git@-oProxyCommand=x:fleet',
    'file://forge.example/fleet',
    'https://',
    'https://forge.example/fleet.git#--upload-pack=x',
    'https://forge.example/fleet.git#main:../../etc',
    'https://forge.example/fleet.git#main:.git',
    'https://forge.example/fleet.git#a b',
    'https://forge.example/fl\neet.git',
  ])('refuses %j and says what would be right', (argument) => {
    expect(parse(argument)).toEqual({
      message: expect.stringMatching(/\.$/) as string,
      remedy: expect.stringMatching(/^Give /) as string,
    });
  });

  it('opens what it has parsed', async () => {
    for (const argument of ['', 'https://user:word@forge.example/fleet.git#main:fleet']) {
      const spec = parseSource(argument, cwd);
      const source = spec.ok ? openSource(spec.value, { cacheDir: join(cwd, 'cache') }) : spec;
      expect(source.ok && source.value.description).toBe(
        argument === '' ? cwd : 'https://forge.example/fleet.git#main:fleet',
      );
      if (source.ok) await source.value.close();
    }
  });

  it('never throws, and opens everything that it accepts', () => {
    const part = constantFrom('#', ':', '/', '//', '@', '-', '..', 'https:', 'ssh:', 'a', '%', ' ');
    assert(
      property(array(part, { maxLength: 8 }), string({ maxLength: 3 }), (parts, tail) => {
        const spec = parseSource(`${parts.join('')}${tail}`, cwd);
        const opened = spec.ok ? openSource(spec.value, { cacheDir: cwd }) : null;
        expect(opened?.ok ?? true).toBe(true);
      }),
      { numRuns: 500 },
    );
  });
});

describe('git addresses', () => {
  const expectUrl = (text: string) => {
    const url = parseGitUrl(text);
    if (!url.ok) throw new Error(url.error.message);
    return url.value;
  };

  it('are taken apart so that nothing secret is left in the address', () => {
    const url = expectUrl('https://deploy:p%40ss@forge.example/fleet.git?token=t0ken');
    expect(url.address).toBe('https://forge.example/fleet.git?token=t0ken');
    expect(url.description).toBe('https://forge.example/fleet.git');
    expect(url.credentials).toEqual({ username: 'deploy', password: 'p@ss' });
  });

  it('keep the user of SSH, which is no secret, and drop a password there', () => {
    const url = expectUrl('ssh://git:word@forge.example/fleet.git');
    expect(url.address).toBe('ssh://git@forge.example/fleet.git');
    expect(url.credentials).toBeNull();
    expect(url.secrets).toContain('word');
  });

  it('have their secrets taken out of any text, in every form', () => {
    const { secrets } = expectUrl('https://deploy:p%40ss@forge.example/fleet.git?token=t0ken');
    const basic = Buffer.from('deploy:p@ss').toString('base64');
    const text = `p%40ss p@ss ${basic} token=t0ken https://other:word@forge.example/ at forge.example`;
    expect(redactSecrets(text, secrets)).toBe(
      '*** *** *** *** https://forge.example/ at forge.example',
    );
  });
});
