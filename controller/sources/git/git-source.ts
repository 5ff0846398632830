// A git repository as a source: which commit is wanted, and its tree, parents and descent. Talking to git is done in
// `git-mirror.ts`; how often to fetch is the reconciler's.

import type { Failure } from '../../base/failure.ts';
import { fail, ok, type Result } from '../../base/result.ts';
import { createSerial } from '../serial.ts';
import type { Source, Tree } from '../source.ts';
import { revisionUnknown, sourceUnavailable, type SourceMistake } from '../source-failure.ts';
import { isTreePath } from '../tree-path.ts';
import { createGitMirror } from './git-mirror.ts';
import { createGitTree, parseCommit, parseTreeListing } from './git-tree.ts';
import { isCommitId, isRefName, parseGitUrl } from './git-url.ts';

export interface GitSourceOptions {
  /** An https, http, ssh, scp-like or file address, or the absolute path of a repository. May carry credentials. */
  readonly url: string;
  /** Branch, tag, full reference or commit; null: the remote's default branch. A branch wins over a tag. */
  readonly ref: string | null;
  /** Folder of the repository that is the fleet repo; null: all of it. */
  readonly subfolder: string | null;
  /** Where local copies are kept, one folder per address. May be deleted at any time. */
  readonly cacheDir: string;
  /** Bound on every single git command. */
  readonly fetchTimeoutMs: number;
  /** Variables that git gets, cleaned; the program's own by default. */
  readonly environment?: Readonly<Record<string, string | undefined>>;
}

/**
 * Creates the source, or says what is wrong with its options. Calls wait for one another. A tree that was read stays
 * readable while the server is away, and after its branch was moved or deleted. `watch` never calls back: a remote
 * tells nothing by itself.
 */
export function createGitSource(options: GitSourceOptions): Result<Source, SourceMistake> {
  const url = parseGitUrl(options.url);
  if (!url.ok) return url;
  const { ref, subfolder } = options;
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
  const description = place === '' ? url.value.description : `${url.value.description}#${place}`;
  const mirror = createGitMirror({
    url: url.value,
    description,
    cacheDir: options.cacheDir,
    fetchTimeoutMs: options.fetchTimeoutMs,
    environment: options.environment ?? process.env,
  });
  const serially = createSerial();
  let isClosed = false;
  /** Failed reads must not stop whoever closes; and nothing starts after that. */
  const whileOpen = <T>(task: () => Promise<Result<T, Failure>>): Promise<Result<T, Failure>> =>
    serially(async () =>
      isClosed ? fail(sourceUnavailable(`${description} was closed.`, 'stall')) : task(),
    );

  /** The commit that a revision names, from the local copy where it can be. */
  const findRevision = async (revision: string): Promise<Result<string, Failure>> => {
    // A branch or tag may look like an abbreviated id, so only a full one is looked up without asking.
    if (/^([0-9a-f]{40}|[0-9a-f]{64})$/.test(revision)) {
      const known = await mirror.findCommit(revision);
      if (!known.ok) return known;
      if (known.value !== null) return ok(known.value);
    }
    return mirror.fetchCommit(revision);
  };

  const readCommit = async (commit: string) => {
    const content = await mirror.objects.read(commit);
    if (!content.ok) return fail(mirror.reportDamage());
    return ok(parseCommit(content.value));
  };

  /** The tree that was read last: a commit never changes, so it need not be listed again while the copy stands. */
  let last: { readonly tree: Tree; readonly generation: number } | null = null;

  const readTree = async (commit: string): Promise<Result<Tree, Failure>> => {
    if (last?.tree.revision === commit && last.generation === mirror.generation) {
      return ok(last.tree);
    }
    const tree = await listCommit(commit);
    if (tree.ok) last = { tree: tree.value, generation: mirror.generation };
    return tree;
  };

  const listCommit = async (commit: string): Promise<Result<Tree, Failure>> => {
    const facts = await readCommit(commit);
    if (!facts.ok) return facts;
    const listing = await mirror.listTree(commit, subfolder);
    if (!listing.ok) return listing;
    if (listing.value === null) {
      const why = `has no folder ${JSON.stringify(subfolder)}`;
      const remedy = 'Restore the folder, or correct the path after `#BRANCH:`.';
      return fail(sourceUnavailable(`${description}: commit ${commit} ${why}. ${remedy}`, 'stall'));
    }
    const entries = parseTreeListing(listing.value);
    if (entries === null) return fail(mirror.reportDamage());
    return ok(
      createGitTree({
        revision: commit,
        subject: facts.value.subject,
        entries,
        objects: mirror.objects,
        onDamage: () => void mirror.reportDamage(),
      }),
    );
  };

  return ok({
    description,
    kind: 'git',
    fetch: () =>
      whileOpen(async () => {
        const commit = await mirror.fetchCommit(ref);
        return commit.ok ? readTree(commit.value) : commit;
      }),
    fetchRevision: (revision) =>
      whileOpen(async () => {
        const commit = await findRevision(revision);
        return commit.ok ? readTree(commit.value) : commit;
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
        const id = commit.ok && commit.value === null ? await findRevision(revision) : commit;
        if (!id.ok) return id;
        const facts = await readCommit(id.value ?? '');
        return facts.ok ? ok(facts.value.parents[0] ?? null) : facts;
      }),
    watch: () => () => undefined,
    async close() {
      isClosed = true;
      await mirror.close();
      // What was under way has been stopped; once it has ended, the cache folder is nobody's.
      await serially(async () => undefined);
    },
  });
}
