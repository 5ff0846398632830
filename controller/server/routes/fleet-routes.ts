// What the controller knows: the status, the products, and what is in force for each of them. All of it comes from the
// controller's memory, except what the state remembers of firmware.

import type { FastifyInstance, FastifyReply } from 'fastify';

import { sendFailure, sendUnknownProduct } from '../errors.ts';
import { firmwareAnswers } from '../firmware-answers.ts';
import type { Rendering, Renderings } from '../live/renderings.ts';
import type { ApiContext } from '../ports.ts';
import { groupAnswers, lockAnswers, releaseAnswers, summaryAnswer } from '../product-answers.ts';
import type { ProductView } from '../../reconciler/controller.ts';
import { ref, type Schema } from '../schemas/build.ts';
import { PRODUCT_LISTS } from '../schemas/product-schemas.ts';
import { describeRoute, PRODUCT_PARAMS, type ProductParams } from './route.ts';

/** Adds the routes. */
export function addFleetRoutes(
  app: FastifyInstance,
  context: ApiContext,
  renderings: Renderings,
): void {
  const { controller, store, gateway } = context;

  app.get(
    '/status',
    describeRoute({
      operationId: 'getStatus',
      summary: 'What the controller knows',
      tag: 'fleet',
      role: 'viewer',
      answer: ref('Status'),
    }),
    async (_request, reply) => sendRendering(reply, renderings.status()),
  );

  app.get(
    '/products',
    describeRoute({
      operationId: 'listProducts',
      summary: 'All products in short',
      tag: 'fleet',
      role: 'viewer',
      answer: PRODUCT_LISTS.products,
    }),
    async () => {
      const view = controller.view();
      return { items: view.products.map((product) => summaryAnswer(product, view, gateway)) };
    },
  );

  app.get<{ Params: ProductParams }>(
    '/products/:product',
    describeRoute({
      operationId: 'getProduct',
      summary: 'One product in full',
      tag: 'fleet',
      role: 'viewer',
      params: PRODUCT_PARAMS,
      answer: ref('Product'),
    }),
    async (request, reply) => {
      const rendering = renderings.product(request.params.product);
      if (rendering === null) return sendUnknownProduct(reply, request.params.product);
      return sendRendering(reply, rendering);
    },
  );

  addList('firmware', 'listFirmware', 'The versions of a product', async (product) =>
    firmwareAnswers(
      product,
      await store.firmware(product.product),
      await store.evidence(product.product),
      controller.view().snapshot,
    ),
  );
  addList('releases', 'listReleases', 'The releases in force', releaseAnswers);
  addList('locks', 'listLocks', 'The locks in force', lockAnswers);
  addList('groups', 'listGroups', 'The groups in force', groupAnswers);

  app.get<{ Params: ProductParams }>(
    '/products/:product/convergence',
    describeRoute({
      operationId: 'getConvergence',
      summary: 'How far the devices are with what is in force',
      tag: 'fleet',
      role: 'viewer',
      params: PRODUCT_PARAMS,
      answer: ref('Convergence'),
    }),
    async (request, reply) => {
      const result = await controller.convergence(request.params.product);
      return result.ok ? result.value : sendFailure(reply, result.error);
    },
  );

  function addList(
    name: keyof typeof PRODUCT_LISTS,
    operationId: string,
    summary: string,
    list: (product: ProductView) => readonly unknown[] | Promise<readonly unknown[]>,
  ): void {
    const answer: Schema = PRODUCT_LISTS[name];
    app.get<{ Params: ProductParams }>(
      `/products/:product/${name}`,
      describeRoute({
        operationId,
        summary,
        tag: 'fleet',
        role: 'viewer',
        params: PRODUCT_PARAMS,
        answer,
      }),
      async (request, reply) => {
        const product = findProduct(context, request.params.product);
        if (product === null) return sendUnknownProduct(reply, request.params.product);
        return { items: await list(product) };
      },
    );
  }
}

/** What the controller knows of a product; null where it knows none of that name. */
export function findProduct(context: ApiContext, name: string): ProductView | null {
  return context.controller.view().products.find(({ product }) => product === name) ?? null;
}

function sendRendering(reply: FastifyReply, { body, etag }: Rendering): FastifyReply {
  return reply.header('etag', etag).type('application/json; charset=utf-8').send(body);
}
