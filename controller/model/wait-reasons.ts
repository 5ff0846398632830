// What a device can wait for that does not run yet what it is meant to: the words by which lists are filtered, and that
// `why` uses.

/** What a device waits for, in the words that `why` uses. */
export const WAIT_REASONS = [
  'EmergencyStop',
  'OutsideExposure',
  'ReleaseHalted',
  'ReleasePaused',
  'SteppingStoneNeeded',
  'BinaryMissing',
  'OnReset',
  'VersionUnknown',
  'OutsideWindow',
  'BackOff',
  'RetriesUsedUp',
  'RateReached',
  'DeviceOffline',
] as const;

export type WaitReason = (typeof WAIT_REASONS)[number];
