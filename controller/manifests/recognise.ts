// Tells by a scan of the text, before any parsing, whether a YAML file can concern Lockstep at all. Fleet repos hold
// other YAML too (workflows, Helm templates that are no valid YAML), and none of that is ours to judge.

const KIND = /\bkind["']?[ \t]*:[ \t]*["']?(?:Product|Firmware|DeviceGroup|DeviceLock|Release)\b/;
const CLAIM = /^[ \t{"'?-]*apiVersion["']?[ \t]*:[ \t]*(?:[&!]\S+[ \t]+)?["']?lockstep\//m;

/** Whether parsing is worth while: the text has an `apiVersion` of ours somewhere, or one of our kinds. */
export function mayHoldManifests(text: string): boolean {
  return (text.includes('lockstep/') && text.includes('apiVersion')) || KIND.test(text);
}

/**
 * Whether the text says on a line of its own that it is ours (`apiVersion: lockstep/…`), so that a file which cannot
 * be read as YAML is an invalid manifest and not somebody else's file.
 */
export function claimsManifests(text: string): boolean {
  return CLAIM.test(text);
}

/** Whether a path has the name of a file that can hold manifests. */
export function isManifestPath(path: string): boolean {
  return /\.ya?ml$/i.test(path);
}

/** Scans a file too large to be parsed, chunk by chunk, in memory that does not grow with it. */
export interface ClaimScanner {
  push(chunk: Uint8Array): void;
  /** Whether what was pushed so far claims to hold manifests. Once true it stays true. */
  found(): boolean;
}

/** Longest beginning of a line that the scanner looks at. */
const LINE_HEAD_MAX = 4_096;

/** Creates a scanner for one file. */
export function createClaimScanner(): ClaimScanner {
  const decoder = new TextDecoder('utf-8');
  let rest = '';
  let found = false;
  return {
    push(chunk) {
      if (found) return;
      const text = rest + decoder.decode(chunk, { stream: true });
      found = claimsManifests(text);
      // A claim may be cut by the end of the chunk, so the last line is kept; a line far longer holds none at its head.
      rest = text.slice(text.lastIndexOf('\n') + 1).slice(0, LINE_HEAD_MAX);
    },
    found: () => found,
  };
}
