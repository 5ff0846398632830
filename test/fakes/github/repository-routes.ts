// The routes of the repository itself, of the app and its installation, and of whoever is signed in.

import { ApiError, notFound } from './api-error.ts';
import type { CredentialDesk } from './credentials.ts';
import {
  appDocument,
  installationDocument,
  nodeId,
  repositoryDocument,
  repositoryUrl,
  userDocument,
} from './documents.ts';
import { resolveCommit } from './git-documents.ts';
import type { Route } from './routes.ts';
import { route, takePage } from './routes.ts';
import type { Permissions, World } from './world.ts';
import { isoTime } from './world.ts';

export function repositoryRoutes(world: World, desk: CredentialDesk): readonly Route[] {
  const { app, installation, repository } = world;

  const requireInstalled = (id?: number): void => {
    const isKnown = id === undefined || id === installation.id;
    if (!isKnown || !installation.isInstalled) throw notFound();
  };

  return [
    route('get', '/repos/{owner}/{repo}', ['metadata:read'], ({ caller }) => {
      const isWriter = caller.kind === 'user' && caller.access === 'write';
      // Of the roles that people have, an app has none, whatever it may do.
      const permissions = {
        admin: false,
        maintain: false,
        push: isWriter,
        triage: isWriter,
        pull: caller.kind === 'user',
      };
      return { status: 200, body: { ...repositoryDocument(world), permissions } };
    }),

    route('get', '/repos/{owner}/{repo}/installation', 'app', () => {
      requireInstalled();
      return { status: 200, body: installationDocument(world) };
    }),

    route('get', '/app', 'app', () => ({
      status: 200,
      body: { ...appDocument(world, app), installations_count: installation.isInstalled ? 1 : 0 },
    })),

    route('get', '/app/installations/{installation_id}', 'app', ({ path }) => {
      requireInstalled(path.installation_id);
      return { status: 200, body: installationDocument(world) };
    }),

    route('post', '/app/installations/{installation_id}/access_tokens', 'app', (request) => {
      const { path, body } = request;
      requireInstalled(path.installation_id);
      const names = body.repositories ?? [repository.name];
      const ids = body.repository_ids ?? [repository.id];
      if (
        !names.every((name) => name === repository.name) ||
        !ids.every((id) => id === repository.id)
      ) {
        throw new ApiError(
          422,
          'There is at least one repository that does not exist or is not accessible to the parent installation.',
        );
      }
      const permissions = body.permissions ?? installation.permissions;
      if (!isWithin(permissions, installation.permissions)) {
        throw new ApiError(422, 'The permissions requested are not granted to this installation.');
      }
      const { token, expiresAt } = desk.mint(app, permissions);
      return {
        status: 201,
        body: {
          token,
          expires_at: isoTime(expiresAt),
          permissions,
          repository_selection: 'selected',
        },
      };
    }),

    route('get', '/installation/repositories', 'any', (request) => {
      if (request.caller.kind !== 'installation') {
        throw new ApiError(
          403,
          'You must authenticate with an installation access token in order to list repositories for an installation.',
        );
      }
      const { items, link } = takePage(request, [repositoryDocument(world)]);
      return { status: 200, body: { total_count: 1, repositories: items }, link };
    }),

    route('get', '/user', 'any', ({ caller }) => {
      if (caller.kind === 'installation') {
        throw new ApiError(403, 'Resource not accessible by integration');
      }
      if (caller.kind !== 'user') throw new ApiError(401, 'Requires authentication');
      const createdAt = isoTime(repository.createdAt);
      return {
        status: 200,
        body: {
          ...userDocument(world, caller.login),
          user_view_type: 'public',
          name: null,
          company: null,
          blog: null,
          location: null,
          email: null,
          hireable: null,
          bio: null,
          public_repos: 0,
          public_gists: 0,
          followers: 0,
          following: 0,
          created_at: createdAt,
          updated_at: createdAt,
        },
      };
    }),

    route('get', '/repos/{owner}/{repo}/branches', ['contents:read'], (request) => {
      const { items, link } = takePage(request, [...world.git.refs('refs/heads')]);
      const body = items.map(([ref, sha]) => ({
        name: ref.slice('refs/heads/'.length),
        commit: { sha, url: `${repositoryDocument(world).url}/commits/${sha}` },
        protected: false,
      }));
      return { status: 200, body, link };
    }),

    route('get', '/repos/{owner}/{repo}/commits/{ref}', ['contents:read'], async ({ path }) => {
      const sha = await resolveCommit(world, path.ref);
      const commit = await world.git.commit(sha);
      const { url } = repositoryDocument(world);
      const signedBy = ({ name, email, date }: typeof commit.author) => ({
        name,
        email,
        date: isoTime(date * 1000),
      });
      const isSigned = world.signedCommits.has(sha);
      return {
        status: 200,
        body: {
          sha,
          node_id: nodeId('C', sha),
          url: `${url}/commits/${sha}`,
          html_url: `${repositoryUrl(world)}/commit/${sha}`,
          comments_url: `${url}/commits/${sha}/comments`,
          author: null,
          committer: null,
          parents: commit.parents.map((parent) => ({
            sha: parent,
            url: `${url}/commits/${parent}`,
            html_url: `${repositoryUrl(world)}/commit/${parent}`,
          })),
          commit: {
            url: `${url}/git/commits/${sha}`,
            author: signedBy(commit.author),
            committer: signedBy(commit.committer),
            message: commit.message,
            comment_count: 0,
            tree: { sha: commit.tree, url: `${url}/git/trees/${commit.tree}` },
            verification: {
              verified: isSigned,
              reason: isSigned ? 'valid' : 'unsigned',
              signature: null,
              payload: null,
              verified_at: null,
            },
          },
        },
      };
    }),
  ];
}

/** Whether an installation has all that is asked for. */
function isWithin(asked: Permissions, granted: Permissions): boolean {
  const has = new Map<string, string | undefined>(Object.entries(granted));
  return Object.entries(asked).every(
    ([name, level]) => has.get(name) === level || has.get(name) === 'write',
  );
}
