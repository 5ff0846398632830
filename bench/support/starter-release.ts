// The strategy of a newcomer's release, read from the very files that `lockstep init` writes.

import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

import { assert } from '../../controller/base/assert.ts';
import { buildStarter } from '../../controller/cli/starter.ts';
import type { StrategySpec } from '../../controller/model/desired.ts';
import { createRevisionLoader } from '../../controller/reconciler/revision-loader.ts';
import { createDirectorySource } from '../../controller/sources/directory/directory-source.ts';
import { readSource } from './serve-fleet.ts';

/** Writes a starter into `directory`, which is made, and reads the strategy of its release. */
export async function readStarterStrategy(directory: string): Promise<StrategySpec> {
  for (const [path, content] of buildStarter()) {
    mkdirSync(dirname(join(directory, path)), { recursive: true });
    writeFileSync(join(directory, path), content);
  }
  const source = createDirectorySource({ directory, settleMs: 0, exclude: [] });
  try {
    const { products } = await readSource(source, createRevisionLoader());
    const [desired] = Object.values(products);
    const [release] = desired?.releases ?? [];
    assert(release !== undefined, 'a starter releases something');
    return release.spec.strategy;
  } finally {
    await source.close();
  }
}
