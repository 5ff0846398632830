// Proposals through the API, told on the whole program: what is shown is what becomes the pull request, and neither moves
// the fleet.

import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import type { ErrorBody } from '../../controller/server/errors.ts';
import type { EventJson, Page } from '../../controller/reports/answers.ts';
import type {
  PossibleProposalJson,
  ProposalPreviewJson,
  PullRequestJson,
} from '../../controller/reports/proposal-answers.ts';
import { type ApiAnswer, askHttp } from '../support/api.ts';
import {
  firmwareFiles,
  fleetFiles,
  type ForgeWorld,
  lockFile,
  releaseFile,
  startForgeWorld,
} from '../support/forge-world.ts';

const MANUAL = [
  'strategy:',
  '  steps:',
  '    - { name: canary, exposure: 40% }',
  '    - { name: all, exposure: 100%, approval: required }',
  '  halt: { failureRate: 20%, minAttempts: 1, action: hold }',
];

function ask(world: ForgeWorld, path: string, body?: unknown): Promise<ApiAnswer> {
  const method = body === undefined ? 'GET' : 'POST';
  return askHttp(`${world.served().address}/api/v1${path}`, { method, body });
}

async function preview(world: ForgeWorld, body: object): Promise<ProposalPreviewJson> {
  const answer = await ask(world, '/proposals/preview', body);
  expect([answer.status, answer.status === 200 ? '' : answer.text]).toEqual([200, '']);
  return answer.json as ProposalPreviewJson;
}

async function open(world: ForgeWorld, body: object): Promise<PullRequestJson> {
  const answer = await ask(world, '/proposals', body);
  expect([answer.status, answer.status === 200 ? '' : answer.text]).toEqual([200, '']);
  return (answer.json as { readonly pullRequest: PullRequestJson }).pullRequest;
}

async function possible(world: ForgeWorld): Promise<readonly PossibleProposalJson[]> {
  const answer = await ask(world, '/products/thermostat/proposals');
  return (answer.json as Page<PossibleProposalJson>).items;
}

function errorOf(answer: ApiAnswer): readonly [number, string] {
  return [answer.status, (answer.json as ErrorBody).error.code];
}

