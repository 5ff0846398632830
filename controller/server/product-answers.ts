// From what the controller knows of products to the API's answers. Pure: no route, no store, no clock.

import type { Failure } from '../base/failure.ts';
import type { Condition } from '../model/condition.ts';
import type { Origin, Place } from '../model/desired.ts';
import type { EvidenceRecord } from '../model/device.ts';
import type { FirmwareRecord } from '../model/firmware.ts';
import type { LiveState } from '../model/live.ts';
import type { Problem } from '../model/problem.ts';
import type { ControllerView, ProductView } from '../reconciler/controller.ts';
import type {
  ConditionJson,
  DeviceCountsJson,
  FailureJson,
  FirmwareJson,
  GroupJson,
  LockJson,
  ProblemJson,
  ProductJson,
  ProductSummaryJson,
  ReleaseJson,
  ForgeJson,
  StatusJson,
  TraceJson,
  VersionCountJson,
} from '../reports/answers.ts';
import { isoTime } from '../reports/plain-text.ts';
import { releaseJson } from '../reports/release-json.ts';
import type { FleetInsight, ForgePort } from './ports.ts';

/** Devices that are named as having verified a version. */
const VERIFIERS_MAX = 100;

type Listening = Pick<FleetInsight, 'isListening'>;

/** The whole picture. */
export function statusAnswer(
  view: ControllerView,
  fleet: Listening,
  forge: Pick<ForgePort, 'description' | 'view'> | null,
  version: string,
): StatusJson {
  const { source, revisionSeen, subjectSeen, sourceReadAt, sourceFailure, ready, passes } = view;
  const { problems, warnings } = divide(standingProblems(view));
  return {
    version,
    ready,
    source,
    revisionSeen,
    subjectSeen,
    sourceReadAt: isoTime(sourceReadAt),
    sourceFailure: sourceFailure === null ? null : failureAnswer(sourceFailure),
    forge: forge === null ? null : forgeAnswer(forge),
    passes,
    problems,
    warnings,
    products: view.products.map((product) => summaryAnswer(product, view, fleet)),
  };
}

function forgeAnswer({ description, view }: Pick<ForgePort, 'description' | 'view'>): ForgeJson {
  const { failure, lookedAt, openPullRequests } = view();
  return {
    description,
    failure: failure === null ? null : failureAnswer(failure),
    lookedAt: isoTime(lookedAt),
    openPullRequests,
  };
}

/** A failure as the API shows it. */
export function failureAnswer(failure: Failure): FailureJson {
  const { code, message, disposition, retryAfterMs } = failure;
  return { code, message, disposition, retryAfterMs: retryAfterMs ?? null };
}

/** A product in short. */
export function summaryAnswer(
  product: ProductView,
  view: ControllerView,
  fleet: Listening,
): ProductSummaryJson {
  const { problems, warnings } = noticesOf(product, view);
  return {
    product: product.product,
    revision: product.revision,
    // Of the pass that the rest is from: the source may have been read again since.
    observedRevision: product.conditions[0]?.observedRevision ?? view.revisionSeen,
    devices: product.live === null ? null : countDevices(product.live),
    releases: releaseAnswers(product),
    stopped: product.stoppedAt !== null,
    adopted: product.adoptedAt !== null,
    listening: fleet.isListening(product.product),
    conditions: product.conditions.map(conditionAnswer),
    problemCount: problems.length,
    warningCount: warnings.length,
  };
}

/** A product in full. */
export function productAnswer(
  product: ProductView,
  view: ControllerView,
  fleet: Listening,
): ProductJson {
  const config = product.inForce.config?.spec ?? null;
  return {
    ...summaryAnswer(product, view, fleet),
    ...noticesOf(product, view),
    versions: product.live === null ? [] : countVersions(product.live),
    stoppedAt: isoTime(product.stoppedAt),
    adoptedAt: isoTime(product.adoptedAt),
    fleet: config === null ? null : { driver: config.fleet.driver },
    verification: config?.verification ?? null,
    guardrails: config?.guardrails ?? null,
  };
}

