// Which commits a source accepts by their signatures, and what it says of one.

/**
 * Which signatures a git source asks for. `tip`: the commit that is read must carry a good signature by a listed key.
 * `strict`: every commit on the way to it from the revision that was accepted last must, on all branches that were merged.
 *
 * A merge that is made in the web page of a forge is signed by the forge's own key (GitHub: the key of
 * `https://github.com/web-flow.gpg`), not by the person who pressed the button: list that key to accept such merges, or
 * merge and sign on a machine of your own.
 */
export interface SignaturePolicy {
  readonly mode: 'tip' | 'strict';
  /** Public keys as in `authorized_keys`: `ssh-ed25519 AAAA… comment`. */
  readonly sshKeys: readonly string[];
  /** Armored OpenPGP public keys. */
  readonly gpgKeys: readonly string[];
}

/** Whether a revision is accepted; if not, the first commit (the oldest) that stands against it. */
export type CommitVerdict =
  | { readonly isTrusted: true }
  | {
      readonly isTrusted: false;
      /** Full id. */
      readonly commit: string;
      readonly subject: string | null;
      /** What is wrong with it, to follow a comma or colon: `it carries no signature`. */
      readonly why: string;
    };
