// What the notifier works with, and what it shows.

import type { Clock } from '../base/clock.ts';
import type { Controller } from '../reconciler/controller.ts';
import type { ReconcilerLog } from '../reconciler/ports.ts';
import type { Store } from '../stores/store.ts';

export interface NotifierPorts {
  readonly store: Pick<Store, 'events' | 'noticeCursors' | 'saveNoticeCursors'>;
  /** Each pass may have written events; they are looked for then. */
  readonly controller: Pick<Controller, 'nextPass'>;
  readonly clock: Pick<Clock, 'now' | 'monotonicMs'>;
  readonly log: ReconcilerLog;
}

export interface NotifierOptions {
  /** Of Lockstep. */
  readonly version: string;
  /** 0 up to 1; spreads the tries of many controllers. */
  readonly random: () => number;
  readonly times?: Partial<NotifierTimes>;
}

/** In milliseconds. */
export interface NotifierTimes {
  /** For one request with its answer. */
  readonly limit: number;
  /** Pause after the first failure; doubled with each further one, up to `pauseMax`. */
  readonly pause: number;
  readonly pauseMax: number;
  /** Least time between two looks into the log. */
  readonly lookGap: number;
  /** Longest time between two looks. */
  readonly look: number;
  /** Least time between two writes of a cursor for which nothing was sent. */
  readonly idleSave: number;
  /** How long a close waits for the answers to requests under way. */
  readonly closeGrace: number;
}

/** A target as metrics show it; counts are since the start of the process. */
export interface TargetView {
  readonly name: string;
  /** Notices that it took. */
  readonly sent: number;
  /** Tries that failed, whatever came of the notice. */
  readonly failed: number;
  /** Notices that it will never get: it refused them, or was away for too long. */
  readonly dropped: number;
  /** Notices that wait to be sent. */
  readonly pending: number;
}
