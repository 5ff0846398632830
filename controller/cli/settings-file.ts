// The settings file of `run`, as YAML or JSON: what may stand in it, and each mistake with its place. Settling it with
// flags and environment is done in `settings.ts`.

import { Ajv2020, type ErrorObject } from 'ajv/dist/2020.js';
import { isMap, isNode, isScalar, LineCounter, type Node, parseDocument } from 'yaml';

import { type Failure, failure } from '../base/failure.ts';
import { fail, ok, type Result } from '../base/result.ts';
import { findNearest } from '../manifests/nearest.ts';

/** Which signatures a commit needs before anything of it is carried out. */
export interface VerifySettings {
  /** `tip`: the newest commit alone; `strict` (default): every commit since the last accepted one. */
  readonly mode?: 'tip' | 'strict';
  /** Files with SSH or GPG public keys, relative to the settings file. */
  readonly keys: readonly string[];
}

/** A repository on GitHub. */
export interface GitHubSettings {
  /** `OWNER/NAME`; left out: taken from the source's address. */
  readonly repository?: string;
  /** Of GitHub Enterprise Server, such as `https://github.example.com/api/v3`. */
  readonly apiUrl?: string;
  readonly token?: string;
  readonly app?: {
    readonly id: string | number;
    /** Relative to the settings file. */
    readonly privateKeyFile?: string;
    readonly installationId?: number;
  };
  readonly webhookSecret?: string;
}

/** What a settings file may hold. */
export interface FileSettings {
  readonly source?: string | { readonly url: string; readonly verify?: VerifySettings };
  readonly state?: string;
  readonly listen?: string;
  readonly deviceListen?: string;
  readonly publicUrl?: string;
  readonly interval?: string;
  readonly gatewayToken?: string;
  readonly particleToken?: string;
  readonly particleApi?: string;
  readonly allowAnonymous?: boolean;
  readonly adopt?: boolean;
  readonly forge?: { readonly github: GitHubSettings };
  readonly reviews?: { readonly hosts: readonly string[] };
}

const text = { type: 'string', minLength: 1 } as const;

function object(properties: Readonly<Record<string, object>>, required: readonly string[] = []) {
  return { type: 'object', additionalProperties: false, required, properties };
}

const REPOSITORY = '^[\\w.-]+/[\\w.-]+$';
const HTTP = '^https?://';
const HOST = '^(\\*\\.)?[a-z0-9-]+(\\.[a-z0-9-]+)+$';

/** What the patterns ask for, in words. */
const FORMS: Readonly<Record<string, string>> = {
  [REPOSITORY]: 'OWNER/NAME',
  [HTTP]: 'an http or https address, such as https://github.example.com/api/v3',
  [HOST]: 'a host name, such as downloads.example.com or *.example.com',
};

const SCHEMA = object({
  source: {
    if: { type: 'object' },
    // oxlint-disable-next-line unicorn/no-thenable
    then: object(
      {
        url: text,
        verify: object(
          {
            mode: { enum: ['tip', 'strict'] },
            keys: { type: 'array', minItems: 1, items: text },
          },
          ['keys'],
        ),
      },
      ['url'],
    ),
    else: text,
  },
  state: text,
  listen: text,
  deviceListen: text,
  publicUrl: text,
  interval: text,
  gatewayToken: text,
  particleToken: text,
  particleApi: text,
  allowAnonymous: { type: 'boolean' },
  adopt: { type: 'boolean' },
  forge: object(
    {
      github: object({
        repository: { type: 'string', pattern: REPOSITORY },
        apiUrl: { type: 'string', pattern: HTTP },
        token: text,
        app: object(
          {
            id: { type: ['string', 'integer'], minLength: 1, minimum: 1 },
            privateKeyFile: text,
            installationId: { type: 'integer', minimum: 1 },
          },
          ['id'],
        ),
        webhookSecret: text,
      }),
    },
    ['github'],
  ),
  reviews: object(
    {
      hosts: {
        type: 'array',
        items: { type: 'string', pattern: HOST },
      },
    },
    ['hosts'],
  ),
});

