// What has changed since the last look, as topics. One look serves every open dashboard: what it costs does not depend on
// how many there are, and next to nothing while nothing happens.

import { hash } from 'node:crypto';

import type { ControllerView, ProductView } from '../../reconciler/controller.ts';
import type { ApiContext } from '../ports.ts';
import { groupAnswers, lockAnswers, productAnswer, statusAnswer } from '../product-answers.ts';
import type { Renderings } from './renderings.ts';

/** `status`, `events`, or `product:NAME`. */
export type Topic = 'status' | 'events' | `product:${string}`;

export interface Changes {
  /**
   * The topics that changed since the look before, in no particular order; the first look finds none. Rejects where the
   * state cannot be read: the next look finds what this one did not.
   */
  look(): Promise<readonly Topic[]>;
  /** Id of the newest event that a look has seen; 0 where there is none. */
  newestEvent(): number;
}

/** Creates the observer. */
export function createChanges(
  context: Pick<ApiContext, 'controller' | 'store' | 'gateway' | 'forge' | 'version'>,
  renderings: Pick<Renderings, 'generation'>,
): Changes {
  const { controller, store, gateway, forge, version } = context;
  let generation = 0;
  let digests: ReadonlyMap<Topic, string> | null = null;
  let newest = 0;

  const digestStatus = (view: ControllerView): string =>
    // A pass that changes nothing else is no news.
    digest({ ...statusAnswer(view, gateway, forge, version), passes: 0 });

  const digestProduct = (product: ProductView, view: ControllerView): string => {
    const { inForce, live, plan } = product;
    return digest([
      productAnswer(product, view, gateway),
      lockAnswers(product),
      groupAnswers(product),
      inForce.firmware,
      live?.firmware ?? null,
      live?.evidence ?? null,
      plan?.gates ?? null,
    ]);
  };

  const digestAll = (view: ControllerView): ReadonlyMap<Topic, string> =>
    new Map<Topic, string>([
      ['status', digestStatus(view)],
      ...view.products.map((each): [Topic, string] => [
        `product:${each.product}`,
        digestProduct(each, view),
      ]),
    ]);

  return {
    async look() {
      const [event] = await store.events({ limit: 1 });
      const isFirst = digests === null;
      const topics: Topic[] = [];
      const now = renderings.generation();
      if (now !== generation || digests === null) {
        const found = digestAll(controller.view());
        if (digests !== null) topics.push(...findDifferences(digests, found));
        digests = found;
        generation = now;
      }
      const id = event?.id ?? 0;
      if (id !== newest && !isFirst) topics.push('events');
      newest = id;
      return topics;
    },
    newestEvent: () => newest,
  };
}

/** Also those that are gone. */
function findDifferences(
  before: ReadonlyMap<Topic, string>,
  after: ReadonlyMap<Topic, string>,
): readonly Topic[] {
  const all = new Set([...before.keys(), ...after.keys()]);
  return [...all].filter((topic) => before.get(topic) !== after.get(topic));
}

function digest(value: unknown): string {
  return hash('sha1', JSON.stringify(value), 'base64url');
}
