// What makes a part of one plan the same as a part of another, made of another revision or at another time: revisions,
// lines, order and counts of the moment are left out.

import { unreachable } from '../base/assert.ts';
import type { Action, Plan, Refusal, Warning } from '../model/plan.ts';
import type { Problem } from '../model/problem.ts';
import { problemKey } from '../model/review.ts';

/** An error or a refusal of a plan, with all that tells it from another. */
export interface Trouble {
  readonly product: string | null;
  /** `Kind/name`; empty where it was found before anything was planned. */
  readonly manifest: string;
  readonly lifts: Refusal['lifts'];
  readonly problem: Refusal | Problem;
}

/** All errors and refusals of a plan: errors first, then by product. */
export function troublesOf({ errors, products }: Plan): readonly Trouble[] {
  return [
    ...errors.map((problem): Trouble => {
      return { product: problem.product, manifest: '', lifts: 'commit', problem };
    }),
    ...products.flatMap(({ product, refusals }) =>
      refusals.map((problem): Trouble => {
        return { product, manifest: problem.manifest, lifts: problem.lifts, problem };
      }),
    ),
  ];
}

/** The identity of an error or refusal inside its own plan. */
export function troubleKey({ product, problem }: Trouble): string {
  const { reason, message, place } = problem;
  return problemKey({ product, reason, message, place });
}

/** The same for the errors and refusals of all revisions: what it says, without lines and revisions, and who lifts it. */
export function lastingKey({ product, lifts, problem }: Trouble, revision: string): string {
  const { reason, message, place } = problem;
  return `${lifts} ${problemKey({ product, reason, message: lastingText(message, revision), place })}`;
}

/** A message without the revision that it was written for, and without lines of other manifests that it names. */
export function lastingText(message: string, revision: string): string {
  return message.replaceAll(revision, 'REVISION').replace(/:\d+:\d+\b/g, '');
}

/** The same warning in plans of all revisions. */
export function warningKey({ reason, message, place }: Warning, revision: string): string {
  return problemKey({ product: null, reason, message: lastingText(message, revision), place });
}

/** The same action in plans of all revisions. How far a release reaches at first is told apart (`startOf`). */
export function actionKey(action: Action): string {
  const { manifest } = action.trace;
  switch (action.type) {
    case 'ReleaseFirmware': {
      const { type, version, group, rollback } = action;
      return JSON.stringify([type, version, group, rollback, manifest]);
    }
    case 'SetExposure': {
      const { type, version, group, step, cause } = action;
      return JSON.stringify([type, version, group, step, cause, manifest]);
    }
    case 'ConfigureProduct':
    case 'UploadFirmware':
    case 'RetireFirmware':
    case 'WithdrawFirmware':
    case 'ChangeGroup':
    case 'LockDevice':
    case 'UnlockDevice':
    case 'EndRelease': {
      const { trace: _, ...own } = action;
      return JSON.stringify([own, manifest]);
    }
    default:
      return unreachable(action);
  }
}

/** The items that have no partner with the same key among others. One partner is enough for one item only. */
export function withoutPartner<T>(
  items: readonly T[],
  others: readonly T[],
  keyOf: (item: T, isOther: boolean) => string,
): readonly T[] {
  const left = new Map<string, number>();
  for (const other of others) {
    const key = keyOf(other, true);
    left.set(key, (left.get(key) ?? 0) + 1);
  }
  return items.filter((item) => {
    const key = keyOf(item, false);
    const count = left.get(key) ?? 0;
    left.set(key, count - 1);
    return count <= 0;
  });
}
