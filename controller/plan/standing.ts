// Which errors and refusals of a change stand without it too. They are told in its review, and are no fault of the change.

import type { Desired, Placed } from '../model/desired.ts';
import type { Plan } from '../model/plan.ts';
import type { Snapshot } from '../model/revision.ts';
import { desiredOf } from '../model/revision.ts';
import type { Trouble } from './plan-keys.ts';
import { lastingKey, troubleKey, troublesOf, withoutPartner } from './plan-keys.ts';

/** A revision, and what planning it alone says. */
export interface PlannedRevision {
  readonly snapshot: Snapshot;
  readonly plan: Plan;
}

/**
 * The keys (`troubleKey`) of what the merge result and the base have in common: what says the same in the same file, one
 * for one, or what refuses the same manifest for the same reason, where the change leaves that manifest as it is: counts in
 * a message may be others. What devices would have lifted in the base, and a commit has to lift after the change, is the
 * change's own. Where two cannot be told apart and only one stands in the base, neither counts as standing.
 */
export function findStanding(merged: PlannedRevision, base: PlannedRevision): readonly string[] {
  const after = troublesOf(merged.plan);
  const before = troublesOf(base.plan);
  const fresh = withoutPartner(after, before, (trouble, isOther) =>
    lastingKey(trouble, (isOther ? base : merged).plan.revision),
  ).filter((trouble) => !isSameRefusal(trouble, before, merged.snapshot, base.snapshot));
  const freshKeys = new Set(fresh.map(troubleKey));
  const keys = after.map(troubleKey).filter((key) => !freshKeys.has(key));
  return [...new Set(keys)].sort();
}

function isSameRefusal(
  trouble: Trouble,
  before: readonly Trouble[],
  merged: Snapshot,
  base: Snapshot,
): boolean {
  const { product, manifest, lifts, problem } = trouble;
  // A Product is refused for what others of its manifests add up to.
  if (product === null || manifest === '' || manifest.startsWith('Product/')) return false;
  const then = before.find(
    (each) =>
      each.product === product &&
      each.manifest === manifest &&
      each.problem.reason === problem.reason,
  );
  if (then === undefined) return false;
  if (then.lifts === 'devices' && lifts !== 'devices') return false;
  const now = findManifest(desiredOf(merged, product), manifest);
  const was = findManifest(desiredOf(base, product), manifest);
  return now !== null && was !== null && JSON.stringify(now.spec) === JSON.stringify(was.spec);
}

function findManifest(desired: Desired | null, manifest: string): Placed<unknown> | null {
  if (desired === null) return null;
  const { config, firmware, groups, locks, releases } = desired;
  const all = [...(config === null ? [] : [config]), ...firmware, ...groups, ...locks, ...releases];
  return all.find(({ origin }) => `${origin.kind}/${origin.name}` === manifest) ?? null;
}
