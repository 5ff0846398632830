// Manifests that ask for different things of the same devices: locks on one device, releases to one audience. All
// that take part are refused, since nobody can say which one is meant.

import { type Entry, entriesOf, type Findings, groupBy, nameEntry } from './findings.ts';

/** Refuses Releases of which a product, or a group, has more than one. */
export function checkReleases(entries: readonly Entry[], findings: Findings): void {
  const releases = entriesOf(entries, 'Release');
  const audiences = groupBy(releases, ({ document: { product, spec } }) =>
    spec === null ? null : `${product}\n${spec.group ?? ''}`,
  );
  for (const rivals of audiences.values()) {
    const [first, second] = rivals;
    if (first === undefined || second === undefined) continue;
    for (const entry of rivals) {
      const other = entry === first ? second : first;
      const group = entry.document.spec?.group ?? null;
      const audience =
        group === null
          ? `Product ${entry.document.product}`
          : `Group ${group} of ${entry.document.product}`;
      findings.refuse(entry, {
        reason: 'ReleaseConflict',
        path: group === null ? 'spec.product' : 'spec.group',
        message: `${audience} is also released to by ${nameEntry(other)}.`,
        remedy: 'Keep one Release for each product and one for each group.',
      });
    }
  }
}

type LockEntry = Entry<'DeviceLock'>;

/** Refuses locks that ask for different versions or flash modes of one device. Linear in locks and devices. */
export function checkLocks(entries: readonly Entry[], findings: Findings): void {
  const locks = groupBy(entriesOf(entries, 'DeviceLock'), ({ document }) => document.product);
  for (const [product, rivals] of locks) {
    const members = new Map<string, readonly string[]>();
    for (const { document } of entriesOf(entries, 'DeviceGroup')) {
      if (document.product !== product || document.spec === null || document.name === null)
        continue;
      // A lock cannot name a group by `match`, which has no members of its own.
      if (document.spec.match === null) members.set(document.name, document.spec.devices);
    }
    checkLocksOfProduct(rivals, members, findings);
  }
}

/** What a lock asks for; equal for two locks that agree. */
function demandOf({ document: { spec } }: LockEntry): string {
  return spec === null ? '' : `${spec.version}, \`flash: ${spec.flash}\``;
}

function checkLocksOfProduct(
  locks: readonly LockEntry[],
  members: ReadonlyMap<string, readonly string[]>,
  findings: Findings,
): void {
  const firsts = new Map<string, LockEntry>();
  /** Devices with two demands, and a lock for each of the two. */
  const contested = new Map<string, readonly [LockEntry, LockEntry]>();
  const demandsByGroup = new Map<string, Set<string>>();
  for (const lock of locks) {
    const group = lock.document.spec?.group ?? null;
    if (group !== null && isKnownDemand(demandsByGroup, group, demandOf(lock))) continue;
    for (const device of lock.document.spec?.devices ?? members.get(group ?? '') ?? []) {
      const first = firsts.get(device);
      if (first === undefined) firsts.set(device, lock);
      else if (demandOf(first) !== demandOf(lock) && !contested.has(device)) {
        contested.set(device, [first, lock]);
      }
    }
  }
  if (contested.size === 0) return;
  const contestedByGroup = new Map(
    [...members].map(([group, devices]) => [group, devices.find((id) => contested.has(id))]),
  );
  for (const lock of locks) {
    const { devices = null, group = null } = lock.document.spec ?? {};
    const device =
      devices === null
        ? contestedByGroup.get(group ?? '')
        : devices.find((id) => contested.has(id));
    const pair = device === undefined ? undefined : contested.get(device);
    if (device === undefined || pair === undefined) continue;
    const other = demandOf(pair[0]) === demandOf(lock) ? pair[1] : pair[0];
    findings.refuse(lock, {
      reason: 'LockConflict',
      path: devices === null ? 'spec.group' : `spec.devices.${devices.indexOf(device)}`,
      message: `Device ${device} is locked to version ${demandOf(lock)} here, and to ${demandOf(other)} by ${nameEntry(other)}.`,
      remedy: 'Remove the device from one of the two locks.',
    });
  }
}

/** Whether looking at one more lock of a group brings nothing new: its demand was seen, or two others were. */
function isKnownDemand(
  demandsByGroup: Map<string, Set<string>>,
  group: string,
  demand: string,
): boolean {
  const demands = demandsByGroup.get(group) ?? new Set();
  if (demands.has(demand) || demands.size >= 2) return true;
  demandsByGroup.set(group, demands.add(demand));
  return false;
}
