// A snapshot of a simulated fleet as one line: fitted to a terminal, or plain for logs. Pure; who prints it, and when,
// is the command's business.

import type { FleetSnapshot } from './snapshot.ts';

const VERSIONS_SHOWN_MAX = 4;

/**
 * One line of at most `width` columns, the most important parts first. Parts that do not fit are left out, the least
 * important ones first; only a first part that is too wide by itself is cut.
 */
export function renderProgressLine(snapshot: FleetSnapshot, width: number): string {
  const parts = [
    `${formatCount(snapshot.online)}/${formatCount(snapshot.devices)} online`,
    renderVersions(snapshot),
    ...listCounts(snapshot).map(([name, count]) => `${formatCount(count)} ${name}`),
  ];
  let line = (parts[0] ?? '').slice(0, Math.max(0, width));
  for (const part of parts.slice(1)) {
    const longer = `${line} · ${part}`;
    if (longer.length > width) break;
    line = longer;
  }
  return line;
}

/** The whole snapshot as `name=value` pairs, for logs and for programs that read them. */
export function renderPlainLine(snapshot: FleetSnapshot): string {
  const versions = Object.entries(snapshot.byVersion).map(([name, count]) => `${name}:${count}`);
  const errors = Object.entries(snapshot.errors)
    .filter(([, count]) => count > 0)
    .map(([kind, count]) => `${kind}:${count}`);
  return [
    `devices=${snapshot.devices}`,
    `online=${snapshot.online}`,
    `versions=${versions.join(',') || '-'}`,
    `downloading=${snapshot.downloading}`,
    `installing=${snapshot.installing}`,
    `rebooting=${snapshot.rebooting}`,
    `failed=${snapshot.failed}`,
    `polls=${snapshot.polls}`,
    `errors=${errors.join(',') || '-'}`,
  ].join(' ');
}

function renderVersions(snapshot: FleetSnapshot): string {
  const versions = Object.entries(snapshot.byVersion).sort(([, left], [, right]) => right - left);
  const shown = versions
    .slice(0, VERSIONS_SHOWN_MAX)
    .map(([version, count]) => `${version}: ${formatCount(count)}`);
  const rest = versions.length - shown.length;
  return `version ${shown.join(', ')}${rest > 0 ? `, ${rest} more` : ''}`;
}

/** What is going on or went wrong, without the zeros. */
function listCounts(snapshot: FleetSnapshot): readonly (readonly [name: string, count: number])[] {
  const errors = Object.values(snapshot.errors).reduce((sum, count) => sum + count, 0);
  const counts: readonly (readonly [string, number])[] = [
    ['failed', snapshot.failed],
    ['downloading', snapshot.downloading],
    ['installing', snapshot.installing],
    ['rebooting', snapshot.rebooting],
    [errors === 1 ? 'error' : 'errors', errors],
  ];
  return counts.filter(([, count]) => count > 0);
}

/** Thousands apart, whatever the machine's language. */
function formatCount(count: number): string {
  return String(count).replaceAll(/\B(?=(\d{3})+$)/g, ',');
}
