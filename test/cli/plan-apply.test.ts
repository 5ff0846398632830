// `lockstep plan` and `lockstep apply` against a live fleet, of a controller and in place: exit codes, saved plans, convergence.

import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { runCli } from '../support/cli.ts';
import { prepareFleet, SLOW } from './fleet-under-test.ts';

const fleet = prepareFleet();

describe('plan', SLOW, () => {
  it('plans in place without making a state, and exits 3 beside a refusal', async () => {
    const { code, stdout } = await fleet.run('plan --output json');
    expect(code).toBe(3);
    expect(JSON.parse(stdout)).toMatchObject({
      formatVersion: '1.0',
      products: [{ product: 'thermostat', refusals: [{ reason: 'ReleaseUnverified' }] }],
    });
    expect(existsSync(join(fleet.repo, '.lockstep'))).toBe(false);
  });

  it('exits 2 when there is something to do and nothing is refused', async () => {
    fleet.edit('release.yaml', 'kind: Release', 'kind: DeviceLock');
    fleet.edit('release.yaml', 'version: 1', 'version: 1\n  flash: now\n  devices: [other]');
    const { code, stdout } = await fleet.run('plan');
    expect(stdout).toContain('0 refused');
    expect(code).toBe(2);
  });

  it('exits 1 when the source cannot be read', async () => {
    expect((await fleet.run('plan nowhere')).code).toBe(1);
  });

  it('gives Markdown for a pull request', async () => {
    const { stdout } = await fleet.run('plan --output markdown');
    expect(stdout).toContain('ReleaseUnverified');
    expect(stdout).toContain('release.yaml');
  });

  it('asks a controller, which changes nothing by it, and exits 0 where nothing is to be done', async () => {
    await fleet.startController('--adopt');
    await fleet.startDevices(3);
    expect((await fleet.live('apply --timeout 60s')).code).toBe(0);
    expect((await fleet.live('plan')).code).toBe(0);
    // Nothing is committed: what the folder asks for is planned, and not carried out while the plan is looked at.
    const elsewhere = join(fleet.folder, 'elsewhere');
    await runCli(['init', elsewhere]);
    writeFileSync(join(elsewhere, 'bench-lock.yaml'), '');
    const planned = await fleet.live(`plan ${elsewhere} --output json`);
    expect(JSON.parse(planned.stdout)).toMatchObject({
      products: [
        { actions: expect.arrayContaining([expect.objectContaining({ type: 'UnlockDevice' })]) },
      ],
    });
    const { stdout } = await fleet.live('devices --locked --output json');
    expect(JSON.parse(stdout)).toHaveLength(1);
  });
});

describe('apply', SLOW, () => {
  it('carries a version to the whole fleet through a controller, and ends when it has converged', async () => {
    await fleet.startController('--adopt');
    await fleet.startDevices(8);
    expect((await fleet.live('apply --timeout 60s')).code).toBe(0);
    fleet.bringOutVersion2();
    const applied = await fleet.live('apply --timeout 60s --output json');
    expect(applied.code).toBe(0);
    expect(JSON.parse(applied.stdout)).toMatchObject({
      outcome: 'converged',
      products: [{ product: 'thermostat', converged: true, pending: 0 }],
    });
    const { stdout } = await fleet.live('devices --running 2 --output json');
    expect(JSON.parse(stdout)).toHaveLength(8);
  });

  it('serves devices itself while it opens the state in place', async () => {
    await fleet.startDevices(3);
    const flags = `--listen 127.0.0.1:${fleet.port} --gateway-token trial --adopt --timeout 60s`;
    const applied = await fleet.run(`apply ${flags}`);
    expect(applied.stderr).toContain('adopting thermostat: this state knows 0 devices');
    expect(applied.stdout).toContain('Converged: revision dir-');
    expect(applied.stdout).toContain('thermostat: every device is on target');
    expect(applied.code).toBe(0);
    // Once more does nothing more.
    const again = await fleet.run(`apply ${flags}`);
    expect(again.stdout).toContain('nothing to do');
    expect(again.code).toBe(0);
  });

  it('exits 1 when devices that could lift a gate do not come in time', async () => {
    const applied = await fleet.run(`apply --listen 127.0.0.1:${fleet.port} --adopt --timeout 1s`);
    expect(applied.code).toBe(1);
    expect(applied.stdout).toContain('Not converged in time');
    expect(applied.stdout).toContain('ReleaseUnverified');
  });

  it('exits 3 at once for what needs a commit', async () => {
    fleet.edit('release.yaml', 'version: 1', 'version: 9');
    const applied = await fleet.run(`apply --listen 127.0.0.1:${fleet.port} --adopt --timeout 60s`);
    expect(applied.code).toBe(3);
    expect(applied.stdout).toContain('UnknownVersion');
  });

  it('exits 3 for a state that never saw the product, until a person adopts it', async () => {
    await fleet.startController();
    await fleet.startDevices(2);
    const waits = await fleet.live('apply --timeout 60s');
    expect(waits.code).toBe(3);
    expect(waits.stdout).toContain('StateNew');
    const adopted = await fleet.live('apply --adopt --timeout 60s');
    expect(adopted.stderr).toContain('adopting thermostat: this state knows 2 devices');
    expect(adopted.code).toBe(0);
  });

  it('carries out the plan that was saved, and refuses it once it no longer fits', async () => {
    const trap = await fleet.run('plan --adopt --out plan.json');
    expect(trap.stderr).toContain('inside the source');
    const saved = await fleet.run('plan --adopt --out .lockstep/plan.json');
    expect(saved.stderr).toContain('lockstep apply --plan .lockstep/plan.json');
    const flags = `--listen 127.0.0.1:${fleet.port} --adopt --no-wait --plan .lockstep/plan.json`;
    expect((await fleet.run(`apply ${flags}`)).code).toBe(0);
    const stale = await fleet.run(`apply ${flags}`);
    expect(stale.code).toBe(3);
    expect(stale.stderr).toContain('StalePlan');
  });

  it('stops following at Ctrl-C, and says that the rest goes on', async () => {
    await fleet.startController('--adopt');
    const apply = fleet.start(['apply', '--server', `http://127.0.0.1:${fleet.port}`]);
    await apply.until(/waiting for verification/);
    apply.child.kill('SIGINT');
    const { code, stdout } = await apply.ended;
    expect(code).toBe(1);
    expect(stdout).toContain('No longer followed');
  });
});
