// What sightings of a device at Particle make of its record.

import { describe, expect, it } from 'vitest';

import { IN_DEVELOPMENT } from '../../../controller/fleets/particle/mirror-device.ts';
import { createPlay, NORMAL, policyOf, START } from '../../support/particle/mirror-play.ts';

const HASH = 'ab'.repeat(32);

describe('a device at Particle', () => {
  it('is registered at its first sighting, with the version that it named', () => {
    const play = createPlay(policyOf({}));
    const { events } = play.see({ version: 41 });
    expect(play.record).toMatchObject({
      standing: 'active',
      registeredAt: START,
      reported: '41',
      running: 41,
      boot: '2026-01-05T12:00:00.000Z',
    });
    expect(events.map(({ type }) => type)).toEqual(['DeviceRegistered', 'VersionReported']);
    expect(play.attributes).toEqual({
      firmware_version: '41',
      system_firmware_version: '6.2.0',
      platform_id: '13',
    });
  });

  it('is the very same record where nothing happened', () => {
    const play = createPlay(policyOf({}));
    play.see({});
    const before = play.record;
    const { attributes } = play;
    expect(play.see({}).device).toBe(before);
    expect(play.attributes).toBe(attributes);
  });

  it('is offered a release while it is online, and has succeeded once a handshake names it', () => {
    const play = createPlay(policyOf({ release: 42 }));
    play.see({ version: 41 });
    expect(play.record?.action).toMatchObject({ version: 42, phase: 'offered' });
    play.see({ version: 41, news: { transfer: 'started' } });
    expect(play.record?.action).toMatchObject({ phase: 'fetched', fetchedAt: START });
    play.see({ version: 41, news: { transfer: 'success' } });
    expect(play.record?.action?.phase).toBe('claimed');
    expect(play.record?.outcome).toMatchObject({ state: 'inFlight' });
    play.see({ version: 42, handshake: 9 });
    expect(play.record).toMatchObject({
      running: 42,
      action: null,
      outcome: { version: 42, state: 'succeeded' },
      given: { version: 42 },
    });
  });

  it('is offered nothing while it sleeps', () => {
    const play = createPlay(policyOf({}));
    play.see({ version: 41 });
    play.policy = policyOf({ release: 42 });
    play.see({ version: 41, online: false });
    expect(play.record?.action).toBeNull();
    play.see({ version: 41, online: false, handshake: 30 });
    expect(play.record?.action).toMatchObject({ version: 42 });
  });

  it('has failed when it comes back with the old version after a delivered transfer', () => {
    const play = createPlay(policyOf({ release: 42 }));
    play.see({ version: 41 });
    play.see({ version: 41, news: { transfer: 'success' } });
    play.see({ version: 41 });
    expect(play.record?.failures).toBeNull();
    play.see({ version: 41, handshake: 9 });
    expect(play.record).toMatchObject({ failures: { version: 42, count: 1 }, action: null });
  });

  it('has not failed when another transfer of a delivered file does, while it boots', () => {
    for (const between of [null, 'success'] as const) {
      const play = createPlay(policyOf({ release: 42 }));
      play.see({ version: 41 });
      play.see({ version: 41, news: { transfer: 'success' } });
      play.see({ version: 41, news: { transfer: between } });
      play.see({ version: 41, news: { transfer: 'failed' } });
      expect(play.record).toMatchObject({ failures: null, action: { phase: 'claimed' } });
      play.see({ version: 42, handshake: 9 });
      expect(play.record).toMatchObject({ failures: null, outcome: { state: 'succeeded' } });
    }
  });

  it('has failed when the transfer did, and is not taken for one that was when it runs the version', () => {
    const play = createPlay(policyOf({ release: 42 }));
    play.see({ version: 41 });
    play.see({ version: 41, news: { transfer: 'failed' } });
    expect(play.record?.failures?.lastMessage).toBe('Particle says that the transfer failed.');
    const lucky = createPlay(policyOf({ release: 42 }));
    lucky.see({ version: 41 });
    lucky.see({ version: 42, handshake: 9, news: { transfer: 'failed' } });
    expect(lucky.record).toMatchObject({ failures: null, outcome: { state: 'succeeded' } });
  });

  it('has failed without any word of the stream at the second handshake with the old version, if it takes updates', () => {
    const play = createPlay(policyOf({ release: 42 }));
    play.see({ version: 41 });
    expect(play.see({ version: 41, handshake: 10 }).wantsDetails).toBe(false);
    expect(play.record?.action?.phase).toBe('fetched');
    play.now = 20_000;
    const before = play.record;
    const doubt = play.see({ version: 41, handshake: 20 });
    expect(doubt.wantsDetails).toBe(true);
    expect(doubt.device.failures).toBeNull();
    play.record = before;
    play.see({ version: 41, handshake: 20, details: { ...NORMAL, takesUpdates: false } });
    expect(play.record?.failures).toBeNull();
    play.record = before;
    play.see({ version: 41, handshake: 20, details: NORMAL });
    expect(play.record?.failures?.lastMessage).toBe(
      'Came back with version 41, and was to be flashed with 42.',
    );
  });

  it('is not taken for failed while it is in safe mode', () => {
    const play = createPlay(policyOf({ release: 42 }));
    play.see({ version: 41 });
    play.see({ version: 41, news: { transfer: 'success' } });
    play.see({ version: 0, handshake: 5 });
    play.see({ version: 0, handshake: 9 });
    play.see({ version: 41, handshake: 12, details: { ...NORMAL, status: 'safe_mode' } });
    expect(play.record).toMatchObject({ running: 41, reported: '41', failures: null });
    play.see({ version: 42, handshake: 100 });
    expect(play.record).toMatchObject({ running: 42, outcome: { state: 'succeeded' } });
  });

  it('is not moved by a page that is older than what is known', () => {
    const play = createPlay(policyOf({ release: 42 }));
    play.see({ version: 41 });
    play.see({ version: 42, handshake: 9 });
    const before = play.record;
    play.see({ version: 41, handshake: 0 });
    expect(play.record).toBe(before);
  });

  it('has failed when no outcome comes in time', () => {
    const play = createPlay(policyOf({ release: 42, fleet: { attemptTimeoutMs: 60_000 } }));
    play.see({ version: 41 });
    play.now = 60_000;
    play.see({ version: 41, online: false });
    expect(play.record?.failures?.lastMessage).toBe('No outcome within 1m.');
  });

  it('loses an offer that nobody has fetched at once when its release is held', () => {
    const play = createPlay(policyOf({ release: 42 }));
    play.see({ version: 41 });
    const halt = { action: 'hold' as const, at: 0, failed: 5, succeeded: 0, message: 'Enough.' };
    play.policy = policyOf({ release: 42 }, { tracks: { '': { halt } } });
    play.see({ version: 41 });
    expect(play.record?.action).toBeNull();
    expect(play.record?.outcome).toBeNull();
  });

  it('is let go on reset by a handshake that is later than its lock', () => {
    const play = createPlay(policyOf({}));
    play.see({ version: 41 });
    const since = START + 60_000;
    const lock = {
      version: 42,
      flash: 'on-reset',
      armed: false,
      manifest: 'bench',
      revision: 'r1',
      since,
    } as const;
    if (play.record === null) throw new Error('no record');
    play.record = { ...play.record, lock };
    play.see({ version: 41, handshake: 30 });
    expect(play.record.lock?.armed).toBe(false);
    play.see({ version: 41, handshake: 61 });
    expect(play.record.lock?.armed).toBe(true);
    expect(play.record.action).toMatchObject({ version: 42 });
  });

  it('is held apart while it is a development device, or in quarantine', () => {
    const play = createPlay(policyOf({ release: 42 }));
    play.see({ version: 41, development: true });
    expect(play.record).toMatchObject({
      standing: 'quarantined',
      quarantine: IN_DEVELOPMENT,
      running: 41,
      action: null,
    });
    play.see({ version: 41, quarantined: true, development: true });
    expect(play.record?.quarantine).toBe('Particle holds it in quarantine');
    play.see({ version: 41 });
    expect(play.record).toMatchObject({ standing: 'active', quarantine: null });
  });
});