/** Reads a settings file. A failure names each mistake on a line of its own, with its place. */
export function readSettingsFile(name: string, content: string): Result<FileSettings, Failure> {
  const lines = new LineCounter();
  const document = parseDocument(content, {
    lineCounter: lines,
    prettyErrors: false,
    uniqueKeys: true,
  });
  const at = (offset: number): string => {
    const { line, col } = lines.linePos(offset);
    return `${name}:${line}:${col}`;
  };
  if (document.errors.length > 0) {
    return fail(
      describeMistakes(document.errors.map((error) => `${at(error.pos[0])}: ${error.message}`)),
    );
  }
  const { contents } = document;
  if (contents === null) return ok({});
  const places = findPlaces(contents);
  const check = new Ajv2020({ allErrors: true, allowUnionTypes: true }).compile<FileSettings>(
    SCHEMA,
  );
  const value: unknown = document.toJS({ maxAliasCount: 0 });
  if (check(value)) return ok(value);
  const mistakes = (check.errors ?? [])
    .filter(({ keyword }) => keyword !== 'if')
    .map((error) => {
      const { place, message } = describeError(error);
      return `${at(places.get(place) ?? 0)}: ${message}`;
    });
  return fail(describeMistakes(mistakes));
}

/** The failure of settings with these mistakes. */
export function describeMistakes(mistakes: readonly string[]): Failure {
  return failure('SettingsInvalid', mistakes.join('\n  '), 'stall');
}

/** Offsets of keys (`key PATH`) and of values (`PATH`), by JSON pointer. */
function findPlaces(contents: Node): ReadonlyMap<string, number> {
  const places = new Map<string, number>([['', contents.range?.[0] ?? 0]]);
  const walk = (node: Node, path: string): void => {
    if (!isMap(node)) return;
    for (const { key, value } of node.items) {
      if (!isScalar(key)) continue;
      const child = `${path}/${String(key.value)}`;
      places.set(`key ${child}`, key.range?.[0] ?? 0);
      if (!isNode(value)) continue;
      places.set(child, value.range?.[0] ?? 0);
      walk(value, child);
    }
  };
  walk(contents, '');
  return places;
}

function describeError(error: ErrorObject): { readonly place: string; readonly message: string } {
  const { instancePath, keyword, params } = error;
  const setting = instancePath.slice(1).replaceAll('/', '.');
  if (keyword === 'additionalProperties') {
    const unknown = String(params['additionalProperty']);
    const known = Object.keys(propertiesAt(instancePath));
    const near = findNearest(unknown, known);
    const hint = near === null ? `Known are ${known.join(', ')}.` : `Did you mean \`${near}\`?`;
    return {
      place: `key ${instancePath}/${unknown}`,
      message: `\`${setting === '' ? '' : `${setting}.`}${unknown}\` is no setting. ${hint}`,
    };
  }
  if (setting === '') return { place: '', message: 'Settings are written as `name: value` lines.' };
  // A mistake inside a list is shown at the list.
  const place = instancePath.replace(/(\/\d+)+$/, '');
  return { place, message: `\`${setting}\` ${describeKeyword(error)}.` };
}

function describeKeyword({ keyword, params, message }: ErrorObject): string {
  if (keyword === 'required') return `needs \`${String(params['missingProperty'])}\``;
  if (keyword === 'enum') {
    return `must be one of ${(params['allowedValues'] as readonly string[]).join(', ')}`;
  }
  if (keyword === 'minItems') return 'is empty';
  if (keyword === 'pattern')
    return `must be ${FORMS[String(params['pattern'])] ?? 'written otherwise'}`;
  return message ?? 'is invalid';
}

/** What the schema knows inside the object at a pointer. */
function propertiesAt(pointer: string): object {
  let schema: SchemaNode = SCHEMA;
  for (const name of pointer.split('/').slice(1)) {
    const next: SchemaNode = { ...schema.properties?.[name] };
    schema = next.then ?? next;
  }
  return schema.properties ?? {};
}

interface SchemaNode {
  readonly properties?: Readonly<Record<string, SchemaNode>>;
  readonly then?: SchemaNode;
}
