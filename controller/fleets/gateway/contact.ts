// One contact of a device, whatever it asks for: read its record, let it in or not, decide, write, answer. Every
// decision is a pure function of `devices/`; a lost race is read and decided again.

import { reviewQuarantine } from '../../devices/admission.ts';
import type { Decision } from '../../devices/decision.ts';
import { draftOf, isChange } from '../../devices/decision.ts';
import { armOnReturn } from '../../devices/poll.ts';
import type { DeviceRecord, Moment } from '../../model/device.ts';
import type { PolicyRelease, ProductPolicy } from '../../model/policy.ts';
import type { DeviceChange, SaveOutcome } from '../../stores/store.ts';
import type { Credentials } from './credentials.ts';
import { isAllowed } from './credentials.ts';
import { admitStranger, bringUpToDate, isKnown, isUpToDate, registerDevice } from './entry.ts';
import type { Gateway } from './gateway.ts';
import type { ServedProduct } from './served-products.ts';
import { contactFor, momentFor } from './served-products.ts';

/** Who is calling, and what it may cause. */
export interface Caller {
  readonly product: ServedProduct;
  readonly deviceId: string;
  readonly credentials: Credentials;
  /** A poll: it may register a stranger, and its answer has to be of the policy that is in force when it is given. */
  readonly isPoll: boolean;
}

/** A registered device at the time of its contact. */
export interface DeviceContact {
  readonly device: DeviceRecord;
  /** The contact before this one; null where there was none, and where nothing depends on it. */
  readonly lastContact: Moment | null;
  readonly policy: ProductPolicy;
  readonly moment: Moment;
}

/** What a contact comes to: what to write (null: nothing), and what to answer with. */
export interface Verdict<T> {
  readonly decision: Decision | null;
  readonly attributes?: Readonly<Record<string, string>>;
  readonly feedback?: NonNullable<DeviceChange['feedback']>;
  /** The action that the decision begins. */
  readonly begins?: {
    /** Its id, which is given back where nothing is written. */
    readonly actionId: number;
    /** The release whose rate it takes a token of; null: of none. */
    readonly spends: PolicyRelease | null;
  };
  readonly answer: T;
}

/** Why a contact is turned away, as an HTTP status. */
export type Refusal = 401 | 404 | 429 | 503;

export type ContactResult<T> =
  | {
      readonly ok: true;
      readonly answer: T;
      readonly policy: ProductPolicy;
    }
  | { readonly ok: false; readonly status: Refusal };

/** Rounds of reading and deciding before a device is told to come back. */
const ROUNDS_MAX = 8;

/**
 * Takes one contact. `decide` may be called several times, each time with what is true by then; only the last verdict
 * is written. When it returns ok, all of it is durable.
 */
export async function takeContact<T>(
  gateway: Gateway,
  caller: Caller,
  decide: (contact: DeviceContact) => Verdict<T> | Promise<Verdict<T>>,
): Promise<ContactResult<T>> {
  const { store, contacts, options, actionIds } = gateway;
  const { product, deviceId } = caller;
  for (let round = 0; round < ROUNDS_MAX; round += 1) {
    const before = await store.device(product.name, deviceId);
    const { policy } = product;
    if (policy === null) return refuse(404);
    if (!isAllowed(caller.credentials, before, options)) return refuse(401);
    if (before === null && !caller.isPoll) return refuse(404);
    const moment = momentFor(product, gateway.clock.now());
    const heard = contactFor(product, moment);
    const isEntry = !isKnown(before);
    if (before === null && round === 0 && !(await admitStranger(gateway, product.name, moment))) {
      return refuse(429);
    }
    const entry = isKnown(before)
      ? (reviewQuarantine(before, policy, moment) ?? draftOf(before))
      : await registerDevice(gateway, before, deviceId, policy, moment);
    // Nearly all contacts need none of these waits, and each that is spared counts on the hot path.
    const start = isUpToDate(entry.device, policy)
      ? entry
      : await bringUpToDate(gateway, entry, policy, moment);
    const contact = waitsForReturn(start.device)
      ? await completeContact(gateway, start.device, before, policy, moment)
      : { device: start.device, lastContact: null, policy, moment };
    const decided = decide(contact);
    const verdict = decided instanceof Promise ? await decided : decided;
    const { begins } = verdict;
    // The policy may have been swapped while something was read.
    if (product.policy !== policy) {
      if (begins !== undefined) actionIds.giveBack(begins.actionId);
      continue;
    }

    const change = join(before, start, contact.device, verdict);
    if (change === null) {
      contacts.record(product.name, contact.device.key, heard);
      return { ok: true, answer: verdict.answer, policy };
    }
    const saved = await store.saveDevice({
      ...change,
      ...(isEntry && { contact: heard }),
      ...spendingOf(gateway, verdict),
    });
    if (saved.status !== 'saved') {
      noteUnsaved(gateway, product, policy, verdict, saved);
      continue;
    }
    if (saved.device !== null) contacts.record(product.name, saved.device.key, heard);
    if (isWorthAPass(change)) gateway.notify(product.name);
    if (caller.isPoll && product.policy !== policy) continue;
    return { ok: true, answer: verdict.answer, policy };
  }
  return refuse(503);
}

