// What git processes are given besides their arguments: an environment and settings under which git asks nobody, runs
// no program that a repository names, and speaks only the transports that were asked for.

import type { GitUrl } from './git-url.ts';

type Environment = Readonly<Record<string, string>>;

/** Variables of git's own that pass through, because operators reach their servers by them. All others are dropped. */
const PASSED_ON: ReadonlySet<string> = new Set([
  'GIT_CONFIG_GLOBAL',
  'GIT_CONFIG_SYSTEM',
  'GIT_CONFIG_NOSYSTEM',
  'GIT_SSH',
  'GIT_SSH_COMMAND',
  'GIT_SSH_VARIANT',
  'GIT_SSL_CAINFO',
  'GIT_SSL_CAPATH',
  'GIT_SSL_CERT',
  'GIT_SSL_KEY',
  'GIT_SSL_NO_VERIFY',
]);

/** Variables that name a program or a folder for git, or change the language of its messages. */
const DROPPED: ReadonlySet<string> = new Set([
  'EDITOR',
  'VISUAL',
  'PAGER',
  'PREFIX',
  'SSH_ASKPASS',
  'LANGUAGE',
]);

/** On top of the environment: nothing that the machine configures for git is read, so no program of its choice runs. */
export const ISOLATION: Environment = {
  GIT_CONFIG_GLOBAL: '/dev/null',
  GIT_CONFIG_SYSTEM: '/dev/null',
  GIT_CONFIG_NOSYSTEM: '1',
  GIT_ATTR_NOSYSTEM: '1',
};

/**
 * The environment of every git process. `ambient` is the program's own; `directory` the bare repository to work in.
 * Credentials of the URL travel in it, as a header that is only sent to the URL's own server: an environment is not
 * shown to other users of the machine, a command line is.
 */
export function buildGitEnvironment(
  ambient: Readonly<Record<string, string | undefined>>,
  directory: string,
  url: GitUrl,
): Environment {
  const environment: Record<string, string> = {};
  for (const [name, value] of Object.entries(ambient)) {
    const key = name.toUpperCase();
    const isPassed = key.startsWith('GIT_') ? PASSED_ON.has(key) : !DROPPED.has(key);
    if (value !== undefined && isPassed) environment[name] = value;
  }
  Object.assign(environment, {
    LC_ALL: 'C',
    GIT_DIR: directory,
    GIT_TERMINAL_PROMPT: '0',
    // Set and empty: no program is asked for a password, whatever the configuration says.
    GIT_ASKPASS: '',
    GCM_INTERACTIVE: 'never',
    GIT_NO_REPLACE_OBJECTS: '1',
    GIT_LITERAL_PATHSPECS: '1',
  });
  const settings = credentialSettings(url);
  if (settings.length > 0) environment['GIT_CONFIG_COUNT'] = String(settings.length);
  for (const [index, [key, value]] of settings.entries()) {
    environment[`GIT_CONFIG_KEY_${index}`] = key;
    environment[`GIT_CONFIG_VALUE_${index}`] = value;
  }
  return environment;
}

/** Settings for the command line, as `key=value`. Hold no secret. */
export function buildGitSettings(url: GitUrl, timeoutMs: number): readonly string[] {
  return [
    'core.hooksPath=/dev/null',
    // Large blobs are streamed by git instead of being held in memory.
    'core.bigFileThreshold=16m',
    'protocol.allow=never',
    'protocol.http.allow=always',
    'protocol.https.allow=always',
    'protocol.ssh.allow=always',
    `protocol.file.allow=${url.transport === 'file' ? 'always' : 'never'}`,
    // git would send the header with the credentials on to wherever a server redirects it.
    ...(url.credentials === null ? [] : ['http.followRedirects=false']),
    // Nothing is ever thrown away behind a tree's back.
    'gc.auto=0',
    'maintenance.auto=false',
    'fetch.recurseSubmodules=false',
    'fetch.writeCommitGraph=false',
    'fetch.prune=false',
    // Ends a transfer helper that outlived git on a line gone silent.
    'http.lowSpeedLimit=1',
    `http.lowSpeedTime=${Math.max(1, Math.ceil(timeoutMs / 1000))}`,
  ];
}

function credentialSettings({ address, credentials }: GitUrl): readonly [string, string][] {
  if (credentials === null) return [];
  const server = `${new URL(address).origin}/`;
  const { username, password } = credentials;
  // A lone user name needs its password from a credential helper.
  if (password === null) return [[`credential.${server}.username`, username]];
  const basic = Buffer.from(`${username}:${password}`).toString('base64');
  return [[`http.${server}.extraHeader`, `Authorization: Basic ${basic}`]];
}
