import { describe, expect, it } from 'vitest';

import {
  createFirmware,
  eventually,
  listFeedback,
  startFleet,
  startServer,
} from './fleet-under-test.ts';

describe('a cancel', () => {
  it('of an action that the device has not seen is acknowledged', async () => {
    const server = await startServer();
    const action = server.offer('a', { version: '42', artifact: createFirmware() });
    server.cancel(action);
    const fleet = startFleet(server);
    await server.until(() => action.state === 'cancelled');
    expect(listFeedback(action)).toEqual(['cancel closed/success']);
    await fleet.seen('cancelled');
    expect(fleet.events.some(({ type }) => type === 'offered')).toBe(false);
  });

  it.each(['rauc', 'swupdate'] as const)('stops the download of a %s device', async (style) => {
    const server = await startServer();
    const release = server.stallDownloads(1000);
    const action = server.offer('a', { version: '42', artifact: createFirmware() });
    const fleet = startFleet(server, { style });
    await eventually(() => fleet.snapshot().downloading).toBe(1);
    await server.until(() => server.devices.get('a')?.busy === 0 && action.fetched > 0);
    server.cancel(action);
    await server.until(() => action.state === 'cancelled');
    // The transfer's connection is gone, not left to run: it would still be held open.
    await server.until(() =>
      server.requests.some(({ method, path }) => method === 'GET' && path.includes('artifacts')),
    );
    release();
    expect(listFeedback(action).at(-1)).toBe('cancel closed/success');
    expect(fleet.device('a')).toMatchObject({ version: '41', phase: 'idle', actionId: null });

    const next = server.offer('a', { version: '43', artifact: createFirmware(10) });
    await server.until(() => next.state === 'succeeded');
  });

  it('is refused once the device installs, and the update goes on to success', async () => {
    const server = await startServer();
    const action = server.offer('a', { version: '42', artifact: createFirmware() });
    const fleet = startFleet(server, { installMs: 300 });
    await fleet.seen('downloaded');
    server.cancel(action);
    await server.until(() => action.state === 'succeeded');
    expect(listFeedback(action)).toContain('cancel rejected/success');
    expect(listFeedback(action).at(-1)).toBe('closed/success');
    await fleet.seen('running');
  });

  it('refuse-cancel: is refused during the download too', async () => {
    const server = await startServer();
    const release = server.stallDownloads(1000);
    const action = server.offer('a', { version: '42', artifact: createFirmware() });
    const fleet = startFleet(server, { faults: { 'refuse-cancel': 1 } });
    await eventually(() => fleet.snapshot().downloading).toBe(1);
    server.cancel(action);
    await server.until(() => listFeedback(action).includes('cancel rejected/success'));
    release();
    await server.until(() => action.state === 'succeeded');
    expect(listFeedback(action).at(-1)).toBe('closed/success');
  });

  it('of what a zephyr device has installed is answered with closed/failure, and success follows', async () => {
    const server = await startServer();
    const action = server.offer('a', { version: '42', artifact: createFirmware() });
    const fleet = startFleet(server, { style: 'zephyr', rebootMs: 50 });
    await fleet.seen('installed');
    server.cancel(action);
    await server.until(() => action.state === 'succeeded');
    expect(listFeedback(action)).toEqual(['cancel closed/failure', 'closed/success']);
    // It never fetches the cancel's document.
    expect(
      server.requests.some(({ method, path }) => method === 'GET' && path.includes('cancelAction')),
    ).toBe(false);
  });
});
