// Notices: what is told to people and programs outside when something happens in the log.

import type { EpochMs } from '../base/clock.ts';
import type { Event, EventType } from './event.ts';

/** What a notice is about, as settings name it (`on`). */
export type NoticeKind =
  | 'refused'
  | 'verified'
  | 'step'
  | 'halted'
  | 'rolled-back'
  | 'done'
  | 'stopped'
  | 'resumed'
  | 'waiting';

/** The events that are told, and as what. */
export const NOTICED_EVENTS: ReadonlyMap<EventType, NoticeKind> = new Map<EventType, NoticeKind>([
  ['RevisionRefused', 'refused'],
  ['ReleaseRefused', 'refused'],
  ['FirmwareVerified', 'verified'],
  ['ExposureChanged', 'step'],
  ['ReleaseHalted', 'halted'],
  ['ReleaseRolledBack', 'rolled-back'],
  ['RollbackStarted', 'rolled-back'],
  ['ReleaseFinished', 'done'],
  ['EmergencyStopped', 'stopped'],
  ['EmergencyResumed', 'resumed'],
  ['SourceWaiting', 'waiting'],
]);

/** Every kind, once. */
export const NOTICE_KINDS: readonly NoticeKind[] = [...new Set(NOTICED_EVENTS.values())];

/** One message to one target. */
export type Notice =
  | { readonly kind: NoticeKind; readonly event: Event }
  /** Stands for events that are not told one by one, because the target was away for too long. */
  | {
      readonly kind: 'left-out';
      readonly count: number;
      /** When the first and the last of them happened. */
      readonly from: EpochMs;
      readonly to: EpochMs;
      /** Id of the last of them. */
      readonly lastId: number;
    };
