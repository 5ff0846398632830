// The bare git repository behind the fake GitHub, by git's plumbing. References are read from their files, which nothing
// here ever packs; all else asks git, with as few processes as it takes.

import { spawn } from 'node:child_process';
import { mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { GIT_ENVIRONMENT } from '../../support/git-repo.ts';
import type { Identity } from './identity.ts';

export interface GitOutcome {
  readonly code: number;
  readonly stdout: Buffer;
  readonly stderr: string;
}

export interface GitOptions {
  readonly input?: string | Uint8Array;
  readonly env?: Readonly<Record<string, string>>;
  /** Exit codes that are answers and no failures, besides 0. */
  readonly answers?: readonly number[];
}

export interface CommitObject {
  readonly sha: string;
  readonly tree: string;
  readonly parents: readonly string[];
  readonly author: SignedBy;
  readonly committer: SignedBy;
  readonly message: string;
}

export interface SignedBy extends Identity {
  /** Epoch seconds. */
  readonly date: number;
}

export interface NewCommit {
  readonly tree: string;
  readonly parents: readonly string[];
  readonly message: string;
  readonly author: SignedBy;
  readonly committer: SignedBy;
}

export interface BareRepo {
  readonly dir: string;
  /** Throws where git fails. */
  git(args: readonly string[], options?: GitOptions): Promise<GitOutcome>;
  /** The output as text, without the last newline. */
  text(args: readonly string[], options?: GitOptions): Promise<string>;
  /** The commit of a reference by its full name; null: there is none. */
  ref(name: string): string | null;
  /** Full names with their commits, by name; `prefix` is a folder such as `refs/heads`. */
  refs(prefix: string): ReadonlyMap<string, string>;
  /** Sets references by full name, and deletes those that are null. */
  setRefs(refs: Readonly<Record<string, string | null>>): Promise<void>;
  /** `commit`, `tree`, `blob`, `tag`; null: there is no such object. */
  typeOf(sha: string): Promise<string | null>;
  commit(sha: string): Promise<CommitObject>;
  createCommit(commit: NewCommit): Promise<string>;
  /** What git says of full commit ids never changes, so each question is asked once. */
  remember<Answer>(question: string, ask: () => Promise<Answer>): Promise<Answer>;
  isAncestor(ancestor: string, descendant: string): Promise<boolean>;
  /** Commits of `head` that are not in `base`, newest first. */
  commitsBetween(base: string, head: string): Promise<readonly string[]>;
  mergeBase(one: string, other: string): Promise<string | null>;
  /** The tree of the merge; null where the two are in conflict. */
  mergeTree(base: string, head: string): Promise<string | null>;
}

const CONFIG = `[core]
\trepositoryformatversion = 0
\tfilemode = true
\tbare = true
\tfsync = none
[gc]
\tauto = 0
[receive]
\tautogc = false
[fastimport]
\tunpackLimit = 1
[http]
\treceivepack = true
[uploadpack]
\tallowAnySHA1InWant = true
\tallowFilter = true
`;

/** Creates an empty repository with an unborn default branch, as `git init` would. */
export function createBareRepo(dir: string, defaultBranch: string): BareRepo {
  for (const folder of ['objects/info', 'objects/pack', 'refs/heads', 'refs/tags']) {
    mkdirSync(join(dir, folder), { recursive: true });
  }
  writeFileSync(join(dir, 'HEAD'), `ref: refs/heads/${defaultBranch}\n`);
  writeFileSync(join(dir, 'config'), CONFIG);
  return openBareRepo(dir);
}

function openBareRepo(dir: string): BareRepo {
  const answers = new Map<string, unknown>();

  const remember = async <Answer>(question: string, ask: () => Promise<Answer>) => {
    const known = answers.get(question) as Promise<Answer> | undefined;
    if (known !== undefined) return known;
    const asked = ask();
    answers.set(question, asked);
    // A failure is no answer: the object may come later.
    asked.catch(() => answers.delete(question));
    return asked;
  };

  const git: BareRepo['git'] = (args, options = {}) => runGit(dir, args, options);
  const text: BareRepo['text'] = async (args, options) =>
    (await git(args, options)).stdout.toString('utf8').replace(/\n$/, '');

  const ref = (name: string): string | null => {
    try {
      return readFileSync(join(dir, name), 'utf8').trim();
    } catch {
      return null;
    }
  };

  return {
    dir,
    git,
    text,
    ref,
    refs(prefix) {
      const names = listFiles(dir, prefix).sort();
      return new Map(names.map((name) => [name, ref(name) ?? '']));
    },
    async setRefs(refs) {
      const lines = Object.entries(refs).map(([name, sha]) =>
        sha === null ? `delete ${name}\n` : `update ${name} ${sha}\n`,
      );
      await git(['update-ref', '--stdin'], { input: lines.join('') });
    },
    async typeOf(sha) {
      if (!/^[0-9a-f]{40}$/.test(sha)) return null;
      const { code, stdout } = await git(['cat-file', '-t', sha], { answers: [128] });
      return code === 0 ? stdout.toString('utf8').trim() : null;
    },
    remember,
    commit: (sha) =>
      remember(`commit ${sha}`, async () =>
        parseCommit(sha, await text(['cat-file', 'commit', sha])),
      ),
    async createCommit({ tree, parents, message, author, committer }) {
      const args = ['commit-tree', tree, ...parents.flatMap((parent) => ['-p', parent])];
      return text(args, {
        input: message,
        env: {
          GIT_AUTHOR_NAME: author.name,
          GIT_AUTHOR_EMAIL: author.email,
          GIT_AUTHOR_DATE: `@${author.date} +0000`,
          GIT_COMMITTER_NAME: committer.name,
          GIT_COMMITTER_EMAIL: committer.email,
          GIT_COMMITTER_DATE: `@${committer.date} +0000`,
        },
      });
    },
    async isAncestor(ancestor, descendant) {
      if (ancestor === descendant) return true;
      return remember(`ancestor ${ancestor} ${descendant}`, async () => {
        const args = ['merge-base', '--is-ancestor', ancestor, descendant];
        return (await git(args, { answers: [1] })).code === 0;
      });
    },
    commitsBetween: (base, head) =>
      remember(`between ${base} ${head}`, async () => {
        const out = await text(['rev-list', '--topo-order', `${base}..${head}`]);
        return out === '' ? [] : out.split('\n');
      }),
    mergeBase: (one, other) =>
      remember(`base ${one} ${other}`, async () => {
        const { code, stdout } = await git(['merge-base', one, other], { answers: [1] });
        return code === 0 ? stdout.toString('utf8').trim() : null;
      }),
    mergeTree: (base, head) =>
      remember(`merge ${base} ${head}`, async () => {
        const args = ['merge-tree', '--write-tree', '--allow-unrelated-histories', base, head];
        const { code, stdout } = await git(args, { answers: [1] });
        return code === 0 ? (stdout.toString('utf8').split('\n')[0] ?? '') : null;
      }),
  };
}

function runGit(
  dir: string,
  args: readonly string[],
  { input = '', env = {}, answers = [] }: GitOptions,
): Promise<GitOutcome> {
  return new Promise((resolve, reject) => {
    const child = spawn('git', [...args], { cwd: dir, env: { ...GIT_ENVIRONMENT, ...env } });
    const stdout: Buffer[] = [];
    const stderr: Buffer[] = [];
    child.stdout.on('data', (chunk: Buffer) => stdout.push(chunk));
    child.stderr.on('data', (chunk: Buffer) => stderr.push(chunk));
    // Git may refuse before it has read everything; its exit code tells.
    child.stdin.on('error', () => undefined);
    child.once('error', reject);
    child.once('close', (code) => {
      const outcome = {
        code: code ?? -1,
        stdout: Buffer.concat(stdout),
        stderr: Buffer.concat(stderr).toString('utf8'),
      };
      if (outcome.code === 0 || answers.includes(outcome.code)) resolve(outcome);
      else reject(new Error(`git ${args.join(' ')} failed: ${outcome.stderr}`));
    });
    child.stdin.end(input);
  });
}

function listFiles(dir: string, folder: string): string[] {
  let entries;
  try {
    entries = readdirSync(join(dir, folder), { withFileTypes: true });
  } catch {
    return [];
  }
  return entries.flatMap((entry) => {
    const name = `${folder}/${entry.name}`;
    if (entry.isDirectory()) return listFiles(dir, name);
    return name.endsWith('.lock') ? [] : [name];
  });
}

function parseCommit(sha: string, text: string): CommitObject {
  const end = text.indexOf('\n\n');
  const lines = text.slice(0, end).split('\n');
  const valuesOf = (name: string) =>
    lines.filter((line) => line.startsWith(`${name} `)).map((line) => line.slice(name.length + 1));
  return {
    sha,
    tree: valuesOf('tree')[0] ?? '',
    parents: valuesOf('parent'),
    author: parseSignature(valuesOf('author')[0] ?? ''),
    committer: parseSignature(valuesOf('committer')[0] ?? ''),
    message: text.slice(end + 2).replace(/\n$/, ''),
  };
}

function parseSignature(text: string): SignedBy {
  const [, name = '', email = '', date = '0'] = /^(.*) <(.*)> (\d+) /.exec(text) ?? [];
  return { name, email, date: Number(date) };
}
