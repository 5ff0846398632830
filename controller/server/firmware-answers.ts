// From the versions of a product to the API's answer: what they are, who runs them, who has verified them, and whether they
// may be released. Pure.

import type { FirmwareSpec } from '../model/desired.ts';
import type { EvidenceRecord } from '../model/device.ts';
import type { CompiledFacts, FirmwareRecord } from '../model/firmware.ts';
import type { LiveState } from '../model/live.ts';
import type { GateReport } from '../model/plan.ts';
import type { Snapshot } from '../model/revision.ts';
import { findReleaseObstacle } from '../plan/releasable.ts';
import type { ProductView } from '../reconciler/controller.ts';
import type { CompiledJson, FirmwareJson, ReleasableJson } from '../reports/answers.ts';
import { isoTime } from '../reports/plain-text.ts';
import { countVersions, traceAnswer } from './product-answers.ts';

/** Devices that are named as having verified a version. */
const VERIFIERS_MAX = 100;

/**
 * The versions in force. `records` and `evidence` are what the state remembers of the product, `snapshot` is the newest
 * reading of the source.
 */
export function firmwareAnswers(
  product: ProductView,
  records: readonly FirmwareRecord[],
  evidence: readonly EvidenceRecord[],
  snapshot: Pick<Snapshot, 'binaries'> | null,
): readonly FirmwareJson[] {
  const { inForce, live, plan } = product;
  const released = new Set(inForce.releases.map(({ spec }) => spec.version));
  return inForce.firmware.map(({ spec, origin }) => {
    const { sha256 } = spec.binary;
    const record =
      records.find((each) => each.version === spec.version && each.sha256 === sha256) ?? null;
    const gate = plan?.gates.find((each) => each.version === spec.version) ?? null;
    return {
      version: spec.version,
      digest: sha256,
      size: record?.size ?? null,
      title: spec.title,
      description: spec.description,
      reportedAs: spec.reportedAs ?? String(spec.version),
      stored: record?.stored ?? false,
      withdrawn: spec.withdrawn,
      retiring: spec.retiring,
      compiled: compiledAnswer(snapshot?.binaries[sha256]?.compiled ?? null),
      verified: record === null ? null : verifiedAnswer(record, evidence),
      ...countRunning(spec.version, live),
      released: released.has(spec.version),
      releasable: releasableAnswer(spec, record, gate, product),
      gate:
        gate === null
          ? null
          : { verdict: gate.verdict, reason: gate.reason, message: gate.message },
      ...traceAnswer(origin),
    };
  });
}

function compiledAnswer(facts: CompiledFacts | null): CompiledJson | null {
  if (facts === null) return null;
  const { format, productId, version, versionText, platform, appHash, details } = facts;
  return {
    format,
    productId,
    version,
    versionText,
    platform,
    appHash,
    details: details.map(([name, value]) => ({ name, value })),
  };
}

function verifiedAnswer(
  record: FirmwareRecord,
  evidence: readonly EvidenceRecord[],
): FirmwareJson['verified'] {
  if (record.verifiedAt === null) return null;
  const by = evidence
    .flatMap(({ version, sha256, device, level, passedAt }) =>
      version === record.version && sha256 === record.sha256 && passedAt !== null
        ? [{ device, level, passedAt }]
        : [],
    )
    .sort((a, b) => a.passedAt - b.passedAt || (a.device < b.device ? -1 : 1));
  return {
    at: isoTime(record.verifiedAt),
    by: by
      .slice(0, VERIFIERS_MAX)
      .map(({ device, level, passedAt }) => ({ device, level, at: isoTime(passedAt) })),
    count: by.length,
  };
}

function countRunning(
  version: number,
  live: LiveState | null,
): Pick<FirmwareJson, 'running' | 'share'> {
  if (live === null) return { running: null, share: null };
  const found = countVersions(live).find((each) => each.version === version);
  const running = found?.devices ?? 0;
  return { running, share: live.devices === 0 ? 0 : running / live.devices };
}

function releasableAnswer(
  firmware: FirmwareSpec,
  record: FirmwareRecord | null,
  gate: GateReport | null,
  { inForce: { releases }, live }: ProductView,
): ReleasableJson {
  const obstacle = findReleaseObstacle({
    firmware,
    group: null,
    releases,
    gate,
    isStored: record?.stored === true,
    isAdopted: live?.adopted !== false,
  });
  return obstacle === null
    ? { may: true, reason: null, message: null, remedy: null }
    : { may: false, ...obstacle };
}
