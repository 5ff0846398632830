// A list of devices for people at a terminal.

import type { DeviceSummaryJson, Page } from './answers.ts';
import { formatAgo, type TextStyle } from './plain-text.ts';
import { renderTable, type Cell, type Column } from './table.ts';

const COLUMNS: readonly Column[] = [
  { title: 'DEVICE' },
  { title: 'STATE' },
  { title: 'RUNS', align: 'right' },
  { title: 'SHOULD', align: 'right' },
  { title: 'LOCK' },
  { title: 'HEARD', align: 'right' },
  { title: 'NOTE' },
];

/** The devices of a page as text; ends with a line break. `now`: epoch milliseconds. */
export function renderDevicesText(
  page: Page<DeviceSummaryJson>,
  now: number,
  style: TextStyle,
): string {
  if (page.items.length === 0) return 'No devices.\n';
  const rows = page.items.map((device) => deviceRow(device, now));
  const lines = [...renderTable(COLUMNS, rows, style)];
  if (page.next !== null) lines.push('', 'There are more devices; ask for a larger limit.');
  return `${lines.join('\n')}\n`;
}

function deviceRow(device: DeviceSummaryJson, now: number): readonly Cell[] {
  const { lock, running, target } = device;
  return [
    device.id,
    describeState(device),
    running === null ? (device.standing === 'expected' ? '-' : 'unknown') : String(running),
    target.version === null ? '-' : String(target.version),
    lock === null ? '' : `${lock.version} ${lock.flash}${lock.armed ? '' : ', waits'}`,
    formatAgo(device.lastContactAt, now),
    describeNote(device),
  ];
}

function describeState(device: DeviceSummaryJson): Cell {
  if (device.standing === 'quarantined') return { text: 'quarantined', paint: 'red' };
  if (device.standing === 'expected') return 'expected';
  if (device.failures !== null) return { text: 'failing', paint: 'red' };
  if (device.action !== null) return { text: device.action.phase, paint: 'yellow' };
  return device.online ? { text: 'online', paint: 'green' } : { text: 'offline', paint: 'dim' };
}

function describeNote(device: DeviceSummaryJson): string {
  const { action, failures, quarantine, target } = device;
  if (quarantine !== null) return quarantine;
  if (failures !== null) {
    const last = `version ${failures.version} failed ${failures.count}x: ${failures.lastMessage}`;
    return failures.retryAt === null ? `${last} (left alone)` : last;
  }
  if (action !== null) return `version ${action.version}, attempt ${action.attempt}`;
  if (target.version === null && target.reason !== 'NoRelease') return target.reason ?? '';
  if (target.version !== target.goal) return `on the way to ${target.goal}`;
  if (device.dormant) return 'silent for a week';
  return '';
}
