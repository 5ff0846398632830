// Generates `controller/model/schema-types.ts` from the JSON Schemas beside this file. With `--check` it writes
// nothing and fails when the generated file is stale. Nothing else in the project writes that file.

import { readFile, writeFile } from 'node:fs/promises';
import { compile } from 'json-schema-to-typescript';

const SCHEMAS = ['product', 'firmware', 'device-group', 'device-lock', 'release'];
const TARGET = new URL('../controller/model/schema-types.ts', import.meta.url);

const HEADER = `// Manifests as they are written, one type per kind. Generated from \`schemas/\` by \`node schemas/generate.ts\`: change
// the schemas, never this file. The resolved forms, with defaults filled in, are in \`desired.ts\`.
`;

type Json = string | number | boolean | null | readonly Json[] | { readonly [key: string]: Json };

/** Leaves out what would give every field a type of its own, or is no business of a type. */
function strip(schema: Json, root: boolean): Json {
  if (Array.isArray(schema)) return schema.map((item: Json) => strip(item, false));
  if (typeof schema !== 'object' || schema === null) return schema;
  const kept = Object.entries(schema).filter(
    ([key, value]) =>
      !(key === 'title' && typeof value === 'string' && !root) &&
      !['$id', '$schema', 'examples', 'oneOf', 'not', 'default'].includes(key),
  );
  return Object.fromEntries(kept.map(([key, value]) => [key, strip(value, false)]));
}

/** The model's types are readonly; the generator has no option for it. */
function makeReadonly(source: string): string {
  const lines = source
    .replace(/^(\s+)((?:\w+\??|\[\w+: string\]): )/gm, '$1readonly $2')
    .replace(/: (\w+\[\]|\([^()]+\)\[\])/g, ': readonly $1')
    .split('\n');
  for (const [end, line] of lines.entries()) {
    const indent = /^(\s+)\}\[\];$/.exec(line)?.[1];
    if (indent === undefined) continue;
    // A list of objects opens on the last line before it with the same indentation.
    const start = lines.findLastIndex(
      (text, index) => index < end && text.startsWith(`${indent}readonly `) && text.endsWith(': {'),
    );
    lines[start] = lines[start]?.replace(/: \{$/, ': readonly {') ?? '';
  }
  return lines.join('\n');
}

async function generate(): Promise<string> {
  const parts = [HEADER];
  for (const name of SCHEMAS) {
    const text = await readFile(new URL(`${name}.schema.json`, import.meta.url), 'utf8');
    const schema = strip(JSON.parse(text) as Json, true) as { readonly title: string };
    const source = await compile(schema, schema.title, {
      bannerComment: '',
      additionalProperties: false,
      ignoreMinAndMaxItems: true,
      style: { singleQuote: true, printWidth: 100 },
    });
    parts.push(makeReadonly(source));
  }
  return parts.join('\n');
}

const wanted = await generate();
if (process.argv.includes('--check')) {
  const present = await readFile(TARGET, 'utf8').catch(() => '');
  if (present !== wanted) {
    console.error('controller/model/schema-types.ts is stale: run `node schemas/generate.ts`.');
    process.exitCode = 1;
  }
} else {
  await writeFile(TARGET, wanted);
}
