// How a device record is written as a row, and read back. The columns are what devices are found by; all else is short
// JSON in `detail`, since most devices are idle and a fleet has a million of them.

import { assert } from '../../base/assert.ts';
import type { EvidenceLevel } from '../../model/desired.ts';
import type {
  CarriedLock,
  DeviceRecord,
  FailedAttempts,
  OpenAction,
  Outcome,
  Standing,
  Traits,
} from '../../model/device.ts';
import type { Words } from './words.ts';

/** The columns that `decodeDevice` needs, in the order in which it wants them. */
export const DEVICE_COLUMNS = 'key, rev, standing, running, detail';

/** A row of `DEVICE_COLUMNS`, as SQLite returns it with arrays. */
export type DeviceRow = readonly [
  key: number,
  rev: number,
  standing: number,
  running: number,
  detail: string,
];

/** Values of the columns that a device is found by. */
export interface DeviceColumns {
  readonly standing: number;
  /** `UNKNOWN_VERSION` where none is known. */
  readonly running: number;
  readonly lockVersion: number | null;
  readonly failing: 0 | 1;
  /** Listening time at which the open action has failed; null where none is open. */
  readonly deadline: number | null;
  /** Epoch milliseconds of the first contact; `NEVER_REGISTERED` before it. */
  readonly registered: number;
}

/** Stands for an unknown version, so that versions have one order in an index: before all others. */
export const UNKNOWN_VERSION = 0;

/** Stands for a first contact that has not been, for the same reason. */
export const NEVER_REGISTERED = 0;

const STANDINGS: readonly Standing[] = ['expected', 'active', 'quarantined'];
const OUTCOMES: readonly Outcome['state'][] = ['inFlight', 'succeeded', 'failed'];
const LEVELS: readonly EvidenceLevel[] = ['flashed', 'reported', 'claimed'];

/** The JSON in `detail`. A field that is null is left out. */
interface Detail {
  /** quarantine */
  readonly q?: string;
  /** registeredAt */
  readonly t?: number;
  /** tokenHash, as base64url: a third shorter than hex, which counts with a million devices in a page cache */
  readonly h?: string;
  /** reported */
  readonly r?: string;
  /** runningSince */
  readonly s?: number;
  /** boot */
  readonly b?: string;
  /** given: version, and the digest's word */
  readonly g?: readonly [version: number, sha256: number];
  /** askedSince */
  readonly a?: number;
  /** unknownPolls, where it is not 0 */
  readonly u?: number;
  /** blindOffer */
  readonly n?: number;
  /** outcome: version, the place of its state in `OUTCOMES`, and the round where it is not 0 */
  readonly o?: readonly [version: number, state: number, round?: number];
  /** vouched: version, the digest's word, the place of its level in `LEVELS`, whether it passed, at, soakedMs */
  readonly v?: readonly [
    version: number,
    sha256: number,
    level: number,
    passed: 0 | 1,
    at: number,
    soakedMs: number,
  ];
  /** relapses: version, count */
  readonly x?: readonly [version: number, count: number];
  /** traits, where there are any */
  readonly k?: Traits;
  /** dormant, where it is true */
  readonly z?: 1;
  readonly lock?: CarriedLock;
  readonly action?: OpenAction;
  readonly failures?: FailedAttempts;
}

/** The number that stands for a standing in the table. */
export function encodeStanding(standing: Standing): number {
  return STANDINGS.indexOf(standing);
}

/** The columns that a device is found by. */
export function encodeColumns(device: DeviceRecord): DeviceColumns {
  return {
    standing: encodeStanding(device.standing),
    running: device.running ?? UNKNOWN_VERSION,
    lockVersion: device.lock?.version ?? null,
    failing: device.failures === null ? 0 : 1,
    deadline: device.action?.deadline ?? null,
    registered: device.registeredAt ?? NEVER_REGISTERED,
  };
}

