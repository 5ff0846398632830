// The proposal that makes git true after a halt: the Release goes back, and the version that failed is withdrawn.

import { countOf } from '../base/count.ts';
import type { Result } from '../base/result.ts';
import { nameBranch } from './branch-name.ts';
import { createDraft } from './draft.ts';
import { checkVersion, chooseProduct, findFirmware, nameOf, readFleetTree } from './fleet-tree.ts';
import type { Mistake, Proposal, ProposalInput, ProposalRefusal } from './proposal.ts';
import {
  checkReason,
  isUrl,
  mistakeOf,
  REASON_MAX,
  refuse,
  refuseNothingToDo,
  shorten,
} from './refuse.ts';
import { checkRivals, findReleases, moveRelease, nameAudience } from './release-edits.ts';
import { describeUsers, LISTED_MAX, listUsers, withdraw } from './withdraw.ts';

export interface RevertRequest {
  readonly product: string;
  /** Null: the Release to the whole product. */
  readonly group: string | null;
  /** The version that failed. */
  readonly version: number;
  /** The version to go back to; null: there is none, and the Release is removed. */
  readonly to: number | null;
  /** Why, for the manifest; cut where it is longer than that may hold. */
  readonly reason: string;
  /** Where it is explained; left out where a manifest may not hold it. */
  readonly url: string | null;
}

/**
 * Proposes that a release is taken back. A Release that names another version by now is left alone. The branch does
 * not depend on reason and url, so that evidence that grows makes no second pull request; it does on the release's
 * `attempt`, since a new attempt that halts is a new occasion.
 */
export function proposeRevert(
  input: ProposalInput,
  request: RevertRequest,
): Result<Proposal, ProposalRefusal> {
  const tree = readFleetTree(input);
  const { product, group, version, to } = request;
  const chosen = chooseProduct(tree, product, [], '');
  if (!chosen.ok) return refuse(chosen.error);
  const reason = shorten(request.reason, REASON_MAX);
  const url = request.url !== null && isUrl(request.url) ? request.url : null;
  const releases = findReleases(tree, product, group);
  const mistakes: Mistake[] = [...checkReason(reason), ...checkRivals(releases)];
  if (releases.length === 0) mistakes.push(...tree.doubts('Release', product));
  if (to !== null) mistakes.push(...checkVersion(tree, product, to));
  if (to === version) {
    const message = `Version ${version} cannot be taken back to itself.`;
    mistakes.push(mistakeOf('InvalidVersion', message, 'Name another version, or none.'));
  }
  const firmware = findFirmware(tree, product, version);
  if (mistakes.length > 0) return refuse(mistakes);

  const draft = createDraft(tree);
  const summary: string[] = [];
  const [release] = releases;
  const attempt = release?.spec.version === version ? release.spec.attempt : null;
  if (release !== undefined && release.spec.version !== version) {
    if (release.spec.version !== to) {
      summary.push(
        `${nameOf(release)} names version ${release.spec.version} by now, and stays as it is.`,
      );
    }
  } else if (release !== undefined && to === null) {
    draft.remove(release);
    summary.push(`${nameOf(release)} is removed: no version was released before ${version}.`);
  } else if (release !== undefined && to !== null) {
    summary.push(...moveRelease(draft, release, to));
  }
  const changes: string[] = [];
  if (!firmware.ok)
    summary.push(`There is no valid Firmware manifest of version ${version} to mark withdrawn.`);
  else if (firmware.value.spec.withdrawn === null) {
    changes.push(...withdraw(draft, firmware.value, reason, url));
  }
  const locks = tree.list('DeviceLock', product).filter(({ spec }) => spec.version === version);
  if (to !== null) {
    for (const lock of locks)
      draft.edit(lock, { kind: 'set', path: ['spec', 'version'], value: to });
    const rest = locks.length - LISTED_MAX;
    changes.push(
      ...locks
        .slice(0, LISTED_MAX)
        .map((lock) => `${nameOf(lock)} holds its devices on version ${to} instead of ${version}.`),
      ...(rest > 0 ? [`So do ${countOf(rest, 'more DeviceLock')}.`] : []),
    );
  }
  const isIdle = attempt === null && changes.length === 0;
  const audience = nameAudience(product, group);
  if (isIdle) {
    return refuseNothingToDo(`Nothing gives version ${version} to ${audience} any more.`);
  }
  // What still names the version, once this is merged.
  const left = listUsers(tree, product, version).filter(({ kind, name }) =>
    kind === 'DeviceLock' ? to === null : name !== release?.name,
  );
  summary.push(...changes, ...describeUsers(left, version));
  const about = group === null ? product : `${product}.${group}`;
  const words = to === null ? [about, version] : [about, version, 'to', to];
  return draft.finish({
    branch: nameBranch('revert', words, { product, group, version, to, attempt }),
    title:
      to === null
        ? `Take back version ${version} from ${audience}`
        : `Take ${audience} back from version ${version} to ${to}`,
    summary,
  });
}
