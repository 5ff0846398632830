// A repository that gets another name while a source follows it: the server leads from the old address to the new one,
// and credentials go there only where it is the same server.

import { rmSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { ok } from '../../controller/base/result.ts';
import { findNewAddress } from '../../controller/sources/git/git-redirect.ts';
import { createGitSource } from '../../controller/sources/git/git-source.ts';
import type { FakeGitHub } from '../fakes/github/fake-github.ts';
import { startFakeGitHub } from '../fakes/github/github-server.ts';
import { makeTempDir } from '../support/git-repo.ts';
import { expectFailure, expectOk } from './source-contract.ts';

const password = 'ghp_rosaMayWrite';
const question = '/info/refs?service=git-upload-pack';
const closables: { close(): unknown }[] = [];
afterEach(async () => {
  for (const each of closables.splice(0)) await each.close();
});

describe('a repository with credentials', () => {
  let github: FakeGitHub;
  let root: string;
  beforeEach(async () => {
    github = await startFakeGitHub();
    root = makeTempDir('redirect');
    closables.push(github, { close: () => rmSync(root, { recursive: true }) });
  });

  it('is followed to its new name, to the next one, and back', async () => {
    const source = expectOk(
      createGitSource({
        url: github.gitUrl,
        ref: 'main',
        subfolder: null,
        cacheDir: join(root, 'cache'),
        verify: null,
        fetchTimeoutMs: 10_000,
        credentials: async () => ok({ username: 'x-access-token', password }),
      }),
    );
    closables.unshift(source);
    expectOk(await source.fetch());
    for (const name of ['second', 'third', 'fleet']) {
      github.rename(name);
      const commit = await github.push('main', { 'name.txt': name });
      expect(expectOk(await source.fetch()).revision).toBe(commit);
    }
    // The new place is known: there is no more asking for the old one.
    github.rename('fourth');
    expectOk(await source.fetch());
    const asked = github.requests.length;
    expectOk(await source.fetch());
    expect(github.requests.slice(asked).map(({ status }) => status)).not.toContain(301);
    // And where it is gone, the next attempt begins at the old one.
    github.mood = 'down';
    expect(expectFailure(await source.fetch()).disposition).toBe('retry');
    github.mood = 'ok';
    expectOk(await source.fetch());
  });
});

describe('a new address', () => {
  const signal = AbortSignal.timeout(5_000);
  const credentials = { username: 'x', password };

  async function redirectTo(location: (origin: string) => string) {
    const asked: string[] = [];
    const server = createServer(({ url = '', headers }, response) => {
      asked.push(`${url} ${headers.authorization ?? ''}`);
      if (url.startsWith('/new')) response.writeHead(200).end();
      else response.writeHead(301, { location: location(origin) }).end();
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    closables.push({ close: () => new Promise((resolve) => server.close(resolve)) });
    const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const found = await findNewAddress({ address: `${origin}/old`, credentials }, signal);
    return { origin, asked, found };
  }

  it('on the same server is taken, with its credentials', async () => {
    const { origin, asked, found } = await redirectTo((at) => `${at}/new.git${question}`);
    expect(found).toBe(`${origin}/new.git`);
    const login = Buffer.from(`x:${password}`).toString('base64');
    expect(asked).toEqual([`/old${question} Basic ${login}`, `/new.git${question} Basic ${login}`]);
  });

  it.each([
    ['another host', (at: string) => `${at.replace('127.0.0.1', 'localhost')}/new${question}`],
    ['another scheme', (at: string) => `${at.replace('http', 'https')}/new${question}`],
    ['other credentials', (at: string) => `${at.replace('//', '//a:b@')}/new${question}`],
    ['a page for people', (at: string) => `${at}/new/login`],
    ['itself', (at: string) => `${at}/old${question}`],
    ['no URL', () => 'http://'],
  ])('of %s is none', async (_, location) => {
    const { asked, found } = await redirectTo(location);
    expect(found).toBeNull();
    expect(asked.filter((each) => each.startsWith('/new'))).toEqual([]);
  });

  it('where nobody answers is none', async () => {
    expect(
      await findNewAddress({ address: 'http://127.0.0.1:9/', credentials }, signal),
    ).toBeNull();
  });
});
