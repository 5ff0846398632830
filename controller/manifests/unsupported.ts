// Parts of manifests that the format defines and this version does not carry out. They are taken out before the
// schema check, so that using one refuses its manifest alone instead of freezing the products of its file.

import type { Kind } from '../model/desired.ts';

/** A use of something that is not carried out. */
export interface UnsupportedUse {
  /** Dotted path of the value. */
  readonly path: string;
  readonly message: string;
  readonly remedy: string;
}

type Fields = Readonly<Record<string, unknown>>;

function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Splits a manifest into its unsupported uses and the rest, which is what the schema has to accept. */
export function splitUnsupported(
  kind: Kind,
  value: unknown,
): { readonly uses: readonly UnsupportedUse[]; readonly rest: unknown } {
  if (kind !== 'Product' || !isFields(value) || !isFields(value['spec'])) {
    return { uses: [], rest: value };
  }
  const spec = value['spec'];
  const fleet = spec['fleet'];
  if (!isFields(fleet) || fleet['driver'] !== 'particle') return { uses: [], rest: value };
  const use = {
    path: 'spec.fleet.driver',
    message: 'The driver `particle` is not carried out by this version of Lockstep.',
    remedy: 'Use `driver: gateway`, or a version of Lockstep that supports `particle`.',
  };
  const rest = { ...value, spec: { ...spec, fleet: { driver: 'gateway' } } };
  return { uses: [use], rest };
}
