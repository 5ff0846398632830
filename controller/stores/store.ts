// The state, as an interface: asynchronous and narrow, so that PostgreSQL is one more implementation. Everything that
// decides about a device, and everything acknowledged, goes through here. A promise that resolved means: durable.
//
// Consistency: reads see all writes of this process that were issued before them. A write of a device carries the
// record that was read (`before`), and is refused as a conflict if another write came first; the caller reads again
// and decides again. Counters (`tallies`) are kept exactly in step with the device records by the same write.

import type { Desired, RateSpec } from '../model/desired.ts';
import type {
  ActionRecord,
  Contact,
  DeviceRecord,
  DeviceSighting,
  EvidenceRecord,
  FeedbackEntry,
  ListenedMs,
} from '../model/device.ts';
import type { Condition } from '../model/condition.ts';
import type { Event, EventDraft } from '../model/event.ts';
import type { FirmwareRecord } from '../model/firmware.ts';
import type { CensusCell, Tallies } from '../model/live.ts';
import type { ReleaseSample } from '../model/release-sample.ts';
import type { ArrivalRecord, ReviewRecord } from '../model/review.ts';
import type { Snapshot } from '../model/revision.ts';
import type { DevicePage, DeviceProperties, DeviceSearch } from './device-search.ts';

/** What the state keeps of a product. */
export interface ProductRecord {
  readonly name: string;
  /** Epoch milliseconds at which a person adopted the product into this state; null: never. */
  readonly adoptedAt: number | null;
  /** Epoch milliseconds at which the emergency stop was pulled; null: not stopped. */
  readonly stoppedAt: number | null;
  /** The desired state in force. */
  readonly inForce: Desired;
  /** The newest revision of which this product's part was carried out (refused parts aside); null before the first. */
  readonly revision: string | null;
  /** Listening time so far. Written with contacts, about once a second. */
  readonly listenedMs: ListenedMs;
  readonly conditions: readonly Condition[];
}

/** One atomic write about one device. */
export interface DeviceChange {
  /** As read; null when the device is new. */
  readonly before: DeviceRecord | null;
  /** As it shall be; null: delete the record with its attributes, actions and evidence. `key` and `rev` are set by the store. */
  readonly after: DeviceRecord | null;
  /** Attributes as the device shall have them now, replacing all (as sent, after merging); undefined: unchanged. */
  readonly attributes?: Readonly<Record<string, string>>;
  /** Actions to insert or replace, by product, device and id. */
  readonly actions?: readonly ActionRecord[];
  /** Feedback to add to an action; only the last 50 per action are kept. */
  readonly feedback?: { readonly actionId: number; readonly entry: FeedbackEntry };
  /** Evidence to insert or replace, by product, version, sha256, device. */
  readonly evidence?: readonly EvidenceRecord[];
  /** Unmet evidence to drop: this device's rows that have not passed, except those in `evidence`. */
  readonly dropUnmetEvidence?: boolean;
  readonly events?: readonly EventDraft[];
  /** Contact to record in the same write (a new device's first contact must not wait for the batch). */
  readonly contact?: Contact;
  /** A flash that is started under a rate: without a token nothing of the change is written. */
  readonly spend?: Spending;
}

/** The token that a flash takes out of a meter (`releases/rate.ts`). */
export interface Spending {
  /** Name of the meter inside the product: the round of the release, so that a new one begins with a full bucket. */
  readonly meter: string;
  readonly rate: RateSpec;
  /** Now, in milliseconds of a clock that never jumps while the process runs. */
  readonly at: number;
}

export type SaveOutcome =
  | { readonly status: 'saved'; readonly device: DeviceRecord | null }
  | { readonly status: 'conflict' }
  /** The meter holds no token before `freeAt` (on the clock of `Spending.at`). */
  | { readonly status: 'exhausted'; readonly freeAt: number };

