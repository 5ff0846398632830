// The routes of checks, which only apps may write, and of commit statuses.

import type { components } from '@octokit/openapi-types';

import { ApiError, checkLength, notFound, requireFields } from './api-error.ts';
import { applyCheck, checkDocument, createCheck, findChecks } from './checks.ts';
import { actorOf } from './credentials.ts';
import type { Caller } from './credentials.ts';
import { repositoryApiUrl, repositoryDocument } from './documents.ts';
import type { AppRecord } from './identity.ts';
import { resolveCommit } from './git-documents.ts';
import type { Route } from './routes.ts';
import { route, takePage } from './routes.ts';
import { addStatus, latestStatuses, simpleStatusDocument, statusDocument } from './statuses.ts';
import type { CheckRecord, World } from './world.ts';

const DESCRIPTION_MAX = 140;
const STATUSES_MAX = 1000;

export function checkRoutes(world: World): readonly Route[] {
  const find = (id: number): CheckRecord => {
    const found = world.checks.find((check) => check.id === id);
    if (found === undefined) throw notFound();
    return found;
  };

  return [
    route(
      'post',
      '/repos/{owner}/{repo}/check-runs',
      ['checks:write'],
      async ({ body, caller }) => {
        const app = appOf(caller);
        requireFields('CheckRun', body, 'name', 'head_sha');
        if ((await world.git.typeOf(body.head_sha)) !== 'commit') {
          throw new ApiError(422, `No commit found for SHA: ${body.head_sha}`);
        }
        const check = createCheck(world, app, body.head_sha, body);
        return { status: 201, body: checkDocument(world, check) };
      },
    ),

    route(
      'get',
      '/repos/{owner}/{repo}/check-runs/{check_run_id}',
      ['checks:read'],
      ({ path }) => ({ status: 200, body: checkDocument(world, find(path.check_run_id)) }),
    ),

    route(
      'patch',
      '/repos/{owner}/{repo}/check-runs/{check_run_id}',
      ['checks:write'],
      ({ path, body, caller }) => {
        const check = find(path.check_run_id);
        if (appOf(caller).id !== check.app.id) {
          throw new ApiError(
            403,
            'Invalid app_id `' +
              `${appOf(caller).id}` +
              '` - check run can only be modified by the GitHub App that created it.',
          );
        }
        applyCheck(world, check, body);
        return { status: 200, body: checkDocument(world, check) };
      },
    ),

    route(
      'get',
      '/repos/{owner}/{repo}/check-runs/{check_run_id}/annotations',
      ['checks:read'],
      (request) => {
        const { annotations } = find(request.path.check_run_id);
        const { items, link } = takePage(request, annotations);
        return { status: 200, body: items, link };
      },
    ),

    route(
      'get',
      '/repos/{owner}/{repo}/commits/{ref}/check-runs',
      ['checks:read'],
      async (request) => {
        const sha = await resolveCommit(world, request.path.ref);
        const found = findChecks(world, sha, request.query);
        const { items, link } = takePage(request, found);
        return {
          status: 200,
          body: {
            total_count: found.length,
            check_runs: items.map((check) => checkDocument(world, check)),
          },
          link,
        };
      },
    ),

    route(
      'post',
      '/repos/{owner}/{repo}/statuses/{sha}',
      ['statuses:write'],
      async ({ path: { sha }, body, caller }) => {
        requireFields('Status', body, 'state');
        checkLength(body.description, DESCRIPTION_MAX, () => tooLong());
        if ((await world.git.typeOf(sha)) !== 'commit') {
          throw new ApiError(422, `No commit found for SHA: ${sha}`);
        }
        const context = body.context ?? 'default';
        const before = world.statuses.filter(
          (status) => status.sha === sha && status.context === context,
        );
        if (before.length >= STATUSES_MAX) throw tooMany();
        const status = addStatus(world, {
          sha,
          context,
          state: body.state,
          description: body.description ?? null,
          targetUrl: body.target_url ?? null,
          creator: actorOf(caller),
        });
        return { status: 201, body: statusDocument(world, status) };
      },
    ),

    route(
      'get',
      '/repos/{owner}/{repo}/commits/{ref}/statuses',
      ['statuses:read'],
      async (request) => {
        const sha = await resolveCommit(world, request.path.ref);
        const found = world.statuses.filter((status) => status.sha === sha).toReversed();
        const { items, link } = takePage(request, found);
        return { status: 200, body: items.map((item) => statusDocument(world, item)), link };
      },
    ),

    route(
      'get',
      '/repos/{owner}/{repo}/commits/{ref}/status',
      ['statuses:read'],
      async (request) => {
        const sha = await resolveCommit(world, request.path.ref);
        const found = latestStatuses(world, sha);
        const { items, link } = takePage(request, found);
        const states = new Set(found.map(({ state }) => state));
        const url = `${repositoryApiUrl(world)}/commits/${sha}`;
        const body: components['schemas']['combined-commit-status'] = {
          state:
            states.has('failure') || states.has('error')
              ? 'failure'
              : states.has('pending') || states.size === 0
                ? 'pending'
                : 'success',
          statuses: items.map((status) => simpleStatusDocument(world, status)),
          sha,
          total_count: found.length,
          repository: repositoryDocument(world),
          commit_url: url,
          url: `${url}/status`,
        };
        return { status: 200, body, link };
      },
    ),
  ];
}

function appOf(caller: Caller): AppRecord {
  if (caller.kind === 'installation') return caller.app;
  throw new ApiError(403, 'You must authenticate via a GitHub App.');
}

function tooLong(): ApiError {
  return new ApiError(422, 'Validation Failed', {
    errors: [
      {
        resource: 'Status',
        field: 'description',
        code: 'custom',
        message: `description is too long (maximum is ${DESCRIPTION_MAX} characters)`,
      },
    ],
  });
}

function tooMany(): ApiError {
  return new ApiError(422, 'Validation Failed', {
    errors: [
      {
        resource: 'Status',
        code: 'custom',
        message: 'This SHA and context has reached the maximum number of statuses.',
      },
    ],
  });
}
