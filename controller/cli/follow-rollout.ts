// Follows a rollout until it settles, its time is over or a person interrupts, and tells how it ended. How far a fleet
// is, is counted in `rollout.ts`.

import { countOf } from '../base/count.ts';
import type { Failure } from '../base/failure.ts';
import { ok, type Result } from '../base/result.ts';
import type { Plan } from '../model/plan.ts';
import { planJson } from '../reports/plan-json.ts';
import { releaseJson } from '../reports/release-json.ts';
import { describeNext } from '../reports/release-lines.ts';
import { cleanText, shortRevision } from '../reports/plain-text.ts';
import { sumDevices } from '../reports/plan-lines.ts';
import type { AppliedReport, ApplyTarget } from './apply-target.ts';
import { createLiveLine } from './live-line.ts';
import {
  assessRollout,
  isHalted,
  measureProgress,
  type ProductProgress,
  renderBar,
  renderNames,
  renderPlainProgress,
  type Rollout,
} from './rollout.ts';
import { pause, type Shell } from './shell.ts';

/** How following ended. */
export interface Followed {
  readonly rollout: Rollout;
  readonly end: 'settled' | 'timeout' | 'interrupted';
}

const TICK_MS = 500;
/** How long the counts of a rollout that has settled are given to say so. */
const STEADY_MS = 3_000;

/**
 * Follows the products of a plan that was carried out. What keeps the fleet from moving by itself does not end it: the
 * other devices go on. A failure that may pass is tried again until the time is over.
 */
export async function followRollout(
  shell: Shell,
  target: ApplyTarget,
  plan: Plan,
  { adopt, timeoutMs }: { readonly adopt: boolean; readonly timeoutMs: number },
): Promise<Result<Followed, Failure>> {
  const interrupted = shell.interruption();
  const names = plan.products.map(({ product }) => product);
  const line = createLiveLine(shell);
  const startedMs = shell.clock.monotonicMs();
  let total = 0;
  let movingSinceMs = 0;
  let told = '';
  let settledAtMs = Infinity;
  for (;;) {
    const elapsedMs = shell.clock.monotonicMs() - startedMs;
    const isOver = elapsedMs >= timeoutMs;
    const looked = await look(target, names, adopt);
    if (!looked.ok && (looked.error.disposition === 'stall' || isOver)) {
      line.end();
      return looked;
    }
    if (looked.ok) {
      const rollout = looked.value;
      const moment = measureProgress(rollout, total, elapsedMs - movingSinceMs);
      total = moment.total;
      // The time that gates and first downloads take says nothing of how fast devices come in.
      if (moment.done === 0) movingSinceMs = elapsedMs;
      if (timeoutMs > 0) {
        line.show((width) => renderBar(moment, width), renderPlainProgress(moment));
      }
      settledAtMs = rollout.settled ? Math.min(settledAtMs, elapsedMs) : Infinity;
      // The counts are those of the last pass; a moment later they agree with what was found.
      const isSteady = areCountsSettled(rollout) || elapsedMs - settledAtMs >= STEADY_MS;
      const end =
        rollout.settled && (isSteady || isOver)
          ? 'settled'
          : interrupted.aborted
            ? 'interrupted'
            : isOver
              ? 'timeout'
              : null;
      if (end !== null) {
        line.end();
        return ok({ rollout, end });
      }
    } else if (looked.error.message !== told) {
      told = looked.error.message;
      line.say(`${told} Trying again.`);
    }
    await pause(Math.max(1, Math.min(TICK_MS, timeoutMs - elapsedMs)), interrupted);
  }
}

/** Whether all devices that are counted as pending are known to be unable to move, or their release has halted. */
function areCountsSettled({ products, releases }: Rollout): boolean {
  return products.every(
    ({ product, pending, offline, leftAlone }) =>
      pending <= offline.count + leftAlone.count ||
      releases.some((each) => each.product === product && isHalted(each.release)),
  );
}

