// The answers that every open dashboard asks for, written once per change: as long as nothing that they are made of has
// changed, the same text is sent again. Whether it has is seen by comparing references, without rendering anything.

import { hash } from 'node:crypto';

import type { ControllerView } from '../../reconciler/controller.ts';
import type { ApiContext, FleetInsight, ForgeView } from '../ports.ts';
import { productAnswer, statusAnswer } from '../product-answers.ts';

/** An answer as it is sent. */
export interface Rendering {
  readonly body: string;
  /** Weak; the same for the same body. */
  readonly etag: string;
}

export interface Renderings {
  /** `GET /status`. */
  status(): Rendering;
  /** `GET /products/{product}`; null where no product has that name. */
  product(name: string): Rendering | null;
  /** Raised whenever the answers may differ from what they were at the last look; never by rendering them. */
  generation(): number;
}

/** Creates an empty collection. It holds as many answers as there are products, and one. */
export function createRenderings(
  context: Pick<ApiContext, 'controller' | 'gateway' | 'forge' | 'version'>,
): Renderings {
  const { controller, gateway, forge, version } = context;
  let generation = 0;
  let inputs: readonly unknown[] = [];
  let status: Rendering | null = null;
  const products = new Map<string, Rendering>();

  /** The picture of now; drops what was rendered of another one. */
  const look = (): ControllerView => {
    const view = controller.view();
    const now = listInputs(view, gateway, forge?.view() ?? null);
    if (!isSameList(now, inputs)) {
      inputs = now;
      generation += 1;
      status = null;
      products.clear();
    }
    return view;
  };

  return {
    status() {
      const view = look();
      status ??= render(statusAnswer(view, gateway, forge, version));
      return status;
    },
    product(name) {
      const view = look();
      const known = products.get(name);
      if (known !== undefined) return known;
      const product = view.products.find((each) => each.product === name);
      if (product === undefined) return null;
      const rendering = render(productAnswer(product, view, gateway));
      products.set(name, rendering);
      return rendering;
    },
    generation() {
      look();
      return generation;
    },
  };
}

/** Everything that the answers are made of. A picture is never changed, only replaced. */
function listInputs(
  view: ControllerView,
  gateway: Pick<FleetInsight, 'isListening'>,
  forge: ForgeView | null,
): readonly unknown[] {
  const { problems, products, ...rest } = view;
  return [
    ...Object.values(rest),
    ...(forge === null ? [] : Object.values(forge)),
    ...problems,
    ...products.flatMap((each) => [...Object.values(each), gateway.isListening(each.product)]),
  ];
}

function isSameList(a: readonly unknown[], b: readonly unknown[]): boolean {
  return a.length === b.length && a.every((each, index) => each === b[index]);
}

function render(answer: unknown): Rendering {
  const body = JSON.stringify(answer);
  return { body, etag: `W/"${hash('sha1', body, 'base64url')}"` };
}
