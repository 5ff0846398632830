// What is remembered of contacts: the same as a plain map would, over any blocks of keys.

import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { createCounted } from '../../../controller/stores/sqlite/counted.ts';

describe('where devices are counted', () => {
  const key = fc.oneof(fc.nat(20_000), fc.constantFrom(0, 4_095, 4_096, 8_191, 50_000_000));
  const step = fc.oneof(
    { weight: 4, arbitrary: fc.record({ set: key, slot: fc.maxSafeNat(), day: fc.nat(100_000) }) },
    { weight: 2, arbitrary: fc.record({ delete: key }) },
    { weight: 1, arbitrary: fc.constant({ clear: true }) },
  );

  it('is remembered until it is forgotten', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 200 }), fc.array(key), (steps, others) => {
        const counted = createCounted();
        const model = new Map<number, { readonly slot: number; readonly day: number }>();
        const keys = new Set(others);
        for (const each of steps) {
          if ('set' in each) {
            counted.set(each.set, each.slot, each.day);
            model.set(each.set, { slot: each.slot, day: each.day });
            keys.add(each.set);
          } else if ('delete' in each) {
            counted.delete(each.delete);
            model.delete(each.delete);
            keys.add(each.delete);
          } else {
            counted.clear();
            model.clear();
          }
        }
        for (const one of keys) expect(counted.get(one)).toEqual(model.get(one) ?? null);
      }),
    );
  });
});
