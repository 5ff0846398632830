// Judges what is in force after a pass: it is what somebody committed, and what is wrong with a revision moves nothing.
// Invariants 2 and 5.

import type { Desired } from '../../../controller/model/desired.ts';
import type { Books } from './books.ts';
import { mayBeVerified, must } from './books.ts';
import type { FleetWords } from './fleet-words.ts';
import type { Audience } from './history.ts';

/** What the source holds. */
export interface SourceSeen {
  /** The newest revision cannot be read. */
  readonly isFrozen: boolean;
  /** The newest one that can. */
  readonly tip: FleetWords | null;
  readonly commits: ReadonlyMap<string, FleetWords>;
}

/** Compares what is in force with what was before, and with what was committed. */
export function checkInForce(
  books: Books,
  before: Desired,
  { isFrozen, tip, commits }: SourceSeen,
): void {
  const { inForce } = books;
  if (isFrozen) {
    const [old, now] = [before, inForce].map(({ config, firmware, groups, locks, releases }) =>
      JSON.stringify([config, firmware, groups, locks, releases]),
    );
    must('5', old === now, () => 'a revision that cannot be read changed what is in force');
    return;
  }
  if (tip === null) return;
  for (const { spec, origin } of before.locks) {
    const number = Number(origin.name.replace('lock-', ''));
    const isWanted = tip.locks.get(number)?.version === spec.version;
    const isKept = inForce.locks.some((each) => each.origin.name === origin.name);
    must('5', isKept || !isWanted, () => `${origin.name} ended, and the manifests have it`);
  }
  for (const { origin } of inForce.locks) {
    const number = Number(origin.name.replace('lock-', ''));
    must('5', tip.locks.has(number), () => `${origin.name} is in force, and no manifest has it`);
  }
  for (const { spec, origin } of inForce.releases) {
    const audience: Audience =
      spec.group === 'listed' || spec.group === 'matched' ? spec.group : 'all';
    const name = `the release of ${spec.version} to ${audience}`;
    const words = commits.get(origin.revision)?.releases.get(audience);
    const { product: _product, group: _group, ...said } = spec;
    must('5', JSON.stringify(words) === JSON.stringify(said), () => {
      return `${name} is not what ${origin.revision} says`;
    });
    const newest = tip.releases.get(audience);
    must('5', newest !== undefined, () => `${name} is in force, and was removed`);
    const isKept = before.releases.some(
      (each) => each.spec.group === spec.group && each.spec.version === spec.version,
    );
    const isVerified = mayBeVerified(books, spec.version);
    must('2', isKept || isVerified, () => `${name} came into force unverified`);
  }
}
