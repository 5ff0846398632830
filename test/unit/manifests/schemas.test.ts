import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { checkSchema, isCalendarDate } from '../../../controller/manifests/check-schema.ts';
import type { Kind } from '../../../controller/model/desired.ts';
import { STAGED_TRIPS } from './schema-trips-staged.ts';
import { SHA, TRIPS as FIRST_TRIPS } from './schema-trips.ts';

const TRIPS = [...FIRST_TRIPS, ...STAGED_TRIPS];
const ROOT = fileURLToPath(new URL('../../../', import.meta.url));
const FILES: Readonly<Record<Kind, string>> = {
  Product: 'product',
  Firmware: 'firmware',
  DeviceGroup: 'device-group',
  DeviceLock: 'device-lock',
  Release: 'release',
};

interface Schema {
  readonly [key: string]: unknown;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly items?: Schema;
  readonly additionalProperties?: Schema | boolean;
}

function readSchema(kind: Kind): Schema {
  return JSON.parse(readFileSync(`${ROOT}schemas/${FILES[kind]}.schema.json`, 'utf8')) as Schema;
}

function isExplained({ title, description, examples }: Schema): boolean {
  const texts = [title, description].every((text) => typeof text === 'string' && text !== '');
  return texts && Array.isArray(examples) && examples.length > 0;
}

/** A map of attributes has names of its own; it is closed by what it says of names and values, and of their number. */
function isClosed(schema: Schema): boolean {
  if (typeof schema.additionalProperties !== 'object') return schema.additionalProperties === false;
  return schema['propertyNames'] !== undefined && schema['maxProperties'] !== undefined;
}

function listFields(schema: Schema, path: string): readonly (readonly [string, Schema])[] {
  const children = [
    ...Object.entries(schema.properties ?? {}),
    ...(schema.items === undefined ? [] : [['[]', schema.items] as const]),
    ...(typeof schema.additionalProperties === 'object'
      ? [['{}', schema.additionalProperties] as const]
      : []),
  ];
  return children.flatMap(([name, child]) => {
    const at = path === '' ? name : `${path}.${name}`;
    return [[at, child] as const, ...listFields(child, at)];
  });
}

const KINDS = Object.keys(FILES) as Kind[];

describe.each(KINDS)('the schema of %s', (kind) => {
  const schema = readSchema(kind);

  it('explains every field with a title, a description and examples', () => {
    const fields = [['', schema] as const, ...listFields(schema, '')];
    const silent = fields.filter(([, field]) => !isExplained(field)).map(([path]) => path);
    expect(silent).toEqual([]);
  });

  it('closes every object', () => {
    const objects = listFields(schema, '').filter(([, field]) => field['type'] === 'object');
    expect([schema, ...objects.map(([, field]) => field)].map(isClosed)).not.toContain(false);
  });

  it('accepts its own examples, those of every field included', () => {
    for (const example of schema['examples'] as unknown[]) {
      expect(checkSchema(kind, example, new Map())).toEqual([]);
    }
    for (const [pattern, field] of listFields(schema, '')) {
      if (field['const'] !== undefined) continue;
      const path = pattern.replaceAll('[]', '0').replaceAll('{}', 'hw_rev');
      for (const example of field['examples'] as unknown[]) {
        const excluded = EXCLUDES[`${kind}.${path}`];
        const base = baseOf(kind, path);
        const value = change(
          excluded === undefined ? base : change(base, excluded, undefined),
          path,
          example,
        );
        expect(checkSchema(kind, value, new Map()), `${path} = ${JSON.stringify(example)}`).toEqual(
          [],
        );
      }
    }
  });
});

/** Fields that cannot stand beside one another. */
const EXCLUDES: Readonly<Record<string, string>> = {
  'Firmware.spec.binary.url': 'spec.binary.path',
  'DeviceLock.spec.group': 'spec.devices',
};

function manifest(kind: Kind, spec: object): object {
  return { apiVersion: 'lockstep/v1', kind, metadata: { name: 'thing' }, spec };
}

/** A full manifest of each kind, with every field that can be given together. */
const BASES: Readonly<Record<Kind, object>> = {
  Product: manifest('Product', {
    productId: 94,
    platform: 'photon',
    fleet: {
      driver: 'gateway',
      admission: 'open',
      pollInterval: '5m',
      versionAttribute: 'fw_version',
      bootAttribute: 'boot_id',
      productAttribute: 'product_id',
      part: 'firmware',
      tenant: 'DEFAULT',
      attemptTimeout: '24h',
      rebootGrace: '15m',
      forgetAfter: '90d',
      retries: 3,
      groupBy: ['region'],
    },
    verification: { devices: 1, soak: '0s', group: 'bench', evidence: 'reported' },
    guardrails: { maxAffected: '25%', maxUnlocked: '10%', maxUnverified: 10, allowEmpty: false },
  }),
  Firmware: manifest('Firmware', {
    product: 'thermostat',
    version: 42,
    reportedAs: '1.4.2',
    title: 'Fix heater drift',
    description: 'More.',
    binary: { path: 'firmware/42.bin', sha256: SHA, format: 'opaque' },
    requires: { from: 40 },
    withdrawn: { reason: 'bricks rev B', url: 'https://example.com/7' },
  }),
  DeviceGroup: manifest('DeviceGroup', { product: 'thermostat', devices: ['a', 'b'] }),
  DeviceLock: manifest('DeviceLock', {
    product: 'thermostat',
    devices: ['a'],
    version: 42,
    flash: 'now',
    reason: 'verify 42',
    owner: 'mira',
    expires: '2026-12-31',
  }),
  Release: manifest('Release', {
    product: 'thermostat',
    version: 42,
    group: 'bench',
    strategy: {
      steps: [
        { name: 'first', exposure: '1%', minDevices: 5, soak: '24h', successes: 20 },
        { name: 'all', exposure: '100%', approval: 'required' },
      ],
      rate: '100/min',
      windows: [{ days: ['Mon', 'Fri'], from: '08:00', to: '15:00', timezone: 'Europe/Berlin' }],
      halt: { failureRate: '2%', minAttempts: 5, action: 'hold' },
      onRollback: 'direct',
    },
    approved: ['42/all'],
    attempt: 1,
    paused: false,
  }),
};

