import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { createAgenda } from '../../../controller/simulator/agenda.ts';
import { divideSockets, listIds } from '../../../controller/simulator/fleet-options.ts';
import { createLane } from '../../../controller/simulator/lane.ts';
import {
  createRandomStream,
  drawBetween,
  drawUnit,
} from '../../../controller/simulator/seeded-random.ts';

describe('agenda', () => {
  it('wakes devices in the order of their times, whatever was set and moved before', () => {
    const size = 40;
    const steps = fc.array(
      fc.tuple(fc.nat(size - 1), fc.oneof(fc.nat(1000), fc.constant(Infinity))),
    );
    fc.assert(
      fc.property(steps, fc.nat(1000), (settings, nowMs) => {
        const agenda = createAgenda(size);
        const expected = new Map<number, number>();
        for (const [index, atMs] of settings) {
          agenda.set(index, atMs);
          expected.set(index, atMs);
        }
        expect(agenda.nextAtMs()).toBe(Math.min(Infinity, ...expected.values()));
        const due: number[] = [];
        for (let index = agenda.takeDue(nowMs); index >= 0; index = agenda.takeDue(nowMs)) {
          due.push(index);
        }
        const times = due.map((index) => expected.get(index) ?? Number.NaN);
        expect(times).toEqual(
          [...expected.values()].filter((atMs) => atMs <= nowMs).sort((a, b) => a - b),
        );
        expect(new Set(due).size).toBe(due.length);
      }),
    );
  });

  it('has nothing due where there is no device', () => {
    const agenda = createAgenda(0);
    expect(agenda.nextAtMs()).toBe(Infinity);
    expect(agenda.takeDue(1)).toBe(-1);
  });
});

describe('seeded random', () => {
  it('repeats for the same seed and name, and differs otherwise', () => {
    const draw = (seed: number, name: string): readonly number[] => {
      const stream = createRandomStream(seed, name);
      return Array.from({ length: 5 }, () => drawUnit(stream));
    };
    expect(draw(1, 'a')).toEqual(draw(1, 'a'));
    expect(draw(1, 'a')).not.toEqual(draw(2, 'a'));
    expect(draw(1, 'a')).not.toEqual(draw(1, 'b'));
  });

  it('is spread evenly and stays inside its bounds', () => {
    const stream = createRandomStream(3, 'spread');
    const tenths = Array.from({ length: 10 }, () => 0);
    for (let round = 0; round < 10_000; round += 1) {
      const tenth = Math.floor(drawBetween(stream, 0, 10));
      tenths[tenth] = (tenths[tenth] ?? Number.NaN) + 1;
    }
    expect(tenths).toHaveLength(10);
    for (const count of tenths) expect(Math.abs(count - 1000)).toBeLessThan(150);
  });
});

describe('lane', () => {
  it('runs at most so many jobs at once, in the order in which they came', async () => {
    const started: number[] = [];
    const finish: (() => void)[] = [];
    const lane = createLane<number>(3, async (job) => {
      started.push(job);
      await new Promise<void>((resolve) => finish.push(resolve));
    });
    for (let job = 0; job < 3000; job += 1) lane.push(job);
    for (let done = 0; done < 3000; done += 1) {
      expect(started.length - done).toBeLessThanOrEqual(3);
      await expect.poll(() => finish.length, { interval: 0 }).toBeGreaterThan(done);
      finish[done]?.();
    }
    expect(started).toEqual(Array.from({ length: 3000 }, (_, job) => job));
    lane.push(-1);
    expect(started.at(-1)).toBe(-1);
  });

  it('forgets what has not started', async () => {
    const started: number[] = [];
    let finish = (): void => undefined;
    const lane = createLane<number>(1, async (job) => {
      started.push(job);
      await new Promise<void>((resolve) => {
        finish = resolve;
      });
    });
    lane.push(1);
    lane.push(2);
    lane.clear();
    finish();
    await expect
      .poll(() => {
        lane.push(3);
        return started;
      })
      .toContain(3);
    expect(started).not.toContain(2);
  });
});

describe('options', () => {
  const options = { server: 'http://x', product: 'p', version: '1', auth: null };

  it('numbers devices so that a smaller fleet is part of a larger one', () => {
    const few = listIds({ ...options, devices: 3, prefix: 'bench-' });
    expect(few).toEqual(['bench-00001', 'bench-00002', 'bench-00003']);
    expect(listIds({ ...options, devices: 5, prefix: 'bench-' }).slice(0, 3)).toEqual(few);
    expect(listIds({ ...options, devices: ['a', 'b', 'a'] })).toEqual(['a', 'b']);
  });

  it('shares out the sockets without exceeding them, and never gives a share none', () => {
    fc.assert(
      fc.property(fc.integer({ min: 3, max: 500 }), fc.boolean(), (concurrency, slow) => {
        const faults = slow ? { 'slow-link': 0.1 } : {};
        const shares = divideSockets({ ...options, devices: 1, concurrency, faults });
        const { exchanges, downloads, slowDownloads } = shares;
        expect(exchanges + downloads + slowDownloads).toBeLessThanOrEqual(concurrency);
        expect(Math.min(exchanges, downloads, slowDownloads)).toBeGreaterThanOrEqual(1);
      }),
    );
  });
});
