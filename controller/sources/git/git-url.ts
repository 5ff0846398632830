// Addresses of git repositories: which forms are accepted, and how an address is taken apart so that its credentials
// go neither into a message nor onto a command line. Nothing here touches the network.

import { fail, ok, type Result } from '../../base/result.ts';
import type { SourceMistake } from '../source-failure.ts';

/** A checked address. */
export interface GitUrl {
  /** What git is given: the address without user name and password (for SSH the user name stays, it is no secret). */
  readonly address: string;
  readonly transport: 'http' | 'ssh' | 'file';
  /** For messages: without credentials and query. */
  readonly description: string;
  /** What the address carried; null where git's own configuration has to provide it. */
  readonly credentials: { readonly username: string; readonly password: string | null } | null;
  /** Texts that no message may show. */
  readonly secrets: readonly string[];
}

const FORMS =
  'Give https://HOST/REPO.git, ssh://HOST/REPO.git, git@HOST:REPO.git, file:///REPO or a path.';

/**
 * Checks and takes apart an address. Absolute paths are local repositories. Addresses that make git start another
 * program (`ext::`, a leading dash) are refused.
 */
export function parseGitUrl(text: string): Result<GitUrl, SourceMistake> {
  // oxlint-disable-next-line no-control-regex
  if (text === '' || /[\u0000-\u001f\u007f]/.test(text)) {
    return refuse('The git address is empty or holds control characters.');
  }
  if (text.startsWith('-')) return refuse('A git address cannot start with a dash.');
  if (text.startsWith('/')) {
    return ok({
      address: text,
      transport: 'file',
      description: text,
      credentials: null,
      secrets: [],
    });
  }
  if (/^[^/]*::/.test(text)) {
    return refuse('Addresses with `::` start another program and are not accepted.');
  }
  return text.includes('://') ? parseWithScheme(text) : parseScpForm(text);
}

/** The address with credentials that it did not carry itself; they are secrets of it from then on. */
export function addCredentials(
  url: GitUrl,
  credentials: { readonly username: string; readonly password: string },
): GitUrl {
  const { username, password } = credentials;
  const secrets = [...url.secrets, ...listSecrets(username, password)];
  return { ...url, credentials, secrets: [...new Set(secrets)].filter((secret) => secret !== '') };
}

/** The forms in which credentials could turn up in a text. */
function listSecrets(username: string, password: string): readonly string[] {
  const basic = Buffer.from(`${username}:${password}`).toString('base64');
  const words = [username, password];
  return [...words, ...words.map((word) => encodeURIComponent(word)), basic];
}

/** A text with every secret of the address, and anything else that looks like credentials in an address, taken out. */
export function redactSecrets(text: string, secrets: readonly string[]): string {
  let redacted = text;
  for (const secret of [...secrets].sort((a, b) => b.length - a.length)) {
    if (secret !== '') redacted = redacted.replaceAll(secret, '***');
  }
  return redacted.replaceAll(/:\/\/[^/\s@']+@/g, '://');
}

/** Whether a name can be a branch or tag (or a full name such as `refs/pull/7/head`): safe on a git command line. */
export function isRefName(name: string): boolean {
  return (
    name.length <= 250 &&
    /^[^\s~^:?*[\\-][^\s~^:?*[\\]*$/.test(name) &&
    // oxlint-disable-next-line no-control-regex
    !/[\u0000-\u001f\u007f]|\.\.|@\{|\/\/|\/\.|\.$|\/$|\.lock(\/|$)|^[/.]|^@$/.test(name)
  );
}

/** Whether a text can be a commit id, full or abbreviated. */
export function isCommitId(text: string): boolean {
  return /^[0-9a-f]{4,64}$/i.test(text);
}

/** Whether a text is a commit id in full. */
export function isFullId(text: string): boolean {
  return /^([0-9a-f]{40}|[0-9a-f]{64})$/i.test(text);
}

function parseWithScheme(text: string): Result<GitUrl, SourceMistake> {
  let url: URL;
  try {
    url = new URL(text);
  } catch {
    return refuse('The git address cannot be read as a URL.');
  }
  const scheme = url.protocol.slice(0, -1);
  const transport =
    scheme === 'https' || scheme === 'http'
      ? 'http'
      : scheme === 'ssh' || scheme === 'file'
        ? scheme
        : null;
  if (transport === null) return refuse(`The scheme \`${scheme}\` is not accepted.`);
  const [username, password] = [decode(url.username), decode(url.password)];
  // SSH would take such a name for an option of its own.
  if (decode(url.hostname).startsWith('-') || username.startsWith('-')) {
    return refuse('The host or user of a git address cannot start with a dash.');
  }
  if (transport === 'file' && url.hostname !== '' && url.hostname !== 'localhost') {
    return refuse('A file address has three slashes: file:///PATH.');
  }
  const secrets = [password, url.password, url.search.slice(1)];
  if (transport === 'http') {
    secrets.push(url.username, ...listSecrets(username, password));
  }
  const bare = new URL(url);
  bare.password = '';
  bare.hash = '';
  if (transport !== 'ssh') bare.username = '';
  const described = new URL(bare);
  described.search = '';
  described.username = '';
  return ok({
    address: bare.href,
    transport,
    description: described.href,
    credentials:
      transport === 'http' && username !== ''
        ? { username, password: password === '' ? null : password }
        : null,
    secrets: [...new Set(secrets)].filter((secret) => secret !== ''),
  });
}

function parseScpForm(text: string): Result<GitUrl, SourceMistake> {
  const [, user = '', host = '', path = ''] = /^(?:([^@/:]*)@)?([^@/:]+):(.+)$/.exec(text) ?? [];
  if (host === '' || path === '') return refuse('The git address has no form that is known.');
  if (host.startsWith('-') || user.startsWith('-') || path.startsWith('-')) {
    return refuse('The host, user or path of a git address cannot start with a dash.');
  }
  return ok({
    address: text,
    transport: 'ssh',
    description: `${host}:${path}`,
    credentials: null,
    secrets: [],
  });
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

function refuse(message: string): Result<never, SourceMistake> {
  return fail({ message, remedy: FORMS });
}
