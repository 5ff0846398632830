// Commits that a source does not accept, as far as that needs no program but git. Good signatures of real keys are in
// `test/e2e/signed-commits.test.ts`.

import { generateKeyPairSync } from 'node:crypto';
import { mkdirSync, rmSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { execFileSync } from 'node:child_process';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createGitSource } from '../../controller/sources/git/git-source.ts';
import { openSource } from '../../controller/sources/open-source.ts';
import type { SignaturePolicy } from '../../controller/sources/signature-policy.ts';
import type { Source } from '../../controller/sources/source.ts';
import { createGitRepo, GIT_ENVIRONMENT, type GitRepo, makeTempDir } from '../support/git-repo.ts';
import { expectFailure, expectOk } from './source-contract.ts';

let root: string;
let repo: GitRepo;
let first: string;
const sources: Source[] = [];

beforeEach(() => {
  root = makeTempDir('signatures');
  repo = createGitRepo(join(root, 'fleet'));
  first = repo.commit('first');
});
afterEach(async () => {
  for (const source of sources.splice(0)) await source.close();
  rmSync(root, { recursive: true });
});

function makeSshKey(type = 'ssh-ed25519'): string {
  const { x = '' } = generateKeyPairSync('ed25519').publicKey.export({ format: 'jwk' });
  const fields = [Buffer.from('ssh-ed25519'), Buffer.from(x, 'base64url')];
  const blob = fields.flatMap((field) => {
    const length = Buffer.alloc(4);
    length.writeUInt32BE(field.length);
    return [length, field];
  });
  return `${type} ${Buffer.concat(blob).toString('base64')} someone@example.com`;
}

const GPG_KEY =
  '-----BEGIN PGP PUBLIC KEY BLOCK-----\n\nmDME\n-----END PGP PUBLIC KEY BLOCK-----\n';

const sshOnly = (mode: SignaturePolicy['mode']): SignaturePolicy => ({
  mode,
  sshKeys: [makeSshKey()],
  gpgKeys: [],
});
const gpgOnly: SignaturePolicy = { mode: 'tip', sshKeys: [], gpgKeys: [GPG_KEY] };

async function open(
  verify: SignaturePolicy | null,
  environment: Readonly<Record<string, string>> = GIT_ENVIRONMENT,
): Promise<Source> {
  const source = expectOk(
    createGitSource({
      url: repo.dir,
      ref: 'main',
      subfolder: null,
      cacheDir: join(root, 'cache'),
      fetchTimeoutMs: 20_000,
      environment,
      verify,
    }),
  );
  sources.push(source);
  expectOk(await source.fetch());
  return source;
}

/** Commits, with a signature of the kind that its first line says; nobody made it. */
function commitSigned(kind: string): string {
  const signature = [`-----BEGIN ${kind}-----`, 'U1NIU0lH', `-----END ${kind}-----`].join('\n ');
  const [head = '', ...message] = repo
    .git('cat-file', 'commit', repo.commit(`signed with ${kind}`))
    .split('\n\n');
  const content = `${head}\ngpgsig ${signature}\n\n${message.join('\n\n')}\n`;
  const id = repo.gitWith(content, 'hash-object', '-t', 'commit', '-w', '--stdin');
  repo.git('reset', '--quiet', '--soft', id);
  return id;
}

