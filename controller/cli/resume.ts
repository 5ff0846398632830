// `lockstep resume`: the end of the emergency stop.

import type { Command } from 'commander';

import { addExamples, addFleetOptions, addOutputOptions, type FleetOptions } from './options.ts';
import type { Shell } from './shell.ts';
import { setStop } from './stop.ts';

/** Adds the command. Exit code 0, or 1 where nothing was resumed. */
export function addResume(program: Command, shell: Shell): void {
  const command = program
    .command('resume')
    .summary('end the emergency stop')
    .description('Ends the emergency stop: devices are offered again what the manifests say.')
    .argument('[PRODUCT]', 'only this product (default: all)')
    .action(async (product: string | undefined, options: FleetOptions) => {
      shell.exitCode = await setStop(shell, 'resume', product, options);
    });
  addFleetOptions(command);
  addOutputOptions(command);
  addExamples(command, [['lockstep resume thermostat', 'one product, with LOCKSTEP_SERVER set']]);
}
