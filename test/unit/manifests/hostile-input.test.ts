// Inputs made to exhaust a reader. Each must come back as a problem (or be left alone) well inside the test's time.

import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseManifestFile } from '../../../controller/manifests/parse-file.ts';
import type { ParsedFile } from '../../../controller/manifests/parsed.ts';

const HEAD = 'apiVersion: lockstep/v1\nkind: DeviceGroup\nmetadata: { name: x }\n';
const ROOM = 2 ** 20 - HEAD.length - 16;

function parse(text: string): ParsedFile {
  return parseManifestFile('a.yaml', new TextEncoder().encode(text));
}

function fill(piece: string): string {
  return piece.repeat(Math.floor(ROOM / piece.length));
}

describe('input made to exhaust the reader', () => {
  it.each([
    ['brackets', `${HEAD}spec: ${fill('[')}`, 'deeper than 32'],
    ['braces', `${HEAD}spec: ${fill('{a: ')}`, 'deeper than 32'],
    ['brackets and braces', `${HEAD}spec: ${fill('[{')}`, 'deeper than 32'],
    ['dashes on one line', `${HEAD}spec:\n  ${fill('- ')}`, 'deeper than 32'],
    ['question marks', `${HEAD}spec:\n  ${fill('? ')}`, 'deeper than 32'],
    ['dashes at the top', `${HEAD}---\n${fill('- ')}`, 'deeper than 32'],
    [
      'growing indentation',
      `${HEAD}spec:\n${Array.from({ length: 1_400 }, (_, i) => `${' '.repeat(i + 1)}a:`).join('\n')}`,
      'deeper than 32',
    ],
    ['numbers', `${HEAD}spec: [${fill('1,')}]`, 'YAML tokens'],
    [
      'keys',
      `${HEAD}${Array.from({ length: 90_000 }, (_, i) => `k${i}: 1`).join('\n')}`,
      'YAML tokens',
    ],
    ['the same key', `${HEAD}${fill('a: 1\n')}`, 'YAML tokens'],
    ['closing brackets', `${HEAD}spec: ${fill(']')}`, 'YAML tokens'],
    ['empty lines', `${HEAD}${fill('\n')}`, 'YAML tokens'],
    ['comments', `${HEAD}${fill('#\n')}`, 'YAML tokens'],
    ['anchors', `${HEAD}spec: ${fill('&a ')}`, 'YAML tokens'],
    ['documents', `${HEAD}${'---\na: 1\n'.repeat(1_001)}`, 'more than 1,000 documents'],
  ])(
    'is one problem: %s',
    (_, text, said) => {
      const file = parse(text);
      expect(file.problems.map(({ message }) => message)).toEqual([expect.stringContaining(said)]);
      expect(file.unattributed).toBe(true);
    },
    10_000,
  );

  it.each([
    ['escapes', `${HEAD}spec: "${fill('\\n')}"`],
    ['an open quote', `${HEAD}spec: "${fill('x\n')}`],
    ['tags', `${HEAD}spec: ${fill('!')}`],
    ['spaces', `${HEAD}spec: ${fill(' ')}`],
    ['a long plain text', `${HEAD}spec: ${fill('x\n ')}`],
    ['digits', `${HEAD}spec: ${fill('1')}x`],
    ['a long key', `${HEAD}${fill('k')}: 1`],
    [
      'thousands of bad devices',
      `${HEAD}spec: { product: x, devices: [${'1, '.repeat(100_000)}] }`,
    ],
    [
      'thousands of equal devices',
      `${HEAD}spec: { product: x, devices: [${'a, '.repeat(100_000)}] }`,
    ],
    [
      'spaces before a reported text',
      HEAD.replace('DeviceGroup', 'Firmware') + `spec: { reportedAs: "${fill(' ')}" }`,
    ],
    [
      'a long duration',
      HEAD.replace('DeviceGroup', 'Product') + `spec: { verification: { soak: ${fill('1s')}x } }`,
    ],
  ])(
    'is problems, and not too many: %s',
    (_, text) => {
      const file = parse(text);
      expect(file.problems.length).toBeGreaterThan(0);
      expect(file.problems.length).toBeLessThanOrEqual(101);
      for (const { message, excerpt } of file.problems) {
        expect(message.length).toBeLessThan(1_000);
        expect(excerpt?.length ?? 0).toBeLessThanOrEqual(160);
      }
    },
    10_000,
  );

  it('stops at aliases that multiply', () => {
    const levels = Array.from(
      { length: 9 },
      (_, i) => `  l${i + 1}: &l${i + 1} [${Array(9).fill(`*l${i}`).join(', ')}]`,
    );
    const file = parse(`${HEAD}spec:\n  l0: &l0 [lol]\n${levels.join('\n')}\n`);
    expect(file.problems.map(({ message }) => message)).toContainEqual(
      expect.stringContaining('stand for more than 1,000 values'),
    );
  });

  it('is not touched by keys that mean something to JavaScript', () => {
    const file = parse(
      `${HEAD}spec: { product: x, devices: [a], __proto__: { polluted: 1 }, constructor: 1 }`,
    );
    expect(file.problems.map(({ message }) => message)).toEqual([
      expect.stringContaining('`spec.__proto__` is no known field'),
      expect.stringContaining('`spec.constructor` is no known field'),
    ]);
    expect(Object.hasOwn(Object.prototype, 'polluted')).toBe(false);
  });
});

