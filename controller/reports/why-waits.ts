// What stands between a device and its target, and until when. What keeps it from being offered its target now comes from
// the very function that its polls ask.

import { unreachable } from '../base/assert.ts';
import { countOf, formatNumber } from '../base/count.ts';
import { formatDuration } from '../base/duration.ts';
import { formatUtc } from '../base/format-time.ts';
import { findOfferWait, type OfferWait, type VersionTarget } from '../devices/offer.ts';
import { VERSION_POLLS_MAX } from '../devices/poll.ts';
import type { RateSpec } from '../model/desired.ts';
import type { DeviceRecord, EvidenceRecord, OpenAction } from '../model/device.ts';
import type { Refusal } from '../model/plan.ts';
import type { ProductPolicy } from '../model/policy.ts';
import { describeWaits } from '../releases/describe-release.ts';
import { resolveTarget } from '../releases/target.ts';
import type { DeviceSummaryJson } from './answers.ts';
import type { DeviceContext } from './device-json.ts';
import { isoTime } from './plain-text.ts';
import { explainExposure, findReleasePlan, type RulesInput } from './why-rules.ts';

/** For people, of a product whose listening time stands. */
export const LISTENING_PAUSED =
  'Most of the fleet is silent, or was until lately: soaks and time-outs wait until it has been heard for three polls.';

/** Something that stands between the device and its target. */
export interface WaitExplanation {
  /** A reason of the table in the README, or a state of the device such as `OnReset` or `BackOff`. */
  readonly reason: string;
  readonly message: string;
}

/** What decides about the waits of a device. */
export interface WaitsInput extends DeviceContext, RulesInput {
  readonly policy: ProductPolicy | null;
  /** False while the product's listening time stands. */
  readonly isListening: boolean;
  /** The device's evidence. */
  readonly evidence: readonly EvidenceRecord[];
  /** What of the newest revision is refused for the product. */
  readonly refusals: readonly Refusal[];
}

