// What the reconciler works with: adapters behind their interfaces, and the knobs that a person sets at start.

import type { Clock } from '../base/clock.ts';
import type { Failure } from '../base/failure.ts';
import type { Result } from '../base/result.ts';
import type { FleetDriver } from '../fleets/driver.ts';
import type { Source } from '../sources/source.ts';
import type { BinaryStore } from '../stores/binaries.ts';
import type { Store } from '../stores/store.ts';
import type { RevisionLoader } from './revision-loader.ts';

/** Where the reconciler's log lines go; a pino logger fits. */
export interface ReconcilerLog {
  info(line: string): void;
  warn(line: string): void;
}

/** A pass that was made. */
export interface PassReport {
  readonly seconds: number;
  /** `failed`: none could be made, or the part of a product failed. */
  readonly outcome: 'ok' | 'failed';
}

export interface ReconcilerPorts {
  readonly store: Store;
  readonly binaries: BinaryStore;
  /** Null: what the state holds is kept in force, and nothing is read. */
  readonly source: Source | null;
  readonly loader: RevisionLoader;
  /** By the name that `fleet.driver` selects. */
  readonly drivers: ReadonlyMap<string, FleetDriver>;
  /** Opens a binary by URL. */
  readonly openUrl: (url: string) => Promise<Result<AsyncIterable<Uint8Array>, Failure>>;
  readonly clock: Clock;
  readonly log: ReconcilerLog;
  /** Is told of each pass; must not throw. */
  readonly onPass?: (pass: PassReport) => void;
}

export interface ReconcilerOptions {
  /** A person adopts every product that this state has never seen, for as long as the controller runs. */
  readonly adopt: boolean;
  /** False: the source is read only when `Controller.sync` is called. */
  readonly followSource: boolean;
  /** How often the source is read, before jitter. */
  readonly intervalMs: number;
  /** 0 up to 1; spreads the readings of many controllers. */
  readonly random: () => number;
}
