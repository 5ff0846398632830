// What is otherwise in a plan than in an earlier one of the same change: for what moved between a review and the merge.

import { formatNumber } from '../base/count.ts';
import type { Action, Plan, ProductPlan, Refusal } from '../model/plan.ts';
import type { ChangeReview } from '../model/review.ts';
import { describeGroup, formatExposure } from '../releases/describe-release.ts';
import { describeActions } from './action-lines.ts';
import type { MovedCount } from './fingerprint.ts';
import { digestOf, isCountClose, movedCounts, roundCount, roundedImpact } from './fingerprint.ts';
import {
  actionKey,
  lastingKey,
  lastingText,
  troublesOf,
  warningKey,
  withoutPartner,
} from './plan-keys.ts';
import { compareText } from './sort-desired.ts';

/**
 * What is otherwise now than in the review, one sentence each: actions and refusals that came or went, counts that moved
 * by more than 5 %, a release that starts elsewhere. Revisions, places and order do not matter. Empty where nothing moved.
 * The sentences hold text of manifests.
 */
export function describeMoves(reviewed: Plan, arrived: Plan): readonly string[] {
  const names = [...reviewed.products, ...arrived.products].map(({ product }) => product);
  return [
    ...describeErrors(reviewed, arrived),
    ...[...new Set(names)].sort(compareText).flatMap((name) => {
      const before = reviewed.products.find(({ product }) => product === name);
      const after = arrived.products.find(({ product }) => product === name);
      if (before === undefined) return [`The fleet of ${name} could not be read for the review.`];
      if (after === undefined) return [`The fleet of ${name} cannot be read now.`];
      return describeProduct(before, after);
    }),
  ];
}

function describeErrors(reviewed: Plan, arrived: Plan): readonly string[] {
  const errorsOf = (plan: Plan): ReadonlyMap<string, string> =>
    new Map(
      troublesOf({ ...plan, products: [] }).map((trouble) => [
        lastingKey(trouble, plan.revision),
        `${trouble.problem.reason}: ${trouble.problem.message}`,
      ]),
    );
  const before = errorsOf(reviewed);
  const after = errorsOf(arrived);
  return [
    ...[...after].filter(([key]) => !before.has(key)).map(([, text]) => `New error ${text}`),
    ...[...before].filter(([key]) => !after.has(key)).map(([, text]) => `Mended error ${text}`),
  ];
}

function describeProduct(before: ProductPlan, after: ProductPlan): readonly string[] {
  const { product } = after;
  const linesOf = (actions: readonly Action[], others: readonly Action[]): readonly string[] =>
    describeActions(withoutPartner(actions, others, actionKey)).map(
      ({ type, text }) => `${type}, ${text}.`,
    );
  const frozen =
    before.frozen === after.frozen
      ? []
      : [`${product} is ${after.frozen ? '' : 'no longer '}frozen now.`];
  return [
    ...frozen,
    ...linesOf(after.actions, before.actions).map((text) => `New for ${product}: ${text}`),
    ...linesOf(before.actions, after.actions).map((text) => `No longer for ${product}: ${text}`),
    ...describeStarts(before, after),
    ...describeRefusals(before, after),
    ...movedCounts(before, after).map((moved) => describeCount(product, moved)),
  ];
}

type Start = Extract<Action, { type: 'ReleaseFirmware' }>;

/** Releases that both plans start, and from elsewhere. */
function describeStarts(before: ProductPlan, after: ProductPlan): readonly string[] {
  const startsOf = ({ actions }: ProductPlan): readonly Start[] =>
    actions.filter((action) => action.type === 'ReleaseFirmware');
  const told = ({ from, exposure }: Start): string =>
    `${from === null ? 'without a version before it' : `from version ${from}`} at exposure ${formatExposure(exposure)}`;
  return startsOf(after).flatMap((now) => {
    const then = startsOf(before).find((each) => actionKey(each) === actionKey(now));
    if (then === undefined) return [];
    if (then.from === now.from && isCountClose(then.exposure, now.exposure)) return [];
    return [
      `The release of version ${now.version} of ${after.product} for ${describeGroup(now.group)} starts ${told(now)} now; in the review ${told(then)}.`,
    ];
  });
}

