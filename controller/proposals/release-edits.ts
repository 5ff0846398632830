// What a change of a Release's version takes with it: approvals, the attempt and the pause belong to the version
// before.

import type { Draft } from './draft.ts';
import type { FleetTree, Manifest } from './fleet-tree.ts';
import { nameOf, placeOf } from './fleet-tree.ts';
import type { Mistake } from './proposal.ts';

/** The Releases to an audience: the whole product (`group` null), or a group of it. */
export function findReleases(
  tree: FleetTree,
  product: string,
  group: string | null,
): readonly Manifest<'Release'>[] {
  return tree.list('Release', product).filter(({ spec }) => spec.group === group);
}

/** Tells of several Releases to one audience: which of them is meant, nobody can say. */
export function checkRivals(releases: readonly Manifest<'Release'>[]): readonly Mistake[] {
  const [first, ...others] = releases;
  if (first === undefined || others.length === 0) return [];
  const { group } = first.spec;
  return [
    {
      code: 'ReleaseConflict',
      message: `${group === null ? `Product ${first.product}` : `Group ${group} of ${first.product}`} has several Releases: ${releases.map(nameOf).join(', ')}.`,
      remedy: 'Keep one of them.',
      place: placeOf(others[0] ?? first, 'spec.version'),
    },
  ];
}

/** `all devices of thermostat`, or the group. */
export function nameAudience(product: string, group: string | null): string {
  return group === null ? `all devices of ${product}` : `the group ${group} of ${product}`;
}

/** Sets the version of a Release, and drops what was said of another one. Gives a sentence for each change. */
export function moveRelease(
  draft: Draft,
  release: Manifest<'Release'>,
  version: number,
): readonly string[] {
  const { spec } = release;
  draft.edit(release, { kind: 'set', path: ['spec', 'version'], value: version });
  const summary = [`${nameOf(release)} is set from version ${spec.version} to ${version}.`];
  const dropped = dropApprovals(draft, release, version);
  if (dropped.length > 0) {
    summary.push(`Approvals of other versions are dropped: ${dropped.join(', ')}.`);
  }
  const { attempt, paused } = fieldsOf(draft, release);
  if (attempt !== undefined) {
    draft.edit(release, { kind: 'remove', path: ['spec', 'attempt'] });
    summary.push(
      `\`attempt: ${attempt}\` is dropped: it counts the attempts at version ${spec.version}.`,
    );
  }
  if (paused !== undefined) {
    draft.edit(release, { kind: 'remove', path: ['spec', 'paused'] });
    summary.push(`\`paused: ${paused}\` is dropped: it is about version ${spec.version}.`);
  }
  return summary;
}

/** Takes the approvals of other versions out of a Release; gives them in their order. */
export function dropApprovals(
  draft: Draft,
  release: Manifest<'Release'>,
  version: number,
): readonly string[] {
  const { approved } = fieldsOf(draft, release);
  const entries: readonly unknown[] = Array.isArray(approved) ? approved : [];
  const stale = [...entries.entries()].filter(
    ([, entry]) => !String(entry).startsWith(`${version}/`),
  );
  for (const [index] of stale.toReversed()) {
    draft.edit(release, { kind: 'remove', path: ['spec', 'approved', index] });
  }
  return stale.map(([, entry]) => String(entry));
}

interface ReleaseFields {
  readonly approved?: unknown;
  readonly attempt?: number;
  readonly paused?: boolean;
}

/** What is written of a valid Release: its schema makes it so. */
function fieldsOf(draft: Draft, release: Manifest<'Release'>): ReleaseFields {
  const value = draft.valueOf(release) as { readonly spec?: ReleaseFields } | undefined;
  return value?.spec ?? {};
}
