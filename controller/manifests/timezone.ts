// Which names of time zones there are. The runtime's own list is asked, since it is what windows are computed with.

import { findNearest } from './nearest.ts';

/** Answers that are remembered, so that a file full of windows costs little. */
const REMEMBERED_MAX = 1_000;

const known = new Map<string, boolean>();

/** Whether the runtime can tell local time by a name. */
export function isTimezone(name: string): boolean {
  const present = known.get(name);
  if (present !== undefined) return present;
  if (known.size >= REMEMBERED_MAX) known.clear();
  const answer = isAccepted(name);
  known.set(name, answer);
  return answer;
}

function isAccepted(name: string): boolean {
  try {
    const format = new Intl.DateTimeFormat('en-US', { timeZone: name });
    return format.resolvedOptions().timeZone !== '';
  } catch {
    return false;
  }
}

let zones: readonly string[] | null = null;

/** All IANA names; asked for once, when the first wrong one is seen. */
function listZones(): readonly string[] {
  zones ??= ['UTC', ...Intl.supportedValuesOf('timeZone')];
  return zones;
}

/** The IANA name that was probably meant, or null. A city alone is found too. */
export function suggestTimezone(name: string): string | null {
  const city = name.slice(name.lastIndexOf('/') + 1).replaceAll(' ', '_');
  return (
    findNearest(name, listZones()) ??
    listZones().find((zone) => zone.toLowerCase().endsWith(`/${city.toLowerCase()}`)) ??
    null
  );
}
