// `lockstep status`: what the controller knows, product by product.

import type { Command } from 'commander';

import type { StatusJson } from '../reports/answers.ts';
import { renderStatusText } from '../reports/status-text.ts';
import { withFleet } from './connect.ts';
import { addExamples, addFleetOptions, addOutputOptions, type FleetOptions } from './options.ts';
import type { Shell } from './shell.ts';
import { refuseWatch, watchText } from './watch.ts';

interface StatusOptions extends FleetOptions {
  readonly watch?: boolean;
}

/** Adds the command. Exit code 0, or 1 where the fleet can't be reached. */
export function addStatus(program: Command, shell: Shell): void {
  const command = program
    .command('status')
    .summary('source, products, conditions and counts')
    .description(
      'Shows the source, and each product with its revision, releases, devices and conditions.',
    )
    .option('--watch', 'show it again whenever it changes')
    .action(async (options: StatusOptions) => {
      shell.exitCode = await status(shell, options);
    });
  addFleetOptions(command);
  addOutputOptions(command);
  addExamples(command, [
    ['lockstep status --server http://127.0.0.1:8080', 'of a running controller'],
    ['lockstep status --watch', 'until Ctrl-C, with LOCKSTEP_SERVER set'],
  ]);
}

async function status(shell: Shell, options: StatusOptions): Promise<number> {
  const refused = options.watch === true ? refuseWatch(options) : null;
  if (refused !== null) return shell.failed(refused);
  return withFleet(shell, options, 'read', async (client) => {
    if (options.watch === true) {
      return watchText(shell, async () => {
        const answer = await client.get<StatusJson>('status');
        return answer.ok
          ? { text: render(shell, answer.value, true), failure: null }
          : { text: '', failure: answer.error };
      });
    }
    const answer = await client.get<StatusJson>('status');
    if (!answer.ok) return shell.failed(answer.error);
    shell.write(render(shell, answer.value, false));
    return 0;
  });
}

function render(shell: Shell, status: StatusJson, isLine: boolean): string {
  if (shell.output === 'json') return `${JSON.stringify(status, null, isLine ? 0 : 2)}\n`;
  return renderStatusText(status, shell.clock.now(), { color: shell.colorOf('out') });
}
