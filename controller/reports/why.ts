// Why a device runs, or should run, what it does: the rules in the order in which they are tried, what came of them, and
// what the device waits for. The answer to "what would it get now" comes from the very function that answers its polls.

import { unreachable } from '../base/assert.ts';
import { formatDuration } from '../base/duration.ts';
import { backOffLeftMs } from '../devices/outcome.ts';
import { answerPoll, VERSION_POLLS_MAX } from '../devices/poll.ts';
import type { Desired, Origin } from '../model/desired.ts';
import type { Contact, DeviceRecord, EvidenceRecord, OpenAction } from '../model/device.ts';
import { expectedDevice } from '../model/device.ts';
import type { Refusal } from '../model/plan.ts';
import type { ProductPolicy } from '../model/policy.ts';
import { releaseFor } from '../releases/target.ts';
import type { DeviceSummaryJson, TraceJson } from './answers.ts';
import { deviceJson, type DeviceContext } from './device-json.ts';
import { countOf, isoTime } from './plain-text.ts';

/** For people, of a product whose listening time stands. */
export const LISTENING_PAUSED =
  'Most of the fleet is silent, or was until lately: soaks and time-outs wait until it has been heard for three polls.';

export interface ExplainInput extends DeviceContext {
  readonly product: string;
  readonly id: string;
  /** Null: the state does not know it. */
  readonly device: DeviceRecord | null;
  readonly contact: Contact | null;
  /** False while the product's listening time stands. */
  readonly isListening: boolean;
  /** In force for the product. */
  readonly inForce: Desired;
  /** The device's evidence. */
  readonly evidence: readonly EvidenceRecord[];
  /** What of the newest revision is refused for the product. */
  readonly refusals: readonly Refusal[];
}

/** One rule, in the order in which they are tried; the first that applies decides. */
export interface RuleExplanation {
  readonly rule: 'quarantine' | 'lock' | 'groupRelease' | 'release';
  readonly outcome: 'decides' | 'overruled' | 'doesNotApply';
  readonly message: string;
  /** The manifest that the rule goes back to, where one does. */
  readonly trace: TraceJson | null;
}

/** Something that stands between the device and its target. */
export interface WaitExplanation {
  /** A reason of the table in the README, or a state of the device such as `OnReset` or `BackOff`. */
  readonly reason: string;
  readonly message: string;
}

/** `GET …/devices/{id}/why`. */
export interface Explanation {
  /** All of it in a sentence or two. */
  readonly summary: string;
  readonly device: DeviceSummaryJson;
  /** Title of the firmware that it runs, where a manifest gives one. */
  readonly runningTitle: string | null;
  readonly rules: readonly RuleExplanation[];
  /**
   * What a poll would be answered with now: a new offer, the offer or cancel that is open, the question for its
   * attributes, nothing; or it is not admitted.
   */
  readonly nextPoll: 'offer' | 'continue' | 'cancel' | 'ask' | 'nothing' | 'refused';
  readonly waits: readonly WaitExplanation[];
  readonly evidence: readonly {
    readonly version: number;
    readonly level: string;
    readonly passedAt: string | null;
    readonly soakedMs: number;
  }[];
}

/** Explains a device. Computing it changes nothing. */
export function explainDevice(input: ExplainInput): Explanation {
  const record = input.device ?? expectedDevice(input.product, input.id);
  const device = deviceJson(record, input.contact, input);
  const rules = explainRules(record, input);
  const waits = explainWaits(record, device, input);
  const nextPoll = predictPoll(record, input);
  return {
    summary: summarise(device, waits, nextPoll),
    device,
    runningTitle:
      device.running === null ? null : (input.policy?.firmware.get(device.running)?.title ?? null),
    rules,
    nextPoll,
    waits,
    evidence: input.evidence.map(({ version, level, passedAt, soakedMs }) => ({
      version,
      level,
      passedAt: isoTime(passedAt),
      soakedMs,
    })),
  };
}

