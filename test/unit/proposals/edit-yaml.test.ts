// Edits of YAML, one by one: what is written where, and what is refused.

import { describe, expect, it } from 'vitest';
import { insertDocument, removeDocument } from '../../../controller/proposals/edit-documents.ts';
import { editYaml, openText, trySplices } from '../../../controller/proposals/edit-yaml.ts';
import {
  isSame,
  readValues,
  type YamlPath,
  type YamlValue,
} from '../../../controller/proposals/yaml-values.ts';

function set(text: string, path: YamlPath, value: YamlValue): unknown {
  const result = editYaml(text, 0, { kind: 'set', path, value });
  return result.ok ? result.value : result.error;
}

function append(text: string, path: YamlPath, value: YamlValue): unknown {
  const result = editYaml(text, 0, { kind: 'append', path, value });
  return result.ok ? result.value : result.error;
}

function remove(text: string, path: YamlPath, index = 0): unknown {
  const result = editYaml(text, index, { kind: 'remove', path });
  return result.ok ? result.value : result.error;
}

describe('setting a value', () => {
  it.each<[string, string, YamlPath, YamlValue, string]>([
    ['keeps what stands after it', 'v:   41   # why\n', ['v'], 42, 'v:   42   # why\n'],
    ['keeps single quotes', "r: 'old'\n", ['r'], "it's", "r: 'it''s'\n"],
    ['keeps double quotes', 'r: "old"\n', ['r'], 'new', 'r: "new"\n'],
    ['escapes where single quotes cannot', "r: 'old'\n", ['r'], 'a\tb', 'r: "a\\tb"\n'],
    ['quotes what would be no text', 'r: old\n', ['r'], '1e5', 'r: "1e5"\n'],
    ['quotes what older readers take for no text', 'r: old\n', ['r'], 'yes', 'r: "yes"\n'],
    [
      'quotes a comma beside odd spaces',
      'a: {  r: x }   # c\n',
      ['a', 'r'],
      'b, c',
      'a: {  r: "b, c" }   # c\n',
    ],
    [
      'escapes what others take for a line break',
      'r: old   # c\n',
      ['r'],
      'a\u2028b',
      'r: "a\\u2028b"   # c\n',
    ],
    [
      'escapes what nobody can see',
      'r: old   # c\n',
      ['r'],
      'a\u0085\ufeffb',
      'r: "a\\u0085\\ufeffb"   # c\n',
    ],
    ['leaves a number bare', 'v: "41"\n', ['v'], 42, 'v: 42\n'],
    ['quotes a comma in brackets only', 'a: { r: x }\n', ['a', 'r'], 'b, c', 'a: { r: "b, c" }\n'],
    ['leaves a comma bare elsewhere', 'r: x\n', ['r'], 'b, c', 'r: b, c\n'],
    [
      'keeps a block of lines',
      'r: |\n    one\nb: 1\n',
      ['r'],
      'one\ntwo\n',
      'r: |\n    one\n    two\nb: 1\n',
    ],
    ['ends a block that becomes a line', 'r: |\n  one\n  two\nb: 1\n', ['r'], 'x', 'r: x\nb: 1\n'],
    ['replaces an alias', 'a: &v 1\nb: *v # same\n', ['b'], 2, 'a: &v 1\nb: 2 # same\n'],
    ['keeps an anchor that nobody uses', 'a: &v 1\n', ['a'], 2, 'a: &v 2\n'],
    ['fills an empty value', 'a: # none\nb: 1\n', ['a'], 'x', 'a: x # none\nb: 1\n'],
    ['works on a key in question form', '? a\n: 1\n', ['a'], 2, '? a\n: 2\n'],
    ['keeps the missing line break', 'a: 1', ['a'], 2, 'a: 2'],
    ['keeps Windows line breaks', 'a: 1\r\nb: 2\r\n', ['a'], 3, 'a: 3\r\nb: 2\r\n'],
    ['keeps a byte order mark', '\ufeffa: 1\n', ['a'], 3, '\ufeffa: 3\n'],
    [
      'puts a list in place of a block',
      'a: # of\n  - 1\n  - 2\nb: 1\n',
      ['a'],
      [3],
      'a: [3] # of\nb: 1\n',
    ],
  ])('%s', (_, text, path, value, wanted) => {
    expect(set(text, path, value)).toBe(wanted);
  });

  it.each<[string, string, YamlPath, RegExp]>([
    ['a value that an alias repeats', 'a: &v 1\nb: *v\n', ['a'], /without changing something else/],
    ['a value inside an alias', 'a: &v { x: 1 }\nb: *v\n', ['b', 'x'], /stands in an alias/],
    ['a value of a scalar', 'a: 1\n', ['a', 'x'], /has no entries/],
    ['a document with a tag', 'a: !secret 1\nb: 1\n', ['b'], /tag `!secret`/],
    ['a key that is given twice', 'a: 1\na: 2\n', ['a'], /given twice/],
    ['text that is no YAML', 'a: [\n', ['a'], /cannot be read/],
    ['a value whose comment would be lost', 'a: [x: # c\n ]\n', ['a', 0], /something else/],
  ])('is refused for %s', (_, text, path, message) => {
    expect(set(text, path, 3)).toMatchObject({ message: expect.stringMatching(message) as string });
  });

  it('names the place of what it refuses', () => {
    const text = '# first\nb: 1\n---\na: &v { x: 1 }\nb: *v\n';
    const result = editYaml(text, 1, { kind: 'set', path: ['b', 'x'], value: 2 });
    expect(result).toMatchObject({ ok: false, error: { line: 5, column: 4 } });
  });
});

