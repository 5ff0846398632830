// One product at Particle, from round to round: read it, take what is seen into the state, plan the calls that are due,
// send them, and say what stood out. A round is made at each interval, and of single devices when the event stream hints
// at them; the calls follow from the state and from what is in force alone, whatever woke the round.

import type { Clock, EpochMs } from '../../base/clock.ts';
import type { Failure } from '../../base/failure.ts';
import { failure, messageOf } from '../../base/failure.ts';
import type { Result } from '../../base/result.ts';
import { fail, ok } from '../../base/result.ts';
import type { ListeningState } from '../../devices/listening.ts';
import { advanceListening, startListening } from '../../devices/listening.ts';
import type { Desired, ParticleSettings } from '../../model/desired.ts';
import type { DeviceRecord, Moment } from '../../model/device.ts';
import type { EventDraft } from '../../model/event.ts';
import type { FleetReading, FleetRemark } from '../../model/live.ts';
import type { ProductPolicy } from '../../model/policy.ts';
import type { BinaryStore } from '../../stores/binaries.ts';
import type { Store } from '../../stores/store.ts';
import type { ActionIds } from '../action-ids.ts';
import type { Budget } from './budget.ts';
import type { Client } from './client.ts';
import { fileFirmware } from './file-firmware.ts';
import type { Ledger } from './ledger.ts';
import { readLedger } from './ledger.ts';
import type { DeviceNews } from './mirror-device.ts';
import { loadRecords, mirrorFleet, NO_NEWS } from './mirror-fleet.ts';
import type { Snapshot } from './nouns.ts';
import type { PlannedCalls } from './plan-calls.ts';
import { planCalls } from './plan-calls.ts';
import type { CloudEvent } from './read-events.ts';
import { addNews, firmwareOf, isAboutDevice, isAboutFirmware } from './read-events.ts';
import { awokenSince, readDevices, readReleases, readSnapshot } from './read-snapshot.ts';
import type { SelfCheck } from './self-check.ts';
import { checkProduct } from './self-check.ts';
import type { Refusals } from './refusals.ts';
import { leftOut, nextRefusals } from './refusals.ts';
import { sendCalls } from './send-calls.ts';
import { noteFights } from './fights.ts';
import { driftEvent, remarksOf } from './tell-drift.ts';

export interface SessionPorts {
  readonly store: Store;
  readonly binaries: BinaryStore;
  readonly clock: Clock;
  readonly steadyNow: () => EpochMs;
  readonly client: Client;
  readonly budget: Budget;
  readonly actionIds: ActionIds;
  readonly log: { info(line: string): void; warn(line: string): void };
  readonly notify: () => void;
}

/** What is in force for a product at Particle. */
export interface Force {
  readonly desired: Desired;
  readonly policy: ProductPolicy;
  readonly settings: ParticleSettings;
}

export interface ProductSession {
  readonly product: string;
  /** Null: nothing is in force. */
  readonly force: Force | null;
  /** Takes up what the state holds; to be called before the first policy. */
  open(): Promise<unknown>;
  /** Puts another policy in force; calls that follow from the one before are not sent any more. */
  swap(force: Force | null): void;
  /** A whole round, after the one that runs. Calls at the same time share one. */
  round(): Promise<Result<void, Failure>>;
  /** Takes an event of the stream in; the device that it is about, if that is worth a look. */
  hear(event: CloudEvent): string | null;
  /** A round of single devices, over the last reading of the others. */
  look(ids: readonly string[]): Promise<Result<void, Failure>>;
  moment(): Moment;
  isListening(): boolean;
  /** Null before the first whole round. */
  reading(): FleetReading | null;
  /** Why the last round failed; null where it did not. */
  failure(): Failure | null;
}

/** Rounds without which a product is not listened to: as for a device, three that were missed. */
const GAP_ROUNDS = 5;
const DAY_MS = 86_400_000;

