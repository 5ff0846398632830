// Proposals: changes of the manifests that a person asks for, shown first, then opened as pull requests. None of these
// routes moves the fleet.

import type { FastifyInstance, FastifyReply } from 'fastify';

import { unreachable } from '../../base/assert.ts';
import type { DeskRefusal, ProposalPreview } from '../../proposer/ports.ts';
import { listPossible } from '../../proposer/possible.ts';
import type { ProposalRequest } from '../../proposer/request.ts';
import type { ProposalPreviewJson } from '../../reports/proposal-answers.ts';
import { renderFileDiff } from '../../reports/file-diff.ts';
import { planJson } from '../../reports/plan-json.ts';
import { sendError, sendFailure, sendUnknownProduct } from '../errors.ts';
import type { ApiContext } from '../ports.ts';
import { failureAnswer, problemAnswer } from '../product-answers.ts';
import { object, ref } from '../schemas/build.ts';
import { POSSIBLE_PROPOSALS } from '../schemas/proposal-schemas.ts';
import { findProduct } from './fleet-routes.ts';
import { describeRoute, PRODUCT_PARAMS, type ProductParams } from './route.ts';

/** What may be left out of a request, by its kind. */
interface LeftOut {
  readonly lock: 'reason';
  readonly unlock: never;
  readonly release: 'group';
  readonly withdraw: 'url';
  readonly approve: 'group';
  readonly resume: 'group';
}

type Loose<R, K> = Omit<R, K & keyof R> & { readonly [P in keyof R & K]?: R[P] };

/** A request as it comes in. */
type ProposalBody = {
  [K in keyof LeftOut]: Loose<Extract<ProposalRequest, { readonly kind: K }>, LeftOut[K]>;
}[keyof LeftOut];

/** Adds the routes. */
export function addProposalRoutes(app: FastifyInstance, context: ApiContext): void {
  const { proposals, log } = context;

  app.post<{ Body: ProposalBody }>(
    '/proposals/preview',
    describeRoute({
      operationId: 'previewProposal',
      summary: 'Show a change of the manifests, and what it would lead to; opens nothing',
      tag: 'proposals',
      role: 'viewer',
      body: ref('ProposalRequest'),
      answer: ref('ProposalPreview'),
    }),
    async (request, reply) => {
      if (proposals === null) return sendNoSource(reply);
      const shown = await proposals.preview(requestOf(request.body), request.caller);
      return shown.ok ? previewAnswer(shown.value) : sendRefusal(reply, shown.error);
    },
  );

  app.post<{ Body: ProposalBody }>(
    '/proposals',
    describeRoute({
      operationId: 'openProposal',
      summary: 'Open the pull request of a change, or find the open one of an equal change',
      tag: 'proposals',
      role: 'deployer',
      body: ref('ProposalRequest'),
      answer: object({ pullRequest: ref('PullRequest') }),
    }),
    async (request, reply) => {
      if (proposals === null) return sendNoSource(reply);
      const { kind, product } = request.body;
      log.info(`pull request asked for (${kind}, ${product}) by ${request.caller}`);
      const opened = await proposals.open(requestOf(request.body), request.caller);
      return opened.ok ? { pullRequest: opened.value } : sendRefusal(reply, opened.error);
    },
  );

  app.get<{ Params: ProductParams }>(
    '/products/:product/proposals',
    describeRoute({
      operationId: 'listPossibleProposals',
      summary: 'What may be proposed of a product, and why not the rest',
      tag: 'proposals',
      role: 'viewer',
      params: PRODUCT_PARAMS,
      answer: POSSIBLE_PROPOSALS,
    }),
    async (request, reply) => {
      const product = findProduct(context, request.params.product);
      if (product === null) return sendUnknownProduct(reply, request.params.product);
      return { items: listPossible(product) };
    },
  );
}

function requestOf(body: ProposalBody): ProposalRequest {
  switch (body.kind) {
    case 'lock':
      return { ...body, reason: body.reason ?? null };
    case 'withdraw':
      return { ...body, url: body.url ?? null };
    case 'release':
    case 'approve':
    case 'resume':
      return { ...body, group: body.group ?? null };
    case 'unlock':
      return body;
    default:
      return unreachable(body);
  }
}

function previewAnswer({
  plan,
  problems,
  files,
  obstacle,
  ...preview
}: ProposalPreview): ProposalPreviewJson {
  return {
    ...preview,
    files: files.map(({ path, before, after }) => ({
      path,
      before,
      after,
      diff: renderFileDiff(path, before, after),
    })),
    plan: plan.ok ? planJson(plan.value) : null,
    planFailure: plan.ok ? null : failureAnswer(plan.error),
    problems: problems.map(problemAnswer),
    open: { may: obstacle === null, reason: obstacle },
  };
}

function sendRefusal(reply: FastifyReply, refusal: DeskRefusal): FastifyReply {
  switch (refusal.kind) {
    case 'refused':
      return sendError(reply, 422, refusal.code, refusal.message, refusal.remedy);
    case 'noForge':
      return sendError(reply, 409, 'NoForge', refusal.message, refusal.remedy);
    case 'failed':
      return sendFailure(reply, refusal.failure);
    default:
      return unreachable(refusal);
  }
}

function sendNoSource(reply: FastifyReply): FastifyReply {
  const message = 'This controller follows no source, so there is nothing to propose a change of.';
  const remedy = 'Start it with a fleet repo: `lockstep run DIR`.';
  return sendError(reply, 409, 'NoSource', message, remedy);
}
