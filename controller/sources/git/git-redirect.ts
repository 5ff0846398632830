// Where a server says that a repository is now. git would send credentials on to wherever a server redirects it, so with
// credentials it may not follow by itself; a new place on the same server, as after a new name, is looked up here.

import type { GitOutcome } from './git-command.ts';
import type { GitUrl } from './git-url.ts';

const HOPS_MAX = 3;

/** What git asks a server for first, after the address of the repository. */
const FIRST_QUESTION = '/info/refs?service=git-upload-pack';

/** Whether git gave up because the server redirects. */
export function isRedirected({ end, stderr }: GitOutcome): boolean {
  return end === 'exited' && /returned error: 30[1278]\b/.test(stderr);
}

/**
 * The address that the server leads to in the end, where it is of the same server (scheme, host and port) and serves
 * repositories alike; null for any other, and where there is no answer.
 */
export async function findNewAddress(
  { address, credentials }: Pick<GitUrl, 'address' | 'credentials'>,
  signal: AbortSignal,
): Promise<string | null> {
  const { origin } = new URL(address);
  const { username = '', password = '' } = credentials ?? {};
  const login = Buffer.from(`${username}:${password ?? ''}`).toString('base64');
  const headers = credentials === null ? {} : { authorization: `Basic ${login}` };
  let found = `${address.replace(/\/+$/, '')}${FIRST_QUESTION}`;
  try {
    for (let hop = 0; hop <= HOPS_MAX; hop += 1) {
      const { status, headers: told, body } = await ask(found, headers, signal);
      await body?.cancel();
      const location = status >= 300 && status < 400 ? told.get('location') : null;
      if (location === null) {
        return status === 200 ? found.slice(0, -FIRST_QUESTION.length) : null;
      }
      const next = new URL(location, found);
      const isAlike = next.origin === origin && next.href.endsWith(FIRST_QUESTION);
      if (!isAlike || next.username !== '' || next.password !== '') return null;
      found = next.href;
    }
  } catch {
    // What git said of it stands.
  }
  return null;
}

function ask(
  url: string,
  headers: Readonly<Record<string, string>>,
  signal: AbortSignal,
): Promise<Response> {
  return fetch(url, { headers, redirect: 'manual', signal });
}
