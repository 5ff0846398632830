// `lockstep run`: the controller itself, until it is stopped.

import { type Command, Option } from 'commander';

import { createLog } from './log.ts';
import { addExamples, addOutputOptions, addServeOptions, type ServeFlags } from './options.ts';
import { buildServeOptions, readSettings, warnOfAdmission } from './serve.ts';
import { parseIntervalMs } from './settings.ts';
import type { Shell } from './shell.ts';

interface RunOptions extends ServeFlags {
  readonly state?: string;
  readonly interval?: number;
  readonly config?: string;
}

/** Adds the command. Exit code 0 once it was stopped, 1 where it can't start. */
export function addRun(program: Command, shell: Shell): void {
  const command = program
    .command('run')
    .summary('the controller: watch, reconcile, serve')
    .description(
      'Watches the source, reconciles the fleet with it, and serves devices and the API, until it is stopped. Prints one line on stdout when it is ready; its log goes to stderr.',
    )
    .argument('[SOURCE]', 'directory (default: here) or git URL with #branch:path')
    .option('--config <file>', 'settings as YAML or JSON; flags and environment win over it')
    .option('--state <spec>', 'the state (default: sqlite:.lockstep/state.db)')
    .addOption(
      new Option('--interval <duration>', 'how often the source is read (default: 60s)').argParser(
        parseIntervalMs,
      ),
    )
    .action(async (source: string | undefined, options: RunOptions) => {
      shell.exitCode = await run(shell, source, options);
    });
  addServeOptions(command);
  addOutputOptions(command);
  addExamples(command, [
    ['lockstep run --gateway-token trial', 'the manifests here, devices on 127.0.0.1:8080'],
    ['lockstep run https://git.example.com/fleet.git#main', 'a branch, read every minute'],
    [
      'lockstep run --listen 0.0.0.0:8080 --config run.yaml',
      'beyond this machine; the rest from a file',
    ],
  ]);
}

async function run(shell: Shell, source: string | undefined, options: RunOptions): Promise<number> {
  const interrupted = shell.interruption();
  const settings = await readSettings(shell, { ...options, source }, options.config);
  if (!settings.ok) return shell.failed(settings.error);
  const log = createLog(shell);
  const serve = await buildServeOptions(shell, settings.value, log);
  if (!serve.ok) return shell.failed(serve.error);
  warnOfAdmission(shell, settings.value);

  const compose = await shell.loadCompose();
  const served = await compose.composeController(serve.value);
  if (!served.ok) return shell.failed(served.error);
  const { controller, address, deviceAddress } = served.value;
  while (!controller.view().ready && !interrupted.aborted) {
    // What keeps it from being ready is in the log; it goes on trying.
    await controller.nextPass(1_000);
  }
  if (!interrupted.aborted) {
    const { source: description, revisionSeen, products } = controller.view();
    const revision = revisionSeen ?? products[0]?.revision ?? null;
    if (shell.output === 'json') {
      const ready = { address, deviceAddress, source: description, revision };
      shell.write(`${JSON.stringify(ready)}\n`);
    } else {
      const devices = deviceAddress === address ? '' : ` and for devices at ${deviceAddress}`;
      shell.write(
        `lockstep ready at ${address}${devices} (source ${description ?? 'none'}, revision ${revision ?? 'none'})\n`,
      );
    }
    await new Promise((resolve) => interrupted.addEventListener('abort', resolve, { once: true }));
  }
  log.info('stopping');
  await served.value.close();
  return 0;
}
