// The repository behind a folder that somebody works in: the address of its `origin`, and where in it the folder is.

import { simpleGit } from 'simple-git';

import { type Failure, failure } from '../base/failure.ts';
import { fail, ok, type Result } from '../base/result.ts';

export interface Origin {
  readonly url: string;
  /** Path of the folder inside the repository; null: its root. */
  readonly subfolder: string | null;
}

/** Asks git. Fails where the folder is no work tree, or has no `origin`. */
export async function findOrigin(folder: string): Promise<Result<Origin, Failure>> {
  try {
    const git = simpleGit({ baseDir: folder });
    const url = (await git.raw(['remote', 'get-url', 'origin'])).trim();
    const prefix = (await git.raw(['rev-parse', '--show-prefix'])).trim().replace(/\/$/, '');
    return ok({ url, subfolder: prefix === '' ? null : prefix });
  } catch {
    return fail(
      failure(
        'NoOrigin',
        `${folder} is no clone of a repository with a remote \`origin\`, so it is not known where to propose. Give --source URL#BRANCH, or edit the working tree with --local.`,
        'stall',
      ),
    );
  }
}
