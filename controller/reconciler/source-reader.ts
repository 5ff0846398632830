// Reads the source: the newest revision, or one that a person names. Keeps the last good tree and snapshot; whatever
// goes wrong, they stay.

import type { Failure } from '../base/failure.ts';
import { failure } from '../base/failure.ts';
import type { Result } from '../base/result.ts';
import { fail, ok } from '../base/result.ts';
import type { EventDraft } from '../model/event.ts';
import type { Problem } from '../model/problem.ts';
import { REASONS } from '../model/reasons.ts';
import type { Snapshot } from '../model/revision.ts';
import type { Tree } from '../sources/source.ts';
import type { ReconcilerPorts } from './ports.ts';

export interface SourceReading {
  /** The newest accepted reading; null before the first. */
  readonly snapshot: Snapshot | null;
  /** The tree behind it; null after a restart, until the source is read again. */
  readonly tree: Tree | null;
  readonly subject: string | null;
  readonly readAt: number | null;
  readonly failure: Failure | null;
  /** A tip that waits for a person, such as a rewritten history. */
  readonly problems: readonly Problem[];
  /** The newest revision that was seen, accepted or not. */
  readonly revisionSeen: string | null;
}

export interface SourceReader {
  current(): SourceReading;
  /** Takes up the snapshot that the state holds. */
  restore(): Promise<void>;
  /** Reads the newest revision, or the given one. A failure is also kept in `current()`. */
  read(request: {
    readonly revision?: string;
    readonly acceptHistory?: boolean;
  }): Promise<Result<void, Failure>>;
}

/** Creates a reader over the controller's source. */
export function createSourceReader(
  ports: Pick<ReconcilerPorts, 'source' | 'loader' | 'store' | 'clock'>,
): SourceReader {
  const { source, loader, store, clock } = ports;
  let reading: SourceReading = {
    snapshot: null,
    tree: null,
    subject: null,
    readAt: null,
    failure: null,
    problems: [],
    revisionSeen: null,
  };

  const failed = (error: Failure): Result<void, Failure> => {
    reading = { ...reading, failure: error };
    return fail(error);
  };

  const rewritten = async (tree: Tree): Promise<Result<readonly Problem[], Failure>> => {
    const known = reading.snapshot?.revision;
    if (known === undefined || known === tree.revision || source === null) return ok([]);
    const descends = await source.descends(known, tree.revision);
    if (!descends.ok) return descends;
    return ok(descends.value ? [] : [historyProblem(known, tree.revision)]);
  };

  /** Reads a tree, and the guardrails of its parent where that is not what was read before. */
  const load = async (tree: Tree): Promise<Result<Snapshot, Failure>> => {
    const before = reading.snapshot;
    const loaded = await loader.load(tree, before);
    if (!loaded.ok || before === null || source === null) return loaded;
    if (before.revision === tree.revision) {
      const { parentGuardrails } = before;
      return parentGuardrails === undefined ? loaded : ok({ ...loaded.value, parentGuardrails });
    }
    const parent = await source.parentOf(tree.revision);
    if (!parent.ok) return withoutParent(parent.error, loaded);
    if (parent.value === null || parent.value === before.revision) return loaded;
    const parentTree = await source.fetchRevision(parent.value);
    if (!parentTree.ok) return withoutParent(parentTree.error, loaded);
    const parentGuardrails = await loader.loadGuardrails(parentTree.value);
    return parentGuardrails.ok
      ? ok({ ...loaded.value, parentGuardrails: parentGuardrails.value })
      : parentGuardrails;
  };

  return {
    current: () => reading,
    async restore() {
      const snapshot = await store.snapshot();
      if (snapshot !== null) reading = { ...reading, snapshot, revisionSeen: snapshot.revision };
    },
    async read(request) {
      if (source === null)
        return failed(
          failure(
            'SourceUnavailable',
            'No source is given; what the state holds stays in force.',
            'stall',
          ),
        );
      const fetched =
        request.revision === undefined
          ? await source.fetch()
          : await source.fetchRevision(request.revision);
      if (!fetched.ok) return failed(fetched.error);
      const tree = fetched.value;
      const unchanged = tree.revision === reading.snapshot?.revision && reading.tree !== null;
      if (unchanged) {
        reading = {
          ...reading,
          tree,
          readAt: clock.now(),
          failure: null,
          problems: [],
          revisionSeen: tree.revision,
        };
        return ok(undefined);
      }
      if (request.acceptHistory !== true) {
        const problems = await rewritten(tree);
        if (!problems.ok) return failed(problems.error);
        if (problems.value.length > 0) {
          reading = {
            ...reading,
            readAt: clock.now(),
            failure: null,
            problems: problems.value,
            revisionSeen: tree.revision,
            subject: tree.subject,
          };
          return ok(undefined);
        }
      }
      const loaded = await load(tree);
      if (!loaded.ok) return failed(loaded.error);
      const isNew = loaded.value.revision !== reading.snapshot?.revision;
      await store.saveSnapshot(
        loaded.value,
        isNew ? [seenEvent(loaded.value, tree, clock.now())] : [],
      );
      reading = {
        snapshot: loaded.value,
        tree,
        subject: tree.subject,
        readAt: clock.now(),
        failure: null,
        problems: [],
        revisionSeen: tree.revision,
      };
      return ok(undefined);
    },
  };
}

/** A parent that the source does not have, such as that of a shallow clone, leaves what is in force to bind. */
function withoutParent(
  error: Failure,
  loaded: Result<Snapshot, Failure>,
): Result<Snapshot, Failure> {
  return error.disposition === 'stall' ? loaded : fail(error);
}

function historyProblem(known: string, tip: string): Problem {
  return {
    severity: 'error',
    reason: 'HistoryRewritten',
    message: `The tip ${tip} does not descend from ${known}, the revision that was read last; it waits for a person.`,
    remedy: REASONS.HistoryRewritten.remedy,
    place: null,
    excerpt: null,
    product: null,
  };
}

function seenEvent(snapshot: Snapshot, tree: Tree, at: number): EventDraft {
  const errors = snapshot.problems.filter(({ severity }) => severity === 'error').length;
  const subject = tree.subject === null ? '' : ` “${tree.subject.slice(0, 120)}”`;
  return {
    type: errors === 0 ? 'RevisionSeen' : 'RevisionRefused',
    at,
    product: null,
    revision: snapshot.revision,
    manifest: null,
    device: null,
    actionId: null,
    message:
      errors === 0
        ? `Read revision ${snapshot.revision}${subject}.`
        : `Revision ${snapshot.revision}${subject} has ${errors} problem(s).`,
  };
}
