// The change of one text file as a unified diff, as git and reviewers know it.

import { createTwoFilesPatch, FILE_HEADERS_ONLY } from 'diff';

/** Lines added and taken away beyond which the smallest difference is not looked for: that takes time by their square. */
const EDITED_LINES_MAX = 500;

/** Null stands for a file that is not there. Paths and text are shown as they are, control characters included. */
export function renderFileDiff(path: string, before: string | null, after: string | null): string {
  const names = [
    before === null ? '/dev/null' : `a/${path}`,
    after === null ? '/dev/null' : `b/${path}`,
  ] as const;
  const texts = [before ?? '', after ?? ''] as const;
  const options = { context: 3, headerOptions: FILE_HEADERS_ONLY };
  return (
    createTwoFilesPatch(...names, ...texts, undefined, undefined, {
      ...options,
      maxEditLength: EDITED_LINES_MAX,
    }) ?? replaceWhole(names, texts)
  );
}

/** The old text goes and the new one comes. */
function replaceWhole(
  [oldName, newName]: readonly [string, string],
  [before, after]: readonly [string, string],
): string {
  const gone = linesOf(before);
  const come = linesOf(after);
  return [
    `--- ${oldName}`,
    `+++ ${newName}`,
    `@@ -${rangeOf(gone)} +${rangeOf(come)} @@`,
    ...gone.map((line) => `-${line}`),
    ...come.map((line) => `+${line}`),
    '',
  ].join('\n');
}

function linesOf(text: string): readonly string[] {
  return text === '' ? [] : text.replace(/\n$/, '').split('\n');
}

function rangeOf(lines: readonly string[]): string {
  return `${lines.length === 0 ? 0 : 1},${lines.length}`;
}
