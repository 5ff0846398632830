// From the settings of `source.verify` to the keys that commits may be signed by: files with SSH public keys, one to a
// line, or with armored GPG public keys. Every mistake is told at once.

import { isAbsolute, join } from 'node:path';

import type { Failure } from '../base/failure.ts';
import { fail, ok, type Result } from '../base/result.ts';
import type { SourceSpec } from '../sources/open-source.ts';
import type { SignaturePolicy } from '../sources/signature-policy.ts';
import type { ReadNamedFile } from './forge-options.ts';
import type { Settings } from './settings.ts';
import { describeMistakes } from './settings-file.ts';

const SSH_KEY =
  /^(?:ssh-(?:ed25519|rsa)|ecdsa-sha2-\S+|sk-(?:ssh-ed25519|ecdsa-sha2-nistp256)@openssh\.com) [A-Za-z0-9+/=]+/;
const GPG_BLOCK = /-----BEGIN PGP PUBLIC KEY BLOCK-----[\s\S]*?-----END PGP PUBLIC KEY BLOCK-----/g;
const PRIVATE_KEY = /-----BEGIN (?:[A-Z ]+ )?PRIVATE KEY(?: BLOCK)?-----/;

/** The policy that the settings ask for; null where they ask for none. */
export async function settleSignatures(
  { verify, folder }: Pick<Settings, 'verify' | 'folder'>,
  source: SourceSpec,
  readFile: ReadNamedFile,
): Promise<Result<SignaturePolicy | null, Failure>> {
  if (verify === null) return ok(null);
  const mistakes: string[] = [];
  const sshKeys: string[] = [];
  const gpgKeys: string[] = [];
  if (source.kind !== 'git') {
    mistakes.push(
      '`source.verify` needs a git source: a plain directory has no commits. Give URL#BRANCH.',
    );
  }
  for (const name of verify.keys) {
    const read = await readFile(isAbsolute(name) ? name : join(folder, name));
    if (!read.ok) {
      mistakes.push(`\`source.verify.keys\`: ${read.error}`);
      continue;
    }
    const text = read.value;
    if (PRIVATE_KEY.test(text)) {
      mistakes.push(
        `\`source.verify.keys\`: ${name} holds a private key. Give the public one, and keep the private one where it is used.`,
      );
      continue;
    }
    const blocks = text.match(GPG_BLOCK) ?? [];
    const lines = text
      .replaceAll(GPG_BLOCK, '')
      .split('\n')
      .map((line) => line.trim())
      .filter((line) => line !== '' && !line.startsWith('#'));
    const strange = lines.find((line) => !SSH_KEY.test(line));
    if (strange !== undefined || blocks.length + lines.length === 0) {
      mistakes.push(
        `\`source.verify.keys\`: ${name} holds no public key that is known here. Give SSH public keys, one to a line, or an armored GPG public key.`,
      );
      continue;
    }
    gpgKeys.push(...blocks);
    sshKeys.push(...lines);
  }
  if (mistakes.length > 0) return fail(describeMistakes(mistakes));
  return ok({ mode: verify.mode ?? 'strict', sshKeys, gpgKeys });
}
