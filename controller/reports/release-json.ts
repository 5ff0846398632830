// A release as JSON, in the plan and in the status alike: exposures in percent, times as ISO 8601 in UTC. It can be read
// back to the very same value.

import { unreachable } from '../base/assert.ts';
import type { ReleasePlan, ReleaseWait, StepPlan } from '../model/plan.ts';
import { isoTime } from './plain-text.ts';

/** A step; `exposure` as the manifest says, `limit` with its `minDevices`, both in percent. */
export interface StepPlanJson extends Omit<StepPlan, 'endsAt'> {
  readonly endsAt: string | null;
}

/** What a release waits for. `leftMs` is listening time. */
export type ReleaseWaitJson =
  | Exclude<ReleaseWait, { readonly kind: 'window' }>
  | { readonly kind: 'window'; readonly opensAt: string | null };

/** How a release goes on. `exposure` is the percentage reached. */
export interface ReleasePlanJson extends Omit<
  ReleasePlan,
  'finishedAt' | 'expectedAt' | 'steps' | 'waits'
> {
  readonly finishedAt: string | null;
  readonly steps: readonly StepPlanJson[];
  readonly waits: readonly ReleaseWaitJson[];
  readonly expectedAt: string | null;
}

/** Hundredths of a percent as percent: 1 for 1 %. */
export function percentOf(exposure: number): number {
  return exposure / 100;
}

/** Percent as hundredths of a percent: what `percentOf` was given. */
export function exposureOf(percent: number): number {
  return Math.round(percent * 100);
}

/** The JSON form of a release. Keys are in a fixed order. */
export function releaseJson(release: ReleasePlan): ReleasePlanJson {
  return {
    version: release.version,
    group: release.group,
    manifest: release.manifest,
    base: release.base,
    rollback: release.rollback,
    attempt: release.attempt,
    step: release.step,
    exposure: percentOf(release.exposure),
    finishedAt: isoTime(release.finishedAt),
    devices: release.devices,
    succeeded: release.succeeded,
    failed: release.failed,
    inFlight: release.inFlight,
    steps: release.steps.map((step) => ({
      name: step.name,
      state: step.state,
      exposure: percentOf(step.exposure),
      limit: percentOf(step.limit),
      devices: step.devices,
      flashes: step.flashes,
      approval: step.approval,
      endsAt: isoTime(step.endsAt),
    })),
    waits: release.waits.map((wait) =>
      wait.kind === 'window' ? { kind: wait.kind, opensAt: isoTime(wait.opensAt) } : wait,
    ),
    expectedAt: isoTime(release.expectedAt),
    firstDevices: release.firstDevices,
  };
}

/** The release that a checked JSON form was made of. */
export function parseReleaseJson(json: ReleasePlanJson): ReleasePlan {
  return {
    version: json.version,
    group: json.group,
    manifest: json.manifest,
    base: json.base,
    rollback: json.rollback,
    attempt: json.attempt,
    step: json.step,
    exposure: exposureOf(json.exposure),
    finishedAt: parseTime(json.finishedAt),
    devices: json.devices,
    succeeded: json.succeeded,
    failed: json.failed,
    inFlight: json.inFlight,
    steps: json.steps.map((step) => ({
      name: step.name,
      state: step.state,
      exposure: exposureOf(step.exposure),
      limit: exposureOf(step.limit),
      devices: step.devices,
      flashes: step.flashes.map(({ version, devices }) => ({ version, devices })),
      approval: step.approval,
      endsAt: parseTime(step.endsAt),
    })),
    waits: json.waits.map(parseWait),
    expectedAt: parseTime(json.expectedAt),
    firstDevices: json.firstDevices,
  };
}

/** Fields in the order of the model, since plans are compared as text. */
function parseWait(json: ReleaseWaitJson): ReleaseWait {
  switch (json.kind) {
    case 'devices':
    case 'paused':
    case 'stopped':
    case 'frozen':
      return { kind: json.kind };
    case 'approval':
      return { kind: json.kind, step: json.step };
    case 'successes':
      return { kind: json.kind, have: json.have, need: json.need };
    case 'soak':
      return { kind: json.kind, leftMs: json.leftMs };
    case 'failureRate':
      return { kind: json.kind, failed: json.failed, succeeded: json.succeeded };
    case 'window':
      return { kind: json.kind, opensAt: parseTime(json.opensAt) };
    case 'halted':
      return { kind: json.kind, message: json.message };
    case 'firmware':
      return { kind: json.kind, reason: json.reason };
    default:
      return unreachable(json);
  }
}

function parseTime(time: string | null): number | null {
  return time === null ? null : Date.parse(time);
}
