// A git repository as a source: which commit is wanted, and its tree, parents and descent. Talking to git is done in
// `git-mirror.ts`; how often to fetch is the reconciler's.

import type { Failure } from '../../base/failure.ts';
import { fail, ok, type Result } from '../../base/result.ts';
import type { AskCredentials } from '../git-credentials.ts';
import { createSerial } from '../serial.ts';
import type { SignaturePolicy } from '../signature-policy.ts';
import type { Source } from '../source.ts';
import { revisionUnknown, sourceUnavailable, type SourceMistake } from '../source-failure.ts';
import { createCommitJudge } from './commit-judge.ts';
import { createCommitReader } from './commit-reader.ts';
import { createGitMirror } from './git-mirror.ts';
import { type GitPlaceOptions, parseGitPlace } from './git-place.ts';
import { isCommitId } from './git-url.ts';
import { parseKeys } from './listed-keys.ts';

export interface GitSourceOptions extends GitPlaceOptions {
  /** Where local copies are kept, one folder per address. May be deleted at any time. */
  readonly cacheDir: string;
  /** Bound on every single git command. */
  readonly fetchTimeoutMs: number;
  /** For an http(s) address that carries no credentials of its own. */
  readonly credentials?: AskCredentials | undefined;
  /** Null or left out: every commit is accepted. */
  readonly verify?: SignaturePolicy | null;
  /** Variables that git gets, cleaned; the program's own by default. */
  readonly environment?: Readonly<Record<string, string | undefined>>;
}

/**
 * Creates the source, or says what is wrong with its options. Calls wait for one another. A tree that was read stays
 * readable while the server is away, and after its branch was moved or deleted. `watch` never calls back: a remote
 * tells nothing by itself.
 */
export function createGitSource(options: GitSourceOptions): Result<Source, SourceMistake> {
  const place = parseGitPlace(options);
  if (!place.ok) return place;
  const { url, ref, description } = place.value;
  const mirror = createGitMirror({
    url,
    description,
    cacheDir: options.cacheDir,
    fetchTimeoutMs: options.fetchTimeoutMs,
    credentials: options.credentials,
    environment: options.environment ?? process.env,
  });
  const commits = createCommitReader(mirror, place.value, 1);
  const keys = options.verify ? parseKeys(options.verify) : null;
  if (keys !== null && !keys.ok) return keys;
  const judge =
    options.verify && keys !== null
      ? createCommitJudge({
          mode: options.verify.mode,
          keys: keys.value,
          mirror,
          commits,
          cacheDir: options.cacheDir,
          description,
          timeoutMs: options.fetchTimeoutMs,
        })
      : null;
  const serially = createSerial();
  let isClosed = false;
  /** Failed reads must not stop whoever closes; and nothing starts after that. */
  const whileOpen = <T>(task: () => Promise<Result<T, Failure>>): Promise<Result<T, Failure>> =>
    serially(async () =>
      isClosed ? fail(sourceUnavailable(`${description} was closed.`, 'stall')) : task(),
    );

  return ok({
    description,
    kind: 'git',
    fetch: () =>
      whileOpen(async () => {
        const commit = await mirror.fetchCommit(ref);
        return commit.ok ? commits.readTree(commit.value) : commit;
      }),
    fetchRevision: (revision) =>
      whileOpen(async () => {
        const commit = await mirror.fetchCommit(revision);
        return commit.ok ? commits.readTree(commit.value) : commit;
      }),
    descends: (older, newer) =>
      whileOpen(async () => {
        const ids: string[] = [];
        for (const revision of [older, newer]) {
          const found = await mirror.findCommit(revision);
          if (!found.ok) return found;
          if (found.value !== null) ids.push(found.value);
          else if (revision === older) return ok(false);
        }
        const [olderId = '', newerId] = ids;
        if (newerId !== undefined) return mirror.isAncestor(olderId, newerId);
        return fail(revisionUnknown(description, newer, 'Fetch it first.'));
      }),
    parentOf: (revision) =>
      whileOpen(async () => {
        const commit = isCommitId(revision) ? await mirror.findCommit(revision) : ok(null);
        const id = commit.ok && commit.value === null ? await mirror.fetchCommit(revision) : commit;
        if (!id.ok) return id;
        const facts = await commits.readFacts(id.value ?? '');
        return facts.ok ? ok(facts.value.parents[0] ?? null) : facts;
      }),
    judge: (accepted, revision) =>
      whileOpen(async () =>
        judge === null ? ok({ isTrusted: true }) : judge.judge(accepted, revision),
      ),
    watch: () => () => undefined,
    async close() {
      isClosed = true;
      await mirror.close();
      // What was under way has been stopped; once it has ended, the cache folder is nobody's.
      await serially(async () => undefined);
    },
  });
}
