// Lines of the event log.

import { h } from 'preact';
import { Badge } from './badge.js';
import { eventWords } from './event-words.js';
import { CommitLink, DeviceLink, ManifestLink, PlaceLink } from './links.js';
import { Table } from './table.js';
import { Time } from './time.js';

/** @import { EventJson } from '../answers.js' */

/** @type {readonly import('./table.js').Column<EventJson>[]} */
const COLUMNS = [
  { title: 'When', className: 'nowrap', cell: ({ at }) => h(Time, { at }) },
  { title: 'What', className: 'nowrap', cell: ({ type }) => h(Kind, { type }) },
  { title: 'Message', className: 'message', cell: (event) => h(Message, { event }) },
  {
    title: 'Manifest',
    className: 'manifest',
    cell: (event) => h(Manifest, { event }),
  },
  {
    title: 'Commit',
    className: 'nowrap',
    cell: ({ revision }) => revision && h(CommitLink, { revision }),
  },
];

/** @param {{ events: readonly EventJson[], caption: string }} props */
export function EventTable({ events, caption }) {
  return Table({
    caption,
    columns: COLUMNS,
    rows: events,
    keyOf: ({ id }) => id,
  });
}

/** @param {{ type: string }} props */
function Kind({ type }) {
  const { words, tone } = eventWords(type);
  return h(Badge, { tone, title: type }, words);
}

/**
 * Its page here, and where it stood at the forge.
 * @param {{ event: EventJson }} props
 */
function Manifest({ event: { manifest, product, file, line, revision } }) {
  if (manifest === null) return null;
  return [
    h(ManifestLink, { key: 'page', manifest, product }),
    file !== null &&
      h('div', { key: 'place', class: 'hint' }, h(PlaceLink, { file, line, revision })),
  ];
}

/** @param {{ event: EventJson }} props */
function Message({ event: { message, product, device } }) {
  return h(
    'div',
    null,
    shortenDigests(message),
    (product !== null || device !== null) &&
      h(
        'div',
        { class: 'hint' },
        product,
        product !== null && device !== null && ' · ',
        device !== null && product !== null && h(DeviceLink, { product, id: device }),
      ),
  );
}

/**
 * Whole digests and commits say nothing to the eye: their first letters stand for them, and the rest is on hover.
 * @param {string} message
 */
function shortenDigests(message) {
  return message
    .split(/\b([0-9a-f]{40,64})\b/)
    .map((part, index) =>
      index % 2 === 0
        ? part
        : h('span', { key: index, class: 'mono', title: part }, `${part.slice(0, 7)}…`),
    );
}
