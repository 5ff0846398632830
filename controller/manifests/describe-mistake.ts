// The wording of schema mistakes: what was found, what is allowed, and what to write instead. The allowed forms and
// the examples come from the schemas, so that a new field needs no new text here.

import type { ErrorObject } from 'ajv/dist/2020.js';
import { findNearest } from './nearest.ts';

/** One mistake in a document. */
export interface SchemaMistake {
  /** Dotted path of the value; for an unknown field its path, for a missing field the path of its parent. */
  readonly path: string;
  /** Whether the place to show is the key at that path rather than the value. */
  readonly atKey: boolean;
  readonly message: string;
  readonly remedy: string;
}

type Schema = Readonly<Record<string, unknown>>;

/**
 * Describes a validator's error. `path` is the dotted path of what it is about, `written` what the file says there
 * when YAML does not read it as text.
 */
export function describeMistake(
  path: string,
  error: ErrorObject,
  written: string | undefined,
): SchemaMistake {
  const schema = (error.parentSchema ?? {}) as Schema;
  const field = error.propertyName ?? path.slice(path.lastIndexOf('.') + 1);
  const value = (message: string, remedy = exampleRemedy(field, schema)): SchemaMistake => ({
    path,
    atKey: error.propertyName !== undefined,
    message: `\`${path === '' ? 'the document' : path}\` ${message}`,
    remedy,
  });
  const found = showValue(error.data, written);
  const params = error.params as Readonly<Record<string, unknown>>;
  switch (error.keyword) {
    case 'required':
      return describeMissing(path, field, schema);
    case 'additionalProperties':
      return describeUnknown(path, field, schema);
    case 'oneOf':
      return describeChoice(path, error, schema);
    case 'type':
      return describeType(path, field, error, schema, written);
    case 'const':
      return value(`is ${found}, but must be \`${String(params['allowedValue'])}\`.`);
    case 'enum':
      return describeEnum(path, field, found, error.data, params['allowedValues'] as unknown[]);
    case 'pattern':
      return value(`is ${found}, but ${String(schema['patternErrorMessage'])}.`);
    case 'format':
      return value(`is ${found}, which is no day of the calendar written as YYYY-MM-DD.`);
    case 'not':
      return value(`is ${found}, which is a reserved name.`, 'Choose another name.');
    case 'minimum':
    case 'maximum':
      return value(`is ${found}, but must be ${describeRange(schema)}.`);
    case 'minLength':
      return value('is empty.');
    case 'maxLength':
      return value(
        `is ${(error.data as string).length} characters long, but at most ${String(params['limit'])} are allowed.`,
        'Shorten it.',
      );
    case 'minItems':
      return path === 'spec.devices'
        ? value('is an empty list.', 'List at least one, or remove the manifest.')
        : value('is an empty list.');
    case 'minProperties':
      return value('is an empty map.');
    case 'maxItems':
      return value(
        `has ${(error.data as readonly unknown[]).length} entries, but at most ${String(params['limit'])} are allowed.`,
        'Remove some of them.',
      );
    case 'maxProperties':
      return value(
        `has ${Object.keys(error.data as object).length} entries, but at most ${String(params['limit'])} are allowed.`,
        'Remove some of them.',
      );
    case 'uniqueItems':
      return value(
        `is ${showValue((error.data as readonly unknown[])[Number(field)], undefined)}, which is in the list already.`,
        'Remove one of the two.',
      );
    default:
      return value(`does not fit the schema: ${error.message ?? error.keyword}.`);
  }
}

function describeMissing(path: string, field: string, schema: Schema): SchemaMistake {
  const parent = path.slice(0, Math.max(0, path.length - field.length - 1));
  const line = showLine(field, propertyOf(schema, field));
  return {
    path: parent,
    atKey: true,
    message: `\`${path}\` is missing.`,
    remedy: `Add ${parent === '' ? '' : `under \`${parent}\` `}a line such as \`${line}\`.`,
  };
}

function describeUnknown(path: string, field: string, schema: Schema): SchemaMistake {
  const known = Object.keys(schema['properties'] ?? {});
  const near = findNearest(field, known);
  return {
    path,
    atKey: true,
    message: `\`${cut(path, 120)}\` is no known field${near === null ? '' : `; \`${near}\` is near`}.`,
    remedy:
      near === null
        ? `Remove it. The fields here are ${known.map((name) => `\`${name}\``).join(', ')}.`
        : `Write \`${near}\` instead, or remove it.`,
  };
}

