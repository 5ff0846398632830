// Writes changed files into a directory: all of them, or none. Each is complete in a temporary file before any takes
// its place; where one cannot, those that did are put back.

import { randomUUID } from 'node:crypto';
import { mkdir, readFile, realpath, rename, rm, stat, writeFile } from 'node:fs/promises';
import { dirname, join, relative, sep } from 'node:path';

import { type Failure, failure, messageOf } from '../base/failure.ts';
import { fail, ok, type Result } from '../base/result.ts';

/** Content by path from the directory, with forward slashes; null deletes. */
export type FileChanges = Readonly<Record<string, string | Uint8Array | null>>;

interface Step {
  readonly path: string;
  readonly file: string;
  /** Complete new content; null: the file goes. */
  readonly temporary: string | null;
  /** Null: there was no file. */
  readonly before: Buffer | null;
}

/**
 * Makes the changes. `expected` is the text that each file had when the changes were made from it: a file that is
 * otherwise by now stops everything (`retry`), and so does a new file that is there with other content (`stall`).
 */
export async function writeFiles(
  directory: string,
  changes: FileChanges,
  expected: ReadonlyMap<string, string>,
): Promise<Result<void, Failure>> {
  const steps: Step[] = [];
  const done: Step[] = [];
  try {
    for (const [path, content] of Object.entries(changes)) {
      const prepared = await prepare(directory, path, content, expected.get(path) ?? null);
      if (!prepared.ok) return prepared;
      if (prepared.value !== null) steps.push(prepared.value);
    }
    for (const step of steps) {
      if (step.temporary === null) await rm(step.file);
      else await rename(step.temporary, step.file);
      done.push(step);
    }
    return ok(undefined);
  } catch (thrown) {
    for (const { file, before } of done.toReversed()) {
      if (before === null) await rm(file, { force: true });
      else await writeFile(file, before);
    }
    return fail(
      failure('FolderUnwritable', `The change cannot be written: ${describe(thrown)}.`, 'stall'),
    );
  } finally {
    await Promise.all(
      steps.flatMap(({ temporary }) => (temporary === null ? [] : rm(temporary, { force: true }))),
    );
  }
}

/** Writes the new content beside the file. Null: the file has it already. */
async function prepare(
  directory: string,
  path: string,
  content: string | Uint8Array | null,
  expected: string | null,
): Promise<Result<Step | null, Failure>> {
  const file = join(directory, ...path.split('/'));
  const folder = dirname(file);
  const inside = relative(await realpath(directory), await realpath(await findFolder(folder)));
  if (inside === '..' || inside.startsWith(`..${sep}`)) {
    const message = `${path} would be written outside of the fleet repo, through a symlink. Replace the symlink by a folder.`;
    return fail(failure('PathOutside', message, 'stall'));
  }
  const before = await readFile(file).catch((thrown: unknown) => {
    if (thrown instanceof Error && 'code' in thrown && thrown.code === 'ENOENT') return null;
    throw thrown;
  });
  if (expected !== null && before?.toString('utf8') !== expected) {
    const message = `${path} was changed meanwhile. Try again.`;
    return fail(failure('FileChanged', message, 'retry'));
  }
  if (expected === null && before !== null) {
    if (content !== null && before.equals(Buffer.from(content as Uint8Array))) return ok(null);
    const message = `${path} is there already, with other content. Move it away, and try again.`;
    return fail(failure('FileInTheWay', message, 'stall'));
  }
  if (content === null) return ok({ path, file, temporary: null, before });
  await mkdir(folder, { recursive: true });
  const temporary = join(folder, `.lockstep-${randomUUID()}`);
  const mode = before === null ? 0o666 : (await stat(file)).mode & 0o777;
  await writeFile(temporary, content, { flag: 'wx', mode });
  return ok({ path, file, temporary, before });
}

/** The folder, or the nearest one above it that is there. */
async function findFolder(folder: string): Promise<string> {
  const isThere = await stat(folder).then(
    () => true,
    () => false,
  );
  const above = dirname(folder);
  return isThere || above === folder ? folder : findFolder(above);
}

/** Why, without the machine's paths. */
function describe(thrown: unknown): string {
  return messageOf(thrown).replace(
    /,? (?:open|rename|mkdir|unlink|rm|lstat|realpath|stat) '.*$/,
    '',
  );
}
