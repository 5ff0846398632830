// Parts of manifests that the format defines and this version does not carry out. They are taken out before the
// schema check, so that using one refuses its manifest alone instead of freezing the products of its file.

import type { Kind } from '../model/desired.ts';

/** A use of something that is not carried out. */
export interface UnsupportedUse {
  /** Dotted path of the field. */
  readonly path: string;
  readonly message: string;
  readonly remedy: string;
}

type Fields = Readonly<Record<string, unknown>>;

const FIELDS: Readonly<Partial<Record<Kind, Readonly<Record<string, string>>>>> = {
  Firmware: {
    requires: 'Remove `requires`; until it is supported, release the stepping stone first.',
  },
  DeviceGroup: { match: 'List the devices of the group under `devices`.' },
  Release: {
    strategy:
      'Remove `strategy`; until it is supported, release to a `group` first, then to the product.',
    approved: 'Remove `approved`.',
    attempt: 'Remove `attempt`.',
    paused: 'Remove `paused`; to stop a rollout use `lockstep stop`.',
  },
};

function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function findUse(field: string, remedy: string): UnsupportedUse {
  return {
    path: `spec.${field}`,
    message: `\`spec.${field}\` is not carried out by this version of Lockstep.`,
    remedy,
  };
}

/** Splits a manifest into its unsupported uses and the rest, which is what the schema has to accept. */
export function splitUnsupported(
  kind: Kind,
  value: unknown,
): { readonly uses: readonly UnsupportedUse[]; readonly rest: unknown } {
  if (!isFields(value) || !isFields(value['spec'])) return { uses: [], rest: value };
  const spec = value['spec'];
  const known = FIELDS[kind] ?? {};
  const uses = Object.keys(spec)
    .filter((field) => Object.hasOwn(known, field))
    .map((field) => findUse(field, known[field] ?? ''));
  const rest = new Map(Object.entries(spec).filter(([field]) => !Object.hasOwn(known, field)));
  // A group by `match` has no `devices`, which is no mistake of its own.
  if (Object.hasOwn(spec, 'match') && kind === 'DeviceGroup' && !rest.has('devices')) {
    rest.set('devices', ['matched']);
  }
  const fleet = spec['fleet'];
  if (kind === 'Product' && isFields(fleet) && fleet['driver'] === 'particle') {
    uses.push({
      path: 'spec.fleet.driver',
      message: 'The driver `particle` is not carried out by this version of Lockstep.',
      remedy: 'Use `driver: gateway`, or a version of Lockstep that supports `particle`.',
    });
    rest.set('fleet', { driver: 'gateway' });
  }
  if (uses.length === 0) return { uses, rest: value };
  return { uses, rest: { ...value, spec: Object.fromEntries(rest) } };
}
