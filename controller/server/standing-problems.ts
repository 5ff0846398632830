// What stands against the manifests: problems of the newest revision, and what the last plan refuses and warns of. Pure.

import { type Desired, listOrigins, type Origin, type Place } from '../model/desired.ts';
import type { Problem } from '../model/problem.ts';
import type { ControllerView, ProductView } from '../reconciler/controller.ts';

/** One of them, with the revision whose text its place is in. */
export interface Standing extends Pick<Problem, 'reason' | 'message' | 'remedy' | 'place'> {
  readonly severity: 'problem' | 'warning';
  /** Null: the source as a whole, or a file of which it is not known. */
  readonly product: string | null;
  /** Null where the source was not read yet. */
  readonly revision: string | null;
}

/** All of them, each once: problems first, then by product and place. */
export function listStanding(view: ControllerView): readonly Standing[] {
  const { snapshot } = view;
  const revision = snapshot?.revision ?? null;
  const standing = standingProblems(view);
  const ofSource = standing
    .filter(({ product }) => product === null)
    .map((problem) => fromProblem(problem, revision));
  const ofProducts = view.products.flatMap((product) => [
    ...problemsBesidePlan(product, standing)
      .filter((problem) => problem.product === product.product)
      .map((problem) => fromProblem(problem, revision)),
    ...fromPlan(product, view),
  ]);
  const all = [...ofSource, ...ofProducts].toSorted(compare);
  return [...new Map(all.map((each) => [JSON.stringify(each), each])).values()];
}

/**
 * The problems of the newest revision, without references that its plan accepted all the same: a version or a group
 * may have no manifest any more, and still be in force.
 */
export function standingProblems(view: ControllerView): readonly Problem[] {
  const plans = new Map(view.products.map(({ product, plan }) => [product, plan]));
  return view.problems.filter(({ reason, product, place }) => {
    if (reason !== 'UnknownVersion' && reason !== 'UnknownGroup') return true;
    const plan = product === null ? null : (plans.get(product) ?? null);
    if (plan === null || plan.frozen) return true;
    return plan.refusals.some((refusal) => isSamePlace(refusal.place, place));
  });
}

/** Those that concern a product and that its plan does not refuse in words of its own. */
export function problemsBesidePlan(
  { product, plan }: Pick<ProductView, 'product' | 'plan'>,
  standing: readonly Problem[],
): readonly Problem[] {
  const isRefused = ({ reason, place }: Problem): boolean =>
    plan?.refusals.some((each) => each.reason === reason && isSamePlace(each.place, place)) ??
    false;
  // A file that cannot be read may concern every product.
  return standing.filter(
    (each) =>
      (each.product === product || (each.product === null && each.severity === 'error')) &&
      !isRefused(each),
  );
}

function fromProblem(
  { reason, message, remedy, place, severity, product }: Problem,
  revision: string | null,
): Standing {
  const kind = severity === 'error' ? 'problem' : 'warning';
  return { reason, message, remedy, place, severity: kind, product, revision };
}

function fromPlan(product: ProductView, view: ControllerView): readonly Standing[] {
  const { plan } = product;
  if (plan === null) return [];
  const make = (severity: Standing['severity']) => (each: (typeof plan.warnings)[number]) => ({
    reason: each.reason,
    message: each.message,
    remedy: each.remedy,
    place: each.place,
    severity,
    product: product.product,
    revision: revisionOf(each, product, view),
  });
  return [...plan.refusals.map(make('problem')), ...plan.warnings.map(make('warning'))];
}

/**
 * The revision that a place of a plan is in. What is frozen, or has no manifest any more, is still in force from an
 * older one, and its place is one there.
 */
function revisionOf(
  { reason, place }: Pick<Standing, 'reason' | 'place'>,
  { product, inForce, plan }: ProductView,
  { snapshot }: ControllerView,
): string | null {
  if (snapshot === null || place === null) return snapshot?.revision ?? null;
  const newest = Object.hasOwn(snapshot.products, product) ? snapshot.products[product] : null;
  const isOlder = plan?.frozen === true || reason === 'FirmwareRetiring';
  const isWritten = newest !== null && newest !== undefined && findOrigin(newest, place) !== null;
  if (isWritten && !isOlder) return snapshot.revision;
  return findOrigin(inForce, place)?.revision ?? snapshot.revision;
}

/** The manifest that a value stands in, by its exact place. */
function findOrigin(desired: Desired, place: Place): Origin | null {
  return (
    listOrigins(desired).find(
      (origin) =>
        origin.file === place.file &&
        (isSamePlace(origin, place) ||
          Object.values(origin.places).some(
            ([line, column]) => line === place.line && column === place.column,
          )),
    ) ?? null
  );
}

function isSamePlace(a: Place, b: Place | null): boolean {
  return a.file === b?.file && a.line === b.line && a.column === b.column;
}

function compare(a: Standing, b: Standing): number {
  return (
    Number(a.severity === 'warning') - Number(b.severity === 'warning') ||
    compareText(a.product ?? '', b.product ?? '') ||
    compareText(a.place?.file ?? '', b.place?.file ?? '') ||
    (a.place?.line ?? 0) - (b.place?.line ?? 0) ||
    (a.place?.column ?? 0) - (b.place?.column ?? 0)
  );
}

function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
