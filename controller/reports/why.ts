// Why a device runs, or should run, what it does: the rules in the order in which they are tried, what came of them, and
// what the device waits for. The answer to "what would it get now" comes from the very function that answers its polls.

import { answerPoll } from '../devices/poll.ts';
import type { DeviceRecord, Moment } from '../model/device.ts';
import { expectedDevice } from '../model/device.ts';
import type { Event } from '../model/event.ts';
import type { DeviceSummaryJson } from './answers.ts';
import { deviceJson } from './device-json.ts';
import { isoTime } from './plain-text.ts';
import {
  explainExposure,
  explainRules,
  findGroups,
  type ExposureExplanation,
  type RuleExplanation,
} from './why-rules.ts';
import { explainWaits, type WaitExplanation, type WaitsInput } from './why-waits.ts';

export interface ExplainInput extends WaitsInput {
  readonly product: string;
  readonly id: string;
  /** Null: the state does not know it. */
  readonly device: DeviceRecord | null;
  readonly contact: Moment | null;
  /** The last times that it moved from group to group (`DeviceMoved`), newest first. */
  readonly moves: readonly Pick<Event, 'at' | 'message'>[];
}

/** `GET …/devices/{id}/why`. */
export interface Explanation {
  /** All of it in a sentence or two. */
  readonly summary: string;
  readonly device: DeviceSummaryJson;
  /** Title of the firmware that it runs, where a manifest gives one. */
  readonly runningTitle: string | null;
  /** In the order in which they are tried. */
  readonly rules: readonly RuleExplanation[];
  /** Where it stands on the circles of the releases that cover it; empty where none decides. */
  readonly exposure: readonly ExposureExplanation[];
  /** The groups that it belongs to. */
  readonly groups: readonly string[];
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
  /** The last times that it moved from group to group, newest first. */
  readonly moves: readonly { readonly at: string; readonly message: string }[];
}

/** Explains a device. Computing it changes nothing. */
export function explainDevice(input: ExplainInput): Explanation {
  const record = input.device ?? expectedDevice(input.product, input.id);
  const device = deviceJson(record, input.contact, input);
  const rules = explainRules(record, input);
  const waits = explainWaits(record, device, input);
  const nextPoll = predictPoll(record, input);
  const exposure = explainExposure(record, input);
  return {
    summary: summarise(device, waits, exposure.at(-1)?.step ?? null, nextPoll),
    device,
    runningTitle:
      device.running === null ? null : (input.policy?.firmware.get(device.running)?.title ?? null),
    rules,
    exposure,
    groups: findGroups(record, input),
    nextPoll,
    waits,
    evidence: input.evidence.map(({ version, level, passedAt, soakedMs }) => ({
      version,
      level,
      passedAt: isoTime(passedAt),
      soakedMs,
    })),
    moves: input.moves.map(({ at, message }) => ({ at: isoTime(at), message })),
  };
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
    // Whether a token of a rate is left is known only when one is taken.
    exhausted: new Set(),
  });
  if (decision.usedActionId) return 'offer';
  const { link, askAttributes } = decision.answer;
  if (link !== null) return link.kind === 'cancel' ? 'cancel' : 'continue';
  return askAttributes ? 'ask' : 'nothing';
}

function summarise(
  device: DeviceSummaryJson,
  waits: readonly WaitExplanation[],
  /** In which its turn comes. */
  step: string | null,
  nextPoll: Explanation['nextPoll'],
): string {
  const { target } = device;
  const runs = device.running === null ? 'an unknown version' : `version ${device.running}`;
  const first = waits[0];
  if (device.standing === 'quarantined' || target.version === null) {
    const isOutside = target.reason === 'OutsideExposure';
    const turn = step === null || !isOutside ? '' : ` Its turn comes in step ${step}.`;
    return `It runs ${runs} and is left alone: ${target.message ?? ''}${turn}`;
  }
  const isStone = target.goal !== null && target.goal !== target.version;
  const way = isStone ? ` on the way to ${target.goal}` : '';
  const goal = `version ${target.version}${way}, by ${target.manifest ?? ''}`;
  if (device.running === target.version && device.action === null) {
    return `It runs ${goal}, as it should.`;
  }
  const should = `It runs ${runs} and should run ${goal}.`;
  if (nextPoll === 'offer' && device.online) return `${should} It is offered at its next poll.`;
  if (first === undefined) return should;
  return `${should} ${first.message}`;
}
