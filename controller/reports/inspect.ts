// What `lockstep inspect` prints of a binary: for people, and as JSON. The facts come from `firmware/`; reading the
// file and choosing the output are the command's business.

import type { BinaryFacts } from '../model/firmware.ts';

/** One binary as JSON; `null` for what its format does not carry or what could not be read. */
export interface InspectJson {
  readonly file: string;
  /** The format it is, or looks like; null where no header is known. */
  readonly format: string | null;
  readonly productId: number | null;
  readonly version: number | null;
  readonly versionText: string | null;
  readonly platform: { readonly id: number; readonly name: string | null } | null;
  /** Bytes. */
  readonly size: number;
  readonly sha256: string;
  readonly sha1: string;
  readonly md5: string;
  readonly appHash: string | null;
  /** Further facts by name; those of one name are joined with `; `. */
  readonly details: Readonly<Record<string, string>>;
  /** Why nothing could be read; absent where the binary is sound. */
  readonly defect?: string;
}

/** The JSON form of one binary. Keys are in a fixed order. */
export function inspectJson(file: string, facts: BinaryFacts): InspectJson {
  const { compiled, defect } = facts;
  return {
    file,
    format: compiled?.format ?? defect?.format ?? null,
    productId: compiled?.productId ?? null,
    version: compiled?.version ?? null,
    versionText: compiled?.versionText ?? null,
    platform: compiled?.platform ?? null,
    size: facts.size,
    sha256: facts.sha256,
    sha1: facts.sha1,
    md5: facts.md5,
    appHash: compiled?.appHash ?? null,
    details: joinByName(compiled?.details ?? []),
    ...(defect === null ? {} : { defect: defect.message }),
  };
}

/** The same for people: the file's name, then one aligned line for each fact that is there. Ends with a line break. */
export function renderInspectText(file: string, facts: BinaryFacts): string {
  const { compiled, defect } = facts;
  const lines: (readonly [name: string, value: string])[] = [];
  const add = (name: string, value: string | number | null | undefined): void => {
    if (value !== null && value !== undefined) lines.push([name, String(value)]);
  };
  add('problem', defect?.message);
  add('format', compiled?.format ?? defect?.format ?? (defect === null ? null : 'unknown'));
  add('product id', compiled?.productId);
  add('version', describeVersion(facts));
  add('platform', describePlatform(facts));
  add('size', facts.size === 1 ? '1 byte' : `${facts.size} bytes`);
  add('sha256', facts.sha256);
  add('sha1', facts.sha1);
  add('md5', facts.md5);
  add('app hash', compiled?.appHash);
  for (const [name, value] of compiled?.details ?? []) add(name, value);

  const width = Math.max(...lines.map(([name]) => name.length));
  const body = lines.map(([name, value]) => `  ${name.padEnd(width)}  ${value}\n`);
  return `${file}\n${body.join('')}`;
}

function describeVersion({ compiled }: BinaryFacts): string | null {
  if (compiled === null) return null;
  const { version, versionText } = compiled;
  return versionText ?? (version === null ? null : String(version));
}

function describePlatform({ compiled }: BinaryFacts): string | null {
  if (compiled === null || compiled.platform === null) return null;
  const { id, name } = compiled.platform;
  return name === null ? `unknown (${id})` : `${name} (${id})`;
}

function joinByName(details: readonly (readonly [string, string])[]): Record<string, string> {
  const joined = new Map<string, string>();
  for (const [name, value] of details) {
    const before = joined.get(name);
    joined.set(name, before === undefined ? value : `${before}; ${value}`);
  }
  return Object.fromEntries(joined);
}
