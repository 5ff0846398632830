// What people watch: how releases go, and what stands against the manifests of the source.

import type { FastifyInstance } from 'fastify';

import type { PullRequest } from '../../model/pull-request.ts';
import type { ProductView } from '../../reconciler/controller.ts';
import { sendUnknownProduct } from '../errors.ts';
import type { ApiContext } from '../ports.ts';
import { rolloutAnswers } from '../rollout-answers.ts';
import { ref } from '../schemas/build.ts';
import { WATCH_LISTS } from '../schemas/watch-schemas.ts';
import { REFUSALS_SHOWN, sourcesAnswer } from '../source-answers.ts';
import { listStanding } from '../standing-problems.ts';
import { findProduct } from './fleet-routes.ts';
import { describeRoute, PRODUCT_PARAMS, type ProductParams } from './route.ts';

/** Adds the routes. */
export function addWatchRoutes(app: FastifyInstance, context: ApiContext): void {
  const { controller, store, gateway, pages } = context;

  app.get<{ Params: ProductParams }>(
    '/products/:product/rollouts',
    describeRoute({
      operationId: 'listRollouts',
      summary: 'How the releases in force go, and went',
      tag: 'fleet',
      role: 'viewer',
      params: PRODUCT_PARAMS,
      answer: WATCH_LISTS.rollouts,
    }),
    async (request, reply) => {
      const product = findProduct(context, request.params.product);
      if (product === null) return sendUnknownProduct(reply, request.params.product);
      const items = rolloutAnswers({
        product,
        samples: await store.releaseSamples(product.product),
        pullRequests: await findPullRequests(product),
        pages,
        isListening: gateway.isListening(product.product),
      });
      return { items };
    },
  );

  app.get(
    '/sources',
    describeRoute({
      operationId: 'getSources',
      summary: 'Where the manifests come from, and what is refused of them',
      tag: 'fleet',
      role: 'viewer',
      answer: ref('Sources'),
    }),
    async () => {
      const view = controller.view();
      const standing = listStanding(view);
      const revision = view.snapshot?.revision ?? null;
      const shown = standing.slice(0, REFUSALS_SHOWN);
      const places = shown.flatMap((each) =>
        each.place === null || each.revision !== revision ? [] : [each.place],
      );
      const found = revision === null ? [] : await controller.excerpts(revision, places);
      const byPlace = new Map(places.map((place, index) => [place, found[index] ?? null]));
      const excerpts = shown.map(({ place }) =>
        place === null ? null : (byPlace.get(place) ?? null),
      );
      return sourcesAnswer(view, pages, standing, excerpts);
    },
  );

  /** Those that brought the manifests of the releases, where they were reviewed here. */
  async function findPullRequests({
    inForce,
  }: ProductView): Promise<ReadonlyMap<string, Pick<PullRequest, 'number' | 'url'>>> {
    const found = new Map<string, Pick<PullRequest, 'number' | 'url'>>();
    for (const revision of new Set(inForce.releases.map(({ origin }) => origin.revision))) {
      const [review] = await store.reviews({ merged: revision });
      if (review !== undefined) found.set(revision, review.pullRequest);
    }
    return found;
  }
}
