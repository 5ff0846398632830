// The file of a saved plan: what `plan --out` writes and `apply --plan` reads. Pure; the plan's own form is in
// `reports/plan-json.ts`.

import { type Failure, failure } from '../base/failure.ts';
import { fail, ok, type Result } from '../base/result.ts';
import type { Plan } from '../model/plan.ts';
import { parsePlanJson, planJson, type PlanJson } from '../reports/plan-json.ts';

const FILE_FORMAT = 'lockstep-plan/1';

interface PlanFile {
  readonly formatVersion: typeof FILE_FORMAT;
  /** The revision that was planned. */
  readonly revision: string;
  readonly plan: PlanJson;
}

/** The content of the file. */
export function renderPlanFile(plan: Plan): string {
  const file: PlanFile = {
    formatVersion: FILE_FORMAT,
    revision: plan.revision,
    plan: planJson(plan),
  };
  return `${JSON.stringify(file, null, 2)}\n`;
}

/** Reads the content of a file named `name`. Only what this program wrote is read; anything else is a failure. */
export function parsePlanFile(name: string, text: string): Result<Plan, Failure> {
  let file: unknown;
  try {
    file = JSON.parse(text);
  } catch {
    return fail(describeForeign(name));
  }
  if (!isPlanFile(file)) return fail(describeForeign(name));
  const plan = readSafely(file.plan);
  return plan === null ? fail(describeForeign(name)) : ok(plan);
}

function isPlanFile(value: unknown): value is PlanFile {
  if (typeof value !== 'object' || value === null) return false;
  const { formatVersion, plan } = value as Partial<PlanFile>;
  return (
    formatVersion === FILE_FORMAT &&
    typeof plan === 'object' &&
    typeof plan.formatVersion === 'string' &&
    Array.isArray(plan.products) &&
    Array.isArray(plan.errors)
  );
}

/** A file that was edited by hand may hold anything; what can't be read is no plan. */
function readSafely(json: PlanJson): Plan | null {
  try {
    return parsePlanJson(json);
  } catch {
    return null;
  }
}

function describeForeign(name: string): Failure {
  return failure(
    'PlanFileInvalid',
    `${name} is no plan that this version of Lockstep saved. Make one with \`lockstep plan --out ${name}\`.`,
    'stall',
  );
}
