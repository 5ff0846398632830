// The proposal that releases a version to a product or to a group of it.

import type { Result } from '../base/result.ts';
import { findNearest } from '../manifests/nearest.ts';
import { nameBranch } from './branch-name.ts';
import { createDraft, type Draft } from './draft.ts';
import {
  checkVersion,
  chooseProduct,
  type FleetTree,
  nameOf,
  readFleetTree,
} from './fleet-tree.ts';
import { type NewManifest, placeBeside, placeFirst } from './new-manifest.ts';
import type { Mistake, Proposal, ProposalInput, ProposalRefusal } from './proposal.ts';
import { mistakeOf, refuse, refuseNothingToDo } from './refuse.ts';
import { checkRivals, findReleases, moveRelease, nameAudience } from './release-edits.ts';
import { STARTER_STRATEGY } from './starter-strategy.ts';

export interface ReleaseRequest {
  readonly version: number;
  /** Null: every device of the product. */
  readonly group: string | null;
  /** Null: the only one that has the version. */
  readonly product: string | null;
}

/**
 * Proposes that a version is released. Where there is no Release yet, the new one has the strategy that `lockstep init`
 * writes: without any it would go to everyone at once.
 */
export function proposeRelease(
  input: ProposalInput,
  request: ReleaseRequest,
): Result<Proposal, ProposalRefusal> {
  const tree = readFleetTree(input);
  const { version, group } = request;
  const chosen = chooseProduct(
    tree,
    request.product,
    productsOfVersion(tree, version),
    `both have version ${version}`,
  );
  if (!chosen.ok) return refuse(chosen.error);
  const product = chosen.value;
  const releases = findReleases(tree, product, group);
  const mistakes = [
    ...checkVersion(tree, product, version),
    ...checkGroup(tree, product, group),
    ...checkRivals(releases),
    ...tree.doubts('Release', product),
  ];
  if (mistakes.length > 0) return refuse(mistakes);
  const [release] = releases;
  if (release?.spec.version === version) {
    return refuseNothingToDo(`${nameOf(release)} releases version ${version} already.`);
  }

  const draft = createDraft(tree);
  const summary =
    release === undefined
      ? addRelease(draft, tree, product, request)
      : [
          ...moveRelease(draft, release, version),
          ...(version < release.spec.version
            ? [
                `This is a downgrade: devices that run ${release.spec.version} are given ${version}.`,
              ]
            : []),
        ];
  const about = group === null ? product : `${product}.${group}`;
  return draft.finish({
    branch: nameBranch('release', [about, version], { product, group, version }),
    title: `Release ${version} to ${nameAudience(product, group)}`,
    summary,
  });
}

/** Products with a Firmware manifest of a version, sorted. */
export function productsOfVersion(tree: FleetTree, version: number): readonly string[] {
  const firmware = tree.list('Firmware').filter(({ spec }) => spec.version === version);
  return [...new Set(firmware.map(({ product }) => product))]
    .filter((product) => tree.products.includes(product))
    .sort();
}

function checkGroup(tree: FleetTree, product: string, group: string | null): readonly Mistake[] {
  if (group === null) return [];
  const names = tree.list('DeviceGroup', product).map(({ name }) => name);
  if (names.includes(group)) return [];
  const near = findNearest(group, names);
  const remedy =
    near !== null
      ? `Write \`${near}\`.`
      : names.length === 0
        ? 'Add the DeviceGroup manifest first.'
        : `Name one of ${names.map((name) => `\`${name}\``).join(', ')}.`;
  const message = `There is no DeviceGroup ${JSON.stringify(group.slice(0, 80))} of ${product}.`;
  return [mistakeOf('UnknownGroup', message, remedy), ...tree.doubts('DeviceGroup', product)];
}

function addRelease(
  draft: Draft,
  tree: FleetTree,
  product: string,
  { version, group }: ReleaseRequest,
): readonly string[] {
  const others = tree.list('Release', product);
  const model = others.at(-1) ?? null;
  const taken = others.map(({ name }) => name);
  const base = group === null ? product : `${product}-${group}`;
  const name = taken.includes(base) ? `${base}-release` : base;
  const manifest: NewManifest = {
    kind: 'Release',
    product,
    name,
    spec: { product, version, ...(group === null ? {} : { group }) },
    rest: STARTER_STRATEGY,
  };
  const stem = group === null ? 'release' : `release-${group}`;
  const place =
    model === null
      ? placeFirst(tree, manifest, stem)
      : placeBeside(tree, model, name, (old) =>
          old.includes(model.name) ? old.replace(model.name, name) : null,
        );
  draft.add(manifest, place, model ?? tree.list('Product', product)[0] ?? null);
  return [
    `A new Release ${name} (${place.path}) gives version ${version} to ${nameAudience(product, group)}.`,
    'It has the strategy of a new fleet repo: a canary, a tenth, half, then all. Change it where that does not suit.',
  ];
}
