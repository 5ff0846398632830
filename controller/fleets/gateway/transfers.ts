// Running downloads: so that a withdrawal ends them at once, and so that a device's report waits until the delivery it
// goes back to is written.

import type { ProductPolicy } from '../../model/policy.ts';

/** One download under way. */
export interface Transfer {
  readonly product: string;
  readonly device: string;
  readonly version: number;
  readonly sha256: string;
  /** Breaks the connection. */
  abort(): void;
}

export interface Transfers {
  /** Starts to count a download; call the result when it is over in every way, also when it failed. */
  add(transfer: Transfer): TransferHandle;
  /** Breaks downloads of firmware that the policy no longer serves. Returns how many. */
  abortUnserved(product: string, policy: ProductPolicy | null): number;
  /** Breaks all. */
  abortAll(): void;
  /**
   * Resolves when no download of the device is on its last bytes any more (at once where none is), at the latest
   * after `WAIT_MAX_MS`: a fast device reports what it got before its gateway has noted that it was sent.
   */
  settled(product: string, device: string): Promise<void>;
  readonly running: number;
}

export interface TransferHandle {
  /** The file is read to its end; only the last bytes are still on their way. */
  ending(): void;
  end(): void;
}

const WAIT_MAX_MS = 2_000;

interface Entry {
  readonly transfer: Transfer;
  isEnding: boolean;
  readonly waiting: (() => void)[];
}

/** Creates an empty list. */
export function createTransfers(): Transfers {
  const entries = new Set<Entry>();

  function abortWhere(condition: (transfer: Transfer) => boolean): number {
    const doomed = [...entries].filter((entry) => condition(entry.transfer));
    for (const { transfer } of doomed) transfer.abort();
    return doomed.length;
  }

  return {
    add(transfer) {
      const entry: Entry = { transfer, isEnding: false, waiting: [] };
      entries.add(entry);
      return {
        ending() {
          entry.isEnding = true;
        },
        end() {
          entries.delete(entry);
          for (const resume of entry.waiting) resume();
        },
      };
    },
    abortUnserved: (product, policy) =>
      abortWhere((transfer) => transfer.product === product && !isServed(transfer, policy)),
    abortAll: () => void abortWhere(() => true),
    async settled(product, device) {
      if (entries.size === 0) return;
      const ending = [...entries].filter(
        ({ transfer, isEnding }) =>
          isEnding && transfer.product === product && transfer.device === device,
      );
      await Promise.all(ending.map(waitFor));
    },
    get running() {
      return entries.size;
    },
  };
}

function waitFor(entry: Entry): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, WAIT_MAX_MS);
    entry.waiting.push(() => {
      clearTimeout(timer);
      resolve();
    });
  });
}

function isServed(transfer: Transfer, policy: ProductPolicy | null): boolean {
  const firmware = policy?.firmware.get(transfer.version);
  return firmware !== undefined && !firmware.withdrawn && firmware.sha256 === transfer.sha256;
}