function refuse(status: Refusal): { readonly ok: false; readonly status: Refusal } {
  return { ok: false, status };
}

/** The token that is taken in the same write. */
function spendingOf(gateway: Gateway, { begins }: Verdict<unknown>): Pick<DeviceChange, 'spend'> {
  const release = begins?.spends ?? null;
  if (release === null || release.rate === null) return {};
  const { round, rate } = release;
  return { spend: { meter: String(round), rate, at: gateway.steadyNow() } };
}

/** Nothing was written: an id is free again, and a rate without a token is remembered for the next decision. */
function noteUnsaved(
  gateway: Gateway,
  product: ServedProduct,
  policy: ProductPolicy,
  { begins }: Verdict<unknown>,
  outcome: Exclude<SaveOutcome, { status: 'saved' }>,
): void {
  if (begins === undefined) return;
  gateway.actionIds.giveBack(begins.actionId);
  const isCurrent = product.policy === policy;
  if (outcome.status === 'exhausted' && begins.spends !== null && isCurrent) {
    product.exhausted.note(begins.spends.round, outcome.freeAt);
  }
}

/** Whether a lock waits for the device to come back, so that it matters when it was last heard. */
function waitsForReturn(device: DeviceRecord): boolean {
  return device.lock !== null && !device.lock.armed;
}

/** Adds the last contact, and lets the lock go if the device had been away. */
async function completeContact(
  gateway: Gateway,
  device: DeviceRecord,
  before: DeviceRecord | null,
  policy: ProductPolicy,
  moment: Moment,
): Promise<DeviceContact> {
  const key = before?.key ?? 0;
  const lastContact =
    before === null ? null : (gateway.contacts.last(key) ?? (await gateway.store.contact(key)));
  const draft = draftOf(device);
  armOnReturn(draft, lastContact, policy, moment);
  return { device: draft.device, lastContact, policy, moment };
}

/** One write for all of a contact; null where there is nothing to write. */
function join(
  before: DeviceRecord | null,
  start: Decision,
  device: DeviceRecord,
  verdict: Verdict<unknown>,
): DeviceChange | null {
  const { decision, attributes, feedback } = verdict;
  const last = decision ?? draftOf(device);
  if (
    !isChange(start, before) &&
    !isChange(last, before) &&
    attributes === undefined &&
    feedback === undefined
  ) {
    return null;
  }
  return {
    before,
    after: last.device,
    actions: [...start.actions, ...last.actions],
    evidence: [...start.evidence, ...last.evidence],
    dropUnmetEvidence: start.dropUnmetEvidence || last.dropUnmetEvidence,
    events: [...start.events, ...last.events],
    ...(attributes !== undefined && { attributes }),
    ...(feedback !== undefined && { feedback }),
  };
}

function isWorthAPass(change: DeviceChange): boolean {
  return (change.events?.length ?? 0) > 0 || (change.evidence?.length ?? 0) > 0;
}
