// Where Particle's behaviour is not known, or differs from one reply to the next: each of these is the fake's own pick,
// and a client must do well under every choice.

export interface Quirks {
  /** Optional fields are sometimes missing, and `desired_firmware_version` is sometimes text. */
  readonly areDocumentsUneven: boolean;
  /** What `firmware_version` says in safe mode: 0 as events have it, or what it said before. */
  readonly safeModeVersion: 'zero' | 'kept';
  /** When a change of groups, the end of development, an approval or an import takes effect. */
  readonly changesTakeEffect: 'at-once' | 'at-handshake';
  readonly lockToUnknownVersion: 'refuse' | 'store';
  /** Whether `targeted_firmware_release_version` falls back to the product's default. */
  readonly isDefaultTargeted: boolean;
  /** Refuses an upload whose binary names another version than the form. */
  readonly isUploadChecked: boolean;
  /** Whether a list of devices holds those in quarantine without being asked. */
  readonly listsQuarantined: boolean;
  /** A greater `perPage` is cut down to this, without a word. */
  readonly pageSizeMax: number;
  /** Ids in one call of the batch route; null: any number. */
  readonly batchSizeMax: number | null;
  /** Re-importing a device drops its groups. */
  readonly importDropsGroups: boolean;
  /** Seconds in `Retry-After` of a 429; null: there is no such header. */
  readonly retryAfterS: number | null;
  /** `GET /products/:p` answered with an array of one until 2018. */
  readonly isProductInArray: boolean;
}

export const DEFAULT_QUIRKS: Quirks = {
  areDocumentsUneven: true,
  safeModeVersion: 'zero',
  changesTakeEffect: 'at-once',
  lockToUnknownVersion: 'refuse',
  isDefaultTargeted: false,
  isUploadChecked: false,
  listsQuarantined: false,
  pageSizeMax: 100,
  batchSizeMax: null,
  importDropsGroups: true,
  retryAfterS: null,
  isProductInArray: false,
};
