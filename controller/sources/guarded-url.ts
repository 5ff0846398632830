// Opens a firmware binary by a URL that somebody proposes, who may not be trusted: only hosts that an operator listed, only
// public addresses, only so many bytes, at every hop of a redirect.

import { lookup, type LookupAddress, type LookupAllOptions } from 'node:dns';
import { isIP, type LookupFunction } from 'node:net';
import { domainToASCII } from 'node:url';
import { Agent, buildConnector, type Dispatcher } from 'undici';
import { type Failure, failure } from '../base/failure.ts';
import { fail, ok, type Result } from '../base/result.ts';
import { isPublicAddress } from './public-address.ts';
import { StreamBroken } from './source-failure.ts';
import {
  describeUrl,
  REDIRECTS_MAX,
  refusedByServer,
  requestUrl,
  unreachable,
} from './url-request.ts';

export interface GuardedOpenerOptions {
  /** Host names, or `*.example.com` for all below it. One with a port allows that port alone. */
  readonly hosts: readonly string[];
  readonly bytesMax: number;
  /** For tests: which addresses may be connected to though they are not public. Allows http besides. */
  readonly isPrivateAllowed?: (address: string) => boolean;
  /** For tests: all addresses of a name. Default: those that the system knows. */
  readonly lookUp?: LookUp;
}

type LookUp = (
  hostname: string,
  options: LookupAllOptions,
  callback: (error: NodeJS.ErrnoException | null, addresses: LookupAddress[]) => void,
) => void;

/** Bound on a whole download, so that nobody keeps it going a byte at a time. */
const TOTAL_TIMEOUT_MS = 5 * 60_000;

/** What a connection is refused with. It does not say where a name leads: that may be nobody's business. */
class AddressRefused extends Error {}

/**
 * Creates an opener of https URLs. Failures (all `stall`): `HostNotListed`, `AddressNotPublic`, `UrlRefused` for
 * another scheme or credentials in the URL, `BinaryTooLarge`; besides those of `openUrl`. The stream throws `StreamBroken`
 * when there is more to come than may.
 */
export function createGuardedOpener({
  hosts,
  bytesMax,
  isPrivateAllowed,
  lookUp = lookup,
}: GuardedOpenerOptions): (url: string) => Promise<Result<AsyncIterable<Uint8Array>, Failure>> {
  const isListed = createHostList(hosts);
  const dispatcher = createGuardedAgent(
    (address) => isPublicAddress(address) || isPrivateAllowed?.(address) === true,
    lookUp,
  );
  const protocols = isPrivateAllowed === undefined ? ['https:'] : ['https:', 'http:'];

  /** Why a URL is not asked for; null: it is. */
  const examine = (url: URL): Failure | null => {
    const shown = describeUrl(url.href);
    if (!isListed(url)) {
      const text = `${url.hostname} is not among the hosts that proposed binaries are fetched from.`;
      return failure('HostNotListed', text, 'stall');
    }
    if (!protocols.includes(url.protocol)) {
      return failure('UrlRefused', `${shown} is not an https URL.`, 'stall');
    }
    if (url.username !== '' || url.password !== '') {
      return failure('UrlRefused', `${shown} carries credentials.`, 'stall');
    }
    return null;
  };

  const tooLarge = (url: URL): Failure =>
    failure(
      'BinaryTooLarge',
      `${describeUrl(url.href)} is larger than ${bytesMax} bytes, the limit for proposed binaries.`,
      'stall',
    );

  const addressNotPublic = (url: URL): Failure => {
    const text = `${url.hostname} does not lead to a public address, so it is not connected to.`;
    return failure('AddressNotPublic', text, 'stall');
  };

  return async (text) => {
    const signal = AbortSignal.timeout(TOTAL_TIMEOUT_MS);
    let url = URL.parse(text);
    for (let hop = 0; url !== null && hop <= REDIRECTS_MAX; hop += 1) {
      const refusal = examine(url);
      if (refusal !== null) return fail(refusal);
      let answer: Dispatcher.ResponseData;
      try {
        answer = await requestUrl(url.href, { dispatcher, signal });
      } catch (thrown) {
        return fail(
          thrown instanceof AddressRefused ? addressNotPublic(url) : unreachable(url.href, thrown),
        );
      }
      const { statusCode, headers, body } = answer;
      // Also one that nobody reads may break off.
      body.on('error', () => undefined);
      if (statusCode === 200) {
        if (Number(headers['content-length'] ?? 0) <= bytesMax) {
          return ok(limit(body, bytesMax, tooLarge(url)));
        }
        body.destroy();
        return fail(tooLarge(url));
      }
      body.destroy();
      const { location } = headers;
      const isRedirect = [301, 302, 303, 307, 308].includes(statusCode);
      if (!isRedirect || typeof location !== 'string') {
        return fail(refusedByServer(url.href, statusCode));
      }
      url = URL.parse(location, url.href);
    }
    const why =
      url === null ? 'leads to what is no URL' : `leads on more than ${REDIRECTS_MAX} times`;
    return fail(failure('UrlRefused', `${describeUrl(text)} ${why}.`, 'stall'));
  };
}

/** Decides on the very address that is connected to, so that a name that resolves anew changes nothing. */
function createGuardedAgent(isAllowed: (address: string) => boolean, lookUp: LookUp): Dispatcher {
  const guardedLookup: LookupFunction = (hostname, options, callback) => {
    lookUp(hostname, { ...options, all: true }, (error, addresses) => {
      const [first] = addresses ?? [];
      if (error !== null) callback(error, []);
      // One that is not allowed spoils them all: which one is connected to is not for chance.
      else if (!addresses.every(({ address }) => isAllowed(address))) {
        callback(new AddressRefused(), []);
      } else if (options.all === true) callback(null, addresses);
      else callback(null, first?.address ?? '', first?.family);
    });
  };
  const connect = buildConnector({ lookup: guardedLookup, allowH2: false });
  return new Agent({
    // A connection serves one request: none is kept open for later.
    pipelining: 0,
    connect(options, callback) {
      // An address in the place of a name is never looked up.
      if (isIP(options.hostname) !== 0 && !isAllowed(options.hostname)) {
        callback(new AddressRefused(), null);
      } else {
        connect(options, callback);
      }
    },
  });
}

function createHostList(hosts: readonly string[]): (url: URL) => boolean {
  const names = hosts.map((name) => {
    const [, star = '', host = '', port = ''] =
      /^(\*\.)?(\[[0-9a-f:.]+\]|[^:]*)(:\d+)?$/i.exec(name) ?? [];
    const ascii = host.startsWith('[') ? host.toLowerCase() : domainToASCII(host);
    return { isSuffix: star !== '', host: ascii, port };
  });
  return (url) =>
    names.some(({ isSuffix, host, port }) => {
      if (host === '' || (port !== '' && port !== `:${url.port || '443'}`)) return false;
      return isSuffix ? url.hostname.endsWith(`.${host}`) : url.hostname === host;
    });
}

async function* limit(
  body: AsyncIterable<Uint8Array>,
  bytesMax: number,
  tooLarge: Failure,
): AsyncGenerator<Uint8Array> {
  let seen = 0;
  for await (const chunk of body) {
    seen += chunk.length;
    if (seen > bytesMax) throw new StreamBroken(tooLarge);
    yield chunk;
  }
}
