// Where in which repository the manifests are: an address, a name in it and a folder, checked before git sees them.

import { fail, ok, type Result } from '../../base/result.ts';
import type { SourceMistake } from '../source-failure.ts';
import { isTreePath } from '../tree-path.ts';
import { type GitUrl, isRefName, parseGitUrl } from './git-url.ts';

export interface GitPlaceOptions {
  /** An https, http, ssh, scp-like or file address, or the absolute path of a repository. May carry credentials. */
  readonly url: string;
  /** Branch, tag, full reference or commit; null: the remote's default branch. A branch wins over a tag. */
  readonly ref: string | null;
  /** Folder of the repository that is the fleet repo; null: all of it. */
  readonly subfolder: string | null;
}

/** A checked place. */
export interface GitPlace {
  readonly url: GitUrl;
  readonly ref: string | null;
  readonly subfolder: string | null;
  /** For messages; shows no secret. */
  readonly description: string;
}

/** Checks a place, or says what is wrong with it. */
export function parseGitPlace({
  url: address,
  ref,
  subfolder,
}: GitPlaceOptions): Result<GitPlace, SourceMistake> {
  const url = parseGitUrl(address);
  if (!url.ok) return url;
  if (ref !== null && !isRefName(ref)) {
    return fail({
      message: `${JSON.stringify(ref)} cannot be a branch, tag or commit.`,
      remedy: 'Give URL#BRANCH or URL#BRANCH:FOLDER.',
    });
  }
  if (subfolder !== null && !isTreePath(subfolder)) {
    return fail({
      message: `${JSON.stringify(subfolder)} cannot be a folder of a repository.`,
      remedy: 'Give a path relative to the root of the repository, such as `fleet/manifests`.',
    });
  }
  const place = `${ref ?? ''}${subfolder === null ? '' : `:${subfolder}`}`;
  const { description } = url.value;
  return ok({
    url: url.value,
    ref,
    subfolder,
    description: place === '' ? description : `${description}#${place}`,
  });
}
