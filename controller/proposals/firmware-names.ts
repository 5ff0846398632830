// Names of a new version after those of the newest one: `thermostat-42` after `thermostat-41`, `firmware/2.2.0.swu`
// after `firmware/2.1.0.swu`.

import type { FirmwareSpec } from '../model/desired.ts';
import type { FleetTree, Manifest } from './fleet-tree.ts';
import { splitPath } from './new-manifest.ts';

/** A version, and the text that devices report for it. */
export type VersionNames = Pick<FirmwareSpec, 'version' | 'reportedAs'>;

/**
 * A name of the new version, from one of the old: the reported text, or else the number, is replaced where it stands
 * last and alone. Null where the old name has neither.
 */
export function renameVersion(name: string, old: VersionNames, next: VersionNames): string | null {
  const pairs: readonly (readonly [string | null, string | null])[] = [
    [old.reportedAs, next.reportedAs],
    [String(old.version), String(next.version)],
  ];
  for (const [from, to] of pairs) {
    if (from === null || to === null || from === '') continue;
    for (
      let at = name.lastIndexOf(from);
      at >= 0;
      at = at === 0 ? -1 : name.lastIndexOf(from, at - 1)
    ) {
      const after = name.slice(at + from.length);
      // Not inside of another number, such as `1` in `2.1.0`.
      if (/[0-9]\.?$/.test(name.slice(0, at)) || /^\.?[0-9]/.test(after)) continue;
      return name.slice(0, at) + to + after;
    }
  }
  return null;
}

const NAME = /^[a-z0-9]([-a-z0-9.]{0,125}[a-z0-9])?$/;

/** The name of the new manifest. */
export function nameFirmware(
  tree: FleetTree,
  product: string,
  newest: Manifest<'Firmware'> | null,
  next: VersionNames,
): string {
  const taken = new Set(tree.list('Firmware', product).map(({ name }) => name));
  const renamed = newest === null ? null : renameVersion(newest.name, newest.spec, next);
  const names = [renamed, `${product}-${next.version}`, `${product}-firmware-${next.version}`];
  return (
    names.find((name) => name !== null && NAME.test(name) && !taken.has(name)) ??
    `${product}-${next.version}-new`
  );
}

/** Where the new binary goes: beside the newest one that lies in the repo, under a name like its. */
export function placeBinary(
  tree: FleetTree,
  product: string,
  next: VersionNames & { readonly fileName: string; readonly sha256: string },
): string {
  const all = tree.list('Firmware', product).toSorted((a, b) => b.spec.version - a.spec.version);
  const newest = all.find(({ spec }) => spec.binary.path !== null);
  const old = newest?.spec.binary.path ?? null;
  const taken = new Set(tree.list('Firmware').map(({ spec }) => spec.binary.path));
  const ending = endingOf(next.fileName);
  const productPath = tree.list('Product', product)[0]?.path ?? '';
  const {
    folder,
    stem,
    ending: oldEnding,
  } = old === null
    ? { folder: `${splitPath(productPath).folder}firmware/`, stem: '', ending }
    : splitPath(old);
  const renamed = newest === undefined ? null : renameVersion(stem, newest.spec, next);
  const paths = [
    `${folder}${renamed ?? next.version}${renamed === null ? ending : oldEnding}`,
    `${folder}${product}-${next.version}${ending}`,
    `${folder}${next.sha256.slice(0, 16)}${ending}`,
  ];
  return paths.find((path) => !taken.has(path)) ?? `${folder}${next.sha256}${ending}`;
}

/** `.bin`, or the ending of the file that was given. */
function endingOf(fileName: string): string {
  const match = /\.[A-Za-z0-9]{1,12}$/.exec(fileName);
  return match?.[0] ?? '.bin';
}
