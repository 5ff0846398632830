// A fleet repo, its controller and its devices, for tests that run the real program for everything. Made anew for each
// test, and gone after it.

import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach } from 'vitest';
import { STARTER_STRATEGY } from '../../controller/proposals/starter-strategy.ts';
import { examineBytes } from '../../controller/firmware/examine.ts';
import { buildParticleModule } from '../../controller/simulator/firmware-image.ts';
import {
  type CliOptions,
  type CliResult,
  findFreePort,
  makeFolder,
  runCli,
  type RunningCli,
  startCli,
} from '../support/cli.ts';

/** Each test starts many processes, and machines are busy. */
export const SLOW = { timeout: 120_000 };

export interface FleetUnderTest {
  /** The folder of the test, and the fleet repo in it. */
  readonly folder: string;
  readonly repo: string;
  /** Where the controller listens. */
  readonly port: number;
  /** Replaces text in a file of the repo; the text has to be there. */
  edit(file: string, from: string, to: string): void;
  /** Brings out version 2: the bench is locked to it, and it is released. */
  bringOutVersion2(): void;
  /** Starts the program in the repo; it is killed after the test. */
  start(args: readonly string[], options?: CliOptions): RunningCli;
  /** Runs the program in the repo; `live` sends it to the controller. */
  run(args: string, env?: Readonly<Record<string, string>>): Promise<CliResult>;
  live(args: string, env?: Readonly<Record<string, string>>): Promise<CliResult>;
  /** What sends the program to the controller. */
  readonly env: Readonly<Record<string, string>>;
  startController(...flags: string[]): Promise<RunningCli>;
  /** Devices on version 1 that poll until the test ends. */
  startDevices(count: number): Promise<RunningCli>;
}

/** Prepares a fleet for each test of a file. */
export function prepareFleet(): FleetUnderTest {
  let folder: ReturnType<typeof makeFolder> | null = null;
  let port = 0;
  let running: RunningCli[] = [];
  const folderPath = (): string => folder?.path ?? '';

  beforeEach(async () => {
    folder = makeFolder();
    port = await findFreePort();
    await runCli(['init', fleet.repo]);
    // A second between polls, and a release to everyone at once, keep the tests short.
    fleet.edit('product.yaml', 'pollInterval: 10s', 'pollInterval: 1s');
    fleet.edit('release.yaml', STARTER_STRATEGY.replaceAll(/^(?=.)/gm, '  '), '');
  }, SLOW.timeout);

  afterEach(async () => {
    for (const { child } of running) child.kill('SIGKILL');
    await Promise.all(running.map(({ ended }) => ended));
    running = [];
    folder?.remove();
  }, SLOW.timeout);

  const fleet: FleetUnderTest = {
    get folder() {
      return folderPath();
    },
    get repo() {
      return join(folderPath(), 'fleet');
    },
    get port() {
      return port;
    },
    get env() {
      return { LOCKSTEP_SERVER: `http://127.0.0.1:${port}` };
    },
    edit(file, from, to) {
      const path = join(fleet.repo, file);
      const text = readFileSync(path, 'utf8');
      if (!text.includes(from)) throw new Error(`${file} has no ${from}`);
      writeFileSync(path, text.replace(from, to));
    },
    bringOutVersion2() {
      const binary = buildParticleModule({ productId: 94, version: 2, platformId: 6 });
      writeFileSync(join(fleet.repo, 'firmware/2.bin'), binary);
      const first = readFileSync(join(fleet.repo, 'firmware/1.yaml'), 'utf8');
      const second = first
        .replace('thermostat-1', 'thermostat-2')
        .replace('version: 1', 'version: 2')
        .replace('firmware/1.bin', 'firmware/2.bin')
        .replace(/[0-9a-f]{64}/, examineBytes(binary).sha256);
      writeFileSync(join(fleet.repo, 'firmware/2.yaml'), second);
      fleet.edit('bench-lock.yaml', 'version: 1\n', 'version: 2\n');
      fleet.edit('release.yaml', 'version: 1\n', 'version: 2\n');
    },
    start(args, options = {}) {
      const started = startCli(args, { cwd: fleet.repo, ...options });
      running.push(started);
      return started;
    },
    run: (args, env = {}) => runCli(args.split(' '), { cwd: fleet.repo, env }),
    live: (args, env = {}) => fleet.run(args, { ...fleet.env, ...env }),
    async startController(...flags) {
      const listen = ['--listen', `127.0.0.1:${port}`];
      const started = fleet.start(['run', ...listen, '--gateway-token', 'trial', ...flags]);
      await started.until(/^lockstep ready at .*\n/m);
      return started;
    },
    async startDevices(count) {
      const devices = `--product thermostat --devices ${count} --install 0s --reboot 0s`;
      const server = `--server http://127.0.0.1:${port} --gateway-token trial`;
      const started = fleet.start(`simulate ${devices} ${server}`.split(' '));
      await started.until(/devices=/);
      return started;
    },
  };
  return fleet;
}
