// Signed commits, with real keys and the real programs: OpenSSH and GnuPG. What needs neither is tested in
// `test/contract/git-signatures.test.ts`.

import { execFileSync } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { createGitSource } from '../../controller/sources/git/git-source.ts';
import type { CommitVerdict, SignaturePolicy } from '../../controller/sources/signature-policy.ts';
import type { Source } from '../../controller/sources/source.ts';
import { expectFailure, expectOk } from '../contract/source-contract.ts';
import { createGitRepo, GIT_ENVIRONMENT, type GitRepo, makeTempDir } from '../support/git-repo.ts';

/** Somebody who signs. */
interface Signer {
  /** Settings of git under which a commit is signed. */
  readonly settings: readonly string[];
  readonly publicKey: string;
}

let keys: string;
/** The home of everybody's OpenPGP keys, which stands for the machine's own keyring. */
let gpgHome: string;
let ssh: Readonly<Record<'ann' | 'mallory', Signer>>;
let gpg: Readonly<Record<'bob' | 'mallory' | 'gone' | 'late', Signer>>;

const runGpg = (...args: readonly string[]) =>
  execFileSync('gpg', ['--batch', '--quiet', '--pinentry-mode', 'loopback', ...args], {
    env: { ...GIT_ENVIRONMENT, GNUPGHOME: gpgHome },
    stdio: ['ignore', 'pipe', 'pipe'],
  }).toString();

function makeSshSigner(name: string): Signer {
  const file = join(keys, name);
  execFileSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-C', name, '-f', file]);
  return {
    settings: ['gpg.format=ssh', `user.signingKey=${file}`],
    publicKey: readFileSync(`${file}.pub`, 'utf8'),
  };
}

function makeGpgSigner(name: string, expires = 'never', ...clock: readonly string[]): Signer {
  const mail = `${name}@example.com`;
  const user = `${name} <${mail}>`;
  runGpg(...clock, '--passphrase', '', '--quick-generate-key', user, 'ed25519', 'sign', expires);
  return { settings: [`user.signingKey=${mail}`], publicKey: runGpg('--armor', '--export', mail) };
}

/** Somebody whose key has expired by now; the commit is signed in time. */
function makeLateSigner(): Signer {
  const clock = '--faked-system-time=20240101T000000';
  const signer = makeGpgSigner('late', '2024-02-01', clock);
  const program = join(keys, 'gpg-of-then');
  writeFileSync(program, `#!/bin/sh\nexec gpg ${clock} "$@"\n`);
  chmodSync(program, 0o755);
  return { ...signer, settings: [...signer.settings, `gpg.program=${program}`] };
}

beforeAll(() => {
  keys = makeTempDir('keys');
  gpgHome = join(keys, 'gpg');
  mkdirSync(gpgHome, { mode: 0o700 });
  ssh = { ann: makeSshSigner('ann'), mallory: makeSshSigner('mallory') };
  gpg = {
    bob: makeGpgSigner('bob'),
    mallory: makeGpgSigner('mallory'),
    gone: makeGpgSigner('gone'),
    late: makeLateSigner(),
  };
});
afterAll(() => {
  execFileSync('gpgconf', ['--kill', 'all'], { env: { ...GIT_ENVIRONMENT, GNUPGHOME: gpgHome } });
  rmSync(keys, { recursive: true });
});

let root: string;
let repo: GitRepo;
let first: string;
const sources: Source[] = [];

beforeEach(() => {
  root = makeTempDir('signed');
  repo = createGitRepo(join(root, 'fleet'));
  first = repo.commit('first');
});
afterEach(async () => {
  for (const source of sources.splice(0)) await source.close();
  rmSync(root, { recursive: true });
});

function commitAs({ settings }: Signer, message: string): string {
  execFileSync(
    'git',
    settings
      .flatMap((setting) => ['-c', setting])
      .concat('commit', '--quiet', '--allow-empty', '--gpg-sign', '--message', message),
    { cwd: repo.dir, env: { ...GIT_ENVIRONMENT, GNUPGHOME: gpgHome } },
  );
  return repo.git('rev-parse', 'HEAD');
}

/** Ann by SSH and Bob by OpenPGP are listed; nobody else is. */
const policy = (mode: SignaturePolicy['mode'], gpgKeys = [gpg.bob.publicKey]): SignaturePolicy => ({
  mode,
  sshKeys: [ssh.ann.publicKey],
  gpgKeys,
});

