// What a SOURCE argument means, and the source that it opens: the one place that knows both kinds of sources.

import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { fail, ok, type Result } from '../base/result.ts';
import type { ChangeSource } from './change-source.ts';
import { createDirectorySource } from './directory/directory-source.ts';
import type { AskCredentials } from './git-credentials.ts';
import { createGitChangeSource } from './git/git-change-source.ts';
import { createGitSource } from './git/git-source.ts';
import { isRefName, parseGitUrl } from './git/git-url.ts';
import type { SignaturePolicy } from './signature-policy.ts';
import type { Source } from './source.ts';
import type { SourceMistake } from './source-failure.ts';
import { isTreePath } from './tree-path.ts';

/** A source that has been named but not opened. May hold credentials: `openSource` gives a description without. */
export type SourceSpec =
  | { readonly kind: 'directory'; readonly directory: string }
  | {
      readonly kind: 'git';
      readonly url: string;
      readonly ref: string | null;
      readonly subfolder: string | null;
    };

const FORMS = 'Give a directory, or a git URL or repository as URL#BRANCH:FOLDER.';

/**
 * Reads a SOURCE argument; relative paths start at `cwd`, and an empty argument is `cwd` itself. A path is a plain
 * directory, unless it carries `#` or is a bare repository. Looks at the disk to tell them apart, and fetches nothing.
 */
export function parseSource(argument: string, cwd: string): Result<SourceSpec, SourceMistake> {
  if (argument.startsWith('-')) {
    return fail({ message: 'A source cannot start with a dash.', remedy: FORMS });
  }
  const isThere = existsSync(resolve(cwd, argument));
  const isUrl = /^[^/#]*:/.test(argument) && !isThere;
  // A directory may have `#` in its name; one that is there is meant as it is.
  const hash = isThere ? -1 : argument.indexOf('#');
  const address = hash < 0 ? argument : argument.slice(0, hash);
  const fragment = hash < 0 ? null : parseFragment(argument.slice(hash + 1));
  if (fragment !== null && !fragment.ok) return fragment;
  const named = fragment?.value ?? { ref: null, subfolder: null };
  if (isUrl) {
    const url = parseGitUrl(address);
    return url.ok ? ok({ kind: 'git', url: address, ...named }) : fail(url.error);
  }
  const path = resolve(cwd, address);
  if (path.includes('\0')) return fail({ message: 'A path cannot hold NUL.', remedy: FORMS });
  if (fragment === null && !isBareRepository(path))
    return ok({ kind: 'directory', directory: path });
  return ok({ kind: 'git', url: path, ...named });
}

export interface OpenSourceOptions {
  /** Where git sources keep their local copies, such as `.lockstep/source`. */
  readonly cacheDir: string;
  /** Bound on each git command; 60 s by default. */
  readonly fetchTimeoutMs?: number;
  /** Asked for credentials of an http(s) address that carries none of its own, before each command that needs them. */
  readonly credentials?: AskCredentials | undefined;
  /** Which signatures the commits of a git source must carry; null or left out: none. */
  readonly verify?: SignaturePolicy | null;
  /** Time between the two looks at a directory that have to agree; 300 ms by default. */
  readonly settleMs?: number;
  /** Absolute paths in a directory that are no part of it, such as the state file. */
  readonly exclude?: readonly string[];
}

/** Opens a source; what `parseSource` gave always can be. Nothing is read before its first fetch. */
export function openSource(
  spec: SourceSpec,
  {
    cacheDir,
    fetchTimeoutMs = 60_000,
    credentials,
    verify = null,
    settleMs = 300,
    exclude = [],
  }: OpenSourceOptions,
): Result<Source, SourceMistake> {
  const cache = resolve(cacheDir);
  if (spec.kind === 'directory') {
    const { directory } = spec;
    if (verify !== null) {
      const message = `${directory} is a directory, and what it holds is not signed.`;
      return fail({ message, remedy: 'Give a git repository, or ask for no signatures.' });
    }
    return ok(createDirectorySource({ directory, settleMs, exclude: [...exclude, cache] }));
  }
  const { url, ref, subfolder } = spec;
  return createGitSource({
    url,
    ref,
    subfolder,
    cacheDir: cache,
    fetchTimeoutMs,
    credentials,
    verify,
  });
}

export type OpenChangeSourceOptions = Pick<
  OpenSourceOptions,
  'cacheDir' | 'fetchTimeoutMs' | 'credentials'
>;

/** Opens the changes that are proposed to a source, for review. A directory has none. Reads nothing before its first call. */
export function openChangeSource(
  spec: SourceSpec,
  { cacheDir, fetchTimeoutMs = 60_000, credentials }: OpenChangeSourceOptions,
): Result<ChangeSource, SourceMistake> {
  if (spec.kind === 'directory') {
    const message = `${spec.directory} is a directory, and nothing is proposed to a directory.`;
    return fail({ message, remedy: 'Give the git repository whose pull requests are reviewed.' });
  }
  const { url, ref, subfolder } = spec;
  return createGitChangeSource({
    url,
    ref,
    subfolder,
    cacheDir: resolve(cacheDir),
    fetchTimeoutMs,
    credentials,
  });
}

/** `BRANCH:FOLDER`, either part of which may be left out. */
function parseFragment(
  text: string,
): Result<{ readonly ref: string | null; readonly subfolder: string | null }, SourceMistake> {
  const colon = text.indexOf(':');
  const ref = colon < 0 ? text : text.slice(0, colon);
  const folder = colon < 0 ? '' : text.slice(colon + 1).replace(/^(\.?\/)+|\/+$/g, '');
  if (ref !== '' && !isRefName(ref)) {
    const message = `${JSON.stringify(ref)} after \`#\` cannot be a branch, tag or commit.`;
    return fail({ message, remedy: FORMS });
  }
  if (folder !== '' && folder !== '.' && !isTreePath(folder)) {
    const message = `${JSON.stringify(folder)} after \`:\` cannot be a folder of a repository.`;
    return fail({
      message,
      remedy: 'Give a path inside the repository, such as `fleet/manifests`.',
    });
  }
  return ok({
    ref: ref === '' ? null : ref,
    subfolder: folder === '' || folder === '.' ? null : folder,
  });
}

/** Whether git keeps its files right in the folder, with no work tree around them. */
function isBareRepository(path: string): boolean {
  return ['HEAD', 'objects', 'refs'].every((name) => existsSync(join(path, name)));
}
