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

/**
 * The state as one history sees it: its own product, and its own reading of the source. The oracle sees all writes. What
 * a pass reads again though nothing was written meanwhile is not read again: that would be half of a history's time.
 */
export function watchStore(store: Store, product: string, oracle: Oracle): Store {
  let isRead = false;
  const read = createMemory();
  const readProducts = createMemory();
  return {
    ...store,
    products: readProducts(async () =>
      (await store.products()).filter(({ name }) => name === product),
    ),
    firmware: read(() => store.firmware(product)),
    evidence: read(() => store.evidence(product)),
    tallies: read(() => store.tallies(product)),
    census: read(() => store.census(product)),
    snapshot: async () => (isRead ? store.snapshot() : null),
    saveSnapshot(snapshot, events) {
      isRead = true;
      return store.saveSnapshot(snapshot, events);
    },
    saveProduct(change) {
      read.forget();
      readProducts.forget();
      return store.saveProduct(change);
    },
    saveContacts(contacts, listened, options) {
      // With them goes how long the product was listened to, and nothing else that is kept here.
      readProducts.forget();
      return store.saveContacts(contacts, listened, options);
    },
    async saveDevice(change) {
      read.forget();
      const outcome = await store.saveDevice(change);
      if (outcome.status === 'saved') oracle.noteSave(change, outcome.device);
      if (outcome.status === 'exhausted') oracle.noteExhausted();
      return outcome;
    },
  };
}

/** Makes readers that remember what they read until they are told to forget. */
function createMemory() {
  let era = 0;
  const remember = <T>(readNow: () => Promise<T>): (() => Promise<T>) => {
    let known: Promise<T> | null = null;
    let knownSince = -1;
    return () => {
      if (known === null || knownSince !== era) {
        known = readNow();
        knownSince = era;
      }
      return known;
    };
  };
  return Object.assign(remember, {
    forget(): void {
      era += 1;
    },
  });
}
