// What `run` and `apply` serve with: flags win over the environment, which wins over the settings file. A mistake in
// any of them is told with its place and never guessed around.

import { Ajv2020, type ErrorObject } from 'ajv/dist/2020.js';
import { InvalidArgumentError } from 'commander';
import { isAlias, isMap, isScalar, LineCounter, parseDocument } from 'yaml';

import { type Failure, failure } from '../base/failure.ts';
import { fail, ok, type Result } from '../base/result.ts';
import { findNearest } from '../manifests/nearest.ts';
import { STATE_DEFAULT } from '../stores/open-state.ts';
import {
  LISTEN_DEFAULT,
  parseDurationMs,
  parseListen,
  parseUrl,
  type ServeFlags,
} from './options.ts';
import type { ListenAddress } from './ports.ts';

/** Every setting, with its value settled. */
export interface Settings {
  /** As a SOURCE argument; null: the folder that the command runs in. */
  readonly source: string | null;
  readonly state: string;
  readonly listen: ListenAddress;
  readonly deviceListen: ListenAddress | null;
  readonly publicUrl: string | null;
  readonly intervalMs: number;
  readonly gatewayToken: string | null;
  readonly allowAnonymous: boolean;
  readonly adopt: boolean;
}

/** Settings that came by flags; those without a value were not given. */
export type SettingFlags = ServeFlags & {
  readonly source?: string | undefined;
  readonly state?: string | undefined;
  readonly interval?: number | undefined;
};

interface FileSettings {
  readonly source?: string;
  readonly state?: string;
  readonly listen?: string;
  readonly deviceListen?: string;
  readonly publicUrl?: string;
  readonly interval?: string;
  readonly gatewayToken?: string;
  readonly allowAnonymous?: boolean;
  readonly adopt?: boolean;
}

const INTERVAL_DEFAULT_MS = 60_000;
/** Bounds of `interval`: shorter would only load the forge, and a timer cannot be longer. */
const INTERVAL_MIN_MS = 1_000;
const INTERVAL_MAX_MS = 86_400_000;

const SCHEMA = {
  type: 'object',
  additionalProperties: false,
  properties: {
    source: { type: 'string', minLength: 1 },
    state: { type: 'string', minLength: 1 },
    listen: { type: 'string' },
    deviceListen: { type: 'string' },
    publicUrl: { type: 'string' },
    interval: { type: 'string' },
    gatewayToken: { type: 'string', minLength: 1 },
    allowAnonymous: { type: 'boolean' },
    adopt: { type: 'boolean' },
  },
} as const;

const NAMES = Object.keys(SCHEMA.properties);

/** The variable of each setting that may come from the environment. */
const VARIABLES = {
  state: 'LOCKSTEP_STATE',
  listen: 'LOCKSTEP_LISTEN',
  deviceListen: 'LOCKSTEP_DEVICE_LISTEN',
  publicUrl: 'LOCKSTEP_PUBLIC_URL',
  interval: 'LOCKSTEP_INTERVAL',
  gatewayToken: 'LOCKSTEP_GATEWAY_TOKEN',
} as const;

/**
 * Settles all settings. `file` is the settings file's name and text, null where none was given. A failure names each
 * mistake on a line of its own.
 */
export function settleSettings(
  flags: SettingFlags,
  env: Readonly<Record<string, string | undefined>>,
  file: { readonly name: string; readonly text: string } | null,
): Result<Settings, Failure> {
  const read = file === null ? ok<FileSettings>({}) : readSettingsFile(file.name, file.text);
  if (!read.ok) return read;
  const mistakes: string[] = [];
  const settle = <T>(
    name: keyof typeof VARIABLES,
    flag: T | undefined,
    parse: (text: string) => T,
  ): T | null => {
    if (flag !== undefined) return flag;
    const variable = VARIABLES[name];
    const fromEnv = env[variable] === '' ? undefined : env[variable];
    const text = fromEnv ?? read.value[name];
    if (text === undefined) return null;
    try {
      return parse(text);
    } catch (thrown) {
      if (!(thrown instanceof InvalidArgumentError)) throw thrown;
      const where = fromEnv === undefined ? `${file?.name ?? ''}: ${name}` : variable;
      mistakes.push(`${where} is ${JSON.stringify(text)}. ${thrown.message}`);
      return null;
    }
  };
  const keep = (text: string): string => text;
  const settings: Settings = {
    source: flags.source ?? read.value.source ?? null,
    state: settle('state', flags.state, keep) ?? STATE_DEFAULT,
    listen: settle('listen', flags.listen, parseListen) ?? LISTEN_DEFAULT,
    deviceListen: settle('deviceListen', flags.deviceListen, parseListen),
    publicUrl: settle('publicUrl', flags.publicUrl, parseUrl),
    intervalMs: settle('interval', flags.interval, parseIntervalMs) ?? INTERVAL_DEFAULT_MS,
    gatewayToken: settle('gatewayToken', flags.gatewayToken, keep),
    allowAnonymous: flags.allowAnonymous ?? read.value.allowAnonymous ?? false,
    adopt: flags.adopt ?? read.value.adopt ?? false,
  };
  return mistakes.length === 0 ? ok(settings) : fail(describeMistakes(mistakes));
}

/** How often the source is read, in milliseconds: 1 s to 1 d. */
export function parseIntervalMs(text: string): number {
  const ms = parseDurationMs(text);
  if (ms >= INTERVAL_MIN_MS && ms <= INTERVAL_MAX_MS) return ms;
  throw new InvalidArgumentError('Give a duration from 1s to 1d.');
}

/** Reads YAML, and so JSON too. */
function readSettingsFile(name: string, text: string): Result<FileSettings, Failure> {
  const lines = new LineCounter();
  const document = parseDocument(text, {
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
  const places = new Map<string, number>();
  if (isMap(contents)) {
    for (const { key, value } of contents.items) {
      if (!isScalar(key)) continue;
      places.set(`key ${String(key.value)}`, key.range?.[0] ?? 0);
      if (isScalar(value) || isMap(value) || isAlias(value)) {
        places.set(String(key.value), value.range?.[0] ?? 0);
      }
    }
  }
  const check = new Ajv2020({ allErrors: true }).compile<FileSettings>(SCHEMA);
  const value: unknown = document.toJS({ maxAliasCount: 0 });
  if (check(value)) return ok(value);
  const mistakes = (check.errors ?? []).map((error) => {
    const { place, message } = describeError(error);
    return `${at(places.get(place) ?? 0)}: ${message}`;
  });
  return fail(describeMistakes(mistakes));
}

function describeError(error: ErrorObject): { readonly place: string; readonly message: string } {
  const setting = error.instancePath.slice(1);
  if (error.keyword === 'additionalProperties') {
    const unknown = String(error.params['additionalProperty']);
    const near = findNearest(unknown, NAMES);
    const hint = near === null ? `Known are ${NAMES.join(', ')}.` : `Did you mean \`${near}\`?`;
    return { place: `key ${unknown}`, message: `\`${unknown}\` is no setting. ${hint}` };
  }
  if (setting === '') return { place: '', message: 'Settings are written as `name: value` lines.' };
  return { place: setting, message: `\`${setting}\` ${error.message ?? 'is invalid'}.` };
}

function describeMistakes(mistakes: readonly string[]): Failure {
  return failure('SettingsInvalid', mistakes.join('\n  '), 'stall');
}
