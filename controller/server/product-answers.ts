// From what the controller knows of products to the API's answers. Pure: no route, no store, no clock.

import type { Failure } from '../base/failure.ts';
import type { Condition } from '../model/condition.ts';
import type { Origin } from '../model/desired.ts';
import type { LiveState } from '../model/live.ts';
import type { Problem } from '../model/problem.ts';
import type { ControllerView, ProductView } from '../reconciler/controller.ts';
import type {
  ConditionJson,
  DeviceCountsJson,
  FailureJson,
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
import { problemsBesidePlan, standingProblems } from './standing-problems.ts';

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

/** Where a manifest stands. */
export function traceAnswer(origin: Origin): TraceJson {
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
export function countVersions(live: LiveState): readonly VersionCountJson[] {
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
  const { plan } = product;
  const { problems, warnings } = divide(problemsBesidePlan(product, standingProblems(view)));
  return {
    problems: unique([...problems, ...(plan?.refusals ?? []).map(problemAnswer)]),
    warnings: unique([...warnings, ...(plan?.warnings ?? []).map(problemAnswer)]),
  };
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
