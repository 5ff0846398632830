// What `run` and `apply` serve with: flags win over the environment, which wins over the settings file. A mistake in
// any of them is told with its place and never guessed around.

import { dirname } from 'node:path';

import { InvalidArgumentError } from 'commander';

import type { Failure } from '../base/failure.ts';
import { fail, ok, type Result } from '../base/result.ts';
import type { NoticeTarget } from '../notices/notice-settings.ts';
import type { ProxyTrust } from '../server/proxy-trust.ts';
import { STATE_DEFAULT } from '../stores/open-state.ts';
import { settleAccess } from './access-options.ts';
import {
  LISTEN_DEFAULT,
  parseDurationMs,
  parseListen,
  parseUrl,
  type ServeFlags,
} from './options.ts';
import { settleNotices } from './notice-options.ts';
import type { ListenAddress } from './ports.ts';
import {
  describeMistakes,
  type FileSettings,
  type GitHubSettings,
  readSettingsFile,
  type VerifySettings,
} from './settings-file.ts';

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
  /** Of an API user of Particle's; null: none was given. */
  readonly particleToken: string | null;
  /** Address of Particle's API; null: its own. */
  readonly particleApi: string | null;
  readonly allowAnonymous: boolean;
  readonly adopt: boolean;
  /** Null: commits need no signature. */
  readonly verify: VerifySettings | null;
  /** Null: there is no forge, and pull requests are nobody's business here. */
  readonly github: GitHubSettings | null;
  /** The app's private key, where it came by the environment. */
  readonly githubPrivateKey: string | null;
  /** Hosts from which reviews may fetch binaries. */
  readonly reviewHosts: readonly string[];
  readonly notices: readonly NoticeTarget[];
  /** The reverse proxy that is believed who somebody is; null: none is. */
  readonly proxy: ProxyTrust | null;
  /** The folder that files which settings name are relative to, as a path from where the command runs. */
  readonly folder: string;
}

/** Settings that came by flags; those without a value were not given. */
export type SettingFlags = ServeFlags & {
  readonly source?: string | undefined;
  readonly state?: string | undefined;
  readonly interval?: number | undefined;
};

type Environment = Readonly<Record<string, string | undefined>>;

const PRIVATE_KEY = 'LOCKSTEP_GITHUB_PRIVATE_KEY';

const INTERVAL_DEFAULT_MS = 60_000;
/** Bounds of `interval`: shorter would only load the forge, and a timer cannot be longer. */
const INTERVAL_MIN_MS = 1_000;
const INTERVAL_MAX_MS = 86_400_000;

/** The variable of each setting that may come from the environment. */
const VARIABLES = {
  state: 'LOCKSTEP_STATE',
  listen: 'LOCKSTEP_LISTEN',
  deviceListen: 'LOCKSTEP_DEVICE_LISTEN',
  publicUrl: 'LOCKSTEP_PUBLIC_URL',
  interval: 'LOCKSTEP_INTERVAL',
  gatewayToken: 'LOCKSTEP_GATEWAY_TOKEN',
  particleToken: 'LOCKSTEP_PARTICLE_TOKEN',
  particleApi: 'LOCKSTEP_PARTICLE_API',
} as const;

/**
 * Settles all settings. `file` is the settings file's name and text, null where none was given. A failure names each
 * mistake on a line of its own.
 */
export function settleSettings(
  flags: SettingFlags,
  env: Environment,
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
    const fromEnv = readVariable(env, variable);
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
  const { source } = read.value;
  const github = settleGitHub(read.value, env, mistakes);
  const notices = settleNotices(read.value.notices ?? [], env, mistakes);
  const settings: Settings = {
    source: flags.source ?? (typeof source === 'object' ? source.url : source) ?? null,
    state: settle('state', flags.state, keep) ?? STATE_DEFAULT,
    listen: settle('listen', flags.listen, parseListen) ?? LISTEN_DEFAULT,
    deviceListen: settle('deviceListen', flags.deviceListen, parseListen),
    publicUrl: settle('publicUrl', flags.publicUrl, parseUrl),
    intervalMs: settle('interval', flags.interval, parseIntervalMs) ?? INTERVAL_DEFAULT_MS,
    gatewayToken: settle('gatewayToken', flags.gatewayToken, keep),
    // A token on a command line is for everyone to see, so there is no flag for it.
    particleToken: settle('particleToken', undefined, keep),
    particleApi: settle('particleApi', undefined, parseUrl),
    allowAnonymous: flags.allowAnonymous ?? read.value.allowAnonymous ?? false,
    adopt: flags.adopt ?? read.value.adopt ?? false,
    verify: (typeof source === 'object' ? source.verify : null) ?? null,
    github,
    githubPrivateKey: readVariable(env, PRIVATE_KEY) ?? null,
    reviewHosts: read.value.reviews?.hosts ?? [],
    notices,
    proxy: settleAccess(read.value.access, mistakes),
    folder: file === null ? '' : dirname(file.name),
  };
  return mistakes.length === 0 ? ok(settings) : fail(describeMistakes(mistakes));
}

/** An empty variable says nothing: that is how a secret arrives which was never set. */
function readVariable(env: Environment, name: string): string | undefined {
  return env[name] === '' ? undefined : env[name];
}

/** The forge, with its secrets from the environment where they stand there; null where there is none. */
function settleGitHub(
  { forge, reviews }: FileSettings,
  env: Environment,
  mistakes: string[],
): GitHubSettings | null {
  if (forge === undefined) {
    if (reviews !== undefined)
      mistakes.push('`reviews` needs a `forge` whose pull requests are reviewed.');
    return null;
  }
  const token = readVariable(env, 'LOCKSTEP_GITHUB_TOKEN') ?? forge.github.token;
  const webhookSecret = readVariable(env, 'LOCKSTEP_WEBHOOK_SECRET') ?? forge.github.webhookSecret;
  const { app } = forge.github;
  const hasKey = app?.privateKeyFile !== undefined || readVariable(env, PRIVATE_KEY) !== undefined;
  if (token === undefined && app === undefined) {
    mistakes.push(
      '`forge.github` needs `app`, or a token: give `app.id` and `app.privateKeyFile`, or set LOCKSTEP_GITHUB_TOKEN.',
    );
  }
  if (token !== undefined && app !== undefined) {
    mistakes.push('`forge.github` has both `app` and a token: keep one of them.');
  }
  if (app !== undefined && !hasKey) {
    mistakes.push(
      '`forge.github.app` needs its private key: give `privateKeyFile`, or set LOCKSTEP_GITHUB_PRIVATE_KEY.',
    );
  }
  return {
    ...forge.github,
    ...(token !== undefined && { token }),
    ...(webhookSecret !== undefined && { webhookSecret }),
  };
}

/** How often the source is read, in milliseconds: 1 s to 1 d. */
export function parseIntervalMs(text: string): number {
  const ms = parseDurationMs(text);
  if (ms >= INTERVAL_MIN_MS && ms <= INTERVAL_MAX_MS) return ms;
  throw new InvalidArgumentError('Give a duration from 1s to 1d.');
}
