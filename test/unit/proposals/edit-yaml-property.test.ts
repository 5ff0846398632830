// Edits of random YAML in random formatting: the text afterwards says exactly what was meant, and every line that the
// edit is not about is as it was.

import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isMap, isSeq, type Node, parseAllDocuments } from 'yaml';
import { insertDocument, removeDocument } from '../../../controller/proposals/edit-documents.ts';
import { editYaml } from '../../../controller/proposals/edit-yaml.ts';
import type { YamlEdit, YamlPath, YamlValue } from '../../../controller/proposals/yaml-values.ts';
import { createChoose, formatDocument, type Plain, plainMap } from './random-yaml.ts';

const choices = fc.array(fc.nat(10_000), { minLength: 40, maxLength: 80 });

interface Sample {
  readonly text: string;
  readonly values: readonly Plain[];
}

const sample: fc.Arbitrary<Sample> = fc
  .tuple(fc.array(plainMap, { minLength: 1, maxLength: 3 }), choices, fc.nat(11))
  .map(([values, picks, layout]) => {
    const choose = createChoose(picks);
    const documents = values.map((value) => formatDocument(value, choose));
    const start = layout % 4 === 1 ? '---\n' : layout % 4 === 2 ? '%YAML 1.2\n---\n' : '';
    const end = layout % 3 === 1 ? '...\n' : '';
    const lines = start + documents.join(choose(3) === 0 ? '--- # next\n' : '---\n') + end;
    const cut = layout % 5 === 2 ? lines.replace(/\n$/, '') : lines;
    return { values, text: layout % 6 === 5 ? cut.replaceAll('\n', '\r\n') : cut };
  });

/** All paths of a value, its root left out. */
function pathsOf(value: Plain, path: YamlPath = []): readonly YamlPath[] {
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([key, item]) => {
    const here = [...path, Array.isArray(value) ? Number(key) : key];
    return [here, ...pathsOf(item, here)];
  });
}

function at(value: Plain, path: YamlPath): Plain {
  return path.reduce<Plain>((found, key) => (found as Record<string, Plain>)[key] ?? null, value);
}

const added: fc.Arbitrary<YamlValue> = fc.constantFrom<YamlValue>(
  42,
  'plain',
  '00123',
  'it: has # marks, [and] {more}',
  'two\nlines',
  ['a', '1e3'],
  { reason: 'bad', url: 'https://example.com/a#b' },
  true,
  "it's",
);

function chooseEdit(value: Plain, pick: number, kind: number, put: YamlValue): YamlEdit {
  const paths = pathsOf(value);
  const path = paths[pick % paths.length] ?? [];
  if (kind === 0) return { kind: 'set', path, value: put };
  if (kind === 1) return { kind: 'remove', path };
  const found = at(value, path);
  if (Array.isArray(found) || found === null) return { kind: 'append', path, value: put };
  if (typeof found === 'object') return { kind: 'set', path: [...path, 'fresh'], value: put };
  return { kind: 'set', path: ['fresh'], value: put };
}

/** What an edit means, worked out apart from the code under test. */
function edited(value: Plain, edit: YamlEdit): Plain {
  const copy = structuredClone(value);
  const parent = at(copy, edit.path.slice(0, -1)) as Record<string, unknown> & unknown[];
  const key = edit.path.at(-1) ?? '';
  if (edit.kind === 'set') parent[key as number] = edit.value;
  else if (edit.kind === 'append')
    parent[key as number] = [...((parent[key as number] ?? []) as unknown[]), edit.value];
  else if (Array.isArray(parent)) parent.splice(Number(key), 1);
  else Reflect.deleteProperty(parent, key);
  return copy;
}

function valuesOf(text: string): readonly unknown[] {
  return parseAllDocuments(text).map((document) => {
    expect(document.errors).toEqual([]);
    return document.toJS() as unknown;
  });
}