describe('evidence from Particle', () => {
  const unverified = policyOf({ firmware: [{ version: 41 }, { version: 42 }] }, { verified: [41] });

  it('needs the page of the device: its status is normal', () => {
    const play = createPlay(unverified);
    const seen = play.see({ version: 42 });
    expect(seen).toMatchObject({ evidence: [], wantsDetails: true });
    expect(play.see({ version: 42, details: { ...NORMAL, status: null } }).evidence).toEqual([]);
    const safe = play.see({ version: 42, details: { ...NORMAL, status: 'safe_mode' } });
    expect(safe.evidence).toEqual([]);
    const proof = play.see({ version: 42, details: NORMAL });
    expect(proof.evidence).toMatchObject([{ version: 42, level: 'reported', device: 'dev-1' }]);
    expect(play.see({ version: 42 }).wantsDetails).toBe(false);
  });

  it('is stronger where we flashed it, and where the application’s digest is that of the binary', () => {
    const ours = createPlay(policyOf({}, { verified: [41] }));
    ours.see({ version: 41 });
    if (ours.record === null) throw new Error('no record');
    const lock = {
      version: 42,
      flash: 'now',
      armed: true,
      manifest: 'bench',
      revision: 'r1',
      since: 0,
    } as const;
    ours.record = { ...ours.record, lock };
    ours.see({ version: 41 });
    expect(ours.see({ version: 42, handshake: 9, details: NORMAL }).evidence).toMatchObject([
      { level: 'flashed' },
    ]);
    const hashed = createPlay(unverified);
    hashed.appHashes = new Map([[42, HASH]]);
    const news = { appHash: { hash: HASH, version: 42 } };
    expect(hashed.see({ version: 42, details: NORMAL, news }).evidence).toMatchObject([
      { level: 'flashed' },
    ]);
  });

  it('never comes from another binary under the same number', () => {
    const play = createPlay(unverified);
    play.appHashes = new Map([[42, HASH]]);
    const news = { appHash: { hash: 'cd'.repeat(32), version: 42 } };
    expect(play.see({ version: 42, details: NORMAL, news }).evidence).toEqual([]);
    expect(play.see({ version: 42, handshake: 9, details: NORMAL }).evidence).toEqual([]);
    // The digest of an older version says nothing of this one.
    const older = createPlay(unverified);
    older.appHashes = new Map([[42, HASH]]);
    const old = { appHash: { hash: 'cd'.repeat(32), version: 41 } };
    expect(older.see({ version: 42, details: NORMAL, news: old }).evidence).toHaveLength(1);
  });

  it('meets a soak only by being heard after its end, however long it says that it is online', () => {
    const soaking = policyOf({ verification: { soakMs: 3_600_000 } }, { verified: [41] });
    const play = createPlay(soaking);
    play.see({ version: 42, details: NORMAL });
    play.now = 3_600_000;
    expect(play.see({ version: 42 }).wantsDetails).toBe(true);
    const stale = { ...NORMAL, heardAt: START + 60_000 };
    expect(play.see({ version: 42, details: stale }).evidence).toEqual([
      expect.objectContaining({ passedAt: null }),
    ]);
    const heard = { ...NORMAL, heardAt: START + 3_600_000 };
    expect(play.see({ version: 42, details: heard }).evidence).toEqual([
      expect.objectContaining({ passedAt: START + 3_600_000, soakedMs: 3_600_000 }),
    ]);
  });

  it('comes from development devices too', () => {
    const play = createPlay(unverified);
    expect(play.see({ version: 42, development: true }).wantsDetails).toBe(true);
    const proof = play.see({ version: 42, development: true, details: NORMAL });
    expect(proof.evidence).toHaveLength(1);
    expect(play.record?.standing).toBe('quarantined');
  });
});
