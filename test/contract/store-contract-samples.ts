// What every store has to do with samples of how releases went.

import { describe, expect, it } from 'vitest';

import type { ReleaseSample } from '../../controller/model/release-sample.ts';
import type { Store } from '../../controller/stores/store.ts';
import { PRODUCT } from './store-fixtures.ts';

const NOTHING = { add: [], dropped: [], forgotten: [] };

function sampleAt(round: number, at: number): ReleaseSample {
  return { round, at, exposure: 100, inFlight: 1, succeeded: at, failed: 3 };
}

export function describeSamples(current: () => Store, reopen: () => Promise<Store>): void {
  describe('samples of releases', () => {
    it('are kept by product and round across a restart, oldest first', async () => {
      expect(await current().releaseSamples(PRODUCT)).toEqual([]);
      const add = [sampleAt(2, 5), sampleAt(10, 4), sampleAt(2, 3)];
      await current().saveReleaseSamples(PRODUCT, { ...NOTHING, add });
      await current().saveReleaseSamples('pump', { ...NOTHING, add: [sampleAt(2, 9)] });
      const store = await reopen();
      const kept = [sampleAt(2, 3), sampleAt(2, 5), sampleAt(10, 4)];
      expect(await store.releaseSamples(PRODUCT)).toEqual(kept);
      expect(await store.releaseSamples('pump')).toEqual([sampleAt(2, 9)]);
    });

    it('are dropped one by one, forgotten by round, and replaced, of one product alone', async () => {
      const add = [sampleAt(1, 1), sampleAt(1, 2), sampleAt(2, 1), sampleAt(2, 2), sampleAt(3, 1)];
      await current().saveReleaseSamples(PRODUCT, { ...NOTHING, add });
      await current().saveReleaseSamples('pump', { ...NOTHING, add });
      const again = { ...sampleAt(3, 1), failed: 9 };
      await current().saveReleaseSamples(PRODUCT, {
        add: [again],
        dropped: [{ round: 2, at: 1 }],
        forgotten: [1],
      });
      expect(await current().releaseSamples(PRODUCT)).toEqual([sampleAt(2, 2), again]);
      expect(await current().releaseSamples('pump')).toEqual(add);
    });
  });
}
