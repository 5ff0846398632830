// Signed SWUpdate images, made with the tools that people make them with: openssl and cpio.

import { execFileSync } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

export interface SigningKey {
  readonly certificate: string;
  readonly key: string;
}

/** Makes a self-signed certificate that SWUpdate accepts for verifying images. */
export function createSigningKey(folder: string): SigningKey {
  const certificate = join(folder, 'cert.pem');
  const key = join(folder, 'key.pem');
  run('openssl', [
    'req',
    '-x509',
    '-newkey',
    'rsa:2048',
    '-nodes',
    '-keyout',
    key,
    '-out',
    certificate,
    '-days',
    '3650',
    '-subj',
    '/CN=Lockstep tests',
    '-addext',
    'keyUsage=digitalSignature',
    '-addext',
    'extendedKeyUsage=emailProtection',
  ]);
  return { certificate, key };
}

export interface ImageOptions {
  /** As sw-description names it. */
  readonly version: string;
  /** Where the payload is installed. */
  readonly target: string;
  /** A shell script that runs before and after the installation; exit 1 makes it fail. */
  readonly script?: string;
}

/** Builds a signed image at `file`. Returns the payload that it installs. */
export function buildSwuImage(
  folder: string,
  file: string,
  signing: SigningKey,
  options: ImageOptions,
): Buffer {
  const work = join(folder, `image-${randomBytes(4).toString('hex')}`);
  mkdirSync(work);
  const payload = randomBytes(300_000);
  writeFileSync(join(work, 'payload.bin'), payload);
  const names = ['sw-description', 'sw-description.sig', 'payload.bin'];
  let scripts = '';
  if (options.script !== undefined) {
    const script = `#!/bin/sh\n${options.script}\n`;
    writeFileSync(join(work, 'post.sh'), script);
    names.push('post.sh');
    scripts = `  scripts: ( { filename = "post.sh"; type = "shellscript"; sha256 = "${sha256(script)}"; } );\n`;
  }
  writeFileSync(
    join(work, 'sw-description'),
    `software = {
  version = "${options.version}";
  hardware-compatibility: [ "1.0" ];
  files: ( { filename = "payload.bin"; path = "${options.target}"; sha256 = "${sha256(payload)}"; } );
${scripts}}
`,
  );
  run(
    'openssl',
    [
      'cms',
      '-sign',
      '-in',
      'sw-description',
      '-out',
      'sw-description.sig',
      '-signer',
      signing.certificate,
      '-inkey',
      signing.key,
      '-outform',
      'DER',
      '-nosmimecap',
      '-binary',
    ],
    work,
  );
  const archive = execFileSync('cpio', ['-o', '-H', 'crc'], {
    cwd: work,
    input: `${names.join('\n')}\n`,
    stdio: ['pipe', 'pipe', 'pipe'],
    maxBuffer: 16 * 1024 * 1024,
  });
  writeFileSync(file, archive);
  return payload;
}

export function sha256(data: string | Uint8Array): string {
  return createHash('sha256').update(data).digest('hex');
}

function run(command: string, args: readonly string[], cwd?: string): void {
  execFileSync(command, [...args], { cwd, stdio: 'pipe' });
}
