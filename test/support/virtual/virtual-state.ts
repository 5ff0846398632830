// One real SQLite state in memory, shared by many histories since opening one costs more than a history: each of them
// sees its own product and nothing else.

import { openSqliteStore } from '../../../controller/stores/sqlite/sqlite-store.ts';
import type { Store } from '../../../controller/stores/store.ts';
import type { Oracle } from './oracle.ts';

/** Histories after which a state is thrown away: what is in it slows everything down in the end. */
const HISTORIES_MAX = 2;

export interface VirtualStates {
  /** The state for the next history; closed by itself when it has served long enough. */
  next(): Promise<Store>;
  close(): Promise<void>;
}

/** Creates states as they are needed. */
export function createVirtualStates(): VirtualStates {
  let store: Store | null = null;
  let histories = 0;

  async function close(): Promise<void> {
    await store?.close();
    store = null;
  }

  return {
    async next() {
      histories += 1;
      if (store !== null && histories % HISTORIES_MAX !== 0) return store;
      await close();
      const opened = await openSqliteStore(':memory:');
      if (!opened.ok) throw new Error(opened.error.message);
      store = opened.value;
      return store;
    },
    close,
  };
}

/** The state as one history sees it: its own product, and its own reading of the source. The oracle sees all writes. */
export function watchStore(store: Store, product: string, oracle: Oracle): Store {
  let isRead = false;
  return {
    ...store,
    products: async () => (await store.products()).filter(({ name }) => name === product),
    snapshot: async () => (isRead ? store.snapshot() : null),
    saveSnapshot(snapshot, events) {
      isRead = true;
      return store.saveSnapshot(snapshot, events);
    },
    async saveDevice(change) {
      const outcome = await store.saveDevice(change);
      if (outcome.status === 'saved') oracle.noteSave(change, outcome.device);
      if (outcome.status === 'exhausted') oracle.noteExhausted();
      return outcome;
    },
  };
}
