// Where the manifest that an event goes back to stands, for a link to it: found as long as the manifest is in force, or in
// the newest reading, with the very text that the event is about. Pure.

import { type Desired, listOrigins, type Origin } from '../model/desired.ts';
import type { ControllerView } from '../reconciler/controller.ts';
import type { PlaceJson } from '../reports/answers.ts';

/** What names a manifest at a revision. */
interface Traced {
  readonly product: string | null;
  readonly revision: string | null;
  /** `Kind/name`. */
  readonly manifest: string | null;
}

const NOWHERE: PlaceJson = { file: null, line: null, column: null };

/** What is in force changes seldom, and pages of events are asked for often. */
const known = new WeakMap<Desired, ReadonlyMap<string, Origin>>();

/** All null where the manifest is not at hand. */
export function findManifestPlace(traced: Traced, view: ControllerView): PlaceJson {
  const { product, revision, manifest } = traced;
  if (product === null || revision === null || manifest === null) return NOWHERE;
  const { products = {} } = view.snapshot ?? {};
  const newest = Object.hasOwn(products, product) ? products[product] : undefined;
  const inForce = view.products.find((each) => each.product === product)?.inForce;
  for (const desired of [inForce, newest]) {
    const origin =
      desired === undefined ? undefined : indexOf(desired).get(keyOf(manifest, revision));
    if (origin !== undefined) {
      return { file: origin.file, line: origin.line, column: origin.column };
    }
  }
  return NOWHERE;
}

function indexOf(desired: Desired): ReadonlyMap<string, Origin> {
  const index =
    known.get(desired) ??
    new Map(
      listOrigins(desired).map((origin) => [
        keyOf(`${origin.kind}/${origin.name}`, origin.revision),
        origin,
      ]),
    );
  known.set(desired, index);
  return index;
}

function keyOf(manifest: string, revision: string): string {
  return `${revision} ${manifest}`;
}
