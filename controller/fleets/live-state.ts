// The live state of a product, from the counters and the few devices that are named: its cost grows with manifests and
// versions, never with devices.

import { assert } from '../base/assert.ts';
import { isOnline } from '../devices/listening.ts';
import { UNKNOWN_VERSION_KEY } from '../devices/tally.ts';
import type { DeviceSighting, ListenedMs, Outcome } from '../model/device.ts';
import type {
  LiveState,
  NamedDevice,
  OutcomeCount,
  RoundCount,
  Tallies,
  VersionCount,
} from '../model/live.ts';
import type { Store } from '../stores/store.ts';

/** Quarantined devices that are looked at one by one to tell how many of them were heard. */
const QUARANTINED_READ_MAX = 1_000;

/** How a product's fleet is looked at: the time, and what counts as online. */
export interface Vantage {
  readonly listened: ListenedMs;
  /** Whether listening time runs. */
  readonly listening: boolean;
  readonly pollIntervalMs: number;
  /** Since then (`Contact.steadyAt`) a device was heard that counts as online, where devices are counted, not named. */
  readonly onlineSince: number;
}

/**
 * Reads a product's live state. Contacts have to be flushed before. Without a vantage the product is not served: all its
 * devices are offline.
 */
export async function readLiveState(
  store: Store,
  product: string,
  named: ReadonlySet<string>,
  vantage: Vantage | null,
): Promise<LiveState> {
  // Asked for in one turn, so that all of it is of the same moment.
  const [products, tallies, census, byId, locked, firmware, evidence] = await Promise.all([
    store.products(),
    store.tallies(product),
    store.census(product),
    store.devicesById(product, [...named]),
    store.lockedDevices(product),
    store.firmware(product),
    store.evidence(product),
  ]);
  const record = products.find((each) => each.name === product);
  const devices = tallies.get('standing:active') ?? 0;
  const quarantined = tallies.get('standing:quarantined') ?? 0;
  const online =
    vantage === null ? 0 : await countOnline(store, product, quarantined, vantage.onlineSince);
  const outcomes = readOutcomes(tallies);
  return {
    product,
    adopted: record !== undefined && record.adoptedAt !== null,
    stopped: record !== undefined && record.stoppedAt !== null,
    devices,
    offline: Math.min(devices, Math.max(0, devices - online)),
    quarantined,
    unlocked: countVersions(tallies, 'unlocked'),
    locked: countVersions(tallies, 'locked'),
    outcomes: countOutcomes(outcomes),
    rounds: countRounds(outcomes),
    census,
    listened: vantage?.listened ?? record?.listenedMs ?? 0,
    listening: vantage?.listening ?? false,
    named: new Map([...byId, ...locked].map((each) => [each.device.id, nameDevice(each, vantage)])),
    firmware,
    evidence,
  };
}

/** Active devices that are online. Devices in quarantine are heard too, so they are taken out. */
async function countOnline(
  store: Store,
  product: string,
  quarantined: number,
  since: number,
): Promise<number> {
  const heard = await store.heardSince(product, since);
  if (quarantined === 0) return heard;
  const read = await store.devices({
    product,
    standing: 'quarantined',
    limit: QUARANTINED_READ_MAX,
  });
  const online = read.filter(({ contact }) => contact !== null && contact.steadyAt >= since).length;
  return heard - Math.round((online * quarantined) / Math.max(1, read.length));
}

function nameDevice({ device, contact }: DeviceSighting, vantage: Vantage | null): NamedDevice {
  return {
    id: device.id,
    standing: device.standing,
    running: device.running,
    online: vantage !== null && isOnline(contact, vantage.listened, vantage.pollIntervalMs),
    lock: device.lock,
    failing: device.failures !== null,
    actionVersion: device.action?.version ?? null,
    traits: device.traits,
    dormant: device.dormant,
  };
}

/** Sorted by version, unknown first. */
function countVersions(tallies: Tallies, kind: 'unlocked' | 'locked'): readonly VersionCount[] {
  const counts: VersionCount[] = [];
  for (const [key, devices] of tallies) {
    const [name, version = ''] = key.split(':');
    if (name !== kind || devices === 0) continue;
    counts.push({ version: version === UNKNOWN_VERSION_KEY ? null : Number(version), devices });
  }
  return counts.sort((one, other) => (one.version ?? 0) - (other.version ?? 0));
}

/** One counter of outcomes. */
interface OutcomeTally {
  readonly version: number;
  readonly round: number;
  readonly state: Outcome['state'];
  readonly devices: number;
}

function readOutcomes(tallies: Tallies): readonly OutcomeTally[] {
  const outcomes: OutcomeTally[] = [];
  for (const [key, devices] of tallies) {
    const [name, version, round, state = ''] = key.split(':');
    if (name !== 'outcome' || devices === 0) continue;
    assert(
      state === 'inFlight' || state === 'succeeded' || state === 'failed',
      `unknown counter ${key}`,
    );
    outcomes.push({ version: Number(version), round: Number(round), state, devices });
  }
  return outcomes;
}

/** By version, summed over the rounds. */
function countOutcomes(outcomes: readonly OutcomeTally[]): readonly OutcomeCount[] {
  const counts = new Map<number, OutcomeCount>();
  for (const { version, state, devices } of outcomes) {
    const known = counts.get(version) ?? { version, inFlight: 0, succeeded: 0, failed: 0 };
    counts.set(version, { ...known, [state]: known[state] + devices });
  }
  return [...counts.values()].sort((one, other) => one.version - other.version);
}

/** By round of a release, summed over its versions, stepping stones included. Who succeeded is in the census. */
function countRounds(outcomes: readonly OutcomeTally[]): readonly RoundCount[] {
  const counts = new Map<number, RoundCount>();
  for (const { round, state, devices } of outcomes) {
    if (round === 0 || state === 'succeeded') continue;
    const known = counts.get(round) ?? { round, inFlight: 0, failed: 0 };
    counts.set(round, { ...known, [state]: known[state] + devices });
  }
  return [...counts.values()].sort((one, other) => one.round - other.round);
}