function explainRules(device: DeviceRecord, input: ExplainInput): readonly RuleExplanation[] {
  const { policy, inForce } = input;
  let decided = false;
  const rules: RuleExplanation[] = [];
  const add = (
    rule: RuleExplanation['rule'],
    applies: boolean,
    message: string,
    trace: TraceJson | null = null,
  ): void => {
    const outcome = !applies ? 'doesNotApply' : decided ? 'overruled' : 'decides';
    decided ||= applies;
    rules.push({ rule, outcome, message, trace });
  };

  if (device.standing === 'quarantined') {
    add('quarantine', true, `It is in quarantine: ${device.quarantine ?? 'no reason given'}.`);
  }
  if (device.lock === null) add('lock', false, 'No lock holds it.');
  else {
    const { version, flash, manifest } = device.lock;
    const lock = inForce.locks.find(({ origin }) => origin.name === manifest);
    const named = `DeviceLock/${manifest}`;
    const note = lock?.spec.reason ?? null;
    add(
      'lock',
      true,
      `It is locked to version ${version} (flash: ${flash})${note === null ? '' : `: ${note}`}.`,
      traceOf(lock?.origin ?? null, named, device.lock.revision),
    );
  }
  if (policy === null) return rules;
  const groups = policy.groupsOf.get(device.id) ?? [];
  const chosen = releaseFor(device.id, policy);
  if (groups.length === 0) add('groupRelease', false, 'None of its groups has a release.');
  for (const group of groups) {
    const release = inForce.releases.find(({ spec }) => spec.group === group);
    const conflict = chosen === 'conflict' ? ' Another of its groups is given another one.' : '';
    add(
      'groupRelease',
      release !== undefined,
      `Its group ${group} is released version ${release?.spec.version ?? '?'}.${conflict}`,
      release === undefined ? null : traceOf(release.origin, '', ''),
    );
  }
  const release = inForce.releases.find(({ spec }) => spec.group === null);
  if (release === undefined) add('release', false, 'The product has no release.');
  else {
    const message = `The product's release is version ${release.spec.version}.`;
    add('release', true, message, traceOf(release.origin, '', ''));
  }
  return rules;
}

function traceOf(origin: Origin | null, manifest: string, revision: string): TraceJson {
  if (origin === null) return { manifest, revision, file: null, line: null, column: null };
  const { kind, name, file, line, column } = origin;
  return { manifest: `${kind}/${name}`, revision: origin.revision, file, line, column };
}

function predictPoll(device: DeviceRecord, input: ExplainInput): Explanation['nextPoll'] {
  const { policy, contact, now, listened } = input;
  if (policy === null) return 'refused';
  if (device.standing === 'expected') return 'ask';
  const decision = answerPoll({
    device,
    lastContact: contact,
    policy,
    moment: { at: now, listened },
    freshActionId: 0,
  });
  if (decision.usedActionId) return 'offer';
  const { link, askAttributes } = decision.answer;
  if (link !== null) return link.kind === 'cancel' ? 'cancel' : 'continue';
  return askAttributes ? 'ask' : 'nothing';
}

function explainWaits(
  device: DeviceRecord,
  shown: DeviceSummaryJson,
  input: ExplainInput,
): readonly WaitExplanation[] {
  const { policy } = input;
  const waits: WaitExplanation[] = [];
  const wait = (reason: string, message: string): void => void waits.push({ reason, message });
  if (policy?.stopped === true) {
    wait('EmergencyStop', 'The product is stopped: nothing more is offered until it is resumed.');
  }
  if (device.standing === 'expected') {
    wait('UnknownDevice', 'It has never made contact; it is registered at its first poll.');
  } else if (device.standing === 'active' && policy !== null) {
    const { version } = shown.target;
    if (device.action !== null) waits.push(explainAction(device.action, version));
    if (version !== null && shown.running !== version) {
      waits.push(...explainObstacles(device, version, policy, input));
      if (!shown.online) {
        wait('DeviceOffline', `It is offline, last heard from ${shown.lastContactAt ?? 'never'}.`);
      }
    }
  }
  if (device.lock === null && device.standing !== 'quarantined') {
    for (const { manifest, reason, message } of input.refusals) {
      if (manifest.startsWith('Release/')) wait(reason, `${manifest} is refused: ${message}`);
    }
  }
  const hasSoak = input.evidence.some(({ passedAt }) => passedAt === null);
  if (!input.isListening && (device.action !== null || hasSoak)) {
    wait('ListeningPaused', LISTENING_PAUSED);
  }
  return waits;
}