describe('a commit without a good signature', () => {
  it('is accepted by a source that asks for none', async () => {
    expect(expectOk(await (await open(null)).judge(null, first))).toEqual({ isTrusted: true });
  });

  it.each(['tip', 'strict'] as const)('is named when it carries none (%s)', async (mode) => {
    const source = await open(sshOnly(mode));
    expect(expectOk(await source.judge(null, first))).toEqual({
      isTrusted: false,
      commit: first,
      subject: 'first',
      why: 'it carries no signature',
    });
  });

  it('is the oldest of the path for `strict`, merged branches included, and the tip for `tip`', async () => {
    repo.git('checkout', '--quiet', '-b', 'side');
    repo.write('side.yaml', 'side');
    const side = repo.commit('on the side');
    repo.git('checkout', '--quiet', 'main');
    repo.git('merge', '--quiet', '--no-ff', '--message', 'merge', 'side');
    const tip = repo.commit('tip');
    const named = async (source: Source, accepted: string) => {
      const verdict = expectOk(await source.judge(accepted, tip));
      return verdict.isTrusted ? null : verdict.commit;
    };
    const strict = await open(sshOnly('strict'));
    expect(await named(strict, first)).toBe(side);
    expect(await named(strict, side)).not.toBe(side);
    // Nothing that this source knows was accepted, or nothing new is on the way.
    for (const accepted of ['dir-00', 'f'.repeat(40), tip]) {
      expect(await named(strict, accepted)).toBe(tip);
    }
    expect(await named(await open(sshOnly('tip')), first)).toBe(tip);
  });

  it.each([
    ['SSH SIGNATURE', gpgOnly, 'it is signed with an SSH key, and none is listed'],
    ['PGP SIGNATURE', sshOnly('tip'), 'it is signed with an OpenPGP key, and none is listed'],
    ['SIGNED MESSAGE', sshOnly('tip'), 'its signature is neither of SSH nor of OpenPGP'],
    ['WHATEVER', gpgOnly, 'its signature is neither of SSH nor of OpenPGP'],
  ] as const)('is refused for a %s, without asking a program', async (kind, verify, why) => {
    const id = commitSigned(kind);
    expect(expectOk(await (await open(verify)).judge(null, id))).toMatchObject({
      isTrusted: false,
      commit: id,
      why,
    });
  });

  it.each([
    ['SSH SIGNATURE', sshOnly('tip'), 'openssh-client'],
    ['PGP SIGNATURE', gpgOnly, 'gnupg'],
  ] as const)('stalls for a %s when its program is not there', async (kind, verify, name) => {
    const id = commitSigned(kind);
    mkdirSync(join(root, 'bin'));
    const git = execFileSync('sh', ['-c', 'command -v git'], { env: GIT_ENVIRONMENT });
    symlinkSync(git.toString().trim(), join(root, 'bin/git'));
    // Fetching from a path runs git's own other half, which it finds by itself.
    const environment = { ...GIT_ENVIRONMENT, PATH: join(root, 'bin') };
    const error = expectFailure(await (await open(verify, environment)).judge(null, id));
    expect(error).toMatchObject({ code: 'SourceUnavailable', disposition: 'stall' });
    expect(error.message).toContain(`Debian: ${name}`);
  });

  it('at the end of more than 5,000 others is a failure that says how to go there', async () => {
    const commits = Array.from(
      { length: 5_001 },
      (_, index) => `commit refs/heads/main\ncommitter T <t@e> ${index} +0000\ndata 1\nx\n`,
    );
    commits[0] = `${commits[0]}from ${first}\n`;
    repo.gitWith(commits.join('\n'), 'fast-import', '--quiet');
    const tip = repo.git('rev-parse', 'main');
    const error = expectFailure(await (await open(sshOnly('strict'))).judge(first, tip));
    expect(error.disposition).toBe('stall');
    expect(error.message).toContain('apply --revision');
    expect(expectOk(await (await open(sshOnly('tip'))).judge(first, tip)).isTrusted).toBe(false);
  });

  it('that was never fetched is unknown', async () => {
    const source = await open(sshOnly('tip'));
    expect(expectFailure(await source.judge(null, 'f'.repeat(40))).code).toBe('RevisionUnknown');
    await source.close();
    expect(expectFailure(await source.judge(null, first)).disposition).toBe('stall');
  });
});

describe('a list of keys', () => {
  const mistakeOf = (sshKeys: readonly string[], gpgKeys: readonly string[]) =>
    expectFailure(
      openSource(
        { kind: 'git', url: repo.dir, ref: null, subfolder: null },
        { cacheDir: join(root, 'cache'), verify: { mode: 'tip', sshKeys, gpgKeys } },
      ),
    );

  it.each([
    ['no SSH key', 'hello'],
    ['an option in front', `cert-authority ${makeSshKey()}`],
    ['a key of another type than it says', makeSshKey('ssh-rsa')],
    ['a certificate', makeSshKey('ssh-ed25519-cert-v01@openssh.com')],
    ['two lines', `${makeSshKey()}\n* ${makeSshKey()}`],
    ['a cut key', makeSshKey().slice(0, 16)],
    ['nothing', ''],
  ])('with %s among the SSH keys is refused by its place, and not shown', (_, key) => {
    const { message } = mistakeOf([makeSshKey(), key], []);
    expect(message).toBe('The SSH key 2 of the list is not a public key.');
  });

  it.each([
    ['a fingerprint', 'E798FC1CC09D8310'],
    ['a private key', GPG_KEY.replaceAll('PUBLIC', 'PRIVATE')],
    ['a private key beside a public one', `${GPG_KEY}${GPG_KEY.replaceAll('PUBLIC', 'PRIVATE')}`],
  ])('with %s among the OpenPGP keys is refused by its place', (_, key) => {
    expect(mistakeOf([], [GPG_KEY, key]).message).toContain('The OpenPGP key 2 of the list');
  });

  it('that is empty would accept nothing, and is refused', () => {
    expect(mistakeOf([], []).message).toContain('no key is listed');
  });

  it('cannot be asked of a directory', () => {
    const spec = { kind: 'directory', directory: root } as const;
    const options = { cacheDir: join(root, 'cache'), verify: sshOnly('tip') };
    expect(expectFailure(openSource(spec, options)).message).toContain('is a directory');
  });
});
