// `lockstep stop`: the emergency stop.

import type { Command } from 'commander';

import { withFleet } from './connect.ts';
import { addExamples, addFleetOptions, addOutputOptions, type FleetOptions } from './options.ts';
import type { Shell } from './shell.ts';

/** Adds the command. Exit code 0, or 1 where nothing was stopped. */
export function addStop(program: Command, shell: Shell): void {
  const command = program
    .command('stop')
    .summary('the emergency stop: offer nothing more')
    .description(
      'Offers nothing more to any device, and cancels what no device has fetched yet. Survives restarts, needs no commit, and never flashes or unlocks. `lockstep resume` ends it.',
    )
    .argument('[PRODUCT]', 'only this product (default: all)')
    .action(async (product: string | undefined, options: FleetOptions) => {
      shell.exitCode = await setStop(shell, 'stop', product, options);
    });
  addFleetOptions(command);
  addOutputOptions(command);
  addExamples(command, [
    ['lockstep stop --server http://127.0.0.1:8080', 'everything'],
    ['lockstep stop thermostat', 'one product, with LOCKSTEP_SERVER set'],
  ]);
}

/** Pulls or ends the stop of a product, or of all, and says which products it was. Returns the exit code. */
export async function setStop(
  shell: Shell,
  change: 'stop' | 'resume',
  product: string | undefined,
  options: FleetOptions,
): Promise<number> {
  return withFleet(shell, options, 'write', async (client) => {
    const body = product === undefined ? {} : { product };
    const answer = await client.post<{ readonly products: readonly string[] }>(change, body);
    if (!answer.ok) return shell.failed(answer.error);
    const { products } = answer.value;
    const done = change === 'stop' ? 'stopped' : 'resumed';
    if (shell.output === 'json') shell.writeJson({ [done]: products });
    else if (products.length === 0) shell.note(`no product is known there; nothing was ${done}`);
    else shell.write(products.map((name) => `${done} ${name}\n`).join(''));
    return products.length === 0 ? 1 : 0;
  });
}
