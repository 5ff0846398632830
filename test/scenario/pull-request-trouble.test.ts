// Hostile and unlucky things around pull requests, told on the whole program in the middle of a staged release. Whatever
// happens, no device moves, and the release goes on afterwards from where it was.

import { type AddressInfo, createServer } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';

import { request } from 'undici';
import { afterEach, describe, expect, it } from 'vitest';

import type { Files } from '../fakes/github/fake-github.ts';
import { DEVICE_TOKEN } from '../support/device-hand.ts';
import { firmwareFiles, lockFile, releaseFile } from '../support/forge-world.ts';
import {
  groupManifest as group,
  SOAKING,
  startTroubledFleet,
  type TroubledFleet,
  type TroubledFleetOptions,
} from '../support/troubled-fleet.ts';

let fleet: TroubledFleet | null = null;
afterEach(async () => {
  await fleet?.close();
  fleet = null;
});

async function start(options: TroubledFleetOptions = {}): Promise<TroubledFleet> {
  fleet = await startTroubledFleet(options);
  return fleet;
}

const SLOW = { timeout: 60_000 };

describe('webhooks', SLOW, () => {
  it('that are forged, malformed, oversized or replayed lead to nothing', async () => {
    const told = await start();
    const { github, until, check } = told;
    const openedAt = Date.now();
    const opened = await github.openPullRequest({
      branch: 'note',
      title: 'A note',
      files: { 'product.yaml': (before) => `${before}# a note\n` },
      fork: { owner: 'mallory' },
    });
    const head = github.pullRequest(opened.number).head.sha;
    await until('it is reviewed', () => check(head, 'gate') === 'success');
    const push = { ref: 'refs/heads/main', repository: { id: 500, full_name: 'acme/fleet' } };
    await told.untilStatus(
      'the round is over',
      ({ forge }) => Date.parse(forge?.lookedAt ?? '') >= openedAt,
    );
    const rounds = told.rounds();

    const forged = [
      await github.sendWebhook('push', push, { secret: 'a guess' }),
      await github.sendWebhook('push', push, { headers: { 'x-hub-signature-256': null } }),
      await github.sendWebhook('push', push, { headers: { 'x-hub-signature-256': 'sha256=' } }),
      await github.sendWebhook('push', push, { body: '' }),
    ];
    expect(forged.map(({ status }) => status)).toEqual([401, 401, 401, 401]);
    const malformed = [
      await github.sendWebhook('push', push, { body: '{"ref": ' }),
      await github.sendWebhook('push', push, { headers: { 'x-github-delivery': null } }),
      await github.sendWebhook('push', push, { headers: { 'x-github-event': '../../push' } }),
      await github.sendWebhook('push', push, {
        headers: { 'content-type': 'application/x-www-form-urlencoded' },
      }),
    ];
    expect(malformed.map(({ status }) => status)).toEqual([400, 400, 400, 400]);
    // Signed, and nothing in it that could be taken for something.
    const odd = ['null', '[]', '7', `${'['.repeat(50_000)}${']'.repeat(50_000)}`].map((body) =>
      github.sendWebhook('pull_request', null, { body }),
    );
    expect((await Promise.all(odd)).map(({ status }) => status)).toEqual([202, 202, 202, 202]);
    const oversized = await request(`${told.served().address}/webhooks/github`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'content-length': String(26 * 1024 * 1024) },
      body: '{}'.repeat(13 * 1024 * 1024),
    }).catch(() => null);
    // The connection may be closed while the rest of it is still being sent.
    expect([413, undefined]).toContain(oversized?.statusCode);
    await oversized?.body.dump();

    // Taken once before: GitHub gets its answer, and that is all.
    const [taken] = github.deliveries.filter(({ action }) => action === 'opened');
    for (let time = 0; time < 3; time += 1) {
      expect((await github.redeliver(taken?.id ?? '')).status).toBe(202);
    }
    // What comes next is a round of its own, and the only one.
    const sha = await github.pushToPullRequest(opened.number, { 'README.md': 'A fleet.\n' });
    await until('the push is reviewed', () => check(sha, 'gate') === 'success');
    expect(told.rounds()).toBe(rounds + 1);
    told.expectUnmoved();
    await told.finish();
    // A note in a manifest changes nothing of it.
    expect(github.comments(opened.number)).toEqual([]);
  });
});

