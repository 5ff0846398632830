// Which devices the planner wants to see one by one: those that manifests name, now in force or desired.

import type { Desired } from '../model/desired.ts';

/** The ids that any of the given desired states names in groups and locks. */
export function namedDevices(
  ...states: readonly (Desired | null | undefined)[]
): ReadonlySet<string> {
  const ids = new Set<string>();
  for (const state of states) {
    for (const { spec } of state?.groups ?? []) for (const id of spec.devices) ids.add(id);
    for (const { spec } of state?.locks ?? []) for (const id of spec.devices ?? []) ids.add(id);
  }
  return ids;
}
