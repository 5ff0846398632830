// A source whose revisions are snapshots: what a loader would have made of them is given, so that neither git nor YAML
// stands between a history and the controller.

import { failure } from '../../../controller/base/failure.ts';
import type { Failure } from '../../../controller/base/failure.ts';
import { fail, ok } from '../../../controller/base/result.ts';
import type { Result } from '../../../controller/base/result.ts';
import type { Snapshot } from '../../../controller/model/revision.ts';
import type { RevisionLoader } from '../../../controller/reconciler/revision-loader.ts';
import type { Source, Tree } from '../../../controller/sources/source.ts';
import type { BinaryStore } from '../../../controller/stores/binaries.ts';
import { binaryFacts } from './fleet-words.ts';

export interface MemorySource extends Source {
  /** Adds a revision on top of the others; it becomes the tip. */
  commit(snapshot: Snapshot): void;
  /** Reads the trees of this source. */
  readonly loader: RevisionLoader;
}

/** Creates a source without any revision. */
export function createMemorySource(): MemorySource {
  const snapshots: Snapshot[] = [];

  function find(revision: string | null): Result<Tree, Failure> {
    const known =
      revision === null ? snapshots.at(-1) : snapshots.find((each) => each.revision === revision);
    if (known === undefined) return fail(failure('FetchFailed', 'No such revision.', 'retry'));
    return ok({
      revision: known.revision,
      subject: null,
      entries: [],
      read: async () => fail(NOT_HERE),
      open: async () => fail(NOT_HERE),
    });
  }

  const snapshotOf = (revision: string): Snapshot | undefined =>
    snapshots.find((each) => each.revision === revision);

  return {
    description: 'a source in memory',
    kind: 'git',
    commit: (snapshot) => void snapshots.push(snapshot),
    loader: {
      async load(tree) {
        const snapshot = snapshotOf(tree.revision);
        return snapshot === undefined ? fail(NOT_HERE) : ok(snapshot);
      },
      loadGuardrails: async () => ok({}),
    },
    fetch: async () => find(null),
    fetchRevision: async (revision) => find(revision),
    descends: async () => ok(true),
    async parentOf(revision) {
      const index = snapshots.findIndex((each) => each.revision === revision);
      return ok(snapshots[index - 1]?.revision ?? null);
    },
    judge: async () => ok({ isTrusted: true }),
    watch: () => () => undefined,
    close: async () => undefined,
  };
}

const NOT_HERE = failure('NotHere', 'There are no files in memory.', 'stall');

/** Binaries that are all at hand. */
export function createMemoryBinaries(): BinaryStore {
  return {
    facts: async (sha256) => binaryFacts(sha256),
    put: async (sha256) => ok(binaryFacts(sha256)),
    locate: async () => fail(NOT_HERE),
    remove: async () => undefined,
  };
}
