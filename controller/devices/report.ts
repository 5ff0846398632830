// A report: the device sends its attributes, or names what is installed. The only thing that shows which version
// really runs, and so what ends attempts, finds devices that fell back, and gives evidence.

import type { DeviceRecord, ListenedMs, Moment, OpenAction } from '../model/device.ts';
import type { ProductPolicy } from '../model/policy.ts';
import { resolveTarget } from '../releases/target.ts';
import type { Decision, Draft } from './decision.ts';
import { draftOf, note } from './decision.ts';
import { takeEvidence } from './evidence.ts';
import { countRelapse, failAction, hasFallenBack, succeed } from './outcome.ts';
import { takeTraits } from './traits.ts';
import { readVersion } from './version.ts';

/**
 * A device that leaves a version within this time was failed by it. After that somebody's hand is far more likely, and
 * that is no reason to halt a release.
 */
const FALL_BACK_WITHIN_MS = 48 * 3_600_000;

/** Longest version and boot text that is kept. */
const TEXT_MAX = 128;

export interface Report {
  /** All attributes of the device after merging what it sent; for an installedBase report those that were there. */
  readonly attributes: Readonly<Record<string, string>>;
  /** What names the running version in this very report; null where this report does not name it. */
  readonly versionText: string | null;
}

/** The report in a set of attributes that were sent: the version counts only if it was among them. */
export function attributeReport(
  merged: Readonly<Record<string, string>>,
  sent: Readonly<Record<string, string | null>>,
  policy: ProductPolicy,
): Report {
  const { versionAttribute } = policy.settings;
  return {
    attributes: merged,
    versionText: Object.hasOwn(sent, versionAttribute) ? (sent[versionAttribute] ?? null) : null,
  };
}

/** Takes a report in. */
export function takeReport(
  device: DeviceRecord,
  report: Report,
  policy: ProductPolicy,
  moment: Moment,
): Decision {
  const draft = draftOf(device);
  const { askedSince } = device;
  draft.device = { ...device, askedSince: null };
  checkProduct(draft, report, policy, moment);
  takeTraits(draft, report.attributes, policy, moment);
  noteBoot(draft, report, policy, moment);
  if (report.versionText === null) return draft;

  const ran = { version: draft.device.running, since: draft.device.runningSince };
  nameVersion(draft, report.versionText, policy, moment);
  const { action } = draft.device;
  if (action !== null) judgeAction(draft, action, policy, moment);
  else judgeOutcome(draft, ran, policy, moment);
  takeEvidence(draft, policy, moment, 'report', askedSince);
  return draft;
}

/** A device that reports another product id is quarantined, and admitted again when it reports the right one. */
function checkProduct(draft: Draft, report: Report, policy: ProductPolicy, moment: Moment): void {
  const { productAttribute } = policy.settings;
  if (productAttribute === null || policy.productId === null) return;
  const reported = report.attributes[productAttribute];
  if (reported === undefined) return;
  const { device } = draft;
  const strange = reported !== String(policy.productId);
  if (strange && device.standing === 'active') {
    const quarantine = `${FOREIGN_PRODUCT} ${reported.slice(0, 32)}, not ${policy.productId}`;
    draft.device = { ...device, standing: 'quarantined', quarantine };
    note(draft, 'DeviceQuarantined', moment, `In quarantine: ${quarantine}.`);
  } else if (!strange && device.quarantine?.startsWith(FOREIGN_PRODUCT) === true) {
    draft.device = { ...device, standing: 'active', quarantine: null };
    note(draft, 'DeviceAdmitted', moment, `Reports product id ${reported} now.`);
  }
}

/** How a quarantine for a foreign product id begins. */
export const FOREIGN_PRODUCT = 'it reports product id';

/** A new value of the boot attribute is a boot: it restarts the soak and lets an `on-reset` lock go. */
function noteBoot(draft: Draft, report: Report, policy: ProductPolicy, moment: Moment): void {
  const { bootAttribute } = policy.settings;
  const value = bootAttribute === null ? undefined : report.attributes[bootAttribute];
  if (value === undefined) return;
  const boot = value.slice(0, TEXT_MAX);
  const { device } = draft;
  if (boot === device.boot) return;
  const { lock } = device;
  const known = device.boot !== null;
  draft.device = {
    ...device,
    boot,
    runningSince: known ? moment.listened : device.runningSince,
    lock: known && lock !== null && !lock.armed ? { ...lock, armed: true } : lock,
  };
  if (known) note(draft, 'DeviceBooted', moment, 'Reported a new boot.');
}

function nameVersion(draft: Draft, text: string, policy: ProductPolicy, moment: Moment): void {
  const reported = text.slice(0, TEXT_MAX);
  const { device } = draft;
  const running = readVersion(reported, policy);
  if (reported === device.reported && running === device.running) return;
  draft.device = { ...device, reported, running, runningSince: moment.listened };
  const meaning = running === null ? 'which no manifest knows' : `version ${running}`;
  note(draft, 'VersionReported', moment, `Reports ${JSON.stringify(reported)}, ${meaning}.`);
}

/** An open action ends when its version is named, or when the old one still is after a claimed success. */
function judgeAction(
  draft: Draft,
  action: OpenAction,
  policy: ProductPolicy,
  moment: Moment,
): void {
  const { device } = draft;
  if (device.running === action.version) {
    succeed(draft, action, moment, `Runs version ${action.version}.`);
    return;
  }
  if (action.phase !== 'claimed') return;
  const booted = device.boot !== null && device.boot !== action.bootAtClaim;
  if (booted || moment.listened >= (action.graceUntil ?? 0)) {
    failAction(
      draft,
      action,
      policy,
      moment,
      `Names ${JSON.stringify(device.reported)} after it had reported that ${action.version} was installed.`,
    );
  }
}

/** Without an open action: a device may have fallen back, or may run after all what it had failed with. */
function judgeOutcome(
  draft: Draft,
  { version: ran, since }: { readonly version: number | null; readonly since: ListenedMs | null },
  policy: ProductPolicy,
  moment: Moment,
): void {
  const { device } = draft;
  const { outcome, running } = device;
  if (outcome !== null && running === outcome.version) {
    if (outcome.state !== 'succeeded' && !hasFallenBack(device, outcome.version, outcome.round)) {
      draft.device = { ...device, failures: null, outcome: { ...outcome, state: 'succeeded' } };
    }
    return;
  }
  if (ran === null) return;
  const target = resolveTarget(device, policy);
  const wanted = target.kind === 'version' ? target.firmware.version : null;
  if (running !== null && running === wanted) return;
  const wasMeant = ran === wanted || (outcome?.state === 'succeeded' && ran === outcome.version);
  if (!wasMeant) return;
  const message = `Ran version ${ran} and now names ${JSON.stringify(device.reported)}, without an action of ours.`;
  note(draft, 'DriftDetected', moment, message);
  const isFallBack = since === null || moment.listened - since < FALL_BACK_WITHIN_MS;
  const round = target.kind === 'version' ? target.round : (outcome?.round ?? 0);
  countRelapse(draft, { version: ran, round: isFallBack ? round : 0 }, policy, moment, message);
}