export function createProductSession(product: string, ports: SessionPorts): ProductSession {
  const { store, clock, client, log } = ports;
  const attributes = new Map<string, Readonly<Record<string, string>>>();
  const actors = new Map<number, string>();
  let force: Force | null = null;
  let generation = 0;
  let check: { readonly of: string; readonly done: SelfCheck } | null = null;
  let ledger: Ledger | null = null;
  let listening: ListeningState | null = null;
  let listenedAt = clock.monotonicMs();
  let peaks: readonly { readonly at: number; readonly online: number }[] = [];
  let snapshot: Snapshot | null = null;
  let refusals: Refusals = new Map();
  let news = new Map<string, DeviceNews>();
  let toldDrift = new Set<string>();
  let reading: FleetReading | null = null;
  let failed: Failure | null = null;
  let turn: Promise<unknown> = Promise.resolve();
  let waiting: Promise<Result<void, Failure>> | null = null;

  const moment = (): Moment => ({ at: clock.now(), listened: listening?.listened ?? 0 });

  async function open(): Promise<Ledger> {
    if (listening === null) {
      const record = (await store.products()).find(({ name }) => name === product);
      const wasHeard = (await store.lastHeardAt(product)) !== null;
      listening = startListening(record?.listenedMs ?? 0, wasHeard);
    }
    ledger ??= readLedger(await store.driverNotes(product));
    return ledger;
  }

  async function keep(next: Ledger): Promise<void> {
    if (ledger !== null && JSON.stringify(ledger) !== JSON.stringify(next)) {
      await store.saveDriverNotes(product, JSON.stringify(next));
    }
    ledger = next;
  }

  /** Listening time goes on from reading to reading, while most of those that were online within a day are. */
  function listen(settings: ParticleSettings, seen: Snapshot | null): void {
    const now = clock.monotonicMs();
    const elapsedMs = now - listenedAt;
    listenedAt = now;
    if (listening === null || seen === null) return;
    const online = [...seen.devices.values()].filter((device) => device.online).length;
    peaks = [...peaks.filter(({ at }) => now - at < DAY_MS), { at: now, online }];
    const expected = Math.max(...peaks.map((each) => each.online));
    peaks = peaks.filter((each, index) =>
      peaks.slice(index).every((later) => later.online <= each.online),
    );
    const { pollIntervalMs } = settings;
    listening = advanceListening(
      listening,
      { nowMonotonic: now, elapsedMs, gapMaxMs: GAP_ROUNDS * pollIntervalMs, pollIntervalMs },
      { heard: online, expected, devices: seen.devices.size },
    );
  }

  async function checkOnce({ settings, desired }: Force): Promise<Result<SelfCheck, Failure>> {
    const of = `${settings.product} ${desired.config?.spec.platform ?? ''}`;
    if (check?.of === of) return ok(check.done);
    const platform = desired.config?.spec.platform ?? null;
    const done = await checkProduct(client, settings.product, platform);
    if (!done.ok) return done;
    for (const warning of done.value.warnings) log.warn(`${product}: ${warning}`);
    check = { of, done: done.value };
    return done;
  }

  /** A round of the devices in `ids`; of all of them where that is null. */
  async function makeRound(ids: readonly string[] | null): Promise<Result<void, Failure>> {
    const before = ports.budget.taken;
    const mine = generation;
    if (force === null) return ok(undefined);
    const now = force;
    const { settings, desired } = now;
    const known = await open();
    const checked = await checkOnce(now);
    if (!checked.ok) return checked;
    const seen = await read(settings, checked.value, ids);
    if (!seen.ok) return seen;
    const { policy } = now;
    const filed = await fileFirmware(
      settings.product,
      { policy, desired, ledger: known, firmware: seen.value.firmware },
      { client, binaries: ports.binaries },
    );
    if (!filed.ok) return filed;
    await keep(filed.value.ledger);
    if (ids === null) listen(settings, seen.value);
    const taken = news;
    news = new Map();
    const records = await loadRecords(store, product);
    const wanted = ids === null ? null : new Set(ids);
    const mirrored = await mirrorFleet(
      {
        product,
        slug: settings.product,
        policy: filed.value.policy,
        moment: moment(),
        steadyNow: ports.steadyNow(),
        skewMs: client.skewMs() ?? 0,
        appHashes: await readAppHashes(filed.value.policy),
        devices: [...seen.value.devices.values()].filter(({ id }) => wanted?.has(id) ?? true),
        news: taken,
      },
      records,
      { store, client, actionIds: ports.actionIds, attributes },
    );
    if (!mirrored.ok) {
      for (const [id, each] of taken) if (!news.has(id)) news.set(id, each);
      return mirrored;
    }
    const awoken = awokenSince(snapshot, seen.value);
    const devices = new Map([...seen.value.devices, ...mirrored.value.devices]);
    const fresh: Snapshot = { ...seen.value, devices, firmware: filed.value.firmware };
    const unreleasable = leftOut(refusals, fresh);
    const planned = planCalls({
      policy: filed.value.policy,
      desired,
      snapshot: fresh,
      records: mirrored.value.records,
      ledger: filed.value.ledger,
      moment: moment(),
      skewMs: client.skewMs() ?? 0,
      drift: settings.drift,
      refused: unreleasable,
      awoken,
      arrived: arrivedSince(records, mirrored.value.records),
      mayDelete: checked.value.mayDelete,
      mayGroup: checked.value.lacking.length === 0,
    });
    const sent = await sendCalls(client, settings.product, planned.calls, planned.ledger, {
      isCurrent: () => generation === mine,
      progress: (count, of) => log.info(`${product}: ${count} of ${of} calls to Particle sent.`),
    });
    const fought = noteFights(sent.ledger, planned.drift, sent.done, clock.now());
    await keep(fought);
    const standing = [...unreleasable.values()].map(({ failure }) => failure);
    if (ids === null) refusals = nextRefusals(refusals, sent.refused, fresh);
    snapshot =
      sent.sent === 0
        ? fresh
        : await readReleases(client, settings.product, fresh, checked.value.mayListGroups);
    await tell(planned);
    reading = {
      readAt: ids === null || reading === null ? seen.value.readAt : reading.readAt,
      calls: ids === null || reading === null ? ports.budget.taken - before : reading.calls,
      remarks: remarks(
        planned,
        fought,
        fresh,
        filed.value.differing,
        [...filed.value.refused, ...standing, ...sent.refused.map(({ failure }) => failure)],
        checked.value,
      ),
      lacking: checked.value.lacking,
    };
    if (mirrored.value.changed || sent.sent > 0) ports.notify();
    return sent.failure === null ? ok(undefined) : fail(sent.failure);
  }

  /** The whole product; with `ids` the last reading, with these devices as they are now. */
  function read(
    { product: slug }: ParticleSettings,
    { mayListGroups: listsGroups }: SelfCheck,
    ids: readonly string[] | null,
  ): Promise<Result<Snapshot, Failure>> {
    if (ids !== null && snapshot !== null) return readDevices(client, slug, snapshot, ids);
    return readSnapshot(client, slug, snapshot?.devices ?? new Map(), clock, { listsGroups });
  }

  async function readAppHashes(policy: ProductPolicy): Promise<ReadonlyMap<number, string>> {
    const hashes = new Map<number, string>();
    for (const { version, sha256, stored } of policy.firmware.values()) {
      const facts = stored ? await ports.binaries.facts(sha256) : null;
      const hash = facts?.compiled?.appHash ?? null;
      if (hash !== null) hashes.set(version, hash.toLowerCase());
    }
    return hashes;
  }

  async function tell({ drift }: PlannedCalls): Promise<void> {
    const at = clock.now();
    const events: EventDraft[] = drift
      .filter(({ thing, version }) => !toldDrift.has(`${thing} ${version}`))
      .map((note) => driftEvent(product, note, actors, at));
    toldDrift = new Set(drift.map(({ thing, version }) => `${thing} ${version}`));
    if (events.length === 0) return;
    for (const { message } of events) log.warn(`${product}: ${message}`);
    await store.addEvents(events);
  }

  function remarks(
    planned: PlannedCalls,
    known: Ledger,
    seen: Snapshot,
    differing: readonly number[],
    refused: readonly Failure[],
    { warnings }: SelfCheck,
  ): readonly FleetRemark[] {
    return remarksOf({
      drift: planned.drift,
      actors,
      ledger: known,
      devices: seen.devices,
      unheld: planned.unheld,
      differing,
      unfit: seen.unfit ?? [],
      refused,
      skewWarnings: warnings,
    });
  }

  async function attempt(ids: readonly string[] | null): Promise<Result<void, Failure>> {
    let result: Result<void, Failure>;
    try {
      result = await makeRound(ids);
    } catch (thrown) {
      result = fail(failure('StateUnavailable', messageOf(thrown), 'retry'));
    }
    // Time that nobody watched is no silence of the devices.
    if (!result.ok && ids === null) listenedAt = clock.monotonicMs();
    if (!result.ok && result.error.message !== failed?.message)
      log.warn(`${product}: ${result.error.message}`);
    failed = result.ok ? null : result.error;
    return result;
  }

  function inTurn(ids: readonly string[] | null): Promise<Result<void, Failure>> {
    const result = turn.then(() => attempt(ids));
    turn = result;
    return result;
  }

  return {
    product,
    get force() {
      return force;
    },
    open,
    swap(next) {
      force = next;
      generation += 1;
      // Whatever round is waiting would be of the policy before.
      waiting = null;
    },
    round() {
      if (waiting !== null) return waiting;
      const mine = inTurn(null).finally(() => {
        if (waiting === mine) waiting = null;
      });
      waiting = mine;
      return mine;
    },
    look: (ids) => inTurn(ids),
    hear(event) {
      if (isAboutFirmware(event)) {
        const version = firmwareOf(event);
        if (version !== null && event.user !== null) actors.set(version, event.user);
        return null;
      }
      if (!isAboutDevice(event)) return null;
      const before = news.get(event.source) ?? NO_NEWS;
      const after = addNews(before, event);
      if (after !== before) news.set(event.source, after);
      return event.source;
    },
    moment,
    isListening: () => listening?.runs ?? true,
    reading: () => reading,
    failure: () => failed,
  };
}

/** Devices that have come back on another version than the one known of them. */
function arrivedSince(
  known: Awaited<ReturnType<typeof loadRecords>>,
  records: ReadonlyMap<string, DeviceRecord>,
): ReadonlySet<string> {
  const arrived = new Set<string>();
  for (const [id, { running }] of records) {
    const before = known.get(id)?.device.running ?? null;
    if (before !== null && before !== running) arrived.add(id);
  }
  return arrived;
}
