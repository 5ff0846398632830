// Checks one document against the JSON Schema of its kind, and turns what the validator finds into one mistake per
// cause, with the dotted path of the value or key that a person has to look at. The wording is in
// `describe-mistake.ts`.

import { Ajv2020, type ErrorObject, type ValidateFunction } from 'ajv/dist/2020.js';
import deviceGroupSchema from '../../schemas/device-group.schema.json' with { type: 'json' };
import deviceLockSchema from '../../schemas/device-lock.schema.json' with { type: 'json' };
import firmwareSchema from '../../schemas/firmware.schema.json' with { type: 'json' };
import productSchema from '../../schemas/product.schema.json' with { type: 'json' };
import releaseSchema from '../../schemas/release.schema.json' with { type: 'json' };
import type { Kind } from '../model/desired.ts';
import { describeMistake, type SchemaMistake } from './describe-mistake.ts';
import { joinPath } from './read-node.ts';

const SCHEMAS: Readonly<Record<Kind, object>> = {
  Product: productSchema,
  Firmware: firmwareSchema,
  DeviceGroup: deviceGroupSchema,
  DeviceLock: deviceLockSchema,
  Release: releaseSchema,
};

/** Keywords by how well they tell the cause: of several at one value the first of these is shown. */
const RANK = [
  'type',
  'additionalProperties',
  'required',
  'oneOf',
  'const',
  'enum',
  'minLength',
  'minItems',
  'minProperties',
  'maxItems',
  'maxProperties',
  'maxLength',
  'pattern',
  'format',
  'not',
  'minimum',
  'maximum',
  'uniqueItems',
];

const validators = new Map<Kind, ValidateFunction>();

function compileValidator(kind: Kind): ValidateFunction {
  const present = validators.get(kind);
  if (present !== undefined) return present;
  const ajv = new Ajv2020({ allErrors: true, verbose: true, strict: true, strictRequired: false });
  ajv.addKeyword({ keyword: 'patternErrorMessage', schemaType: 'string' });
  ajv.addFormat('date', isCalendarDate);
  const validate = ajv.compile(SCHEMAS[kind]);
  validators.set(kind, validate);
  return validate;
}

/** Whether a text is a day of the calendar, as `YYYY-MM-DD`. */
export function isCalendarDate(text: string): boolean {
  const match = /^(\d{4})-(\d{2})-(\d{2})$/.exec(text);
  if (match === null) return false;
  const [year, month, day] = [Number(match[1]), Number(match[2]), Number(match[3])];
  const leap = (year % 4 === 0 && year % 100 !== 0) || year % 400 === 0;
  const days = [31, leap ? 29 : 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31][month - 1];
  return days !== undefined && day >= 1 && day <= days;
}

/**
 * All mistakes of a document of a kind, one per cause, in no particular order. `written` gives what the file says for
 * scalars that YAML does not read as text, by dotted path. An empty list means that the value has the kind's type.
 */
export function checkSchema(
  kind: Kind,
  value: unknown,
  written: ReadonlyMap<string, string>,
): readonly SchemaMistake[] {
  const validate = compileValidator(kind);
  if (validate(value)) return [];
  const first = new Map<string, ErrorObject>();
  for (const error of validate.errors ?? []) {
    // What each branch of a `oneOf` misses is noise: the `oneOf` itself says what the choice is.
    // What is wrong with the name of a key stands beside the error that only says that something is.
    if (error.schemaPath.includes('/oneOf/') || error.keyword === 'propertyNames') continue;
    const path = pathOf(error);
    const known = first.get(path);
    if (known === undefined || RANK.indexOf(error.keyword) < RANK.indexOf(known.keyword)) {
      first.set(path, error);
    }
  }
  return [...first].map(([path, error]) => describeMistake(path, error, written.get(path)));
}

/** The dotted path of what an error is about: for a missing or an unknown field, of the field itself. */
function pathOf(error: ErrorObject): string {
  const path = error.instancePath
    .split('/')
    .slice(1)
    .map((part) => part.replaceAll('~1', '/').replaceAll('~0', '~'))
    .join('.');
  const params = error.params as Readonly<Record<string, unknown>>;
  if (error.propertyName !== undefined) return joinPath(path, error.propertyName);
  if (error.keyword === 'required') return joinPath(path, String(params['missingProperty']));
  if (error.keyword === 'additionalProperties') {
    return joinPath(path, String(params['additionalProperty']));
  }
  if (error.keyword === 'uniqueItems') {
    return joinPath(path, Math.max(Number(params['i']), Number(params['j'])));
  }
  return path;
}
