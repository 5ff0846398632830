// What may be proposed through the API, as one type, and the edit of the manifests that each kind of it is.

import { unreachable } from '../base/assert.ts';
import type { Result } from '../base/result.ts';
import type { FlashMode } from '../model/desired.ts';
import { proposeApproval } from '../proposals/approve-step.ts';
import { proposeLock } from '../proposals/lock.ts';
import type { Proposal, ProposalInput, ProposalRefusal } from '../proposals/proposal.ts';
import { proposeRelease } from '../proposals/release.ts';
import { type HaltedAttempt, proposeResumption } from '../proposals/resume-release.ts';
import { proposeUnlock } from '../proposals/unlock.ts';
import { proposeWithdrawal } from '../proposals/withdraw.ts';

/** A change that a person asks for. `group` null: the release to the whole product. */
export type ProposalRequest =
  | {
      readonly kind: 'lock';
      readonly product: string;
      readonly device: string;
      readonly version: number;
      readonly flash: FlashMode;
      readonly reason: string | null;
    }
  | { readonly kind: 'unlock'; readonly product: string; readonly device: string }
  | {
      readonly kind: 'release';
      readonly product: string;
      readonly version: number;
      readonly group: string | null;
    }
  | {
      readonly kind: 'withdraw';
      readonly product: string;
      readonly version: number;
      readonly reason: string;
      readonly url: string | null;
    }
  | {
      readonly kind: 'approve';
      readonly product: string;
      readonly version: number;
      readonly group: string | null;
      readonly step: string;
    }
  | { readonly kind: 'resume'; readonly product: string; readonly group: string | null };

/** Makes the proposal of a request; `halted` is what the fleet says of the release that is to be resumed. */
export function proposeRequest(
  input: ProposalInput,
  request: ProposalRequest,
  halted: HaltedAttempt | null,
): Result<Proposal, ProposalRefusal> {
  switch (request.kind) {
    case 'lock':
      return proposeLock(input, request);
    case 'unlock':
      return proposeUnlock(input, request);
    case 'release':
      return proposeRelease(input, request);
    case 'withdraw':
      return proposeWithdrawal(input, request);
    case 'approve':
      return proposeApproval(input, request);
    case 'resume':
      return proposeResumption(input, { ...request, halted });
    default:
      return unreachable(request);
  }
}
