// The routes of git's own data: references, commits, trees and blobs, written into the real repository.

import { rmSync } from 'node:fs';
import { join } from 'node:path';

import type { paths } from '@octokit/openapi-types';

import { ApiError, invalidField, notFound, requireFields } from './api-error.ts';
import { noticeBranches } from './branches.ts';
import type { Caller } from './credentials.ts';
import { actorOf } from './credentials.ts';
import { gitCommitDocument, repositoryApiUrl } from './documents.ts';
import { blobDocument, refDocument, treeDocument } from './git-documents.ts';
import { GITHUB_IDENTITY, identityOf } from './identity.ts';
import type { Route } from './routes.ts';
import { route } from './routes.ts';
import type { World } from './world.ts';

type TreeEntry =
  paths['/repos/{owner}/{repo}/git/trees']['post']['requestBody']['content']['application/json']['tree'][number];
type NewCommit =
  paths['/repos/{owner}/{repo}/git/commits']['post']['requestBody']['content']['application/json'];

export function gitDataRoutes(world: World): readonly Route[] {
  return [...refRoutes(world), ...objectRoutes(world)];
}

function refRoutes(world: World): readonly Route[] {
  const { git } = world;

  const requireObject = async (sha: string): Promise<void> => {
    if ((await git.typeOf(sha)) === null) throw new ApiError(422, 'Object does not exist');
  };

  /** Tells of what follows, in the name of the caller. */
  const setRef = async (name: string, sha: string | null, caller: Caller): Promise<void> => {
    await git.setRefs({ [name]: sha });
    await noticeBranches(world, actorOf(caller));
  };

  return [
    route('get', '/repos/{owner}/{repo}/git/ref/{ref}', ['contents:read'], async ({ path }) => {
      const name = `refs/${path.ref}`;
      const sha = git.ref(name);
      if (sha === null) throw notFound();
      return { status: 200, body: await refDocument(world, name, sha) };
    }),

    route(
      'get',
      '/repos/{owner}/{repo}/git/matching-refs/{ref}',
      ['contents:read'],
      async ({ path }) => {
        const found = [...git.refs('refs')].filter(([name]) => name.startsWith(`refs/${path.ref}`));
        const body = await Promise.all(found.map(([name, sha]) => refDocument(world, name, sha)));
        return { status: 200, body };
      },
    ),

    route(
      'post',
      '/repos/{owner}/{repo}/git/refs',
      ['contents:write'],
      async ({ body, caller }) => {
        requireFields('Reference', body, 'ref', 'sha');
        if (!/^refs\/[^/]+\/./.test(body.ref)) {
          throw new ApiError(
            422,
            "Reference name must start with 'refs' and have at least two slashes.",
          );
        }
        if (git.ref(body.ref) !== null) throw new ApiError(422, 'Reference already exists');
        await requireObject(body.sha);
        await setRef(body.ref, body.sha, caller);
        return { status: 201, body: await refDocument(world, body.ref, body.sha) };
      },
    ),

    route(
      'patch',
      '/repos/{owner}/{repo}/git/refs/{ref}',
      ['contents:write'],
      async ({ path, body, caller }) => {
        requireFields('Reference', body, 'sha');
        const name = `refs/${path.ref}`;
        const before = git.ref(name);
        if (before === null) throw new ApiError(422, 'Reference does not exist');
        await requireObject(body.sha);
        if (body.force !== true && !(await git.isAncestor(before, body.sha))) {
          throw new ApiError(422, 'Update is not a fast forward');
        }
        await setRef(name, body.sha, caller);
        return { status: 200, body: await refDocument(world, name, body.sha) };
      },
    ),

    route(
      'delete',
      '/repos/{owner}/{repo}/git/refs/{ref}',
      ['contents:write'],
      async ({ path, caller }) => {
        const name = `refs/${path.ref}`;
        if (git.ref(name) === null) throw new ApiError(422, 'Reference does not exist');
        await setRef(name, null, caller);
        return { status: 204 };
      },
    ),
  ];
}

