// How device records are written as rows: whatever a record holds is read back exactly, and an idle device takes little.

import * as fc from 'fast-check';
import { DatabaseSync } from 'node:sqlite';
import { describe, expect, it } from 'vitest';

import { expectedDevice, type DeviceRecord } from '../../../controller/model/device.ts';
import {
  decodeDevice,
  encodeColumns,
  encodeDetail,
} from '../../../controller/stores/sqlite/device-codec.ts';
import { SCHEMA } from '../../../controller/stores/sqlite/schema.ts';
import { loadWords, type Words } from '../../../controller/stores/sqlite/words.ts';

const PRODUCT = 'thermostat';
const STANDINGS = ['expected', 'active', 'quarantined'] as const;

const text = fc.string({ unit: 'binary' });
const time = fc.oneof(fc.nat(), fc.double({ min: 0, max: 1e13, noNaN: true }));
const version = fc.integer({ min: 1, max: 65_534 });
const round = fc.nat(100_000);
const digest = fc
  .uint8Array({ minLength: 32, maxLength: 32 })
  .map((bytes) => Buffer.from(bytes).toString('hex'));
// Names that an object could mistake for its own, and values of each kind.
const traits = fc.dictionary(
  fc.oneof(text, fc.constantFrom('__proto__', 'constructor', '1')),
  fc.option(fc.string({ unit: 'binary', maxLength: 64 })),
);

const anyFields = fc.record({
  product: fc.constant(PRODUCT),
  id: text,
  key: fc.nat(),
  rev: fc.nat(),
  standing: fc.constantFrom(...STANDINGS),
  quarantine: fc.option(text),
  registeredAt: fc.option(time),
  tokenHash: fc.option(digest),
  reported: fc.option(text),
  running: fc.option(version),
  runningSince: fc.option(time),
  boot: fc.option(text),
  traits,
  dormant: fc.boolean(),
  given: fc.option(fc.record({ version, sha256: digest })),
  askedSince: fc.option(time),
  unknownPolls: fc.nat(),
  blindOffer: fc.option(version),
  lock: fc.option(
    fc.record({
      version,
      flash: fc.constantFrom('now' as const, 'on-reset' as const),
      armed: fc.boolean(),
      manifest: text,
      revision: text,
      since: time,
    }),
  ),
  action: fc.option(
    fc.record({
      id: fc.nat(),
      version,
      sha256: digest,
      goal: version,
      attempt: fc.nat(),
      phase: fc.constantFrom(
        'offered' as const,
        'fetched' as const,
        'claimed' as const,
        'cancelling' as const,
      ),
      fetchedAt: fc.option(time),
      claimedAt: fc.option(time),
      offeredAt: time,
      deadline: time,
      graceUntil: fc.option(time),
      bootAtClaim: fc.option(text),
      cancelPolls: fc.nat(),
      cancelRefused: fc.boolean(),
      round,
      manifest: text,
      revision: text,
    }),
  ),
  failures: fc.option(
    fc.record({
      version,
      round,
      count: fc.nat(),
      retryAt: fc.option(time),
      lastAt: time,
      lastMessage: text,
    }),
  ),
  relapses: fc.option(fc.record({ version, count: fc.nat() })),
  outcome: fc.option(
    fc.record({
      version,
      round: fc.oneof(fc.constant(0), round),
      state: fc.constantFrom('inFlight' as const, 'succeeded' as const, 'failed' as const),
    }),
  ),
  vouched: fc.option(
    fc.record({
      version,
      sha256: digest,
      level: fc.constantFrom('flashed' as const, 'reported' as const, 'claimed' as const),
      passed: fc.boolean(),
      soakedMs: time,
      at: time,
    }),
  ),
});

// Plain objects all through, as JSON makes them.
const anyDevice: fc.Arbitrary<DeviceRecord> = anyFields.map((fields) => structuredClone(fields));

function openWords(): Words {
  const db = new DatabaseSync(':memory:');
  db.exec(SCHEMA);
  return loadWords(db);
}

function roundTrip(device: DeviceRecord, words: Words): DeviceRecord {
  const { standing, running } = encodeColumns(device);
  const row = [device.key, device.rev, standing, running, encodeDetail(device, words)] as const;
  return decodeDevice(device.product, device.id, row, words);
}

describe('a device record as a row', () => {
  it('is read back exactly, whatever it holds', () => {
    const words = openWords();
    fc.assert(
      fc.property(anyDevice, (given) => {
        // Strictly: what is not there is not the same as what is undefined.
        expect(roundTrip(given, words)).toStrictEqual(given);
      }),
      { numRuns: 300 },
    );
  });

  it('says nothing of what a device does not have', () => {
    const words = openWords();
    const idle = expectedDevice(PRODUCT, 'a');
    expect(encodeDetail(idle, words)).toBe('{}');
    const outcome = { version: 42, round: 0, state: 'succeeded' } as const;
    expect(encodeDetail({ ...idle, outcome }, words)).toBe('{"o":[42,1]}');
    const more = { ...idle, outcome: { ...outcome, round: 7 }, traits: { hw: 'B' }, dormant: true };
    expect(encodeDetail(more, words)).toBe('{"o":[42,1,7],"k":{"hw":"B"},"z":1}');
  });
});
