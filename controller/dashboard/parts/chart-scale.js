// From the samples of a release to lines of a chart: points, scales and marks. Nothing is drawn here.

/** @import { RolloutJson } from '../../reports/watch-answers.ts' */

/**
 * How a release stood from a time on, until the next point.
 * @typedef {object} Point
 * @property {number} at Epoch milliseconds.
 * @property {number} exposure Percent.
 * @property {number} succeeded
 * @property {number} failed
 * @property {number} inFlight
 * @property {number | null} failureRate Percent; null while nothing has an outcome.
 */

/**
 * @typedef {object} Series
 * @property {number} from
 * @property {number} to
 * @property {readonly Point[]} points Oldest first; never empty.
 */

const SPAN_MIN_MS = 10_000;
const SECOND_MS = 1_000;
const MINUTE_MS = 60 * SECOND_MS;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;
const TIME_STEPS_MS = [
  ...[1, 2, 5, 10, 15, 30].map((seconds) => seconds * SECOND_MS),
  ...[1, 2, 5, 10, 15, 30].map((minutes) => minutes * MINUTE_MS),
  ...[1, 2, 3, 6, 12].map((hours) => hours * HOUR_MS),
  ...[1, 2, 7, 14, 28, 91, 365].map((days) => days * DAY_MS),
];

/**
 * The points of a release until now, or until it was done; null where it has not begun.
 * @param {Pick<RolloutJson, 'samples' | 'startedAt' | 'finishedAt' | 'halt' | 'progress'>} rollout
 * @param {number} now
 * @returns {Series | null}
 */
export function seriesOf({ samples, startedAt, finishedAt, halt, progress }, now) {
  const points = samples.map(({ at, exposure, inFlight, succeeded, failed }) =>
    pointOf(Date.parse(at), { exposure, inFlight, succeeded, failed }),
  );
  if (halt !== null) insertHalt(points, halt);
  const first = points[0]?.at ?? (startedAt === null ? null : Date.parse(startedAt));
  if (first === null) return null;
  const last = points.at(-1);
  const ended = finishedAt === null ? null : Math.max(Date.parse(finishedAt), last?.at ?? first);
  // What came last may be newer than the newest sample.
  if (progress !== null && ended === null && now > (last?.at ?? 0)) {
    points.push(pointOf(now, progress));
  }
  if (points.length === 0) return null;
  const to = Math.max(ended ?? now, points.at(-1)?.at ?? first, first + SPAN_MIN_MS);
  return { from: first, to, points };
}

/**
 * A halt is told with its numbers, sampled or not.
 * @param {Point[]} points
 * @param {NonNullable<RolloutJson['halt']>} halt
 */
function insertHalt(points, { at, succeeded, failed }) {
  const halted = Date.parse(at);
  const index = points.findLastIndex((point) => point.at < halted);
  const before = points[index];
  if (before === undefined || points[index + 1]?.at === halted) return;
  points.splice(index + 1, 0, pointOf(halted, { ...before, succeeded, failed }));
}

/**
 * @param {number} at
 * @param {{ exposure: number, inFlight: number, succeeded: number, failed: number }} figures
 * @returns {Point}
 */
function pointOf(at, { exposure, inFlight, succeeded, failed }) {
  const outcomes = succeeded + failed;
  const failureRate = outcomes === 0 ? null : (100 * failed) / outcomes;
  return { at, exposure, inFlight, succeeded, failed, failureRate };
}

/**
 * How it stood at a time.
 * @param {Series} series
 * @param {number} at
 * @returns {Point | null}
 */
export function pointAt({ points }, at) {
  return points.findLast((point) => point.at <= at) ?? points[0] ?? null;
}

/**
 * A line that holds each value until the next; where there is none, there is a gap.
 * @param {Series} series
 * @param {(point: Point) => number | null} pick
 * @param {{ x: (at: number) => number, y: (value: number) => number }} scale
 * @returns {string} The path's `d`.
 */
export function stairs({ points, to }, pick, { x, y }) {
  let path = '';
  let isDown = false;
  for (const [index, point] of points.entries()) {
    const value = pick(point);
    if (value === null) {
      isDown = false;
      continue;
    }
    const end = x(points[index + 1]?.at ?? to);
    path += isDown ? `V${round(y(value))}` : `M${round(x(point.at))} ${round(y(value))}`;
    path += `H${round(end)}`;
    isDown = true;
  }
  return path;
}

/**
 * The same as a surface above the bottom.
 * @param {Series} series
 * @param {(point: Point) => number} pick
 * @param {{ x: (at: number) => number, y: (value: number) => number }} scale
 */
export function surface(series, pick, scale) {
  const line = stairs(series, pick, scale);
  const bottom = round(scale.y(0));
  return `${line}V${bottom}H${round(scale.x(series.from))}Z`;
}

/**
 * A round number to end a scale at, no smaller than the largest value.
 * @param {number} largest
 */
export function roundUp(largest) {
  if (largest <= 1) return 1;
  const size = 10 ** Math.floor(Math.log10(largest));
  return ([1, 2, 4, 6, 8, 10].find((each) => each * size >= largest) ?? 10) * size;
}

/**
 * Times to mark, at round ones of the reader's zone.
 * @param {number} from
 * @param {number} to
 * @param {number} most How many there is room for.
 * @returns {{ at: readonly number[], stepMs: number }}
 */
export function timeMarks(from, to, most) {
  const span = to - from;
  const stepMs = TIME_STEPS_MS.find((step) => span / step <= most) ?? 365 * DAY_MS;
  const zone = new Date(from).getTimezoneOffset() * MINUTE_MS;
  const at = [];
  for (let next = Math.ceil((from - zone) / stepMs) * stepMs + zone; next <= to; next += stepMs) {
    at.push(next);
  }
  return { at, stepMs };
}

/** @param {number} value */
function round(value) {
  return Math.round(value * 10) / 10;
}