const VALID = [
  'apiVersion: lockstep/v1\nkind: Product\nmetadata: { name: t }\nspec:\n  fleet: { driver: gateway, pollInterval: 5m }\n  guardrails: { maxAffected: 25% }\n',
  `apiVersion: lockstep/v1\nkind: Firmware\nmetadata: { name: t-42 }\nspec:\n  product: t\n  version: 42\n  description: |\n    # Text\n  binary: { path: a.bin, sha256: ${'a'.repeat(64)} }\n`,
  'apiVersion: lockstep/v1\nkind: DeviceLock\nmetadata: { name: l }\nspec:\n  product: t\n  devices:\n    - &a abc\n    - "123"\n  version: 42\n  flash: now\n',
].join('---\n');

describe('any bytes at all', () => {
  const check = (bytes: Uint8Array) => {
    const file = parseManifestFile('a.yaml', bytes);
    expect(JSON.parse(JSON.stringify(file.documents))).toEqual(file.documents);
    for (const { place } of [...file.problems, ...file.suspects]) {
      expect(place?.line).toBeGreaterThan(0);
      expect(place?.column).toBeGreaterThan(0);
    }
    for (const document of file.documents) {
      expect(document.spec !== null).toBe(document.verdict === 'good');
    }
  };

  it('are read without throwing', () => {
    const run = () => fc.assert(fc.property(fc.uint8Array({ maxLength: 400 }), check));
    expect(run).not.toThrow();
  });

  it('are read without throwing when they are made of YAML', () => {
    const piece = fc.constantFrom(
      ...Array.from('[]{}-?:,&*!|>\'"%@`#\n\t <~'),
      '- ',
      ': ',
      '---\n',
      '...\n',
      '<<: ',
      '*a',
      '&a ',
      '!!x ',
      '%YAML 1.1\n',
      '\r',
      '\ufeff',
      'apiVersion: lockstep/v1\n',
      'kind: Release\n',
      'spec:\n  ',
      'product: t\n',
      '1e5',
      '__proto__',
    );
    const text = fc
      .array(piece, { maxLength: 60 })
      .map((parts) => `apiVersion: lockstep/v1\n${parts.join('')}`);
    const property = fc.property(text, (value) => check(new TextEncoder().encode(value)));
    expect(() => fc.assert(property, { numRuns: 1_000 })).not.toThrow();
  });

  it('are read without throwing when they are damaged manifests', () => {
    const damage = fc.array(
      fc.record({
        at: fc.nat(VALID.length),
        remove: fc.nat(6),
        insert: fc.string({ maxLength: 3 }),
      }),
      { minLength: 1, maxLength: 4 },
    );
    const property = fc.property(damage, (edits) => {
      let text = VALID;
      for (const { at, remove, insert } of edits) {
        text = text.slice(0, at) + insert + text.slice(at + remove);
      }
      check(new TextEncoder().encode(text));
    });
    expect(() => fc.assert(property, { numRuns: 500 })).not.toThrow();
  });
});
