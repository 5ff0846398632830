// `lockstep inspect`: what is compiled into binaries, read from files.

import { createReadStream } from 'node:fs';
import { resolve } from 'node:path';

import type { Command } from 'commander';

import { type Failure, failure, messageOf } from '../base/failure.ts';
import { fail, ok, type Result } from '../base/result.ts';
import { createExaminer } from '../firmware/examine.ts';
import type { BinaryFacts } from '../model/firmware.ts';
import { inspectJson, renderInspectText } from '../reports/inspect.ts';
import { addExamples, addOutputOptions } from './options.ts';
import type { Shell } from './shell.ts';

/** Adds the command. Exit code 0, or 1 where a file or what is compiled into it can't be read. */
export function addInspect(program: Command, shell: Shell): void {
  const command = program
    .command('inspect')
    .summary('show what is compiled into binaries')
    .description(
      'Reads format, product id, version, platform, size and digests out of binaries. A file without a header that is known still gets its size and digests, and the exit code 1.',
    )
    .argument('<FILE...>', 'binaries')
    .action(async (files: readonly string[]) => {
      shell.exitCode = await inspect(shell, files);
    });
  addOutputOptions(command);
  addExamples(command, [
    ['lockstep inspect firmware/42.bin', 'for people'],
    ['lockstep inspect --output json firmware/*.bin', 'an array, for scripts'],
  ]);
}

async function inspect(shell: Shell, files: readonly string[]): Promise<number> {
  const found: { readonly file: string; readonly facts: BinaryFacts }[] = [];
  let code = 0;
  for (const file of files) {
    const facts = await examineFile(resolve(shell.cwd, file), file);
    if (!facts.ok) {
      code = shell.failed(facts.error);
      continue;
    }
    if (facts.value.compiled === null) code = 1;
    found.push({ file, facts: facts.value });
  }
  if (shell.output === 'json') {
    shell.writeJson(found.map(({ file, facts }) => inspectJson(file, facts)));
  } else {
    shell.write(found.map(({ file, facts }) => renderInspectText(file, facts)).join('\n'));
  }
  return code;
}

async function examineFile(path: string, name: string): Promise<Result<BinaryFacts, Failure>> {
  const examiner = createExaminer();
  try {
    for await (const chunk of createReadStream(path)) examiner.push(chunk as Buffer);
  } catch (thrown) {
    return fail(failure('FileUnreadable', describeFileTrouble(name, thrown), 'stall'));
  }
  return ok(examiner.finish());
}

/** Why a file can't be read, without the machine's path. */
export function describeFileTrouble(name: string, thrown: unknown): string {
  const code = thrown instanceof Error && 'code' in thrown ? String(thrown.code) : '';
  const why = FILE_WORDS[code] ?? messageOf(thrown);
  return `${name} cannot be read: ${why}.`;
}

const FILE_WORDS: Readonly<Record<string, string>> = {
  ENOENT: 'there is no such file',
  EISDIR: 'it is a directory',
  EACCES: 'permission is denied',
  ENOTDIR: 'a part of its path is no directory',
};