function objectRoutes(world: World): readonly Route[] {
  const { git } = world;

  return [
    route(
      'get',
      '/repos/{owner}/{repo}/git/commits/{commit_sha}',
      ['contents:read'],
      async ({ path }) => {
        if ((await git.typeOf(path.commit_sha)) !== 'commit') throw notFound();
        const commit = await git.commit(path.commit_sha);
        return { status: 200, body: gitCommitDocument(world, commit) };
      },
    ),

    route(
      'post',
      '/repos/{owner}/{repo}/git/commits',
      ['contents:write'],
      async ({ body, caller }) => {
        requireFields('Commit', body, 'message', 'tree');
        const sha = await createCommit(world, body, caller);
        return { status: 201, body: gitCommitDocument(world, await git.commit(sha)) };
      },
    ),

    route(
      'get',
      '/repos/{owner}/{repo}/git/trees/{tree_sha}',
      ['contents:read'],
      async ({ path, query }) => {
        const type = await git.typeOf(path.tree_sha);
        if (type !== 'tree' && type !== 'commit') throw notFound();
        const isRecursive = query.recursive !== undefined;
        return { status: 200, body: await treeDocument(world, path.tree_sha, isRecursive) };
      },
    ),

    route('post', '/repos/{owner}/{repo}/git/trees', ['contents:write'], async ({ body }) => {
      requireFields('Tree', body, 'tree');
      const sha = await createTree(world, body.base_tree ?? null, body.tree);
      return { status: 201, body: await treeDocument(world, sha, false) };
    }),

    route(
      'get',
      '/repos/{owner}/{repo}/git/blobs/{file_sha}',
      ['contents:read'],
      async ({ path }) => {
        if ((await git.typeOf(path.file_sha)) !== 'blob') throw notFound();
        return { status: 200, body: await blobDocument(world, path.file_sha) };
      },
    ),

    route('post', '/repos/{owner}/{repo}/git/blobs', ['contents:write'], async ({ body }) => {
      if (typeof body.content !== 'string') throw invalidField('Blob', 'content', 'missing_field');
      const bytes = Buffer.from(body.content, body.encoding === 'base64' ? 'base64' : 'utf8');
      const sha = await git.text(['hash-object', '-w', '--stdin'], { input: bytes });
      return {
        status: 201,
        body: { sha, url: `${repositoryApiUrl(world)}/git/blobs/${sha}` },
      };
    }),
  ];
}

/** GitHub signs what an app commits, as long as the app names no author of its own. */
async function createCommit(world: World, given: NewCommit, caller: Caller): Promise<string> {
  const { git } = world;
  const parents = given.parents ?? [];
  if ((await git.typeOf(given.tree)) !== 'tree') {
    throw new ApiError(422, 'Tree SHA does not exist');
  }
  for (const parent of parents) {
    if ((await git.typeOf(parent)) !== 'commit') {
      throw new ApiError(422, 'Parent SHA does not exist or is not a commit object');
    }
  }
  const now = Math.floor(world.now() / 1000);
  const actor = actorOf(caller);
  const isSigned = actor.app !== null && !given.author && !given.committer;
  const dateOf = (text: string | undefined) =>
    text === undefined ? now : Math.floor(Date.parse(text) / 1000);
  const author = { ...identityOf(actor), ...given.author, date: dateOf(given.author?.date) };
  const committer = {
    ...(isSigned ? GITHUB_IDENTITY : author),
    ...given.committer,
    date: dateOf(given.committer?.date ?? given.author?.date),
  };
  const { tree, message } = given;
  const sha = await git.createCommit({ tree, parents, message, author, committer });
  if (isSigned) world.signedCommits.add(sha);
  return sha;
}

/** In an index file of its own: the base, then the entries, then the tree of both. */
async function createTree(
  world: World,
  base: string | null,
  entries: readonly TreeEntry[],
): Promise<string> {
  const { git } = world;
  if (base !== null && (await git.typeOf(base)) === null) {
    throw new ApiError(422, 'base_tree is not a valid tree oid');
  }
  const index = join(git.dir, `index-${world.nextId()}`);
  const env = { GIT_INDEX_FILE: index };
  try {
    if (base !== null) await git.git(['read-tree', base], { env });
    const lines: string[] = [];
    for (const entry of entries) lines.push(await indexLine(world, base, entry));
    await git.git(['update-index', '-z', '--index-info'], { env, input: lines.join('') });
    return await git.text(['write-tree'], { env });
  } finally {
    rmSync(index, { force: true });
  }
}

async function indexLine(
  world: World,
  base: string | null,
  { path, mode, sha, content }: TreeEntry,
): Promise<string> {
  const { git } = world;
  if (path === undefined || path === '' || /^\/|(?:^|\/)\.{0,2}(?:\/|$)/.test(path)) {
    throw new ApiError(422, 'tree.path contains a malformed path component');
  }
  if (sha === null) {
    const isThere = base !== null && (await git.text(['ls-tree', base, '--', path])).length > 0;
    if (!isThere) throw new ApiError(422, 'GitRPC::BadObjectState');
    return `0 ${'0'.repeat(40)}\t${path}\0`;
  }
  if (mode === undefined) throw new ApiError(422, 'Must supply tree.mode');
  if (content !== undefined) {
    const blob = await git.text(['hash-object', '-w', '--stdin'], { input: content });
    return `${mode} ${blob}\t${path}\0`;
  }
  if (sha === undefined) throw new ApiError(422, 'Must supply either tree.sha or tree.content');
  if (mode !== '160000' && (await git.typeOf(sha)) === null) {
    throw new ApiError(422, `tree.sha ${sha} is not a valid object`);
  }
  return `${mode} ${sha}\t${path}\0`;
}
