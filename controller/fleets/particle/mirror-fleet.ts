// Writes what a reading of Particle shows into the state, device by device: only what changed, each in one write with
// its events and evidence. A lost race is read and decided again.

import type { Failure } from '../../base/failure.ts';
import type { Result } from '../../base/result.ts';
import { fail, ok } from '../../base/result.ts';
import type { Decision } from '../../devices/decision.ts';
import { draftOf, isChange } from '../../devices/decision.ts';
import { DORMANT_AFTER_MS, makeDormant } from '../../devices/dormancy.ts';
import { forgetDevice } from '../../devices/forget.ts';
import type { Contact, DeviceRecord, Moment } from '../../model/device.ts';
import type { ProductPolicy } from '../../model/policy.ts';
import type { DeviceChange, Store } from '../../stores/store.ts';
import type { ActionIds } from '../action-ids.ts';
import type { Client } from './client.ts';
import type { DeviceNews, MirrorDecision } from './mirror-device.ts';
import { mirrorDevice } from './mirror-device.ts';
import type { CloudDevice } from './nouns.ts';

const ROUNDS_MAX = 8;
const PAGE = 1_000;
/** Pages of single devices that are read in one round, besides those that a hint asked for. */
const DETAILS_MAX = 50;

/** Devices that are decided about at the same time. */
const AT_ONCE = 128;

export const NO_NEWS: DeviceNews = { transfer: null, appHash: null, lastReset: null };

export interface MirrorInput {
  readonly product: string;
  /** As Particle knows the product. */
  readonly slug: string;
  readonly policy: ProductPolicy;
  readonly moment: Moment;
  readonly steadyNow: number;
  readonly skewMs: number;
  readonly appHashes: ReadonlyMap<number, string>;
  readonly devices: Iterable<CloudDevice>;
  readonly news: ReadonlyMap<string, DeviceNews>;
}

export interface MirrorPorts {
  readonly store: Store;
  readonly client: Client;
  readonly actionIds: ActionIds;
  /** Attributes by device id, as far as they were read: they change seldom, and are asked for each time. */
  readonly attributes: Map<string, Readonly<Record<string, string>>>;
}

export interface Mirrored {
  readonly records: ReadonlyMap<string, DeviceRecord>;
  /** Devices as they are known by now, with the details that were read. */
  readonly devices: ReadonlyMap<string, CloudDevice>;
  /** Something worth a pass was written. */
  readonly changed: boolean;
}

/** All the records of a product, by id. */
export async function loadRecords(
  store: Store,
  product: string,
): Promise<Map<string, { readonly device: DeviceRecord; readonly contact: Contact | null }>> {
  const records = new Map<
    string,
    { readonly device: DeviceRecord; readonly contact: Contact | null }
  >();
  let afterId: string | undefined;
  for (;;) {
    const page = await store.devices({
      product,
      limit: PAGE,
      ...(afterId !== undefined && { afterId }),
    });
    for (const sighting of page) records.set(sighting.device.id, sighting);
    afterId = page.at(-1)?.device.id;
    if (page.length < PAGE) return records;
  }
}

/** Takes the devices of a reading in. Fails only where Particle cannot be asked for details. */
export async function mirrorFleet(
  input: MirrorInput,
  known: Awaited<ReturnType<typeof loadRecords>>,
  ports: MirrorPorts,
): Promise<Result<Mirrored, Failure>> {
  const { product, moment } = input;
  const records = new Map<string, DeviceRecord>();
  const devices = new Map<string, CloudDevice>();
  const contacts = new Map<number, Contact & { readonly product: string }>();
  const shared: Shared = { exhausted: new Set(), detailsLeft: DETAILS_MAX };
  let changed = false;
  let failed: Failure | null = null;
  for (const [id, { device }] of known) records.set(id, device);

  async function takeOne(listed: CloudDevice): Promise<void> {
    const before = known.get(listed.id)?.device ?? null;
    const taken = await takeDevice(input, before, listed, shared, ports);
    if (!taken.ok) {
      failed ??= taken.error;
      return;
    }
    const { device, record } = taken.value;
    devices.set(device.id, device);
    changed ||= taken.value.changed;
    if (record === null) return;
    records.set(device.id, record);
    const isHeard = device.online || record.boot !== (before?.boot ?? null);
    if (isHeard) contacts.set(record.key, { product, ...moment, steadyAt: input.steadyNow });
  }

  // Several at a time, so that the state writes them together.
  const left = input.devices[Symbol.iterator]();
  const work = async (): Promise<void> => {
    for (let next = left.next(); next.done !== true && failed === null; next = left.next()) {
      await takeOne(next.value);
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, work));
  if (failed !== null) return fail(failed);
  const slotMs = new Map([[product, slotMsOf(input.policy)]]);
  await ports.store.saveContacts(contacts, new Map([[product, moment.listened]]), { slotMs });
  changed = (await markSilent(input, known, contacts, records, ports)) || changed;
  return ok({ records, devices, changed });
}

/** What the devices of one round have in common. */
interface Shared {
  /** Rounds of releases without a token left. */
  readonly exhausted: Set<number>;
  detailsLeft: number;
}

interface Taken {
  readonly device: CloudDevice;
  readonly record: DeviceRecord | null;
  readonly changed: boolean;
}

