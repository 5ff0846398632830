// Credentials that are asked for before each command that speaks to a server, as the tokens of a forge's app are.

import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { failure } from '../../controller/base/failure.ts';
import { fail, ok } from '../../controller/base/result.ts';
import type { AskCredentials, GitCredentials } from '../../controller/sources/git-credentials.ts';
import { createGitSource, type GitSourceOptions } from '../../controller/sources/git/git-source.ts';
import { openChangeSource, openSource } from '../../controller/sources/open-source.ts';
import type { Source } from '../../controller/sources/source.ts';
import { createGitRepo, GIT_ENVIRONMENT, type GitRepo, makeTempDir } from '../support/git-repo.ts';
import { type GitServer, startGitServer } from '../support/git-server.ts';
import { expectFailure, expectOk } from './source-contract.ts';

let root: string;
let server: GitServer;
let repo: GitRepo;
let first: string;
const closables: { close(): Promise<void> }[] = [];

beforeEach(async () => {
  root = makeTempDir('credentials');
  server = await startGitServer(root);
  repo = createGitRepo(join(root, 'fleet'));
  repo.write('a.yaml', 'a');
  first = repo.commit('first');
});
afterEach(async () => {
  for (const each of closables.splice(0)) await each.close();
  await server.close();
  rmSync(root, { recursive: true });
});

const tokenNamed = (password: string): GitCredentials => ({ username: 'x-access-token', password });

/** Gives the credentials in turn, then the last one for good; notes how often it was asked. */
function askFor(...credentials: readonly GitCredentials[]) {
  let asked = 0;
  const ask: AskCredentials = async () => {
    asked += 1;
    return ok(credentials[Math.min(asked, credentials.length) - 1] ?? null);
  };
  return { ask, asked: () => asked };
}

function open(credentials: AskCredentials, options: Partial<GitSourceOptions> = {}): Source {
  const source = expectOk(
    createGitSource({
      url: `${server.url}/fleet/.git`,
      ref: 'main',
      subfolder: null,
      cacheDir: join(root, 'cache'),
      fetchTimeoutMs: 20_000,
      environment: GIT_ENVIRONMENT,
      credentials,
      ...options,
    }),
  );
  closables.push(source);
  return source;
}

describe('credentials that are asked for', () => {
  it('open the repository, also when they change, and are written nowhere', async () => {
    // A git that notes how it was called.
    const calls = join(root, 'calls');
    mkdirSync(join(root, 'bin'));
    writeFileSync(
      join(root, 'bin/git'),
      `#!/bin/sh\nprintf '%s\\n' "$@" >> ${calls}\nPATH='${GIT_ENVIRONMENT['PATH']}' exec git "$@"\n`,
    );
    chmodSync(join(root, 'bin/git'), 0o755);
    const environment = { ...GIT_ENVIRONMENT, PATH: `${root}/bin:${GIT_ENVIRONMENT['PATH']}` };
    let current = tokenNamed('t0ken-one');
    server.login = current;
    const source = open(async () => ok(current), { environment });
    expect(expectOk(await source.fetch()).revision).toBe(first);
    current = tokenNamed('t0ken-two');
    server.login = current;
    const second = repo.commit('second');
    expect(expectOk(await source.fetch()).revision).toBe(second);

    expect(readFileSync(calls, 'utf8')).toContain('ls-remote');
    const files = readdirSync(join(root, 'cache'), { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name));
    for (const file of [...files, calls]) {
      const content = readFileSync(file, 'latin1');
      for (const word of ['t0ken', 'x-access-token', 'Basic']) expect(content).not.toContain(word);
    }
  });

  it('are asked for anew by each command that speaks to the server, and by no other', async () => {
    const { ask, asked } = askFor(tokenNamed('t0ken'));
    const source = open(ask);
    expectOk(await source.fetch());
    // The question for the tip, and the fetch.
    expect(asked()).toBe(2);
    expectOk(await source.fetchRevision(first));
    expectOk(await source.descends(first, first));
    expect(asked()).toBe(2);
  });

  it('that the server refuses stall, and are not shown', async () => {
    server.login = tokenNamed('another');
    const error = expectFailure(await open(askFor(tokenNamed('t0ken/ü')).ask).fetch());
    expect(error).toMatchObject({ code: 'SourceUnavailable', disposition: 'stall' });
    for (const word of ['t0ken', 'x-access-token', encodeURIComponent('t0ken/ü')]) {
      expect(error.message).not.toContain(word);
    }
  });

  it('that cannot be had are the failure of the fetch', async () => {
    const away = failure('ForgeUnavailable', 'The forge is away.', 'wait', 5_000);
    const source = open(async () => fail(away));
    expect(expectFailure(await source.fetch())).toEqual(away);
    expect(server.requests).toEqual([]);
  });

  it('that never come are given up in time, and do not hold up closing', async () => {
    const never: AskCredentials = () => new Promise(() => undefined);
    const error = expectFailure(await open(never, { fetchTimeoutMs: 50 }).fetch());
    expect(error).toMatchObject({ code: 'SourceUnavailable', disposition: 'retry' });
    const source = open(never);
    const fetching = source.fetch();
    await source.close();
    expect(expectFailure(await fetching).disposition).toBe('stall');
  });

  it('may be none: git’s own configuration has to do', async () => {
    expect(expectOk(await open(async () => ok(null)).fetch()).revision).toBe(first);
  });

  it('are not asked for where the address has its own, nor where it is a path', async () => {
    server.login = { username: 'deploy', password: 'w0rd' };
    const { ask, asked } = askFor(tokenNamed('t0ken'));
    const url = `${server.url.replace('//', '//deploy:w0rd@')}/fleet/.git`;
    expectOk(await open(ask, { url }).fetch());
    expectOk(await open(ask, { url: repo.dir }).fetch());
    expect(asked()).toBe(0);
  });

  it('are not sent on to where a server redirects', async () => {
    const elsewhere = await startGitServer(root);
    closables.push(elsewhere);
    server.redirectTo = elsewhere.url;
    const error = expectFailure(await open(askFor(tokenNamed('t0ken')).ask).fetch());
    expect(error.disposition).toBe('stall');
    expect(elsewhere.requests).toEqual([]);
  });

  it('serve a source and its changes alike', async () => {
    server.login = tokenNamed('t0ken');
    repo.git('update-ref', 'refs/pull/7/head', 'HEAD');
    const spec = {
      kind: 'git',
      url: `${server.url}/fleet/.git`,
      ref: 'main',
      subfolder: null,
    } as const;
    const options = { cacheDir: join(root, 'cache'), credentials: askFor(tokenNamed('t0ken')).ask };
    const source = expectOk(openSource(spec, options));
    const changes = expectOk(openChangeSource(spec, options));
    closables.push(source, changes);
    expect(expectOk(await source.fetch()).revision).toBe(first);
    expect(expectOk(await changes.merge('refs/pull/7/head')).head).toBe(first);
    expect(existsSync(join(root, 'cache/changes'))).toBe(true);
  });
});
