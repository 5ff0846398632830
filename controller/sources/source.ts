// Where manifests come from, as an interface: a git repository or a plain directory. A source only reads; what the
// files mean is decided in `manifests/`.

import type { Failure } from '../base/failure.ts';
import type { Result } from '../base/result.ts';
import type { CommitVerdict } from './signature-policy.ts';

/** One entry of a tree that could be a manifest or a binary. */
export interface TreeEntry {
  /** Path relative to the tree's root, with forward slashes, no `..`, never absolute. */
  readonly path: string;
  readonly kind: 'file' | 'symlink' | 'submodule';
  /** Bytes; 0 for symlinks and submodules. */
  readonly size: number;
  /**
   * Changes whenever the content may have changed (git: the blob's id; directory: made of inode, size and times).
   * Equal identity and path mean equal content, so that a reader may cache by them.
   */
  readonly identity: string;
}

/** A consistent reading of the source at one revision. Stays readable until the source is closed. */
export interface Tree {
  /** Commit id, or `dir-` followed by a content digest of all manifests. */
  readonly revision: string;
  /** First line of the commit message; null for a directory. */
  readonly subject: string | null;
  /** Sorted by path. Entries under `.git` and `node_modules` are left out. */
  readonly entries: readonly TreeEntry[];
  /** The bytes of a regular file. Fails when larger than `maxBytes`, missing, or not a regular file in the tree. */
  read(path: string, maxBytes: number): Promise<Result<Uint8Array, Failure>>;
  /**
   * Streams a regular file from its beginning, for binaries of any size. A path that leaves the tree (through `..` or
   * a symlink) is a failure, never followed.
   */
  open(path: string): Promise<Result<AsyncIterable<Uint8Array>, Failure>>;
}

/** A source of revisions. All failures are returned, classified; the last good tree is the caller's to keep. */
export interface Source {
  /** For messages: the URL without credentials and the branch, or the directory. */
  readonly description: string;
  /** `git` sources have history and commits; a `directory` has neither. */
  readonly kind: 'git' | 'directory';
  /** Reads the newest revision. For a directory: only once two reads a moment apart agree. */
  fetch(): Promise<Result<Tree, Failure>>;
  /** Reads a given revision that the source can reach (a full or abbreviated commit id, a branch, a tag). */
  fetchRevision(revision: string): Promise<Result<Tree, Failure>>;
  /**
   * Whether `newer` descends from (or is) `older`. A directory has no history: always true. `false` also when `older`
   * is not known to the source any more.
   */
  descends(older: string, newer: string): Promise<Result<boolean, Failure>>;
  /** The parent revision of a commit, for guardrails; null at a root commit and for a directory. */
  parentOf(revision: string): Promise<Result<string | null, Failure>>;
  /**
   * Whether a revision that was fetched is accepted by its signatures, and by those of the commits that lead to it from
   * `accepted`, as the source was told to ask for. Null, or a revision that the source does not know: nothing was accepted
   * yet. A directory, and a source that was told nothing, accept everything.
   */
  judge(accepted: string | null, revision: string): Promise<Result<CommitVerdict, Failure>>;
  /** Calls back, never more than once a second, when a change is likely; a hint only. Returns what ends the watching. */
  watch(changed: () => void): () => void;
  close(): Promise<void>;
}
