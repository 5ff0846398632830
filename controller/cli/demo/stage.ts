// What the demo plays on: a controller that serves, a simulated fleet, and the fleet repo between them. Knows how to
// wait for something to happen, and shows how far the fleet is meanwhile.

import { request } from 'undici';
import type { Failure } from '../../base/failure.ts';
import { failure } from '../../base/failure.ts';
import type { Result } from '../../base/result.ts';
import { fail, ok } from '../../base/result.ts';
import type { ServedController } from '../ports.ts';
import type { Plan } from '../../model/plan.ts';
import type { ProductView } from '../../reconciler/controller.ts';
import type { StatusJson } from '../../reports/answers.ts';
import type { Explanation } from '../../reports/why.ts';
import {
  renderSimulationLine,
  renderSimulationNote,
  type SimulationGoal,
} from '../simulation-line.ts';
import type { Cast } from './cast.ts';
import type { DemoRepo } from './fleet-repo.ts';

/** Shows one line that is drawn over itself on a terminal; `plain` elsewhere. */
export interface ProgressLine {
  show(render: (width: number) => string, plain: string): void;
  end(): void;
}

export interface Stage {
  readonly product: string;
  readonly repo: DemoRepo;
  readonly served: ServedController;
  readonly cast: Cast;
  /** The product as the controller sees it. */
  view(): ProductView | null;
  /** The plan for the newest commit, as `lockstep plan` would print it now. */
  plan(): Promise<Result<Plan, Failure>>;
  /** Waits until the controller has put a commit's part in force, or refused parts of it. */
  untilRevision(commit: string): Promise<Result<void, Failure>>;
  /** Waits until the condition holds, and shows meanwhile how far the fleet is on its way; null: who has connected. */
  until(
    what: string,
    goal: SimulationGoal | null,
    holds: (view: ProductView) => boolean,
  ): Promise<Result<void, Failure>>;
  /** What the controller knows, from the API. */
  status(): Promise<StatusJson>;
  /** Why a device runs what it runs, from the API. */
  why(device: string): Promise<Explanation>;
}

export interface StageParts {
  readonly product: string;
  readonly repo: DemoRepo;
  readonly served: ServedController;
  readonly cast: Cast;
  readonly signal: AbortSignal;
  readonly createLine: () => Promise<ProgressLine>;
}

const LOOK_MS = 100;
const PATIENCE_MS = 60_000;

/** Creates the stage. */
export function createStage(parts: StageParts): Stage {
  const { product, repo, served, cast, signal } = parts;
  const { controller } = served;
  const view = (): ProductView | null =>
    controller.view().products.find((each) => each.product === product) ?? null;

  const waitFor = async (
    what: string,
    holds: () => boolean,
    show: () => void = () => undefined,
  ): Promise<Result<void, Failure>> => {
    const deadline = performance.now() + PATIENCE_MS;
    while (!holds()) {
      if (signal.aborted) return fail(INTERRUPTED);
      if (performance.now() > deadline) return fail(tooSlow(what));
      show();
      await controller.nextPass(LOOK_MS);
    }
    show();
    return ok(undefined);
  };

  const ask = async (path: string): Promise<unknown> => {
    const answer = await request(`${served.address}/api/v1/${path}`);
    return answer.body.json();
  };

  return {
    product,
    repo,
    served,
    cast,
    view,
    async plan() {
      // Reading the source now saves the second that the next poll would take.
      const read = await controller.sync({});
      return read.ok ? ok(read.value.plan) : read;
    },
    untilRevision: (commit) =>
      waitFor(`commit ${commit.slice(0, 7)} to be in force`, () => view()?.revision === commit),
    async until(what, goal, holds) {
      const line = await parts.createLine();
      const look = (): boolean => {
        const now = view();
        return now !== null && holds(now);
      };
      try {
        return await waitFor(what, look, () => {
          const snapshot = cast.snapshot();
          line.show(
            (width) => `   ${renderSimulationLine(snapshot, goal, width - 3)}`,
            `   ${renderSimulationNote(snapshot, goal)}`,
          );
        });
      } finally {
        line.end();
      }
    },
    status: async () => (await ask('status')) as StatusJson,
    why: async (device) => (await ask(`products/${product}/devices/${device}/why`)) as Explanation,
  };
}

const INTERRUPTED = failure('Interrupted', 'The demo was interrupted.', 'stall');

function tooSlow(what: string): Failure {
  return failure('DemoTimeout', `Waited ${PATIENCE_MS / 1000} s in vain for ${what}.`, 'stall');
}
