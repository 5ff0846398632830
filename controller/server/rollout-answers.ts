// From the releases in force to how each of them goes: how far it is, how it went, where its limit is, and when it may be
// done. Pure.

import type { Placed, ReleaseSpec } from '../model/desired.ts';
import type { ReleaseWait } from '../model/plan.ts';
import type { PullRequest } from '../model/pull-request.ts';
import type { PageTemplates } from '../model/pages.ts';
import type { ReleaseSample } from '../model/release-sample.ts';
import type { Halt, ReleaseState } from '../model/rollout.ts';
import { NO_ROLLOUT, trackOf } from '../model/rollout.ts';
import type { ProductView } from '../reconciler/controller.ts';
import { strategyInEffect } from '../releases/release-policy.ts';
import type { ReleaseJson } from '../reports/answers.ts';
import { isoTime } from '../reports/plain-text.ts';
import { percentOf } from '../reports/release-json.ts';
import type { RolloutJson } from '../reports/watch-answers.ts';
import { releaseAnswers } from './product-answers.ts';
import { commitUrlOf } from './source-answers.ts';

export interface RolloutInput {
  readonly product: ProductView;
  /** All that were kept of the product. */
  readonly samples: readonly ReleaseSample[];
  /** By the commit that it was merged as. */
  readonly pullRequests: ReadonlyMap<string, Pick<PullRequest, 'number' | 'url'>>;
  readonly pages: PageTemplates | null;
  readonly isListening: boolean;
}

/** One for each release in force. */
export function rolloutAnswers(input: RolloutInput): readonly RolloutJson[] {
  const { inForce } = input.product;
  const answers = releaseAnswers(input.product);
  return inForce.releases.flatMap((release, index) => {
    const answer = answers[index];
    return answer === undefined ? [] : [rolloutAnswer(release, answer, input)];
  });
}

function rolloutAnswer(
  { spec }: Placed<ReleaseSpec>,
  release: ReleaseJson,
  { product, samples, pullRequests, pages, isListening }: RolloutInput,
): RolloutJson {
  const track = trackOf(product.inForce.rollout ?? NO_ROLLOUT, spec.group);
  // What is in force was put there before it began to move.
  const state = track.release?.version === spec.version ? track.release : null;
  const { halt } = strategyInEffect(spec, state?.rollback ?? false);
  const pullRequest = pullRequests.get(release.revision) ?? null;
  return {
    ...release,
    commitUrl: commitUrlOf(pages, release.revision),
    pullRequest: pullRequest === null ? null : { number: pullRequest.number, url: pullRequest.url },
    round: state?.round ?? null,
    startedAt: isoTime(state?.startedAt ?? null),
    stepAt: isoTime(state?.stepAt ?? null),
    finishedAt: isoTime(state?.finishedAt ?? null),
    expectedAt: isListening ? expectedAt(release, product, state) : null,
    paused: spec.paused,
    halt: state?.halt === null || state === null ? null : haltAnswer(state.halt),
    haltRate: halt.failureRate,
    minAttempts: halt.minAttempts,
    haltAction: halt.action,
    samples: samples
      .filter(({ round }) => round === state?.round)
      .map(({ at, exposure, inFlight, succeeded, failed }) => ({
        at: isoTime(at),
        exposure: percentOf(exposure),
        inFlight,
        succeeded,
        failed,
      })),
  };
}

/** What nobody can tell the end of: devices that have yet to come, or to succeed where too many have failed. */
const OPEN_ENDED: ReadonlySet<ReleaseWait['kind']> = new Set(['devices', 'failureRate']);

/** Null where a person, or what devices do, decides. */
function expectedAt(
  { progress }: ReleaseJson,
  { stoppedAt }: ProductView,
  state: ReleaseState | null,
): string | null {
  if (progress === null || state === null || state.finishedAt !== null) return null;
  if (stoppedAt !== null || progress.waits.some(({ kind }) => OPEN_ENDED.has(kind))) return null;
  return progress.expectedAt;
}

function haltAnswer({ action, at, failed, succeeded, message }: Halt): RolloutJson['halt'] {
  return { action, at: isoTime(at), failed, succeeded, message };
}
