// The words that the API's schemas are made of: JSON Schema 2020-12, as OpenAPI 3.1 takes it. What a schema says is in the
// files beside this one.

/** A JSON Schema. */
export type Schema = Readonly<Record<string, unknown>>;

/** A schema with a name, which other schemas refer to by `ref`. */
export type NamedSchema = Schema & { readonly $id: string };

/** An object with exactly these fields; all are required except `optional` ones. */
export function object(
  properties: Readonly<Record<string, Schema>>,
  options: { readonly optional?: readonly string[]; readonly description?: string } = {},
): Schema {
  const optional = new Set(options.optional ?? []);
  return {
    type: 'object',
    ...(options.description === undefined ? {} : { description: options.description }),
    additionalProperties: false,
    required: Object.keys(properties).filter((name) => !optional.has(name)),
    properties,
  };
}

/** Gives a schema its name in the OpenAPI document. */
export function named(id: string, schema: Schema): NamedSchema {
  return { $id: id, ...schema };
}

/** Refers to a named schema. */
export function ref(id: string): Schema {
  return { $ref: `${id}#` };
}

/** The same, or null. */
export function nullable(schema: Schema): Schema {
  const { type } = schema;
  if (typeof type === 'string' && schema['enum'] === undefined) {
    return { ...schema, type: [type, 'null'] };
  }
  return { anyOf: [schema, { type: 'null' }] };
}

export function arrayOf(items: Schema): Schema {
  return { type: 'array', items };
}

/** An object whose keys are names, such as products. */
export function mapOf(values: Schema, description?: string): Schema {
  const said = description === undefined ? {} : { description };
  return { type: 'object', ...said, additionalProperties: values };
}

export function oneWord(words: readonly string[], description?: string): Schema {
  return { type: 'string', enum: words, ...(description === undefined ? {} : { description }) };
}

/** A list in an object, so that fields can be added beside it. */
export function listOf(items: Schema): Schema {
  return object({ items: arrayOf(items) });
}

/** A page of a list; `next` is the cursor of the next page, null at the end. */
export function pageOf(items: Schema, cursor: Schema): Schema {
  return object({ items: arrayOf(items), next: nullable(cursor) });
}

export const text: Schema = { type: 'string' };
export const flag: Schema = { type: 'boolean' };
export const count: Schema = { type: 'integer', minimum: 0 };
export const time: Schema = { type: 'string', format: 'date-time' };
/** A share of devices in percent, such as 1 for 1 %. */
export const percent: Schema = { type: 'number', minimum: 0, maximum: 100 };
/** A firmware version. */
export const version: Schema = { type: 'integer', minimum: 1, maximum: 65_534 };
/** Where in the fleet repo something is written; null where no file can be named. */
export const place = {
  file: nullable(text),
  line: nullable(count),
  column: nullable(count),
} as const satisfies Readonly<Record<string, Schema>>;
