// The audit log for people at a terminal.

import type { EventJson } from './answers.ts';
import { shortRevision, type TextStyle } from './plain-text.ts';
import { renderTable, type Cell, type Column } from './table.ts';

const COLUMNS: readonly Column[] = [
  { title: 'TIME' },
  { title: 'PRODUCT' },
  { title: 'EVENT' },
  { title: 'DEVICE' },
  { title: 'REVISION' },
  { title: 'MESSAGE' },
];

/** Events in the order given, as text; ends with a line break. Times are UTC. */
export function renderEventsText(events: readonly EventJson[], style: TextStyle): string {
  if (events.length === 0) return 'No events.\n';
  return `${renderTable(COLUMNS, events.map(eventRow), style).join('\n')}\n`;
}

function eventRow(event: EventJson): readonly Cell[] {
  const { at, product, type, device, revision, manifest, message } = event;
  const bad = /Failed|Halted|Refused|Quarantined|Stopped|Withdrawn|Drift|Capped/.test(type);
  return [
    `${at.slice(0, 19).replace('T', ' ')}Z`,
    product ?? '',
    bad ? { text: type, paint: 'red' } : type,
    device ?? '',
    revision === null ? '' : shortRevision(revision),
    manifest === null ? message : `${message} [${manifest}]`,
  ];
}
