// A bare copy of the source's repository in the cache folder: how it is made, fetched into, asked for commits and
// rebuilt when it is damaged. What the files of a commit are is read in `git-tree.ts`.
//
// The remote's names are kept under `refs/lockstep/`, so that fetching knows what is here already. Nothing is ever
// collected, so whatever was read once stays readable, also after a force push. The folder may be deleted at any time.

import { createHash, randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, rename, rm, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { type Failure, messageOf } from '../../base/failure.ts';
import { fail, ok, type Result } from '../../base/result.ts';
import type { AskCredentials } from '../git-credentials.ts';
import { revisionUnknown, sourceUnavailable } from '../source-failure.ts';
import {
  classifyGitFailure,
  type FailureContext,
  isDamage,
  isUnknownToServer,
} from './classify-git-failure.ts';
import { type GitOutcome, runGit } from './git-command.ts';
import { buildGitEnvironment, buildGitSettings, ISOLATION } from './git-environment.ts';
import { runGitInGroup, runInGroup } from './git-group.ts';
import { logIn } from './git-login.ts';
import { findNewAddress, isRedirected } from './git-redirect.ts';
import { type GitUrl, isCommitId, isFullId, isRefName } from './git-url.ts';
import { createObjectReader, type ObjectReader } from './object-reader.ts';

export interface GitMirrorOptions {
  readonly url: GitUrl;
  /** The source's description, for failures. */
  readonly description: string;
  /** Holds one folder per address. */
  readonly cacheDir: string;
  /** Where the credentials come from that the address does not carry; see `AskCredentials`. */
  readonly credentials: AskCredentials | undefined;
  /** Bound on each command that speaks to the server. */
  readonly fetchTimeoutMs: number;
  /** The program's environment. */
  readonly environment: Readonly<Record<string, string | undefined>>;
}

/** What an isolated command is given besides. */
export interface IsolatedExtra {
  readonly environment?: Readonly<Record<string, string>>;
  /** Settings as `key=value`. */
  readonly settings?: readonly string[];
}

/** The mirror. Its methods must not run at the same time; the source sees to that. */
export interface GitMirror {
  readonly objects: ObjectReader;
  /**
   * Asks the server for a branch, tag, full reference or commit (null: its default branch); the commit's full id. What
   * a name stood for is remembered, so that asking again costs one question while the server says the same. A full id
   * is that commit alone, whatever branches are called, and is not asked for when it is here.
   */
  fetchCommit(name: string | null): Promise<Result<string, Failure>>;
  /** The full id of a commit that is here already; null where it is not. Does not ask the server. */
  findCommit(id: string): Promise<Result<string | null, Failure>>;
  /** Whether `newer` is or descends from `older`; both are full ids that are here. */
  isAncestor(older: string, newer: string): Promise<Result<boolean, Failure>>;
  /** The listing of a commit's folder as `ls-tree -r -z -l` writes it; null where the commit has no such folder. */
  listTree(commit: string, subfolder: string | null): Promise<Result<string | null, Failure>>;
  /**
   * Runs a command on the copy alone: it reaches no server, has no credentials, and nothing of the machine's own git
   * configuration and attributes has a say. Programs that it starts are stopped with it.
   */
  runIsolated(args: readonly string[], extra?: IsolatedExtra): Promise<GitOutcome>;
  /** Runs another program as isolated as that. */
  runProgram(
    program: string,
    args: readonly string[],
    environment: Readonly<Record<string, string>>,
  ): Promise<GitOutcome>;
  /** The failure that an unsuccessful command on the copy is; notes damage. */
  explain(outcome: GitOutcome): Promise<Failure>;
  /** Changes when the copy begins anew: what was read before may not be in it. */
  readonly generation: number;
  /** Notes that the copy is damaged: the next fetch makes a new one. Returns the failure to give until then. */
  reportDamage(): Failure;
  close(): Promise<void>;
}

const HEADS_AND_TAGS = [
  '+refs/heads/*:refs/lockstep/all/heads/*',
  '+refs/tags/*:refs/lockstep/all/tags/*',
];

/** Creates the mirror of an address. Touches nothing before its first use. */
export function createGitMirror(options: GitMirrorOptions): GitMirror {
  const { url, description, fetchTimeoutMs } = options;
  const key = createHash('sha256').update(url.address).digest('hex').slice(0, 16);
  const directory = join(options.cacheDir, `${key}.git`);
  /** The address as it was used last, with the credentials of then. */
  let used = url;
  /** Where the server has moved the repository to; null: it has not. */
  let moved: string | null = null;
  const context: FailureContext = {
    description,
    get secrets() {
      return used.secrets;
    },
    timeoutMs: fetchTimeoutMs,
  };
  const settings = buildGitSettings(url, fetchTimeoutMs);
  const environmentOf = (gitDir: string) => buildGitEnvironment(options.environment, gitDir, url);
  const objects = createObjectReader({ environment: environmentOf(directory), settings });
  const closing = new AbortController();
  let isDamaged = false;
  /** The server's object and the commit behind it, by name, as long as this copy holds them. */
  const resolved = new Map<string, { readonly advertised: string; readonly commit: string }>();
  let generation = 0;
  const forget = (): void => {
    generation += 1;
    resolved.clear();
  };

  const run = async (args: readonly string[], gitDir = directory): Promise<GitOutcome> => {
    const command = {
      args,
      directory: existsSync(gitDir) ? gitDir : options.cacheDir,
      environment: await withSsh(environmentOf(gitDir)),
      settings,
      timeoutMs: fetchTimeoutMs,
      closing: closing.signal,
    };
    if (args[0] !== 'fetch' && args[0] !== 'ls-remote') return runGit(command);
    const login = await logIn({ ...options, timeoutMs: fetchTimeoutMs, closing: closing.signal });
    if (!login.ok) {
      return { exitCode: -1, stdout: '', stderr: '', end: 'refused', failure: login.error };
    }
    used = login.value;
    const environment = await withSsh(buildGitEnvironment(options.environment, gitDir, used));
    const runAt = (address: string): Promise<GitOutcome> =>
      runGitInGroup({
        ...command,
        args: args.map((arg) => (arg === url.address ? address : arg)),
        environment,
        settings: buildGitSettings(used, fetchTimeoutMs),
      });
    const outcome = await runAt(moved ?? url.address);
    if (outcome.exitCode === 0) return outcome;
    // Whatever it was, the next attempt begins at the configured address again.
    moved = null;
    if (!isRedirected(outcome)) return outcome;
    const signal = AbortSignal.any([closing.signal, AbortSignal.timeout(fetchTimeoutMs)]);
    moved = await findNewAddress(used, signal);
    return moved === null ? outcome : runAt(moved);
  };

  /** SSH must ask nothing; but a command that the operator configured wins. */
  let sshCommand: string | null | undefined = url.transport === 'ssh' ? undefined : null;
  const withSsh = async (environment: Readonly<Record<string, string>>) => {
    if (sshCommand === undefined) {
      sshCommand = null;
      const configured =
        'GIT_SSH' in environment || 'GIT_SSH_COMMAND' in environment
          ? 'given'
          : (await run(['config', '--get', 'core.sshCommand'])).stdout.trim();
      if (configured === '') sshCommand = 'ssh -oBatchMode=yes';
    }
    return sshCommand === null ? environment : { ...environment, GIT_SSH_COMMAND: sshCommand };
  };

  const reportDamage = (): Failure => {
    isDamaged = true;
    forget();
    const text = 'its local copy is damaged or gone, and is fetched again.';
    return sourceUnavailable(`${description} cannot be read: ${text}`, 'retry');
  };

  const explain = async (outcome: GitOutcome): Promise<Failure> => {
    if (outcome.failure !== undefined) return outcome.failure;
    if (!existsSync(join(directory, 'HEAD'))) return reportDamage();
    await removeStaleLock(outcome, directory, fetchTimeoutMs);
    if (isDamage(outcome)) reportDamage();
    return classifyGitFailure(outcome, context);
  };

  const fetchInto = (refspecs: readonly string[], gitDir = directory) =>
    run(
      [
        'fetch',
        '--quiet',
        '--force',
        '--no-tags',
        '--no-write-fetch-head',
        '--update-shallow',
        ...(refspecs === HEADS_AND_TAGS ? ['--prune'] : []),
        '--end-of-options',
        url.address,
        ...refspecs,
      ],
      gitDir,
    );

  const initialise = async (gitDir: string): Promise<Result<void, Failure>> => {
    forget();
    try {
      await mkdir(dirname(gitDir), { recursive: true });
    } catch (thrown) {
      const message = `The source cache cannot be written: ${messageOf(thrown)}`;
      return fail(sourceUnavailable(message, 'stall'));
    }
    const made = await run(['init', '--quiet', '--bare', '--template=', gitDir], gitDir);
    return made.exitCode === 0 ? ok(undefined) : fail(classifyGitFailure(made, context));
  };

  /** A new copy takes the place of a damaged one only once it is whole. */
  const rebuild = async (): Promise<Result<void, Failure>> => {
    const fresh = `${directory}.new-${randomBytes(4).toString('hex')}`;
    const old = `${directory}.old-${randomBytes(4).toString('hex')}`;
    try {
      const made = await initialise(fresh);
      if (!made.ok) return made;
      const fetched = await fetchInto(HEADS_AND_TAGS, fresh);
      if (fetched.exitCode !== 0) return fail(classifyGitFailure(fetched, context));
      if (existsSync(directory)) await rename(directory, old);
      await rename(fresh, directory);
      objects.restart();
      isDamaged = false;
      return ok(undefined);
    } catch (thrown) {
      const message = `The source cache cannot be replaced: ${messageOf(thrown)}`;
      return fail(sourceUnavailable(message, 'retry'));
    } finally {
      await rm(fresh, { recursive: true, force: true });
      await rm(old, { recursive: true, force: true });
    }
  };

  const prepare = async (): Promise<Result<void, Failure>> => {
    if (isDamaged) return rebuild();
    return existsSync(join(directory, 'HEAD')) ? ok(undefined) : initialise(directory);
  };

  const parseId = async (expression: string): Promise<Result<string | null, Failure>> => {
    const outcome = await run(['rev-parse', '--verify', '--quiet', expression]);
    if (outcome.exitCode === 0) return ok(outcome.stdout.trim());
    if (outcome.end !== 'exited' || isDamage(outcome)) return fail(await explain(outcome));
    return ok(null);
  };

  const findCommit = async (id: string): Promise<Result<string | null, Failure>> => {
    if (!isCommitId(id) || !existsSync(join(directory, 'HEAD'))) return ok(null);
    return parseId(`${id.toLowerCase()}^{commit}`);
  };

  /** A commit by id: from here, by asking the server for it, or among everything the server has. */
  const fetchById = async (id: string): Promise<Result<string, Failure>> => {
    const attempts = [
      ...(isFullId(id) ? [[`+${id}:refs/lockstep/${digestName(id)}`]] : []),
      HEADS_AND_TAGS,
    ];
    for (const refspecs of [null, ...attempts]) {
      if (refspecs !== null) {
        const fetched = await fetchInto(refspecs);
        if (fetched.exitCode !== 0 && !isUnknownToServer(fetched)) {
          return fail(await explain(fetched));
        }
      }
      const found = await findCommit(id);
      if (!found.ok) return found;
      if (found.value !== null) return ok(found.value);
    }
    const remedy = 'Name a commit that a branch or tag reaches; a longer id, if it is ambiguous.';
    return fail(revisionUnknown(description, id, remedy));
  };

  const isolated = (environment: Readonly<Record<string, string>>) => ({
    environment: {
      ...buildGitEnvironment(options.environment, directory, { ...url, credentials: null }),
      ...ISOLATION,
      ...environment,
    },
    timeoutMs: fetchTimeoutMs,
    closing: closing.signal,
  });

  return {
    objects,
    findCommit,
    async fetchCommit(name) {
      const prepared = await prepare();
      if (!prepared.ok) return prepared;
      if (name !== null && !isRefName(name)) {
        return fail(revisionUnknown(description, name, 'Give a branch, a tag or a commit.'));
      }
      if (name !== null && isFullId(name)) return fetchById(name.toLowerCase());
      const candidates = listCandidates(name);
      const listed = await run([
        'ls-remote',
        '--quiet',
        '--end-of-options',
        url.address,
        ...candidates,
      ]);
      if (listed.exitCode !== 0) return fail(await explain(listed));
      const remote = parseAdvertised(listed.stdout);
      const chosen = candidates.find((candidate) => remote.has(candidate));
      if (chosen === undefined) {
        if (name !== null && isCommitId(name)) return fetchById(name.toLowerCase());
        const remedy = 'Push the branch, or correct the name after `#`.';
        return fail(revisionUnknown(description, name ?? 'HEAD', remedy));
      }
      const advertised = remote.get(chosen) ?? '';
      const known = resolved.get(chosen);
      if (known?.advertised === advertised) return ok(known.commit);
      const local = `refs/lockstep/${digestName(chosen)}`;
      const here = await parseId(local);
      if (!here.ok) return here;
      if (here.value !== advertised) {
        const outcome = await fetchInto([`+${chosen}:${local}`]);
        if (outcome.exitCode !== 0) return fail(await explain(outcome));
      }
      const commit = await parseId(`${local}^{commit}`);
      if (!commit.ok) return commit;
      if (commit.value !== null) {
        // After a fetch it may be a later commit than the server spoke of; that is told apart by the next call.
        if (here.value === advertised) resolved.set(chosen, { advertised, commit: commit.value });
        return ok(commit.value);
      }
      return fail(revisionUnknown(description, chosen, 'It names no commit.'));
    },
    async isAncestor(older, newer) {
      const outcome = await run(['merge-base', '--is-ancestor', older, newer]);
      if (outcome.exitCode === 0 || outcome.exitCode === 1) return ok(outcome.exitCode === 0);
      return fail(await explain(outcome));
    },
    async listTree(commit, subfolder) {
      let tree = commit;
      if (subfolder !== null) {
        const outcome = await run(['ls-tree', '-z', commit, '--', subfolder]);
        if (outcome.exitCode !== 0) return fail(await explain(outcome));
        const found = /^040000 tree ([0-9a-f]{40,64})\t/.exec(outcome.stdout)?.[1];
        if (found === undefined) return ok(null);
        tree = found;
      }
      const outcome = await run(['ls-tree', '-r', '-z', '-l', tree]);
      return outcome.exitCode === 0 ? ok(outcome.stdout) : fail(await explain(outcome));
    },
    runIsolated: (args, { environment = {}, settings: more = [] } = {}) =>
      runGitInGroup({ ...isolated(environment), args, settings: [...settings, ...more] }),
    runProgram: (program, args, environment) =>
      runInGroup(program, { ...isolated(environment), args }),
    explain,
    reportDamage,
    get generation() {
      return generation;
    },
    async close() {
      closing.abort();
      await objects.close();
    },
  };
}

/** The full reference names that a name can stand for, the preferred one first. */
function listCandidates(name: string | null): readonly string[] {
  if (name === null || name === 'HEAD') return ['HEAD'];
  return name.startsWith('refs/') ? [name] : [`refs/heads/${name}`, `refs/tags/${name}`];
}

/** Object ids by reference name, from `ls-remote`. */
function parseAdvertised(text: string): ReadonlyMap<string, string> {
  const lines = text.split('\n').map((line) => line.split('\t'));
  return new Map(lines.flatMap(([id, name]) => (id && name ? [[name, id]] : [])));
}

/** A flat name, so that `a` and `a/b` never stand in each other's way. */
function digestName(name: string): string {
  return createHash('sha256').update(name).digest('hex').slice(0, 40);
}

/** A lock that a killed git left behind would stop all fetching for good. One of another process's is young. */
async function removeStaleLock(
  { stderr }: GitOutcome,
  directory: string,
  fetchTimeoutMs: number,
): Promise<void> {
  const lock = /Unable to create '([^']+\.lock)': File exists/.exec(stderr)?.[1];
  if (lock === undefined || !lock.startsWith(directory)) return;
  const found = await stat(lock).catch(() => null);
  const ageMs = found === null ? 0 : Date.now() - found.mtimeMs;
  if (ageMs > Math.max(2 * fetchTimeoutMs, 60_000)) await rm(lock, { force: true });
}
