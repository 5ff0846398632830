import { describe, expect, it } from 'vitest';

import { createFirmware, eventually, startFleet, startServer } from './fleet-under-test.ts';

describe('many devices', () => {
  it('2,000 of them go through one update within the sockets they are given', async () => {
    const server = await startServer();
    server.offerToAll({ version: '42', artifact: createFirmware(20_000) });
    const fleet = startFleet(server, {
      devices: 2000,
      concurrency: 16,
      pollOverrideMs: 500,
      bootsPerSecond: 5000,
      faults: { 'fail-install': 0.1, 'cut-download': 0.1 },
    });
    const countDone = (): number =>
      (fleet.snapshot().byVersion['42'] ?? 0) + fleet.snapshot().failed;
    await eventually(countDone).toBe(2000);

    const snapshot = fleet.snapshot();
    expect(snapshot).toMatchObject({ failed: 200, byVersion: { 41: 200, 42: 1800 } });
    expect(server.connectionsMax).toBeLessThanOrEqual(16);
    const states = new Set(
      [...server.devices.values()].flatMap(({ actions }) => actions.map(({ state }) => state)),
    );
    expect([...states].sort()).toEqual(['failed', 'succeeded']);
  });

  it('which devices fail is the same for the same seed, and not for another', async () => {
    const runFleet = async (seed: number): Promise<readonly string[]> => {
      const server = await startServer();
      server.offerToAll({ version: '42', artifact: createFirmware(100) });
      const fleet = startFleet(server, { devices: 60, seed, faults: { 'fail-install': 0.2 } });
      await eventually(
        () => (fleet.snapshot().byVersion['42'] ?? 0) + fleet.snapshot().failed,
      ).toBe(60);
      return fleet.ids.filter((id) => fleet.device(id)?.failed === true);
    };
    const first = await runFleet(1);
    expect(first).toHaveLength(12);
    expect(await runFleet(1)).toEqual(first);
    expect(await runFleet(2)).not.toEqual(first);
  });

  it('leaves neither timers nor sockets once it is stopped', async () => {
    const server = await startServer();
    const release = server.stallDownloads(10);
    server.offerToAll({ version: '42', artifact: createFirmware(100) });
    const fleet = startFleet(server, { devices: 20 });
    await eventually(() => fleet.snapshot().downloading).toBe(20);
    await fleet.stop();
    await eventually(() => server.connections).toBe(0);
    const polls = [...server.devices.values()].map((device) => device.polls);
    expect(fleet.snapshot().devices).toBe(20);
    release();
    expect([...server.devices.values()].map((device) => device.polls)).toEqual(polls);
  });
});
