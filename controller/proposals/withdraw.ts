// The proposal that withdraws a version: it is never offered to any device again.

import { countOf } from '../base/count.ts';
import type { Result } from '../base/result.ts';
import { nameBranch } from './branch-name.ts';
import { createDraft, type Draft } from './draft.ts';
import {
  chooseProduct,
  findFirmware,
  type FleetTree,
  type Manifest,
  nameOf,
  readFleetTree,
} from './fleet-tree.ts';
import type { Proposal, ProposalInput, ProposalRefusal } from './proposal.ts';
import { checkReason, checkUrl, refuse, refuseNothingToDo } from './refuse.ts';
import { productsOfVersion } from './release.ts';

export interface WithdrawRequest {
  readonly version: number;
  readonly reason: string;
  /** Where the reason is explained. */
  readonly url: string | null;
  /** Null: the only one that has the version. */
  readonly product: string | null;
}

/** Proposes that a Firmware is marked withdrawn. */
export function proposeWithdrawal(
  input: ProposalInput,
  request: WithdrawRequest,
): Result<Proposal, ProposalRefusal> {
  const tree = readFleetTree(input);
  const { version, reason, url } = request;
  const wrong = [...checkReason(reason), ...checkUrl(url)];
  const chosen = chooseProduct(
    tree,
    request.product,
    productsOfVersion(tree, version),
    `both have version ${version}`,
  );
  if (!chosen.ok) return refuse([...wrong, ...chosen.error]);
  const product = chosen.value;
  const firmware = findFirmware(tree, product, version);
  if (!firmware.ok) return refuse([...wrong, ...firmware.error]);
  if (wrong.length > 0) return refuse(wrong);
  const { withdrawn } = firmware.value.spec;
  if (withdrawn !== null) {
    return refuseNothingToDo(`${nameOf(firmware.value)} is withdrawn already: ${withdrawn.reason}`);
  }
  const draft = createDraft(tree);
  const summary = [
    ...withdraw(draft, firmware.value, reason, url),
    ...describeUsers(listUsers(tree, product, version), version),
  ];
  return draft.finish({
    branch: nameBranch('withdraw', [product, version], { version, reason, url, product }),
    title: `Withdraw version ${version} of ${product}`,
    summary,
  });
}

/** Marks a Firmware withdrawn; says so in a sentence. */
export function withdraw(
  draft: Draft,
  firmware: Manifest<'Firmware'>,
  reason: string,
  url: string | null,
): readonly string[] {
  const value = { reason, ...(url === null ? {} : { url }) };
  draft.edit(firmware, { kind: 'set', path: ['spec', 'withdrawn'], value });
  return [`${nameOf(firmware)} is withdrawn, and never offered to any device again: ${reason}`];
}

/** Manifests that a summary names one by one. */
export const LISTED_MAX = 20;

/** Says of manifests that they still name a version which is withdrawn, a sentence each. */
export function describeUsers(manifests: readonly Manifest[], version: number): readonly string[] {
  const rest = manifests.length - LISTED_MAX;
  return [
    ...manifests
      .slice(0, LISTED_MAX)
      .map((manifest) => `${nameOf(manifest)} still names version ${version}, and offers nothing.`),
    ...(rest > 0 ? [`So do ${countOf(rest, 'more manifest')}.`] : []),
  ];
}

/** The Releases and locks of a product that name a version. */
export function listUsers(
  tree: FleetTree,
  product: string,
  version: number,
): readonly (Manifest<'Release'> | Manifest<'DeviceLock'>)[] {
  return [...tree.list('Release', product), ...tree.list('DeviceLock', product)].filter(
    ({ spec }) => spec.version === version,
  );
}
