// The plan as JSON: a contract that pipelines and pull requests rely on. Nothing is lost on the way, so a saved plan can
// be read back and compared with the fleet of that day.

import { unreachable } from '../base/assert.ts';
import type { Place } from '../model/desired.ts';
import type {
  Action,
  FlashCount,
  GateReport,
  Impact,
  Plan,
  ProductPlan,
  Refusal,
  Trace,
  Warning,
} from '../model/plan.ts';
import type { Problem } from '../model/problem.ts';
import type { Reason } from '../model/reasons.ts';
import {
  exposureOf,
  parseReleaseJson,
  percentOf,
  releaseJson,
  type ReleasePlanJson,
} from './release-json.ts';

/** Raised in its first part when a field is removed or changes its meaning, in its second when one is added. */
export const PLAN_FORMAT_VERSION = '1.0';

type WithoutTrace<T> = T extends unknown ? Omit<T, 'trace'> : never;

/** Where an action comes from, beside its own fields. */
interface ActionOrigin extends Place {
  readonly manifest: string;
  readonly revision: string;
}

/** An action: its own fields (exposures in percent), then the manifest, revision and place that it goes back to. */
export type ActionPlanJson = WithoutTrace<Action> & ActionOrigin;

export interface RefusalJson extends Place {
  readonly reason: Reason;
  readonly message: string;
  readonly remedy: string;
  readonly manifest: string;
  readonly flashes: readonly FlashCount[];
  readonly lifts: Refusal['lifts'];
}

/** A warning or error; place fields are null where no file can be named. */
export interface NoticeJson {
  readonly reason: Reason;
  readonly message: string;
  readonly remedy: string;
  readonly file: string | null;
  readonly line: number | null;
  readonly column: number | null;
}

export interface PlanErrorJson extends NoticeJson {
  readonly product: string | null;
  readonly excerpt: string | null;
}

export interface ProductPlanJson {
  readonly product: string;
  /** ISO 8601, where the fleet has to be asked. */
  readonly readAt?: string;
  readonly frozen: boolean;
  readonly actions: readonly ActionPlanJson[];
  readonly refusals: readonly RefusalJson[];
  readonly warnings: readonly NoticeJson[];
  readonly impact: Impact;
  readonly gates: readonly GateReport[];
  readonly newlyVerified: readonly number[];
  readonly newlyFinished: readonly number[];
  readonly releases: readonly ReleasePlanJson[];
}

export interface PlanJson {
  readonly formatVersion: string;
  readonly revision: string;
  readonly fingerprint: string;
  readonly products: readonly ProductPlanJson[];
  readonly errors: readonly PlanErrorJson[];
}

/** The JSON form of a plan. Keys are in a fixed order. */
export function planJson(plan: Plan): PlanJson {
  return {
    formatVersion: PLAN_FORMAT_VERSION,
    revision: plan.revision,
    fingerprint: plan.fingerprint,
    products: plan.products.map(productJson),
    errors: plan.errors.map(({ reason, message, remedy, place, product, excerpt }) => ({
      reason,
      message,
      remedy,
      ...placeJson(place),
      product,
      excerpt,
    })),
  };
}

/**
 * The plan that a JSON form was made of, equal to it byte for byte. The form must have been checked: this function
 * trusts its types. A form of another major version is null.
 */
export function parsePlanJson(json: PlanJson): Plan | null {
  if (json.formatVersion.split('.')[0] !== PLAN_FORMAT_VERSION.split('.')[0]) return null;
  return {
    revision: json.revision,
    fingerprint: json.fingerprint,
    products: json.products.map(parseProduct),
    errors: json.errors.map((error): Problem => ({
      severity: 'error',
      reason: error.reason,
      message: error.message,
      remedy: error.remedy,
      place: parsePlace(error),
      excerpt: error.excerpt,
      product: error.product,
    })),
  };
}

