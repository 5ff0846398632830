// The part of the store contract that is about the notes of fleet drivers.

import { expect, describe, it } from 'vitest';

import type { Store } from '../../controller/stores/store.ts';

/** Describes notes; `reopen` closes the current store and opens it again. */
export function describeDriverNotes(current: () => Store, reopen: () => Promise<Store>): void {
  describe('the notes of a fleet driver', () => {
    it('are none before they are saved', async () => {
      expect(await current().driverNotes('thermostat')).toBeNull();
    });

    it('are the last that were saved of a product, also after a restart', async () => {
      await current().saveDriverNotes('thermostat', 'first');
      await current().saveDriverNotes('thermostat', '{"locks":{"é":1}}');
      await current().saveDriverNotes('kettle', 'another');
      await reopen();
      expect(await current().driverNotes('thermostat')).toBe('{"locks":{"é":1}}');
      expect(await current().driverNotes('kettle')).toBe('another');
    });
  });
}
