// What the README says of manifests, commands, files and variables, against what is there.

import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parseDuration } from '../../controller/base/duration.ts';
import { CALLS_MAX, CALLS_SPAN_MS } from '../../controller/fleets/particle/budget.ts';
import { PAGE_SIZE } from '../../controller/fleets/particle/client.ts';
import { runCli } from '../support/cli.ts';

const ROOT = resolve(import.meta.dirname, '../..');
const README = readFileSync(join(ROOT, 'README.md'), 'utf8');

/** The parts of a JSON Schema that are compared. */
interface Schema {
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly items?: Schema;
  readonly required?: readonly string[];
  readonly default?: string | number | boolean | readonly string[];
}

/** The text between a heading and the next of the same rank. */
function section(heading: string): string {
  const start = README.indexOf(`\n## ${heading}`);
  expect(start).toBeGreaterThan(0);
  const end = README.indexOf('\n## ', start + 1);
  return README.slice(start, end < 0 ? undefined : end);
}

function readSchema(name: string): Schema {
  const text = readFileSync(join(ROOT, `schemas/${name}.schema.json`), 'utf8');
  return (JSON.parse(text) as Schema).properties?.['spec'] ?? {};
}

/** The rows of the table below a line: name and default, as written. */
function readTable(text: string, above: string): readonly (readonly [string, string])[] {
  const start = text.indexOf(above);
  expect(start).toBeGreaterThan(0);
  const [table = ''] = text.slice(start + above.length).split(/\n\n(?!\|)/, 1);
  return [...table.matchAll(/^\| `(\w+)` \| (.*?) \| /gm)].map(([, name = '', value = '']) => [
    name,
    value,
  ]);
}

describe('the README on products at Particle', () => {
  it('names for each size of fleet what a reading takes and the shortest interval for it', () => {
    const text = section('Manage a Particle product');
    const rows = [...text.matchAll(/^\| ([\d,]+) \| ([\d,]+) \| `(\w+)` \|$/gm)];
    expect(rows.length).toBeGreaterThan(2);
    for (const [, devices = '', calls = '', interval = ''] of rows) {
      const [count, taken] = [devices, calls].map((each) => Number(each.replaceAll(',', '')));
      expect([devices, taken]).toEqual([devices, Math.ceil((count ?? 0) / PAGE_SIZE) + 2]);
      const leastMs = ((taken ?? 0) * CALLS_SPAN_MS) / (CALLS_MAX * 0.8);
      // Rounded up, to no more than the next minute.
      expect(parseDuration(interval)).toBeGreaterThanOrEqual(leastMs);
      expect(parseDuration(interval)).toBeLessThan(leastMs + 60_000);
    }
  });
});

describe('the README on staged releases', () => {
  const release = readSchema('release');
  const strategy = release.properties?.['strategy'];
  it.each([
    ['**`strategy`**\n\n', strategy],
    ['**`steps`**, each of them\n\n', strategy?.properties?.['steps']?.items],
    ['**`windows`**, each of them\n\n', strategy?.properties?.['windows']?.items],
    ['**`halt`**\n\n', strategy?.properties?.['halt']],
  ])('lists every field below %j with its default', (above, schema) => {
    const rows = readTable(section('Staged releases'), above);
    const fields = schema?.properties ?? {};
    expect(rows.map(([name]) => name)).toEqual(Object.keys(fields));
    for (const [name, value] of rows) {
      const { default: preset } = fields[name] ?? {};
      const written = value.startsWith('`') ? value.slice(1, -1) : undefined;
      expect([name, written]).toEqual([name, tellDefault(preset)]);
      expect([name, value === 'required']).toEqual([
        name,
        schema?.required?.includes(name) === true,
      ]);
    }
  });

  it('lists the fields beside the strategy', () => {
    const rows = readTable(section('Staged releases'), 'And beside `strategy`:\n\n');
    const others = ['product', 'version', 'group', 'strategy'];
    expect(rows.map(([name]) => name)).toEqual(
      Object.keys(release.properties ?? {}).filter((name) => !others.includes(name)),
    );
  });
});

/** A default as a table writes it in code; undefined where it is told in words. */
function tellDefault(preset: Schema['default']): string | undefined {
  return preset === undefined || Array.isArray(preset) ? undefined : String(preset);
}

describe('the README on manifests', () => {
  it('lists every field of `fleet` with its default', () => {
    const { driver: _, ...fields } = readSchema('product').properties?.['fleet']?.properties ?? {};
    const rows = [
      ...section('Manifests').matchAll(/^\| `(\w+)` \| (`\w+`|none|the product's name) \| /gm),
    ];
    const told = rows.map(([, name, value = '']) => [
      name,
      value.startsWith('`') ? value.slice(1, -1) : undefined,
    ]);
    const actual = Object.entries(fields).map(([name, field]) => [
      name,
      tellDefault(field.default),
    ]);
    expect(Object.fromEntries(told)).toEqual(Object.fromEntries(actual));
    expect(told.length).toBe(actual.length);
  });

  it('names every other field', () => {
    const text = section('Manifests');
    const names = (schema: Schema | undefined): readonly string[] =>
      Object.keys(schema?.properties ?? {});
    const product = readSchema('product');
    const fields = [
      ...names(product),
      ...names(product.properties?.['verification']),
      ...names(product.properties?.['guardrails']),
      ...['firmware', 'device-group', 'device-lock', 'release'].flatMap((kind) =>
        names(readSchema(kind)),
      ),
    ];
    expect(fields.length).toBeGreaterThan(20);
    expect(fields.filter((name) => !new RegExp(`\`${name}[\`.:]`).test(text))).toEqual([]);
  });
});

describe('the README on commands', { timeout: 60_000 }, () => {
  it('lists those that there are', async () => {
    const { stdout } = await runCli(['--help']);
    const known = [...stdout.matchAll(/^ {2}(\w+) /gm)].map(([, name = '']) => name);
    const rows = [...section('Commands').matchAll(/^\| (`.*?`) \| /gm)].flatMap(([, cell = '']) =>
      [...cell.matchAll(/`(\w+)/g)].map(([, name = '']) => name),
    );
    expect(known.length).toBeGreaterThan(10);
    expect(new Set(rows)).toEqual(new Set(known.filter((name) => name !== 'help')));
  });

  it('names variables that the program reads', () => {
    const told = new Set([...README.matchAll(/LOCKSTEP_[A-Z_]+/g)].map(([name]) => name));
    const sources = readdirSync(join(ROOT, 'controller'), { recursive: true, encoding: 'utf8' })
      .filter((name) => name.endsWith('.ts'))
      .map((name) => readFileSync(join(ROOT, 'controller', name), 'utf8'))
      .join('\n');
    expect([...told].filter((name) => !sources.includes(`'${name}'`))).toEqual([]);
  });
});

describe('the README on files', () => {
  it('names files and folders that are there', () => {
    const paths = [...README.matchAll(/`((?:controller|schemas|test|examples)\/[\w./-]*)`/g)].map(
      ([, path = '']) => path,
    );
    expect(paths.length).toBeGreaterThan(15);
    expect(paths.filter((path) => !existsSync(join(ROOT, path)))).toEqual([]);
  });
});
