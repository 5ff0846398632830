import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { parseShare } from '../../../controller/simulator/draw.ts';
import { assignFaults } from '../../../controller/simulator/faults.ts';
import type { FaultName } from '../../../controller/simulator/faults.ts';
import {
  createFirmware,
  eventually,
  listFeedback,
  startFleet,
  startServer,
} from './fleet-under-test.ts';

describe('which devices have a fault', () => {
  const idsArbitrary = fc.uniqueArray(fc.string({ minLength: 1 }), { minLength: 1, maxLength: 60 });

  it('is exactly the share asked for, never none', () => {
    fc.assert(
      fc.property(
        fc.integer(),
        idsArbitrary,
        fc.double({ min: 0.001, max: 1, noNaN: true }),
        (seed, ids, share) => {
          const faults = assignFaults(seed, ids, { 'go-silent': share });
          expect(faults.size).toBe(Math.max(1, Math.round(share * ids.length)));
        },
      ),
    );
  });

  it('depends on the seed and the ids alone, not on their order', () => {
    fc.assert(
      fc.property(fc.integer(), idsArbitrary, (seed, ids) => {
        const shares = { 'fail-install': 0.3, 'cut-download': 0.5 };
        const forwards = assignFaults(seed, ids, shares);
        const backwards = assignFaults(seed, ids.toReversed(), shares);
        for (const id of ids) expect(backwards.get(id)).toEqual(forwards.get(id));
      }),
    );
  });

  it('differs between seeds and between faults', () => {
    const ids = Array.from({ length: 200 }, (_, index) => `d${index}`);
    const draw = (seed: number, fault: FaultName): string =>
      [...assignFaults(seed, ids, { [fault]: 0.2 }).keys()].sort().join();
    expect(draw(1, 'go-silent')).not.toBe(draw(2, 'go-silent'));
    expect(draw(1, 'go-silent')).not.toBe(draw(1, 'fall-back'));
  });

  it('is none at all without a share', () => {
    expect(assignFaults(1, ['a', 'b'], { 'fall-back': 0 }).size).toBe(0);
  });

  it('reads shares as flags write them', () => {
    expect(['10%', '2.5%', '100%', '0%'].map(parseShare)).toEqual([0.1, 0.025, 1, 0]);
    expect(['10', '101%', '-1%', '%', 'x%', ''].map(parseShare)).toEqual([
      null,
      null,
      null,
      null,
      null,
      null,
    ]);
  });
});

