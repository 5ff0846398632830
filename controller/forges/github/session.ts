// What all operations on GitHub have in common: they run against a client, end in a Result, know who they act as, and
// two that write the same thing take turns.

import type { Octokit } from 'octokit';
import type { Clock } from '../../base/clock.ts';
import { type Failure, failure } from '../../base/failure.ts';
import { fail, ok, type Result } from '../../base/result.ts';
import type { GithubSettings } from '../forge-settings.ts';
import { type Addresses, addressesOf } from './addresses.ts';
import { failureOf, isLimit, repositoryMissing, thingMissing } from './classify.ts';
import { type Connection, createConnection } from './connection.ts';
import { ForgeStop, GithubTrouble, isAnswer } from './trouble.ts';

export interface SessionOptions {
  readonly clock: Clock;
  readonly signal?: AbortSignal;
  readonly pacing?: 'github' | 'none';
}

/** Who Lockstep is on GitHub. */
export interface Identity {
  readonly login: string;
  /** Null: a person, who can't create check runs. */
  readonly appSlug: string | null;
}

/** The repository as it is now, whatever it was called when the settings were written. */
export interface Repository {
  readonly id: number;
  readonly fullName: string;
  readonly owner: string;
  readonly defaultBranch: string;
  readonly isArchived: boolean;
  /** Null: GitHub does not say. */
  readonly mayPush: boolean | null;
}

/** For the operations, which throw `GithubTrouble` and `ForgeStop` and leave them to `attempt`. */
export interface GithubSession {
  readonly at: Addresses;
  /** `owner` and `repo`, as each request wants them. */
  readonly target: { readonly owner: string; readonly repo: string };
  readonly connection: Connection;
  /**
   * Runs an operation, again after a token ended. `what` completes "Cannot … of github.com/acme/fleet", such as `write
   * a comment on pull request 7`.
   */
  readonly attempt: <T>(
    what: string,
    work: (client: Octokit) => Promise<T>,
  ) => Promise<Result<T, Failure>>;
  /** As `attempt`, with one at a time of the same key: each looks for what the one before it wrote. */
  readonly attemptInTurn: <T>(
    key: string,
    what: string,
    work: (client: Octokit) => Promise<T>,
  ) => Promise<Result<T, Failure>>;
  identity(client: Octokit): Promise<Identity>;
  repository(client: Octokit): Promise<Repository>;
  /** Of the repository; null before GitHub has told it. */
  knownId(): number | null;
}

