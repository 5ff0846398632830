// What sets devices of one fleet apart: attributes that some have, and versions that fail on some.

import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import {
  assignAttributes,
  parseAttributeShare,
} from '../../../controller/simulator/attribute-share.ts';
import {
  assignBadVersions,
  parseBadVersion,
  type BadVersion,
} from '../../../controller/simulator/bad-version.ts';
import {
  createFirmware,
  eventually,
  listFeedback,
  startFleet,
  startServer,
} from './fleet-under-test.ts';

const idsArbitrary = fc.uniqueArray(fc.string({ minLength: 1 }), { minLength: 1, maxLength: 60 });

/** Bad for every device. */
function bad(how: BadVersion['how'], afterMs = 0): BadVersion {
  return { version: '42', share: 1, how, afterMs };
}

describe('attributes of a share of the devices', () => {
  it('are read as the flag writes them, also with colons and equals signs in the value', () => {
    expect(parseAttributeShare('hw_rev=B:30%')).toEqual({ name: 'hw_rev', value: 'B', share: 0.3 });
    expect(parseAttributeShare('url=http://a?b=c:1%')).toMatchObject({ value: 'http://a?b=c' });
    expect(
      ['hw_rev', 'hw_rev=B', 'hw_rev=B:', 'hw_rev=B:30', '=B:30%'].map(parseAttributeShare),
    ).toEqual([null, null, null, null, null]);
  });

  it('have exactly the share asked for, and one value a device', () => {
    fc.assert(
      fc.property(fc.integer(), idsArbitrary, (seed, ids) => {
        const shares = [
          { name: 'hw_rev', value: 'B', share: 0.25 },
          { name: 'hw_rev', value: 'C', share: 0.25 },
        ];
        const values = [...assignAttributes(seed, ids, shares).values()].map(
          (own) => own['hw_rev'],
        );
        const each = Math.max(1, Math.round(ids.length / 4));
        expect(values.filter((value) => value === 'B')).toHaveLength(each);
        expect(values.filter((value) => value === 'C')).toHaveLength(
          Math.min(each, ids.length - each),
        );
      }),
    );
  });

  it('are reported by these devices, before what all have', async () => {
    const server = await startServer();
    const devices = ['a', 'b', 'c', 'd'];
    startFleet(server, {
      devices,
      attributes: { hw_rev: 'A', site: 'x' },
      attributeShares: [{ name: 'hw_rev', value: 'B', share: 0.25 }],
      attributesAtBoot: true,
    });
    const count = (revision: string): number =>
      devices.filter((id) => server.devices.get(id)?.attributes['hw_rev'] === revision).length;
    await eventually(() => [count('A'), count('B')]).toEqual([3, 1]);
    expect(devices.map((id) => server.devices.get(id)?.attributes['site'])).toEqual(
      devices.map(() => 'x'),
    );
  });
});

describe('a bad version', () => {
  it('is read as the flag writes it', () => {
    expect(parseBadVersion('42=10%')).toEqual({
      version: '42',
      share: 0.1,
      how: 'fail',
      afterMs: 0,
    });
    expect(parseBadVersion('1.4.2=100%:go-silent')).toMatchObject({
      version: '1.4.2',
      how: 'go-silent',
    });
    expect(parseBadVersion('42=2.5%:fall-back:1m30s')).toMatchObject({
      how: 'fall-back',
      afterMs: 90_000,
    });
    const wrong = ['42', '=10%', '42=10', '42=10%:burn', '42=10%:fail:3s', '42=10%:fall-back:3'];
    expect(wrong.map(parseBadVersion)).toEqual(wrong.map(() => null));
  });

  it('is bad on exactly the share asked for, in one way a device', () => {
    fc.assert(
      fc.property(fc.integer(), idsArbitrary, (seed, ids) => {
        const ways = [
          { version: '42', share: 0.2, how: 'fail', afterMs: 0 },
          { version: '42', share: 0.3, how: 'go-silent', afterMs: 0 },
        ] as const;
        const drawn = [...assignBadVersions(seed, ids, ways).values()];
        expect(drawn.every((list) => list.length === 1)).toBe(true);
        const first = Math.max(1, Math.round(0.2 * ids.length));
        expect(drawn.filter(([only]) => only?.how === 'fail')).toHaveLength(first);
        expect(drawn).toHaveLength(
          Math.min(ids.length, first + Math.max(1, Math.round(0.3 * ids.length))),
        );
      }),
    );
  });

  it('fail: reports the failure, and another version installs', async () => {
    const server = await startServer();
    const first = server.offer('a', { version: '42', artifact: createFirmware() });
    const fleet = startFleet(server, { badVersions: [bad('fail')] });
    await server.until(() => first.state === 'failed');
    expect(listFeedback(first).at(-1)).toBe('closed/failure');
    const second = server.offer('a', { version: '43', artifact: createFirmware() });
    await server.until(() => second.state === 'succeeded');
    await eventually(() => fleet.device('a')?.version).toBe('43');
  });

  it('fall-back: names it for the time given, then the version before', async () => {
    const server = await startServer();
    server.offer('a', { version: '42', artifact: createFirmware() });
    const fleet = startFleet(server, {
      badVersions: [bad('fall-back', 300)],
      attributesAtBoot: true,
    });
    await fleet.seen('running');
    const ranAt = performance.now();
    await server.until(() => server.devices.get('a')?.attributes['fw_version'] === '42');
    await fleet.seen('failed');
    expect(performance.now() - ranAt).toBeGreaterThan(250);
    await server.until(() => server.devices.get('a')?.attributes['fw_version'] === '41');
    expect(fleet.device('a')).toMatchObject({ version: '41', failed: true });
  });

  it('go-silent: without a delay it is never heard from with that version', async () => {
    const server = await startServer();
    server.offer('a', { version: '42', artifact: createFirmware() });
    const fleet = startFleet(server, { badVersions: [bad('go-silent')], attributesAtBoot: true });
    await fleet.seen('running');
    expect(fleet.device('a')).toMatchObject({ version: '42', phase: 'silent', online: false });
    expect(server.devices.get('a')?.attributes['fw_version']).toBe('41');
  });

  it('go-silent: with a delay it polls until then, and again after each boot', async () => {
    const server = await startServer();
    server.offer('a', { version: '42', artifact: createFirmware() });
    const fleet = startFleet(server, {
      badVersions: [bad('go-silent', 200)],
      attributesAtBoot: true,
    });
    await server.until(() => server.devices.get('a')?.attributes['fw_version'] === '42');
    await eventually(() => fleet.device('a')?.phase).toBe('silent');
    fleet.setOnline('a', true);
    await eventually(() => fleet.device('a')?.boots).toBe(3);
    await eventually(() => fleet.device('a')?.phase).toBe('silent');
    expect(fleet.device('a')?.version).toBe('42');
  });

  it('spares the devices that are named', async () => {
    const server = await startServer();
    const devices = ['a', 'b', 'c'];
    server.offerToAll({ version: '42', artifact: createFirmware() });
    const fleet = startFleet(server, { devices, badVersions: [bad('fail')], spared: ['b'] });
    await eventually(() => fleet.device('b')?.version).toBe('42');
    await eventually(() => fleet.snapshot().failed).toBe(2);
    expect(fleet.snapshot().byVersion).toEqual({ 41: 2, 42: 1 });
  });
});
