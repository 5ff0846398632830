// What the parts of the gateway share: its ports, its options, and the little that it keeps in memory. Nothing in here
// decides about a device; that is in the state.

import type { Clock, EpochMs } from '../../base/clock.ts';
import type { BinaryStore } from '../../stores/binaries.ts';
import type { Store } from '../../stores/store.ts';
import type { ActionIds } from '../action-ids.ts';
import type { ContactBuffer } from './contact-buffer.ts';
import type { AccessRules } from './credentials.ts';
import type { RegistrationCap } from './registration-cap.ts';
import type { ServedProducts } from './served-products.ts';
import type { Transfers } from './transfers.ts';

/** Where the gateway's few log lines go; a pino logger fits. */
export interface GatewayLog {
  info(line: string): void;
  warn(line: string): void;
}

export interface GatewayPorts {
  readonly store: Store;
  readonly binaries: BinaryStore;
  readonly clock: Clock;
  readonly log: GatewayLog;
}

export interface GatewayOptions extends AccessRules {
  /** What links start with, such as `https://devices.example.com`; null: what the device used. */
  readonly publicUrl: string | null;
  /** Strangers that may register in a minute, per product; `REGISTRATIONS_PER_MINUTE_MAX` where it is left out. */
  readonly registrationsPerMinuteMax?: number;
  /** How far apart ticks are, in milliseconds; `TICK_MS` where it is left out. */
  readonly tickMs?: number;
}

/** How far apart ticks are, in milliseconds. */
export const TICK_MS = 1_000;

/** The gateway as its parts see it. */
export interface Gateway extends GatewayPorts {
  readonly options: GatewayOptions;
  /** A wall clock that does not jump while the process runs (`steady-clock.ts`). */
  readonly steadyNow: () => EpochMs;
  readonly products: ServedProducts;
  readonly contacts: ContactBuffer;
  readonly actionIds: ActionIds;
  readonly transfers: Transfers;
  readonly registrations: RegistrationCap;
  /** Tells whoever watches that something worth a pass happened in a product's fleet. */
  notify(product: string): void;
}
