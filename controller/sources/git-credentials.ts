// Credentials that somebody else knows, and that change while a source is open, such as the tokens of a forge's app.

import type { Failure } from '../base/failure.ts';
import type { Result } from '../base/result.ts';

export interface GitCredentials {
  readonly username: string;
  readonly password: string;
}

/**
 * Asked before each command that speaks to a server. Null: none, git's own configuration has to do. A failure is the
 * failure of the fetch; its message shows no secret.
 */
export type AskCredentials = () => Promise<Result<GitCredentials | null, Failure>>;