/** Decides about one device until it is written, with its own page where something hangs on that. */
async function takeDevice(
  input: MirrorInput,
  first: DeviceRecord | null,
  listed: CloudDevice,
  shared: Shared,
  ports: MirrorPorts,
): Promise<Result<Taken, Failure>> {
  const { store, client } = ports;
  let device = listed;
  let before = first;
  for (let round = 0; round < ROUNDS_MAX; round += 1) {
    const made = await decide(input, before, device, shared.exhausted, ports);
    if (made.wantsDetails && device.details === null && shared.detailsLeft > 0) {
      shared.detailsLeft -= 1;
      const page = await client.device(input.slug, device.id);
      // One that vanished between the pages is read again next time.
      const isGone = !page.ok && page.error.disposition === 'stall';
      if (!page.ok && !isGone) {
        giveBack(made, ports);
        return page;
      }
      if (page.ok && page.value.id === device.id) {
        giveBack(made, ports);
        device = page.value;
        continue;
      }
    }
    const saved = await save(input, before, made, shared.exhausted, ports);
    if (saved !== 'again') return ok({ device, ...saved });
    before = await store.device(input.product, device.id);
  }
  return ok({ device, record: before, changed: false });
}

function giveBack(made: MirrorDecision, { actionIds }: MirrorPorts): void {
  const id = made.device.action?.id;
  if (made.usedActionId && id !== undefined) actionIds.giveBack(id);
}

/** Contacts are as old as their reading, so they are counted finely. */
function slotMsOf({ settings }: ProductPolicy): number {
  return Math.min(60_000, Math.max(1_000, Math.round(settings.pollIntervalMs / 4)));
}

async function decide(
  input: MirrorInput,
  before: DeviceRecord | null,
  device: CloudDevice,
  exhausted: ReadonlySet<number>,
  { store, actionIds, attributes }: MirrorPorts,
): Promise<MirrorDecision> {
  let known = attributes.get(device.id);
  if (known === undefined) {
    known = before === null ? {} : ((await store.attributes(before.key)) ?? {});
    attributes.set(device.id, known);
  }
  let freshActionId = actionIds.peek();
  while (freshActionId === null) {
    await actionIds.refill();
    freshActionId = actionIds.peek();
  }
  const { policy, moment, skewMs, appHashes } = input;
  const news = input.news.get(device.id) ?? NO_NEWS;
  const made = mirrorDevice(
    { before, device, news, attributes: known },
    { policy, moment, skewMs, appHashes, freshActionId, exhausted },
  );
  // In the same step as it was looked at, or somebody else would get it too.
  if (made.usedActionId) actionIds.use();
  return made;
}

/** Writes a decision; `again` where it has to be made once more. */
async function save(
  input: MirrorInput,
  before: DeviceRecord | null,
  made: MirrorDecision,
  exhausted: Set<number>,
  ports: MirrorPorts,
): Promise<'again' | { readonly record: DeviceRecord | null; readonly changed: boolean }> {
  const { store, attributes } = ports;
  const { device: after } = made;
  const isNewText = attributes.get(after.id) !== made.attributes;
  if (!isChange(made, before) && !isNewText) return { record: before, changed: false };
  const { spends } = made;
  const change: DeviceChange = {
    before,
    after,
    actions: made.actions,
    evidence: made.evidence,
    dropUnmetEvidence: made.dropUnmetEvidence,
    events: made.events,
    ...(isNewText && { attributes: made.attributes }),
    ...(spends !== null &&
      spends.rate !== null && {
        spend: { meter: String(spends.round), rate: spends.rate, at: input.steadyNow },
      }),
  };
  const saved = await store.saveDevice(change);
  if (saved.status === 'exhausted' && spends !== null) exhausted.add(spends.round);
  if (saved.status !== 'saved') {
    giveBack(made, ports);
    return 'again';
  }
  attributes.set(after.id, made.attributes);
  const changed = made.events.length > 0 || made.evidence.length > 0;
  return { record: saved.device, changed };
}

/**
 * Whoever was not heard for a week is not waited for, and after `forgetAfter` not counted: also who is not listed by
 * Particle any more, and so is never heard again.
 */
async function markSilent(
  { moment, policy }: MirrorInput,
  known: Awaited<ReturnType<typeof loadRecords>>,
  heard: ReadonlyMap<number, unknown>,
  records: Map<string, DeviceRecord>,
  { store }: MirrorPorts,
): Promise<boolean> {
  let changed = false;
  for (const [id, { contact }] of known) {
    const record = records.get(id);
    if (record === undefined || heard.has(record.key)) continue;
    const silentMs = moment.listened - (contact?.listened ?? record.askedSince ?? 0);
    if (silentMs < Math.min(DORMANT_AFTER_MS, policy.settings.forgetAfterMs)) continue;
    const made =
      silentMs >= policy.settings.forgetAfterMs
        ? forgetDevice(record, policy, moment)
        : dormantDecision(record);
    if (made === null) continue;
    const { device: after, actions, evidence, dropUnmetEvidence, events } = made;
    const change = { before: record, after, actions, evidence, dropUnmetEvidence, events };
    const saved = await store.saveDevice(change);
    if (saved.status !== 'saved' || saved.device === null) continue;
    records.set(id, saved.device);
    changed = true;
  }
  return changed;
}

function dormantDecision(record: DeviceRecord): Decision | null {
  const dormant = makeDormant(record);
  return dormant === null ? null : draftOf(dormant);
}
