// The JSON documents of DDI that devices read, from facts that were decided elsewhere. Field names are wire format.

import type { ActionRecord, ActionState, FeedbackEntry } from '../../model/device.ts';
import type { PolicyFirmware } from '../../model/policy.ts';
import type { DeviceLinks } from './links.ts';

/** Longest sleep that a client understands: a clock time below 24 hours. */
const SLEEP_MAX_S = 86_399;

/** Most entries of an action's history in a document. */
export const ACTION_HISTORY_MAX = 100;

const HISTORY_STATUS: Readonly<Record<ActionState, string>> = {
  open: 'RUNNING',
  cancelling: 'CANCELING',
  cancelled: 'CANCELED',
  succeeded: 'FINISHED',
  failed: 'ERROR',
};

/** `HH:MM:SS`, from 00:00:01 to 23:59:59. */
export function formatSleep(pollIntervalMs: number): string {
  const seconds = Math.min(SLEEP_MAX_S, Math.max(1, Math.round(pollIntervalMs / 1000)));
  const parts = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60, seconds % 60];
  return parts.map((part) => String(part).padStart(2, '0')).join(':');
}

/** The answer to a poll. `_links` is left out where there are none. */
export function pollDocument(
  pollIntervalMs: number,
  links: {
    readonly deploymentBase?: string;
    readonly cancelAction?: string;
    readonly configData?: string;
  },
): string {
  const shown = Object.entries(links).map(([rel, href]) => [rel, { href }] as const);
  return JSON.stringify({
    config: { polling: { sleep: formatSleep(pollIntervalMs) } },
    ...(shown.length > 0 && { _links: Object.fromEntries(shown) }),
  });
}

/** What a deployment document says beside the firmware. */
export interface DeploymentFacts {
  readonly actionId: number;
  readonly product: string;
  readonly part: string;
  readonly firmware: PolicyFirmware;
  readonly links: DeviceLinks;
  /** Null where the device did not ask for it. */
  readonly history: {
    readonly state: ActionState;
    readonly messages: readonly string[];
  } | null;
}

/** The deployment: one chunk with one artifact, which is all that RAUC and Zephyr take. */
export function deploymentDocument(facts: DeploymentFacts): string {
  const { firmware } = facts;
  return JSON.stringify({
    id: String(facts.actionId),
    deployment: {
      download: 'forced',
      update: 'forced',
      chunks: [
        {
          part: facts.part,
          version: firmware.reportedAs,
          name: (firmware.title ?? facts.product).slice(0, 128),
          artifacts: [artifactEntry(firmware, facts.links)],
        },
      ],
    },
    ...(facts.history !== null && {
      actionHistory: {
        status: HISTORY_STATUS[facts.history.state],
        messages: facts.history.messages,
      },
    }),
  });
}

/** The list of the artifacts of a version: the one. */
export function artifactsDocument(firmware: PolicyFirmware, links: DeviceLinks): string {
  return JSON.stringify([artifactEntry(firmware, links)]);
}

/** What is to be cancelled: the same id twice. */
export function cancelDocument(actionId: number): string {
  const id = String(actionId);
  return JSON.stringify({ id, cancelAction: { stopId: id } });
}

/** An error body, as hawkBit shapes it. */
export function errorDocument(errorCode: string, message: string): string {
  return JSON.stringify({ exceptionClass: 'lockstep.gateway', errorCode, message });
}

/** The newest messages of an action's feedback, newest first. */
export function historyOf(
  record: ActionRecord,
  entries: readonly FeedbackEntry[],
  count: number,
): DeploymentFacts['history'] {
  if (count === 0) return null;
  const newestFirst = entries.toSorted((one, other) => other.at - one.at);
  const messages = newestFirst.flatMap((entry) => entry.details);
  return { state: record.state, messages: messages.slice(0, count) };
}

function artifactEntry(firmware: PolicyFirmware, links: DeviceLinks): unknown {
  const href = links.artifact(firmware.version, firmware.fileName);
  const md5sum = `${href}.MD5SUM`;
  return {
    filename: firmware.fileName,
    size: firmware.size,
    hashes: { sha1: firmware.sha1, md5: firmware.md5, sha256: firmware.sha256 },
    // RAUC and SWUpdate look for the first of a pair, Zephyr and hawkbit-rs for the `-http` one.
    _links: {
      download: { href },
      'download-http': { href },
      md5sum: { href: md5sum },
      'md5sum-http': { href: md5sum },
    },
  };
}
