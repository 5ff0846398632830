// Every reason that a refusal, a warning or a condition can carry: stable words that programs rely on, each with what
// it means and what would mend it. The README's table is checked against this one.

interface ReasonText {
  /** `error`: freezes or refuses; `warning`: informs; `state`: a device, lock or controller is in it. */
  readonly kind: 'error' | 'warning' | 'state';
  /** One sentence without user data. */
  readonly meaning: string;
  readonly remedy: string;
}

export const REASONS = {
  InvalidManifest: {
    kind: 'error',
    meaning:
      'A document cannot be read, or does not fit its schema; every product in its file is frozen.',
    remedy: 'Mend the marked line; `lockstep validate` shows all problems at once.',
  },
  UnknownProduct: {
    kind: 'error',
    meaning:
      'A manifest names a product that no Product manifest declares; the products in its file are frozen.',
    remedy: 'Correct the name, or add the Product manifest.',
  },
  UnknownVersion: {
    kind: 'error',
    meaning: 'A lock or release names a version without a Firmware manifest.',
    remedy: 'Add the Firmware manifest in the same commit, or name a version that has one.',
  },
  UnknownGroup: {
    kind: 'error',
    meaning: 'A lock, release or verification names a group without a DeviceGroup manifest.',
    remedy: 'Correct the name, or add the DeviceGroup manifest.',
  },
  DuplicateName: {
    kind: 'error',
    meaning:
      'Two manifests of one kind share a name, or two Firmware manifests share product and version.',
    remedy: 'Rename or remove one of them.',
  },
  ReleaseUnverified: {
    kind: 'error',
    meaning:
      'The released version is not verified: too few devices have reported it with the evidence asked for.',
    remedy:
      'Lock a bench device to the version; the release starts by itself once enough devices have verified it.',
  },
  ReleaseConflict: {
    kind: 'error',
    meaning:
      'Two releases cover the same group or product, or two groups give one device different versions.',
    remedy: 'Keep one Release per product and group, and take the device out of one group.',
  },
  LockConflict: {
    kind: 'error',
    meaning: 'Two locks name the same device with different versions or flash modes.',
    remedy: 'Remove the device from one of the locks.',
  },
  VersionMismatch: {
    kind: 'error',
    meaning: 'The version compiled into the binary is not the one in the manifest.',
    remedy: 'Name the compiled-in version, or build the binary with the version of the manifest.',
  },
  ProductMismatch: {
    kind: 'error',
    meaning: 'The product id compiled into the binary is not the one of the product.',
    remedy: 'Use a binary built for this product, or correct `productId` of the Product.',
  },
  PlatformMismatch: {
    kind: 'error',
    meaning: 'The binary was built for another platform than the product names.',
    remedy: 'Use a binary built for this platform, or correct `platform` of the Product.',
  },
  DigestMismatch: {
    kind: 'error',
    meaning: 'The SHA-256 of the binary is not the one in the manifest.',
    remedy: 'Commit the binary that was meant, or write the digest that `lockstep inspect` prints.',
  },
  BinaryMissing: {
    kind: 'error',
    meaning: 'The binary is not where the manifest says, or could not be fetched.',
    remedy: 'Commit the file, correct the path or URL, or fetch what Git LFS holds.',
  },
  BinaryUnreadable: {
    kind: 'error',
    meaning: 'The binary is damaged, or of a format without a known header.',
    remedy: 'Build or copy it again; for a format without a header write `format: opaque`.',
  },
  VersionNotIncreasing: {
    kind: 'error',
    meaning: 'A version that the fleet has never seen is lower than one that it has.',
    remedy: 'Give the new firmware a version above the highest so far.',
  },
  FirmwareChanged: {
    kind: 'error',
    meaning:
      'The digest of a version differs from the one remembered for it; firmware is immutable.',
    remedy: 'Restore the first digest, or publish the new binary under a new version.',
  },
  FirmwareWithdrawn: {
    kind: 'error',
    meaning:
      'A lock or release names withdrawn firmware; it holds, and its devices are offered nothing.',
    remedy: 'Name another version, or remove `withdrawn` from the Firmware manifest.',
  },
  TooManyUnlocked: {
    kind: 'error',
    meaning:
      'The revision would unlock a larger share of the locked devices than `maxUnlocked` allows.',
    remedy: 'Unlock in several commits, or raise `maxUnlocked` in a commit before this one.',
  },
  ReleaseNotCarried: {
    kind: 'error',
    meaning:
      'The release is for a part of the devices, and the cloud that they live in cannot keep it to that part.',
    remedy:
      'Rename the group or give the token the scopes that the message names; or release to everyone at once.',
  },
  TooManyAffected: {
    kind: 'error',
    meaning: 'The release would touch a larger share of the devices than `maxAffected` allows.',
    remedy: 'Release to a group first, or raise `maxAffected` in a commit before this one.',
  },
  TooManyUnverified: {
    kind: 'error',
    meaning: 'More devices would be locked to an unverified version than `maxUnverified` allows.',
    remedy:
      'Lock fewer devices until the version is verified; locks are for benches, not a way around the gate.',
  },
  EmptySource: {
    kind: 'error',
    meaning:
      'The source holds no manifest, or none of a product that is in force; this is not read as a deletion.',
    remedy:
      'Restore the manifests; to remove a product on purpose, commit `allowEmpty: true` first.',
  },
  HistoryRewritten: {
    kind: 'error',
    meaning: 'The tip of the source does not descend from the revision in force.',
    remedy: 'Restore the branch, or accept the new history with `lockstep apply --accept-history`.',
  },
  CommitNotTrusted: {
    kind: 'error',
    meaning:
      'The tip of the source, or a commit on the way to it, lacks a good signature by a listed key; what is in force stays.',
    remedy:
      'Sign the commit with a listed key and push it again, or list its key under `source.verify` if it is to be trusted.',
  },
  LockExpired: {
    kind: 'warning',
    meaning: 'A lock is past its `expires` date; it stays in force.',
    remedy: 'Remove the lock, or move the date.',
  },
  StalePlan: {
    kind: 'error',
    meaning: 'The saved plan no longer fits the manifests or the fleet.',
    remedy: 'Make the plan again and review it.',
  },
  ProductNotAccepted: {
    kind: 'error',
    meaning: 'Nothing of the product is carried out, because its Product manifest is refused.',
    remedy: 'Mend the Product manifest first.',
  },
  StateNew: {
    kind: 'warning',
    meaning: 'This state has never seen the product, so its releases wait for a person.',
    remedy: 'Compare the counts with the fleet you know, then say `--adopt` once.',
  },
  EmergencyStop: {
    kind: 'warning',
    meaning: 'The product is stopped: nothing more is offered.',
    remedy: 'Run `lockstep resume` when the cause is mended.',
  },
  UnknownDevice: {
    kind: 'warning',
    meaning: 'A manifest names a device that has never made contact.',
    remedy: 'Check the id, or wait for the device to register.',
  },
  DeviceOffline: {
    kind: 'warning',
    meaning: 'A device that would be flashed is offline; it is flashed when it connects.',
    remedy: 'Nothing to do, unless the device should be online.',
  },
  FleetDrift: {
    kind: 'warning',
    meaning:
      'Somebody changed a release, a lock or a group in the cloud that the devices live in, behind Lockstep.',
    remedy:
      'Change it in the manifests instead; with `fleet.drift: mend` it is undone, with `report` it stays as it is.',
  },
  DevelopmentDevices: {
    kind: 'warning',
    meaning:
      'Particle leaves development devices out of releases; they are counted with those in quarantine.',
    remedy: 'Unmark them as development devices where they are to follow releases.',
  },
  DeviceHeld: {
    kind: 'warning',
    meaning:
      'A device that keeps failing, or that a release must not reach, is locked to what it runs by the driver itself.',
    remedy: 'Look at the device, then raise `attempt` of its release or change its target.',
  },
  DeviceNotHeld: {
    kind: 'warning',
    meaning:
      'A device is to be left alone, and cannot be kept from what is released: what it runs is unknown to the cloud.',
    remedy: 'Upload the version that it runs, or look at why it names none.',
  },
  FirmwareDiffers: {
    kind: 'warning',
    meaning: 'The cloud holds another binary under the number of a version; it is never released.',
    remedy: 'Delete it there if it was never released, or give the firmware a new version.',
  },
  FirmwareUnfit: {
    kind: 'warning',
    meaning: 'The cloud holds firmware under a number that no device can report; it is left alone.',
    remedy: 'Delete it there: 1 to 65534 are the numbers that devices report.',
  },
  FleetRefused: {
    kind: 'warning',
    meaning:
      'The cloud that the devices live in refused a change; what it refused is not in effect.',
    remedy:
      'Read what it says; Particle asks for a device that has reconnected with a version first.',
  },
  Downgrade: {
    kind: 'warning',
    meaning: 'Devices would go to a lower version than they run.',
    remedy: 'Nothing to do, if that is meant.',
  },
  FirmwareRetiring: {
    kind: 'warning',
    meaning: 'Firmware without a manifest is kept, because it runs, is released or is locked to.',
    remedy: 'Move the devices to another version, or restore the manifest.',
  },
  VersionUnknown: {
    kind: 'warning',
    meaning: 'Devices have not named the version that they run.',
    remedy: 'Have the device agent send the version attribute; see how devices connect.',
  },
  WeakEvidence: {
    kind: 'warning',
    meaning:
      'The product accepts an agent’s claim as verification; nobody has seen the version run.',
    remedy: 'Have devices name their version and use `evidence: reported`.',
  },
  Contradiction: {
    kind: 'error',
    meaning:
      'Values of a manifest contradict one another, or can never hold, such as steps that fall or a window that never opens.',
    remedy: 'Correct the marked value; the message says what it must be.',
  },
  GroupNotListed: {
    kind: 'error',
    meaning:
      'A lock or the verification names a group that matches attributes; both take only groups that list their devices.',
    remedy: 'List the devices under `devices`, in the lock or in a group of their own.',
  },
  AttributeNotGrouped: {
    kind: 'error',
    meaning: 'A group matches an attribute that `fleet.groupBy` of its product does not list.',
    remedy: 'Add the attribute to `fleet.groupBy` of the Product, or match another one.',
  },
  ReleaseHalted: {
    kind: 'error',
    meaning: 'Too many devices failed, so the release holds or was rolled back by itself.',
    remedy:
      'Take it back with `git revert`, or mend the cause and raise `attempt` of the Release to go on.',
  },
  ReleasePaused: {
    kind: 'warning',
    meaning: 'The release is paused by its manifest: it offers nothing.',
    remedy: 'Remove `paused` from the Release to go on.',
  },
  ApprovalNeeded: {
    kind: 'warning',
    meaning: 'The next step of a release waits for a person’s approval.',
    remedy: 'Add VERSION/STEP to `approved` of the Release.',
  },
  SteppingStoneNeeded: {
    kind: 'warning',
    meaning:
      'Devices run a version that is too old for their target, and no verified version leads there (a locked device is given none).',
    remedy:
      'Verify a version between, or remove the lock; `requires.from` of the Firmware says which.',
  },
  OutsideExposure: {
    kind: 'state',
    meaning: 'The release has not reached the device yet, and it may keep what it runs.',
    remedy: 'Nothing to do: the device’s turn comes with a later step.',
  },
  OutsideWindow: {
    kind: 'state',
    meaning: 'Flashes are started only in the windows of the release, and none is open.',
    remedy: 'Nothing to do: the message says when the next one opens.',
  },
  RateReached: {
    kind: 'state',
    meaning:
      'As many flashes as `rate` allows were started; the device has its turn at a later poll.',
    remedy: 'Nothing to do.',
  },
  ReleaseRemoved: {
    kind: 'warning',
    meaning: 'The product’s release is removed; devices stay on what they run.',
    remedy: 'Nothing to do, if that is meant.',
  },
  NoDevices: {
    kind: 'warning',
    meaning: 'The release or lock matches no device that the fleet knows; that is no success.',
    remedy: 'Check the group’s ids, or wait for devices to register.',
  },
  BinaryNotChecked: {
    kind: 'warning',
    meaning: 'A binary by URL is not fetched offline, so it was not checked.',
    remedy: 'Nothing to do: the controller checks it before anything is offered.',
  },
  DevicesFailing: {
    kind: 'warning',
    meaning: 'Devices have failed to install their target; each is retried, then left alone.',
    remedy: 'Look at `lockstep devices --failing` and `lockstep why DEVICE`.',
  },
  SourceUnavailable: {
    kind: 'state',
    meaning: 'The source cannot be read; the last good revision stays in force.',
    remedy: 'The message names the cause; the controller keeps trying.',
  },
  FleetUnreachable: {
    kind: 'state',
    meaning: 'The fleet cannot be reached; nothing is changed.',
    remedy: 'The message names the cause; the controller keeps trying.',
  },
  Drifted: {
    kind: 'state',
    meaning: 'The fleet differs from the manifests with no action under way.',
    remedy: 'The message names what differs; `lockstep why DEVICE` shows one device.',
  },
  Converged: {
    kind: 'state',
    meaning: 'Every device heard from runs its target or is to be left alone.',
    remedy: 'Nothing to do.',
  },
  Progressing: {
    kind: 'state',
    meaning: 'Devices are on the way to their target.',
    remedy: 'Nothing to do.',
  },
  Refused: {
    kind: 'state',
    meaning: 'Part of the revision is refused.',
    remedy: 'The problems of the revision name the places and the remedies.',
  },
} as const satisfies Record<string, ReasonText>;

export type Reason = keyof typeof REASONS;
