// The rules that a change changes, in words: they bind from the commit after it on, so a reviewer has to see them.

import { formatDuration } from '../base/duration.ts';
import type { Desired, ProductSpec, ReleaseSpec } from '../model/desired.ts';
import type { Snapshot } from '../model/revision.ts';
import { desiredOf } from '../model/revision.ts';
import { compareText } from './sort-desired.ts';

/**
 * One sentence for each rule that is another one after the change, by product. A product that is new has no rules that
 * could change. The sentences hold text of manifests.
 */
export function describePolicyChanges(merged: Snapshot, base: Snapshot): readonly string[] {
  return Object.keys(merged.products)
    .sort(compareText)
    .flatMap((product) => {
      const after = desiredOf(merged, product);
      const before = desiredOf(base, product);
      if (after === null || before === null) return [];
      const rules =
        after.config === null || before.config === null
          ? []
          : [
              ...compareRules(rulesOf(before.config.spec), rulesOf(after.config.spec)),
              ...compareVerifiers(before, after, before.config.spec, after.config.spec),
            ];
      return [...rules, ...compareReleases(before, after)].map((text) => `${product}: ${text}`);
    });
}

/** A rule by its name, as manifests write it, and its value in words. */
type Rules = readonly (readonly [name: string, value: string])[];

function rulesOf({ productId, platform, fleet, verification, guardrails }: ProductSpec): Rules {
  return [
    ['productId', orNone(productId)],
    ['platform', orNone(platform)],
    ['fleet.driver', fleet.driver],
    ['fleet.admission', fleet.admission],
    ['verification.devices', String(verification.devices)],
    ['verification.soak', formatDuration(verification.soakMs)],
    ['verification.group', orNone(verification.group)],
    ['verification.evidence', verification.evidence],
    ['guardrails.maxAffected', percent(guardrails.maxAffected)],
    ['guardrails.maxUnlocked', percent(guardrails.maxUnlocked)],
    ['guardrails.maxUnverified', String(guardrails.maxUnverified)],
    ['guardrails.allowEmpty', String(guardrails.allowEmpty)],
  ];
}

function releaseRulesOf({ strategy }: ReleaseSpec): Rules {
  const { halt, steps } = strategy;
  const approvals = steps.filter(({ approval }) => approval).map(({ name }) => name);
  return [
    ['halt.failureRate', percent(halt.failureRate)],
    ['halt.minAttempts', String(halt.minAttempts)],
    ['halt.action', halt.action],
    ['steps with approval', approvals.length === 0 ? 'none' : approvals.join(', ')],
  ];
}

function compareRules(before: Rules, after: Rules): readonly string[] {
  return after.flatMap(([name, value], index) => {
    const old = before[index]?.[1] ?? value;
    return old === value ? [] : [`\`${name}\` from ${old} to ${value}.`];
  });
}

/** The group that may verify is a rule as well: its members decide what counts as verified. */
function compareVerifiers(
  before: Desired,
  after: Desired,
  oldSpec: ProductSpec,
  newSpec: ProductSpec,
): readonly string[] {
  const { group } = newSpec.verification;
  if (group === null || oldSpec.verification.group !== group) return [];
  const membersOf = ({ groups }: Desired): readonly string[] =>
    groups.find(({ origin }) => origin.name === group)?.spec.devices ?? [];
  const added = membersOf(after).filter((device) => !membersOf(before).includes(device));
  const removed = membersOf(before).filter((device) => !membersOf(after).includes(device));
  const said = [
    ...(added.length === 0 ? [] : [`also ${listed(added)}`]),
    ...(removed.length === 0 ? [] : [`no longer ${listed(removed)}`]),
  ];
  return said.length === 0 ? [] : [`group ${group}, which verifies, has ${said.join(', ')}.`];
}

/** The limits of a release that stays on its version: a new release brings its own. */
function compareReleases(before: Desired, after: Desired): readonly string[] {
  return after.releases.flatMap(({ spec, origin }) => {
    const old = before.releases.find(
      (each) => each.spec.group === spec.group && each.spec.version === spec.version,
    );
    if (old === undefined) return [];
    return compareRules(releaseRulesOf(old.spec), releaseRulesOf(spec)).map(
      (text) => `Release/${origin.name}: ${text}`,
    );
  });
}

function orNone(value: string | number | null): string {
  return value === null ? 'none' : String(value);
}

function percent(value: number | null): string {
  return value === null ? 'no limit' : `${value}%`;
}

/** At most five names, then how many more. */
function listed(names: readonly string[]): string {
  const shown = names.slice(0, 5).join(', ');
  return names.length > 5 ? `${shown} and ${names.length - 5} more` : shown;
}
