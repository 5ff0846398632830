// Runs one git command on the local copy and reports how it ended. Commands that speak to a server are run by
// `git-group.ts`, long-lived readers of objects by `object-reader.ts`; `classify-git-failure.ts` says what an outcome
// means.

import { simpleGit } from 'simple-git';
import { type Failure, messageOf } from '../../base/failure.ts';

/** How a git command ended. Texts may hold credentials: they are for classifying, never for showing as they are. */
export interface GitOutcome {
  /** The exit code; -1 where git could not be started or was killed. */
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
  /**
   * `timedOut` and `closed`: killed. `missing`: there is no git program. `refused`: not started, for the reason that
   * `failure` gives.
   */
  readonly end: 'exited' | 'timedOut' | 'closed' | 'missing' | 'refused';
  readonly failure?: Failure;
}

export interface GitCommandOptions {
  readonly args: readonly string[];
  /** An existing folder. */
  readonly directory: string;
  readonly environment: Readonly<Record<string, string>>;
  /** Settings as `key=value`. */
  readonly settings: readonly string[];
  readonly timeoutMs: number;
  /** Ends the command early. */
  readonly closing: AbortSignal;
}

/** Runs a command. Never throws for what git does; kills it at its deadline. */
export async function runGit(options: GitCommandOptions): Promise<GitOutcome> {
  const deadline = AbortSignal.timeout(options.timeoutMs);
  let exitCode = -1;
  let stderr = '';
  let stdout = '';
  try {
    // Throws where the folder is gone.
    const git = simpleGit({
      baseDir: options.directory,
      config: [...options.settings],
      abort: AbortSignal.any([deadline, options.closing]),
      completion: { onClose: true, onExit: false },
      allowEnvironment: Object.keys(options.environment),
      // The guard refuses these because they can be abused; here each value comes from `git-environment.ts`.
      unsafe: {
        allowUnsafeHooksPath: true,
        allowUnsafeProtocolOverride: true,
        allowUnsafeConfigPaths: true,
        allowUnsafeConfigEnvCount: true,
        allowUnsafeAskPass: true,
        allowUnsafeSshCommand: true,
        allowUnsafeTemplateDir: true,
        // Host names inside setting keys are mistaken for these.
        allowUnsafeAlias: true,
        allowUnsafePager: true,
      },
      // The exit code is a result here, not an error.
      errors: (_error, result) => {
        // A killed process has no exit code, whatever the types say.
        exitCode = Number.isInteger(result.exitCode) ? result.exitCode : -1;
        stderr = Buffer.concat(result.stdErr).toString('utf8');
        return undefined;
      },
    }).env({ ...options.environment });
    stdout = await git.raw([...options.args]);
  } catch (thrown) {
    stderr += `\n${messageOf(thrown)}`;
    exitCode = -1;
  }
  return { exitCode, stdout, stderr, end: findEnd(exitCode, stderr, deadline, options.closing) };
}

function findEnd(
  exitCode: number,
  stderr: string,
  deadline: AbortSignal,
  closing: AbortSignal,
): GitOutcome['end'] {
  if (exitCode === 0) return 'exited';
  if (closing.aborted) return 'closed';
  if (deadline.aborted) return 'timedOut';
  return /spawn \S+ ENOENT/.test(stderr) ? 'missing' : 'exited';
}
