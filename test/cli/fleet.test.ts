// The commands about the live fleet, end to end: a real controller, simulated devices, the real program for everything.

import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { buildParticleModule } from '../../controller/simulator/firmware-image.ts';
import { examineBytes } from '../../controller/firmware/examine.ts';
import {
  type CliOptions,
  findFreePort,
  makeFolder,
  runCli,
  type RunningCli,
  startCli,
} from '../support/cli.ts';

/** Each test starts many processes, and machines are busy. */
const SLOW = { timeout: 120_000 };

let folder: ReturnType<typeof makeFolder>;
let fleet: string;
let port: number;
let running: RunningCli[] = [];

beforeEach(async () => {
  folder = makeFolder();
  fleet = join(folder.path, 'fleet');
  port = await findFreePort();
  await runCli(['init', fleet]);
  // A second between polls keeps the tests short.
  edit('product.yaml', 'pollInterval: 10s', 'pollInterval: 1s');
});

afterEach(async () => {
  await Promise.all(running.map(({ child, ended }) => (child.kill('SIGKILL'), ended)));
  running = [];
  folder.remove();
});

function edit(file: string, from: string, to: string): void {
  const path = join(fleet, file);
  const text = readFileSync(path, 'utf8');
  if (!text.includes(from)) throw new Error(`${file} has no ${from}`);
  writeFileSync(path, text.replace(from, to));
}

/** Brings out version 2: the bench is locked to it, and it is released. */
function bringOutVersion2(): void {
  const binary = buildParticleModule({ productId: 94, version: 2, platformId: 6 });
  writeFileSync(join(fleet, 'firmware/2.bin'), binary);
  const first = readFileSync(join(fleet, 'firmware/1.yaml'), 'utf8');
  const second = first
    .replace('thermostat-1', 'thermostat-2')
    .replace('version: 1', 'version: 2')
    .replace('firmware/1.bin', 'firmware/2.bin')
    .replace(/[0-9a-f]{64}/, examineBytes(binary).sha256);
  writeFileSync(join(fleet, 'firmware/2.yaml'), second);
  edit('bench-lock.yaml', 'version: 1\n', 'version: 2\n');
  edit('release.yaml', 'version: 1\n', 'version: 2\n');
}

function start(args: readonly string[], options: CliOptions = {}): RunningCli {
  const started = startCli(args, { cwd: fleet, ...options });
  running.push(started);
  return started;
}

const run = (args: string, env: Readonly<Record<string, string>> = {}) =>
  runCli(args.split(' '), { cwd: fleet, env });
const serverEnv = () => ({ LOCKSTEP_SERVER: `http://127.0.0.1:${port}` });

async function startController(...flags: string[]): Promise<RunningCli> {
  const listen = ['--listen', `127.0.0.1:${port}`];
  const started = start(['run', ...listen, '--gateway-token', 'trial', ...flags]);
  await started.until(/^lockstep ready at .*\n/m);
  return started;
}

/** Devices that poll until the test ends. */
async function startDevices(count: number, version = '1'): Promise<RunningCli> {
  const devices = `--product thermostat --devices ${count} --version ${version} --install 0s --reboot 0s`;
  const server = `--server http://127.0.0.1:${port} --gateway-token trial`;
  const started = start(`simulate ${devices} ${server}`.split(' '));
  await started.until(/devices=/);
  return started;
}

