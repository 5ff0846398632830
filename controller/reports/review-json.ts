// A review as JSON, as the API carries it: nothing is lost on the way. Its plans are in the form of `plan-json.ts`.

import type { ChangeReview, ReleaseGateReport } from '../model/review.ts';
import type { PlanJson } from './plan-json.ts';
import { parsePlanJson, planJson } from './plan-json.ts';
import type { ReleasePlanJson } from './release-json.ts';
import { parseReleaseJson, releaseJson } from './release-json.ts';

export interface ReleaseGateReportJson extends Omit<ReleaseGateReport, 'forecast'> {
  readonly forecast: ReleasePlanJson | null;
}

export interface ChangeReviewJson extends Omit<ChangeReview, 'plan' | 'base' | 'releases'> {
  readonly plan: PlanJson;
  readonly base: PlanJson;
  readonly releases: readonly ReleaseGateReportJson[];
}

/** The JSON form of a review. Keys are in a fixed order. */
export function reviewJson(review: ChangeReview): ChangeReviewJson {
  return {
    plan: planJson(review.plan),
    base: planJson(review.base),
    unread: review.unread,
    touchesManifests: review.touchesManifests,
    standing: review.standing,
    gate: review.gate,
    releases: review.releases.map(({ forecast, ...report }) => ({
      ...report,
      forecast: forecast === null ? null : releaseJson(forecast),
    })),
    newFirmware: review.newFirmware,
    policyChanges: review.policyChanges,
  };
}

/**
 * The review that a JSON form was made of, equal to it byte for byte. The form must have been checked: this function
 * trusts its types. Null where its plans are of another major version.
 */
export function parseReviewJson(json: ChangeReviewJson): ChangeReview | null {
  const plan = parsePlanJson(json.plan);
  const base = parsePlanJson(json.base);
  if (plan === null || base === null) return null;
  return {
    plan,
    base,
    unread: json.unread,
    touchesManifests: json.touchesManifests,
    standing: json.standing,
    gate: json.gate,
    releases: json.releases.map(({ forecast, ...report }) => ({
      ...report,
      forecast: forecast === null ? null : parseReleaseJson(forecast),
    })),
    newFirmware: json.newFirmware,
    policyChanges: json.policyChanges,
  };
}
