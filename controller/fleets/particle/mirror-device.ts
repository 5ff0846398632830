// What one sighting of a device at Particle makes of its record: a pure step, by the same decisions that a contact of the
// gateway's devices is taken by. A handshake is a report, a session a poll; what the event stream says only hurries.

import { admitDevice, reviewQuarantine } from '../../devices/admission.ts';
import type { Decision, Draft } from '../../devices/decision.ts';
import { draftOf, note } from '../../devices/decision.ts';
import { awaken } from '../../devices/dormancy.ts';
import { takeEvidence, wantsReport } from '../../devices/evidence.ts';
import { expireAttempt } from '../../devices/expire.ts';
import { closeCancelled, failAction } from '../../devices/outcome.ts';
import { isForgotten } from '../../devices/forget.ts';
import { answerPoll } from '../../devices/poll.ts';
import { takeReport } from '../../devices/report.ts';
import type { DeviceRecord, Moment, OpenAction } from '../../model/device.ts';
import type { PolicyRelease, ProductPolicy } from '../../model/policy.ts';
import type { CloudDevice } from './nouns.ts';

/** What the event stream said of a device since the last reading. All of it is a hint. */
export interface DeviceNews {
  /** The last state of a transfer; `success` means that the file was delivered, not that it runs. */
  readonly transfer: 'started' | 'success' | 'failed' | null;
  /** The digest of the running application, with the version that the device reported beside it. */
  readonly appHash: { readonly hash: string; readonly version: number } | null;
  readonly lastReset: string | null;
}

export interface Sighting {
  /** Null: it was never seen. */
  readonly before: DeviceRecord | null;
  readonly device: CloudDevice;
  readonly news: DeviceNews;
  /** As they are kept. */
  readonly attributes: Readonly<Record<string, string>>;
}

export interface MirrorContext {
  /** In force, with `stored` only where Particle holds the very binary too. */
  readonly policy: ProductPolicy;
  readonly moment: Moment;
  /** What Particle's clock is ahead of ours, in milliseconds. */
  readonly skewMs: number;
  /** The app hash of a version's binary, lower case, where it has one. */
  readonly appHashes: ReadonlyMap<number, string>;
  readonly freshActionId: number;
  readonly exhausted: ReadonlySet<number>;
}

export interface MirrorDecision extends Decision {
  /** As they shall be; the very same object where nothing changed. */
  readonly attributes: Readonly<Record<string, string>>;
  /** Something hangs on what only the device's own page says. Decide again with it. */
  readonly wantsDetails: boolean;
  readonly usedActionId: boolean;
  /** The release whose rate an offer takes a token of; null: of none. */
  readonly spends: PolicyRelease | null;
}

/** How a quarantine begins that Particle decided on. */
export const HELD_BY_PARTICLE = 'Particle holds it';
const IN_QUARANTINE = `${HELD_BY_PARTICLE} in quarantine`;
export const IN_DEVELOPMENT = `${HELD_BY_PARTICLE} out of releases as a development device`;

/** Takes a sighting in. A sighting older than what is known already changes nothing. */
export function mirrorDevice(sighting: Sighting, context: MirrorContext): MirrorDecision {
  const { before, device, news } = sighting;
  const { policy, moment } = context;
  if (before !== null && isForgotten(before) && !isHeardAgain(before, device)) {
    return finish(draftOf(before), sighting.attributes);
  }
  const draft = enter(sighting, context);
  const known = draft.device.boot === null ? null : Date.parse(draft.device.boot);
  const { handshakeAt } = device;
  const isStale = known !== null && handshakeAt !== null && handshakeAt < known;
  if (isStale) return finish(draft, sighting.attributes);
  const isNewSession =
    before === null ||
    before.registeredAt === null ||
    (handshakeAt !== null && (known === null || handshakeAt > known));
  const attributes = noteAttributes(sighting);

  takeTransfer(draft, sighting, context);
  if (isNewSession) beginSession(draft, device, context);
  const isRunning = device.version !== null && device.version !== 0 && !isInSafeMode(device);
  const names = isRunning && textOf(device.version ?? 0, policy);
  const isOtherVersion = names !== false && names !== draft.device.reported;
  if (names !== false && (isNewSession || isOtherVersion || device.details !== null)) {
    report(draft, names, attributes, sighting, context, isNewSession);
  }
  const isInDoubt = isNewSession && isRunning && judgeReturn(draft, device, context, news);
  // Whether it takes updates says whether it is on its way elsewhere already: `heading.ts`.
  const isStray =
    isOtherVersion && device.online && before !== null && isUnexpected(before, device);
  const isAsked = isInDoubt || isStray || wantsWord(draft, device, context);
  const wantsDetails = device.details === null && isAsked;

  const expired = expireAttempt(draft.device, policy, moment);
  if (expired !== null) join(draft, expired);
  const isHeard = device.online || isNewSession;
  if (!isHeard) return { ...finish(draft, attributes), wantsDetails };
  draft.device = awaken(draft.device);
  const polled = poll(draft, context);
  return { ...finish(draft, attributes), ...polled, wantsDetails };
}