describe('run', SLOW, () => {
  it('prints one line on stdout when it is ready, logs to stderr, and ends well at SIGTERM', async () => {
    const controller = await startController();
    const ended = await controller.stop();
    expect(ended.code).toBe(0);
    expect(ended.stdout).toMatch(
      new RegExp(
        `^lockstep ready at http://127\\.0\\.0\\.1:${port} \\(source .*fleet, revision dir-[0-9a-f]{40}\\)\n$`,
      ),
    );
    for (const line of ended.stderr.trim().split('\n')) {
      expect(JSON.parse(line)).toMatchObject({
        level: expect.any(String),
        msg: expect.any(String),
      });
    }
  });

  it('warns loudly when it serves devices without credentials', async () => {
    const controller = await startController('--allow-anonymous');
    expect((await controller.stop()).stderr).toContain(
      'WARNING: devices are served WITHOUT CREDENTIALS',
    );
  });

  it('says that the port is taken, and leaves the state free', async () => {
    const other = createServer();
    await new Promise<void>((resolve) => other.listen(port, '127.0.0.1', resolve));
    const blocked = await run(`run --listen 127.0.0.1:${port}`);
    await new Promise((resolve) => other.close(resolve));
    expect(blocked).toMatchObject({ code: 1, stdout: '' });
    expect(blocked.stderr).toContain(`127.0.0.1:${port} is in use by another program`);
    await startController();
  });

  it('owns its state: others are told where it serves', async () => {
    await startController();
    const results = await Promise.all([
      run('status'),
      run('plan'),
      run('token create ci --role viewer'),
      run(`run --listen 127.0.0.1:0`),
    ]);
    for (const { code, stdout, stderr } of results) {
      expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
      expect(stderr).toContain(`add --server http://127.0.0.1:${port}`);
    }
  });

  it('takes its settings from a file', async () => {
    writeFileSync(join(folder.path, 'run.yaml'), `listen: 127.0.0.1:${port}\nsource: ${fleet}\n`);
    const started = startCli(['run', '--config', 'run.yaml'], { cwd: folder.path });
    running.push(started);
    const [line] = await started.until(/^lockstep ready at \S+/);
    expect(line).toBe(`lockstep ready at http://127.0.0.1:${port}`);
  });
});

describe('plan', SLOW, () => {
  it('plans in place without making a state, and exits 3 beside a refusal', async () => {
    const { code, stdout } = await run('plan --output json');
    expect(code).toBe(3);
    expect(JSON.parse(stdout)).toMatchObject({
      formatVersion: '1.0',
      products: [{ product: 'thermostat', refusals: [{ reason: 'ReleaseUnverified' }] }],
    });
    expect(existsSync(join(fleet, '.lockstep'))).toBe(false);
  });

  it('exits 2 when there is something to do and nothing is refused', async () => {
    edit('release.yaml', 'kind: Release', 'kind: DeviceLock');
    edit('release.yaml', 'version: 1', 'version: 1\n  flash: now\n  devices: [other]');
    const { code, stdout } = await run('plan');
    expect(stdout).toContain('0 refused');
    expect(code).toBe(2);
  });

  it('exits 1 when the source cannot be read', async () => {
    expect((await run('plan nowhere')).code).toBe(1);
  });

  it('gives Markdown for a pull request', async () => {
    const { stdout } = await run('plan --output markdown');
    expect(stdout).toContain('ReleaseUnverified');
    expect(stdout).toContain('release.yaml');
  });

  it('asks a controller, which changes nothing by it, and exits 0 where nothing is to be done', async () => {
    await startController('--adopt');
    await startDevices(3);
    expect((await run('apply --timeout 60s', serverEnv())).code).toBe(0);
    expect((await run('plan', serverEnv())).code).toBe(0);
    // Nothing is committed: what the folder asks for is planned, and not carried out while the plan is looked at.
    const elsewhere = join(folder.path, 'elsewhere');
    await runCli(['init', elsewhere]);
    writeFileSync(join(elsewhere, 'bench-lock.yaml'), '');
    const planned = await run(`plan ${elsewhere} --output json`, serverEnv());
    expect(JSON.parse(planned.stdout)).toMatchObject({
      products: [
        { actions: expect.arrayContaining([expect.objectContaining({ type: 'UnlockDevice' })]) },
      ],
    });
    const { stdout } = await run('devices --locked --output json', serverEnv());
    expect(JSON.parse(stdout)).toHaveLength(1);
  });
});

