// The commands that look at a live fleet, and those that stop it or hand out credentials.

import { describe, expect, it } from 'vitest';
import { prepareFleet, SLOW } from './fleet-under-test.ts';

const fleet = prepareFleet();

describe('looking and acting', SLOW, () => {
  it('shows devices, why, events and status, and follows events as they come', async () => {
    await fleet.startController('--adopt');
    const follow = fleet.start(['events', '--follow', '--output', 'json'], { env: fleet.env });
    const watch = fleet.start(['status', '--watch'], { env: fleet.env });
    await watch.until(/thermostat/);
    await fleet.startDevices(2);
    expect((await fleet.live('apply --timeout 60s')).code).toBe(0);
    await follow.until(/"type":"ReleaseStarted"/);
    await watch.until(/Converged/);
    for (const { child, ended } of [follow, watch]) {
      child.kill('SIGINT');
      expect((await ended).code).toBe(0);
    }
    for (const line of follow.stdout().trim().split('\n')) JSON.parse(line);

    const listed = await fleet.live('devices --limit 1');
    expect(listed.stdout).toContain('sim-00001');
    expect(listed.stderr).toContain('there are more; raise --limit (1)');
    const why = await fleet.live('why sim-00001');
    expect(why.stdout).toContain('by DeviceLock/bench ');
    const unknown = await fleet.live('why nobody');
    expect(unknown).toMatchObject({ code: 1, stdout: '' });
    expect(unknown.stderr).toContain('has no device "nobody"');
    const events = await fleet.live('events --type DeviceRegistered --output json');
    expect(JSON.parse(events.stdout)).toHaveLength(2);
    const several = await fleet.live('events --type DeviceRegistered DeviceLocked --output json');
    const types = (JSON.parse(several.stdout) as readonly { type: string }[]).map(
      (each) => each.type,
    );
    expect(new Set(types)).toEqual(new Set(['DeviceRegistered', 'DeviceLocked']));
  });

  it('stops and resumes, durably and in place as well', async () => {
    const controller = await fleet.startController('--adopt');
    const stopped = await fleet.live('stop thermostat');
    expect(stopped).toMatchObject({ code: 0, stdout: 'stopped thermostat\n' });
    expect((await fleet.live('stop thermostta')).code).toBe(1);
    await controller.stop();
    const status = await fleet.run('status --output json');
    expect(JSON.parse(status.stdout)).toMatchObject({ products: [{ stopped: true }] });
    expect(await fleet.run('resume')).toMatchObject({ code: 0, stdout: 'resumed thermostat\n' });
  });

  it('issues a device token before the first poll, prints it once, and forgets the device', async () => {
    await fleet.startController();
    const added = await fleet.live('devices add lamp-7 --product thermostat');
    expect(added.stdout).toMatch(/^[A-Za-z0-9]{32}\n$/);
    const again = await fleet.live('devices add lamp-7 --product thermostat');
    expect(again.stderr).toContain('devices token lamp-7');
    const replaced = await fleet.live('devices token lamp-7 --output json');
    expect(JSON.parse(replaced.stdout)).toMatchObject({ product: 'thermostat', device: 'lamp-7' });
    expect(replaced.stdout).not.toContain(added.stdout.trim());
    const forgotten = await fleet.live('devices forget lamp-7 --yes');
    expect(forgotten).toMatchObject({ code: 0, stdout: 'forgot lamp-7 of thermostat\n' });
    expect((await fleet.live('devices token lamp-7')).code).toBe(1);
  });

  it('makes API tokens in place, whose roles a controller then holds to', async () => {
    const made = await fleet.run('token create ci --role viewer');
    expect(made.stdout).toMatch(/^[A-Za-z0-9]{32,}\n$/);
    await fleet.startController();
    const viewer = { ...fleet.env, LOCKSTEP_TOKEN: made.stdout.trim() };
    expect((await fleet.run('status', viewer)).code).toBe(0);
    const denied = await fleet.run('stop', viewer);
    expect(denied.code).toBe(1);
    expect(denied.stderr).toMatch(/^error Forbidden/);
    const wrong = await fleet.run('status', { ...fleet.env, LOCKSTEP_TOKEN: 'wrong' });
    expect(wrong.code).toBe(1);
    expect(wrong.stderr).toMatch(/^error Unauthorized/);
    // From this machine somebody is a deployer without a token.
    const listed = await fleet.live('token list');
    expect(listed.stdout).toMatch(/^ci {2}viewer {4}\d{4}-\d\d-\d\dT\S+Z\n$/);
    const revoked = await fleet.live('token revoke ci');
    expect(revoked).toMatchObject({ code: 0, stdout: 'revoked: ci (viewer)\n' });
    expect((await fleet.run('status', viewer)).stderr).toMatch(/^error Unauthorized/);
    expect((await fleet.live('token list')).stderr).toContain('no tokens');
    const unknown = await fleet.live('token revoke ci');
    expect(unknown.code).toBe(1);
    expect(unknown.stderr).toMatch(/^error NoSuchToken/);
  });
});
