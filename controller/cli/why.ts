// `lockstep why`: why a device runs, or should run, what it does.

import type { Command } from 'commander';

import type { Explanation } from '../reports/why.ts';
import { renderWhyText } from '../reports/why-text.ts';
import { apiPath } from './api-client.ts';
import { withFleet } from './connect.ts';
import { findProduct } from './find-product.ts';
import { addExamples, addFleetOptions, addOutputOptions, type FleetOptions } from './options.ts';
import type { Shell } from './shell.ts';

interface WhyOptions extends FleetOptions {
  readonly product?: string;
}

/** Adds the command. Exit code 0, or 1 where the fleet can't be reached or nobody knows the device. */
export function addWhy(program: Command, shell: Shell): void {
  const command = program
    .command('why')
    .summary('why a device runs, or should run, what it does')
    .description(
      'Explains a device: the rules in the order in which they are tried, the manifests and the commit behind them, what it waits for, and its evidence.',
    )
    .argument('<DEVICE>', 'its id')
    .option('--product <name>', 'the product it belongs to, where there are several')
    .action(async (device: string, options: WhyOptions) => {
      shell.exitCode = await why(shell, device, options);
    });
  addFleetOptions(command);
  addOutputOptions(command);
  addExamples(command, [
    ['lockstep why e00fce681234567890abcdef', 'of a running controller, with LOCKSTEP_SERVER set'],
  ]);
}

async function why(shell: Shell, device: string, options: WhyOptions): Promise<number> {
  return withFleet(shell, options, 'read', async (client) => {
    const product = await findProduct(client, device, options.product);
    if (!product.ok) return shell.failed(product.error);
    const path = apiPath('products', product.value, 'devices', device, 'why');
    const answer = await client.get<Explanation>(path);
    if (!answer.ok) return shell.failed(answer.error);
    const style = { color: shell.colorOf('out') };
    if (shell.output === 'json') shell.writeJson(answer.value);
    else shell.write(renderWhyText(answer.value, shell.clock.now(), style));
    return 0;
  });
}
