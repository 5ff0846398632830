// The gateway without HTTP: what a device can ask and tell, as calls, for a fleet that lives in the same process. Every
// call goes through the same contacts as a request, so it decides nothing that a request would not.

import { ok } from '../../base/result.ts';
import { draftOf } from '../../devices/decision.ts';
import type { Feedback } from '../../devices/feedback.ts';
import { takeDelivery, takeFetch } from '../../devices/feedback.ts';
import type { ActionLink } from '../../devices/open-action.ts';
import { downloadableFirmware, shownFirmware } from '../../devices/serving.ts';
import type { Caller, Refusal } from './contact.ts';
import { takeContact } from './contact.ts';
import { ADMITTED } from './credentials.ts';
import type { Subject } from './exchanges.ts';
import { readAction, takeAttributes, takePoll, takeWord } from './exchanges.ts';
import type { Gateway } from './gateway.ts';

/** What a poll is answered with; a refusal is the HTTP status that a device would get. */
export type DeskPoll =
  | {
      readonly status: 200;
      /** The one link; null: nothing to do. */
      readonly link: ActionLink;
      /** The device is asked for its attributes. */
      readonly asksAttributes: boolean;
      /** Milliseconds until the next poll. */
      readonly sleepMs: number;
    }
  | { readonly status: Refusal };

/** What a device got when it fetched an action: 404 where it is served nothing. */
export type DeskFetch =
  | {
      readonly status: 200;
      readonly version: number;
      /** What a device that runs it reports. */
      readonly reportedAs: string;
      readonly sha256: string;
    }
  | { readonly status: Refusal };

/** The HTTP status that a device would get; 200: taken, and durable. */
export type DeskStatus = Refusal | 200 | 400 | 405 | 410;

/**
 * The gateway as its devices see it. Whoever calls is taken at its word: credentials are not asked for. All calls answer
 * 404 for a product that is not in force, and may reject when the state cannot be reached.
 */
export interface DeviceDesk {
  /** GET of the device's own resource; registers a stranger. */
  poll(product: string, deviceId: string): Promise<DeskPoll>;
  /** PUT configData with the mode `merge`; null takes an attribute away. */
  report(
    product: string,
    deviceId: string,
    attributes: Readonly<Record<string, string | null>>,
  ): Promise<DeskStatus>;
  /**
   * Reads the deployment and downloads its binary to the last byte, as far as the record goes: no byte is moved, and
   * the binary need not be readable.
   */
  fetch(product: string, deviceId: string, actionId: number): Promise<DeskFetch>;
  /** POST deploymentBase/{actionId}/feedback */
  feedback(
    product: string,
    deviceId: string,
    actionId: number,
    feedback: Feedback,
  ): Promise<DeskStatus>;
  /** POST cancelAction/{actionId}/feedback */
  answerCancel(
    product: string,
    deviceId: string,
    actionId: number,
    feedback: Feedback,
  ): Promise<DeskStatus>;
}

/** Opens the desk of a gateway. */
export function createDesk(gateway: Gateway): DeviceDesk {
  function callerOf(product: string, deviceId: string, isPoll: boolean): Caller | null {
    const served = gateway.products.byName(product);
    return served === null ? null : { product: served, deviceId, credentials: ADMITTED, isPoll };
  }

  async function say(
    product: string,
    deviceId: string,
    about: Subject,
    actionId: number,
    feedback: Feedback,
  ): Promise<DeskStatus> {
    const caller = callerOf(product, deviceId, false);
    if (caller === null) return 404;
    const result = await takeWord(gateway, caller, about, actionId, ok(feedback));
    if (!result.ok) return result.status;
    return 'defect' in result.answer ? result.answer.defect.status : result.answer.status;
  }

  return {
    async poll(product, deviceId) {
      const caller = callerOf(product, deviceId, true);
      if (caller === null) return { status: 404 };
      const result = await takePoll(gateway, caller);
      if (!result.ok) return { status: result.status };
      const { link, askAttributes } = result.answer;
      const { pollIntervalMs } = result.policy.settings;
      return { status: 200, link, asksAttributes: askAttributes, sleepMs: pollIntervalMs };
    },
    async report(product, deviceId, attributes) {
      const caller = callerOf(product, deviceId, false);
      if (caller === null) return 404;
      const data = new Map(Object.entries(attributes));
      const result = await takeAttributes(gateway, caller, ok({ mode: 'merge', data }));
      if (!result.ok) return result.status;
      return result.answer?.status ?? 200;
    },
    async fetch(product, deviceId, actionId) {
      const caller = callerOf(product, deviceId, false);
      if (caller === null) return { status: 404 };
      const result = await takeContact<DeskFetch>(
        gateway,
        caller,
        async ({ device, policy, moment }) => {
          const record = await readAction(gateway, caller, actionId);
          const shown = shownFirmware(device, record, policy, moment);
          if (
            shown === null ||
            downloadableFirmware(device, shown.version, policy, moment) === null
          ) {
            return { decision: null, answer: { status: 404 } };
          }
          const { version, reportedAs, sha256 } = shown;
          const fetched = takeFetch(device, actionId, moment) ?? draftOf(device);
          return {
            decision: { ...fetched, device: takeDelivery(fetched.device, version, sha256) },
            answer: { status: 200, version, reportedAs, sha256 },
          };
        },
      );
      return result.ok ? result.answer : { status: result.status };
    },
    feedback: (product, deviceId, actionId, feedback) =>
      say(product, deviceId, 'deployment', actionId, feedback),
    answerCancel: (product, deviceId, actionId, feedback) =>
      say(product, deviceId, 'cancel', actionId, feedback),
  };
}