describe('a pull request from a fork', SLOW, () => {
  const fork = { owner: 'mallory' };

  it('that loosens the rules and releases to everyone is bound by the rules of the branch', async () => {
    const told = await start({ product: ['guardrails: { maxAffected: 25% }'] });
    const { github, until, check } = told;
    const opened = await github.openPullRequest({
      branch: 'main',
      title: 'Typo',
      files: {
        'product.yaml': (before) => before.replace('maxAffected: 25%', 'maxAffected: 100%'),
        ...firmwareFiles(43),
        ...lockFile(43),
        ...releaseFile(43),
      },
      fork,
    });
    const { number } = opened;
    const { sha } = github.pullRequest(number).head;
    await until('it is reviewed', () => told.comment(number) !== null);
    // With its own lock it would go by itself after the merge, were it not for the limit.
    expect(check(sha, 'gate')).toBe('failure');
    expect(told.comment(number)).toContain('maxAffected allows 25%');
    expect(told.comment(number)).toContain('This changes the rules');
    told.expectUnmoved();

    // The same where the version is verified already.
    await github.push('main', { ...firmwareFiles(43), ...lockFile(43) });
    await until('it is refused', () => (told.comment(number) ?? '').includes('TooManyAffected'));
    expect(check(sha, 'plan')).toBe('failure');
    told.expectUnmoved();
    await told.finish();
  });

  it('reaches nothing through symlinks, submodules and addresses', async () => {
    const door = await listenForConnections();
    const told = await start({
      reviews: { binaryHosts: ['localhost', '127.0.0.1', '[::1]'], binaryBytesMax: 8_192 },
    });
    const { github, until, check } = told;
    const submodule = '1234567890123456789012345678901234567890';
    const manifests = await github.openPullRequest({
      branch: 'main',
      title: 'More manifests',
      files: { 'passwords.yaml': { symlink: '/etc/passwd' }, 'more.yaml': { submodule } },
      fork,
    });
    const binaries = await github.openPullRequest({
      branch: 'master',
      title: 'More firmware',
      files: {
        ...withBinary(50, 'path: elsewhere/50.bin'),
        elsewhere: { symlink: '/etc' },
        ...withBinary(51, 'path: firmware/51.bin'),
        'firmware/51.bin': { symlink: '../../../../etc/passwd' },
        ...withBinary(52, 'path: ../../../../etc/passwd'),
        ...withBinary(53, 'path: vendor/53.bin'),
        vendor: { submodule },
        ...withBinary(54, `url: "https://127.0.0.1:${door.port}/54.bin"`),
        ...withBinary(55, `url: "https://localhost:${door.port}/55.bin"`),
        ...withBinary(56, `url: "http://127.0.0.1:${door.port}/56.bin"`),
        ...withBinary(57, `url: "https://[::1]:${door.port}/57.bin"`),
        ...withBinary(58, `url: "https://elsewhere.example:${door.port}/58.bin"`),
        ...firmwareFiles(59),
        'firmware/59.bin': Buffer.alloc(20_000),
      },
      fork,
    });
    await until('both are reviewed', () =>
      [manifests, binaries].every(({ number }) => told.comment(number) !== null),
    );
    expect(check(manifests.head.sha, 'plan')).toBe('failure');
    expect(told.comment(manifests.number)).toContain('manifests are not read through symlinks');
    expect(check(binaries.head.sha, 'plan')).toBe('failure');
    const said = told.comment(binaries.number) ?? '';
    for (const words of [
      '`elsewhere/50.bin` goes through `elsewhere`, which is a symlink',
      '`firmware/51.bin` is a symlink',
      'leads out of the fleet repo',
      '`vendor/53.bin` goes through `vendor`, which is a submodule',
      'is not an https URL',
      'no more than 8192 are read of a binary here',
    ]) {
      expect(said).toContain(words);
    }
    expect(said.match(/BinaryNotChecked/g)).toHaveLength(4);
    expect(said.match(/_not read_/g)).toHaveLength(4);
    // Nothing was asked for, nothing was read, and nothing of this machine is told to anybody.
    expect(door.connections()).toBe(0);
    await door.close();
    expect(github.requests.filter(({ body }) => body.includes('root:'))).toEqual([]);
    told.expectUnmoved();
    await told.finish();
  });

  it('with thousands of files is reviewed in a moment or refused, and devices are served meanwhile', async () => {
    const told = await start();
    const { github, until, check } = told;
    const polls = watchPolls(told.served().deviceAddress);
    const tree = await github.openPullRequest({
      branch: 'main',
      title: 'A tree',
      files: manyFiles(5_000),
      fork,
    });
    const began = performance.now();
    await until('the tree is reviewed', () => told.comment(tree.number) !== null);
    expect(performance.now() - began).toBeLessThan(15_000);
    expect(check(tree.head.sha, 'plan')).toBe('failure');
    await github.closePullRequest(tree.number);

    const large = await github.openPullRequest({
      branch: 'master',
      title: 'A large tree',
      files: largeFiles(10),
      fork,
    });
    await until('the large tree is refused', () => check(large.head.sha, 'gate') !== null);
    expect(check(large.head.sha, 'plan')).toBe('failure');
    expect(github.check(large.head.sha, 'lockstep/plan')?.summary).toContain('Split it.');
    await polls.end();
    expect(polls.longestMs()).toBeLessThan(1_500);
    told.expectUnmoved();
    await told.finish();
  });
});

