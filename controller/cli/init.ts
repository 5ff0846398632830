// `lockstep init`: writes a fleet repo to start from. What is in it is in `starter.ts`; that of a live product is found by
// `init-particle.ts`.

import { join, relative, resolve } from 'node:path';

import { type Command, Option } from 'commander';

import { failure } from '../base/failure.ts';
import { initFromParticle } from './init-particle.ts';
import { findObstacle, writeNewFolder } from './new-folder.ts';
import { addExamples, addOutputOptions } from './options.ts';
import type { Shell } from './shell.ts';
import { buildStarter } from './starter.ts';

interface InitOptions {
  readonly from?: 'particle';
  readonly particleProduct?: string;
}

/**
 * Adds the command. Exit code 0 when the files are written, 1 where something is in the way or the live product can't be
 * read; then nothing is. 3: written, without something of the live product.
 */
export function addInit(program: Command, shell: Shell): void {
  const command = program
    .command('init')
    .summary('write a fleet repo to start from, or one of a live product')
    .description(
      'Writes a product, three firmware versions with their binaries, a bench group with a lock, a release in steps, and the schemas for your editor. With --from it writes what a live product has instead: its firmware, groups, locks and releases. Exit code: 0 written, 1 nothing was, 3 written without what could not be taken over.',
    )
    .argument('[DIR]', 'where to; made if it is missing (default: here)')
    .addOption(
      new Option('--from <where>', 'import a live product; changes nothing there').choices([
        'particle',
      ]),
    )
    .option(
      '--particle-product <slug>',
      'its slug or id at Particle; a token that may read comes by LOCKSTEP_PARTICLE_TOKEN',
    )
    .action(async (folder: string | undefined, options: InitOptions) => {
      shell.exitCode = await init(shell, folder ?? '.', options);
    });
  addOutputOptions(command);
  addExamples(command, [
    ['lockstep init fleet', 'in a new folder'],
    ['cd fleet && lockstep validate', 'what was written is valid'],
    [
      'lockstep init fleet --from particle --particle-product thermostat-v2',
      'what is so at Particle, as manifests',
    ],
  ]);
}

async function init(
  shell: Shell,
  folder: string,
  { from, particleProduct }: InitOptions,
): Promise<number> {
  if (from === 'particle' && particleProduct !== undefined) {
    return initFromParticle(shell, folder, particleProduct);
  }
  if (from === 'particle') return shell.failed(misused('Give the product: `--particle-product`.'));
  if (particleProduct !== undefined) {
    return shell.failed(misused('`--particle-product` goes with `--from particle`.'));
  }
  const target = resolve(shell.cwd, folder);
  const files = buildStarter();
  const paths = files.map(([path]) => path);
  const obstacle = await findObstacle(target, paths);
  if (obstacle !== null) return shell.failed(obstacle);
  const written = await writeNewFolder(target, folder, files);
  if (!written.ok) return shell.failed(written.error);
  if (shell.output === 'json') {
    shell.writeJson({ directory: target, files: paths });
  } else {
    const shown = paths.filter((path) => !path.startsWith('schemas/'));
    shell.write(shown.map((path) => `wrote ${join(folder, path)}\n`).join(''));
    shell.write(`wrote ${join(folder, 'schemas')}, for your editor\n`);
    const change = relative(shell.cwd, target);
    shell.note(
      `Next: ${change === '' ? '' : `cd ${change} && `}lockstep validate; README.md says how to go on.`,
    );
  }
  return 0;
}

function misused(message: string): ReturnType<typeof failure> {
  return failure('OptionsInvalid', message, 'stall');
}
