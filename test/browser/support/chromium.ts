// A Chromium for the tests, on a machine that has npm alone: the browser and the libraries it needs come packed in a
// package, and are unpacked once beside the other packages.

import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join, resolve } from 'node:path';

import { chromium, type Browser } from 'playwright-core';

const CACHE = resolve(import.meta.dirname, '../../../node_modules/.cache/lockstep-chromium');

/** Starts a browser; close it after the tests of a file. */
export async function startChromium(): Promise<Browser> {
  const folder = unpackChromium();
  return chromium.launch({
    executablePath: join(folder, 'chromium'),
    // Tests run as root in places that allow no sandbox; nothing but this program's own pages is opened.
    args: ['--no-sandbox', '--disable-gpu', '--font-render-hinting=none'],
    env: {
      ...process.env,
      // The machine's own libraries and fonts go first; a bare one has neither.
      LD_LIBRARY_PATH: [
        process.env['LD_LIBRARY_PATH'],
        ...MACHINE_LIBRARIES,
        join(folder, 'al2023/lib'),
      ]
        .filter((part) => part !== undefined && part !== '')
        .join(':'),
      ...(existsSync('/etc/fonts/fonts.conf') ? {} : { FONTCONFIG_PATH: join(folder, 'fonts') }),
    },
  });
}

const MACHINE_LIBRARIES = ['/lib/x86_64-linux-gnu', '/usr/lib/x86_64-linux-gnu', '/usr/lib64'];

/**
 * Where the unpacked browser lies. Several processes may come here at once: each unpacks into a folder of its own, and
 * the first to be ready gives its folder the name.
 */
function unpackChromium(): string {
  const entry = createRequire(import.meta.url).resolve('@sparticuz/chromium');
  const root = resolve(dirname(entry), '..');
  const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
    version: string;
  };
  const folder = join(CACHE, version);
  if (existsSync(folder)) return folder;
  mkdirSync(CACHE, { recursive: true });
  const mine = mkdtempSync(join(CACHE, 'unpacking-'));
  execFileSync(process.execPath, ['--input-type=module', '--eval', UNPACK], {
    cwd: root,
    // It unpacks into the folder for temporary files.
    env: { ...process.env, TMPDIR: mine },
  });
  try {
    renameSync(mine, folder);
  } catch (thrown) {
    if (!existsSync(folder)) throw thrown;
    rmSync(mine, { recursive: true });
  }
  return folder;
}

const UNPACK = `
import { join } from 'node:path';
import { inflate } from '@sparticuz/chromium';
for (const name of ['chromium.br', 'fonts.tar.br', 'al2023.tar.br']) await inflate(join('bin', name));
`;