describe('a pull request', SLOW, () => {
  it('that moves while it is reviewed has each verdict on the commit that was judged', async () => {
    const told = await start({ subfolder: 'fleet' });
    const { github, until, check } = told;
    const broken = told.in(releaseFile(44, ...SOAKING));
    const sound = told.in({ 'bench.yaml': group('bench', ['bench-1', 'bench-2']) });

    // Moved after it was judged, and before the verdict was written.
    const writing = github.hold(/^GET .*\/check-runs$/);
    const { number } = await github.openPullRequest({
      branch: 'topic',
      title: 'A topic',
      files: broken,
    });
    const first = github.pullRequest(number).head.sha;
    await writing.reached;
    const second = await github.forcePush('topic', sound);
    writing.release();
    await until('both are judged', () => check(second, 'gate') !== null);
    expect([check(first, 'plan'), check(second, 'plan')]).toEqual(['failure', 'success']);
    await until('the comment is about the newest', () =>
      (told.comment(number) ?? '').includes(second.slice(0, 12)),
    );

    // Moved between the list and the reading: what is read is judged, and the other one never.
    const listing = github.hold(/^GET .*\/pulls$/);
    const third = await github.forcePush('topic', broken);
    await listing.reached;
    const fourth = await github.forcePush('topic', told.in({ 'bench.yaml': group('bench', []) }));
    listing.release();
    await until('the last is judged', () => check(fourth, 'gate') !== null);
    expect(check(third, 'plan')).toBeNull();
    await until('the comment is about the last', () =>
      (told.comment(number) ?? '').includes(fourth.slice(0, 12)),
    );

    // Closed while it is reviewed, and by deleting its branch.
    const again = github.hold(/^GET .*\/check-runs$/);
    const fifth = await github.forcePush('topic', sound);
    await again.reached;
    await github.deleteBranch('topic');
    again.release();
    await told.untilStatus('nothing is open', ({ forge }) => forge?.openPullRequests === 0);
    expect(github.pullRequest(number).state).toBe('closed');
    await until('it is judged all the same', () => check(fifth, 'gate') !== null);
    expect((await told.apiStatus()).forge).toMatchObject({ failure: null, openPullRequests: 0 });
    expect(github.comments(number)).toHaveLength(1);
    told.expectUnmoved();
    await told.finish();
  });

  it('is reviewed anew whenever its base moves, through a conflict and its end', async () => {
    const told = await start({ subfolder: 'fleet' });
    const { github, until, check } = told;
    const releaseLine = (words: string): Files => ({
      'release.yaml': (before) => before.replace(/#.*/, words),
    });
    const { number, head } = await github.openPullRequest({
      branch: 'release-43',
      title: 'Release 43',
      files: told.in(releaseFile(43, ...SOAKING)),
    });
    await until('it is refused', () => check(head.sha, 'gate') === 'failure');
    expect(check(head.sha, 'plan')).toBe('failure');
    // The folder of the fleet repo is part of each path that people are led to.
    expect(github.check(head.sha, 'lockstep/plan')?.annotations).toMatchObject([
      { path: 'fleet/release.yaml' },
    ]);
    await until('it has a comment', () => told.comment(number) !== null);
    expect(told.comment(number)).toContain('/fleet/release.yaml#L6');

    await github.push('main', told.in({ ...firmwareFiles(43), ...lockFile(43) }));
    await until('it is verified', () => check(head.sha, 'gate') === 'success');
    expect(check(head.sha, 'plan')).toBe('success');

    await github.push('main', told.in(releaseLine('# for all')));
    await until('it is in conflict', () => check(head.sha, 'gate') === 'failure');
    expect(check(head.sha, 'plan')).toBe('failure');
    await until('the comment says so', () =>
      (told.comment(number) ?? '').includes('fleet/release.yaml'),
    );
    await github.push('main', told.in(releaseLine('# what everyone gets')));
    await until('it can be merged again', () => check(head.sha, 'gate') === 'success');
    expect(check(head.sha, 'plan')).toBe('success');
    expect(github.comments(number)).toHaveLength(1);
    told.expectUnmoved();

    // Others are nobody's business here.
    await github.setBranch('stable', github.branch('main') ?? '');
    const other = await github.openPullRequest({
      branch: 'for-stable',
      title: 'Not for the fleet',
      base: 'stable',
      files: told.in(releaseFile(43)),
    });
    const readme = await github.openPullRequest({
      branch: 'readme',
      title: 'Explain',
      files: { 'README.md': 'All of it.\n', 'elsewhere.yaml': 'apiVersion: lockstep/v1\n' },
    });
    await until('the readme is looked at', () => check(readme.head.sha, 'gate') === 'success');
    expect(check(readme.head.sha, 'plan')).toBe('success');
    await told.finish();
    expect(github.comments(readme.number)).toEqual([]);
    expect(github.checks(other.head.sha)).toEqual([]);
    expect(github.comments(other.number)).toEqual([]);
  });
});

/** Half of them manifests, some of them broken. */
function manyFiles(count: number): Files {
  const contents: readonly ((at: number) => string)[] = [
    (at) => group(`group-${at}`, [`device-${at}`]),
    (at) => group(`group-${at}`, ['dev-1']).replace('thermostat', 'toaster'),
    (at) => `apiVersion: apps/v1\nkind: Deployment\nmetadata: { name: at-${at} }\n`,
    () => 'Words.\n',
  ];
  return Object.fromEntries(
    Array.from({ length: count }, (_, at) => [
      `tree/${at % 70}/${at}.${at % 4 === 3 ? 'txt' : 'yaml'}`,
      contents[at % 4]?.(at) ?? '',
    ]),
  );
}

/** Each just below what is read of a manifest file. */
function largeFiles(count: number): Files {
  const devices = Array.from({ length: 70_000 }, (_, at) => `device-${at}`);
  return Object.fromEntries(
    Array.from({ length: count }, (_, at) => [`large/${at}.yaml`, group(`large-${at}`, devices)]),
  );
}

/** A firmware manifest whose binary is somewhere else. */
function withBinary(version: number, place: string): Files {
  const path = `firmware/${version}.yaml`;
  const manifest = firmwareFiles(version)[path];
  if (typeof manifest !== 'string') throw new Error('a manifest is text');
  return { [path]: manifest.replace(/path: [^,]*/, place) };
}

/** Polls as a device does, all the time, and notes how long the longest answer took. */
function watchPolls(address: string) {
  const ending = new AbortController();
  let longest = 0;
  let broken: unknown = null;
  const poll = async () => {
    while (!ending.signal.aborted) {
      const began = performance.now();
      const { statusCode, body } = await request(`${address}/thermostat/controller/v1/dev-1`, {
        headers: { authorization: `GatewayToken ${DEVICE_TOKEN}` },
      });
      await body.dump();
      expect(statusCode).toBe(200);
      longest = Math.max(longest, performance.now() - began);
      await pause(5);
    }
  };
  const polling = poll().catch((thrown: unknown) => {
    broken = thrown;
  });
  return {
    longestMs: () => longest,
    async end() {
      ending.abort();
      await polling;
      expect(broken).toBeNull();
    },
  };
}

/** A server on all addresses of this machine that nobody is to connect to. */
async function listenForConnections() {
  let connections = 0;
  const server = createServer((socket) => {
    connections += 1;
    socket.destroy();
  });
  await new Promise<void>((resolve) => server.listen(0, resolve));
  const { port } = server.address() as AddressInfo;
  return {
    port,
    connections: () => connections,
    close: () => new Promise((resolve) => server.close(resolve)),
  };
}