/** The releases in force. */
export function releaseAnswers(product: ProductView): readonly ReleaseJson[] {
  const plans = product.plan?.releases ?? [];
  return product.inForce.releases.map(({ spec, origin }) => {
    const { version, group } = spec;
    // The plan may be of a newer revision, of which not all is in force.
    const plan = plans.find((each) => each.version === version && each.group === group);
    const progress = plan === undefined ? null : releaseJson(plan);
    return { version, group, progress, ...traceAnswer(origin) };
  });
}

/** The locks in force. */
export function lockAnswers(product: ProductView): readonly LockJson[] {
  const { inForce, live } = product;
  const groups = new Map(inForce.groups.map(({ spec, origin }) => [origin.name, spec.devices]));
  return inForce.locks.map(({ spec, origin }) => {
    const devices = spec.group === null ? (spec.devices ?? []) : (groups.get(spec.group) ?? []);
    const known = devices.map((id) => live?.named.get(id));
    const carried = known.filter((device) => device?.lock?.manifest === origin.name);
    const running = known.filter((device) => device?.running === spec.version);
    return {
      name: origin.name,
      version: spec.version,
      flash: spec.flash,
      group: spec.group,
      devices,
      reason: spec.reason,
      owner: spec.owner,
      expires: spec.expires,
      carriedOut: live === null ? null : carried.length,
      running: live === null ? null : running.length,
      ...traceAnswer(origin),
    };
  });
}

/** The groups in force. */
export function groupAnswers({ inForce }: ProductView): readonly GroupJson[] {
  return inForce.groups.map(({ spec, origin }) => ({
    name: origin.name,
    devices: spec.devices,
    match: spec.match,
    release:
      inForce.releases.find((release) => release.spec.group === origin.name)?.spec.version ?? null,
    ...traceAnswer(origin),
  }));
}

/** The versions in force; `records` and `evidence` are what the state remembers of the product. */
export function firmwareAnswers(
  product: ProductView,
  records: readonly FirmwareRecord[],
  evidence: readonly EvidenceRecord[],
): readonly FirmwareJson[] {
  const { inForce, live, plan } = product;
  const released = new Set(inForce.releases.map(({ spec }) => spec.version));
  const counts = live === null ? null : countVersions(live);
  return inForce.firmware.map(({ spec, origin }) => {
    const record = records.find(
      (each) => each.version === spec.version && each.sha256 === spec.binary.sha256,
    );
    const gate = plan?.gates.find((each) => each.version === spec.version);
    return {
      version: spec.version,
      digest: spec.binary.sha256,
      size: record?.size ?? null,
      title: spec.title,
      description: spec.description,
      reportedAs: spec.reportedAs ?? String(spec.version),
      stored: record?.stored ?? false,
      withdrawn: spec.withdrawn,
      retiring: spec.retiring,
      verified: verifiedAnswer(record, evidence),
      running:
        counts === null
          ? null
          : (counts.find((each) => each.version === spec.version)?.devices ?? 0),
      released: released.has(spec.version),
      gate:
        gate === undefined
          ? null
          : { verdict: gate.verdict, reason: gate.reason, message: gate.message },
      ...traceAnswer(origin),
    };
  });
}

function verifiedAnswer(
  record: FirmwareRecord | undefined,
  evidence: readonly EvidenceRecord[],
): FirmwareJson['verified'] {
  if (record === undefined || record.verifiedAt === null) return null;
  const devices = evidence
    .filter(({ version, sha256, passedAt }) => {
      return version === record.version && sha256 === record.sha256 && passedAt !== null;
    })
    .map(({ device }) => device)
    .sort();
  return { at: isoTime(record.verifiedAt), devices: devices.slice(0, VERIFIERS_MAX) };
}

function traceAnswer(origin: Origin): TraceJson {
  const { kind, name, revision, file, line, column } = origin;
  return { manifest: `${kind}/${name}`, revision, file, line, column };
}

function conditionAnswer(condition: Condition): ConditionJson {
  const { type, status, reason, message, lastTransitionTime, observedRevision } = condition;
  return {
    type,
    status,
    reason,
    message,
    lastTransitionTime: isoTime(lastTransitionTime),
    observedRevision,
  };
}