describe('apply', SLOW, () => {
  it('carries a version to the whole fleet through a controller, and ends when it has converged', async () => {
    await startController('--adopt');
    await startDevices(8);
    expect((await run('apply --timeout 60s', serverEnv())).code).toBe(0);
    bringOutVersion2();
    const applied = await run('apply --timeout 60s --output json', serverEnv());
    expect(applied.code).toBe(0);
    expect(JSON.parse(applied.stdout)).toMatchObject({
      outcome: 'converged',
      products: [{ product: 'thermostat', converged: true, pending: 0 }],
    });
    const { stdout } = await run('devices --running 2 --output json', serverEnv());
    expect(JSON.parse(stdout)).toHaveLength(8);
  });

  it('serves devices itself while it opens the state in place', async () => {
    await startDevices(3);
    const flags = `--listen 127.0.0.1:${port} --gateway-token trial --adopt --timeout 60s`;
    const applied = await run(`apply ${flags}`);
    expect(applied.stderr).toContain('adopting thermostat: this state knows 0 devices');
    expect(applied.stdout).toContain('Converged: revision dir-');
    expect(applied.stdout).toContain('thermostat: every device is on target');
    expect(applied.code).toBe(0);
    // Once more does nothing more.
    const again = await run(`apply ${flags}`);
    expect(again.stdout).toContain('nothing to do');
    expect(again.code).toBe(0);
  });

  it('exits 1 when devices that could lift a gate do not come in time', async () => {
    const applied = await run(`apply --listen 127.0.0.1:${port} --adopt --timeout 1s`);
    expect(applied.code).toBe(1);
    expect(applied.stdout).toContain('Not converged in time');
    expect(applied.stdout).toContain('ReleaseUnverified');
  });

  it('exits 3 at once for what needs a commit', async () => {
    edit('release.yaml', 'version: 1', 'version: 9');
    const applied = await run(`apply --listen 127.0.0.1:${port} --adopt --timeout 60s`);
    expect(applied.code).toBe(3);
    expect(applied.stdout).toContain('UnknownVersion');
  });

  it('exits 3 for a state that never saw the product, until a person adopts it', async () => {
    await startController();
    await startDevices(2);
    const waits = await run('apply --timeout 60s', serverEnv());
    expect(waits.code).toBe(3);
    expect(waits.stdout).toContain('StateNew');
    const adopted = await run('apply --adopt --timeout 60s', serverEnv());
    expect(adopted.stderr).toContain('adopting thermostat: this state knows 2 devices');
    expect(adopted.code).toBe(0);
  });

  it('carries out the plan that was saved, and refuses it once it no longer fits', async () => {
    const trap = await run('plan --adopt --out plan.json');
    expect(trap.stderr).toContain('inside the source');
    const saved = await run('plan --adopt --out .lockstep/plan.json');
    expect(saved.stderr).toContain('lockstep apply --plan .lockstep/plan.json');
    const flags = `--listen 127.0.0.1:${port} --adopt --no-wait --plan .lockstep/plan.json`;
    expect((await run(`apply ${flags}`)).code).toBe(0);
    const stale = await run(`apply ${flags}`);
    expect(stale.code).toBe(3);
    expect(stale.stderr).toContain('StalePlan');
  });

  it('stops following at Ctrl-C, and says that the rest goes on', async () => {
    await startController('--adopt');
    const apply = start(['apply', '--server', `http://127.0.0.1:${port}`]);
    await apply.until(/waiting for verification/);
    apply.child.kill('SIGINT');
    const { code, stdout } = await apply.ended;
    expect(code).toBe(1);
    expect(stdout).toContain('No longer followed');
  });
});