/** Whether it came to what it runs by no action of ours. */
function isUnexpected({ running, action }: DeviceRecord, { version }: CloudDevice): boolean {
  return running !== null && version !== action?.version;
}

/** Particle goes on listing who was not heard for very long. */
function isHeardAgain({ boot }: DeviceRecord, { online, handshakeAt }: CloudDevice): boolean {
  return online || (handshakeAt !== null && (boot === null || handshakeAt > Date.parse(boot)));
}

/** Lets a device in, and follows Particle in who is held out. */
function enter({ before, device }: Sighting, { policy, moment }: MirrorContext): Draft {
  const isNew = before === null || before.standing === 'expected';
  const entry = isNew
    ? admitDevice(before, device.id, [], policy, moment)
    : (reviewQuarantine(before, policy, moment) ?? draftOf(before));
  const draft = { ...draftOf(entry.device), events: [...entry.events] };
  const held = device.quarantined ? IN_QUARANTINE : device.development ? IN_DEVELOPMENT : null;
  const { standing, quarantine } = draft.device;
  if (held !== null && quarantine !== held) {
    draft.device = { ...draft.device, standing: 'quarantined', quarantine: held };
    note(draft, 'DeviceQuarantined', moment, `Left alone: ${held}.`);
  } else if (
    held === null &&
    standing === 'quarantined' &&
    quarantine?.startsWith(HELD_BY_PARTICLE) === true
  ) {
    draft.device = { ...draft.device, standing: 'active', quarantine: null };
    note(draft, 'DeviceAdmitted', moment, 'Particle does not hold it out any more.');
  }
  return draft;
}

/** A new session: whatever waits for one goes on. */
function beginSession(draft: Draft, { handshakeAt }: CloudDevice, { skewMs }: MirrorContext): void {
  const { lock } = draft.device;
  const isAfterLock = lock !== null && handshakeAt !== null && handshakeAt - skewMs > lock.since;
  draft.device = {
    ...draft.device,
    boot: handshakeAt === null ? draft.device.boot : new Date(handshakeAt).toISOString(),
    lock: lock !== null && !lock.armed && isAfterLock ? { ...lock, armed: true } : lock,
  };
}

/** What the stream said of a transfer, about the action that is open. */
function takeTransfer(
  draft: Draft,
  { device, news }: Sighting,
  { policy, moment }: MirrorContext,
): void {
  const { action } = draft.device;
  if (action === null || news.transfer === null || device.version === action.version) return;
  if (news.transfer === 'failed') {
    // The file was delivered already: how the device comes back decides.
    if (action.phase === 'claimed') return;
    failAction(draft, action, policy, moment, 'Particle says that the transfer failed.');
    return;
  }
  const fetchedAt = action.fetchedAt ?? moment.at;
  const begun: OpenAction = { ...action, fetchedAt };
  if (action.phase === 'offered' || (action.phase === 'fetched' && news.transfer === 'success')) {
    draft.device = {
      ...draft.device,
      action:
        news.transfer === 'started'
          ? { ...begun, phase: 'fetched' }
          : {
              ...begun,
              phase: 'claimed',
              claimedAt: moment.at,
              graceUntil: moment.listened + policy.settings.rebootGraceMs,
              bootAtClaim: draft.device.boot,
            },
    };
  }
}

/** The version that a handshake named. Evidence only from the device's own page, which says that its application runs. */
function report(
  draft: Draft,
  versionText: string,
  attributes: Readonly<Record<string, string>>,
  { device }: Sighting,
  context: MirrorContext,
  isNewSession: boolean,
): void {
  const { policy, moment, skewMs } = context;
  const { details } = device;
  const heardAt = details?.heardAt ?? null;
  const sinceMs = heardAt === null ? null : Math.max(0, moment.at - (heardAt - skewMs));
  draft.device = {
    ...draft.device,
    given: givenTo(draft.device, device.version ?? 0, attributes, context, isNewSession),
    askedSince: sinceMs === null ? null : moment.listened - sinceMs,
  };
  const isProof = details !== null && details.status === 'normal';
  const { askedSince } = draft.device;
  const judgedBy = isProof ? policy : withoutEvidence(policy);
  join(draft, takeReport(draft.device, { attributes, versionText }, judgedBy, moment));
  // A development device is left alone, and yet runs what it runs.
  if (!isProof || draft.device.quarantine !== IN_DEVELOPMENT) return;
  const { standing, quarantine } = draft.device;
  draft.device = { ...draft.device, standing: 'active', quarantine: null };
  takeEvidence(draft, policy, moment, 'report', askedSince);
  draft.device = { ...draft.device, standing, quarantine };
}