/** Devices by what they have, in the order of their ids. For lists that an index serves: all else is a search. */
export interface DeviceQuery extends DeviceProperties {
  readonly product: string;
  /** Keyset paging by id: only devices with a greater id. */
  readonly afterId?: string;
  /** 1..1000. */
  readonly limit: number;
}

export interface EventQuery {
  readonly product?: string;
  readonly device?: string;
  /** One, or any of several. */
  readonly type?: string | readonly string[];
  /** Only events with a smaller id (older). */
  readonly beforeId?: number;
  /** Only events with a greater id (newer); with it the order is oldest first, otherwise newest first. */
  readonly afterId?: number;
  readonly limit: number;
}

/** Filters are and-ed, and answered from an index. */
export interface ReviewQuery {
  /** Only that of this pull request. */
  readonly number?: number;
  /** Only those without an outcome. */
  readonly open?: true;
  /** Only that which was merged as this commit. */
  readonly merged?: string;
}

/** What changes of the samples of a product's releases, at once. */
export interface SampleChange {
  readonly add: readonly ReleaseSample[];
  /** Single samples that were thinned out. */
  readonly dropped: readonly Pick<ReleaseSample, 'round' | 'at'>[];
  /** Rounds that are no longer in force: all of their samples go. */
  readonly forgotten: readonly number[];
}

export type Role = 'viewer' | 'deployer';

/** A bearer token of the API. Only its hash is kept. */
export interface ApiToken {
  readonly name: string;
  readonly role: Role;
  /** SHA-256, hex. */
  readonly hash: string;
  readonly createdAt: number;
}

export interface Store {
  // --- products -----------------------------------------------------------------------------------------------
  products(): Promise<readonly ProductRecord[]>;
  /** Inserts or replaces a product (its `listenedMs` is ignored on replace), with firmware facts and events, at once. */
  saveProduct(change: {
    readonly product: ProductRecord;
    readonly firmware?: readonly FirmwareRecord[];
    /** Versions whose evidence no longer counts (withdrawn): their rows are deleted. */
    readonly voidEvidence?: readonly number[];
    readonly events?: readonly EventDraft[];
  }): Promise<void>;
  firmware(product: string): Promise<readonly FirmwareRecord[]>;
  evidence(product: string): Promise<readonly EvidenceRecord[]>;
  /** The newest good reading of the source, kept so that gates go on after a restart without the repo. */
  snapshot(): Promise<Snapshot | null>;
  saveSnapshot(snapshot: Snapshot, events: readonly EventDraft[]): Promise<void>;

  /** What the driver of a product's fleet keeps for itself; null: nothing. Nobody else reads it. */
  driverNotes(product: string): Promise<string | null>;
  saveDriverNotes(product: string, text: string): Promise<void>;
  // --- samples ------------------------------------------------------------------------------------------------
  /** How the releases of a product went: by round, oldest first. How many there are is up to who saves them. */
  releaseSamples(product: string): Promise<readonly ReleaseSample[]>;
  saveReleaseSamples(product: string, change: SampleChange): Promise<void>;

  // --- reviews ------------------------------------------------------------------------------------------------
  /** The last review of each pull request, the newest 500; saved last first. */
  reviews(query?: ReviewQuery): Promise<readonly ReviewRecord[]>;
  /** Inserts or replaces, by number of the pull request. */
  saveReview(review: ReviewRecord): Promise<void>;
  /** The plan of a revision as it was when it was first met; null where that is not kept (any more). */
  arrival(revision: string): Promise<ArrivalRecord | null>;
  /** Keeps the first of each revision, and the newest 100 of all. */
  saveArrival(arrival: ArrivalRecord): Promise<void>;

  // --- notices ------------------------------------------------------------------------------------------------
  /** How far each target of notices has been told, by its name: id of an event. */
  noticeCursors(): Promise<ReadonlyMap<string, number>>;
  /** Sets them, and forgets the targets that are given null. */
  saveNoticeCursors(changes: ReadonlyMap<string, number | null>): Promise<void>;

