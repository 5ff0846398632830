// What is looked at before a product is touched.

import { describe, expect, it } from 'vitest';

import { ok } from '../../../controller/base/result.ts';
import type { Client } from '../../../controller/fleets/particle/client.ts';
import { checkProduct } from '../../../controller/fleets/particle/self-check.ts';

function clientOf(skewMs: number | null): Client {
  const part: Partial<Client> = {
    scopes: async () => ok(null),
    product: async () => ok({ id: 94, slug: 'thermostat', name: 'Thermostat', platformId: 12 }),
    skewMs: () => skewMs,
  };
  return part as Client;
}

async function warningsOf(skewMs: number | null): Promise<readonly string[]> {
  const checked = await checkProduct(clientOf(skewMs), 'thermostat', null);
  if (!checked.ok) throw new Error(checked.error.message);
  return checked.value.warnings;
}

describe('the two clocks', () => {
  it('may be a minute apart, or unknown', async () => {
    for (const skewMs of [null, 0, 60_000, -60_000]) {
      expect(await warningsOf(skewMs)).toEqual([]);
    }
  });

  it('are warned of beyond that, with the side and how far they are apart', async () => {
    expect(await warningsOf(90_400)).toEqual([
      "This machine's clock is 90 s behind Particle's: set it right.",
    ]);
    expect(await warningsOf(-61_000)).toEqual([
      "This machine's clock is 61 s ahead of Particle's: set it right.",
    ]);
  });
});
