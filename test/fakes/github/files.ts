// What people commit: files by path, written into the bare repository as one commit by a single `git fast-import`.

import type { BareRepo, SignedBy } from './bare-repo.ts';

/** Null deletes; a function gets the text that is there, and gives the new one. */
export type FileContent =
  | string
  | Uint8Array
  | null
  | ((before: string) => string)
  | { readonly executable: string | Uint8Array }
  /** A symbolic link to this path. */
  | { readonly symlink: string }
  /** A submodule at this commit. */
  | { readonly submodule: string };

/** By path from the root of the repository; all other files stay. */
export type Files = Readonly<Record<string, FileContent>>;

export interface FileCommit {
  /** Full name of the reference that is moved to the commit. */
  readonly ref: string;
  readonly parent: string | null;
  readonly files: Files;
  readonly message: string;
  readonly author: SignedBy;
}

/** The id of the new commit. */
export async function commitFiles(git: BareRepo, commit: FileCommit): Promise<string> {
  const { ref, parent, message } = commit;
  const by = `${commit.author.name} <${commit.author.email}> ${commit.author.date} +0000`;
  const parts: (string | Uint8Array)[] = [
    'feature done\n',
    `commit ${ref}\nmark :1\nauthor ${by}\ncommitter ${by}\n`,
    ...data(message),
    parent === null ? '' : `from ${parent}\n`,
  ];
  for (const [path, content] of Object.entries(commit.files)) {
    parts.push(...(await describeChange(git, parent, path, content)));
  }
  parts.push('\nget-mark :1\ndone\n');
  const input = Buffer.concat(parts.map((part) => Buffer.from(part)));
  return git.text(['fast-import', '--quiet', '--force'], { input });
}

async function describeChange(
  git: BareRepo,
  parent: string | null,
  path: string,
  content: FileContent,
): Promise<readonly (string | Uint8Array)[]> {
  const name = `"${path.replaceAll(/["\\]/g, String.raw`\$&`).replaceAll('\n', String.raw`\n`)}"`;
  if (content === null) return [`D ${name}\n`];
  if (typeof content === 'string' || content instanceof Uint8Array) {
    return [`M 100644 inline ${name}\n`, ...data(content)];
  }
  if (typeof content === 'function') {
    const before = await git.git(['cat-file', 'blob', `${parent ?? 'HEAD'}:${path}`]);
    return [`M 100644 inline ${name}\n`, ...data(content(before.stdout.toString('utf8')))];
  }
  if ('executable' in content) return [`M 100755 inline ${name}\n`, ...data(content.executable)];
  if ('symlink' in content) return [`M 120000 inline ${name}\n`, ...data(content.symlink)];
  return [`M 160000 ${content.submodule} ${name}\n`];
}

function data(content: string | Uint8Array): readonly (string | Uint8Array)[] {
  return [`data ${Buffer.byteLength(content)}\n`, content, '\n'];
}
