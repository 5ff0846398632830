// One device: SWUpdate from Debian, unmodified, as a process. It "runs" whatever version its configuration names; a
// restart with another one is its reboot.

import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

export interface SwupdateOptions {
  /** A folder of its own: SWUpdate keeps its sockets there, and deletes what it unpacks. */
  readonly folder: string;
  readonly id: string;
  readonly server: string;
  readonly tenant: string;
  readonly gatewayToken: string;
  readonly certificate: string;
  /** What it names as `fw_version`. */
  readonly version: string;
  /** `2`: it came up again after an installation and reports success. */
  readonly confirm?: '2';
}

export interface SwupdateDevice {
  /** All that it has printed so far. */
  log(): string;
  stop(): Promise<void>;
}

/** Starts SWUpdate. It polls until it is stopped. */
export function startSwupdate(options: SwupdateOptions): SwupdateDevice {
  const temporary = join(options.folder, 'run');
  mkdirSync(temporary, { recursive: true });
  const configuration = join(options.folder, 'swupdate.cfg');
  writeFileSync(
    configuration,
    `globals   : { public-key-file = "${options.certificate}"; };
identify  : ( { name = "fw_version"; value = "${options.version}"; } );
suricatta : {
  tenant = "${options.tenant}"; id = "${options.id}"; url = "${options.server}";
  polldelay = 1; retry = 3; retrywait = 1; gatewaytoken = "${options.gatewayToken}"; connection-timeout = 5;
};
`,
  );
  const child = spawn(
    'swupdate',
    [
      '-l',
      '4',
      '-f',
      configuration,
      '-H',
      'board:1.0',
      '-u',
      options.confirm === undefined ? '' : `-c ${options.confirm}`,
    ],
    {
      env: { ...process.env, TMPDIR: temporary },
      stdio: ['ignore', 'pipe', 'pipe'],
      detached: true,
    },
  );
  let text = '';
  child.stdout.on('data', (chunk: Buffer) => (text += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (text += chunk.toString()));
  return { log: () => text, stop: () => stopGroup(child) };
}

/** SWUpdate runs as several processes: the whole group is ended. */
function stopGroup(child: ChildProcess): Promise<void> {
  return new Promise((resolve) => {
    if (child.exitCode !== null || child.signalCode !== null || child.pid === undefined) {
      resolve();
      return;
    }
    child.once('exit', () => resolve());
    process.kill(-child.pid, 'SIGKILL');
  });
}
