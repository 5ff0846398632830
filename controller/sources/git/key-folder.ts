// The listed keys as git's programs want them: a file for ssh-keygen, a home of its own for gpg, both in the cache folder.
// The machine's own keyrings and trust have no part in it.

import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type Failure, messageOf } from '../../base/failure.ts';
import { fail, ok, type Result } from '../../base/result.ts';
import { sourceUnavailable } from '../source-failure.ts';
import type { GitOutcome } from './git-command.ts';
import type { GitMirror } from './git-mirror.ts';
import type { ListedKeys } from './listed-keys.ts';

/** Where git finds the keys. */
export interface KeyPlaces {
  readonly allowedSigners: string;
  readonly gpgHome: string;
  /** Of the primary OpenPGP keys, upper-case hex; empty where gpg was not needed. */
  readonly gpgFingerprints: ReadonlySet<string>;
}

export interface KeyFolder {
  /** Makes what is missing of the folder. A program that is not installed is a failure (`stall`). */
  prepare(kinds: {
    readonly ssh: boolean;
    readonly openpgp: boolean;
  }): Promise<Result<KeyPlaces, Failure>>;
  /** Whether all of it is there: the cache folder may be deleted at any time. */
  isWhole(): boolean;
}

/** gpg looks nowhere but in its home; each key in there counts, because only listed ones are. */
const GPG_CONFIGURATION = [
  'trust-model always',
  'no-auto-key-retrieve',
  'disable-dirmngr',
  'no-autostart',
  '',
].join('\n');

export interface KeyFolderOptions {
  readonly keys: ListedKeys;
  readonly cacheDir: string;
  readonly mirror: Pick<GitMirror, 'runProgram'>;
  /** The source's description, for failures. */
  readonly description: string;
}

/** Creates the folder's keeper. Nothing is written before it is needed. */
export function createKeyFolder({
  keys,
  cacheDir,
  mirror,
  description,
}: KeyFolderOptions): KeyFolder {
  const folder = join(cacheDir, `keys-${keys.digest.slice(0, 16)}`);
  const allowedSigners = join(folder, 'allowed-signers');
  const gpgHome = join(folder, 'gpg');
  let gpgFingerprints: ReadonlySet<string> = new Set();
  let hasSshKeygen = false;

  const refuse = (why: string, disposition: 'retry' | 'stall' = 'stall') =>
    fail(
      sourceUnavailable(`The signatures of ${description} cannot be checked: ${why}`, disposition),
    );

  const explain = (outcome: GitOutcome, what: string) => {
    if (outcome.end === 'missing') {
      return refuse('there is no gpg program. Install GnuPG (Debian: gnupg), on the PATH.');
    }
    if (outcome.end === 'closed') return refuse('the source was closed.');
    if (outcome.end === 'timedOut') return refuse('gpg did not end in time.', 'retry');
    return refuse(`gpg does not take ${what}. Export the key anew.`);
  };

  const writeFolder = async (target: string): Promise<Result<void, Failure>> => {
    const home = join(target, 'gpg');
    try {
      await mkdir(home, { recursive: true, mode: 0o700 });
      const signers = keys.sshKeys.map((key) => `lockstep namespaces="git" ${key}\n`);
      await writeFile(join(target, 'allowed-signers'), signers.join(''));
      await writeFile(join(home, 'gpg.conf'), GPG_CONFIGURATION);
      for (const [index, key] of keys.gpgKeys.entries()) {
        await writeFile(join(target, `${index + 1}.asc`), key);
      }
      return ok(undefined);
    } catch (thrown) {
      return refuse(`the source cache cannot be written: ${messageOf(thrown)}`);
    }
  };

  /** Made beside its place and moved there, so that what is there is whole. */
  const makeFolder = async (): Promise<Result<void, Failure>> => {
    if (existsSync(allowedSigners)) return ok(undefined);
    const fresh = `${folder}.new-${randomBytes(4).toString('hex')}`;
    try {
      const written = await writeFolder(fresh);
      if (!written.ok) return written;
      await rename(fresh, folder);
      return ok(undefined);
    } catch (thrown) {
      // Another process may have been quicker.
      return existsSync(allowedSigners) ? ok(undefined) : refuse(messageOf(thrown), 'retry');
    } finally {
      await rm(fresh, { recursive: true, force: true });
    }
  };

  const runGpg = (args: readonly string[]) =>
    mirror.runProgram('gpg', ['--batch', '--quiet', ...args], { GNUPGHOME: gpgHome });

  /** Importing what is there already changes nothing. */
  const importKeys = async (): Promise<Result<void, Failure>> => {
    for (const index of keys.gpgKeys.keys()) {
      const imported = await runGpg(['--import', join(folder, `${index + 1}.asc`)]);
      if (imported.exitCode !== 0) {
        return explain(imported, `the OpenPGP key ${index + 1} of the list`);
      }
    }
    const listed = await runGpg(['--with-colons', '--list-keys']);
    if (listed.exitCode !== 0) return explain(listed, 'its own list of keys');
    gpgFingerprints = readFingerprints(listed.stdout);
    return ok(undefined);
  };

  const isWhole = () => existsSync(allowedSigners) && existsSync(join(gpgHome, 'gpg.conf'));

  return {
    isWhole,
    async prepare({ ssh, openpgp }) {
      if (!isWhole()) gpgFingerprints = new Set();
      const made = await makeFolder();
      if (!made.ok) return made;
      if (openpgp && gpgFingerprints.size === 0) {
        const imported = await importKeys();
        if (!imported.ok) return imported;
      }
      if (ssh && !hasSshKeygen) {
        // Called like this it only says how it is used.
        const tried = await mirror.runProgram('ssh-keygen', ['-?'], {});
        hasSshKeygen = tried.end === 'exited';
        if (tried.end === 'missing') {
          return refuse(
            'there is no ssh-keygen program. Install OpenSSH 8.2 or newer (Debian: openssh-client), on the PATH.',
          );
        }
      }
      return ok({ allowedSigners, gpgHome, gpgFingerprints });
    },
  };
}

/** The fingerprint after each primary key; those after subkeys are left out. */
function readFingerprints(listing: string): ReadonlySet<string> {
  const fingerprints = new Set<string>();
  let isPrimary = false;
  for (const line of listing.split('\n')) {
    const fields = line.split(':');
    if (fields[0] === 'pub') isPrimary = true;
    if (fields[0] !== 'fpr') continue;
    if (isPrimary) fingerprints.add(fields[9] ?? '');
    isPrimary = false;
  }
  return fingerprints;
}
