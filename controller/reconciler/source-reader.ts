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
import type { CommitVerdict } from '../sources/signature-policy.ts';
import type { Source, Tree } from '../sources/source.ts';
import type { Store } from '../stores/store.ts';
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
  read(request: ReadRequest): Promise<Result<void, Failure>>;
}

interface ReadRequest {
  /** One that the revision read last contains changes nothing: what is in force stays. */
  readonly revision?: string;
  /** Go to the revision though it does not descend from the one that was read last. */
  readonly acceptHistory?: boolean;
}

/** Creates a reader over the controller's source. */
export function createSourceReader(
  ports: Pick<ReconcilerPorts, 'source' | 'loader' | 'clock'> & {
    readonly store: Pick<Store, 'snapshot' | 'saveSnapshot'>;
  },
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

  /**
   * What stands against going to a tree; null: nothing has to be done, because the asked revision lies behind the one
   * that was read last, which contains it.
   */
  const examine = async (
    source: Source,
    tree: Tree,
    request: ReadRequest,
  ): Promise<Result<readonly Problem[] | null, Failure>> => {
    const known = reading.snapshot?.revision ?? null;
    if (known === tree.revision) return ok([]);
    if (known !== null && request.acceptHistory !== true) {
      const descends = await source.descends(known, tree.revision);
      if (!descends.ok) return descends;
      if (!descends.value) {
        const contains =
          request.revision === undefined ? ok(false) : await source.descends(tree.revision, known);
        // A source that does not have the revision read last any more cannot say so.
        if (!contains.ok && contains.error.code !== 'RevisionUnknown') return contains;
        return ok(contains.ok && contains.value ? null : [historyProblem(known, tree.revision)]);
      }
    }
    const verdict = await source.judge(known, tree.revision);
    if (!verdict.ok) return verdict;
    return ok(verdict.value.isTrusted ? [] : [trustProblem(verdict.value, tree.revision)]);
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

  /** Loads a tree and saves what it gave. */
  const accept = async (tree: Tree): Promise<Result<Snapshot, Failure>> => {
    const loaded = await load(tree);
    if (!loaded.ok) return loaded;
    const isNew = loaded.value.revision !== reading.snapshot?.revision;
    await store.saveSnapshot(
      loaded.value,
      isNew ? [seenEvent(loaded.value, tree, clock.now())] : [],
    );
    return loaded;
  };

  /** The revision that was read last contains the asked one: it stays, and so does a later tip that waits for a person. */
  const stay = async (source: Source, known: string): Promise<Result<void, Failure>> => {
    let { tree, snapshot } = reading;
    if (tree === null) {
      const fetched = await source.fetchRevision(known);
      if (!fetched.ok) return failed(fetched.error);
      const accepted = await accept(fetched.value);
      if (!accepted.ok) return failed(accepted.error);
      tree = fetched.value;
      snapshot = accepted.value;
    }
    reading = { ...reading, snapshot, tree, readAt: clock.now(), failure: null };
    return ok(undefined);
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
          subject: tree.subject,
          readAt: clock.now(),
          failure: null,
          problems: [],
          revisionSeen: tree.revision,
        };
        return ok(undefined);
      }
      const examined = await examine(source, tree, request);
      if (!examined.ok) return failed(examined.error);
      if (examined.value === null) return stay(source, reading.snapshot?.revision ?? '');
      if (examined.value.length > 0) {
        reading = {
          ...reading,
          readAt: clock.now(),
          failure: null,
          problems: examined.value,
          revisionSeen: tree.revision,
          subject: tree.subject,
        };
        return ok(undefined);
      }
      const accepted = await accept(tree);
      if (!accepted.ok) return failed(accepted.error);
      reading = {
        snapshot: accepted.value,
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
  return waitingProblem(
    'HistoryRewritten',
    `The tip ${tip} does not descend from ${known}, the revision that was read last; it waits for a person.`,
  );
}

function trustProblem(
  { commit, subject, why }: Exclude<CommitVerdict, { readonly isTrusted: true }>,
  tip: string,
): Problem {
  const named = `Commit ${commit}${quoteSubject(subject)} is not trusted: ${why}.`;
  const waiting = commit === tip ? 'It' : `The tip ${tip}`;
  return waitingProblem('CommitNotTrusted', `${named} ${waiting} waits for a person.`);
}

function waitingProblem(reason: 'HistoryRewritten' | 'CommitNotTrusted', message: string): Problem {
  const { remedy } = REASONS[reason];
  return { severity: 'error', reason, message, remedy, place: null, excerpt: null, product: null };
}

function quoteSubject(subject: string | null): string {
  return subject === null ? '' : ` “${subject.slice(0, 120)}”`;
}

function seenEvent(snapshot: Snapshot, tree: Tree, at: number): EventDraft {
  const errors = snapshot.problems.filter(({ severity }) => severity === 'error').length;
  const subject = quoteSubject(tree.subject);
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
