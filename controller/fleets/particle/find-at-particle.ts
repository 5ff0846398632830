// A single reading of a product at Particle, with the machine's own clock and timers, for a command that imports it.

import { setTimeout as sleep } from 'node:timers/promises';

import { systemClock } from '../../base/clock.ts';
import type { Failure } from '../../base/failure.ts';
import type { Result } from '../../base/result.ts';
import type { FoundProduct } from '../../model/found-product.ts';
import { createBudget } from './budget.ts';
import { createClient } from './client.ts';
import { type FindProgress, findProduct } from './find-product.ts';
import { PARTICLE_API } from './particle-driver.ts';

/** Reads a product, with its binaries; changes nothing. `api` is the address of the API; null: Particle's own. */
export async function findAtParticle({
  product,
  token,
  api,
  progress,
}: {
  readonly product: string;
  readonly token: string;
  readonly api: string | null;
  readonly progress: FindProgress;
}): Promise<Result<FoundProduct, Failure>> {
  const now = (): number => systemClock.now();
  const budget = createBudget({ clock: systemClock, sleep });
  const client = createClient({ api: api ?? PARTICLE_API, token, budget, now, sleep });
  try {
    return await findProduct(client, product, { clock: systemClock, sleep, progress });
  } finally {
    await client.close();
  }
}