/** The lines, from 0, that an edit may change: those of the entry, and of what stands beside it on a line of its own. */
function touchedLines(text: string, index: number, edit: YamlEdit): ReadonlySet<number> {
  const document = parseAllDocuments(text)[index];
  const lineOf = (offset: number) => text.slice(0, offset).split('\n').length - 1;
  const lines = new Set<number>();
  const add = (from: number, to: number) => {
    for (let line = lineOf(from); line <= lineOf(to); line += 1) lines.add(line);
  };
  const rangeOf = (path: YamlPath): readonly [number, number] | null => {
    const parent =
      path.length === 1 ? document?.contents : (document?.getIn(path.slice(0, -1), true) as Node);
    const key = path.at(-1);
    if (isMap(parent)) {
      const pair = parent.items.find((item) => String(item.key) === key);
      const start = (pair?.key as Node | undefined)?.range?.[0];
      const end =
        (pair?.value as Node | undefined)?.range?.[1] ??
        (pair?.key as Node | undefined)?.range?.[1];
      return start === undefined || end === undefined ? null : [start, Math.max(start, end - 1)];
    }
    const range = isSeq(parent) ? (parent.items[Number(key)] as Node | undefined)?.range : null;
    return range ? [range[0], Math.max(range[0], range[1] - 1)] : null;
  };
  const own = rangeOf(edit.path);
  if (edit.kind !== 'append' && own !== null) add(...own);
  // A list gets its item behind the last one; a map its key. The line before may get a comma.
  const target = edit.kind === 'append' ? edit.path : edit.path.slice(0, -1);
  const collection =
    target.length === 0 ? document?.contents : (document?.getIn(target, true) as Node | undefined);
  if (collection?.range && 'flow' in collection && collection.flow) {
    const items = (
      isMap(collection) || isSeq(collection) ? collection.items : []
    ) as readonly unknown[];
    const position =
      isSeq(collection) && edit.kind !== 'append' ? Number(edit.path.at(-1)) : items.length;
    const keys = isMap(collection) ? collection.items.map(({ key }) => String(key)) : [];
    const here =
      isMap(collection) && own !== null ? keys.indexOf(String(edit.path.at(-1))) : position;
    const before = isMap(collection) ? keys[here - 1] : here - 1;
    const previous = before === undefined || before === -1 ? null : rangeOf([...target, before]);
    if (previous !== null) add(previous[1], previous[1]);
    else add(collection.range[0], collection.range[0]);
  } else if (edit.kind === 'append' && own !== null && !isSeq(collection)) add(...own);
  // Behind a dash the next entry takes the place of the first one.
  const next = isMap(collection) ? String(collection.items[1]?.key) : 1;
  const following = edit.kind === 'remove' ? rangeOf([...target, next]) : null;
  const isFirst =
    collection?.range && own !== null && lineOf(own[0]) === lineOf(collection.range[0]);
  if (isFirst && following !== null) add(following[0], following[0]);
  const only =
    edit.kind === 'remove' &&
    (isMap(collection) || isSeq(collection)) &&
    collection.items.length === 1;
  const outer = only && target.length > 0 ? rangeOf(target) : null;
  if (outer !== null) add(...outer);
  // A text without a line break at its end gets one before what is added.
  if (!text.endsWith('\n')) lines.add(text.split('\n').length - 1);
  return lines;
}

function expectKept(before: readonly string[], after: readonly string[]): void {
  let next = 0;
  for (const line of after) if (next < before.length && line === before[next]) next += 1;
  expect(before.slice(next)).toEqual([]);
}

describe('an edit of any text', () => {
  it('says what is meant, and leaves every other line as it is', () => {
    fc.assert(
      fc.property(
        sample,
        fc.nat(),
        fc.nat(),
        fc.nat(2),
        added,
        ({ text, values }, document, pick, kind, put) => {
          const index = document % values.length;
          const value = values[index] ?? null;
          const edit = chooseEdit(value, pick, kind, put);
          const result = editYaml(text, index, edit);
          if (!result.ok)
            throw new Error(`${JSON.stringify(edit)} refused: ${JSON.stringify(result.error)}`);
          const wanted = values.with(index, edited(value, edit));
          expect(JSON.stringify(valuesOf(result.value))).toBe(JSON.stringify(wanted));
          const touched = touchedLines(text, index, edit);
          const before = text.split('\n').filter((_, line) => !touched.has(line));
          expectKept(before, result.value.split('\n'));
        },
      ),
      { numRuns: Number(process.env['LOCKSTEP_EDIT_RUNS'] ?? 120) },
    );
  });

  it('that changes nothing gives the very same text', () => {
    fc.assert(
      fc.property(sample, fc.nat(), ({ text, values }, pick) => {
        const value = values[0] ?? null;
        const paths = pathsOf(value);
        const path = paths[pick % paths.length] ?? [];
        const result = editYaml(text, 0, {
          kind: 'set',
          path,
          value: at(value, path),
        });
        expect(result).toEqual({ ok: true, value: text });
      }),
      { numRuns: 60 },
    );
  });

  it('takes a document out, and leaves the others byte for byte', () => {
    fc.assert(
      fc.property(sample, fc.nat(), ({ text, values }, pick) => {
        const index = pick % values.length;
        const result = removeDocument(text, index);
        if (!result.ok) throw new Error(JSON.stringify(result.error));
        const left = result.value;
        expect(left === null).toBe(values.length === 1);
        if (left === null) return;
        expect(JSON.stringify(valuesOf(left))).toBe(JSON.stringify(values.toSpliced(index, 1)));
        // What is left are two pieces of the text as they were: its beginning, and its end.
        let head = 0;
        while (head < left.length && text[head] === left[head]) head += 1;
        expect(text.endsWith(left.slice(head))).toBe(true);
      }),
      { numRuns: 80 },
    );
  });

  it('puts a document in, and leaves the others byte for byte', () => {
    fc.assert(
      fc.property(sample, fc.nat(), ({ text, values }, pick) => {
        const index = pick % values.length;
        const eol = text.includes('\r\n') ? '\r\n' : '\n';
        const result = insertDocument(text, index, `fresh: 1${eol}`);
        if (!result.ok) throw new Error(JSON.stringify(result.error));
        const wanted = values.toSpliced(index + 1, 0, { fresh: 1 });
        expect(JSON.stringify(valuesOf(result.value))).toBe(JSON.stringify(wanted));
        const isAtEnd = index === values.length - 1 && !text.endsWith('\n');
        const before = isAtEnd ? `${text}${eol}` : text;
        expectKept(before.split('\n'), result.value.split('\n'));
      }),
      { numRuns: 80 },
    );
  });
});
