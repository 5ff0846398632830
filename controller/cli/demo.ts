// `lockstep demo`: the whole story on one machine, with no set-up. The story itself is in `demo/`.

import { type Command, Option } from 'commander';

import { DEMO_DRIVERS, type DemoDriver } from './demo/cast.ts';
import { BENCH_DEVICE } from './demo/chapter.ts';
import { runDemo } from './demo/run-demo.ts';
import { createLiveLine } from './live-line.ts';
import { addExamples, addOutputOptions, LISTEN_DEFAULT, parseCount } from './options.ts';
import type { Shell } from './shell.ts';

const DEVICES_DEFAULT = 200;

/** Adds the command. Exit code 0 when the fleet has converged. */
export function addDemo(program: Command, shell: Shell): void {
  const command = program
    .command('demo')
    .summary('the whole story on one machine, with no set-up')
    .description(
      'Copies an example fleet repo to a temporary folder, makes real commits, starts a controller and simulated devices, and tells what happens. On a terminal it goes on serving until Ctrl-C.',
    )
    .option('--devices <n>', 'how many devices take part', parseCount(3), DEVICES_DEFAULT)
    .addOption(
      new Option(
        '--driver <name>',
        'where they are: at the gateway, or in a simulated Particle cloud',
      )
        .choices(DEMO_DRIVERS)
        .default('gateway'),
    );
  addOutputOptions(command, ['text']);
  addExamples(command, [
    ['lockstep demo', 'tell the story with 200 devices'],
    ['lockstep demo --devices 2000', 'the same with more of them'],
    [
      'lockstep demo --driver particle',
      "the same over Particle's cloud, simulated on this machine",
    ],
  ]);
  command.action(async (options: { readonly devices: number; readonly driver: DemoDriver }) => {
    const signal = shell.interruption();
    const told = await runDemo(
      {
        driver: options.driver,
        devices: options.devices,
        port: LISTEN_DEFAULT.port,
        signal,
        style: {
          color: shell.colorOf('out'),
          columns: shell.isTerminal ? (shell.stdout.columns ?? 80) : null,
        },
        write: (text) => shell.write(text),
        createLine: async () => createLiveLine(shell),
        afterwards: (address) => keepServing(shell, signal, address),
      },
      await shell.loadCompose(),
    );
    shell.exitCode = told.ok ? 0 : shell.failed(told.error);
  });
}

/** Somebody at a terminal may want to look around; a script wants to go on. */
async function keepServing(shell: Shell, signal: AbortSignal, address: string): Promise<void> {
  if (!shell.isTerminal || !shell.isErrorTerminal || signal.aborted) return;
  // In a checkout there is no `lockstep` on the path: npm runs it.
  const program = shell.env['npm_lifecycle_event'] === undefined ? 'lockstep' : CHECKOUT_PROGRAM;
  const lines = [
    '',
    'The controller and the devices go on until Ctrl-C. All that was told is in the dashboard:',
    `  ${address}/`,
    'Or try in another terminal:',
    ...['status --watch', 'devices --limit 5', `why ${BENCH_DEVICE}`].map(
      (command) => `  ${program} ${command} --server ${address}`,
    ),
  ];
  shell.note(lines.join('\n'));
  await new Promise<void>((resolve) => {
    signal.addEventListener('abort', () => resolve(), { once: true });
  });
}

const CHECKOUT_PROGRAM = 'npm run -s lockstep --';