async function open(
  verify: SignaturePolicy,
  environment: Readonly<Record<string, string>> = GIT_ENVIRONMENT,
): Promise<Source> {
  const source = expectOk(
    createGitSource({
      url: repo.dir,
      ref: 'main',
      subfolder: null,
      cacheDir: join(root, 'cache'),
      fetchTimeoutMs: 60_000,
      environment,
      verify,
    }),
  );
  sources.push(source);
  expectOk(await source.fetch());
  return source;
}

async function judge(
  commit: string,
  verify: SignaturePolicy = policy('tip'),
  accepted: string | null = null,
): Promise<CommitVerdict> {
  return expectOk(await (await open(verify)).judge(accepted, commit));
}

async function whyNot(...args: Parameters<typeof judge>): Promise<string | null> {
  const verdict = await judge(...args);
  return verdict.isTrusted ? null : verdict.why;
}

/** The commit with another message, under the signature of the first. */
function tamperWith(id: string): string {
  const content = repo.git('cat-file', 'commit', id);
  const changed = content.replace(/\n\n(.*)/, '\n\nnot $1');
  const tampered = repo.gitWith(`${changed}\n`, 'hash-object', '-t', 'commit', '-w', '--stdin');
  repo.git('reset', '--quiet', '--hard', tampered);
  return tampered;
}

describe('a signed commit', () => {
  it('is accepted from a listed key, of either kind', async () => {
    expect(await judge(commitAs(ssh.ann, 'by Ann'))).toEqual({ isTrusted: true });
    expect(await judge(commitAs(gpg.bob, 'by Bob'))).toEqual({ isTrusted: true });
  });

  it('is refused from a key that is not listed, which is named', async () => {
    const bySsh = await whyNot(commitAs(ssh.mallory, 'by Mallory'));
    expect(bySsh).toMatch(/^it is signed with the key SHA256:\S+, which is not listed$/);
    const byGpg = await whyNot(commitAs(gpg.mallory, 'by Mallory'));
    expect(byGpg).toMatch(/^it is signed with the key [0-9A-F]{16}, which is not listed$/);
  });

  it('is refused when it was changed afterwards', async () => {
    for (const signer of [ssh.ann, gpg.bob]) {
      const tampered = tamperWith(commitAs(signer, 'fine'));
      expect(await whyNot(tampered)).toContain('changed after it was signed');
    }
  });

  it('is refused from a key that has expired, or was revoked', async () => {
    const byLate = commitAs(gpg.late, 'in time');
    expect(await whyNot(byLate, policy('tip', [gpg.late.publicKey]))).toContain('has expired');
    const byGone = commitAs(gpg.gone, 'before it was revoked');
    expect(await whyNot(byGone, policy('tip', [gpg.gone.publicKey]))).toBeNull();
    const fingerprint = /^fpr:+([0-9A-F]+):/m.exec(
      runGpg('--with-colons', '--list-keys', 'gone@example.com'),
    )?.[1];
    const certificate = join(gpgHome, 'openpgp-revocs.d', `${fingerprint}.rev`);
    // gpg keeps it from being imported by mistake with a colon in front.
    writeFileSync(
      certificate,
      readFileSync(certificate, 'utf8').replace(':-----BEGIN', '-----BEGIN'),
    );
    runGpg('--import', certificate);
    const revoked = runGpg('--armor', '--export', 'gone@example.com');
    expect(await whyNot(byGone, policy('tip', [revoked]))).toContain('was revoked');
  });
});

