// A history of a staged release: how a fleet is set up, and what people, devices, clocks and machines do, in order.
// Plain data; how it is written down is in `history-text.ts`, how it is made in `make-history.ts`, what it means in
// `play-history.ts`. Time is counted in rounds: one is the poll interval of the devices.

import type { StrategySpec } from '../../../controller/model/desired.ts';

/** Whom a release is for: everybody, the group that lists its devices, or the one that matches `hw: b`. */
export type Audience = 'all' | 'listed' | 'matched';

/** How the fleet is before the first event. Every device runs version 1 or 2, and version 1 is released and finished. */
export interface Setup {
  /** What outcomes that are left to chance are drawn from. */
  readonly dice: number;
  readonly pollMinutes: number;
  /** A pass is made every so many rounds, besides those that a commit brings. */
  readonly passEvery: number;
  readonly retries: number;
  readonly timeoutRounds: number;
  readonly graceRounds: number;
  /** Whether devices report a boot counter. */
  readonly boots: boolean;
  /** Devices that verify a version. */
  readonly verifiers: number;
  /** Versions that the devices run at first; device 0 is the first of them. */
  readonly running: readonly number[];
  /** Hardware of the devices, `a` or `b` each. */
  readonly hardware: readonly Hardware[];
  /** The devices of the listed group. */
  readonly listed: readonly number[];
}

export type Hardware = 'a' | 'b';

/** How an attempt of a device ends. */
export type Fate =
  /** Installs, says so, boots, and names the version. */
  | 'works'
  /** Installs and boots without a word of success, and names the version. */
  | 'wordless'
  /** Works, but takes some rounds. */
  | 'slow'
  /** Reports a failure. */
  | 'fails'
  /** Says nothing more for a while, and has not installed it then. */
  | 'silent'
  /** Reports success, boots, and names the old version. */
  | 'pretends'
  /** Works, and names the old version some rounds later. */
  | 'fallsBack'
  /** Never reports anything, but goes on polling. */
  | 'stalls';

/** What a device does with a cancel. */
export type Manners = 'answers' | 'refuses' | 'ignores';

/** A change to the manifests. */
export type Edit =
  | { readonly type: 'firmware'; readonly version: number; readonly from: number | null }
  | {
      readonly type: 'release';
      readonly audience: Audience;
      readonly version: number;
      readonly strategy: StrategySpec;
    }
  | { readonly type: 'unrelease'; readonly audience: Audience }
  | { readonly type: 'strategy'; readonly audience: Audience; readonly strategy: StrategySpec }
  /** Approves a step by its number, from 0. */
  | { readonly type: 'approve'; readonly audience: Audience; readonly step: number }
  | { readonly type: 'attempt'; readonly audience: Audience }
  | { readonly type: 'pause' | 'unpause'; readonly audience: Audience }
  | { readonly type: 'withdraw' | 'restore'; readonly version: number }
  | {
      readonly type: 'lock';
      readonly device: number;
      readonly version: number;
      readonly flash: 'now' | 'on-reset';
    }
  | { readonly type: 'unlock'; readonly device: number };

export type HistoryEvent =
  | { readonly type: 'commit'; readonly edits: readonly Edit[] }
  /** Takes the last commit back. */
  | { readonly type: 'revert' }
  /** A revision of which a file cannot be read: `new` concerns all, `known` this product. */
  | { readonly type: 'broken'; readonly file: 'new' | 'known' }
  | { readonly type: 'wait'; readonly rounds: number }
  /** The controller does not run for a while; `kill` leaves what it had not written. */
  | { readonly type: 'restart' | 'kill'; readonly rounds: number }
  /** The machine serves nobody for a while, and the process then goes on. */
  | { readonly type: 'outage'; readonly rounds: number }
  /** The devices' network is away for a while. */
  | { readonly type: 'dark'; readonly rounds: number }
  | { readonly type: 'jump'; readonly minutes: number }
  | { readonly type: 'stop' | 'resume' }
  /** The next attempt of a device. */
  | { readonly type: 'fate'; readonly device: number; readonly fate: Fate }
  /** So many of a hundred attempts with a version end badly. */
  | { readonly type: 'spoil'; readonly version: number; readonly percent: number }
  | { readonly type: 'manners'; readonly device: number; readonly manners: Manners }
  /** How many polls a device waits before it fetches what it is shown. */
  | { readonly type: 'lazy'; readonly device: number; readonly polls: number }
  /** Somebody flashes a device by hand. */
  | { readonly type: 'reflash'; readonly device: number; readonly version: number }
  | { readonly type: 'silence'; readonly device: number; readonly rounds: number }
  | { readonly type: 'hardware'; readonly device: number; readonly hardware: Hardware }
  /** A new device appears. */
  | { readonly type: 'join'; readonly version: number; readonly hardware: Hardware };

export interface History {
  readonly setup: Setup;
  readonly events: readonly HistoryEvent[];
}
