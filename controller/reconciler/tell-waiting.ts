// The audit log's lines about a source that waits for a person: one per revision and reason, however many passes meet it
// and however often the process is started.

import type { EventDraft } from '../model/event.ts';
import type { Problem } from '../model/problem.ts';
import type { Store } from '../stores/store.ts';

/** Lines of the log that are looked at after a start; a source waits for one or two reasons at a time. */
const READ_MAX = 20;

/** Writes what the source waits for now, where the log does not say so yet. */
export type TellWaiting = (
  problems: readonly Problem[],
  revision: string,
  at: number,
) => Promise<void>;

/** Creates a teller, which reads the log once. */
export function createWaitingTeller(store: Pick<Store, 'events' | 'addEvents'>): TellWaiting {
  let told: ReadonlySet<string> | null = null;
  return async (problems, revision, at) => {
    if (problems.length === 0) return;
    told ??= await readTold(store);
    const known = told;
    const fresh = problems.filter(({ reason }) => !known.has(waitingKey(revision, reason)));
    if (fresh.length === 0) return;
    await store.addEvents(fresh.map((problem) => waitingEvent(problem, revision, at)));
    told = new Set([...known, ...fresh.map(({ reason }) => waitingKey(revision, reason))]);
  };
}

async function readTold(store: Pick<Store, 'events'>): Promise<ReadonlySet<string>> {
  const events = await store.events({ type: 'SourceWaiting', limit: READ_MAX });
  return new Set(
    events.map(({ revision, message }) =>
      waitingKey(revision ?? '', message.split(':', 1)[0] ?? ''),
    ),
  );
}

function waitingKey(revision: string, reason: string): string {
  return `${revision} ${reason}`;
}

function waitingEvent({ reason, message }: Problem, revision: string, at: number): EventDraft {
  return {
    type: 'SourceWaiting',
    at,
    product: null,
    revision,
    manifest: null,
    device: null,
    actionId: null,
    message: `${reason}: ${message}`,
  };
}