/** Which binary it runs under that number, as far as it is known. */
function givenTo(
  device: DeviceRecord,
  version: number,
  attributes: Readonly<Record<string, string>>,
  { policy, appHashes }: MirrorContext,
  isNewSession: boolean,
): DeviceRecord['given'] {
  const firmware = policy.firmware.get(version);
  const wanted = appHashes.get(version);
  const seen = attributes['app_hash_version'] === String(version) ? attributes['app_hash'] : null;
  if (firmware !== undefined && wanted !== undefined && seen !== null && seen !== undefined) {
    return { version, sha256: seen === wanted ? firmware.sha256 : `app hash ${seen}` };
  }
  const { action, given } = device;
  // Particle holds the very binary, or nothing would have been offered.
  const isOurs = isNewSession && action?.version === version && firmware !== undefined;
  return isOurs ? { version, sha256: action.sha256 } : given;
}

/**
 * A device that came back with the old version has failed, if it was being flashed. True: it hangs on whether it takes
 * updates at all.
 */
function judgeReturn(
  draft: Draft,
  { version, details }: CloudDevice,
  { policy, moment }: MirrorContext,
  news: DeviceNews,
): boolean {
  const { action } = draft.device;
  if (action === null || version === action.version) return false;
  if (action.phase === 'offered') {
    // The cloud begins within seconds of a handshake, whether the stream tells of it or not.
    draft.device = {
      ...draft.device,
      action: { ...action, phase: 'fetched', fetchedAt: moment.at },
    };
    return false;
  }
  const wasBegunBefore = action.phase === 'fetched' && action.fetchedAt !== moment.at;
  if (!wasBegunBefore || news.transfer === 'started') return false;
  if (details === null) return true;
  if (!details.takesUpdates) return false;
  failAction(
    draft,
    action,
    policy,
    moment,
    `Came back with version ${version ?? 'unknown'}, and was to be flashed with ${action.version}.`,
  );
  return false;
}

/** Whether its own page is wanted as evidence. */
function wantsWord(draft: Draft, device: CloudDevice, { policy, moment }: MirrorContext): boolean {
  const isHeldOut = draft.device.quarantine === IN_DEVELOPMENT;
  const subject: DeviceRecord = isHeldOut ? { ...draft.device, standing: 'active' } : draft.device;
  return device.online && device.version !== 0 && wantsReport(subject, policy, moment);
}

function isInSafeMode({ version, details }: CloudDevice): boolean {
  return version === 0 || details?.status === 'safe_mode';
}

/** A session asks what to do. What nobody has fetched is taken back at once: nothing has to be asked of the device. */
function poll(
  draft: Draft,
  context: MirrorContext,
): Pick<MirrorDecision, 'usedActionId' | 'spends'> {
  const { policy, moment, freshActionId, exhausted } = context;
  for (let round = 0; ; round += 1) {
    const answered = answerPoll({
      device: draft.device,
      lastContact: { at: moment.at, listened: moment.listened },
      policy,
      moment,
      freshActionId,
      exhausted,
    });
    join(draft, answered);
    const { action } = draft.device;
    const isUnfetched = action?.phase === 'cancelling' && action.fetchedAt === null;
    if (!isUnfetched || round > 0) {
      const { usedActionId, spends } = answered;
      return { usedActionId, spends };
    }
    closeCancelled(draft, action, moment, 'Taken back before it had begun.');
  }
}

function noteAttributes({ device, news, attributes }: Sighting): Readonly<Record<string, string>> {
  const { version, deviceOs, platformId } = device;
  const after: Record<string, string> = {
    ...attributes,
    ...(version !== null && { firmware_version: String(version) }),
    ...(deviceOs !== null && { system_firmware_version: deviceOs }),
    ...(platformId !== null && { platform_id: String(platformId) }),
    ...(news.appHash !== null && {
      app_hash: news.appHash.hash,
      app_hash_version: String(news.appHash.version),
    }),
    ...(news.lastReset !== null && { last_reset: news.lastReset }),
  };
  const isSame =
    Object.keys(after).length === Object.keys(attributes).length &&
    Object.entries(after).every(([name, value]) => attributes[name] === value);
  return isSame ? attributes : after;
}

/** What a device that runs a version is taken to report: Particle's always name the number. */
function textOf(version: number, policy: ProductPolicy): string {
  return policy.firmware.get(version)?.reportedAs ?? String(version);
}

/** The same policy, under which no device may verify anything. */
function withoutEvidence(policy: ProductPolicy): ProductPolicy {
  return { ...policy, verification: { ...policy.verification, group: new Set() } };
}

/** Adds a later decision to a draft. */
function join(draft: Draft, later: Decision): void {
  draft.device = later.device;
  draft.actions.push(...later.actions);
  draft.evidence.push(...later.evidence);
  draft.events.push(...later.events);
  draft.dropUnmetEvidence ||= later.dropUnmetEvidence;
}

function finish(draft: Draft, attributes: Readonly<Record<string, string>>): MirrorDecision {
  return { ...draft, attributes, wantsDetails: false, usedActionId: false, spends: null };
}