/** A group has either devices or attributes. */
const MATCHING = manifest('DeviceGroup', { product: 'thermostat', match: { hw_rev: 'B' } });

function baseOf(kind: Kind, path: string): object {
  return kind === 'DeviceGroup' && path.startsWith('spec.match') ? MATCHING : BASES[kind];
}

/** A copy with one value replaced, or removed when it is undefined. */
function change(base: object, path: string, value: unknown): object {
  const copy = structuredClone(base) as Record<string, unknown>;
  const keys = path.split('.');
  const last = keys.pop() ?? '';
  let at = copy;
  for (const key of keys) at = at[key] as Record<string, unknown>;
  if (value === undefined) delete at[last];
  else at[last] = value;
  return copy;
}

describe('a value that breaks a rule', () => {
  const cases = TRIPS.flatMap(([kind, path, values]) =>
    values.map(([value, said]) => [kind, path, said, value] as const),
  );
  it.each(cases)('%s %s is one mistake that says %s (case %#)', (kind, path, said, value) => {
    const broken = change(baseOf(kind, path), path, value);
    const mistakes = checkSchema(kind, broken, writtenAs(path, value));
    expect(mistakes.map(({ message }) => message)).toEqual([expect.stringContaining(said)]);
  });

  it('is told once where a group has both devices and attributes', () => {
    const mistakes = checkSchema(
      'DeviceGroup',
      change(MATCHING, 'spec.devices', ['a']),
      new Map<string, string>(),
    );
    expect(mistakes).toMatchObject([
      {
        path: 'spec',
        message: '`spec` has both `devices` and `match`, but only one may be given.',
        remedy: 'Remove `devices` or `match`.',
      },
    ]);
  });

  it('tells the type of a group although another rule depends on it', () => {
    const base = change(BASES.DeviceLock, 'spec.devices', undefined);
    const value = change(base, 'spec.group', 1);
    const mistakes = checkSchema('DeviceLock', value, new Map([['spec.group', '1']]));
    expect(mistakes.map(({ message }) => message)).toEqual([
      '`spec.group` must be text, but YAML reads `1` as a number.',
    ]);
  });

  it('is told for every field of every schema', () => {
    const tried = new Set(
      TRIPS.map(([kind, path]) => `${kind}.${path.replaceAll(/\.\d+(?=\.|$)/g, '.[]')}`),
    );
    const common = ['apiVersion', 'kind', 'metadata', 'spec'];
    for (const kind of KINDS) {
      for (const [path] of listFields(readSchema(kind), '')) {
        if (/(\[\]|\{\})$/.test(path) || (kind !== 'Product' && common.includes(path))) continue;
        expect(tried, `${kind}.${path}`).toContain(`${kind}.${path}`);
      }
    }
  });
});

/** As the reader of YAML notes it: what is written for values that are no text. */
function writtenAs(path: string, value: unknown): ReadonlyMap<string, string> {
  const written = new Map<string, string>();
  if (['number', 'boolean'].includes(typeof value)) written.set(path, JSON.stringify(value));
  if (Array.isArray(value)) {
    for (const [index, item] of value.entries()) {
      if (typeof item !== 'string') written.set(`${path}.${index}`, JSON.stringify(item));
    }
  }
  return written;
}

describe('URLs', () => {
  it.each([
    'https://example.com',
    'https://example.com:8443/a?b=c',
    'http://localhost:8080/x',
    'http://127.0.0.1/x',
  ])('%s is accepted', (url) => {
    const value = change(BASES.Firmware, 'spec.withdrawn.url', url);
    expect(checkSchema('Firmware', value, new Map())).toEqual([]);
  });
});

describe('calendar dates', () => {
  it.each([
    ['2028-02-29', true],
    ['2026-02-29', false],
    ['2000-02-29', true],
    ['1900-02-29', false],
    ['2026-04-31', false],
    ['2026-13-01', false],
    ['2026-00-10', false],
    ['2026-01-00', false],
  ])('%s: %s', (text, expected) => expect(isCalendarDate(text)).toBe(expected));
});

describe('the generated types', () => {
  it('are those of the schemas', () => {
    const run = () =>
      execFileSync(process.execPath, ['schemas/generate.ts', '--check'], {
        cwd: ROOT,
        stdio: 'pipe',
      });
    expect(run).not.toThrow();
  });
});
