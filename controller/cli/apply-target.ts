// What `apply` works on, whichever way the fleet is reached: a controller in this process, or one behind the API.

import type { Failure } from '../base/failure.ts';
import { ok, type Result } from '../base/result.ts';
import type { Plan } from '../model/plan.ts';
import type { Controller, Convergence, SyncRequest } from '../reconciler/controller.ts';
import { planJson, type PlanJson } from '../reports/plan-json.ts';
import { type ApiClient, apiPath } from './api-client.ts';
import { readPlan, requestPlan } from './plan.ts';

/** What going to a revision led to. */
export interface AppliedReport {
  readonly revision: string;
  /** As it was before it was carried out. */
  readonly plan: Plan;
  /** Products whose part failed for an outside reason. */
  readonly failures: readonly { readonly product: string; readonly failure: Failure }[];
  /** How the plan compares with the review of the pull request that was asked about; null where there is none. */
  readonly reviewed: ReviewComparison | null;
}

/** What is otherwise than in the review of a pull request. */
export interface ReviewComparison {
  readonly pullRequest: number;
  readonly url: string;
  /** Null: it could not be compared. */
  readonly moved: readonly string[] | null;
}

/** `pullRequest`: that the revision was merged from. */
export type ApplyRequest = SyncRequest & { readonly pullRequest?: number };

export interface ApplyTarget {
  sync(request: ApplyRequest): Promise<Result<AppliedReport, Failure>>;
  /** What is left to do, refused or warned about, at the revision that was gone to. */
  remaining(adopt: boolean): Promise<Result<Plan, Failure>>;
  convergence(product: string): Promise<Result<Convergence, Failure>>;
}

/** A controller in this process. */
export function targetController(controller: Controller): ApplyTarget {
  return {
    async sync(request) {
      const report = await controller.sync(request);
      if (!report.ok) return report;
      const { revision, plan, failures } = report.value;
      return ok({ revision, plan, failures: listFailures(failures), reviewed: null });
    },
    remaining: (adopt) => controller.plan(null, { adopt }),
    convergence: (product) => controller.convergence(product),
  };
}

/** A controller behind the API. */
export function targetServer(client: ApiClient): ApplyTarget {
  return {
    async sync({ expectedPlan, ...request }) {
      const answer = await client.post<{
        readonly revision: string;
        readonly plan: PlanJson;
        readonly failures: Readonly<Record<string, Failure>>;
        readonly reviewed: ReviewComparison | null;
      }>('sync', {
        ...request,
        ...(expectedPlan === undefined ? {} : { plan: planJson(expectedPlan) }),
      });
      if (!answer.ok) return answer;
      const plan = readPlan(answer.value.plan);
      if (!plan.ok) return plan;
      const { revision, failures, reviewed } = answer.value;
      return ok({ revision, plan: plan.value, failures: listFailures(failures), reviewed });
    },
    remaining: (adopt) => requestPlan(client, null, adopt),
    convergence: (product) => client.get(apiPath('products', product, 'convergence')),
  };
}

function listFailures(failures: Readonly<Record<string, Failure>>): AppliedReport['failures'] {
  return Object.entries(failures).map(([product, failure]) => ({ product, failure }));
}
