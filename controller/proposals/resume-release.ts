// The proposal that lets a release go on: a new attempt after a halt, or the end of a pause.

import type { Result } from '../base/result.ts';
import { nameBranch } from './branch-name.ts';
import { createDraft } from './draft.ts';
import { checkVersion, chooseProduct, nameOf, placeOf, readFleetTree } from './fleet-tree.ts';
import type { Mistake, Proposal, ProposalInput, ProposalRefusal } from './proposal.ts';
import { mistakeOf, refuse, refuseNothingToDo } from './refuse.ts';
import { checkRivals, findReleases, nameAudience } from './release-edits.ts';

/** A halt, as the fleet tells it: manifests do not show one. */
export interface HaltedAttempt {
  readonly version: number;
  /** The `attempt` of the manifest that halted. */
  readonly attempt: number;
}

export interface ResumeRequest {
  /** Null: the only one. */
  readonly product: string | null;
  /** Null: the Release to the whole product. */
  readonly group: string | null;
  /** Null: the release has not halted. `unknown`: nobody looked, and a release that is not paused is taken for halted. */
  readonly halted: HaltedAttempt | 'unknown' | null;
}

/**
 * Proposes that a release goes on: `attempt` is raised where it has halted, and `paused` ends where it is paused; both
 * where it is both. An attempt that was raised since the halt is not raised again.
 */
export function proposeResumption(
  input: ProposalInput,
  request: ResumeRequest,
): Result<Proposal, ProposalRefusal> {
  const tree = readFleetTree(input);
  const { group, halted } = request;
  const chosen = chooseProduct(tree, request.product, [], '');
  if (!chosen.ok) return refuse(chosen.error);
  const product = chosen.value;
  const releases = findReleases(tree, product, group);
  const [release] = releases;
  if (release === undefined) {
    const message = `There is no Release to ${nameAudience(product, group)}.`;
    const remedy = 'Release a version first: `lockstep propose release VERSION`.';
    return refuse([
      mistakeOf('UnknownRelease', message, remedy),
      ...tree.doubts('Release', product),
    ]);
  }
  const { version, attempt, paused } = release.spec;
  const mistakes: Mistake[] = [
    ...checkRivals(releases),
    ...checkVersion(tree, product, version).filter(({ code }) => code === 'FirmwareWithdrawn'),
  ];
  const isOther = halted !== null && halted !== 'unknown' && halted.version !== version;
  if (isOther) {
    mistakes.push({
      code: 'VersionMismatch',
      message: `${nameOf(release)} is of version ${version}; what halted is version ${halted.version}.`,
      remedy: `Wait until version ${version} is in force: it starts by itself, as its own first attempt.`,
      place: placeOf(release, 'spec.version'),
    });
  }
  if (mistakes.length > 0) return refuse(mistakes);
  const isHalted = halted === 'unknown' ? !paused : halted !== null && halted.attempt >= attempt;
  if (!isHalted && !paused) {
    if (halted !== null && halted !== 'unknown') {
      return refuseNothingToDo(
        `${nameOf(release)} has \`attempt: ${attempt}\` already; attempt ${halted.attempt} is what halted.`,
      );
    }
    return refuse([
      {
        code: 'NotHalted',
        message: `${nameOf(release)} is neither halted nor paused.`,
        remedy: 'Nothing holds it here; `lockstep status` says what it waits for.',
        place: placeOf(release, 'spec.version'),
      },
    ]);
  }

  const draft = createDraft(tree);
  const summary: string[] = [];
  if (isHalted) {
    draft.edit(release, { kind: 'set', path: ['spec', 'attempt'], value: attempt + 1 });
    summary.push(
      `${nameOf(release)} is attempted again: \`attempt\` is raised from ${attempt} to ${attempt + 1}. Failures are counted anew. After a hold it goes on where it was, after a rollback it starts over.`,
    );
  }
  if (paused) {
    draft.edit(release, { kind: 'set', path: ['spec', 'paused'], value: false });
    summary.push(`${nameOf(release)} is no longer paused.`);
  }
  const about = group === null ? product : `${product}.${group}`;
  return draft.finish({
    branch: nameBranch('resume', [about, version], {
      product,
      group,
      version,
      attempt,
      isHalted,
      paused,
    }),
    title: `Resume the release of version ${version} to ${nameAudience(product, group)}`,
    summary,
  });
}
