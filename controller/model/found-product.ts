// A product as it was found in a cloud that has had it all along, before any manifest of it was written: the nouns that
// an import starts from. Whoever reads a cloud fills them; nothing is judged here.

export interface FoundProduct {
  /** The name by which the cloud knows it. */
  readonly slug: string;
  readonly id: number;
  readonly name: string;
  /** Null where that is not told. */
  readonly platformId: number | null;
  readonly firmware: readonly FoundFirmware[];
  readonly groups: readonly FoundGroup[];
  readonly devices: readonly FoundDevice[];
}

export interface FoundFirmware {
  /** As it is filed, also where no device could ever report that. */
  readonly version: number;
  readonly title: string | null;
  readonly description: string | null;
  /** Released to everyone else. */
  readonly isDefault: boolean;
  /** A stepping stone, which the cloud makes devices take on their way past it. */
  readonly isMandatory: boolean;
  /** What the cloud says of its file; null where it says nothing. */
  readonly size: number | null;
  readonly appHash: string | null;
  /** Null: it was not downloaded, since its number is of no use. */
  readonly content: Uint8Array | null;
}

export interface FoundGroup {
  readonly name: string;
  /** The version released to it; null: none. */
  readonly version: number | null;
}

export interface FoundDevice {
  readonly id: string;
  /** As last reported: null never, 0 in safe mode. */
  readonly running: number | null;
  /** Null: not locked. */
  readonly lockedTo: number | null;
  readonly groups: readonly string[];
  /** Left out of releases by the cloud. */
  readonly isDevelopment: boolean;
  readonly isQuarantined: boolean;
}
