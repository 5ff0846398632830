// Writes a fleet repo into a folder that has none: all of its files, over none that is there.

import { existsSync } from 'node:fs';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';

import { type Failure, failure, messageOf } from '../base/failure.ts';
import { fail, ok, type Result } from '../base/result.ts';
import { loadSource } from './load-source.ts';

/** A file to write: its path with forward slashes, and its content. */
export type NewFile = readonly [path: string, content: string | Uint8Array];

/** Says what stands in the way of a fleet repo with these files there; null where nothing does. */
export async function findObstacle(
  target: string,
  paths: readonly string[],
): Promise<Failure | null> {
  if (!existsSync(target)) return null;
  const inTheWay = (message: string): Failure => failure('FolderInUse', message, 'stall');
  const taken = paths.find((path) => path !== '.gitignore' && existsSync(join(target, path)));
  if (taken !== undefined) {
    return inTheWay(`The folder already has ${taken}. Give a new folder: \`lockstep init DIR\`.`);
  }
  const loaded = await loadSource({ kind: 'directory', directory: target }, null);
  if (!loaded.ok) return inTheWay(loaded.error.message);
  const { products, refused, problems } = loaded.value;
  if (Object.keys(products).length + refused.length + problems.length === 0) return null;
  return inTheWay('The folder already has manifests. Give a new folder: `lockstep init DIR`.');
}

/** Writes the files. `folder` is the target as the user named it. */
export async function writeNewFolder(
  target: string,
  folder: string,
  files: readonly NewFile[],
): Promise<Result<void, Failure>> {
  try {
    for (const [path, content] of files) {
      const file = join(target, path);
      await mkdir(dirname(file), { recursive: true });
      // Someone's own list of ignored files is kept.
      if (path === '.gitignore' && existsSync(file)) await addLine(file, String(content));
      else await writeFile(file, content, { flag: 'wx' });
    }
    return ok(undefined);
  } catch (thrown) {
    const message = `${folder} cannot be written: ${messageOf(thrown)}.`;
    return fail(failure('FolderUnwritable', message, 'stall'));
  }
}

/** Adds a line to a file that does not have it. */
async function addLine(file: string, line: string): Promise<void> {
  const text = await readFile(file, 'utf8');
  if (text.split('\n').includes(line.trimEnd())) return;
  await writeFile(file, `${text}${text === '' || text.endsWith('\n') ? '' : '\n'}${line}`);
}
