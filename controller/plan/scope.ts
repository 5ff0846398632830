// What planning one product works on: the inputs, and the parts that are decided one after the other. Each part of
// the plan (`firmware.ts`, `groups.ts`, `locks.ts`, `releases.ts`) reads what earlier parts decided and adds its own.

import type {
  Desired,
  FirmwareSpec,
  GroupSpec,
  LockSpec,
  Origin,
  Placed,
  ProductSpec,
  ReleaseSpec,
} from '../model/desired.ts';
import type { FirmwareRecord } from '../model/firmware.ts';
import type { LiveState } from '../model/live.ts';
import type { Action, GateReport, Refusal, Trace, Warning } from '../model/plan.ts';
import type { Problem } from '../model/problem.ts';
import { REASONS } from '../model/reasons.ts';
import type { Reason } from '../model/reasons.ts';
import { manifestKey } from '../model/revision.ts';
import type { Rollout } from '../model/rollout.ts';

/** What planning needs besides manifests and fleet. */
export interface PlanContext {
  /** Epoch milliseconds: when windows open, and when releases are expected to finish. */
  readonly now: number;
  /** UTC date, `YYYY-MM-DD`; only decides whether a lock's `expires` has passed. */
  readonly today: string;
  /** A person adopts products that this state has never seen. */
  readonly adopt: boolean;
  /** Versions whose binary could not be stored, by product, with the failure's text. */
  readonly unavailable: ReadonlyMap<string, ReadonlyMap<number, string>>;
}

/** One product under planning. The `next…` parts are filled in order; nothing else changes. */
export interface Scope {
  readonly product: string;
  readonly revision: string;
  readonly desired: Desired;
  readonly inForce: Desired;
  readonly live: LiveState;
  readonly context: PlanContext;
  /** Guardrails of the revision's parent, where that was never in force; null: what is in force binds. */
  readonly parentGuardrails: ProductSpec['guardrails'] | null;
  /** Keys of manifests that the revision has, but refused alone: what is in force for them stays. */
  readonly refusedKeys: ReadonlySet<string>;
  readonly actions: Action[];
  readonly refusals: Refusal[];
  readonly warnings: Warning[];
  readonly gates: GateReport[];
  readonly newlyVerified: number[];
  readonly newlyFinished: number[];
  nextConfig: Placed<ProductSpec>;
  readonly nextFirmware: Placed<FirmwareSpec>[];
  readonly nextGroups: Placed<GroupSpec>[];
  readonly nextLocks: Placed<LockSpec>[];
  readonly nextReleases: Placed<ReleaseSpec>[];
  /** Which lock of `nextLocks` holds which device. */
  readonly holding: Map<string, Placed<LockSpec>>;
  /** How far the releases of `nextReleases` are. */
  nextRollout: Rollout;
}

/** The guardrails of a product that has no parent revision yet. */
const FIRST_GUARDRAILS: ProductSpec['guardrails'] = {
  maxAffected: null,
  maxUnlocked: null,
  maxUnverified: 10,
  allowEmpty: false,
};

/**
 * Guardrails are read from the parent revision, never from the change itself: from what is in force, or, where an
 * earlier pass put a part of this revision in force already, from what was in force before it. A parent that came
 * together with the revision, and so never was in force, is read by itself.
 */
export function guardrailsOf(scope: Scope): ProductSpec['guardrails'] {
  if (scope.parentGuardrails !== null) return scope.parentGuardrails;
  const { config, parentGuardrails } = scope.inForce;
  if (parentGuardrails?.revision === scope.revision) return parentGuardrails.guardrails;
  return config?.spec.guardrails ?? FIRST_GUARDRAILS;
}

/** Whether the revision holds the manifest, refused. */
export function isRefused(scope: Scope, origin: Origin): boolean {
  return scope.refusedKeys.has(manifestKey(origin.kind, scope.product, origin.name));
}

/** The state's memory of a version. */
export function recordFor(scope: Scope, version: number): FirmwareRecord | null {
  return scope.live.firmware.find((record) => record.version === version) ?? null;
}

/** Manifest and place that an action goes back to. */
export function traceOf(origin: Origin, revision = origin.revision): Trace {
  const { file, line, column } = origin;
  return { revision, manifest: `${origin.kind}/${origin.name}`, place: { file, line, column } };
}

/** The place of a value inside a manifest; the manifest's own where the value is not written out. */
export function placeOf(origin: Origin, path: string): Refusal['place'] {
  const [line, column] = origin.places[path] ?? [origin.line, origin.column];
  return { file: origin.file, line, column };
}

/** Adds a refusal of a manifest. */
export function refuse(
  scope: Scope,
  origin: Origin,
  at: string,
  reason: Reason,
  message: string,
  more: Partial<Pick<Refusal, 'remedy' | 'lifts' | 'flashes'>> = {},
): void {
  scope.refusals.push({
    reason,
    message,
    remedy: more.remedy ?? REASONS[reason].remedy,
    place: placeOf(origin, at),
    manifest: `${origin.kind}/${origin.name}`,
    flashes: more.flashes ?? [],
    lifts: more.lifts ?? 'commit',
  });
}

/** Adds a warning; `origin` null where no manifest is concerned. */
export function warn(
  scope: Scope,
  origin: Origin | null,
  at: string,
  reason: Reason,
  message: string,
): void {
  scope.warnings.push({
    reason,
    message,
    remedy: REASONS[reason].remedy,
    place: origin === null ? null : placeOf(origin, at),
  });
}

/** A refusal made from a problem that was found when the revision was read. */
export function refusalOf(problem: Problem): Refusal | null {
  if (problem.place === null) return null;
  return {
    reason: problem.reason,
    message: problem.message,
    remedy: problem.remedy,
    place: problem.place,
    manifest: '',
    flashes: [],
    lifts: 'commit',
  };
}
