// What a request says: JSON, a form or a multipart form, made alike. Reads as loosely as the real API does, which takes
// numbers as text and `null` as a word in forms.

import { invalidRequest } from './api-error.ts';

export interface UploadedFile {
  /** Name of the part. */
  readonly field: string;
  readonly name: string;
  readonly type: string;
  readonly bytes: Uint8Array;
}

export interface RequestBody {
  readonly kind: 'none' | 'json' | 'form' | 'multipart';
  readonly fields: Readonly<Record<string, unknown>>;
  readonly files: readonly UploadedFile[];
}

const EMPTY: RequestBody = { kind: 'none', fields: {}, files: [] };

export async function readRequestBody(bytes: Buffer, contentType: string): Promise<RequestBody> {
  if (bytes.length === 0) return EMPTY;
  if (contentType.startsWith('multipart/form-data')) {
    const form = await new Response(new Uint8Array(bytes), {
      headers: { 'content-type': contentType },
    })
      .formData()
      .catch(() => null);
    if (form === null) throw invalidRequest('The form cannot be read');
    const entries = [...form.entries()];
    const files: UploadedFile[] = [];
    for (const [field, value] of entries) {
      if (typeof value === 'string') continue;
      const content = new Uint8Array(await value.arrayBuffer());
      files.push({ field, name: value.name, type: value.type, bytes: content });
    }
    const texts = entries.filter(
      (entry): entry is [string, string] => typeof entry[1] === 'string',
    );
    return { kind: 'multipart', fields: readForm(texts), files };
  }
  const text = bytes.toString('utf8');
  if (contentType.startsWith('application/x-www-form-urlencoded')) {
    return { kind: 'form', fields: readForm([...new URLSearchParams(text)]), files: [] };
  }
  try {
    const value = JSON.parse(text) as unknown;
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) {
      return { kind: 'json', fields: value as Record<string, unknown>, files: [] };
    }
  } catch {
    // Falls through.
  }
  throw invalidRequest('The body is not a JSON object');
}

/** `groups[]=a&groups[]=b` is a list, `null` the value. */
function readForm(entries: readonly (readonly [string, string])[]): Record<string, unknown> {
  const fields: Record<string, unknown> = {};
  for (const [name, text] of entries) {
    const value = text === 'null' ? null : text;
    if (!name.endsWith('[]')) {
      fields[name] = value;
      continue;
    }
    const list = fields[name.slice(0, -2)];
    fields[name.slice(0, -2)] = Array.isArray(list) ? [...(list as unknown[]), value] : [value];
  }
  return fields;
}

/** Undefined: the field is not there. */
export function takeText(body: RequestBody, field: string): string | undefined {
  const value = body.fields[field];
  if (value === undefined || value === null) return undefined;
  if (typeof value === 'string') return value;
  if (typeof value === 'number' || typeof value === 'boolean') return String(value);
  throw invalidRequest(`${field} must be a text`);
}

export function takeNumber(body: RequestBody, field: string): number | null | undefined {
  const value = body.fields[field];
  if (value === undefined || value === null) return value;
  const number = typeof value === 'string' && value.trim() !== '' ? Number(value) : value;
  if (typeof number !== 'number' || Number.isNaN(number)) {
    throw invalidRequest(`${field} must be a number`);
  }
  return number;
}

export function takeFlag(body: RequestBody, field: string): boolean | undefined {
  const value = body.fields[field];
  if (value === undefined || value === null) return undefined;
  if (value === true || value === 'true') return true;
  if (value === false || value === 'false') return false;
  throw invalidRequest(`${field} must be true or false`);
}

export function takeList(body: RequestBody, field: string): readonly string[] | undefined {
  const value = body.fields[field];
  if (value === undefined || value === null) return undefined;
  if (!Array.isArray(value)) throw invalidRequest(`${field} must be a list`);
  return value.map(String);
}
