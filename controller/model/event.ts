// Events: the audit log. An event is written once and never changed.

/**
 * What happened, as a stable PascalCase word. Each means one thing alone, so that nobody has to read the message:
 * `ExposureChanged` is a step that began, `ReleaseRolledBack` a halt that took a release back, `RollbackStarted` a commit
 * that did, `SourceWaiting` a revision that nothing is done with before a person has looked.
 */
export type EventType =
  | 'RevisionSeen'
  | 'RevisionInForce'
  | 'RevisionRefused'
  | 'SourceWaiting'
  | 'ProductConfigured'
  | 'FirmwareUploaded'
  | 'FirmwareRetired'
  | 'FirmwareWithdrawn'
  | 'FirmwareVerified'
  | 'GroupChanged'
  | 'DeviceLocked'
  | 'DeviceUnlocked'
  | 'ReleaseStarted'
  | 'RollbackStarted'
  | 'ExposureChanged'
  | 'ReleaseEdited'
  | 'ReleasePaused'
  | 'ReleaseHalted'
  | 'ReleaseRolledBack'
  | 'ReleaseResumed'
  | 'ReleaseFinished'
  | 'ReleaseEnded'
  | 'ReleaseRefused'
  | 'ProductAdopted'
  | 'EmergencyStopped'
  | 'EmergencyResumed'
  | 'DeviceRegistered'
  | 'DeviceQuarantined'
  | 'DeviceAdmitted'
  | 'DeviceForgotten'
  | 'DeviceBooted'
  | 'VersionReported'
  | 'ActionOffered'
  | 'ActionFetched'
  | 'ActionClaimed'
  | 'ActionSucceeded'
  | 'ActionFailed'
  | 'ActionCancelling'
  | 'ActionCancelled'
  | 'DeviceLeftAlone'
  | 'DriftDetected'
  | 'DeviceMoved'
  | 'ClockJumped'
  | 'RegistrationCapped'
  | 'TokenCreated'
  | 'TokenRevoked'
  | 'PullRequestOpened'
  | 'PullRequestMerged';

/** Events about single devices are kept 90 days; these are decisions and kept for good. */
export const DEVICE_EVENTS: ReadonlySet<EventType> = new Set<EventType>([
  'DeviceRegistered',
  'DeviceQuarantined',
  'DeviceAdmitted',
  'DeviceBooted',
  'VersionReported',
  'ActionOffered',
  'ActionFetched',
  'ActionClaimed',
  'ActionSucceeded',
  'ActionFailed',
  'ActionCancelling',
  'ActionCancelled',
  'DeviceLeftAlone',
  'DriftDetected',
  'DeviceMoved',
]);

/** An event before the store gives it an id. */
export interface EventDraft {
  readonly type: EventType;
  /** Epoch milliseconds. */
  readonly at: number;
  readonly product: string | null;
  /** The revision and the manifest (`Kind/name`) that it goes back to; null where no manifest is behind it. */
  readonly revision: string | null;
  readonly manifest: string | null;
  readonly device: string | null;
  /** The action's id on the wire, where one is concerned. */
  readonly actionId: number | null;
  /** One sentence for people. */
  readonly message: string;
}

/** An event in the log. Ids rise in the order of writing. */
export interface Event extends EventDraft {
  readonly id: number;
}