function productJson(plan: ProductPlan): ProductPlanJson {
  return {
    product: plan.product,
    ...(plan.readAt !== undefined && { readAt: new Date(plan.readAt).toISOString() }),
    frozen: plan.frozen,
    actions: plan.actions.map(actionJson),
    refusals: plan.refusals.map(({ reason, message, remedy, place, manifest, flashes, lifts }) => ({
      reason,
      message,
      remedy,
      file: place.file,
      line: place.line,
      column: place.column,
      manifest,
      flashes,
      lifts,
    })),
    warnings: plan.warnings.map(({ reason, message, remedy, place }) => ({
      reason,
      message,
      remedy,
      ...placeJson(place),
    })),
    impact: plan.impact,
    gates: plan.gates,
    newlyVerified: plan.newlyVerified,
    newlyFinished: plan.newlyFinished,
    releases: plan.releases.map(releaseJson),
  };
}

function actionJson(action: Action): ActionPlanJson {
  const { trace, ...own } = action;
  const { manifest, revision, place } = trace;
  const at = { manifest, revision, file: place.file, line: place.line, column: place.column };
  if (own.type === 'ReleaseFirmware') {
    return { ...own, exposure: percentOf(own.exposure), ...at };
  }
  if (own.type === 'SetExposure') {
    return { ...own, from: percentOf(own.from), exposure: percentOf(own.exposure), ...at };
  }
  return { ...own, ...at };
}

function placeJson(place: Place | null): Pick<NoticeJson, 'file' | 'line' | 'column'> {
  if (place === null) return { file: null, line: null, column: null };
  return { file: place.file, line: place.line, column: place.column };
}

function parseProduct(json: ProductPlanJson): ProductPlan {
  const { product, frozen, impact, gates, newlyVerified, newlyFinished } = json;
  return {
    product,
    ...(json.readAt !== undefined && { readAt: Date.parse(json.readAt) }),
    frozen,
    actions: json.actions.map(parseAction),
    refusals: json.refusals.map(
      ({ reason, message, remedy, file, line, column, manifest, flashes, lifts }) => ({
        reason,
        message,
        remedy,
        place: { file, line, column },
        manifest,
        flashes,
        lifts,
      }),
    ),
    warnings: json.warnings.map((warning): Warning => ({
      reason: warning.reason,
      message: warning.message,
      remedy: warning.remedy,
      place: parsePlace(warning),
    })),
    impact,
    gates,
    newlyVerified,
    newlyFinished,
    releases: json.releases.map(parseReleaseJson),
  };
}

/** Own fields are put in the order in which the planner writes them, since plans are compared as text. */
function parseAction(json: ActionPlanJson): Action {
  const { manifest, revision, file, line, column } = json;
  const trace: Trace = { revision, manifest, place: { file, line, column } };
  switch (json.type) {
    case 'ConfigureProduct':
      return { type: json.type, changes: json.changes, trace };
    case 'UploadFirmware':
      return { type: json.type, version: json.version, sha256: json.sha256, trace };
    case 'RetireFirmware':
    case 'WithdrawFirmware':
      return { type: json.type, version: json.version, trace };
    case 'ChangeGroup':
      return { type: json.type, group: json.group, devices: json.devices, trace };
    case 'LockDevice': {
      const { type, device, version, flash } = json;
      return { type, device, version, flash, trace };
    }
    case 'UnlockDevice':
      return { type: json.type, device: json.device, from: json.from, trace };
    case 'ReleaseFirmware': {
      const { type, version, from, group, rollback } = json;
      return { type, version, from, group, rollback, exposure: exposureOf(json.exposure), trace };
    }
    case 'SetExposure': {
      const { type, version, group, step, cause, message } = json;
      const from = exposureOf(json.from);
      const exposure = exposureOf(json.exposure);
      return { type, version, group, step, from, exposure, cause, message, trace };
    }
    case 'EndRelease':
      return { type: json.type, version: json.version, group: json.group, trace };
    default:
      return unreachable(json);
  }
}

function parsePlace(json: Pick<NoticeJson, 'file' | 'line' | 'column'>): Place | null {
  const { file, line, column } = json;
  return file === null || line === null || column === null ? null : { file, line, column };
}
