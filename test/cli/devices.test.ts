// `lockstep devices` against a controller with more devices than a page looks at: the command goes on by itself where a
// page ends early, and says what is wrong with its options.

import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { expectedDevice } from '../../controller/model/device.ts';
import { API_NOW, startApi, type ApiUnderTest } from '../support/api.ts';
import { runCli, type CliResult } from '../support/cli.ts';

/** More than are walked over for two pages. */
const DEVICES = 7_000;

let api: ApiUnderTest;
beforeAll(async () => {
  api = await startApi();
  const ids = Array.from({ length: DEVICES }, (_, i) => `d${String(i).padStart(4, '0')}`);
  await Promise.all(
    ids.map((id, i) =>
      api.store.saveDevice({
        before: null,
        after: {
          ...expectedDevice('thermostat', id),
          standing: 'active',
          running: i === 6_999 ? 40 : 41,
          registeredAt: DEVICES - i,
        },
        ...(i % 3_499 === 3_498 && {
          contact: { at: API_NOW, listened: 10_000_000, steadyAt: API_NOW },
        }),
      }),
    ),
  );
});
afterAll(() => api.close());

function devices(...options: readonly string[]): Promise<CliResult> {
  return runCli(['devices', '--server', api.address, ...options]);
}

async function idsOf(...options: readonly string[]): Promise<readonly string[]> {
  const { code, stdout, stderr } = await devices('--output', 'json', ...options);
  expect([code, stderr.replace(/^there are more.*\n/, '')]).toEqual([0, '']);
  return (JSON.parse(stdout) as readonly { readonly id: string }[]).map(({ id }) => id);
}

describe('`lockstep devices`', { timeout: 60_000 }, () => {
  it('finds rare devices wherever they are, also those of one product of several', async () => {
    expect(await idsOf('--online')).toEqual(['d3498', 'd6997']);
    expect(await idsOf('--offline', '--prefix', 'd699', '--descending', '--limit', '2')).toEqual([
      'd6999',
      'd6998',
    ]);
    expect(await idsOf('--drifted')).toEqual(['d6999']);
    expect(await idsOf('--waiting', 'DeviceOffline')).toEqual(['d6999']);
    expect(await idsOf('--waiting')).toEqual(['d6999']);
    expect(await idsOf('--sort', 'registration', '--limit', '1')).toEqual(['d6999']);
    // Only one of the two products has the group.
    expect(await idsOf('--group', 'bench')).toEqual([]);
  });

  it('says which group there is not, and which options do not fit', async () => {
    const group = await devices('--group', 'nobody');
    expect(group).toMatchObject({ code: 1, stdout: '' });
    expect(group.stderr).toContain('no group "nobody" in force');
    const both = await devices('--online', '--offline');
    expect(both.code).toBe(1);
    expect(both.stderr).toContain("'--online' cannot be used with option '--offline'");
    const wait = await devices('--waiting', 'Godot');
    expect(wait.code).toBe(1);
    expect(wait.stderr).toContain('OutsideWindow');
    const order = await devices('--sort', 'colour');
    expect(order.code).toBe(1);
    expect(order.stderr).toContain('id, version, registration');
  });
});
