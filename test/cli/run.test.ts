// `lockstep run` and the devices that `lockstep simulate` brings: starting, owning a state, ending.

import { writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { prepareFleet, SLOW } from './fleet-under-test.ts';

const fleet = prepareFleet();

describe('run', SLOW, () => {
  it('prints one line on stdout when it is ready, logs to stderr, and ends well at SIGTERM', async () => {
    const controller = await fleet.startController();
    const ended = await controller.stop();
    expect(ended.code).toBe(0);
    expect(ended.stdout).toMatch(
      new RegExp(
        `^lockstep ready at http://127\\.0\\.0\\.1:${fleet.port} \\(source .*fleet, revision dir-[0-9a-f]{40}\\)\n$`,
      ),
    );
    for (const line of ended.stderr.trim().split('\n')) {
      expect(JSON.parse(line)).toMatchObject({
        level: expect.any(String),
        msg: expect.any(String),
      });
    }
  });

  it('names the port that devices have of their own', async () => {
    const controller = await fleet.startController('--device-listen', '127.0.0.1:0');
    const [, address] = await controller.until(/ and for devices at (http:\S+) \(/);
    const poll = `${address}/thermostat/controller/v1/sim-00001`;
    expect((await fetch(poll)).status).toBe(401);
    const headers = { authorization: 'GatewayToken trial' };
    expect((await fetch(poll, { headers })).status).toBe(200);
    const { stdout } = await controller.stop();
    expect(stdout.split('\n')).toHaveLength(2);
  });

  it('warns loudly when it serves devices without credentials', async () => {
    const controller = await fleet.startController('--allow-anonymous');
    expect((await controller.stop()).stderr).toContain(
      'WARNING: devices are served WITHOUT CREDENTIALS',
    );
  });

  it('says that the port is taken, and leaves the state free', async () => {
    const other = createServer();
    await new Promise<void>((resolve) => other.listen(fleet.port, '127.0.0.1', resolve));
    const blocked = await fleet.run(`run --listen 127.0.0.1:${fleet.port}`);
    await new Promise((resolve) => other.close(resolve));
    expect(blocked).toMatchObject({ code: 1, stdout: '' });
    expect(blocked.stderr).toContain(`127.0.0.1:${fleet.port} is in use by another program`);
    await fleet.startController();
  });

  it('owns its state: others are told where it serves', async () => {
    await fleet.startController();
    const results = await Promise.all([
      fleet.run('status'),
      fleet.run('plan'),
      fleet.run('token create ci --role viewer'),
      fleet.run(`run --listen 127.0.0.1:0`),
    ]);
    for (const { code, stdout, stderr } of results) {
      expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
      expect(stderr).toContain(`add --server http://127.0.0.1:${fleet.port}`);
    }
    // One that asks for tokens would refuse the first.
    expect(results[2]?.stderr).toContain('stop the controller, make one, and start it again');
  });

  it('takes its settings from a file', async () => {
    writeFileSync(
      join(fleet.folder, 'run.yaml'),
      `listen: 127.0.0.1:${fleet.port}\nsource: ${fleet.repo}\n`,
    );
    const started = fleet.start(['run', '--config', 'run.yaml'], { cwd: fleet.folder });
    const [line] = await started.until(/^lockstep ready at \S+/);
    expect(line).toBe(`lockstep ready at http://127.0.0.1:${fleet.port}`);
  });
});

describe('simulate', SLOW, () => {
  it('ends by itself once nothing moves, and sums up', async () => {
    await fleet.startController('--adopt');
    const ended = await fleet.live(
      `simulate --product thermostat --devices 3 --gateway-token trial --until-idle 2s --output json`,
    );
    expect(ended.code).toBe(0);
    expect(JSON.parse(ended.stdout)).toMatchObject({ devices: 3, byVersion: { 1: 3 } });
  });

  it('ends at Ctrl-C with its numbers, also when nobody serves', async () => {
    const simulated = fleet.start([
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
