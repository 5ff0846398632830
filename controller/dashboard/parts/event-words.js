// The words of the event log: what each type of event is called, how it is meant, and what it is about. A new type that
// is missing here is an error of the type check.

/** @import { EventType } from '../answers.js' */
/** @import { Tone } from './badge.js' */

/**
 * What an event is about; `device` events are about one device and are many.
 * @typedef {'source' | 'release' | 'lock' | 'firmware' | 'product' | 'forge' | 'device'} Subject
 */

/** @type {Readonly<Record<EventType, readonly [words: string, tone: Tone, subject: Subject]>>} */
const EVENTS = {
  RevisionSeen: ['Revision seen', 'info', 'source'],
  RevisionInForce: ['Revision in force', 'ok', 'source'],
  RevisionRefused: ['Revision refused', 'bad', 'source'],
  SourceWaiting: ['Source waits for a person', 'warn', 'source'],
  ProductConfigured: ['Product configured', 'info', 'product'],
  FirmwareUploaded: ['Firmware added', 'info', 'firmware'],
  FirmwareRetired: ['Firmware retired', 'none', 'firmware'],
  FirmwareWithdrawn: ['Firmware withdrawn', 'bad', 'firmware'],
  FirmwareVerified: ['Firmware verified', 'ok', 'firmware'],
  GroupChanged: ['Group changed', 'info', 'product'],
  DeviceLocked: ['Device locked', 'lock', 'lock'],
  DeviceUnlocked: ['Device unlocked', 'none', 'lock'],
  ReleaseStarted: ['Release started', 'moving', 'release'],
  RollbackStarted: ['Rollback started', 'warn', 'release'],
  ExposureChanged: ['Step began', 'moving', 'release'],
  ReleaseEdited: ['Release edited', 'info', 'release'],
  ReleasePaused: ['Release paused', 'held', 'release'],
  ReleaseHalted: ['Release halted', 'bad', 'release'],
  ReleaseRolledBack: ['Release rolled back', 'bad', 'release'],
  ReleaseResumed: ['Release resumed', 'moving', 'release'],
  ReleaseFinished: ['Release finished', 'ok', 'release'],
  ReleaseEnded: ['Release ended', 'none', 'release'],
  ReleaseRefused: ['Release refused', 'bad', 'release'],
  ProductAdopted: ['Product adopted', 'info', 'product'],
  EmergencyStopped: ['Emergency stop', 'bad', 'product'],
  EmergencyResumed: ['Emergency stop ended', 'ok', 'product'],
  DeviceRegistered: ['Device registered', 'info', 'device'],
  DeviceQuarantined: ['Device quarantined', 'warn', 'device'],
  DeviceAdmitted: ['Device admitted', 'ok', 'device'],
  DeviceForgotten: ['Device forgotten', 'none', 'device'],
  DeviceBooted: ['Device booted', 'none', 'device'],
  VersionReported: ['Version reported', 'info', 'device'],
  ActionOffered: ['Update offered', 'moving', 'device'],
  ActionFetched: ['Update fetched', 'moving', 'device'],
  ActionClaimed: ['Update claimed', 'moving', 'device'],
  ActionSucceeded: ['Update succeeded', 'ok', 'device'],
  ActionFailed: ['Update failed', 'bad', 'device'],
  ActionCancelling: ['Update being cancelled', 'held', 'device'],
  ActionCancelled: ['Update cancelled', 'none', 'device'],
  DeviceLeftAlone: ['Device left alone', 'warn', 'device'],
  DriftDetected: ['Drift detected', 'warn', 'device'],
  DeviceMoved: ['Device moved', 'warn', 'device'],
  ClockJumped: ['Clock jumped', 'warn', 'product'],
  RegistrationCapped: ['Registration capped', 'warn', 'product'],
  TokenCreated: ['Token made', 'info', 'product'],
  TokenRevoked: ['Token revoked', 'info', 'product'],
  PullRequestOpened: ['Pull request opened', 'info', 'forge'],
  PullRequestMerged: ['Pull request merged', 'info', 'forge'],
};

/** What one can choose to see; the keys stand in addresses. */
/** @type {Readonly<Record<string, { title: string, subjects: readonly Subject[] }>>} */
export const SUBJECTS = {
  decisions: {
    title: 'Decisions',
    subjects: ['source', 'release', 'lock', 'firmware', 'product', 'forge'],
  },
  releases: { title: 'Releases', subjects: ['release'] },
  firmware: { title: 'Firmware', subjects: ['firmware'] },
  locks: { title: 'Locks', subjects: ['lock'] },
  source: { title: 'Source and forge', subjects: ['source', 'forge'] },
  devices: { title: 'Single devices', subjects: ['device'] },
};

/**
 * An event's type in words and tone. A server that is newer than this page may send others: they stand for themselves.
 * @param {string} type
 * @returns {{ words: string, tone: Tone }}
 */
export function eventWords(type) {
  if (!Object.hasOwn(EVENTS, type)) return { words: type, tone: 'info' };
  const [words, tone] = EVENTS[/** @type {EventType} */ (type)];
  return { words, tone };
}

/**
 * The types that are about something; empty for a choice that is not known, which means all.
 * @param {string} choice
 * @returns {readonly string[]}
 */
export function typesOf(choice) {
  const subjects = SUBJECTS[choice]?.subjects ?? [];
  return Object.entries(EVENTS)
    .filter(([, [, , subject]]) => subjects.includes(subject))
    .map(([type]) => type);
}
