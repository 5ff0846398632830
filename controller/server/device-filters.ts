// What a list of devices is asked for, made into a search of the state: filters that need what is in force (who is online,
// in a group, drifts, waits) are compiled here.

import { findGapSuspects, findWaits, isDrifted } from '../devices/drift.ts';
import { isOnline, offlineAfterMs } from '../devices/listening.ts';
import { UNKNOWN_VERSION_KEY } from '../devices/tally.ts';
import type { Desired } from '../model/desired.ts';
import type { DeviceSighting, Moment, Standing } from '../model/device.ts';
import type { Tallies } from '../model/live.ts';
import type { ProductPolicy } from '../model/policy.ts';
import type { WaitReason } from '../model/wait-reasons.ts';
import type { DeviceFilter, DeviceOrder } from '../stores/device-search.ts';

/** The query of a list of devices. All filters apply together. */
export interface DeviceListQuery {
  readonly prefix?: string;
  /** A version, or `unknown`. */
  readonly running?: string;
  readonly group?: string;
  readonly locked?: boolean;
  readonly standing?: Standing;
  readonly online?: boolean;
  readonly failing?: boolean;
  readonly updating?: boolean;
  readonly drifted?: boolean;
  readonly waiting?: WaitReason | 'any' | 'none';
  readonly sort?: DeviceOrder;
  readonly descending?: boolean;
  readonly after?: string;
  readonly limit?: number;
}

/** What is true of a product while its devices are listed. */
export interface ListContext {
  /** Null while no Product manifest is in force. */
  readonly policy: ProductPolicy | null;
  readonly moment: Moment;
  readonly inForce: Desired | null;
  readonly tallies: Tallies;
}

/** Compiles a filter; `nobody`: no device can match. `unknownGroup`: no such group is in force. */
export function compileFilter(
  asked: DeviceListQuery,
  context: ListContext,
): DeviceFilter | 'nobody' | 'unknownGroup' {
  const { prefix, running, locked, standing, failing, updating, group } = asked;
  const { policy, moment } = context;
  const members = group === undefined ? {} : findMembers(group, context.inForce);
  if (members === null) return 'unknownGroup';
  const properties: DeviceFilter = {
    ...members,
    ...(prefix === undefined ? {} : { idPrefix: prefix }),
    ...(running === undefined ? {} : { running: running === 'unknown' ? null : Number(running) }),
    ...(locked === undefined ? {} : { locked }),
    ...(standing === undefined ? {} : { standing }),
    ...(failing === undefined ? {} : { failing }),
    ...(updating === undefined ? {} : { updating }),
  };
  const { online, drifted, waiting } = asked;
  if (policy === null) {
    // Nothing says how often a device should be heard, or what it should run.
    const isAny = online === true || drifted === true;
    const isWaiting = waiting !== undefined && waiting !== 'none';
    return isAny || isWaiting ? 'nobody' : properties;
  }
  const withinMs = offlineAfterMs(policy.settings.pollIntervalMs);
  const tests = compileTests(asked, policy, moment);
  const isGap = drifted === true || (waiting !== undefined && waiting !== 'none');
  const suspects = isGap ? findGapSuspects(policy, unlockedVersions(context.tallies)) : null;
  return {
    ...properties,
    ...(online === undefined ? {} : { heard: { listened: moment.listened, withinMs, is: online } }),
    ...(suspects === null ? {} : { among: suspects }),
    ...(tests.length === 0
      ? {}
      : { accepts: (sighting) => tests.every((accepts) => accepts(sighting)) }),
  };
}

type Test = (sighting: DeviceSighting) => boolean;

function compileTests(
  { drifted, waiting }: DeviceListQuery,
  policy: ProductPolicy,
  moment: Moment,
): readonly Test[] {
  const tests: Test[] = [];
  if (drifted !== undefined) tests.push(({ device }) => isDrifted(device, policy) === drifted);
  if (waiting !== undefined) {
    const { pollIntervalMs } = policy.settings;
    tests.push(({ device, contact }) => {
      const online = isOnline(contact, moment.listened, pollIntervalMs);
      const waits = findWaits(device, online, policy, moment);
      if (waiting === 'none') return waits.length === 0;
      return waiting === 'any' ? waits.length > 0 : waits.includes(waiting);
    });
  }
  return tests;
}

function findMembers(
  group: string,
  inForce: Desired | null,
): Pick<DeviceFilter, 'ids' | 'traits'> | null {
  const spec = inForce?.groups.find(({ origin }) => origin.name === group)?.spec;
  if (spec === undefined) return null;
  return spec.match === null ? { ids: spec.devices } : { traits: spec.match };
}

/** The versions that active devices without a lock run; null among them: unknown. */
function unlockedVersions(tallies: Tallies): readonly (number | null)[] {
  return [...tallies].flatMap(([key, devices]) => {
    const [kind, version = ''] = key.split(':');
    if (kind !== 'unlocked' || devices === 0) return [];
    return [version === UNKNOWN_VERSION_KEY ? null : Number(version)];
  });
}