function countDevices(live: LiveState): DeviceCountsJson {
  const sum = <T>(list: readonly T[], pick: (each: T) => number): number =>
    list.reduce((total, each) => total + pick(each), 0);
  return {
    total: live.devices,
    online: Math.max(0, live.devices - live.offline),
    offline: live.offline,
    quarantined: live.quarantined,
    locked: sum(live.locked, ({ devices }) => devices),
    inFlight: sum(live.outcomes, ({ inFlight }) => inFlight),
    failed: sum(live.outcomes, ({ failed }) => failed),
  };
}

/** By version, highest first; devices of an unknown version come last. */
function countVersions(live: LiveState): readonly VersionCountJson[] {
  const versions = new Set<number | null>(
    [...live.unlocked, ...live.locked, ...live.outcomes].map(({ version }) => version),
  );
  return [...versions]
    .sort((a, b) => (b ?? 0) - (a ?? 0))
    .map((version) => {
      const locked = live.locked.find((each) => each.version === version)?.devices ?? 0;
      const free = live.unlocked.find((each) => each.version === version)?.devices ?? 0;
      const outcome = live.outcomes.find((each) => each.version === version);
      return {
        version,
        devices: locked + free,
        locked,
        inFlight: outcome?.inFlight ?? 0,
        succeeded: outcome?.succeeded ?? 0,
        failed: outcome?.failed ?? 0,
      };
    });
}

/** Problems of the newest revision and refusals of the last plan, warnings apart; each is named once. */
function noticesOf(
  product: ProductView,
  view: ControllerView,
): { readonly problems: readonly ProblemJson[]; readonly warnings: readonly ProblemJson[] } {
  // A file that cannot be read may concern every product.
  const own = standingProblems(view).filter(
    (each) =>
      each.product === product.product || (each.product === null && each.severity === 'error'),
  );
  const plan = product.plan;
  // What the plan refuses, it says in words of its own.
  const isRefused = ({ reason, place }: Problem): boolean =>
    plan?.refusals.some((each) => each.reason === reason && isSamePlace(each.place, place)) ??
    false;
  const { problems, warnings } = divide(own.filter((each) => !isRefused(each)));
  return {
    problems: unique([...problems, ...(plan?.refusals ?? []).map(problemAnswer)]),
    warnings: unique([...warnings, ...(plan?.warnings ?? []).map(problemAnswer)]),
  };
}

/**
 * The problems of the newest revision, without references that its plan accepted all the same: a version or a group
 * may have no manifest any more, and still be in force.
 */
function standingProblems(view: ControllerView): readonly Problem[] {
  const plans = new Map(view.products.map(({ product, plan }) => [product, plan]));
  return view.problems.filter(({ reason, product, place }) => {
    if (reason !== 'UnknownVersion' && reason !== 'UnknownGroup') return true;
    const plan = product === null ? null : (plans.get(product) ?? null);
    if (plan === null || plan.frozen) return true;
    return plan.refusals.some((refusal) => isSamePlace(refusal.place, place));
  });
}

function isSamePlace(a: Place, b: Place | null): boolean {
  return a.file === b?.file && a.line === b.line && a.column === b.column;
}

function divide(problems: readonly Problem[]): {
  readonly problems: readonly ProblemJson[];
  readonly warnings: readonly ProblemJson[];
} {
  const of = (severity: Problem['severity']): readonly ProblemJson[] =>
    problems.filter((each) => each.severity === severity).map(problemAnswer);
  return { problems: of('error'), warnings: of('warning') };
}

/** A problem, refusal or warning as the API shows it. */
export function problemAnswer({
  reason,
  message,
  remedy,
  place,
}: Pick<Problem, 'reason' | 'message' | 'remedy' | 'place'>): ProblemJson {
  const { file, line, column } = place ?? { file: null, line: null, column: null };
  return { reason, message, remedy, file, line, column };
}

function unique(problems: readonly ProblemJson[]): readonly ProblemJson[] {
  return [...new Map(problems.map((each) => [JSON.stringify(each), each])).values()];
}