/** Everything else, as JSON. Gives new digests their words, so only inside a write. */
export function encodeDetail(device: DeviceRecord, words: Words): string {
  const { given, outcome, relapses, vouched } = device;
  const detail: Detail = {
    ...(device.quarantine !== null && { q: device.quarantine }),
    ...(device.registeredAt !== null && { t: device.registeredAt }),
    ...(device.tokenHash !== null && { h: recode(device.tokenHash, 'hex', 'base64url') }),
    ...(device.reported !== null && { r: device.reported }),
    ...(device.runningSince !== null && { s: device.runningSince }),
    ...(device.boot !== null && { b: device.boot }),
    ...(given !== null && { g: [given.version, words.intern(given.sha256)] as const }),
    ...(device.askedSince !== null && { a: device.askedSince }),
    ...(device.unknownPolls !== 0 && { u: device.unknownPolls }),
    ...(device.blindOffer !== null && { n: device.blindOffer }),
    ...(outcome !== null && { o: encodeOutcome(outcome) }),
    ...(vouched !== null && { v: encodeVouched(vouched, words) }),
    ...(relapses !== null && { x: [relapses.version, relapses.count] as const }),
    ...(Object.keys(device.traits).length > 0 && { k: device.traits }),
    ...(device.dormant && { z: 1 as const }),
    ...(device.lock !== null && { lock: device.lock }),
    ...(device.action !== null && { action: device.action }),
    ...(device.failures !== null && { failures: device.failures }),
  };
  return JSON.stringify(detail);
}

/** The record that a row stands for: the exact inverse of the two above. */
export function decodeDevice(
  product: string,
  id: string,
  row: DeviceRow,
  words: Words,
): DeviceRecord {
  const detail = JSON.parse(row[4]) as Detail;
  const { g: given, o: outcome, v: vouched, x: relapses } = detail;
  return {
    product,
    id,
    key: row[0],
    rev: row[1],
    standing: pick(STANDINGS, row[2]),
    quarantine: detail.q ?? null,
    registeredAt: detail.t ?? null,
    tokenHash: detail.h === undefined ? null : recode(detail.h, 'base64url', 'hex'),
    reported: detail.r ?? null,
    running: row[3] === UNKNOWN_VERSION ? null : row[3],
    runningSince: detail.s ?? null,
    boot: detail.b ?? null,
    traits: detail.k ?? {},
    dormant: detail.z === 1,
    given: given === undefined ? null : { version: given[0], sha256: words.text(given[1]) },
    askedSince: detail.a ?? null,
    unknownPolls: detail.u ?? 0,
    blindOffer: detail.n ?? null,
    lock: detail.lock ?? null,
    action: detail.action ?? null,
    failures: detail.failures ?? null,
    relapses: relapses === undefined ? null : { version: relapses[0], count: relapses[1] },
    outcome:
      outcome === undefined
        ? null
        : { version: outcome[0], round: outcome[2] ?? 0, state: pick(OUTCOMES, outcome[1]) },
    vouched:
      vouched === undefined
        ? null
        : {
            version: vouched[0],
            sha256: words.text(vouched[1]),
            level: pick(LEVELS, vouched[2]),
            passed: vouched[3] === 1,
            at: vouched[4],
            soakedMs: vouched[5],
          },
  };
}

function encodeOutcome({ version, round, state }: Outcome): NonNullable<Detail['o']> {
  const place = OUTCOMES.indexOf(state);
  return round === 0 ? [version, place] : [version, place, round];
}

function encodeVouched(
  vouched: NonNullable<DeviceRecord['vouched']>,
  words: Words,
): NonNullable<Detail['v']> {
  const { version, sha256, level, passed, at, soakedMs } = vouched;
  return [version, words.intern(sha256), LEVELS.indexOf(level), passed ? 1 : 0, at, soakedMs];
}

function recode(digest: string, from: 'hex' | 'base64url', to: 'hex' | 'base64url'): string {
  return Buffer.from(digest, from).toString(to);
}

function pick<T>(words: readonly T[], place: number): T {
  const word = words[place];
  assert(word !== undefined, `the state holds a device with the unknown code ${place}`);
  return word;
}
