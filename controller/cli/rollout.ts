// How far a fleet is on its way to a revision, in numbers and as text: for `apply`'s progress and its summary. Pure;
// asking the controller and drawing lines happens elsewhere.

import type { Plan, ReleasePlan } from '../model/plan.ts';
import type { Convergence } from '../reconciler/controller.ts';
import { fitParts, renderProgressBar } from '../reports/progress-bar.ts';
import { nameStep } from '../reports/release-lines.ts';

/** A product's devices, as last seen. */
export interface ProductProgress extends Convergence {
  readonly product: string;
}

/** Why the fleet will not get where the manifests want it without a person. */
export interface Blocker {
  readonly product: string | null;
  readonly reason: string;
  readonly message: string;
  readonly remedy: string;
}

/** A release that is not at its end. */
export interface OpenRelease {
  readonly product: string;
  readonly release: ReleasePlan;
}

export interface Rollout {
  readonly products: readonly ProductProgress[];
  /** Refusals that devices can lift by themselves. */
  readonly waiting: readonly Blocker[];
  /** What needs a commit or a person. */
  readonly blocked: readonly Blocker[];
  /** Releases that are not finished, or that something holds. */
  readonly releases: readonly OpenRelease[];
  /** Nothing moves within the exposure any more, and nothing is waited for. What has halted is not waited for. */
  readonly settled: boolean;
}

/** Warnings that only a person can end. */
const PERSON_WARNINGS: ReadonlySet<string> = new Set(['StateNew', 'EmergencyStop']);

/** Puts together what the plan says is left, and how far each product's devices are. */
export function assessRollout(remaining: Plan, products: readonly ProductProgress[]): Rollout {
  const waiting: Blocker[] = [];
  const blocked: Blocker[] = remaining.errors.map(({ product, reason, message, remedy }) => ({
    product,
    reason,
    message,
    remedy,
  }));
  for (const { product, refusals, warnings } of remaining.products) {
    for (const { reason, message, remedy, lifts } of refusals) {
      (lifts === 'devices' ? waiting : blocked).push({ product, reason, message, remedy });
    }
    for (const { reason, message, remedy } of warnings) {
      if (PERSON_WARNINGS.has(reason)) blocked.push({ product, reason, message, remedy });
    }
  }
  const releases = remaining.products.flatMap(({ product, releases: all }) =>
    all
      .filter(({ finishedAt, waits }) => finishedAt === null || waits.length > 0)
      .map((release) => ({ product, release })),
  );
  const halted = new Set(
    releases.filter(({ release }) => isHalted(release)).map(({ product }) => product),
  );
  const isDone = remaining.products.every(({ actions }) => actions.length === 0);
  return {
    products,
    waiting,
    blocked,
    releases,
    settled:
      isDone &&
      waiting.length === 0 &&
      products.every(({ product, converged }) => converged || halted.has(product)),
  };
}

/** Whether failing devices halted a release. */
export function isHalted({ waits }: ReleasePlan): boolean {
  return waits.some(({ kind }) => kind === 'halted');
}

/** One moment of a rollout, for a progress line. */
export interface ProgressMoment {
  /** The most devices that were on their way at a time. */
  readonly total: number;
  readonly done: number;
  readonly inFlight: number;
  readonly failed: number;
  /** Gates that wait for devices. */
  readonly waiting: number;
  readonly offline: number;
  /** Devices a second; 0 where it is not known yet. */
  readonly perSecond: number;
  /** Where each staged release is: `step canary (1%)`. */
  readonly steps: readonly string[];
}

/** Counts a moment. `totalBefore` is the total so far, `doneMs` the time that it took. */
export function measureProgress(
  rollout: Rollout,
  totalBefore: number,
  elapsedMs: number,
): ProgressMoment {
  const sum = (count: (product: ProductProgress) => number): number =>
    rollout.products.reduce((total, product) => total + count(product), 0);
  const pending = sum((product) => product.pending);
  const total = Math.max(totalBefore, pending);
  const done = total - pending;
  return {
    total,
    done,
    inFlight: sum((product) => product.inFlight),
    failed: sum((product) => product.failed),
    waiting: rollout.waiting.length,
    offline: sum((product) => product.offline.count),
    perSecond: elapsedMs > 0 ? done / (elapsedMs / 1000) : 0,
    steps: listSteps(rollout),
  };
}

/** A release of one step goes to everyone at once: there is nothing to name. */
function listSteps({ releases, products }: Rollout): readonly string[] {
  return releases
    .filter(({ release }) => release.step !== null && release.steps.length > 1)
    .map(({ product, release }) => {
      const { group } = release;
      const names = [...(products.length > 1 ? [product] : []), ...(group === null ? [] : [group])];
      const name = names.length === 0 ? '' : `${names.join('/')}: `;
      return `${name}${nameStep(release)}`;
    });
}

/** The progress as one line of at most `width` columns; what is least important is left out first. */
export function renderBar(moment: ProgressMoment, width: number): string {
  const [count = '', ...parts] = listParts(moment);
  const bar = `${renderProgressBar(moment)} devices`;
  return fitParts([moment.total > 0 && bar.length <= width ? bar : count, ...parts], width);
}

/** The progress for a log: without the bar, the rate and the time left, which change without news. */
export function renderPlainProgress(moment: ProgressMoment): string {
  return listParts({ ...moment, perSecond: 0 }).join(', ');
}

function listParts(moment: ProgressMoment): readonly string[] {
  const { total, done, inFlight, failed, waiting, offline, perSecond, steps } = moment;
  const parts = [total === 0 ? 'no device to move' : `${done}/${total} devices`];
  parts.push(...steps);
  if (inFlight > 0) parts.push(`${inFlight} in flight`);
  if (failed > 0) parts.push(`${failed} failed`);
  if (waiting > 0) parts.push(`${waiting} waiting for verification`);
  if (offline > 0) parts.push(`${offline} offline`);
  if (perSecond > 0) {
    parts.push(`${perSecond < 10 ? perSecond.toFixed(1) : Math.round(perSecond)}/s`);
    const leftSeconds = Math.ceil(Math.max(0, total - done - offline) / perSecond);
    if (leftSeconds > 0) parts.push(`about ${renderSeconds(leftSeconds)} left`);
  }
  return parts;
}

function renderSeconds(seconds: number): string {
  if (seconds < 100) return `${seconds}s`;
  return seconds < 6000 ? `${Math.round(seconds / 60)}m` : `${Math.round(seconds / 3600)}h`;
}

/** The names that a summary lists: a few, and how many more there are. */
export function renderNames({
  count,
  names,
}: {
  readonly count: number;
  readonly names: readonly string[];
}): string {
  const shown = names.slice(0, 5).join(', ');
  const rest = count - Math.min(5, names.length);
  return rest > 0 ? `${shown} and ${rest} more` : shown;
}