describe('a path of commits', () => {
  it('is accepted by `strict` when all of it is signed, by whichever listed key', async () => {
    commitAs(ssh.ann, 'by Ann');
    commitAs(gpg.bob, 'by Bob');
    const tip = commitAs(ssh.ann, 'by Ann again');
    expect(await judge(tip, policy('strict'), first)).toEqual({ isTrusted: true });
  });

  it('with an unsigned commit in the middle is refused by `strict`, which names it; `tip` accepts it', async () => {
    const signed = commitAs(ssh.ann, 'by Ann');
    const unsigned = repo.commit('by nobody');
    commitAs(gpg.mallory, 'by Mallory');
    const tip = commitAs(gpg.bob, 'by Bob');
    expect(await judge(tip, policy('strict'), first)).toEqual({
      isTrusted: false,
      commit: unsigned,
      subject: 'by nobody',
      why: 'it carries no signature',
    });
    expect(await judge(tip, policy('strict'), signed)).toMatchObject({ commit: unsigned });
    expect(await whyNot(tip, policy('strict'), unsigned)).toContain('not listed');
    expect(await judge(tip, policy('tip'), first)).toEqual({ isTrusted: true });
    // Nothing was accepted yet: the tip alone.
    expect(await judge(tip, policy('strict'), null)).toEqual({ isTrusted: true });
  });

  it('includes what was merged in by a signed merge', async () => {
    repo.git('checkout', '--quiet', '-b', 'side');
    const side = repo.commit('on the side');
    repo.git('checkout', '--quiet', 'main');
    commitAs(ssh.ann, 'on main');
    repo.git('merge', '--quiet', '--no-ff', '--no-commit', 'side');
    const tip = commitAs(ssh.ann, 'merge');
    expect(await judge(tip, policy('strict'), first)).toMatchObject({ commit: side });
    expect(await judge(tip, policy('tip'), first)).toEqual({ isTrusted: true });
  });

  it('is judged once: afterwards neither program is asked again', async () => {
    const tip = commitAs(ssh.ann, 'by Ann');
    const calls = join(root, 'calls');
    mkdirSync(join(root, 'bin'));
    const program = join(root, 'bin/ssh-keygen');
    const real = `PATH='${GIT_ENVIRONMENT['PATH']}' exec ssh-keygen "$@"`;
    writeFileSync(program, `#!/bin/sh\necho "$*" >> ${calls}\n${real}\n`);
    chmodSync(program, 0o755);
    const path = `${root}/bin:${GIT_ENVIRONMENT['PATH']}`;
    const source = await open(policy('strict'), { ...GIT_ENVIRONMENT, PATH: path });
    expect(expectOk(await source.judge(first, tip))).toEqual({ isTrusted: true });
    const before = readFileSync(calls, 'utf8');
    expect(before).toContain('verify');
    expect(expectOk(await source.judge(first, tip))).toEqual({ isTrusted: true });
    expect(readFileSync(calls, 'utf8')).toBe(before);
  });
});

describe('the machine’s own keys and settings', () => {
  it('do not count: neither its keyring and trust, nor a program or file that its git names', async () => {
    const byGpg = commitAs(gpg.mallory, 'by Mallory');
    const bySsh = commitAs(ssh.mallory, 'by Mallory');
    const liar = join(root, 'liar');
    const good = '[GNUPG:] GOODSIG 0 x\\n[GNUPG:] VALIDSIG 0\\n[GNUPG:] TRUST_ULTIMATE\\n';
    writeFileSync(liar, `#!/bin/sh\ntouch ${root}/ran\nprintf '${good}'\nexit 0\n`);
    chmodSync(liar, 0o755);
    writeFileSync(join(root, 'signers'), `* ${ssh.mallory.publicKey}`);
    writeFileSync(
      join(root, 'gitconfig'),
      [
        `[gpg]\n program = ${liar}\n format = ssh\n minTrustLevel = never`,
        `[gpg "openpgp"]\n program = ${liar}\n[gpg "x509"]\n program = ${liar}`,
        `[gpg "ssh"]\n program = ${liar}\n allowedSignersFile = ${root}/signers`,
        `[log]\n showSignature = true`,
      ].join('\n'),
    );
    const environment = {
      ...GIT_ENVIRONMENT,
      GNUPGHOME: gpgHome,
      GIT_CONFIG_GLOBAL: join(root, 'gitconfig'),
      GIT_CONFIG_COUNT: '1',
      GIT_CONFIG_KEY_0: 'gpg.program',
      GIT_CONFIG_VALUE_0: liar,
    };
    const source = await open(policy('tip'), environment);
    for (const id of [byGpg, bySsh]) {
      expect(expectOk(await source.judge(null, id))).toMatchObject({ isTrusted: false });
    }
    for (const signer of [ssh.ann, gpg.bob]) {
      const id = commitAs(signer, 'fine');
      expectOk(await source.fetch());
      expect(expectOk(await source.judge(null, id))).toEqual({ isTrusted: true });
    }
    expect(existsSync(join(root, 'ran'))).toBe(false);
  });

  it('are made anew when the cache folder was deleted', async () => {
    const source = await open(policy('tip'));
    for (const signer of [ssh.ann, gpg.bob]) {
      const id = commitAs(signer, 'fine');
      rmSync(join(root, 'cache'), { recursive: true });
      await source.fetch();
      expectOk(await source.fetch());
      expect(expectOk(await source.judge(null, id))).toEqual({ isTrusted: true });
    }
  });

  it('that gpg does not take are named by their place', async () => {
    const id = commitAs(gpg.bob, 'by Bob');
    const broken =
      '-----BEGIN PGP PUBLIC KEY BLOCK-----\n\nmDME\n-----END PGP PUBLIC KEY BLOCK-----\n';
    const source = await open(policy('tip', [gpg.bob.publicKey, broken]));
    const error = expectFailure(await source.judge(null, id));
    expect(error.disposition).toBe('stall');
    expect(error.message).toContain('the OpenPGP key 2 of the list');
  });
});