function describeChoice(path: string, error: ErrorObject, schema: Schema): SchemaMistake {
  const options = (error.schema as readonly Schema[]).map((option) =>
    String((option['required'] as readonly string[] | undefined)?.[0]),
  );
  const names = options.map((name) => `\`${name}\``);
  const isNone = (error.params as { passingSchemas: unknown }).passingSchemas === null;
  return {
    path,
    atKey: true,
    message: isNone
      ? `\`${path}\` has neither ${names.join(' nor ')}.`
      : `\`${path}\` has both ${names.join(' and ')}, but only one may be given.`,
    remedy: isNone
      ? `Add ${options.map((name) => `\`${showLine(name, propertyOf(schema, name))}\``).join(' or ')}.`
      : `Remove ${names.join(' or ')}.`,
  };
}

const TYPES: Readonly<Record<string, string>> = {
  string: 'text',
  integer: 'a whole number',
  number: 'a number',
  boolean: '`true` or `false`',
  array: 'a list',
  object: 'a map of fields',
};

function describeType(
  path: string,
  field: string,
  error: ErrorObject,
  schema: Schema,
  written: string | undefined,
): SchemaMistake {
  const expected = String(schema['type']);
  const name = `\`${path === '' ? 'the document' : path}\``;
  const data: unknown = error.data;
  const mistake = (message: string, remedy: string) => ({ path, atKey: false, message, remedy });
  if (data === null) {
    return mistake(
      `${name} has no value, but must be ${TYPES[expected]}.`,
      `Remove the line, or write a value such as \`${showLine(field, schema)}\`.`,
    );
  }
  if (expected === 'string' && written !== undefined) {
    return mistake(
      `${name} must be text, but YAML reads \`${cut(written, 80)}\` as ${typeof data === 'boolean' ? 'true or false' : 'a number'}.`,
      fitsPattern(written, schema)
        ? `Quote it: \`"${cut(written, 80)}"\`.`
        : exampleRemedy(field, schema),
    );
  }
  if (expected === 'integer' && typeof data === 'string' && /^\d{1,9}$/.test(data)) {
    return mistake(
      `${name} must be ${TYPES[expected]}, but is the text "${data}".`,
      `Remove the quotes: \`${field}: ${data}\`.`,
    );
  }
  const truth = expected === 'boolean' ? readTruth(data) : null;
  if (truth !== null) {
    return mistake(
      `${name} must be ${TYPES[expected]}, but is the text ${showValue(data, written)}.`,
      `Write \`${field}: ${truth}\`.`,
    );
  }
  return mistake(
    `${name} is ${showValue(data, written)}, but must be ${TYPES[expected]}.`,
    exampleRemedy(field, schema),
  );
}

/** Whether a text has the form that the schema asks for, if it asks for one. Long texts are not tried. */
function fitsPattern(text: string, schema: Schema): boolean {
  const pattern = schema['pattern'];
  return typeof pattern !== 'string' || text.length > 80 || new RegExp(pattern, 'u').test(text);
}

/** What older YAML took for true and false, and what is true or false in quotes. */
function readTruth(data: unknown): boolean | null {
  if (typeof data !== 'string') return null;
  if (/^(yes|on|true|y)$/i.test(data)) return true;
  return /^(no|off|false|n)$/i.test(data) ? false : null;
}

function describeEnum(
  path: string,
  field: string,
  found: string,
  data: unknown,
  allowed: readonly unknown[],
): SchemaMistake {
  const words = allowed.map(String);
  const near = typeof data === 'string' ? findNearest(data, words) : null;
  return {
    path,
    atKey: false,
    message: `\`${path}\` is ${found}, but must be ${words.map((word) => `\`${word}\``).join(' or ')}.`,
    remedy: `Write \`${/^\d+$/.test(field) ? '' : `${field}: `}${near ?? words[0] ?? ''}\`${near === null && words.length > 1 ? ' or another of these' : ''}.`,
  };
}

function describeRange(schema: Schema): string {
  return `from ${String(schema['minimum'])} to ${String(schema['maximum'])}`;
}

function propertyOf(schema: Schema, name: string): Schema {
  return ((schema['properties'] ?? {}) as Readonly<Record<string, Schema>>)[name] ?? {};
}

function exampleRemedy(field: string, schema: Schema): string {
  const line = /^\d+$/.test(field) ? showExample(schema) : showLine(field, schema);
  return line === '' ? 'Correct the value.' : `Write for example \`${line}\`.`;
}

function showLine(field: string, schema: Schema): string {
  return `${field}: ${showExample(schema) || '…'}`;
}

function showExample(schema: Schema): string {
  const examples = schema['examples'] as readonly unknown[] | undefined;
  return examples === undefined || examples.length === 0 ? '' : showFlow(examples[0]);
}

/** A value as YAML in flow style, on one line. */
function showFlow(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(showFlow).join(', ')}]`;
  if (typeof value === 'object' && value !== null) {
    const fields = Object.entries(value).map(([key, item]) => `${key}: ${showFlow(item)}`);
    return `{ ${fields.join(', ')} }`;
  }
  if (typeof value !== 'string') return String(value);
  return /^[A-Za-z][\w ./:@-]*$/.test(value) && !/: |^(true|false|null)$/.test(value)
    ? value
    : /^\d+[smhd%/]/.test(value) || /^\d{4}-/.test(value)
      ? value
      : JSON.stringify(value);
}

function showValue(value: unknown, written: string | undefined): string {
  if (Array.isArray(value)) return value.length === 0 ? 'an empty list' : 'a list';
  if (typeof value === 'object' && value !== null) return 'a map of fields';
  if (typeof value === 'string') return cut(JSON.stringify(value), 80);
  return cut(written !== undefined && written !== '' ? written : String(value), 80);
}

function cut(text: string, length: number): string {
  return text.length <= length ? text : `${text.slice(0, length - 1)}…`;
}
