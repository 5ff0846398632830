// How requests are checked against their schemas: bodies exactly as they are, paths and queries with their text read as
// the number or flag that is asked for. Nothing is removed or filled in silently.

import { Ajv2020, type ErrorObject, type ValidateFunction } from 'ajv/dist/2020.js';
import type { FastifySchema, FastifySchemaCompiler } from 'fastify';

import type { NamedSchema, Schema } from './schemas/build.ts';

/** Builds the compiler; `schemas` are the named ones that requests may refer to. */
export function createValidator(
  schemas: readonly NamedSchema[],
): FastifySchemaCompiler<FastifySchema> {
  const exact = new Ajv2020({ schemas: [...schemas], ...OPTIONS });
  const fromText = new Ajv2020({ coerceTypes: true, ...OPTIONS });
  return ({ schema, httpPart }) => {
    const ajv = httpPart === 'body' ? exact : fromText;
    const validate: ValidateFunction = ajv.compile(schema as Schema);
    return (value: unknown) => {
      if (validate(value)) return { value };
      return { error: new Error(describe(httpPart ?? 'request', validate.errors?.[0])) };
    };
  };
}

/** Whether windows can be computed in a time zone; a name that the runtime does not know would be taken for a bug. */
function isTimezone(name: string): boolean {
  try {
    return new Intl.DateTimeFormat('en-US', { timeZone: name }).resolvedOptions().timeZone !== '';
  } catch {
    return false;
  }
}

// Times only occur in answers; `strictTypes` would mind `type: [.., 'null']`.
const OPTIONS = {
  formats: { timezone: isTimezone, 'date-time': true },
  // Where one field says which of several schemas is meant, the others' complaints would be noise.
  discriminator: true,
  strictTypes: false,
  allowUnionTypes: true,
} as const;

function describe(part: string, error: ErrorObject | undefined): string {
  if (error === undefined) return `The ${part} is not valid`;
  const where = `${part}${error.instancePath}`.slice(0, 200);
  if (error.keyword === 'additionalProperties') {
    const name = String(error.params['additionalProperty']).slice(0, 100);
    return `${where} has the unknown field ${JSON.stringify(name)}`;
  }
  if (error.keyword === 'enum') {
    return `${where} must be one of ${JSON.stringify(error.params['allowedValues']).slice(0, 300)}`;
  }
  return `${where} ${error.message ?? 'is not valid'}`.slice(0, 400);
}
