// How a release went: its exposure, the outcomes of its devices, and their failures beside the halt line, one under the
// other over the same time. The figures above each stand for now, or for where the pointer is; all of them are in a table
// as well.

import { h } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';
import { useNow } from '../hooks.js';
import { pointAt, roundUp, seriesOf, stairs, surface, timeMarks } from './chart-scale.js';
import { formatCount, formatPercent } from './number.js';
import { Table } from './table.js';
import { formatMoment, Time } from './time.js';

/** @import { ComponentChildren } from 'preact' */
/** @import { RolloutJson } from '../../reports/watch-answers.ts' */
/** @import { Point, Series } from './chart-scale.js' */

const HEIGHT = 84;
const LEFT = 46;
const RIGHT = 10;
const TOP = 6;
const AXIS = 22;
/** Room for a time below the axis. */
const MARK_WIDTH = 92;
const ROWS_MAX = 200;

/** @param {{ rollout: RolloutJson }} props */
export function ExposureChart({ rollout }) {
  const now = useNow(5_000);
  const [place, width] = useWidth();
  const [pointed, setPointed] = useState(/** @type {number | null} */ (null));
  const series = seriesOf(rollout, now);
  if (series === null) return h('p', { class: 'section-body muted' }, 'It has not begun.');
  const last = pointAt(series, series.to);
  const point = pointed === null ? last : pointAt(series, pointed);
  if (last === null || point === null) return null;
  const { haltRate, minAttempts, haltAction } = rollout;
  const outcomes = roundUp(
    largest(series, ({ succeeded, failed, inFlight }) => [succeeded, failed, inFlight]),
  );
  const rates = Math.min(
    100,
    roundUp(largest(series, ({ failureRate }) => [failureRate ?? 0, haltRate * 1.2])),
  );
  const frame = { series, width, pointed, onPoint: setPointed };
  return h(
    'figure',
    { class: 'chart', ref: place },
    h(
      'figcaption',
      { class: 'chart-when hint' },
      pointed === null
        ? rollout.finishedAt === null
          ? 'Now'
          : 'At its end'
        : h('span', null, formatMoment(new Date(pointed), now)),
    ),
    h(Panel, {
      ...frame,
      title: 'Exposure',
      figures: [['chart-exposure', `${formatPercent(point.exposure)} of devices`]],
      max: 100,
      unit: '%',
      summary: `The exposure over time; it is ${formatPercent(last.exposure)} now.`,
      draw: (scale) => [
        h('path', { class: 'chart-surface', d: surface(series, (each) => each.exposure, scale) }),
        h('path', {
          class: 'chart-line chart-exposure',
          d: stairs(series, (each) => each.exposure, scale),
        }),
      ],
    }),
    h(Panel, {
      ...frame,
      title: 'Devices',
      figures: [
        ['chart-succeeded', `${formatCount(point.succeeded)} succeeded`],
        ['chart-failed', `${formatCount(point.failed)} failed`],
        ['chart-moving', `${formatCount(point.inFlight)} under way`],
      ],
      max: outcomes,
      unit: '',
      summary: `Devices over time: ${formatCount(last.succeeded)} succeeded, ${formatCount(last.failed)} failed and ${formatCount(last.inFlight)} are under way now.`,
      draw: (scale) =>
        /** @type {const} */ ([
          ['chart-moving', (/** @type {Point} */ each) => each.inFlight],
          ['chart-succeeded', (/** @type {Point} */ each) => each.succeeded],
          ['chart-failed', (/** @type {Point} */ each) => each.failed],
        ]).map(([name, pick]) =>
          h('path', { key: name, class: `chart-line ${name}`, d: stairs(series, pick, scale) }),
        ),
    }),
    h(Panel, {
      ...frame,
      title: 'Failure rate',
      figures: [
        [
          'chart-failed',
          point.failureRate === null ? 'no outcome yet' : formatPercent(point.failureRate),
        ],
        ['chart-halt', `halt line at ${formatPercent(haltRate)}`],
      ],
      max: rates,
      unit: '%',
      hasAxis: true,
      summary: `Failed devices of those that failed or succeeded, over time. Above ${formatPercent(haltRate)}, from ${formatCount(minAttempts)} on, the release ${haltAction === 'hold' ? 'holds' : 'is rolled back'}.`,
      draw: (scale) => [
        h('line', {
          class: 'chart-halt-line',
          x1: scale.x(series.from),
          x2: scale.x(series.to),
          y1: scale.y(haltRate),
          y2: scale.y(haltRate),
        }),
        h('path', {
          class: 'chart-line chart-failed',
          d: stairs(series, (each) => each.failureRate, scale),
        }),
      ],
    }),
    h(
      'details',
      { class: 'chart-table' },
      h('summary', null, 'As a table'),
      h(SampleTable, { series }),
    ),
  );
}

/**
 * @typedef {object} PanelProps
 * @property {string} title
 * @property {readonly (readonly [className: string, text: string])[]} figures
 * @property {string} summary For those who do not see it.
 * @property {Series} series
 * @property {number} width
 * @property {number} max
 * @property {string} unit
 * @property {boolean} [hasAxis]
 * @property {number | null} pointed
 * @property {(at: number | null) => void} onPoint
 * @property {(scale: { x: (at: number) => number, y: (value: number) => number }) => ComponentChildren} draw
 */

