// Evidence for the verification gate: who has named a version, how strongly, and whether the soak was met. Whether
// it is enough is the gate's decision (`gates/verified.ts`); here it is only collected, and only while it is needed.

import type { EvidenceLevel } from '../model/desired.ts';
import type { DeviceRecord, Moment } from '../model/device.ts';
import { isAsStrong } from '../model/evidence.ts';
import type { PolicyFirmware, ProductPolicy } from '../model/policy.ts';
import type { Draft } from './decision.ts';

/**
 * The unverified firmware that the device could vouch for: what it runs, if the device may verify it and is not known
 * to have got another binary under that number.
 */
export function candidateFirmware(
  device: DeviceRecord,
  policy: ProductPolicy,
): PolicyFirmware | null {
  if (device.standing !== 'active' || device.running === null) return null;
  const firmware = policy.firmware.get(device.running);
  if (firmware === undefined || firmware.verified || firmware.withdrawn) return null;
  const { group } = policy.verification;
  if (group !== null && !group.has(device.id)) return null;
  const { given } = device;
  if (given?.version === firmware.version && given.sha256 !== firmware.sha256) return null;
  return firmware;
}

/** Whether the device's word is wanted now: it never gave any for this binary, or its soak is over. */
export function wantsReport(device: DeviceRecord, policy: ProductPolicy, moment: Moment): boolean {
  const firmware = candidateFirmware(device, policy);
  if (firmware === null) return false;
  const vouched = vouchedFor(device, firmware);
  if (vouched === null) return true;
  const { soakMs } = policy.verification;
  if (vouched.passed && vouched.soakedMs >= soakMs) return false;
  return moment.listened >= (device.runningSince ?? moment.listened) + soakMs;
}

/**
 * Takes the device's report (or, at level `claimed`, its agent's success report) as evidence. `askedSince` is when
 * the report was asked for: a soak is met only by a report asked for after its end.
 */
export function takeEvidence(
  draft: Draft,
  policy: ProductPolicy,
  moment: Moment,
  word: 'report' | 'claim',
  askedSince: number | null,
): void {
  const { device } = draft;
  if (
    device.vouched !== null &&
    device.vouched.version !== device.running &&
    !device.vouched.passed
  ) {
    draft.dropUnmetEvidence = true;
    draft.device = { ...draft.device, vouched: null };
  }
  const firmware = candidateFirmware(device, policy);
  if (firmware === null) return;
  const since = device.runningSince ?? moment.listened;
  const { soakMs } = policy.verification;
  const soaked = soakMs === 0 || (askedSince !== null && askedSince >= since + soakMs);
  const level = levelOf(device, firmware, word);
  const earlier = vouchedFor(device, firmware);
  const isEnough = earlier !== null && earlier.passed && earlier.soakedMs >= soakMs;
  if (isEnough && isAsStrong(earlier.level, level)) return;
  draft.device = {
    ...draft.device,
    vouched: {
      version: firmware.version,
      sha256: firmware.sha256,
      level,
      passed: soaked,
      soakedMs: soaked ? soakMs : 0,
      at: moment.at,
    },
  };
  draft.evidence.push({
    product: device.product,
    version: firmware.version,
    sha256: firmware.sha256,
    device: device.id,
    level,
    since,
    passedAt: soaked ? moment.at : null,
    soakedMs: soaked ? soakMs : 0,
  });
}

/** The device's earlier word about this very binary, if it still counts. */
function vouchedFor(device: DeviceRecord, firmware: PolicyFirmware): DeviceRecord['vouched'] {
  const { vouched } = device;
  return vouched?.version === firmware.version &&
    vouched.sha256 === firmware.sha256 &&
    vouched.at > firmware.evidenceSince
    ? vouched
    : null;
}

function levelOf(
  device: DeviceRecord,
  firmware: PolicyFirmware,
  word: 'report' | 'claim',
): EvidenceLevel {
  if (word === 'claim') return 'claimed';
  const { given } = device;
  return given?.version === firmware.version && given.sha256 === firmware.sha256
    ? 'flashed'
    : 'reported';
}
