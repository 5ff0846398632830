// The status of a commit for one product, in one line: it follows the releases through their steps to done, halted or
// rolled back. Nothing in it changes while nothing happens, so that it is written only when something did.

import type { Condition } from '../model/condition.ts';
import type { ProductPlan, Refusal, ReleasePlan, ReleaseWait } from '../model/plan.ts';
import { REASONS } from '../model/reasons.ts';
import { describeProgress } from '../releases/describe-release.ts';
import { cleanText } from './plain-text.ts';

export interface ReleaseStatusView {
  /** The plan after the last pass; null before the first. */
  readonly plan: ProductPlan | null;
  readonly conditions: readonly Condition[];
  /** The emergency stop is pulled. */
  readonly stopped: boolean;
}

export interface ReleaseStatus {
  /** `error`: it cannot be told; `failure`: a person must act, or the release was taken back by its failures. */
  readonly state: 'success' | 'pending' | 'failure' | 'error';
  /** At most 140 characters. */
  readonly description: string;
}

const DESCRIPTION_MAX = 140;

/** Reasons for which nothing of a product can be carried out, whatever its plan says. */
const SOURCE_REASONS: ReadonlySet<Condition['reason']> = new Set<Condition['reason']>([
  'HistoryRewritten',
  'EmptySource',
  'FleetUnreachable',
]);

/** Where the product is on its way to what the commit asks for. What needs a person comes first. */
export function describeReleaseStatus({
  plan,
  conditions,
  stopped,
}: ReleaseStatusView): ReleaseStatus {
  const ready = conditions.find(({ type }) => type === 'Ready');
  if (plan === null || ready?.status === 'Unknown') {
    return tell('error', REASONS.FleetUnreachable.meaning);
  }
  const stalled = conditions.find(({ type }) => type === 'Stalled');
  if (stalled !== undefined && SOURCE_REASONS.has(stalled.reason)) {
    return tell('error', `${stalled.reason}: ${REASONS[stalled.reason].meaning}`);
  }
  if (plan.frozen) return tell('error', 'Frozen: a file with its manifests cannot be read.');
  const halted = plan.releases.filter((release) => waitsFor(release, 'halted'));
  if (halted.length > 0) return tell('failure', describeAll(halted, describeHalted));
  const refused = plan.refusals.filter(({ lifts }) => lifts !== 'devices');
  if (refused.length > 0) return tell('failure', describeRefused(refused));
  if (stopped) return tell('pending', 'Stopped by the emergency stop: nothing more is offered.');
  const waiting = plan.refusals.filter(({ lifts }) => lifts === 'devices');
  if (waiting.length > 0) return tell('pending', describeWaiting(waiting));
  if (plan.warnings.some(({ reason }) => reason === 'StateNew')) {
    return tell('pending', 'Waits for a person: this state has never seen the product (--adopt).');
  }
  const underWay = plan.releases.filter(({ finishedAt }) => finishedAt === null);
  if (underWay.length > 0) return tell('pending', describeAll(underWay, describeUnderWay));
  if (plan.releases.length === 0) return tell('success', 'Carried out; nothing is released.');
  return tell('success', describeAll(plan.releases, describeFinished));
}

function describeHalted(release: ReleasePlan): string {
  const halt = release.waits.find(({ kind }) => kind === 'halted');
  const why = halt?.kind === 'halted' ? halt.message : '';
  // Only a rollback takes back all of the exposure.
  if (release.exposure > 0) return `${nameOf(release)} halted in step ${release.step}: ${why}`;
  const back = release.base === null ? 'was taken back' : `was rolled back to ${release.base}`;
  return `${nameOf(release)} ${back}: ${why}`;
}

function describeUnderWay(release: ReleasePlan): string {
  return `${nameOf(release)}: ${describeProgress(release, { exact: false, counts: false })}`;
}

function describeFinished(release: ReleasePlan): string {
  return release.rollback
    ? `rolled back to ${nameOf(release)}`
    : `${nameOf(release)} has gone through its last step`;
}

/** Messages of refusals count devices, so the reason has to do. */
function describeRefused(refusals: readonly Refusal[]): string {
  const [first] = refusals;
  if (first === undefined) return '';
  const { reason, manifest, place } = first;
  const what = manifest === '' ? '' : ` of ${manifest}`;
  const more = refusals.length === 1 ? '' : `, and ${refusals.length - 1} more`;
  return `Refused: ${reason}${what}, at ${place.file}:${place.line}${more}`;
}

function describeWaiting(refusals: readonly Refusal[]): string {
  return describeAll(refusals, ({ reason, manifest }) =>
    reason === 'ReleaseUnverified'
      ? `${manifest} waits for its version to be verified`
      : `${manifest} waits: ${reason}`,
  );
}

function describeAll<T>(items: readonly T[], describe: (item: T) => string): string {
  return items.map(describe).join('; ');
}

function nameOf({ version, group }: ReleasePlan): string {
  return group === null ? String(version) : `${version} for group ${group}`;
}

function waitsFor({ waits }: ReleasePlan, kind: ReleaseWait['kind']): boolean {
  return waits.some((wait) => wait.kind === kind);
}

function tell(state: ReleaseStatus['state'], text: string): ReleaseStatus {
  const clean = cleanText(text);
  const sentence = `${clean.slice(0, 1).toUpperCase()}${clean.slice(1)}${/[.)]$/.test(clean) ? '' : '.'}`;
  const description =
    sentence.length > DESCRIPTION_MAX ? `${sentence.slice(0, DESCRIPTION_MAX - 1)}…` : sentence;
  return { state, description };
}
