// A snapshot of a simulated fleet in words: short parts for a display, or one plain line for logs. Pure; how the parts
// are laid out, and when they are shown, is the command's business.

import type { FleetSnapshot } from './snapshot.ts';

const VERSIONS_SHOWN_MAX = 4;

/** What is going on or went wrong, the most important part first; nothing that is zero. */
export function listActivity(snapshot: FleetSnapshot): readonly string[] {
  return listCounts(snapshot).map(([name, count]) => `${formatCount(count)} ${name}`);
}

/** How many devices the gateway answers: `1,998/2,000 connected`. */
export function renderConnected({ connected, devices }: FleetSnapshot): string {
  return `${formatCount(connected)}/${formatCount(devices)} connected`;
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
    `connected=${snapshot.connected}`,
    `versions=${versions.join(',') || '-'}`,
    `downloading=${snapshot.downloading}`,
    `installing=${snapshot.installing}`,
    `rebooting=${snapshot.rebooting}`,
    `failed=${snapshot.failed}`,
    `polls=${snapshot.polls}`,
    `errors=${errors.join(',') || '-'}`,
  ].join(' ');
}

/** The versions that run, the most frequent first: `version 42: 1,500, 41: 500`. */
export function renderVersions(snapshot: FleetSnapshot): string {
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
