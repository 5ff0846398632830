// What the state remembers of versions, as a pure step: from what it knew, what the plan did and what was seen, to
// what it knows now.

import type { Desired } from '../model/desired.ts';
import type { BinaryFacts, FirmwareRecord } from '../model/firmware.ts';
import type { LiveState } from '../model/live.ts';
import type { ProductPlan } from '../model/plan.ts';

/**
 * The records that change; `facts` are those of the stored binaries, by SHA-256. `lost` are versions whose binary is
 * not there any more: unless it is stored again now, they are offered to nobody until it is.
 */
export function rememberFirmware(
  plan: ProductPlan,
  next: Desired,
  live: LiveState,
  facts: ReadonlyMap<string, BinaryFacts>,
  now: number,
  lost: ReadonlySet<number> = new Set(),
): readonly FirmwareRecord[] {
  const known = new Map(live.firmware.map((record) => [record.version, record]));
  const changed = new Map<number, FirmwareRecord>();
  const change = (version: number, to: (record: FirmwareRecord) => FirmwareRecord): void => {
    const record = changed.get(version) ?? known.get(version);
    if (record !== undefined) changed.set(version, to(record));
  };
  for (const version of lost) change(version, (record) => ({ ...record, stored: false }));
  for (const action of plan.actions) {
    if (action.type === 'UploadFirmware') {
      const found = facts.get(action.sha256);
      if (found === undefined) continue;
      const { size, sha1, md5 } = found;
      const before =
        known.get(action.version) ??
        firstRecord(live.product, action.version, action.sha256, action.trace.revision, now);
      changed.set(action.version, { ...before, size, sha1, md5, stored: true });
    } else if (action.type === 'WithdrawFirmware') {
      const sha256 =
        next.firmware.find(({ spec }) => spec.version === action.version)?.spec.binary.sha256 ?? '';
      if (!known.has(action.version)) {
        changed.set(
          action.version,
          firstRecord(live.product, action.version, sha256, action.trace.revision, now),
        );
      }
      change(action.version, (record) => ({
        ...record,
        withdrawnAt: now,
        verifiedAt: null,
        finishedAt: null,
      }));
    }
  }
  for (const version of plan.newlyVerified)
    change(version, (record) => ({ ...record, verifiedAt: now }));
  for (const version of plan.newlyFinished) {
    change(version, (record) =>
      record.finishedAt === null ? { ...record, finishedAt: now } : record,
    );
  }
  return [...changed.values()].filter((record) => record !== known.get(record.version));
}

function firstRecord(
  product: string,
  version: number,
  sha256: string,
  revision: string,
  now: number,
): FirmwareRecord {
  return {
    product,
    version,
    sha256,
    size: 0,
    sha1: '',
    md5: '',
    addedAt: now,
    addedRevision: revision,
    verifiedAt: null,
    finishedAt: null,
    withdrawnAt: null,
    stored: false,
  };
}
