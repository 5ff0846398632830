// The connection to GitHub by octokit, which is loaded at the first request: it is large, and most commands never need
// it. Writes are never sent a second time from here, since one that was answered with an error may have been done.

import { createPrivateKey } from 'node:crypto';
import type { App, Octokit } from 'octokit';
import type { Clock } from '../../base/clock.ts';
import { failure } from '../../base/failure.ts';
import type { GithubSettings } from '../forge-settings.ts';
import type { Addresses } from './addresses.ts';
import { createTransport } from './transport.ts';
import { ForgeStop, GithubTrouble, troubleOf } from './trouble.ts';

export interface ConnectionOptions {
  readonly clock: Clock;
  readonly signal: AbortSignal | null;
  readonly pacing: 'github' | 'none';
}

/** Whatever is called here may throw `GithubTrouble` and `ForgeStop`. */
export interface Connection {
  /** Acts as the app's installation, or by the token. */
  client(): Promise<Octokit>;
  /** Acts as the app itself; null: there is none. */
  app(): Promise<Octokit | null>;
  /** A token that is good for some minutes more. */
  token(): Promise<string>;
  /** After a refusal of the credentials: true where another try has a chance, since they were fetched and are now new. */
  renew(): Promise<boolean>;
}

const TIME_LIMIT_MS = 30_000;
const READ_RETRIES = 1;
const NEVER_RETRIED = [400, 401, 403, 404, 405, 406, 409, 410, 422, 429, 451];
/** GitHub's last an hour; git may be at work with one for a while. */
const TOKEN_AGE_MAX_MS = 50 * 60_000;

export function createConnection(
  { auth }: Pick<GithubSettings, 'auth'>,
  at: Addresses,
  options: ConnectionOptions,
): Connection {
  const load = memo(() => loadClass(at, options));
  if (auth.kind === 'token') {
    const token = auth.token.trim();
    const client = memo(async () => new (await load()).Client({ auth: token }));
    return {
      client,
      app: () => Promise.resolve(null),
      token: () => Promise.resolve(token),
      renew: () => Promise.resolve(false),
    };
  }

  const openApp = memo(async () => {
    const { App, Client } = await load();
    const privateKey = readKey(auth.privateKey);
    return new App({ appId: auth.appId, privateKey, Octokit: Client, log: SILENT });
  });
  const findInstallation = async (): Promise<number> => {
    if (auth.installationId !== null) return auth.installationId;
    const { octokit } = await openApp();
    const { owner, repo } = at;
    return (await octokit.rest.apps.getRepoInstallation({ owner, repo })).data.id;
  };
  const openInstallation = async (): Promise<Octokit> => {
    const id = await findInstallation();
    return (await openApp()).getInstallationOctokit(id);
  };
  let installation = memo(openInstallation);
  let tokenIssuedMs: number | null = null;
  const askToken = async (refresh: boolean): Promise<string> => {
    const client = await installation();
    const issued = (await client.auth({ type: 'installation', refresh })) as { token: string };
    if (refresh || tokenIssuedMs === null) tokenIssuedMs = options.clock.monotonicMs();
    return issued.token;
  };
  const token = (): Promise<string> =>
    askToken(
      tokenIssuedMs !== null && options.clock.monotonicMs() - tokenIssuedMs > TOKEN_AGE_MAX_MS,
    );
  return {
    client: () => turnIntoTrouble(async () => token().then(() => installation())),
    app: async () => (await openApp()).octokit,
    token: () => turnIntoTrouble(token),
    renew: () =>
      turnIntoTrouble(async () => {
        // The app may have been taken out and put in again since.
        installation = memo(openInstallation);
        await askToken(true);
        return true;
      }),
  };
}

interface OctokitClasses {
  readonly App: typeof App;
  readonly Client: typeof Octokit;
}

/** octokit's classes, made to behave: quiet, on our transport, with every error as `GithubTrouble`. */
async function loadClass(
  at: Addresses,
  { signal, pacing }: ConnectionOptions,
): Promise<OctokitClasses> {
  const { App, Octokit } = await import('octokit');
  const isPaced = pacing === 'github';
  const Client = Octokit.plugin(behave).defaults({
    baseUrl: at.api,
    userAgent: 'lockstep',
    log: SILENT,
    request: { fetch: createTransport({ api: at.api, signal, timeLimitMs: TIME_LIMIT_MS }) },
    retry: {
      retries: READ_RETRIES,
      doNotRetry: NEVER_RETRIED,
      retryAfterBaseValue: isPaced ? 500 : 10,
    },
    throttle: {
      enabled: isPaced,
      id: at.place,
      // Whoever called is told to wait, and does not hang.
      onRateLimit: () => false,
      onSecondaryRateLimit: () => false,
    },
  });
  return { App, Client };
}

const SILENT = {
  debug: () => undefined,
  info: () => undefined,
  warn: () => undefined,
  error: () => undefined,
};

/** A plugin of octokit; the last one, so that what it does lies around what the others do. */
function behave(octokit: Pick<Octokit, 'hook'>): Record<string, never> {
  octokit.hook.wrap('request', async (request, options) => {
    // A copy: octokit shares the object among requests. Naming a number for reads here would override `doNotRetry`.
    const isRead = options.method === 'GET';
    options.request = { ...options.request, ...(!isRead && { retries: 0 }) };
    return turnIntoTrouble(async () => {
      const response = await request(options);
      const { status, data } = response as { readonly status: number; readonly data: unknown };
      const isDocument =
        typeof data === 'object' && data !== null && !(data instanceof ArrayBuffer);
      if (isDocument || status === 204) return response;
      const path = URL.canParse(response.url) ? new URL(response.url).pathname : options.url;
      const at = { method: options.method, path };
      throw new GithubTrouble('what answers is not the API', at, {
        status,
        headers: {},
        message: null,
      });
    });
  });
  return {};
}

async function turnIntoTrouble<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (thrown) {
    throw troubleOf(thrown) ?? thrown;
  }
}

function readKey(privateKey: string): string {
  // Environments often carry line ends as two characters.
  const pem = privateKey.replaceAll('\\n', '\n').trim();
  const isRsa = ((): boolean => {
    try {
      return createPrivateKey(pem).asymmetricKeyType === 'rsa';
    } catch {
      return false;
    }
  })();
  if (isRsa) return pem;
  throw new ForgeStop(
    failure(
      'ForgeUnauthorized',
      'The private key of the GitHub App cannot be read: give the whole PEM file that GitHub made, with its first and last line.',
      'stall',
    ),
  );
}

/** Remembers what worked; what failed is done anew when it is asked for again. */
function memo<T>(make: () => Promise<T>): () => Promise<T> {
  let made: Promise<T> | null = null;
  return () => {
    made ??= make().catch((thrown: unknown) => {
      made = null;
      throw thrown;
    });
    return made;
  };
}