describe('what a fault does', () => {
  it('fail-install: reports closed/failure and keeps the old version', async () => {
    const server = await startServer();
    const action = server.offer('a', { version: '42', artifact: createFirmware() });
    const fleet = startFleet(server, { faults: { 'fail-install': 1 } });
    await server.until(() => action.state === 'failed');
    expect(listFeedback(action).at(-1)).toBe('closed/failure');
    const polls = server.devices.get('a')?.polls ?? 0;
    await server.until(() => (server.devices.get('a')?.polls ?? 0) > polls);
    expect(fleet.device('a')).toMatchObject({ version: '41', boots: 1, failed: true });
    expect(fleet.snapshot().failed).toBe(1);
  });

  it('fail-install: a zephyr device says nothing and tries again', async () => {
    const server = await startServer();
    const action = server.offer('a', { version: '42', artifact: createFirmware() });
    startFleet(server, { style: 'zephyr', faults: { 'fail-install': 1 } });
    await server.until(() => action.fetched >= 3);
    expect(action.feedback).toEqual([]);
  });

  it('go-silent: stops polling in the middle of the attempt, and is back once it is switched on', async () => {
    const server = await startServer();
    const action = server.offer('a', { version: '42', artifact: createFirmware() });
    server.offer('b', { version: '42', artifact: createFirmware() });
    const silent = startFleet(server, { faults: { 'go-silent': 1 } });
    const healthy = startFleet(server, { devices: ['b'] });
    await silent.seen('downloaded');
    const polls = server.devices.get('a')?.polls;
    await healthy.seen('running');
    const healthyPolls = server.devices.get('b')?.polls ?? 0;
    await server.until(() => (server.devices.get('b')?.polls ?? 0) > healthyPolls + 5);
    expect(server.devices.get('a')?.polls).toBe(polls);
    expect(action).toMatchObject({ state: 'open', feedback: [] });
    expect(silent.snapshot().online).toBe(0);

    silent.setOnline('a', true);
    await server.until(() => (server.devices.get('a')?.polls ?? 0) > (polls ?? 0));
    expect(silent.device('a')?.version).toBe('41');
  });

  it('fall-back: runs the new version for a time, then the old one', async () => {
    const server = await startServer();
    const action = server.offer('a', { version: '42', artifact: createFirmware() });
    const fleet = startFleet(server, {
      faults: { 'fall-back': 1 },
      fallBackMs: 400,
      attributesAtBoot: true,
      bootAttribute: 'boot',
    });
    fleet.setVersion('a', '40');
    await server.until(() => server.devices.get('a')?.attributes['fw_version'] === '42');
    await server.until(() => server.devices.get('a')?.attributes['boot'] === '3');
    expect(action.state).toBe('succeeded');
    expect(server.devices.get('a')?.attributes['fw_version']).toBe('40');
    expect(fleet.device('a')).toMatchObject({ version: '40', failed: true });
  });

  it.each(['rauc', 'swupdate', 'zephyr'] as const)(
    'stay-old: a %s device reports success and still names the old version',
    async (style) => {
      const server = await startServer();
      const action = server.offer('a', { version: '42', artifact: createFirmware() });
      const fleet = startFleet(server, { style, faults: { 'stay-old': 1 }, bootAttribute: 'boot' });
      await server.until(
        () => action.state === 'succeeded' && server.devices.get('a')?.attributes['boot'] === '2',
      );
      expect(server.devices.get('a')?.attributes['fw_version']).toBe('41');
      expect(fleet.events.some(({ type }) => type === 'running')).toBe(false);
    },
  );

  it('slow-link: takes the time that the link needs, and polls meanwhile', async () => {
    const server = await startServer();
    const action = server.offer('a', { version: '42', artifact: createFirmware(20_000) });
    const startedAt = performance.now();
    startFleet(server, { faults: { 'slow-link': 1 }, slowLinkBytesPerSecond: 80_000 });
    await server.until(() => action.state === 'succeeded');
    expect(performance.now() - startedAt).toBeGreaterThan(240);
    expect(server.devices.get('a')?.polls).toBeGreaterThan(4);
  });

  it('slow-link: does not hold up the downloads of other devices', async () => {
    const server = await startServer();
    const ids = Array.from({ length: 10 }, (_, index) => `d${index}`);
    server.offerToAll({ version: '42', artifact: createFirmware() });
    const fleet = startFleet(server, {
      devices: ids,
      faults: { 'slow-link': 0.5 },
      slowLinkBytesPerSecond: 100,
      concurrency: 4,
    });
    await eventually(() => fleet.snapshot().byVersion['42']).toBe(5);
    expect(fleet.snapshot().downloading).toBe(5);
  });

  it('cut-download: drops the connection once and goes on with a Range', async () => {
    const server = await startServer();
    const action = server.offer('a', { version: '42', artifact: createFirmware(500_000) });
    startFleet(server, { faults: { 'cut-download': 1 } });
    await server.until(() => action.state === 'succeeded');
    const downloads = server.requests.filter(({ path }) => path.includes('softwaremodules'));
    expect(downloads.map(({ status }) => status)).toEqual([200, 206]);
    const start = Number(/^bytes=(\d+)-$/.exec(downloads[1]?.headers.range ?? '')?.[1]);
    expect(start).toBeGreaterThanOrEqual(50_000);
    expect(start).toBeLessThan(450_000);
  });
});