/** @param {PanelProps} props */
function Panel({
  title,
  figures,
  summary,
  series,
  width,
  max,
  unit,
  hasAxis = false,
  pointed,
  onPoint,
  draw,
}) {
  const { from, to } = series;
  const right = Math.max(LEFT + 40, width - RIGHT);
  const bottom = TOP + HEIGHT;
  /** @param {number} at */
  const x = (at) => LEFT + ((at - from) / (to - from)) * (right - LEFT);
  /** @param {number} value */
  const y = (value) => bottom - (Math.min(value, max) / max) * HEIGHT;
  /** @param {PointerEvent} event */
  const point = (event) => {
    const box = /** @type {SVGElement} */ (event.currentTarget).getBoundingClientRect();
    const share = (event.clientX - box.left - LEFT) / (right - LEFT);
    onPoint(from + Math.min(1, Math.max(0, share)) * (to - from));
  };
  const marks = timeMarks(from, to, Math.max(2, Math.floor((right - LEFT) / MARK_WIDTH)));
  return h(
    'div',
    { class: 'chart-panel' },
    h(
      'p',
      { class: 'chart-title' },
      h('strong', null, title),
      figures.map(([name, text]) =>
        h(
          'span',
          { key: name, class: `chart-key ${name}` },
          h('i', { 'aria-hidden': 'true' }),
          text,
        ),
      ),
    ),
    h(
      'svg',
      {
        role: 'img',
        'aria-label': `${title}. ${summary}`,
        width,
        height: bottom + (hasAxis ? AXIS : 6),
        onPointerMove: point,
        onPointerLeave: () => onPoint(null),
      },
      h('title', null, title),
      h('desc', null, summary),
      [0, max / 2, max].map((value) =>
        h(
          'g',
          { key: value },
          h('line', { class: 'chart-grid', x1: LEFT, x2: right, y1: y(value), y2: y(value) }),
          (Number.isInteger(value) || unit === '%') &&
            h(
              'text',
              { class: 'chart-text', x: LEFT - 8, y: y(value) + 4, 'text-anchor': 'end' },
              `${COMPACT.format(value)}${unit}`,
            ),
        ),
      ),
      hasAxis &&
        marks.at.map((at) =>
          h(
            'text',
            {
              key: at,
              class: 'chart-text',
              x: x(at),
              y: bottom + 17,
              'text-anchor': anchorOf(x(at), right),
            },
            formatMark(at, marks.stepMs),
          ),
        ),
      draw({ x, y }),
      pointed !== null &&
        h('line', { class: 'chart-pointer', x1: x(pointed), x2: x(pointed), y1: TOP, y2: bottom }),
    ),
  );
}

const COMPACT = new Intl.NumberFormat(undefined, { notation: 'compact' });
const DAY_MS = 86_400_000;
const MARKS = {
  second: new Intl.DateTimeFormat(undefined, {
    hour: '2-digit',
    minute: '2-digit',
    second: '2-digit',
  }),
  minute: new Intl.DateTimeFormat(undefined, { hour: '2-digit', minute: '2-digit' }),
  day: new Intl.DateTimeFormat(undefined, { month: 'short', day: 'numeric' }),
};

/**
 * @param {number} at
 * @param {number} stepMs
 */
function formatMark(at, stepMs) {
  if (stepMs >= DAY_MS) return MARKS.day.format(at);
  return (stepMs < 60_000 ? MARKS.second : MARKS.minute).format(at);
}

/**
 * A mark at an end stays inside the picture.
 * @param {number} x
 * @param {number} right
 */
function anchorOf(x, right) {
  if (x > right - MARK_WIDTH / 3) return 'end';
  return x < LEFT + MARK_WIDTH / 3 ? 'start' : 'middle';
}

/**
 * @param {Series} series
 * @param {(point: Point) => readonly number[]} pick
 */
function largest({ points }, pick) {
  return points.reduce((most, point) => Math.max(most, ...pick(point)), 0);
}

/** @param {{ series: Series }} props */
function SampleTable({ series }) {
  const rows = series.points.toReversed().slice(0, ROWS_MAX);
  return Table({
    caption: 'How the release went, newest first',
    rows,
    keyOf: ({ at }) => at,
    columns: [
      {
        title: 'Since',
        isHeader: true,
        cell: ({ at }) => h(Time, { at: new Date(at).toISOString() }),
      },
      { title: 'Exposure', align: 'end', cell: ({ exposure }) => formatPercent(exposure) },
      { title: 'Succeeded', align: 'end', cell: ({ succeeded }) => formatCount(succeeded) },
      { title: 'Failed', align: 'end', cell: ({ failed }) => formatCount(failed) },
      { title: 'Under way', align: 'end', cell: ({ inFlight }) => formatCount(inFlight) },
      {
        title: 'Failure rate',
        align: 'end',
        cell: ({ failureRate }) => (failureRate === null ? '–' : formatPercent(failureRate)),
      },
    ],
  });
}

/**
 * The width of an element, as it changes.
 * @returns {[import('preact').RefCallback<HTMLElement>, number]}
 */
function useWidth() {
  const [width, setWidth] = useState(600);
  const observer = useRef(/** @type {ResizeObserver | null} */ (null));
  const place = useRef((/** @type {HTMLElement | null} */ element) => {
    observer.current?.disconnect();
    if (element === null) return;
    observer.current = new ResizeObserver(([entry]) => {
      if (entry !== undefined) setWidth(Math.floor(entry.contentRect.width));
    });
    observer.current.observe(element);
  });
  useEffect(() => () => observer.current?.disconnect(), []);
  return [place.current, width];
}
