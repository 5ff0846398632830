// Contacts that are not written yet: one entry per device, flushed about once a second. Kept until a write of them
// has succeeded, so a state that is away for a while loses none.

import type { Contact } from '../../model/device.ts';

/** A contact with the product it belongs to, as the store takes it. */
export type ProductContact = Contact & { readonly product: string };

export interface ContactBuffer {
  /** Notes that a device was heard. Replaces its earlier entry. */
  record(product: string, key: number, contact: Contact): void;
  /** The device's last contact, if it is not written yet. */
  last(key: number): Contact | null;
  /** Hands over what is noted; forgets it once `save` has resolved, and keeps it when `save` rejects. */
  flush(save: (contacts: ReadonlyMap<number, ProductContact>) => Promise<void>): Promise<void>;
}

/** Creates an empty buffer. */
export function createContactBuffer(): ContactBuffer {
  let noted = new Map<number, ProductContact>();
  let leaving: ReadonlyMap<number, ProductContact> = new Map();
  let flushing: Promise<void> = Promise.resolve();

  async function flushNow(
    save: (contacts: ReadonlyMap<number, ProductContact>) => Promise<void>,
  ): Promise<void> {
    leaving = noted;
    noted = new Map();
    try {
      await save(leaving);
    } catch (error) {
      for (const [key, contact] of leaving) if (!noted.has(key)) noted.set(key, contact);
      throw error;
    } finally {
      leaving = new Map();
    }
  }

  return {
    record(product, key, contact) {
      const { at, listened, steadyAt } = contact;
      noted.set(key, { product, at, listened, steadyAt });
    },
    last: (key) => noted.get(key) ?? leaving.get(key) ?? null,
    flush(save) {
      // One at a time: what is leaving belongs to one write.
      const flushed = flushing.then(() => flushNow(save));
      flushing = flushed.catch(() => {});
      return flushed;
    },
  };
}
