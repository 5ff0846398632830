// The product itself in a plan: whether its configuration changes, and what of it has to stay as long as something in
// force needs it.

import type { Placed, ProductSpec } from '../model/desired.ts';
import type { Scope } from './scope.ts';
import { traceOf } from './scope.ts';

/** Decides on the Product manifest; comes after the groups, which may need what it leaves out. */
export function planConfig(scope: Scope): void {
  const { desired, inForce } = scope;
  if (desired.config === null) return;
  scope.nextConfig = withNeededTraits(scope, desired.config);
  const before = inForce.config;
  const changes = before === null ? ['new'] : changedFields(before.spec, scope.nextConfig.spec);
  if (changes.length > 0) {
    scope.actions.push({
      type: 'ConfigureProduct',
      changes,
      trace: traceOf(desired.config.origin),
    });
  }
}

/** Attributes that a group still in force matches go on being counted, or its devices would all leave it. */
function withNeededTraits(scope: Scope, config: Placed<ProductSpec>): Placed<ProductSpec> {
  const { fleet } = config.spec;
  const needed = scope.nextGroups.flatMap(({ spec }) => Object.keys(spec.match ?? {}));
  const groupBy = [...new Set([...fleet.groupBy, ...needed])];
  return groupBy.length === fleet.groupBy.length
    ? config
    : { ...config, spec: { ...config.spec, fleet: { ...fleet, groupBy } } };
}

function changedFields(before: ProductSpec, after: ProductSpec): readonly string[] {
  const keys = ['productId', 'platform', 'fleet', 'verification', 'guardrails'] as const;
  return keys.filter((key) => JSON.stringify(before[key]) !== JSON.stringify(after[key]));
}
