// The demo as a newcomer or a CI job runs it, and empty variables as such jobs set them.

import { existsSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import { dirname } from 'node:path';
import { describe, expect, it } from 'vitest';
import { makeFolder, runCli, startCli } from '../support/cli.ts';

describe('demo', { timeout: 180_000 }, () => {
  it('tells its story to the end, also where its port is taken, without bars and colours in a log', async () => {
    const taken = await takePort(8080);
    const { code, stdout, stderr } = await runCli(['demo', '--devices', '8']);
    taken?.close();
    expect({ code, stderr }).toMatchObject({ code: 0 });
    const lines = stdout.trimEnd().split('\n');
    expect(lines.at(-1)).toMatch(
      /^converged: 7 of 8 devices run 44, and one is held on 41; revision [0-9a-f]{7}$/,
    );
    expect(stdout.replaceAll(/\s+/g, ' ')).toMatch(
      /Its dashboard is at http:\/\/127\.0\.0\.1:\d+\/:/,
    );
    const inOrder = [
      '+ UploadFirmware  version 42',
      'refused ReleaseUnverified',
      '+ LockDevice',
      'names version 42: verified',
      '7 of 8 devices run 42',
      'It runs version 41, by DeviceLock/lobby-on-41',
      'Version 43 is released in steps',
      'exposure: 1%',
      'step canary begins: 5 of 6 devices',
      'halted: ',
      '43 was offered to 5 of 6 devices. The other 1 were not touched',
      '$ git revert HEAD',
      'version 43 -> 42 for every device, a rollback',
      'no device runs 43 any more, 7 run 42',
      'Version 44, mended, goes through its steps',
      'Step canary: 5 of 6 devices',
      'Step half: 5 of 6 devices',
      'Step all: 6 of 6 devices',
      'The release is finished, and 7 devices run 44',
    ];
    const places = inOrder.map((text) => stdout.indexOf(text));
    expect(places).toEqual(places.toSorted((left, right) => left - right));
    expect(places[0]).toBeGreaterThan(0);
    expect(stderr).toContain('7/7 on version 42');
    for (const drawn of ['\u001b', '█', '░']) expect(`${stdout}${stderr}`).not.toContain(drawn);
  });

  it("tells it over a simulated Particle cloud, by Particle's own means", async () => {
    const { code, stdout, stderr } = await runCli([
      'demo',
      '--driver',
      'particle',
      '--devices',
      '40',
    ]);
    expect({ code, stderr }).toMatchObject({ code: 0 });
    const inOrder = [
      'Its dashboard is at http://127.0.0.1:',
      "in Particle's cloud, which is simulated here",
      'refused ReleaseUnverified',
      'names version 42: verified',
      '39 of 40 devices run 42',
      'It runs version 41, by DeviceLock/lobby-on-41',
      '43 was offered to 5 of 38 devices. The other 33 were not touched',
      'no device runs 43 any more, 39 run 42',
      'Step canary: 5 of 38 devices',
      'Step all: 38 of 38 devices',
      'converged: 39 of 40 devices run 44, and one is held on 41',
    ];
    const places = inOrder.map((text) => stdout.indexOf(text));
    expect(places).toEqual(places.toSorted((left, right) => left - right));
    expect(places[0]).toBeGreaterThan(0);
  });

  it.each([
    { signals: ['SIGINT'], codes: [1] },
    // A busy machine may deliver the two in either order.
    { signals: ['SIGINT', 'SIGTERM'], codes: [143, 130] },
  ] as const)('leaves nothing behind when it is ended by $signals', async ({ signals, codes }) => {
    const demo = startCli(['demo', '--devices', '8']);
    try {
      const [, folder = ''] = await demo.until(/This one is (\S+)\.\n/);
      expect(existsSync(folder)).toBe(true);
      for (const signal of signals) demo.child.kill(signal);
      expect(codes).toContain((await demo.ended).code);
      expect(existsSync(dirname(folder))).toBe(false);
    } finally {
      demo.child.kill('SIGKILL');
    }
  });
});

describe('empty variables', () => {
  it('count as unset', async () => {
    const folder = makeFolder();
    try {
      const env = { LOCKSTEP_SERVER: '', LOCKSTEP_TOKEN: '', LOCKSTEP_STATE: '' };
      const { code, stderr } = await runCli(['status'], { cwd: folder.path, env });
      expect({ code, stderr }).toMatchObject({ code: 0 });
      expect(stderr).toContain('sqlite:.lockstep/state.db');
    } finally {
      folder.remove();
    }
  });
});

/** Listens on a port of the loopback address; null where another program does already. */
async function takePort(port: number): Promise<Server | null> {
  const server = createServer();
  return new Promise((resolve) => {
    server.once('error', () => resolve(null));
    server.listen(port, '127.0.0.1', () => resolve(server));
  });
}
