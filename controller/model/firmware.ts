// What is compiled into a binary, and what the state remembers of a version.

/** Formats by name, in the order in which they are recognised. */
export type FormatName = 'particle' | 'esp-idf' | 'mcuboot' | 'opaque';

/** What a format's header says. `null` for what the format does not carry or the build left unset. */
export interface CompiledFacts {
  readonly format: FormatName;
  readonly productId: number | null;
  /** The version as a number of the product's numbering (1..65534), where the format carries one. */
  readonly version: number | null;
  /** The version as the format writes it, such as `1.4.2` or `1.4.2+7`; null where it only carries a number. */
  readonly versionText: string | null;
  readonly platform: { readonly id: number; readonly name: string | null } | null;
  /** The digest that a device reports for the running image (Particle's app hash); null where there is none. */
  readonly appHash: string | null;
  /** Further facts for people, in display order: name and value. */
  readonly details: readonly (readonly [name: string, value: string])[];
}

/** Why bytes could not be read as a format: the format they look like, and what is wrong with them. */
export interface FormatDefect {
  readonly format: FormatName | null;
  readonly message: string;
}

/** A binary as a whole: its digests and what its header says. */
export interface BinaryFacts {
  readonly size: number;
  readonly sha256: string;
  readonly sha1: string;
  readonly md5: string;
  /** Null where no known header was found or the content is damaged; `defect` then says why. */
  readonly compiled: CompiledFacts | null;
  readonly defect: FormatDefect | null;
  /** The content is a Git LFS pointer file, not the firmware itself. */
  readonly lfsPointer: boolean;
}

/** What the state remembers of one version of a product, for good. */
export interface FirmwareRecord {
  readonly product: string;
  readonly version: number;
  readonly sha256: string;
  readonly size: number;
  readonly sha1: string;
  readonly md5: string;
  /** When a manifest first brought it into force, and from where. */
  readonly addedAt: number;
  readonly addedRevision: string;
  /** When its gate first passed; null while it is unverified, and again after a withdrawal. */
  readonly verifiedAt: number | null;
  /** When a release of it first finished; null before, and again after a withdrawal. */
  readonly finishedAt: number | null;
  readonly withdrawnAt: number | null;
  /** Whether the binary is at hand (stored, digest checked). */
  readonly stored: boolean;
}
