// Changes that are proposed to a git repository, each merged into the followed branch. Works in a local copy of its own:
// what somebody proposes is never in the copy that the controller reconciles from.

import { join } from 'node:path';
import type { Failure } from '../../base/failure.ts';
import { fail, ok, type Result } from '../../base/result.ts';
import type { ChangeSource, MergeReading } from '../change-source.ts';
import { createSerial } from '../serial.ts';
import { revisionUnknown, sourceUnavailable, type SourceMistake } from '../source-failure.ts';
import { createCommitReader } from './commit-reader.ts';
import { createGitMirror } from './git-mirror.ts';
import { parseGitPlace } from './git-place.ts';
import type { GitSourceOptions } from './git-source.ts';
import { isFullId, isRefName } from './git-url.ts';
import { mergeCommits } from './merge-commits.ts';

export type GitChangeSourceOptions = Omit<GitSourceOptions, 'verify'>;

/** Trees that are remembered: pull requests share their base, and each is asked for again whenever something moves. */
const TREES_MAX = 4;

/**
 * Creates the source, or says what is wrong with its options. Calls wait for one another. A head that is not there
 * (any more) is the failure `RevisionUnknown`.
 */
export function createGitChangeSource(
  options: GitChangeSourceOptions,
): Result<ChangeSource, SourceMistake> {
  const place = parseGitPlace(options);
  if (!place.ok) return place;
  const { url, ref, subfolder, description } = place.value;
  const mirror = createGitMirror({
    url,
    description,
    // Whatever folder was given, the copy of a source in it is another one.
    cacheDir: join(options.cacheDir, 'changes'),
    fetchTimeoutMs: options.fetchTimeoutMs,
    credentials: options.credentials,
    environment: options.environment ?? process.env,
  });
  const commits = createCommitReader(mirror, place.value, TREES_MAX);
  const serially = createSerial();
  let isClosed = false;
  const whileOpen = <T>(task: () => Promise<Result<T, Failure>>): Promise<Result<T, Failure>> =>
    serially(async () =>
      isClosed ? fail(sourceUnavailable(`${description} was closed.`, 'stall')) : task(),
    );

  const fetchBase = async () => {
    const commit = await mirror.fetchCommit(ref);
    return commit.ok ? commits.readTree(commit.value) : commit;
  };

  const fetchHead = async (head: string): Promise<Result<string, Failure>> => {
    const gone = 'Its branch was deleted, or it was never there.';
    const isNamed = isFullId(head) || (head.startsWith('refs/') && isRefName(head));
    if (!isNamed) return fail(revisionUnknown(description, head, gone));
    const commit = await mirror.fetchCommit(head);
    return commit.ok || commit.error.code !== 'RevisionUnknown'
      ? commit
      : fail(revisionUnknown(description, head, gone));
  };

  const merge = async (wanted: string): Promise<Result<MergeReading, Failure>> => {
    const base = await fetchBase();
    if (!base.ok) return base;
    const head = await fetchHead(wanted);
    if (!head.ok) return head;
    const made = await mergeCommits(mirror, description, base.value.revision, head.value);
    if (!made.ok) return made;
    const both = { head: head.value, base: base.value };
    if (made.value.kind === 'conflict') {
      return ok({ kind: 'conflict', ...both, files: made.value.files });
    }
    const merged = await commits.readTree(made.value.commit);
    return merged.ok ? ok({ kind: 'merged', ...both, merged: merged.value }) : merged;
  };

  return ok({
    description,
    prefix: subfolder === null ? '' : `${subfolder}/`,
    base: () => whileOpen(fetchBase),
    merge: (wanted) => whileOpen(() => merge(wanted)),
    async close() {
      isClosed = true;
      await mirror.close();
      await serially(async () => undefined);
    },
  });
}
