// The way of requests to GitHub, below octokit: a time limit, no other host than the configured one, answers that are
// whole or none, and answers that GitHub says are unchanged taken from memory (they count against no limit).

export interface TransportOptions {
  /** Address of the API. */
  readonly api: string;
  readonly signal: AbortSignal | null;
  readonly timeLimitMs: number;
}

type Fetch = (url: string, init: RequestInit) => Promise<Response>;

const HOPS_MAX = 3;
const REDIRECTS = new Set([301, 302, 307, 308]);
const WITHOUT_BODY = new Set([204, 205, 304]);
const CACHE_ENTRIES_MAX = 200;
const CACHE_BYTES_MAX = 16_000_000;

export function createTransport({ api, signal, timeLimitMs }: TransportOptions): Fetch {
  const { origin } = new URL(api);
  const cache = createAnswerCache();

  const send = async (url: string, init: RequestInit): Promise<Whole> => {
    let address = url;
    for (let hop = 0; hop <= HOPS_MAX; hop += 1) {
      if (new URL(address).origin !== origin) {
        throw new Error(
          `it leads to ${new URL(address).origin}, where the credentials are not sent; ` +
            'if GitHub is there, correct the address of the API',
        );
      }
      const response = await fetch(address, { ...init, redirect: 'manual' });
      const location = REDIRECTS.has(response.status) ? response.headers.get('location') : null;
      // Read to its end here: octokit would take what a cut connection left for an empty answer.
      const body = await response.arrayBuffer();
      if (location === null) return { response, body };
      // A repository that was renamed answers so. Nothing was carried out: the same request goes to the new address,
      // whereas `fetch` by itself would make a GET of a POST.
      address = new URL(location, address).href;
    }
    throw new Error('it leads in circles');
  };

  return async (url, init) => {
    const limit = AbortSignal.timeout(timeLimitMs);
    const within = { ...init, signal: signal === null ? limit : AbortSignal.any([limit, signal]) };
    if ((init.method ?? 'GET') !== 'GET') return toResponse(await send(url, within));
    const headers = new Headers(init.headers);
    const key = `${headers.get('accept') ?? ''} ${url}`;
    const known = cache.find(key);
    if (known !== null) headers.set('if-none-match', known.etag);
    const whole = await send(url, { ...within, headers });
    if (whole.response.status === 304 && known !== null) return toResponse(known);
    const etag = whole.response.headers.get('etag');
    if (whole.response.status === 200 && etag !== null) cache.keep(key, { ...whole, etag });
    else cache.drop(key);
    return toResponse(whole);
  };
}

interface Whole {
  /** Its body is read already. */
  readonly response: Response;
  readonly body: ArrayBuffer;
}

interface Kept extends Whole {
  readonly etag: string;
}

interface AnswerCache {
  find(key: string): Kept | null;
  keep(key: string, answer: Kept): void;
  drop(key: string): void;
}

/** The answers that were asked for last, in bounds. */
function createAnswerCache(): AnswerCache {
  const answers = new Map<string, Kept>();
  let bytes = 0;
  const drop = (key: string): void => {
    bytes -= answers.get(key)?.body.byteLength ?? 0;
    answers.delete(key);
  };
  const keep = (key: string, answer: Kept): void => {
    drop(key);
    answers.set(key, answer);
    bytes += answer.body.byteLength;
    for (const oldest of answers.keys()) {
      if (answers.size <= CACHE_ENTRIES_MAX && bytes <= CACHE_BYTES_MAX) break;
      drop(oldest);
    }
  };
  return {
    find(key) {
      const answer = answers.get(key);
      if (answer === undefined) return null;
      keep(key, answer);
      return answer;
    },
    keep,
    drop,
  };
}

function toResponse({ response: { status, statusText, headers, url }, body }: Whole): Response {
  const whole = new Response(WITHOUT_BODY.has(status) ? null : body, {
    status,
    statusText,
    headers,
  });
  // octokit reads it, and it can't be given.
  return Object.defineProperty(whole, 'url', { value: url });
}