describe('adding', () => {
  it.each<[string, string, YamlPath, YamlValue, string]>([
    [
      'a key as wide as its siblings',
      'a:\n    b: 1\n\n# c\nd: 1\n',
      ['a', 'c'],
      2,
      'a:\n    b: 1\n    c: 2\n\n# c\nd: 1\n',
    ],
    [
      'a map below a key',
      'a:\n   b: 1\n',
      ['a', 'w'],
      { r: 'x: y' },
      'a:\n   b: 1\n   w:\n      r: "x: y"\n',
    ],
    ['a key between brackets', 'a: {b: 1}\n', ['a', 'c'], 'x', 'a: {b: 1, c: x}\n'],
    [
      'a key between brackets on lines',
      'a: {\n  b: 1, # one\n}\n',
      ['a', 'c'],
      2,
      'a: {\n  b: 1, # one\n  c: 2,\n}\n',
    ],
    ['a key to an empty map', 'a: {}\n', ['a', 'c'], 2, 'a: { c: 2 }\n'],
    [
      'a key after a block of lines',
      'a:\n  b: |\n    x\n\nc: 1\n',
      ['a', 'd'],
      2,
      'a:\n  b: |\n    x\n  d: 2\n\nc: 1\n',
    ],
    [
      'a key after kept empty lines',
      'a:\n  b: |+\n    x\n\nc: 1\n',
      ['a', 'd'],
      2,
      'a:\n  b: |+\n    x\n\n  d: 2\nc: 1\n',
    ],
    ['a key where the text just ends', 'a: 1', ['b'], 2, 'a: 1\nb: 2'],
    ['a key after a byte order mark', '\ufeffa: 1   # c\n', ['b'], 2, '\ufeffa: 1   # c\nb: 2\n'],
  ])('%s', (_, text, path, value, wanted) => {
    expect(set(text, path, value)).toBe(wanted);
  });

  it.each<[string, string, YamlPath, YamlValue, string]>([
    [
      'an item like its siblings',
      'a:\n-   x # 1\nb: 1\n',
      ['a'],
      'z',
      'a:\n-   x # 1\n-   z\nb: 1\n',
    ],
    ['an item between brackets', 'a: [x]\n', ['a'], '123', 'a: [x, "123"]\n'],
    ['an item to an empty list', 'a: [ ]\n', ['a'], 'x', 'a: [x]\n'],
    ['a list where there is none', 'a:\n  b: 1\n', ['a', 'c'], 'x', 'a:\n  b: 1\n  c: [x]\n'],
    ['a list where there is nothing', 'a:\n  c: ~\n', ['a', 'c'], 'x', 'a:\n  c: [x]\n'],
  ])('%s', (_, text, path, value, wanted) => {
    expect(append(text, path, value)).toBe(wanted);
  });

  it('to an alias is refused', () => {
    expect(append('a: &l [x]\nb: *l\n', ['b'], 'y')).toMatchObject({ line: 2, column: 4 });
    expect(append('a: &l [x]\nb: *l\n', ['a'], 'y')).toMatchObject({ line: 1 });
  });
});

describe('removing', () => {
  it.each<[string, string, YamlPath, string]>([
    ['takes the line and its comment', 'a: 1\nb: 2 # two\n# c\nc: 3\n', ['b'], 'a: 1\n# c\nc: 3\n'],
    ['takes all lines of a value', 'a:\n  - 1\n\n  - 2\nb: 1\n', ['a'], 'b: 1\n'],
    [
      'leaves an empty list',
      'a:\n  b:\n    - 1 # one\n  c: 1\n',
      ['a', 'b', 0],
      'a:\n  b: []\n  c: 1\n',
    ],
    ['leaves an empty map', 'a: { b: 1 }\n', ['a', 'b'], 'a: {}\n'],
    ['moves the next one behind the dash', '- a: 1\n  b: 2\n', [0, 'a'], '- b: 2\n'],
    ['takes the comma before', 'a: [x, y]\n', ['a', 1], 'a: [x]\n'],
    ['takes the comma after', 'a: [x, y]\n', ['a', 0], 'a: [y]\n'],
    [
      'keeps the comments of others',
      'a: [x, # 1\n  y, # 2\n  z]\n',
      ['a', 1],
      'a: [x, # 1\n  z]\n',
    ],
    ['leaves no comma behind', 'a: [\n  x,\n  y\n]\n', ['a', 1], 'a: [\n  x\n]\n'],
    ['keeps the missing line break', 'a: 1\nb: 2', ['b'], 'a: 1'],
  ])('%s', (_, text, path, wanted) => {
    expect(remove(text, path)).toBe(wanted);
  });

  it('never takes the comment of a neighbour along', () => {
    expect(remove('- a: 1\n  # about b\n  b: 2\n', [0, 'a'])).toBe('- # about b\n  b: 2\n');
  });

  it('is refused where an alias needs what goes', () => {
    expect(remove('a: &v 1\nb: *v\n', ['a'])).toMatchObject({ line: 1 });
  });
});

