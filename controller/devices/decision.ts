// What a contact of a device leads to, as data: the record as it shall be, and what is written with it. The pure
// functions of this folder return decisions; the gateway writes them and answers the device after they are durable.

import type {
  ActionRecord,
  ActionState,
  DeviceRecord,
  EvidenceRecord,
  Moment,
  OpenAction,
} from '../model/device.ts';
import type { EventDraft, EventType } from '../model/event.ts';

export interface Decision {
  readonly device: DeviceRecord;
  readonly actions: readonly ActionRecord[];
  readonly evidence: readonly EvidenceRecord[];
  readonly dropUnmetEvidence: boolean;
  readonly events: readonly EventDraft[];
}

/** A decision under construction: steps of one contact change it in order. Lives for one call only. */
export interface Draft {
  device: DeviceRecord;
  readonly actions: ActionRecord[];
  readonly evidence: EvidenceRecord[];
  dropUnmetEvidence: boolean;
  readonly events: EventDraft[];
}

/** Starts a decision that changes nothing yet. */
export function draftOf(device: DeviceRecord): Draft {
  return { device, actions: [], evidence: [], dropUnmetEvidence: false, events: [] };
}

/** Whether there is anything to write. */
export function isChange(decision: Decision, before: DeviceRecord | null): boolean {
  return (
    decision.device !== before ||
    decision.actions.length > 0 ||
    decision.evidence.length > 0 ||
    decision.events.length > 0
  );
}

/** Adds an event about the device; with an action, the event goes back to the action's manifest. */
export function note(
  draft: Draft,
  type: EventType,
  moment: Moment,
  message: string,
  trace?: { readonly revision: string; readonly manifest: string; readonly id?: number },
): void {
  draft.events.push({
    type,
    at: moment.at,
    product: draft.device.product,
    device: draft.device.id,
    revision: trace?.revision ?? null,
    manifest: trace?.manifest ?? null,
    actionId: trace?.id ?? null,
    message,
  });
}

/** Marks the device's attributes as asked for, unless they are already. */
export function ask(draft: Draft, moment: Moment): void {
  if (draft.device.askedSince !== null) return;
  draft.device = { ...draft.device, askedSince: moment.listened };
}

/** The kept form of an open action. */
export function recordOf(
  device: DeviceRecord,
  action: OpenAction,
  end: {
    readonly state: ActionState;
    readonly confirmed?: boolean;
    readonly closedAt?: number | null;
    readonly message?: string | null;
  },
): ActionRecord {
  return {
    product: device.product,
    device: device.id,
    id: action.id,
    version: action.version,
    sha256: action.sha256,
    attempt: action.attempt,
    state: end.state,
    confirmed: end.confirmed ?? false,
    manifest: action.manifest,
    revision: action.revision,
    offeredAt: action.offeredAt,
    fetchedAt: action.fetchedAt,
    closedAt: end.closedAt ?? null,
    message: end.message ?? null,
  };
}