/** What a device waits for, the most important first. */
export function explainWaits(
  device: DeviceRecord,
  shown: DeviceSummaryJson,
  input: WaitsInput,
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
    waits.push(...explainTarget(device, policy, input));
    if (version !== null && shown.running !== version && !shown.online) {
      wait('DeviceOffline', `It is offline, last heard from ${shown.lastContactAt ?? 'never'}.`);
    }
  }
  if (device.lock === null && device.standing !== 'quarantined') {
    for (const { manifest, reason, message } of input.refusals) {
      const isSaid = waits.some((each) => each.reason === reason);
      if (manifest.startsWith('Release/') && !isSaid) {
        wait(reason, `${manifest} is refused: ${message}`);
      }
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

/** Why an active device is left alone by its release, or not offered its target at once. */
function explainTarget(
  device: DeviceRecord,
  policy: ProductPolicy,
  input: WaitsInput,
): readonly WaitExplanation[] {
  const target = resolveTarget(device, policy);
  if (target.kind === 'version') {
    const { version } = target.firmware;
    return device.running === version ? [] : explainObstacles(device, target, policy, input);
  }
  const { reason, message } = target;
  if (reason === 'OutsideExposure') {
    return [{ reason, message: describeTurn(device, input) ?? message }];
  }
  return TOLD_REASONS.has(reason) ? [{ reason, message }] : [];
}

/** What ends by itself or by a person's word; the rest is no wait, or told as a refusal. */
const TOLD_REASONS: ReadonlySet<string> = new Set([
  'ReleaseHalted',
  'ReleasePaused',
  'SteppingStoneNeeded',
  'BinaryMissing',
]);

/** When a device that a release has not reached has its turn. */
function describeTurn(device: DeviceRecord, input: WaitsInput): string | null {
  const exposure = explainExposure(device, input).at(-1);
  if (exposure === undefined) return null;
  const { manifest, version, group, position, step } = exposure;
  const where = `It stands at ${position}% of the circle, and ${manifest} reaches ${exposure.exposure}% with version ${version}`;
  const plan = findReleasePlan(input.releases, { version, group });
  const waits = plan === undefined || plan.waits.length === 0 ? null : plan.waits;
  const turn = step === null ? '' : `; its turn comes in step ${step}`;
  const until =
    waits === null ? '' : `. The release waits for ${describeWaits(waits, { exact: true })}`;
  return `${where}${turn}${until}.`;
}

function explainObstacles(
  device: DeviceRecord,
  target: VersionTarget,
  policy: ProductPolicy,
  input: WaitsInput,
): readonly WaitExplanation[] {
  const { version } = target.firmware;
  const waits: WaitExplanation[] = [];
  if (target.goal !== version) {
    waits.push({
      reason: 'SteppingStone',
      message: `Version ${target.goal} cannot be taken from ${device.running ?? 'an unknown version'}, so it is flashed with version ${version} on the way.`,
    });
  }
  const found = findOfferWait(device, target, policy, { at: input.now, listened: input.listened });
  if (device.running === null && found?.kind !== 'unknown') {
    const asked = Math.min(device.unknownPolls, VERSION_POLLS_MAX);
    const message = `Its version is unknown (asked ${countOf(asked, 'time')}); after ${VERSION_POLLS_MAX} polls it is offered its target once.`;
    waits.push({ reason: 'VersionUnknown', message });
  }
  if (found !== null) waits.push(...explainOfferWait(found, device, target, policy));
  const rate = target.pace?.rate ?? null;
  if (found === null && rate !== null && device.action === null) {
    waits.push({ reason: 'RateReached', message: describeRate(rate) });
  }
  return waits;
}

function explainOfferWait(
  wait: OfferWait,
  device: DeviceRecord,
  target: VersionTarget,
  policy: ProductPolicy,
): readonly WaitExplanation[] {
  const { settings } = policy;
  const { failures } = device;
  const failed =
    failures === null
      ? ''
      : `It failed ${countOf(failures.count, 'time')} with version ${failures.version} (${failures.lastMessage})`;
  switch (wait.kind) {
    case 'runs':
    case 'stopped':
      return [];
    case 'reset': {
      const sign =
        settings.bootAttribute === null
          ? 'comes back after missed polls: without a boot attribute only a missed poll counts'
          : 'comes back after having been offline, or reports a new boot';
      const message = `Its lock says on-reset: it waits until it ${sign}.`;
      return [{ reason: 'OnReset', message }];
    }
    case 'unknown': {
      const message = `Its version is unknown, and version ${target.firmware.version} was offered once: it is left alone until it sends ${settings.versionAttribute}.`;
      return [{ reason: 'VersionUnknown', message }];
    }
    case 'window': {
      const { opensAt } = wait;
      const name = `The window of ${target.pace?.manifest ?? target.manifest}`;
      const message =
        opensAt === null
          ? `${name} does not open within two weeks.`
          : `${name} opens at ${formatUtc(opensAt)}.`;
      return [{ reason: 'OutsideWindow', message }];
    }
    case 'backOff': {
      const at = isoTime(failures?.retryAt ?? null);
      const message = `${failed}; the next try is in ${formatDuration(wait.leftMs)}, at ${at}.`;
      return [{ reason: 'BackOff', message }];
    }
    case 'leftAlone': {
      const until =
        target.round === 0
          ? 'until its target changes'
          : `until its target changes, or \`attempt\` of ${target.manifest} is raised`;
      const message = `${failed}; its retries are used up, and it is left alone ${until}.`;
      return [{ reason: 'RetriesUsedUp', message }];
    }
    default:
      return unreachable(wait);
  }
}

/** Spans as manifests write them. */
const RATE_SPANS: Readonly<Record<number, string>> = {
  1_000: 's',
  60_000: 'min',
  3_600_000: 'h',
  86_400_000: 'day',
};

function describeRate({ flashes, perMs }: RateSpec): string {
  const span = RATE_SPANS[perMs] ?? formatDuration(perMs);
  return `At most ${formatNumber(flashes)}/${span} are started: where that is reached, it has its turn at a later poll.`;
}