describe('documents', () => {
  const three = '# list\n\n# one\na: 1\n---\n# two\nb: 1\n--- # three\nc: 1\n...\n';

  it.each<[number, string]>([
    [0, '# list\n\n# two\nb: 1\n--- # three\nc: 1\n...\n'],
    [1, '# list\n\n# one\na: 1\n--- # three\nc: 1\n...\n'],
    [2, '# list\n\n# one\na: 1\n---\n# two\nb: 1\n'],
  ])('%i goes with its comments', (index, wanted) => {
    expect(removeDocument(three, index)).toEqual({ ok: true, value: wanted });
  });

  it('keep the line for editors, and the marker that they began with', () => {
    const text = '# yaml-language-server: $schema=a.json\n# about a\na: 1\n---\nb: 1\n';
    expect(removeDocument(text, 0)).toEqual({
      ok: true,
      value: '# yaml-language-server: $schema=a.json\nb: 1\n',
    });
    expect(removeDocument('# x\n---\na: 1\n---\nb: 1\n', 0)).toEqual({
      ok: true,
      value: '# x\n---\nb: 1\n',
    });
  });

  it('leave the byte order mark to the file', () => {
    expect(removeDocument('\ufeffa: 1\n---\nb: 1\n', 0)).toEqual({
      ok: true,
      value: '\ufeffb: 1\n',
    });
  });

  it('take their directives along', () => {
    const text = 'a: 1\n...\n%YAML 1.2\n---\nb: 1\n...\n';
    expect(removeDocument(text, 1)).toEqual({ ok: true, value: 'a: 1\n...\n' });
  });

  it('leave no file where none is left', () => {
    expect(removeDocument('a: 1\n', 0)).toEqual({ ok: true, value: null });
    expect(removeDocument('---\na: 1\n---\n', 0)).toEqual({ ok: true, value: null });
  });

  it.each<[string, number | null, string]>([
    ['a: 1', null, 'a: 1\n---\nx: 1\n'],
    ['a: 1\n---\n', null, 'a: 1\n---\nx: 1\n'],
    ['a: 1\n# of a\n---\nb: 1\n', 0, 'a: 1\n# of a\n---\nx: 1\n---\nb: 1\n'],
    ['a: 1\n...\n%YAML 1.2\n---\nb: 1\n', 0, 'a: 1\n...\n%YAML 1.2\n---\nb: 1\n---\nx: 1\n'],
  ])('come behind the one that is named: %j', (text, after, wanted) => {
    expect(insertDocument(text, after, 'x: 1\n')).toEqual({ ok: true, value: wanted });
  });

  it('are not touched beside one that cannot be read', () => {
    expect(removeDocument('a: 1\n---\nb: [\n', 0)).toMatchObject({ ok: false });
    expect(insertDocument('a: [\n', null, 'x: 1\n')).toMatchObject({ ok: false });
  });
});

describe('splices', () => {
  const text = 'a: 1 # one\n# two\nb: 2\n';
  const { value: opened } = openText(text) as Extract<ReturnType<typeof openText>, { ok: true }>;
  const nowhere = { start: 0, end: 0 };
  const spliced = (start: number, end: number, put: string, owned = nowhere) =>
    trySplices(opened, [{ start, end, text: put }], owned, opened.values);

  it('are not taken where the text would say something else', () => {
    expect(spliced(3, 4, '1')).toBe(text);
    expect(spliced(3, 4, '9')).toBeNull();
    expect(spliced(0, 0, 'a: [')).toBeNull();
  });

  it('are not taken where a comment of others goes, or runs into another', () => {
    expect(spliced(11, 17, '')).toBeNull();
    expect(spliced(11, 17, '', { start: 11, end: 17 })).toBe('a: 1 # one\nb: 2\n');
    expect(spliced(10, 11, '')).toBeNull();
  });

  it('compare the order of keys too', () => {
    const valuesOf = (yaml: string) => {
      const read = readValues(yaml);
      return read.ok ? read.documents : [];
    };
    expect(isSame(valuesOf('a: 1\nb: 2\n'), valuesOf('{ a: 1, b: 2 }\n'))).toBe(true);
    expect(isSame(valuesOf('a: 1\nb: 2\n'), valuesOf('b: 2\na: 1\n'))).toBe(false);
  });
});
