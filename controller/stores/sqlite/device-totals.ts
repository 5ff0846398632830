// How many devices match a search, where that is known without looking at too many of them: from the counters, or by
// counting a rare set.

import type { Tallies } from '../../model/live.ts';
import { UNKNOWN_VERSION_KEY } from '../../devices/tally.ts';
import type { DeviceFilter } from '../device-search.ts';
import { joinConditions, propertyConditions, type DeviceSelect } from './device-conditions.ts';
import type { Gathered, RareSet } from './device-filter.ts';

export interface CountPorts {
  /** Counts the rows of a select, but not further than to `most`. */
  readonly countUpTo: (select: DeviceSelect, most: number) => number;
  /** Devices that are counted one by one at most. */
  readonly most: number;
  readonly tallies: () => Tallies;
}

/** The number; null where it would take too long. `matchesOf`: from and where of all that match, by way of a set. */
export function countMatches(
  filter: DeviceFilter,
  product: number,
  rare: Gathered | null,
  matchesOf: (set: RareSet) => DeviceSelect,
  ports: CountPorts,
): number | null {
  if (rare !== null) {
    const isAll = Object.keys(filter).every((name) => name === rare.set.serves);
    if (isAll) return rare.size;
    const { sql, values } = matchesOf(rare.set);
    return ports.countUpTo({ sql: `SELECT 1 ${sql}`, values }, ports.most);
  }
  const isTallied = Object.keys(filter).every((name) => TALLIED.has(name));
  return isTallied ? countTallied(filter, product, ports) : null;
}

/** Parts of a filter by which active devices are counted with each write. */
const TALLIED: ReadonlySet<string> = new Set<keyof DeviceFilter>(['running', 'locked', 'standing']);

function countTallied(filter: DeviceFilter, product: number, ports: CountPorts): number | null {
  const { running, locked, standing } = filter;
  const tallies = ports.tallies();
  if (standing === 'quarantined' && running === undefined && locked === undefined) {
    return tallies.get('standing:quarantined') ?? 0;
  }
  if (standing !== undefined && standing !== 'active') return null;
  let active = 0;
  for (const [name, devices] of tallies) {
    const [kind, version] = name.split(':');
    const isRunning =
      running === undefined || version === (running === null ? UNKNOWN_VERSION_KEY : `${running}`);
    const isKind = locked === undefined || kind === (locked ? 'locked' : 'unlocked');
    if ((kind === 'locked' || kind === 'unlocked') && isRunning && isKind) active += devices;
  }
  if (standing === 'active') return active;
  const apart = countApart(filter, product, ports);
  return apart === null ? null : active + apart;
}

/** Devices that are expected or in quarantine are few as a rule, and not counted by version or lock. */
function countApart(filter: DeviceFilter, product: number, ports: CountPorts): number | null {
  const from = 'SELECT 1 FROM device AS d INDEXED BY device_apart WHERE';
  const all = { sql: 'd.product = ? AND d.standing <> 1', values: [product] };
  const { most, countUpTo } = ports;
  const size = countUpTo({ sql: `${from} ${all.sql}`, values: all.values }, most + 1);
  if (size > most) return null;
  const { sql, values } = joinConditions([all, ...propertyConditions(filter).values()]);
  return countUpTo({ sql: `${from} ${sql}`, values }, most);
}
