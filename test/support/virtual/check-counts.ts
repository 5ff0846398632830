// Judges the compact counts that plans are made of: each equals a recount over the devices, as they were last written,
// and those agree with what the devices said.

import type { CensusCell, LiveState, VersionCount } from '../../../controller/model/live.ts';
import { BLOCK_BUCKETS } from '../../../controller/model/live.ts';
import type { Books } from './books.ts';
import { lockOf, must } from './books.ts';
import { bucketByHand } from './by-hand.ts';

type Counted = Record<string, number>;

/** Compares the live state that a pass saw with the devices one by one. */
export function checkCounts(books: Books, live: LiveState): void {
  const active = [...books.records.values()].filter(({ standing }) => standing === 'active');
  const unlocked: Counted = {};
  const locked: Counted = {};
  const rounds: Counted = {};
  const census: Counted = {};
  for (const device of active) {
    const { id, running, lock, outcome, traits, dormant } = device;
    add(lock === null ? unlocked : locked, String(running));
    if (outcome !== null && outcome.state !== 'succeeded' && outcome.round > 0) {
      add(rounds, `${outcome.round} ${outcome.state}`);
    }
    if (lock === null) add(census, keyOf(running, traits, dormant, bucketByHand(id)));
    const said = books.words.get(id);
    const agrees = said === undefined || running === said.version;
    must('4', agrees, () => `${id} said that it runs ${said?.version}, and ${running} is kept`);
    const wanted = lockOf(books, id)?.version ?? null;
    must('1', (lock?.version ?? null) === wanted, () => {
      return `${id} carries a lock on ${lock?.version}, and ${wanted} is in force`;
    });
  }
  mustEqual('devices', { all: live.devices }, { all: active.length });
  mustEqual('unlocked devices', ofVersions(live.unlocked), unlocked);
  mustEqual('locked devices', ofVersions(live.locked), locked);
  mustEqual('rounds', ofRounds(live), rounds);
  mustEqual('census', ofCensus(live.census), census);
}

function ofVersions(counts: readonly VersionCount[]): Counted {
  return Object.fromEntries(counts.map(({ version, devices }) => [String(version), devices]));
}

function ofRounds({ rounds }: LiveState): Counted {
  const counted: Counted = {};
  for (const { round, inFlight, failed } of rounds) {
    if (round === 0) continue;
    if (inFlight > 0) counted[`${round} inFlight`] = inFlight;
    if (failed > 0) counted[`${round} failed`] = failed;
  }
  return counted;
}

function ofCensus(cells: readonly CensusCell[]): Counted {
  const counted: Counted = {};
  for (const { version, traits, dormant, blocks } of cells) {
    for (const [number, block] of blocks) {
      for (const [index, devices] of block.entries()) {
        if (devices === 0) continue;
        const key = keyOf(version, traits, dormant, number * BLOCK_BUCKETS + index);
        counted[key] = (counted[key] ?? 0) + devices;
      }
    }
  }
  return counted;
}

function keyOf(
  version: number | null,
  traits: CensusCell['traits'],
  dormant: boolean,
  bucket: number,
): string {
  return `${version} ${JSON.stringify(traits)} ${dormant ? 'dormant' : 'awake'} ${bucket}`;
}

function add(counted: Counted, key: string): void {
  counted[key] = (counted[key] ?? 0) + 1;
}

function mustEqual(what: string, found: Counted, wanted: Counted): void {
  const wrong = [...new Set([...Object.keys(found), ...Object.keys(wanted)])].filter(
    (key) => (found[key] ?? 0) !== (wanted[key] ?? 0),
  );
  must('4', wrong.length === 0, () => {
    const lines = wrong.map((key) => `${key}: ${found[key] ?? 0}, not ${wanted[key] ?? 0}`);
    return `the count of ${what} is wrong: ${lines.join('; ')}`;
  });
}