export function createSession(settings: GithubSettings, options: SessionOptions): GithubSession {
  const { clock, signal = null, pacing = 'github' } = options;
  const at = addressesOf(settings);
  const target = { owner: at.owner, repo: at.repo };
  const connection = createConnection(settings, at, { clock, signal, pacing });
  const secrets = secretsOf(settings);
  const turns = new Map<string, Promise<unknown>>();
  let knownIdentity: Identity | null = null;
  let id: number | null = null;

  const repository = async (client: Octokit): Promise<Repository> => {
    const { data } = await client.rest.repos.get(target);
    id = data.id;
    return {
      id: data.id,
      fullName: data.full_name,
      owner: data.owner.login,
      defaultBranch: data.default_branch,
      isArchived: data.archived,
      mayPush: data.permissions?.push ?? null,
    };
  };

  const judge = async (what: string, trouble: GithubTrouble): Promise<Failure> => {
    const context = {
      place: at.place,
      what,
      now: clock.now(),
      credentials: settings.auth.kind,
      secrets,
    };
    if (signal?.aborted === true) {
      return failure('ForgeClosed', `Cannot ${what} of ${at.place}: shutting down.`, 'retry');
    }
    // GitHub says 404 alike for what is missing in a repository, and for a repository that may not be seen.
    const isRepository = trouble.path === `/repos/${at.owner}/${at.repo}`;
    const isInstallation = /^\/app\/|\/installation$/.test(trouble.path);
    const { answer } = trouble;
    if (answer?.status === 404 && answer.message !== null && !isInstallation) {
      if (isRepository) return repositoryMissing(at.place);
      try {
        await repository(await connection.client());
      } catch (thrown) {
        if (!(thrown instanceof GithubTrouble)) throw thrown;
        return failureOf(thrown, context);
      }
      return thingMissing(trouble, context);
    }
    return failureOf(trouble, context);
  };

  const attempt = async <T>(
    what: string,
    work: (client: Octokit) => Promise<T>,
  ): Promise<Result<T, Failure>> => {
    const once = async (): Promise<Result<T, GithubTrouble>> => {
      try {
        return ok(await work(await connection.client()));
      } catch (thrown) {
        if (thrown instanceof GithubTrouble) return fail(thrown);
        throw thrown;
      }
    };
    try {
      const first = await once();
      if (first.ok) return first;
      // Refused credentials: nothing of the request was carried out, and the operation looks at what is there anyway.
      const { answer, path } = first.error;
      const isGone = answer?.status === 404 && path.endsWith('/access_tokens');
      const isEnded = answer?.status === 401 || isGone;
      const isAgain = isEnded && signal?.aborted !== true && (await connection.renew());
      const last = isAgain ? await once() : first;
      return last.ok ? last : fail(await judge(what, last.error));
    } catch (thrown) {
      if (thrown instanceof ForgeStop) return fail(thrown.failure);
      if (thrown instanceof GithubTrouble) return fail(await judge(what, thrown));
      throw thrown;
    }
  };

  const attemptInTurn: GithubSession['attemptInTurn'] = (key, what, work) => {
    const before = turns.get(key) ?? Promise.resolve();
    const turn = before.then(() => attempt(what, work));
    const settled = turn.catch(() => undefined);
    turns.set(key, settled);
    void settled.then(() => turns.get(key) === settled && turns.delete(key));
    return turn;
  };

  return {
    at,
    target,
    connection,
    attempt,
    attemptInTurn,
    async identity(client) {
      knownIdentity ??= await findIdentity(connection, client);
      return knownIdentity;
    },
    repository,
    knownId: () => id,
  };
}

async function findIdentity(connection: Connection, client: Octokit): Promise<Identity> {
  const app = await connection.app();
  if (app !== null) {
    const { data } = await app.rest.apps.getAuthenticated();
    if (data !== null) return { login: `${data.slug}[bot]`, appSlug: data.slug ?? null };
  }
  const login = await findLogin(client);
  return { login, appSlug: login.endsWith('[bot]') ? login.slice(0, -'[bot]'.length) : null };
}

/** Whose token it is. One that an app was issued, such as a workflow's, may not ask in the way that a person's does. */
async function findLogin(client: Octokit): Promise<string> {
  try {
    return (await client.rest.users.getAuthenticated()).data.login;
  } catch (thrown) {
    if (!isAnswer(thrown, 403) || thrown.answer === null || isLimit(thrown.answer)) throw thrown;
  }
  try {
    const { viewer } = await client.graphql<{ viewer: { login: string } }>('{ viewer { login } }');
    return viewer.login;
  } catch (thrown) {
    const isRefusal =
      (thrown instanceof Error && thrown.name === 'GraphqlResponseError') ||
      ((isAnswer(thrown, 403) || isAnswer(thrown, 404)) &&
        thrown.answer !== null &&
        !isLimit(thrown.answer));
    if (!isRefusal) throw thrown;
    return 'github-actions[bot]';
  }
}

/** Every part of the settings that must never be read in a message. */
function secretsOf({ auth, webhookSecret }: GithubSettings): readonly string[] {
  const own =
    auth.kind === 'token'
      ? [auth.token, auth.token.trim()]
      : auth.privateKey.split(/\r?\n|\\n/).filter((line) => line.length >= 16);
  return [...own, ...(webhookSecret === null ? [] : [webhookSecret])];
}
