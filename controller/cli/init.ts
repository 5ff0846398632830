// `lockstep init`: writes a fleet repo to start from. What is in it is in `starter.ts`.

import { existsSync } from 'node:fs';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join, relative, resolve } from 'node:path';

import { type Command, Option } from 'commander';

import { failure, messageOf } from '../base/failure.ts';
import { loadSource } from './load-source.ts';
import { addExamples, addOutputOptions } from './options.ts';
import type { Shell } from './shell.ts';
import { buildStarter } from './starter.ts';

interface InitOptions {
  readonly from?: string;
}

/** Adds the command. Exit code 0 when the files are written, 1 where something is in the way; then nothing is. */
export function addInit(program: Command, shell: Shell): void {
  const command = program
    .command('init')
    .summary('write a working fleet repo to start from')
    .description(
      'Writes a product, three firmware versions with their binaries, a bench group with a lock, a release in steps, and the schemas for your editor.',
    )
    .argument('[DIR]', 'where to; made if it is missing (default: here)')
    // Not offered: known only so that who tries it is told.
    .addOption(new Option('--from <where>', 'import a live product').hideHelp())
    .action(async (folder: string | undefined, options: InitOptions) => {
      shell.exitCode = await init(shell, folder ?? '.', options);
    });
  addOutputOptions(command);
  addExamples(command, [
    ['lockstep init fleet', 'in a new folder'],
    ['cd fleet && lockstep validate', 'what was written is valid'],
  ]);
}

async function init(shell: Shell, folder: string, options: InitOptions): Promise<number> {
  if (options.from !== undefined) {
    return shell.failed(
      failure(
        'NotSupported',
        `This version of Lockstep can't import from ${JSON.stringify(options.from)} yet. Run \`lockstep init\` without --from, and write the manifests of the product.`,
        'stall',
      ),
    );
  }
  const target = resolve(shell.cwd, folder);
  const files = buildStarter();
  const inTheWay = await findObstacle(
    target,
    files.map(([path]) => path),
  );
  if (inTheWay !== null) return shell.failed(failure('FolderInUse', inTheWay, 'stall'));
  try {
    for (const [path, content] of files) {
      const file = join(target, path);
      await mkdir(dirname(file), { recursive: true });
      // Someone's own list of ignored files is kept.
      if (path === '.gitignore' && existsSync(file)) await addLine(file, String(content));
      else await writeFile(file, content, { flag: 'wx' });
    }
  } catch (thrown) {
    return shell.failed(
      failure('FolderUnwritable', `${folder} cannot be written: ${messageOf(thrown)}.`, 'stall'),
    );
  }
  const paths = files.map(([path]) => path);
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

/** What stands in the way of writing there; null where nothing does. */
async function findObstacle(target: string, paths: readonly string[]): Promise<string | null> {
  if (!existsSync(target)) return null;
  const taken = paths.find((path) => path !== '.gitignore' && existsSync(join(target, path)));
  if (taken !== undefined) {
    return `The folder already has ${taken}. Give a new folder: \`lockstep init DIR\`.`;
  }
  const loaded = await loadSource({ kind: 'directory', directory: target }, null);
  if (!loaded.ok) return loaded.error.message;
  const { products, refused, problems } = loaded.value;
  if (Object.keys(products).length + refused.length + problems.length === 0) return null;
  return 'The folder already has manifests. Give a new folder: `lockstep init DIR`.';
}

/** Adds a line to a file that does not have it. */
async function addLine(file: string, line: string): Promise<void> {
  const text = await readFile(file, 'utf8');
  if (text.split('\n').includes(line.trimEnd())) return;
  await writeFile(file, `${text}${text === '' || text.endsWith('\n') ? '' : '\n'}${line}`);
}