async function look(
  target: ApplyTarget,
  names: readonly string[],
  adopt: boolean,
): Promise<Result<Rollout, Failure>> {
  const remaining = await target.remaining(adopt);
  if (!remaining.ok) return remaining;
  const products: ProductProgress[] = [];
  for (const product of names) {
    const convergence = await target.convergence(product);
    if (convergence.ok) products.push({ product, ...convergence.value });
    // A product of which nothing came into force has no devices to wait for.
    else if (convergence.error.code !== 'UnknownProduct') return convergence;
  }
  return ok(assessRollout(remaining.value, products));
}

/** Says what a person adopts: how many devices the state knows, and how many would be flashed. */
export function noteAdoption(shell: Shell, plan: Plan): void {
  for (const { product, impact } of plan.products) {
    const devices = countOf(impact.devices, 'device');
    const flashes = countOf(sumDevices(impact.flashes), 'device');
    shell.note(`adopting ${product}: this state knows ${devices}, and would flash ${flashes}`);
  }
}

/** Tells how it ended, and returns the exit code. */
export function finishApply(
  shell: Shell,
  report: AppliedReport,
  { rollout, end }: Followed,
  waited: boolean,
): number {
  const outcome = decideOutcome(report, rollout, end, waited);
  if (shell.output === 'json') {
    shell.writeJson({
      outcome,
      revision: report.revision,
      plan: planJson(report.plan),
      products: rollout.products,
      releases: rollout.releases.map(({ product, release }) => ({
        product,
        ...releaseJson(release),
      })),
      waiting: rollout.waiting,
      blocked: rollout.blocked,
      failures: report.failures.map(({ product, failure }) => ({ product, ...failure })),
      reviewed: report.reviewed,
    });
  } else {
    shell.write(renderSummary(report, rollout, outcome, shell.clock.now()));
  }
  return EXIT_CODES[outcome];
}

type Outcome = 'converged' | 'started' | 'refused' | 'failed' | 'timeout' | 'interrupted';

const EXIT_CODES: Readonly<Record<Outcome, number>> = {
  converged: 0,
  started: 0,
  refused: 3,
  failed: 1,
  timeout: 1,
  interrupted: 1,
};

function decideOutcome(
  { failures }: AppliedReport,
  rollout: Rollout,
  end: Followed['end'],
  waited: boolean,
): Outcome {
  if (failures.length > 0) return 'failed';
  if (rollout.blocked.length > 0) return end === 'interrupted' ? 'interrupted' : 'refused';
  if (end === 'settled') return 'converged';
  return waited ? end : 'started';
}

const HEADLINES: Readonly<Record<Outcome, string>> = {
  converged: 'Converged',
  started: 'Carried out; devices follow',
  refused: 'Carried out as far as it is not refused',
  failed: 'Not all of it could be carried out',
  timeout: 'Not converged in time; the controller goes on while it runs',
  interrupted: 'No longer followed; the controller goes on while it runs',
};

function renderSummary(
  { revision }: AppliedReport,
  rollout: Rollout,
  outcome: Outcome,
  now: number,
): string {
  const lines = [`\n${HEADLINES[outcome]}: revision ${shortRevision(revision)}.`];
  for (const { product, pending, offline, leftAlone, failed } of rollout.products) {
    const parts = [
      pending === 0
        ? 'every device is on target'
        : `${countOf(pending, 'device')} not on target yet`,
    ];
    if (failed > 0) parts.push(`${failed} failed`);
    lines.push(`  ${product}: ${parts.join(', ')}`);
    if (offline.count > 0) lines.push(`    offline: ${renderNames(offline)}`);
    if (leftAlone.count > 0) lines.push(`    left alone: ${renderNames(leftAlone)}`);
    for (const open of rollout.releases) {
      // What has halted is among the blocked, with what mends it.
      if (open.product === product && !isHalted(open.release))
        lines.push(`    ${cleanText(describeNext(open.release, now))}`);
    }
  }
  for (const { product, reason, message, remedy } of [...rollout.blocked, ...rollout.waiting]) {
    lines.push(`  ${product === null ? '' : `${product}: `}${reason}: ${message}`);
    lines.push(`    mend: ${remedy}`);
  }
  return `${lines.join('\n')}\n`;
}
