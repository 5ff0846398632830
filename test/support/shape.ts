// Compares a value with a type of someone else's: the fields are the type's, by the compiler, and the kinds of their values
// are checked here.

import { expect } from 'vitest';

export type Kind = 'string' | 'number' | 'boolean' | 'array' | 'object' | 'null' | 'undefined';

/** For every field of the type, the kinds that its value may be of; `undefined`: the field may be missing. */
export type Shape<T> = { readonly [Field in keyof Required<T>]: readonly Kind[] };

/** Fails and names the fields that are of another kind. */
export function expectShape(value: object, shape: Readonly<Record<string, readonly Kind[]>>): void {
  const fields = value as Readonly<Record<string, unknown>>;
  const wrong = Object.entries<readonly string[]>(shape)
    .filter(([field, kinds]) => !kinds.includes(kindOf(fields[field])))
    .map(([field, kinds]) => `${field}: ${kindOf(fields[field])} is not ${kinds.join(' or ')}`);
  expect(wrong).toEqual([]);
}

function kindOf(value: unknown): string {
  if (value === null) return 'null';
  return Array.isArray(value) ? 'array' : typeof value;
}
