// Faults that simulated devices can have, and which devices have which. What a fault does is in `attempt.ts` and
// `boot.ts`; here are only names, shares and the draw.

import { hashText } from './seeded-random.ts';

/** Every fault by name (also the flag's name on the command line), with what it does. */
export const FAULTS = {
  'fail-install': 'fails to install, and reports the failure where its client does',
  'go-silent': 'stops polling in the middle of the attempt, until it is switched off and on',
  'fall-back': 'runs the new version, then returns to the old one after a time',
  'stay-old': 'reports success, and still runs the old version after the reboot',
  'slow-link': 'downloads over a slow link',
  'cut-download': 'loses the connection once during each download, and resumes it',
  'refuse-cancel': 'refuses to cancel',
} as const;

export type FaultName = keyof typeof FAULTS;

/** Share of the devices (0..1) that has each fault; a fault that is not named has none. */
export type FaultShares = Readonly<Partial<Record<FaultName, number>>>;

/** All faults, in the order in which they are listed. */
export const FAULT_NAMES = Object.keys(FAULTS) as readonly FaultName[];

/**
 * Draws the faults of every device: exactly the share asked for, rounded, and at least one device for a share above
 * zero. Depends only on the seed and the ids, not on their order; faults are drawn apart, so a device may have several.
 */
export function assignFaults(
  seed: number,
  ids: readonly string[],
  shares: FaultShares,
): ReadonlyMap<string, ReadonlySet<FaultName>> {
  const faultsById = new Map<string, Set<FaultName>>();
  for (const fault of FAULT_NAMES) {
    const share = Math.min(1, Math.max(0, shares[fault] ?? 0));
    if (share === 0) continue;
    const count = Math.max(1, Math.round(share * ids.length));
    for (const id of rankIds(seed, fault, ids).slice(0, count)) {
      const faults = faultsById.get(id);
      if (faults === undefined) faultsById.set(id, new Set([fault]));
      else faults.add(fault);
    }
  }
  return faultsById;
}

/** A share as a flag writes it (`10%`, `2.5%`) as a number 0..1; null where the text is not one. */
export function parseShare(text: string): number | null {
  const match = /^(\d{1,3}(?:\.\d{1,4})?)%$/.exec(text.trim());
  const percent = Number(match?.[1] ?? Number.NaN);
  return percent >= 0 && percent <= 100 ? percent / 100 : null;
}

function rankIds(seed: number, fault: FaultName, ids: readonly string[]): readonly string[] {
  return ids
    .map((id) => ({ id, rank: hashText(`${seed}/${fault}/${id}`) }))
    .sort((left, right) => left.rank - right.rank || (left.id < right.id ? -1 : 1))
    .map((ranked) => ranked.id);
}
