// The proposal that takes a device out of its lock, so that it follows the release again.

import type { Result } from '../base/result.ts';
import { findNearest } from '../manifests/nearest.ts';
import { nameBranch } from './branch-name.ts';
import { findLocks, lockedDevices, productsOfDevice } from './device-locks.ts';
import { createDraft } from './draft.ts';
import { chooseProduct, nameOf, placeOf, readFleetTree } from './fleet-tree.ts';
import { releaseDevice } from './lock.ts';
import type { Mistake, Proposal, ProposalInput, ProposalRefusal } from './proposal.ts';
import { checkDevice, refuse, shorten } from './refuse.ts';

export interface UnlockRequest {
  readonly device: string;
  /** Null: the one that names the device, or the only one. */
  readonly product: string | null;
}

/** Proposes that no lock lists a device any more. A lock of its group still holds it, and the summary says so. */
export function proposeUnlock(
  input: ProposalInput,
  request: UnlockRequest,
): Result<Proposal, ProposalRefusal> {
  const tree = readFleetTree(input);
  const { device } = request;
  const wrong = checkDevice(device);
  const candidates = productsOfDevice(tree, device);
  const chosen = chooseProduct(tree, request.product, candidates, 'both name the device');
  if (!chosen.ok) return refuse([...wrong, ...chosen.error]);
  const product = chosen.value;
  const { own, grouped } = findLocks(tree, product, device);
  const mistakes: Mistake[] = [...wrong, ...tree.doubts('DeviceLock', product)];
  if (own.length === 0) {
    for (const lock of grouped) {
      mistakes.push({
        code: 'LockedByGroup',
        message: `${nameOf(lock)} locks the group ${lock.spec.group}, and device ${shorten(device, 80)} is one of its devices.`,
        remedy: `Take the device out of the group ${lock.spec.group}, or remove that lock.`,
        place: placeOf(lock, 'spec.group'),
      });
    }
    if (grouped.length === 0) {
      const near = findNearest(device, lockedDevices(tree, product));
      mistakes.push({
        code: 'UnknownLock',
        message: `No DeviceLock of ${product} lists device ${shorten(device, 80)}.`,
        remedy: near === null ? 'Nothing holds it; check the id.' : `Did you mean ${near}?`,
        place: null,
      });
    }
  }
  if (mistakes.length > 0) return refuse(mistakes);

  const draft = createDraft(tree);
  const summary = [
    ...own.flatMap((lock) => releaseDevice(draft, lock, device)),
    ...grouped.map(
      (lock) =>
        `Device ${device} stays locked to ${lock.spec.version} by ${nameOf(lock)}, as a member of the group ${lock.spec.group}.`,
    ),
  ];
  return draft.finish({
    branch: nameBranch('unlock', [product, device.slice(0, 8)], { device, product }),
    title: `Unlock ${shorten(device, 40)} of ${product}`,
    summary,
  });
}
