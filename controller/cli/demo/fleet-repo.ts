// The demo's fleet repo: a copy of an example in a temporary folder, with real commits. Written as a person would write
// it: files, `git commit`, `git revert`.

import { createHash } from 'node:crypto';
import { existsSync, rmSync } from 'node:fs';
import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { simpleGit } from 'simple-git';

export interface DemoRepo {
  readonly folder: string;
  /** The text of a file; an edit of it is committed with the next `commit`. */
  read(path: string): Promise<string>;
  /** Whether there is such a file. */
  has(path: string): Promise<boolean>;
  write(path: string, content: string | Uint8Array): Promise<void>;
  remove(path: string): Promise<void>;
  /** SHA-256 of a file, hex. */
  digest(path: string): Promise<string>;
  /** Commits all that was changed. Returns the commit's id. */
  commit(message: string): Promise<string>;
  /** `git revert` of a commit, as a commit of its own. Returns its id. */
  revert(commit: string): Promise<string>;
  /** Deletes the folder. */
  dispose(): Promise<void>;
}

/** Copies an example and makes its first commit. The machine's git configuration plays no part. */
export async function createDemoRepo(example: string, message: string): Promise<DemoRepo> {
  const base = await mkdtemp(join(tmpdir(), 'lockstep-demo-'));
  // A second Ctrl-C ends the process at once, and with it whatever would have disposed of the folder.
  const removeAtExit = (): void => rmSync(base, { recursive: true, force: true });
  process.once('exit', removeAtExit);
  const folder = join(base, 'fleet');
  await cp(example, folder, { recursive: true });
  const git = simpleGit({ baseDir: folder, config: IDENTITY });
  await git.init(['--initial-branch=main']);
  const commit = async (text: string): Promise<string> => {
    await git.add('.');
    await git.commit(text);
    return git.revparse(['HEAD']);
  };
  await commit(message);
  return {
    folder,
    read: (path) => readFile(join(folder, path), 'utf8'),
    has: async (path) => existsSync(join(folder, path)),
    write: (path, content) => writeFile(join(folder, path), content),
    remove: (path) => rm(join(folder, path)),
    digest: async (path) =>
      createHash('sha256')
        .update(await readFile(join(folder, path)))
        .digest('hex'),
    commit,
    async revert(id) {
      await git.raw(['revert', '--no-edit', id]);
      return git.revparse(['HEAD']);
    },
    async dispose() {
      await rm(base, { recursive: true, force: true });
      process.off('exit', removeAtExit);
    },
  };
}

const IDENTITY = [
  'user.name=Lockstep demo',
  'user.email=demo@lockstep.invalid',
  'commit.gpgsign=false',
];
