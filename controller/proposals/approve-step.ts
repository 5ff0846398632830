// The proposal that approves a step of a release.

import type { Result } from '../base/result.ts';
import { findNearest } from '../manifests/nearest.ts';
import { nameBranch } from './branch-name.ts';
import { createDraft } from './draft.ts';
import { chooseProduct, nameOf, placeOf, readFleetTree } from './fleet-tree.ts';
import type { Mistake, Proposal, ProposalInput, ProposalRefusal } from './proposal.ts';
import { mistakeOf, refuse, refuseNothingToDo } from './refuse.ts';
import { checkRivals, dropApprovals, findReleases, nameAudience } from './release-edits.ts';

export interface ApproveRequest {
  /** Null: the only one. */
  readonly product: string | null;
  /** Null: the Release to the whole product. */
  readonly group: string | null;
  /** Null: the one that the Release names. */
  readonly version: number | null;
  /** Name of the step. */
  readonly step: string;
}

/** Proposes that a step of the Release's very version is approved. Approvals of other versions are dropped. */
export function proposeApproval(
  input: ProposalInput,
  request: ApproveRequest,
): Result<Proposal, ProposalRefusal> {
  const tree = readFleetTree(input);
  const { group, step } = request;
  const chosen = chooseProduct(tree, request.product, [], '');
  if (!chosen.ok) return refuse(chosen.error);
  const product = chosen.value;
  const releases = findReleases(tree, product, group);
  const [release] = releases;
  const audience = nameAudience(product, group);
  if (release === undefined) {
    const message = `There is no Release to ${audience}.`;
    const remedy = `Release the version first: \`lockstep propose release ${request.version ?? 'VERSION'}\`.`;
    return refuse([
      mistakeOf('UnknownRelease', message, remedy),
      ...tree.doubts('Release', product),
    ]);
  }
  const version = request.version ?? release.spec.version;
  const mistakes: Mistake[] = [...checkRivals(releases)];
  if (release.spec.version !== version) {
    mistakes.push({
      code: 'VersionMismatch',
      message: `${nameOf(release)} is of version ${release.spec.version}, not of ${version}.`,
      remedy: `Approve a step of version ${release.spec.version}.`,
      place: placeOf(release, 'spec.version'),
    });
  }
  const names = release.spec.strategy.steps.map(({ name }) => name);
  if (!names.includes(step)) {
    const near = findNearest(step, names);
    const known = names.map((name) => `\`${name}\``).join(', ');
    mistakes.push({
      code: 'UnknownStep',
      message: `${nameOf(release)} has no step ${JSON.stringify(step.slice(0, 80))}.`,
      remedy: near === null ? `Name one of ${known}.` : `Write \`${near}\`.`,
      place: placeOf(release, 'spec.strategy.steps'),
    });
  }
  if (mistakes.length > 0) return refuse(mistakes);
  if (release.spec.approved.includes(step)) {
    return refuseNothingToDo(
      `${nameOf(release)} approves the step ${step} of version ${version} already.`,
    );
  }
  const draft = createDraft(tree);
  const dropped = dropApprovals(draft, release, version);
  draft.edit(release, { kind: 'append', path: ['spec', 'approved'], value: `${version}/${step}` });
  const about = group === null ? product : `${product}.${group}`;
  return draft.finish({
    branch: nameBranch('approve', [about, version, step], {
      product,
      group,
      version,
      step,
      attempt: release.spec.attempt,
    }),
    title: `Approve the step ${step} of version ${version} for ${audience}`,
    summary: [
      `${nameOf(release)} approves the step ${step} of version ${version}.`,
      ...(dropped.length === 0
        ? []
        : [`Approvals of other versions are dropped: ${dropped.join(', ')}.`]),
    ],
  });
}