describe('looking and acting', SLOW, () => {
  it('shows devices, why, events and status, and follows events as they come', async () => {
    await startController('--adopt');
    const follow = start(['events', '--follow', '--output', 'json'], { env: serverEnv() });
    const watch = start(['status', '--watch'], { env: serverEnv() });
    await watch.until(/thermostat/);
    await startDevices(2);
    expect((await run('apply --timeout 60s', serverEnv())).code).toBe(0);
    await follow.until(/"type":"ReleaseStarted"/);
    await watch.until(/Converged/);
    for (const { child, ended } of [follow, watch]) {
      child.kill('SIGINT');
      expect((await ended).code).toBe(0);
    }
    for (const line of follow.stdout().trim().split('\n')) JSON.parse(line);

    const listed = await run('devices --limit 1', serverEnv());
    expect(listed.stdout).toContain('sim-00001');
    expect(listed.stderr).toContain('there are more; raise --limit (1)');
    const why = await run('why sim-00001', serverEnv());
    expect(why.stdout).toContain('by DeviceLock/bench-on-1');
    const unknown = await run('why nobody', serverEnv());
    expect(unknown).toMatchObject({ code: 1, stdout: '' });
    expect(unknown.stderr).toContain('has no device "nobody"');
    const events = await run('events --type DeviceRegistered --output json', serverEnv());
    expect(JSON.parse(events.stdout)).toHaveLength(2);
  });

  it('stops and resumes, durably and in place as well', async () => {
    const controller = await startController('--adopt');
    const stopped = await run('stop thermostat', serverEnv());
    expect(stopped).toMatchObject({ code: 0, stdout: 'stopped thermostat\n' });
    expect((await run('stop thermostta', serverEnv())).code).toBe(1);
    await controller.stop();
    const status = await run('status --output json');
    expect(JSON.parse(status.stdout)).toMatchObject({ products: [{ stopped: true }] });
    expect(await run('resume')).toMatchObject({ code: 0, stdout: 'resumed thermostat\n' });
  });

  it('issues a device token before the first poll, prints it once, and forgets the device', async () => {
    await startController();
    const added = await run('devices add lamp-7 --product thermostat', serverEnv());
    expect(added.stdout).toMatch(/^[A-Za-z0-9]{32}\n$/);
    const again = await run('devices add lamp-7 --product thermostat', serverEnv());
    expect(again.stderr).toContain('devices token lamp-7');
    const replaced = await run('devices token lamp-7 --output json', serverEnv());
    expect(JSON.parse(replaced.stdout)).toMatchObject({ product: 'thermostat', device: 'lamp-7' });
    expect(replaced.stdout).not.toContain(added.stdout.trim());
    const forgotten = await run('devices forget lamp-7 --yes', serverEnv());
    expect(forgotten).toMatchObject({ code: 0, stdout: 'forgot lamp-7 of thermostat\n' });
    expect((await run('devices token lamp-7', serverEnv())).code).toBe(1);
  });

  it('makes API tokens in place, whose roles a controller then holds to', async () => {
    const made = await run('token create ci --role viewer');
    expect(made.stdout).toMatch(/^[A-Za-z0-9]{32,}\n$/);
    await startController();
    const viewer = { ...serverEnv(), LOCKSTEP_TOKEN: made.stdout.trim() };
    expect((await run('status', viewer)).code).toBe(0);
    const denied = await run('stop', viewer);
    expect(denied.code).toBe(1);
    expect(denied.stderr).toMatch(/^error Forbidden/);
    const wrong = await run('status', { ...serverEnv(), LOCKSTEP_TOKEN: 'wrong' });
    expect(wrong.code).toBe(1);
    expect(wrong.stderr).toMatch(/^error Unauthorized/);
  });
});

describe('simulate', SLOW, () => {
  it('ends by itself once nothing moves, and sums up', async () => {
    await startController('--adopt');
    const ended = await run(
      `simulate --product thermostat --devices 3 --gateway-token trial --until-idle 2s --output json`,
      serverEnv(),
    );
    expect(ended.code).toBe(0);
    expect(JSON.parse(ended.stdout)).toMatchObject({ devices: 3, byVersion: { 1: 3 } });
  });

  it('ends at Ctrl-C with its numbers, also when nobody serves', async () => {
    const simulated = start([
      'simulate',
      '--product',
      'thermostat',
      '--server',
      'http://127.0.0.1:1',
    ]);
    await simulated.until(/devices=10/);
    simulated.child.kill('SIGINT');
    const { code, stdout } = await simulated.ended;
    expect(code).toBe(0);
    expect(stdout).toMatch(/^devices=10 .*\n$/);
  });
});
