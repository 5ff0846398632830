// The dry run: how many devices would get an update if a version had these targets and no others.

import { invalidRequest } from './api-error.ts';
import { findFirmware } from './firmware-actions.ts';
import { targetOf } from './targets.ts';
import type { Product } from './world.ts';

export interface Impact {
  readonly total: number;
  readonly by_version: readonly { readonly version: number; readonly total: number }[];
}

export function previewImpact(product: Product, query: URLSearchParams): Impact {
  if (query.get('action') !== 'edit_groups_for_firmware') throw invalidRequest('Unknown action');
  const { version } = findFirmware(product, Number(query.get('firmware_version')));
  const names = (query.get('groups') ?? '').split(',').filter((name) => name !== '');
  const isDefault = query.get('product_default') === 'true';

  const groups = new Map(
    [...product.groups].map(([name, group]) => {
      const isHeld = names.includes(name);
      const isLeft = group.version === version && !isHeld;
      return [name, { ...group, version: isHeld ? version : isLeft ? null : group.version }];
    }),
  );
  const isLeft = product.defaultVersion === version && !isDefault;
  const after: Product = {
    ...product,
    groups,
    defaultVersion: isDefault ? version : isLeft ? null : product.defaultVersion,
  };
  const counts = new Map<number, number>();
  for (const device of product.devices.values()) {
    const target = targetOf({ ...device, product: after });
    if (target === null || target.version === device.reportedVersion) continue;
    counts.set(target.version, (counts.get(target.version) ?? 0) + 1);
  }
  const byVersion = [...counts].map(([version, total]) => ({ version, total }));
  return {
    total: byVersion.reduce((sum, { total }) => sum + total, 0),
    by_version: byVersion.sort((one, other) => one.version - other.version),
  };
}
