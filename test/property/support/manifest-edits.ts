// What edits and defects do to the words of a fleet repo. Pure: words in, words or files out.

import { unreachable } from '../../../controller/base/assert.ts';
import { fleetFiles, type FirmwareWords, type RepoFiles, type RepoWords } from './fleet-repo.ts';
import type { Defect, Edit } from './history.ts';

/** The group that may verify, and that locks and releases of groups name. */
export const BENCH = 'bench';

/** A text that no parser takes, and that still says whose it is. */
export const BROKEN_YAML = 'apiVersion: lockstep/v1\nkind: [DeviceLock\n';

/** The id of a device by its number, in a fleet of `count`. */
export function deviceId(number: number, count: number): string {
  return `d${number % count}`;
}

/** The words after an edit. `before` are the words of the commit before the last. */
export function editWords(
  words: RepoWords,
  edit: Edit,
  devices: number,
  before: RepoWords,
): RepoWords {
  const firmware = listFirmware(words);
  switch (edit.type) {
    case 'addFirmware': {
      const version = Math.max(0, ...firmware.map((each) => each.version)) + 1;
      const added = { ...words, firmware: [...firmware, { version }] };
      const locked =
        edit.lockOn === null
          ? added
          : withLock(added, deviceId(edit.lockOn, devices), version, 'now');
      return edit.release ? { ...locked, release: version } : locked;
    }
    case 'removeFirmware':
      return { ...words, firmware: firmware.filter(({ version }) => version !== edit.version) };
    case 'withdraw':
      return {
        ...words,
        firmware: firmware.map((each) =>
          each.version === edit.version ? { ...each, withdrawn: edit.on } : each,
        ),
      };
    case 'lock':
      return withLock(words, deviceId(edit.device, devices), edit.version, edit.flash);
    case 'lockGroup':
      return {
        ...words,
        locks: { ...words.locks, group: { group: BENCH, version: edit.version } },
      };
    case 'unlock': {
      const name = `hold-${deviceId(edit.device, devices)}`;
      const locks = Object.entries(words.locks ?? {}).filter(([each]) => each !== name);
      return { ...words, locks: Object.fromEntries(locks) };
    }
    case 'unlockAll':
      return { ...words, locks: {} };
    case 'release': {
      const { release: _released, ...rest } = words;
      if (edit.group) {
        return {
          ...words,
          groupReleases: edit.version === null ? {} : { [BENCH]: edit.version },
        };
      }
      return edit.version === null ? rest : { ...words, release: edit.version };
    }
    case 'revert':
      return before;
    default:
      return unreachable(edit);
  }
}

/** The files of a commit with a defect; null for a defect that is not in the files. */
export function spoilFiles(words: RepoWords, defect: Defect): RepoFiles {
  const files = fleetFiles(words);
  const spoil = (version: number, change: Partial<FirmwareWords>): RepoFiles =>
    fleetFiles({
      ...words,
      firmware: listFirmware(words).map((each) =>
        each.version === version ? { ...each, ...change } : each,
      ),
    });
  switch (defect.type) {
    case 'brokenFile':
      return { ...files, [pickManifest(files, defect.file)]: BROKEN_YAML };
    case 'emptyTree':
      return {};
    case 'productGone': {
      const rest = Object.entries(files).filter(([path]) => !path.endsWith('/product.yaml'));
      return Object.fromEntries(rest);
    }
    case 'changedBinary':
      return spoil(defect.version, { build: 'second' });
    case 'wrongDigest':
      return spoil(defect.version, { wrongDigest: true });
    case 'missingBinary':
      return spoil(defect.version, { missing: true });
    case 'rewritten':
    case 'unreadable':
    case 'fetchFails':
      return files;
    default:
      return unreachable(defect);
  }
}

/** One of the manifest files. */
export function pickManifest(files: RepoFiles, number: number): string {
  const paths = Object.keys(files)
    .filter((path) => path.endsWith('.yaml'))
    .sort();
  return paths[number % paths.length] ?? '';
}

/** The manifests that files hold, as `Kind/name`. Broken files hold none. */
export function manifestsIn(files: RepoFiles): ReadonlySet<string> {
  const found = Object.entries(files).flatMap(([path, content]) => {
    if (!path.endsWith('.yaml') || typeof content !== 'string' || content === BROKEN_YAML)
      return [];
    return content.split('---\n').map((text) => {
      const { kind, metadata } = JSON.parse(text) as {
        readonly kind: string;
        readonly metadata: { readonly name: string };
      };
      return `${kind}/${metadata.name}`;
    });
  });
  return new Set(found);
}

/** Firmware with all its words. */
export function listFirmware(words: RepoWords): readonly FirmwareWords[] {
  return (words.firmware ?? []).map((each) =>
    typeof each === 'number' ? { version: each } : each,
  );
}

function withLock(
  words: RepoWords,
  device: string,
  version: number,
  flash: 'now' | 'on-reset',
): RepoWords {
  const lock = { devices: [device], version, flash };
  return { ...words, locks: { ...words.locks, [`hold-${device}`]: lock } };
}