describe('proposals beside a forge', { timeout: 60_000 }, () => {
  let world: ForgeWorld;
  const prefixed = (files: object) =>
    Object.fromEntries(Object.entries(files).map(([path, text]) => [`fleet/${path}`, text]));

  beforeAll(async () => {
    world = await startForgeWorld({
      files: prefixed({ ...fleetFiles([41], 41), ...firmwareFiles(42) }),
      subfolder: 'fleet',
    });
    await world.start();
    world.startDevices(['bench-1', 'dev-1'], 41);
    await world.until('both devices run 41', () => world.view()?.live?.devices === 2);
  });
  afterAll(() => world.close());

  const LOCK = {
    kind: 'lock',
    product: 'thermostat',
    device: 'dev-1',
    version: 42,
    flash: 'now',
    reason: 'try 42 @team',
  };

  it('show the change, its plan and its text, and open nothing', async () => {
    const shown = await preview(world, LOCK);
    expect(shown.title).toBe('Lock dev-1 of thermostat to 42');
    expect(shown.branch).toMatch(/^lockstep\/lock-thermostat-dev-1-42-[0-9a-f]{10}$/);
    expect(shown.files).toHaveLength(1);
    const [file] = shown.files;
    expect(file?.before).toBeNull();
    expect(file?.diff).toContain(`+++ b/${file?.path}\n@@ -0,0 +1,`);
    expect(file?.diff).toContain('+  version: 42\n');
    expect(file?.after).toContain('try 42 @team');
    expect(shown.body).toContain('someone on this machine asked for it');
    expect(shown.plan?.products.map(({ product }) => product)).toEqual(['thermostat']);
    expect(shown.plan?.products[0]?.actions).toMatchObject([
      { type: 'LockDevice', device: 'dev-1', version: 42, flash: 'now', revision: 'proposal' },
    ]);
    expect(shown).toMatchObject({
      planFailure: null,
      problems: [],
      pullRequest: null,
      open: { may: true, reason: null },
    });
    expect(world.github.pullRequests()).toEqual([]);
    expect(world.running('dev-1')).toBe(41);
  });

  it('become one pull request, however often they are asked for, and the log says by whom', async () => {
    const shown = await preview(world, LOCK);
    const opened = await open(world, LOCK);
    expect(await open(world, LOCK)).toEqual(opened);
    expect(world.github.pullRequests()).toHaveLength(1);
    const { head, base, title, body } = world.github.pullRequest(opened.number);
    expect({ branch: head.branch, base: base.branch, title, body }).toEqual({
      branch: shown.branch,
      base: 'main',
      title: shown.title,
      body: shown.body,
    });
    for (const { path, after } of shown.files) {
      expect(await world.github.file(head.branch, `fleet/${path}`)).toBe(after);
    }
    expect((await preview(world, LOCK)).pullRequest).toEqual(opened);
    const events = await ask(world, '/events?type=PullRequestOpened');
    expect((events.json as Page<EventJson, number>).items).toMatchObject([
      {
        product: 'thermostat',
        device: 'dev-1',
        message: `Opened pull request ${opened.number} for someone on this machine, “${shown.title}”: ${opened.url}`,
      },
    ]);
    expect(world.running('dev-1')).toBe(41);
  });

  it('that are refused or change nothing say what would mend them', async () => {
    const refused = [
      [{ ...LOCK, version: 43 }, 'UnknownVersion', 'lockstep propose firmware'],
      [{ ...LOCK, product: 'thermostad' }, 'UnknownProduct', 'Write `thermostat`.'],
      [{ kind: 'unlock', product: 'thermostat', device: 'dev-1' }, 'UnknownLock', 'check the id'],
      [{ kind: 'release', product: 'thermostat', version: 41 }, 'NothingToDo', 'Nothing'],
      [
        { kind: 'release', product: 'thermostat', version: 42, group: 'benc' },
        'UnknownGroup',
        'Write `bench`.',
      ],
      [{ kind: 'resume', product: 'thermostat' }, 'NotHalted', 'lockstep status'],
      [{ kind: 'resume', product: 'thermostat', group: 'bench' }, 'UnknownRelease', 'Release a'],
      [
        { kind: 'withdraw', product: 'thermostat', version: 42, reason: 'x', url: 'javascript:1' },
        'InvalidUrl',
        'https://example.com',
      ],
      [
        { kind: 'approve', product: 'thermostat', version: 41, step: 'al' },
        'UnknownStep',
        'Write `all`.',
      ],
    ] as const;
    for (const [body, code, remedy] of refused) {
      for (const path of ['/proposals/preview', '/proposals']) {
        const answer = await ask(world, path, body);
        expect([path, ...errorOf(answer)]).toEqual([path, 422, code]);
        expect((answer.json as ErrorBody).error.remedy).toContain(remedy);
      }
    }
    expect(world.github.pullRequests()).toHaveLength(1);
  });

  it('are checked before they are looked at', async () => {
    const hostile: readonly unknown[] = [
      {},
      [],
      { kind: 'lock' },
      { ...LOCK, kind: '__proto__' },
      { ...LOCK, device: 'two words' },
      { ...LOCK, device: 'd'.repeat(257) },
      { ...LOCK, version: '42' },
      { ...LOCK, version: 65_535 },
      { ...LOCK, reason: 'r'.repeat(1_001) },
      { ...LOCK, files: { '../../etc/passwd': 'x' } },
    ];
    for (const body of hostile) {
      const answer = await ask(world, '/proposals/preview', body);
      expect([body, ...errorOf(answer)]).toEqual([body, 400, 'InvalidRequest']);
    }
    const large = await ask(world, '/proposals', { ...LOCK, reason: 'r'.repeat(70_000) });
    expect(errorOf(large)).toEqual([413, 'BodyTooLarge']);
  });

  it('keep what a request brings as text, in manifests and in Markdown', async () => {
    const reason = '"}\n---\nkind: Release <img src=x> @acme/ops #1';
    const shown = await preview(world, { ...LOCK, device: '!!js/x:{{y}}', reason });
    const [file] = shown.files;
    expect(file?.path).not.toMatch(/\.\.|[!{]/);
    expect(shown.plan?.products[0]?.actions).toMatchObject([
      { type: 'LockDevice', device: '!!js/x:{{y}}' },
    ]);
    const withdrawn = await preview(world, {
      kind: 'withdraw',
      product: 'thermostat',
      version: 42,
      reason,
    });
    expect(withdrawn.files.map(({ path }) => path)).toEqual(['firmware/42.yaml']);
    expect(withdrawn.plan?.products[0]?.actions).toMatchObject([{ type: 'WithdrawFirmware' }]);
    expect(withdrawn.body).not.toMatch(/<img|@acme|#1/);
  });

  it('show what a release of an unverified version would wait for', async () => {
    const shown = await preview(world, { kind: 'release', product: 'thermostat', version: 42 });
    expect(shown.files[0]?.diff).toContain(
      '-  version: 41 # what everyone gets\n+  version: 42 # what everyone gets\n',
    );
    expect(shown.plan?.products[0]?.refusals).toMatchObject([{ reason: 'ReleaseUnverified' }]);
    const items = await possible(world);
    expect(items).toContainEqual({
      kind: 'release',
      group: null,
      version: 42,
      step: null,
      may: false,
      reason: expect.stringMatching(
        /^Version 42 is not verified: 0 of 1 device .* Lock a bench device/,
      ),
    });
    expect(items).toContainEqual({
      kind: 'release',
      group: null,
      version: 41,
      step: null,
      may: false,
      reason: 'Version 41 is released to every device already.',
    });
    expect(items).toContainEqual({
      kind: 'withdraw',
      group: null,
      version: 42,
      step: null,
      may: true,
      reason: null,
    });
    expect((await ask(world, '/products/pump/proposals')).status).toBe(404);
  });

  it('are shown while the forge is away, and opened once it is back', async () => {
    const body = { ...LOCK, device: 'dev-9' };
    const { github } = world;
    const mend = github.disturb('down', /^GET .*\/pulls/);
    const shown = await preview(world, body);
    expect(shown.pullRequest).toBeNull();
    expect(shown.open).toMatchObject({
      may: false,
      reason: expect.stringContaining('GitHub answers with status 503'),
    });
    expect((await ask(world, '/proposals', body)).status).toBe(503);
    mend();
    expect((await preview(world, body)).open.may).toBe(true);
    const opened = await open(world, body);
    expect(github.pullRequest(opened.number).head.branch).toBe(shown.branch);
  });
});

describe('proposals of a release under way', { timeout: 60_000 }, () => {
  let world: ForgeWorld;
  const bad = new Set<string>();

  beforeAll(async () => {
    world = await startForgeWorld({
      files: { ...fleetFiles([41], 41), ...firmwareFiles(42), ...lockFile(42) },
    });
    await world.start();
    world.startDevices(['bench-1', 'dev-1', 'dev-2', 'dev-3'], 41, (id, version) =>
      version === 42 && bad.has(id) ? 'fails' : 'runs',
    );
    await world.until('42 is verified', () =>
      (world.view()?.plan?.gates ?? []).some(
        ({ version, verdict }) => version === 42 && verdict === 'passed',
      ),
    );
  });
  afterAll(() => world.close());

  it('approve the step that waits, by the pull request that the controller opens itself', async () => {
    const may = (await possible(world)).filter(({ kind }) => kind === 'release');
    expect(may).toMatchObject([{ version: 41 }, { version: 42, may: true, reason: null }]);
    await world.github.push('main', releaseFile(42, ...MANUAL));
    await world.until('the step waits', () =>
      (world.view()?.plan?.releases[0]?.waits ?? []).some(({ kind }) => kind === 'approval'),
    );
    const item = { kind: 'approve', group: null, version: 42, step: 'all' };
    expect(await possible(world)).toContainEqual({ ...item, may: true, reason: null });
    const body = { ...item, product: 'thermostat' };
    await world.until('its own pull request is there', () =>
      world.github.pullRequests().some(({ head }) => head.branch.startsWith('lockstep/approve/')),
    );
    const [own] = world.github.pullRequests();
    const shown = await preview(world, body);
    expect(shown.pullRequest?.number).toBe(own?.number);
    expect(shown.files[0]?.diff).toContain('+  approved: [42/all]\n');
    expect((await open(world, body)).number).toBe(own?.number);
    expect(world.github.pullRequests()).toHaveLength(1);
  });

  it('resume what has halted, and nothing before', async () => {
    const body = { kind: 'resume', product: 'thermostat' };
    const item = { kind: 'resume', group: null, version: 42, step: null };
    expect(await possible(world)).toContainEqual({
      ...item,
      may: false,
      reason: 'The release is neither halted nor paused.',
    });
    expect(errorOf(await ask(world, '/proposals', body))).toEqual([422, 'NotHalted']);
    for (const id of ['dev-1', 'dev-2', 'dev-3']) bad.add(id);
    const [own] = world.github.pullRequests();
    await world.github.mergePullRequest(own?.number ?? 0);
    await world.until('the release has halted', () =>
      (world.view()?.plan?.releases[0]?.waits ?? []).some(({ kind }) => kind === 'halted'),
    );
    expect(await possible(world)).toContainEqual({ ...item, may: true, reason: null });
    const shown = await preview(world, body);
    expect(shown.files[0]?.diff).toContain('+  attempt: 2\n');
    expect(shown.plan?.products[0]?.actions).toMatchObject([
      { type: 'SetExposure', cause: 'resume' },
    ]);
    const { number } = await open(world, body);
    bad.clear();
    await world.github.mergePullRequest(number);
    await world.until('all run 42', () =>
      ['dev-1', 'dev-2', 'dev-3'].every((id) => world.running(id) === 42),
    );
  });
});

describe('proposals without a forge', { timeout: 60_000 }, () => {
  let world: ForgeWorld;
  let folder: string;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'lockstep-propose-'));
    for (const [path, content] of Object.entries({
      ...fleetFiles([41], 41),
      ...firmwareFiles(42),
    })) {
      await mkdir(dirname(join(folder, path)), { recursive: true });
      await writeFile(join(folder, path), content as string | Uint8Array);
    }
    world = await startForgeWorld({
      serve: { forge: null, source: { kind: 'directory', directory: folder } },
    });
    await world.start();
  });
  afterAll(async () => {
    await world.close();
    await rm(folder, { recursive: true, force: true });
  });

  it('give the files to commit, and say why none is opened', async () => {
    const body = { kind: 'withdraw', product: 'thermostat', version: 42, reason: 'bricks rev B' };
    const shown = await preview(world, body);
    const [file] = shown.files;
    expect(file?.before).toBe(await readFile(join(folder, 'firmware/42.yaml'), 'utf8'));
    expect(file?.after).toContain('withdrawn:');
    expect(shown.pullRequest).toBeNull();
    expect(shown.open).toEqual({
      may: false,
      reason: expect.stringContaining('Commit the files yourself'),
    });
    const refused = await ask(world, '/proposals', body);
    expect(errorOf(refused)).toEqual([409, 'NoForge']);
    expect((refused.json as ErrorBody).error.remedy).toContain('Commit the files yourself');
    expect(await readFile(join(folder, 'firmware/42.yaml'), 'utf8')).toBe(file?.before);
  });

  it('are of the newest files that can be read', async () => {
    const path = join(folder, 'release.yaml');
    const before = await readFile(path, 'utf8');
    await writeFile(path, before.replace('spec:', 'spec:\n  paused: true'));
    const shown = await preview(world, { kind: 'resume', product: 'thermostat' });
    expect(shown.files[0]?.diff).toContain('-  paused: true\n+  paused: false\n');
    await writeFile(join(folder, 'broken.yaml'), 'apiVersion: lockstep/v1\nkind: [\n');
    const body = { kind: 'unlock', product: 'thermostat', device: 'bench-1' };
    expect(errorOf(await ask(world, '/proposals/preview', body))).toEqual([422, 'InvalidManifest']);
  });
});