  // --- devices ------------------------------------------------------------------------------------------------
  /** The hot path: one look-up by key. */
  device(product: string, id: string): Promise<DeviceRecord | null>;
  /** The last contact, also where it is not written yet. */
  contact(key: number): Promise<Contact | null>;
  saveDevice(change: DeviceChange): Promise<SaveOutcome>;
  /**
   * Records contacts and the products' listening times; called about once a second with what came since. `slotMs` is the
   * length of the slots of `Contact.steadyAt` in which a product's contacts are counted from here on, at most a minute.
   */
  saveContacts(
    contacts: ReadonlyMap<number, Contact & { readonly product: string }>,
    listened: ReadonlyMap<string, ListenedMs>,
    options: { readonly slotMs: ReadonlyMap<string, number> },
  ): Promise<void>;
  /** Records by id, in no particular order; unknown ids are left out. */
  devicesById(product: string, ids: readonly string[]): Promise<readonly DeviceSighting[]>;
  /** All devices with a carried-out lock. */
  lockedDevices(product: string): Promise<readonly DeviceSighting[]>;
  devices(query: DeviceQuery): Promise<readonly DeviceSighting[]>;
  /** A page of the devices that match, in bounded time. */
  searchDevices(search: DeviceSearch): Promise<DevicePage>;
  /** The products under which a device id is known. */
  productsOf(id: string): Promise<readonly string[]>;
  /** Devices with an open action whose `deadline` is at or before `listened`, oldest first. */
  dueDevices(
    product: string,
    listened: ListenedMs,
    limit: number,
  ): Promise<readonly DeviceRecord[]>;
  /**
   * Active devices last heard before `before` (epoch milliseconds, `Contact.at`), for forgetting; at most `limit`. With
   * `awakeOnly` those that are dormant already are left out.
   */
  unheardDevices(
    product: string,
    before: number,
    limit: number,
    options?: { readonly awakeOnly: boolean },
  ): Promise<readonly DeviceSighting[]>;
  /** Active devices in the order of their buckets from `fromBucket` on to `untilBucket` (exclusive); then by id. */
  devicesByBucket(
    product: string,
    fromBucket: number,
    untilBucket: number,
    limit: number,
  ): Promise<readonly DeviceRecord[]>;
  /** Attributes exactly as sent; null where the device sent none. */
  attributes(key: number): Promise<Readonly<Record<string, string>> | null>;
  tallies(product: string): Promise<Tallies>;
  /** All active devices without a lock, by version, traits, wakefulness and bucket. Kept current like the tallies. */
  census(product: string): Promise<readonly CensusCell[]>;
  /**
   * Devices whose last contact was at or after `since` (epoch milliseconds, `Contact.steadyAt`): exact to the length of
   * the slots that `saveContacts` was given, and never too few.
   */
  heardSince(product: string, since: number): Promise<number>;
  /** Epoch milliseconds (`Contact.steadyAt`) of the newest contact, to the slot and never too late; null where nobody was heard. */
  lastHeardAt(product: string): Promise<number | null>;

  // --- actions, events, tokens --------------------------------------------------------------------------------
  /** Reserves `count` consecutive action ids and returns the first. Ids of a new state start at a random point. */
  reserveActionIds(count: number): Promise<number>;
  action(product: string, device: string, id: number): Promise<ActionRecord | null>;
  /** Newest first. */
  actions(product: string, device: string, limit: number): Promise<readonly ActionRecord[]>;
  feedback(product: string, device: string, actionId: number): Promise<readonly FeedbackEntry[]>;
  addEvents(events: readonly EventDraft[]): Promise<void>;
  events(query: EventQuery): Promise<readonly Event[]>;
  /** Deletes events about single devices, and closed actions, older than `before`; at most `limit` a call. Returns how many. */
  prune(before: number, limit: number): Promise<number>;
  saveToken(token: ApiToken): Promise<void>;
  tokens(): Promise<readonly ApiToken[]>;
  /** Ends a token, and all that stands for it; none of that name is no error. */
  deleteToken(name: string): Promise<void>;
  close(): Promise<void>;
}
