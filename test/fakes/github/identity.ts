// Who does things on the fake GitHub: people, and the bots of apps.

/** As commits name it. */
export interface Identity {
  readonly name: string;
  readonly email: string;
}

export interface Actor {
  /** `octocat`, or `lockstep[bot]`. */
  readonly login: string;
  /** The app that acts; null for people. */
  readonly app: AppRecord | null;
}

export interface AppRecord {
  readonly id: number;
  readonly slug: string;
  readonly clientId: string;
  readonly name: string;
}

export function person(login: string): Actor {
  return { login, app: null };
}

export function botOf(app: AppRecord): Actor {
  return { login: `${app.slug}[bot]`, app };
}

export function identityOf({ login }: Actor): Identity {
  return { name: login, email: `${login}@users.noreply.github.com` };
}

/** The committer of what GitHub commits by itself. */
export const GITHUB_IDENTITY: Identity = { name: 'GitHub', email: 'noreply@github.com' };
