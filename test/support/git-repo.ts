// Real git repositories for tests, made by real git with a fixed identity and without the machine's configuration.

import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

/** Under which git runs in tests: nothing of the machine's own configuration, a fixed author and time. */
export const GIT_ENVIRONMENT: Readonly<Record<string, string>> = {
  PATH: process.env['PATH'] ?? '',
  HOME: tmpdir(),
  GIT_CONFIG_GLOBAL: '/dev/null',
  GIT_CONFIG_NOSYSTEM: '1',
  GIT_AUTHOR_NAME: 'Test',
  GIT_AUTHOR_EMAIL: 'test@example.com',
  GIT_AUTHOR_DATE: '2024-01-01T00:00:00Z',
  GIT_COMMITTER_NAME: 'Test',
  GIT_COMMITTER_EMAIL: 'test@example.com',
  GIT_COMMITTER_DATE: '2024-01-01T00:00:00Z',
};

export interface GitRepo {
  /** The work tree. */
  readonly dir: string;
  /** Runs git in the work tree; its output without the last newline. Throws when git fails. */
  git(...args: string[]): string;
  /** Runs git with input. */
  gitWith(input: string | Uint8Array, ...args: string[]): string;
  /** Writes a file of the work tree, with its folders. */
  write(path: string, content: string | Uint8Array): void;
  link(path: string, target: string): void;
  remove(path: string): void;
  /** Commits all that is in the work tree, also when nothing changed; the commit's id. */
  commit(message: string): string;
}

/** A new folder under the system's temporary folder; the caller removes it. */
export function makeTempDir(name: string): string {
  return mkdtempSync(join(tmpdir(), `lockstep-${name}-`));
}

/** Creates a repository with an unborn branch `main`. */
export function createGitRepo(dir: string): GitRepo {
  mkdirSync(dir, { recursive: true });
  const gitWith = (input: string | Uint8Array, ...args: string[]) =>
    execFileSync('git', args, {
      cwd: dir,
      env: GIT_ENVIRONMENT,
      input,
      stdio: ['pipe', 'pipe', 'pipe'],
    })
      .toString('utf8')
      .replace(/\n$/, '');
  const git = (...args: string[]) => gitWith('', ...args);
  git('init', '--quiet', '--initial-branch=main');
  return {
    dir,
    git,
    gitWith,
    write(path, content) {
      mkdirSync(dirname(join(dir, path)), { recursive: true });
      writeFileSync(join(dir, path), content);
    },
    link(path, target) {
      mkdirSync(dirname(join(dir, path)), { recursive: true });
      symlinkSync(target, join(dir, path));
    },
    remove: (path) => rmSync(join(dir, path), { recursive: true, force: true }),
    commit(message) {
      git('add', '--all');
      git('commit', '--quiet', '--allow-empty', '--message', message);
      return git('rev-parse', 'HEAD');
    },
  };
}