/** Refusals by what is refused and why: their messages name counts of the moment. */
function describeRefusals(before: ProductPlan, after: ProductPlan): readonly string[] {
  const { product } = after;
  const keyOf = ({ reason, manifest, message, place }: Refusal): string =>
    JSON.stringify([reason, manifest, manifest === '' ? [message, place.file] : null]);
  const nameOf = ({ reason, manifest }: Refusal): string =>
    manifest === '' ? reason : `${reason} of ${manifest}`;
  const lifted = after.refusals.flatMap((now) => {
    const then = before.refusals.find((each) => keyOf(each) === keyOf(now));
    if (then === undefined || then.lifts === now.lifts) return [];
    return [`${nameOf(now)} of ${product} is lifted ${LIFTS[now.lifts]} now: ${now.message}`];
  });
  return [
    ...withoutPartner(after.refusals, before.refusals, keyOf).map(
      (refusal) => `Now refused for ${product}, ${nameOf(refusal)}: ${refusal.message}`,
    ),
    ...lifted,
    ...withoutPartner(before.refusals, after.refusals, keyOf).map(
      (refusal) => `No longer refused for ${product}: ${nameOf(refusal)}.`,
    ),
  ];
}

const LIFTS: Readonly<Record<Refusal['lifts'], string>> = {
  devices: 'by devices',
  commit: 'only by a commit',
  person: 'only by a person',
};

function describeCount(product: string, { flash, before, after }: MovedCount): string {
  const counts = `${formatNumber(after)} now, ${formatNumber(before)} in the review.`;
  return flash === null
    ? `Devices of ${product}: ${counts}`
    : `Devices of ${product} that go from ${flash.from ?? 'an unknown version'} to ${flash.to}: ${counts}`;
}

/**
 * SHA-256 (hex) over what a reader would call another review: counts that move a little, the passing of time and other
 * commits with the same content keep it. A report that names commits adds them to its key.
 */
export function changeKey(review: ChangeReview): string {
  return digestOf({
    plan: planShape(review.plan),
    base: planShape(review.base),
    unread: review.unread,
    touchesManifests: review.touchesManifests,
    standing: review.standing.length,
    gate: review.gate,
    releases: review.releases.map((release) => ({
      ...release,
      place: null,
      message: roundText(lastingText(release.message, review.plan.revision)),
      forecast: release.forecast === null ? null : releaseShape(release.forecast),
    })),
    newFirmware: review.newFirmware,
    policyChanges: review.policyChanges,
  });
}

function planShape(plan: Plan): unknown {
  const { revision } = plan;
  return {
    troubles: troublesOf(plan).map((trouble) => [
      trouble.manifest,
      roundText(lastingKey(trouble, revision)),
    ]),
    products: plan.products.map((each) => ({
      product: each.product,
      frozen: each.frozen,
      actions: each.actions.map((action) => [
        actionKey(action),
        action.type === 'ReleaseFirmware' ? [action.from, roundCount(action.exposure)] : null,
      ]),
      warnings: each.warnings.map((warning) => roundText(warningKey(warning, revision))),
      impact: roundedImpact(each),
      releases: each.releases.map(releaseShape),
    })),
  };
}

function releaseShape(release: ProductPlan['releases'][number]): unknown {
  const { version, group, step, rollback, waits, steps } = release;
  return {
    release: [version, group, step, rollback],
    waits: waits.map(({ kind }) => kind),
    steps: steps.map(({ name, exposure, approval, flashes }) => ({
      step: [name, exposure, approval],
      flashes: flashes.map((each) => [each.version, roundCount(each.devices)]),
    })),
  };
}

/** Counts of devices in a sentence, in steps of 5 %; other numbers stay. */
function roundText(text: string): string {
  return text.replace(/\b\d[\d,]*(?= (?:of \d|devices?\b))/g, (count) =>
    String(roundCount(Number(count.replaceAll(',', '')))),
  );
}
