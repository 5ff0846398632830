// Faults that simulated devices can have whatever they are offered, and which devices have which. What a fault does is
// in `attempt.ts` and `boot.ts`; faults of a version are in `bad-version.ts`.

import { drawShares } from './draw.ts';

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
    for (const id of drawShares(seed, fault, ids, [shares[fault] ?? 0]).flat()) {
      const faults = faultsById.get(id);
      if (faults === undefined) faultsById.set(id, new Set([fault]));
      else faults.add(fault);
    }
  }
  return faultsById;
}
