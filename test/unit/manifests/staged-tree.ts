// Small trees of manifests for the tests of staged releases, and what is said of them, by the place or by the value.

import { expect } from 'vitest';
import { parseManifestFile } from '../../../controller/manifests/parse-file.ts';
import { resolveSnapshot } from '../../../controller/manifests/resolve.ts';
import type { Snapshot } from '../../../controller/model/revision.ts';

/** Texts by path. */
export type Files = Readonly<Record<string, string>>;

/** A revision with the given files, all of which spoke of the product `t` before. */
export function resolve(files: Files): Snapshot {
  const snapshot = resolveSnapshot({
    revision: 'r1',
    files: Object.entries(files).map(([path, text]) =>
      parseManifestFile(path, new TextEncoder().encode(text)),
    ),
    previousProductsByFile: Object.fromEntries(Object.keys(files).map((path) => [path, ['t']])),
    binaries: () => ({ state: 'unchecked' }),
  });
  expect(JSON.parse(JSON.stringify(snapshot))).toEqual(snapshot);
  return snapshot;
}

/** A manifest with a spec in block style, whose first line is not indented. */
export function write(kind: string, name: string, spec: string): string {
  return `apiVersion: lockstep/v1\nkind: ${kind}\nmetadata: { name: ${name} }\nspec:\n  ${spec.trim()}\n`;
}

/** Manifests of the product `t`; `more` are further lines of the spec. */
export const product = (groupBy = '[]', more = '') =>
  write('Product', 't', `fleet: { driver: gateway, groupBy: ${groupBy} }\n${more}`);
export const firmware = (version: number, more = '') =>
  write(
    'Firmware',
    `t-${version}`,
    `product: t
  version: ${version}
  binary: { path: a.bin, sha256: ${'a'.repeat(64)} }
${more}`,
  );
export const group = (spec: string, name = 'g') =>
  write('DeviceGroup', name, `product: t\n  ${spec}`);
export const groupLock = (name = 'l') =>
  write('DeviceLock', name, 'product: t\n  group: g\n  version: 42\n  flash: now');
export const release = (more = '') => write('Release', 'r', `product: t\n  version: 42\n${more}`);

/** A product and its firmware 42. */
export const BASE: Files = { 'p.yaml': product(), 'f.yaml': firmware(42) };

export interface Told {
  readonly place: string;
  readonly reason: string;
  readonly message: string;
  readonly remedy: string;
}

/** All errors. */
export function tell(snapshot: Snapshot): readonly Told[] {
  return snapshot.problems
    .filter(({ severity }) => severity === 'error')
    .map(({ place, reason, message, remedy }) => ({
      place: `${place?.file}:${place?.line}:${place?.column}`,
      reason,
      message,
      remedy,
    }));
}

/** What is said of each value of one manifest: `path: message`, by the place of the value. */
export function tellPaths(
  text: string,
  snapshot: Snapshot,
): readonly (readonly [string, string])[] {
  const { documents } = parseManifestFile('x.yaml', new TextEncoder().encode(text));
  const places = Object.entries(documents[0]?.places ?? {});
  return snapshot.problems
    .filter(({ severity }) => severity === 'error')
    .map(({ place, message }) => {
      const found = places.findLast(
        ([, [line, column]]) => line === place?.line && column === place.column,
      );
      return [found?.[0] ?? 'nowhere', message] as const;
    });
}
