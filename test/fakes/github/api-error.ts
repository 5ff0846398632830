// How the fake GitHub refuses: the statuses, messages and bodies of the real one.

import type { components } from '@octokit/openapi-types';

type ValidationError = components['schemas']['validation-error'];
type FieldError = NonNullable<ValidationError['errors']>[number];

const DOCUMENTATION = 'https://docs.github.com/rest';

export class ApiError extends Error {
  readonly status: number;
  readonly errors: readonly FieldError[];
  readonly headers: Readonly<Record<string, string>>;

  constructor(
    status: number,
    message: string,
    more: {
      readonly errors?: readonly FieldError[];
      readonly headers?: Readonly<Record<string, string>>;
    } = {},
  ) {
    super(message);
    this.status = status;
    this.errors = more.errors ?? [];
    this.headers = more.headers ?? {};
  }

  body(): components['schemas']['basic-error'] | ValidationError {
    const basic = {
      message: this.message,
      documentation_url: DOCUMENTATION,
      status: String(this.status),
    };
    return this.errors.length === 0 ? basic : { ...basic, errors: [...this.errors] };
  }
}

export function notFound(): ApiError {
  return new ApiError(404, 'Not Found');
}

/** 422 with what is wrong with one field, in GitHub's codes. */
export function invalidField(
  resource: string,
  field: string,
  code: 'invalid' | 'missing' | 'missing_field',
): ApiError {
  return new ApiError(422, 'Validation Failed', { errors: [{ resource, field, code }] });
}

/** 422 with a sentence. */
export function invalid(resource: string, message: string): ApiError {
  return new ApiError(422, 'Validation Failed', {
    errors: [{ resource, code: 'custom', message }],
  });
}

/** Refuses a body in which one of the fields is absent. */
export function requireFields<Body extends object>(
  resource: string,
  body: Body,
  ...fields: readonly (keyof Body & string)[]
): void {
  for (const field of fields) {
    const value = body[field];
    if (value === undefined || value === null || value === '') {
      throw invalidField(resource, field, 'missing_field');
    }
  }
}

/** Refuses a text of more than `max` characters, as GitHub counts them. */
export function checkLength(
  text: string | null | undefined,
  max: number,
  refuse: (length: number) => ApiError,
): void {
  // Each character has at least one and at most two code units.
  if (text === undefined || text === null || text.length <= max) return;
  const length = Array.from(text).length;
  if (length > max) throw refuse(length);
}
