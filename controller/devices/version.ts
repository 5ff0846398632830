// From the text that a device reports to a version, and back.

import type { ProductPolicy } from '../model/policy.ts';

/**
 * The version that a reported text means: the firmware whose `reportedAs` it is, else a plain decimal 1..65534 that
 * belongs to no firmware with a `reportedAs` of its own. Null: unknown (0, 65535, unreadable, or null itself).
 */
export function readVersion(text: string | null, policy: ProductPolicy): number | null {
  if (text === null) return null;
  const named = policy.versionByText.get(text);
  if (named !== undefined) return named;
  if (!/^[1-9]\d{0,4}$/.test(text)) return null;
  const version = Number(text);
  if (version > 65_534 || policy.firmware.has(version)) return null;
  return version;
}
