// The one order of a desired state's lists, so that a plan does not depend on the order in which manifests were read.

import type { Desired, Placed } from '../model/desired.ts';

/** The same manifests, each list in the order that `Desired` promises. */
export function sortDesired(desired: Desired): Desired {
  return {
    ...desired,
    firmware: [...desired.firmware].sort(
      (a, b) => a.spec.version - b.spec.version || compareNames(a, b),
    ),
    groups: [...desired.groups].sort(compareNames),
    locks: [...desired.locks].sort(compareNames),
    releases: [...desired.releases].sort(
      (a, b) => compareText(a.spec.group ?? '', b.spec.group ?? '') || compareNames(a, b),
    ),
  };
}

/** Compares by code units, as everything in a plan is sorted. */
export function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

function compareNames<T>(a: Placed<T>, b: Placed<T>): number {
  return compareText(a.origin.name, b.origin.name);
}
