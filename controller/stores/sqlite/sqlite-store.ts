// The state in one SQLite file: the store interface, put together from the tables of this folder. Each method is one
// synchronous piece of work, which the write group makes durable.

import type { DatabaseSync } from 'node:sqlite';

import { fail, ok, type Result } from '../../base/result.ts';
import type { Failure } from '../../base/failure.ts';
import type { Store } from '../store.ts';
import { openContacts } from './contacts.ts';
import { openDatabase } from './database.ts';
import { openDeviceLists } from './device-lists.ts';
import type { SearchBounds } from './device-filter.ts';
import { openDeviceSearches, SEARCH_BOUNDS } from './device-search.ts';
import { openDeviceTable } from './device-table.ts';
import { openDriverNotes } from './driver-notes.ts';
import { openEvidence } from './evidence.ts';
import { openHistory } from './history.ts';
import { openNoticeCursors } from './notice-cursors.ts';
import { openNumbers } from './numbers.ts';
import { openProducts } from './products.ts';
import { openReleaseSamples } from './release-samples.ts';
import { openReviews } from './reviews.ts';
import { classifySqliteError } from './sqlite-failure.ts';
import { loadWords } from './words.ts';
import { createWriteGroup } from './write-group.ts';

export interface SqliteStoreOptions {
  /** From 0 (included) to 1 (excluded): where the action ids of a new state start. */
  readonly randomStart?: () => number;
  /** What a page of a search may cost; `SEARCH_BOUNDS` where it is left out. */
  readonly searchBounds?: SearchBounds;
}

/**
 * Opens the state in `file` and makes it where it is missing; its folder must exist. `:memory:` keeps nothing. The
 * caller sees to it that one process owns the file (`open-state.ts`). Methods of the store reject with a StateFailure
 * when the disk fails.
 */
export async function openSqliteStore(
  file: string,
  options: SqliteStoreOptions = {},
): Promise<Result<Store, Failure>> {
  const opened = openDatabase(file);
  if (!opened.ok) return opened;
  const db = opened.value;
  try {
    return ok(createStore(db, file, options));
  } catch (thrown) {
    db.close();
    const known = classifySqliteError(thrown, file);
    if (known === null) throw thrown;
    return fail(known);
  }
}

function createStore(db: DatabaseSync, file: string, options: SqliteStoreOptions): Store {
  const words = loadWords(db);
  const numbers = openNumbers(db, options.randomStart ?? Math.random);
  const contacts = openContacts(db);
  const group = createWriteGroup(db, file, () => {
    words.reload();
    numbers.reload();
    contacts.reload();
  });
  const products = openProducts(db, words);
  const samples = openReleaseSamples(db);
  const reviews = openReviews(db);
  const notes = openDriverNotes(db);
  const noticeCursors = openNoticeCursors(db);
  const evidence = openEvidence(db, words);
  const history = openHistory(db, words);
  const devices = openDeviceTable(db, { words, numbers, contacts, products, evidence, history });
  const lists = openDeviceLists(db, words);
  const searches = openDeviceSearches(
    db,
    words,
    (product) => devices.readTallies(product),
    options.searchBounds ?? SEARCH_BOUNDS,
  );
  const { read, write } = group;

  return {
    products: () => read(products.list),
    saveProduct: (change) =>
      write(() => {
        const { product } = change;
        products.save(product);
        for (const firmware of change.firmware ?? []) products.saveFirmware(firmware);
        for (const version of change.voidEvidence ?? []) {
          evidence.removeVersion(words.intern(product.name), version);
        }
        history.addEvents(change.events ?? []);
      }),
    firmware: (product) => read(() => products.listFirmware(product)),
    evidence: (product) => read(() => evidence.list(product)),
    snapshot: () => read(products.readSnapshot),
    saveSnapshot: (snapshot, events) =>
      write(() => {
        products.saveSnapshot(snapshot);
        history.addEvents(events);
      }),

    device: (product, id) => read(() => devices.read(product, id), id),
    contact: (key) => read(() => contacts.read(key)),
    saveDevice: (change) => write(() => devices.save(change), (change.after ?? change.before)?.id),
    saveContacts: (batch, listened, { slotMs }) =>
      write(() => {
        contacts.saveBatch(
          batch.entries().map(([key, contact]) => [words.intern(contact.product), key, contact]),
          slotMs.entries().map(([product, length]) => [words.intern(product), length]),
        );
        for (const [product, listenedMs] of listened) products.saveListened(product, listenedMs);
      }),
    devicesById: (product, ids) => read(() => lists.listById(product, ids)),
    lockedDevices: (product) => read(() => lists.listLocked(product)),
    devices: (query) => read(() => lists.list(query)),
    searchDevices: (search) => read(() => searches.search(search)),
    productsOf: (id) => read(() => lists.productsOf(id)),
    dueDevices: (product, listened, limit) => read(() => lists.listDue(product, listened, limit)),
    unheardDevices: (product, before, limit, options) =>
      read(() => lists.listUnheard(product, before, limit, options?.awakeOnly ?? false)),
    devicesByBucket: (product, fromBucket, untilBucket, limit) =>
      read(() => lists.listByBucket(product, fromBucket, untilBucket, limit)),
    attributes: (key) => read(() => devices.readAttributes(key)),
    tallies: (product) => read(() => devices.readTallies(product)),
    census: (product) => read(() => devices.readCensus(product)),
    heardSince: (product, since) =>
      read(() => {
        const number = words.find(product);
        return number === null ? 0 : contacts.countSince(number, since);
      }),
    lastHeardAt: (product) =>
      read(() => {
        const number = words.find(product);
        return number === null ? null : contacts.newestSlot(number);
      }),

    reserveActionIds: (count) => write(() => numbers.reserveActionIds(count)),
    action: (product, device, id) => read(() => history.readAction(product, device, id)),
    actions: (product, device, limit) => read(() => history.listActions(product, device, limit)),
    feedback: (product, device, id) => read(() => history.listFeedback(product, device, id)),
    addEvents: (events) => write(() => history.addEvents(events)),
    events: (query) => read(() => history.listEvents(query)),
    prune: (before, limit) => write(() => history.prune(before, limit)),
    driverNotes: (product) => read(() => notes.read(product)),
    saveDriverNotes: (product, text) => write(() => notes.save(product, text)),
    reviews: (query) => read(() => reviews.list(query)),
    saveReview: (review) => write(() => reviews.save(review)),
    arrival: (revision) => read(() => reviews.readArrival(revision)),
    saveArrival: (arrival) => write(() => reviews.saveArrival(arrival)),
    releaseSamples: (product) =>
      read(() => {
        const number = words.find(product);
        return number === null ? [] : samples.list(number);
      }),
    saveReleaseSamples: (product, change) =>
      write(() => samples.save(words.intern(product), change)),
    noticeCursors: () => read(noticeCursors.list),
    saveNoticeCursors: (changes) => write(() => noticeCursors.save(changes)),
    saveToken: (token) => write(() => products.saveToken(token)),
    tokens: () => read(products.listTokens),
    deleteToken: (name) => write(() => products.deleteToken(name)),
    close: async () => {
      group.flush();
      db.close();
    },
  };
}