function explainAction(action: OpenAction, target: number | null): WaitExplanation {
  const { version, attempt, phase, cancelPolls } = action;
  const since = isoTime(action.fetchedAt ?? action.offeredAt);
  const which = `version ${version} (attempt ${attempt})`;
  switch (phase) {
    case 'offered':
      return { reason: 'ActionOpen', message: `It is offered ${which} since ${since}.` };
    case 'fetched': {
      const refused = action.cancelRefused ? ' It refused to be stopped.' : '';
      return { reason: 'ActionOpen', message: `It installs ${which} since ${since}.${refused}` };
    }
    case 'claimed':
      return {
        reason: 'ActionOpen',
        message: `Its agent says that ${which} is installed; the device has not named it yet.`,
      };
    case 'cancelling':
      return {
        reason: 'CancelPending',
        message: `It is asked to cancel ${which}, ${countOf(cancelPolls, 'time')} so far${target === null ? '' : `; version ${target} comes after that`}.`,
      };
    default:
      return unreachable(phase);
  }
}

/** Why an active device that does not run its target is not offered it at once. */
function explainObstacles(
  device: DeviceRecord,
  version: number,
  policy: ProductPolicy,
  input: ExplainInput,
): readonly WaitExplanation[] {
  const waits: WaitExplanation[] = [];
  if (device.lock !== null && !device.lock.armed) {
    const sign =
      policy.settings.bootAttribute === null
        ? 'comes back after missed polls: without a boot attribute only a missed poll counts'
        : 'comes back after having been offline, or reports a new boot';
    waits.push({
      reason: 'OnReset',
      message: `Its lock says on-reset: it waits until it ${sign}.`,
    });
  }
  if (device.running === null) {
    const asked = Math.min(device.unknownPolls, VERSION_POLLS_MAX);
    const name = policy.settings.versionAttribute;
    const message =
      device.blindOffer === version
        ? `Its version is unknown, and version ${version} was offered once: it is left alone until it sends ${name}.`
        : `Its version is unknown (asked ${countOf(asked, 'time')}); after ${VERSION_POLLS_MAX} polls it is offered its target once.`;
    waits.push({ reason: 'VersionUnknown', message });
  }
  const { failures } = device;
  if (failures?.version === version) {
    const failed = `It failed ${countOf(failures.count, 'time')} with version ${version} (${failures.lastMessage})`;
    const leftMs = backOffLeftMs(failures, input.now);
    if (failures.retryAt === null) {
      const message = `${failed}; its retries are used up, and it is left alone until its target changes.`;
      waits.push({ reason: 'RetriesUsedUp', message });
    } else if (leftMs !== null && leftMs > 0) {
      const at = isoTime(failures.retryAt);
      waits.push({
        reason: 'BackOff',
        message: `${failed}; the next try is in ${formatDuration(leftMs)}, at ${at}.`,
      });
    }
  }
  return waits;
}

function summarise(
  device: DeviceSummaryJson,
  waits: readonly WaitExplanation[],
  nextPoll: Explanation['nextPoll'],
): string {
  const { target } = device;
  const runs = device.running === null ? 'an unknown version' : `version ${device.running}`;
  const first = waits[0];
  if (device.standing === 'quarantined' || target.version === null) {
    return `It runs ${runs} and is left alone: ${target.message ?? ''}`;
  }
  const goal = `version ${target.version}, by ${target.manifest ?? ''}`;
  if (device.running === target.version && device.action === null) {
    return `It runs ${goal}, as it should.`;
  }
  const should = `It runs ${runs} and should run ${goal}.`;
  if (nextPoll === 'offer' && device.online) return `${should} It is offered at its next poll.`;
  if (first === undefined) return should;
  return `${should} ${first.message}`;
}
