// Settings of a fleet that belong to one driver and not to another, which the schemas cannot state without hiding which
// of them is wrong.

import type { Kind } from '../model/desired.ts';

export interface FleetMistake {
  /** Dotted path of the value. */
  readonly path: string;
  readonly message: string;
  readonly remedy: string;
}

type Fields = Readonly<Record<string, unknown>>;

/** Settings that only one driver has; all others are for both. */
const SETTINGS_OF: Readonly<Record<string, readonly string[]>> = {
  gateway: [
    'admission',
    'versionAttribute',
    'bootAttribute',
    'productAttribute',
    'part',
    'tenant',
    'rebootGrace',
    'groupBy',
  ],
  particle: ['product', 'drift'],
};

/** Settings of another driver than the one that is chosen, and those that the chosen one needs. */
export function checkFleet(kind: Kind, value: unknown): readonly FleetMistake[] {
  if (kind !== 'Product' || !isFields(value) || !isFields(value['spec'])) return [];
  const { fleet } = value['spec'];
  if (!isFields(fleet)) return [];
  const { driver } = fleet;
  if (typeof driver !== 'string' || !Object.hasOwn(SETTINGS_OF, driver)) return [];
  const mistakes = Object.entries(SETTINGS_OF)
    .filter(([other]) => other !== driver)
    .flatMap(([other, names]) =>
      names
        .filter((name) => Object.hasOwn(fleet, name))
        .map((name) => ({
          path: `spec.fleet.${name}`,
          message: `\`${name}\` is a setting of the driver \`${other}\`, and this product has \`${driver}\`.`,
          remedy: `Remove it, or write \`driver: ${other}\`.`,
        })),
    );
  if (driver !== 'particle' || Object.hasOwn(fleet, 'product')) return mistakes;
  return [
    ...mistakes,
    {
      path: 'spec.fleet',
      message: 'The driver `particle` needs `product`: the name by which Particle knows it.',
      remedy: 'Write its slug, such as `fleet: { driver: particle, product: thermostat-v2 }`.',
    },
  ];
}

function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
