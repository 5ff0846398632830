// How references, trees and blobs look in answers, and what clients may name a commit by.

import { ApiError } from './api-error.ts';
import { nodeId, repositoryApiUrl } from './documents.ts';
import type { Schema } from './routes.ts';
import type { World } from './world.ts';

/** Of a commit id, `heads/NAME`, `tags/NAME`, or the name of a branch or tag. Throws 422 where there is none. */
export async function resolveCommit(world: World, ref: string): Promise<string> {
  const { git } = world;
  const named =
    git.ref(`refs/heads/${ref}`) ?? git.ref(`refs/tags/${ref}`) ?? git.ref(`refs/${ref}`);
  if (named !== null) return named;
  if ((await git.typeOf(ref)) === 'commit') return ref;
  throw new ApiError(422, `No commit found for SHA: ${ref}`);
}

export async function refDocument(
  world: World,
  name: string,
  sha: string,
): Promise<Schema<'git-ref'>> {
  const url = `${repositoryApiUrl(world)}/git`;
  const type = (await world.git.typeOf(sha)) ?? 'commit';
  return {
    ref: name,
    node_id: nodeId('REF', name),
    url: `${url}/${name}`,
    object: { type, sha, url: `${url}/${type}s/${sha}` },
  };
}

export async function treeDocument(
  world: World,
  sha: string,
  isRecursive: boolean,
): Promise<Schema<'git-tree'>> {
  const url = `${repositoryApiUrl(world)}/git`;
  const depth = isRecursive ? ['-r', '-t'] : [];
  const out = await world.git.text(['ls-tree', '-z', '-l', ...depth, sha]);
  const tree = out
    .split('\0')
    .filter((line) => line !== '')
    .map((line) => {
      const tab = line.indexOf('\t');
      const [mode = '', type = '', sha = '', size = '-'] = line.slice(0, tab).split(/ +/);
      return {
        path: line.slice(tab + 1),
        mode,
        type,
        sha,
        ...(size === '-' ? {} : { size: Number(size) }),
        ...(type === 'commit' ? {} : { url: `${url}/${type}s/${sha}` }),
      };
    });
  return { sha, url: `${url}/trees/${sha}`, tree, truncated: false };
}

export async function blobDocument(world: World, sha: string): Promise<Schema<'blob'>> {
  const { stdout } = await world.git.git(['cat-file', 'blob', sha]);
  const lines = stdout.toString('base64').match(/.{1,60}/g) ?? [];
  return {
    sha,
    node_id: nodeId('B', sha),
    size: stdout.length,
    url: `${repositoryApiUrl(world)}/git/blobs/${sha}`,
    content: lines.map((line) => `${line}\n`).join(''),
    encoding: 'base64',
  };
}
