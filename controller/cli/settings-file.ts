// The settings file of `run`, as YAML or JSON: what may stand in it, and each mistake with its place. Settling it with
// flags and environment is done in `settings.ts`.

import { Ajv2020, type ErrorObject } from 'ajv/dist/2020.js';
import {
  isMap,
  isNode,
  isScalar,
  isSeq,
  LineCounter,
  type Node,
  parseDocument,
  visit,
  type YAMLParseError,
} from 'yaml';

import { type Failure, failure } from '../base/failure.ts';
import { fail, ok, type Result } from '../base/result.ts';
import { findNearest } from '../manifests/nearest.ts';
import { NOTICE_KINDS, type NoticeKind } from '../model/notice.ts';

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

/** Where notices go. */
export interface NoticeSettings {
  /** An address, or `$NAME` for one that stands in the environment. */
  readonly url: string;
  /** Left out: the host of the address. */
  readonly name?: string;
  readonly format?: 'json' | 'slack';
  readonly products?: readonly string[];
  readonly on?: readonly NoticeKind[];
  /** Signs the bodies; or `$NAME`. */
  readonly secret?: string;
}

/** A reverse proxy that signs people in. */
export interface AccessSettings {
  readonly userHeader: string;
  readonly rolesHeader?: string;
  readonly deployers?: readonly string[];
  /** Addresses and networks that its requests come from. */
  readonly from: readonly string[];
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
  readonly notices?: readonly NoticeSettings[];
  readonly access?: AccessSettings;
}

const text = { type: 'string', minLength: 1 } as const;

function object(properties: Readonly<Record<string, object>>, required: readonly string[] = []) {
  return { type: 'object', additionalProperties: false, required, properties };
}

const REPOSITORY = '^[\\w.-]+/[\\w.-]+$';
const HTTP = '^https?://';
const HOST = '^(\\*\\.)?[a-z0-9-]+(\\.[a-z0-9-]+)+$';

const HEADER = '^[A-Za-z][A-Za-z0-9-]{0,62}$';

const NOTICE_URL = '^(https?://|\\$[A-Za-z_][A-Za-z0-9_]*$)';
const NOTICE_NAME = '^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$';

/** Each has a label in the metrics and connections of its own. */
const NOTICES_MAX = 20;

/** What the patterns ask for, in words. */
const FORMS: Readonly<Record<string, string>> = {
  [REPOSITORY]: 'OWNER/NAME',
  [HTTP]: 'an http or https address, such as https://github.example.com/api/v3',
  [HOST]: 'a host name, such as downloads.example.com or *.example.com',
  [HEADER]: 'the name of a header, such as X-Forwarded-Email',
  [NOTICE_URL]: 'an https address, or $NAME for one that stands in the environment',
  [NOTICE_NAME]:
    '1 to 63 letters, digits, dots, underscores and hyphens, beginning with a letter or digit',
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
  notices: {
    type: 'array',
    maxItems: NOTICES_MAX,
    items: object(
      {
        url: { type: 'string', pattern: NOTICE_URL },
        name: { type: 'string', pattern: NOTICE_NAME },
        format: { enum: ['json', 'slack'] },
        products: { type: 'array', minItems: 1, items: text },
        on: { type: 'array', minItems: 1, items: { enum: NOTICE_KINDS } },
        secret: text,
      },
      ['url'],
    ),
  },
  access: object(
    {
      userHeader: { type: 'string', pattern: HEADER },
      rolesHeader: { type: 'string', pattern: HEADER },
      deployers: { type: 'array', minItems: 1, items: text },
      from: { type: 'array', minItems: 1, items: text },
    },
    ['userHeader', 'from'],
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
      describeMistakes(
        document.errors.map((error) => `${at(error.pos[0])}: ${describeSyntaxError(error)}`),
      ),
    );
  }
  const { contents } = document;
  if (contents === null) return ok({});
  const places = findPlaces(contents);
  const check = new Ajv2020({ allErrors: true, allowUnionTypes: true }).compile<FileSettings>(
    SCHEMA,
  );
  const aliases: number[] = [];
  visit(document, { Alias: (_, alias) => void aliases.push(alias.range?.[0] ?? 0) });
  if (aliases.length > 0) {
    return fail(
      describeMistakes(
        aliases.map((offset) => `${at(offset)}: An alias is not read here: write the value.`),
      ),
    );
  }
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

/** Without the text that it quotes, which may be a secret. */
function describeSyntaxError({ code, message }: YAMLParseError): string {
  if (code === 'BAD_DIRECTIVE') return 'A YAML directive is not read here.';
  return code === 'UNEXPECTED_TOKEN' ? `${message.replace(/:.*/s, '')}.` : message;
}

/** The failure of settings with these mistakes. */
export function describeMistakes(mistakes: readonly string[]): Failure {
  return failure('SettingsInvalid', mistakes.join('\n  '), 'stall');
}

/** Offsets of keys (`key PATH`) and of values (`PATH`), by JSON pointer. */
function findPlaces(contents: Node): ReadonlyMap<string, number> {
  const places = new Map<string, number>([['', contents.range?.[0] ?? 0]]);
  const walk = (node: Node, path: string): void => {
    if (isSeq(node)) {
      for (const [index, item] of node.items.entries()) {
        if (!isNode(item)) continue;
        places.set(`${path}/${index}`, item.range?.[0] ?? 0);
        walk(item, `${path}/${index}`);
      }
    }
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
    // What does not look like a name may be a value at the wrong place, and secret.
    const named = /^\w{1,40}$/.test(unknown)
      ? `\`${setting === '' ? '' : `${setting}.`}${unknown}\``
      : 'This';
    return { place: `key ${instancePath}/${unknown}`, message: `${named} is no setting. ${hint}` };
  }
  if (setting === '') return { place: '', message: 'Settings are written as `name: value` lines.' };
  return { place: instancePath, message: `\`${setting}\` ${describeKeyword(error)}.` };
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
    const next: SchemaNode = { ...(schema.items ?? schema.properties?.[name]) };
    schema = next.then ?? next;
  }
  return schema.properties ?? {};
}

interface SchemaNode {
  readonly properties?: Readonly<Record<string, SchemaNode>>;
  readonly items?: SchemaNode;
  readonly then?: SchemaNode;
}
