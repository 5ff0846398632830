// The keys that an operator lists: checked and taken apart, so that no option, no certificate and no private key comes in
// with them. Pure text.

import { createHash } from 'node:crypto';
import { fail, ok, type Result } from '../../base/result.ts';
import type { SignaturePolicy } from '../signature-policy.ts';
import type { SourceMistake } from '../source-failure.ts';

export interface ListedKeys {
  /** Type and key in base64, without anything else. */
  readonly sshKeys: readonly string[];
  /** As `ssh-keygen -l` shows them: `SHA256:…`. */
  readonly sshFingerprints: ReadonlySet<string>;
  /** Armored. */
  readonly gpgKeys: readonly string[];
  /** The same for the same keys. */
  readonly digest: string;
}

const SSH_TYPES: ReadonlySet<string> = new Set([
  'ssh-ed25519',
  'ssh-rsa',
  'ecdsa-sha2-nistp256',
  'ecdsa-sha2-nistp384',
  'ecdsa-sha2-nistp521',
  'sk-ssh-ed25519@openssh.com',
  'sk-ecdsa-sha2-nistp256@openssh.com',
]);

/** Checks the keys of a policy. A mistake names the key by its place in the list. */
export function parseKeys({
  sshKeys,
  gpgKeys,
}: Pick<SignaturePolicy, 'sshKeys' | 'gpgKeys'>): Result<ListedKeys, SourceMistake> {
  if (sshKeys.length + gpgKeys.length === 0) {
    return fail({
      message: 'Signatures are asked for, but no key is listed.',
      remedy: 'List the public keys whose commits are accepted.',
    });
  }
  const ssh: string[] = [];
  const fingerprints = new Set<string>();
  for (const [index, text] of sshKeys.entries()) {
    const [type = '', base64 = ''] = text.trim().split(/[ \t]+/);
    const blob = Buffer.from(base64, 'base64');
    const isKey =
      SSH_TYPES.has(type) && !/[\r\n]/.test(text.trim()) && /^[A-Za-z0-9+/]+=*$/.test(base64);
    // The key itself names its type once more.
    if (!isKey || readFirstField(blob) !== type) {
      return fail({
        message: `The SSH key ${index + 1} of the list is not a public key.`,
        remedy: 'Write one line of a `.pub` file for each: `ssh-ed25519 AAAA… comment`.',
      });
    }
    ssh.push(`${type} ${base64}`);
    fingerprints.add(`SHA256:${hash(blob).digest('base64').replace(/=+$/, '')}`);
  }
  for (const [index, text] of gpgKeys.entries()) {
    const isKey = /-----BEGIN PGP PUBLIC KEY BLOCK-----[^]*-----END PGP PUBLIC KEY BLOCK-----/.test(
      text,
    );
    if (!isKey || text.includes('PRIVATE KEY')) {
      return fail({
        message: `The OpenPGP key ${index + 1} of the list is not an armored public key.`,
        remedy: 'Write what `gpg --armor --export` prints, for a public key alone.',
      });
    }
  }
  const digest = hash(JSON.stringify([ssh, gpgKeys])).digest('hex');
  return ok({ sshKeys: ssh, sshFingerprints: fingerprints, gpgKeys, digest });
}

function hash(content: Uint8Array | string) {
  return createHash('sha256').update(content);
}

/** Fields of a key begin with their length in four bytes. */
function readFirstField(blob: Buffer): string {
  return blob.length < 4 ? '' : blob.subarray(4, 4 + blob.readUInt32BE(0)).toString('latin1');
}
