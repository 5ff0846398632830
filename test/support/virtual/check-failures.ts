// Judges what is written of a device's failures: each goes back to something that the device did or left undone, each is
// counted once, and nothing that it did is overlooked.

import type { DeviceRecord } from '../../../controller/model/device.ts';
import type { Books } from './books.ts';
import { must } from './books.ts';

/** What a device is doing right now, as it told its witness. */
export interface Doing {
  readonly device: string;
  readonly names: { readonly version: number; readonly boot: string | null } | null;
  readonly failedAction: number | null;
}

/** Judges a write of a device's record against what the device was doing; null: nothing, time alone passed. */
export function checkFailures(
  books: Books,
  doing: Doing | null,
  before: DeviceRecord | null,
  after: DeviceRecord,
): void {
  const id = after.id;
  const cause = before === null ? null : causeOf(books, doing, before);
  const counted = countOf(after) - countOf(before);
  const earlier = before?.failures ?? null;
  const isNew = after.failures !== null && after.failures.lastAt === books.clock.now();
  const hasFailed =
    after.failures !== null &&
    (earlier === null || after.failures.lastAt !== earlier.lastAt || counted > 0);
  if (hasFailed && isNew) {
    must('4', cause !== null, () => `${id} counts as failed, and did nothing wrong`);
    const isFresh = earlier?.round !== after.failures?.round;
    must('4', counted === 1 || (isFresh && countOf(after) === 1), () => {
      return `one failure of ${id} (${cause}) was counted ${counted} times`;
    });
    if (cause === 'no outcome in time') books.count('fails: no outcome in time');
    if (after.failures?.retryAt === null) books.count('left alone');
  }
  // What is counted by a clock of the controller may come later than here.
  const mustCount = cause === 'a reported failure' || cause === 'the old version after a boot';
  if (!mustCount || after.standing !== 'active') return;
  must('4', after.outcome?.state === 'failed', () => `${id} failed (${cause}), and no one noticed`);
}

function countOf(device: DeviceRecord | null): number {
  return device?.failures?.count ?? 0;
}

/** What a device did that makes it fail, by its record as it was before. */
function causeOf(books: Books, doing: Doing | null, before: DeviceRecord): string | null {
  const { action } = before;
  const said = doing?.device === before.id ? doing : null;
  if (said !== null && said.failedAction !== null && action?.id === said.failedAction) {
    return action.phase === 'claimed' ? null : 'a reported failure';
  }
  if (said !== null && said.names !== null) {
    const { version, boot } = said.names;
    if (action === null) {
      return version !== before.running ? 'another version' : null;
    }
    if (version === action.version || action.phase !== 'claimed') return null;
    const hasBooted = boot !== null && action.bootAtClaim !== null && boot !== action.bootAtClaim;
    const claimedMs = books.servedMs - (books.servedAtClaim.get(action.id) ?? books.servedMs);
    const isLate = claimedMs >= books.setup.graceRounds * books.setup.pollMinutes * 60_000;
    if (hasBooted) return 'the old version after a boot';
    return isLate ? 'another version' : null;
  }
  if (said === null && action !== null && action.phase !== 'cancelling') {
    const timeoutMs = books.setup.timeoutRounds * books.setup.pollMinutes * 60_000;
    const servedMs = books.servedMs - servedAt(books, before);
    return servedMs >= timeoutMs ? 'no outcome in time' : null;
  }
  return null;
}

/** How much time had been served when the open action was offered. */
function servedAt(books: Books, { action }: DeviceRecord): number {
  return action === null ? 0 : (books.servedAtOffer.get(action.id) ?? 0);
}
