// What every fleet driver has to do, whatever fleet it talks to. A driver's test makes it ready and calls this once.

import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';

import type { FleetDriver, TurnSpan } from '../../controller/fleets/driver.ts';
import type { Desired } from '../../controller/model/desired.ts';
import { emptyDesired } from '../../controller/model/desired.ts';
import type { LiveState } from '../../controller/model/live.ts';
import type { Action } from '../../controller/model/plan.ts';
import { BUCKETS } from '../../controller/model/rollout.ts';
import { bucketOf, positionOf } from '../../controller/releases/circle.ts';
import { buildDesired, type DesiredWords } from '../support/desired.ts';
import { countCensus } from '../support/census-count.ts';
import { releaseAll } from '../support/tracks.ts';

/** A driver with a fleet of its own behind it, which the test may play. */
export interface DriverUnderTest {
  readonly driver: FleetDriver;
  /** Does what comes before `enforce`: keeps the product and the binaries of its firmware in the state. */
  prepare(desired: Desired): Promise<void>;
  /** Lets a device of `thermostat` make contact and name the version that it runs. */
  hear(device: string, version: number): Promise<void>;
  /** The version that the device is told to install at its next contact; null: none. */
  contact(device: string): Promise<number | null>;
  close(): Promise<void>;
}

/** Holds a driver to the contract of `controller/fleets/driver.ts`. */
export function describeDriverContract(name: string, make: () => Promise<DriverUnderTest>): void {
  describe(`the ${name} driver`, () => {
    let under: DriverUnderTest;
    beforeEach(async () => {
      under = await make();
      await putInForce({});
    });
    afterEach(() => under.close());

    const firmware = [{ version: 41 }, { version: 42 }];

    async function putInForce(words: DesiredWords): Promise<void> {
      const desired = releaseAll(buildDesired({ firmware, ...words }));
      await under.prepare(desired);
      expect(await under.driver.enforce(desired)).toEqual({ ok: true, value: undefined });
    }

    async function observe(...named: readonly string[]): Promise<LiveState> {
      const observed = await under.driver.observe('thermostat', new Set(named));
      if (!observed.ok) throw new Error(observed.error.message);
      return observed.value;
    }

    async function firstOf(span: TurnSpan, count: number): Promise<readonly string[]> {
      const first = await under.driver.firstDevices('thermostat', span, count);
      if (!first.ok) throw new Error(first.error.message);
      return first.value.map(({ id }) => id);
    }

    async function execute(action: Action): Promise<void> {
      expect(await under.driver.execute('thermostat', action)).toEqual({
        ok: true,
        value: undefined,
      });
    }

    it('is known by its name', () => {
      expect(under.driver.name).toBe(name);
    });

    it('observes a fleet without devices as one without devices', async () => {
      expect(await observe('dev-1')).toMatchObject({
        product: 'thermostat',
        devices: 0,
        offline: 0,
        quarantined: 0,
        unlocked: [],
        locked: [],
        outcomes: [],
        rounds: [],
        census: [],
        named: new Map(),
        evidence: [],
      });
    });

    it('counts devices by the version that they run', async () => {
      await under.hear('dev-1', 41);
      await under.hear('dev-2', 41);
      await under.hear('dev-3', 42);
      expect(await observe()).toMatchObject({
        devices: 3,
        offline: 0,
        unlocked: [
          { version: 41, devices: 2 },
          { version: 42, devices: 1 },
        ],
      });
    });

    it('counts unlocked devices by version and bucket', async () => {
      await under.hear('dev-1', 41);
      await under.hear('dev-2', 41);
      await under.hear('dev-3', 42);
      await execute(lockOf('dev-2', 41));
      expect(countCensus(await observe())).toEqual([
        { version: 41, traits: {}, dormant: false, buckets: [bucketOf('dev-1')] },
        { version: 42, traits: {}, dormant: false, buckets: [bucketOf('dev-3')] },
      ]);
    });

    it('shows the devices that are named, those with a lock, and no others', async () => {
      await under.hear('dev-1', 41);
      await under.hear('dev-2', 41);
      await under.hear('dev-3', 41);
      await execute(lockOf('dev-2', 41));
      const { named } = await observe('dev-1', 'stranger');
      expect([...named.keys()].sort()).toEqual(['dev-1', 'dev-2']);
      expect(named.get('dev-1')).toEqual({
        id: 'dev-1',
        standing: 'active',
        running: 41,
        online: true,
        lock: null,
        failing: false,
        actionVersion: null,
        traits: {},
        dormant: false,
      });
    });

    it('shows the firmware that the state remembers, with its evidence', async () => {
      await under.hear('dev-1', 41);
      const live = await observe();
      expect(new Set(live.firmware.map((each) => each.version))).toEqual(new Set([41, 42]));
      expect(Array.isArray(live.evidence)).toBe(true);
    });

    it('locks a device, and doing so again changes nothing', async () => {
      await under.hear('dev-1', 41);
      await execute(lockOf('dev-1', 42));
      const first = await observe();
      expect(first.named.get('dev-1')?.lock).toMatchObject({
        version: 42,
        flash: 'now',
        armed: true,
        manifest: 'bench',
        revision: 'r1',
      });
      expect(first.locked).toEqual([{ version: 41, devices: 1 }]);
      expect(first.unlocked).toEqual([]);
      await execute(lockOf('dev-1', 42));
      expect((await observe()).named).toEqual(first.named);
    });

    it('locks a device that the fleet has never seen', async () => {
      await execute(lockOf('dev-9', 42));
      const live = await observe();
      expect(live.devices).toBe(0);
      expect(live.named.get('dev-9')).toMatchObject({
        standing: 'expected',
        running: null,
        online: false,
        lock: { version: 42 },
      });
    });

    it('replaces a lock of another version or manner', async () => {
      await execute(lockOf('dev-1', 41));
      await execute(lockOf('dev-1', 42));
      expect((await observe()).named.get('dev-1')?.lock).toMatchObject({
        version: 42,
        armed: true,
      });
      await execute(lockOf('dev-1', 42, 'on-reset'));
      expect((await observe()).named.get('dev-1')?.lock).toMatchObject({
        flash: 'on-reset',
        armed: false,
      });
    });

    it('keeps since when a lock stands when another manifest takes it over', async () => {
      await execute(lockOf('dev-1', 42));
      const before = (await observe()).named.get('dev-1')?.lock;
      const trace = { ...traceOf('DeviceLock/lab'), revision: 'r2' };
      await execute({ type: 'LockDevice', device: 'dev-1', version: 42, flash: 'now', trace });
      const after = (await observe()).named.get('dev-1')?.lock;
      expect(after).toEqual({ ...before, manifest: 'lab', revision: 'r2' });
    });

    it('unlocks a device, and doing so again changes nothing', async () => {
      await under.hear('dev-1', 41);
      await execute(lockOf('dev-1', 42));
      await execute(unlockOf('dev-1'));
      await execute(unlockOf('dev-1'));
      const live = await observe('dev-1');
      expect(live.named.get('dev-1')?.lock).toBeNull();
      expect(live.unlocked).toEqual([{ version: 41, devices: 1 }]);
    });

    it('unlocks a device that it never saw, and one that it does not know', async () => {
      await execute(lockOf('dev-9', 42));
      await execute(unlockOf('dev-9'));
      await execute(unlockOf('dev-8'));
      expect((await observe('dev-8', 'dev-9')).named.size).toBe(0);
    });

    it('keeps locks that are made at the same time', async () => {
      await under.hear('dev-1', 41);
      await Promise.all([
        under.driver.execute('thermostat', lockOf('dev-1', 42)),
        under.hear('dev-1', 42),
      ]);
      const device = (await observe('dev-1')).named.get('dev-1');
      expect(device).toMatchObject({ running: 42, lock: { version: 42 } });
    });

    it('takes every other action for granted', async () => {
      const trace = traceOf('Release/thermostat');
      const sha256 = '0'.repeat(64);
      const before = await observe();
      for (const action of [
        { type: 'ConfigureProduct', changes: [], trace },
        { type: 'UploadFirmware', version: 42, sha256, trace },
        { type: 'RetireFirmware', version: 42, trace },
        { type: 'WithdrawFirmware', version: 42, trace },
        { type: 'ChangeGroup', group: 'bench', devices: 1, trace },
        {
          type: 'ReleaseFirmware',
          version: 42,
          from: null,
          group: null,
          rollback: false,
          exposure: 100,
          trace,
        },
        {
          type: 'SetExposure',
          version: 42,
          group: null,
          step: 'all',
          from: 100,
          exposure: 10_000,
          cause: 'step',
          message: 'Goes on.',
          trace,
        },
        { type: 'EndRelease', version: 42, group: null, trace },
      ] satisfies readonly Action[]) {
        await execute(action);
      }
      expect(await observe()).toEqual(before);
    });

    it('answers the next contact by what was enforced before it', async () => {
      await under.hear('dev-1', 41);
      expect(await under.contact('dev-1')).toBeNull();
      await putInForce({ release: 42 });
      expect(await under.contact('dev-1')).toBe(42);
      expect((await observe('dev-1')).named.get('dev-1')?.actionVersion).toBe(42);
    });

    it('offers a locked device its lock, whatever is released', async () => {
      await under.hear('dev-1', 41);
      await execute(lockOf('dev-1', 41));
      await putInForce({ release: 42 });
      expect(await under.contact('dev-1')).toBeNull();
    });

    it('offers nothing of a product of which nothing is in force', async () => {
      await under.hear('dev-1', 41);
      await putInForce({ release: 42 });
      expect((await under.driver.enforce(emptyDesired('thermostat'))).ok).toBe(true);
      expect(await under.contact('dev-1')).toBeNull();
      expect((await observe()).devices).toBe(1);
    });

    it('counts outcomes as they come', async () => {
      await under.hear('dev-1', 41);
      await putInForce({ release: 42 });
      await under.contact('dev-1');
      const counts = { version: 42, inFlight: 1, succeeded: 0, failed: 0 };
      const underWay = await observe();
      expect(underWay.outcomes).toEqual([counts]);
      expect(underWay.rounds).toEqual([{ round: 420, inFlight: 1, failed: 0 }]);
      await under.hear('dev-1', 42);
      const live = await observe();
      expect(live.outcomes).toEqual([{ ...counts, inFlight: 0, succeeded: 1 }]);
      expect(live.rounds).toEqual([]);
    });

    it('names the devices that a release reaches first, in the order of its turn', async () => {
      const ids = Array.from({ length: 12 }, (_, number) => `dev-${number}`);
      await Promise.all(ids.map((id) => under.hear(id, 41)));
      const placed = ids
        .map((id) => ({ id, bucket: bucketOf(id) }))
        .sort((one, other) => one.bucket - other.bucket);
      // The turn begins in the middle of the devices, and so runs over the end of the circle.
      const offset = (placed[8]?.bucket ?? 0) - 1;
      const turn = [...placed.slice(8), ...placed.slice(0, 8)].map(({ id }) => id);
      expect(await firstOf({ offset, limit: BUCKETS }, 12)).toEqual(turn);
      expect(await firstOf({ offset, limit: BUCKETS }, 7)).toEqual(turn.slice(0, 7));
      expect(await firstOf({ offset, limit: BUCKETS }, 0)).toEqual([]);
      const untilSixth = positionOf(bucketOf(turn[5] ?? ''), offset);
      expect(await firstOf({ offset, limit: untilSixth }, 12)).toEqual(turn.slice(0, 5));
      expect(await firstOf({ offset, limit: untilSixth + 1 }, 12)).toEqual(turn.slice(0, 6));
      const toTheEnd = BUCKETS - offset;
      expect(await firstOf({ offset, limit: toTheEnd }, 12)).toEqual(turn.slice(0, 4));
      expect(await firstOf({ offset, limit: 0 }, 12)).toEqual([]);
    });

    it('leaves out locked devices among the first, and those that it never heard', async () => {
      const ids = Array.from({ length: 6 }, (_, number) => `dev-${number}`);
      await Promise.all(ids.map((id) => under.hear(id, 41)));
      await execute(lockOf('dev-99', 42));
      const turn = ids.toSorted((one, other) => bucketOf(one) - bucketOf(other));
      for (const id of turn.slice(0, 4)) await execute(lockOf(id, 41));
      expect(await firstOf({ offset: 0, limit: BUCKETS }, 1)).toEqual(turn.slice(4, 5));
      expect(await firstOf({ offset: 0, limit: BUCKETS }, 9)).toEqual(turn.slice(4));
    });

    it('calls back when something happened, until it is told not to', async () => {
      const changed = vi.fn<(product: string) => void>();
      const end = under.driver.watch(changed);
      await under.hear('dev-1', 41);
      expect(changed).toHaveBeenCalledWith('thermostat');
      end();
      changed.mockClear();
      await under.hear('dev-2', 41);
      expect(changed).not.toHaveBeenCalled();
    });
  });
}

function lockOf(device: string, version: number, flash: 'now' | 'on-reset' = 'now'): Action {
  return { type: 'LockDevice', device, version, flash, trace: traceOf('DeviceLock/bench') };
}

function unlockOf(device: string): Action {
  return { type: 'UnlockDevice', device, from: 42, trace: traceOf('DeviceLock/bench') };
}

function traceOf(manifest: string): Action['trace'] {
  return { revision: 'r1', manifest, place: { file: 'fleet.yaml', line: 1, column: 1 } };
}
