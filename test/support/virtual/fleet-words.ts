// The manifests of a virtual fleet repo: what edits make of them, and the snapshot that a loader would read out of them.
// No YAML: reading has tests of its own.

import { unreachable } from '../../../controller/base/assert.ts';
import type {
  Desired,
  Kind,
  Placed,
  ReleaseSpec,
  StrategySpec,
} from '../../../controller/model/desired.ts';
import type { BinaryFacts } from '../../../controller/model/firmware.ts';
import type { Problem } from '../../../controller/model/problem.ts';
import type { Snapshot } from '../../../controller/model/revision.ts';
import { buildDesired } from '../desired.ts';
import type { Audience, Edit, Setup } from './history.ts';

/** What one Release manifest says. */
export interface ReleaseWords {
  readonly version: number;
  readonly strategy: StrategySpec;
  readonly approved: readonly string[];
  readonly attempt: number;
  readonly paused: boolean;
}

/** What all manifests say. */
export interface FleetWords {
  readonly firmware: ReadonlyMap<
    number,
    { readonly from: number | null; readonly withdrawn: boolean }
  >;
  readonly releases: ReadonlyMap<Audience, ReleaseWords>;
  /** By number of the device. */
  readonly locks: ReadonlyMap<
    number,
    { readonly version: number; readonly flash: 'now' | 'on-reset' }
  >;
}

/** The manifest file of the fleet repo. */
const FILE = 'fleet.yaml';

/** The group of an audience; null: everybody. */
export function groupOf(audience: Audience): string | null {
  return audience === 'all' ? null : audience;
}

/** Manifests after an edit; an edit of something that is not there changes nothing. */
export function editWords(words: FleetWords, edit: Edit): FleetWords {
  switch (edit.type) {
    case 'firmware': {
      if (words.firmware.has(edit.version)) return words;
      const added = { from: edit.from, withdrawn: false };
      return { ...words, firmware: new Map([...words.firmware, [edit.version, added]]) };
    }
    case 'withdraw':
    case 'restore': {
      const known = words.firmware.get(edit.version);
      if (known === undefined) return words;
      const changed = { ...known, withdrawn: edit.type === 'withdraw' };
      return { ...words, firmware: new Map([...words.firmware, [edit.version, changed]]) };
    }
    case 'lock': {
      if (!words.firmware.has(edit.version)) return words;
      const { version, flash } = edit;
      return { ...words, locks: new Map([...words.locks, [edit.device, { version, flash }]]) };
    }
    case 'unlock':
      return {
        ...words,
        locks: new Map([...words.locks].filter(([device]) => device !== edit.device)),
      };
    case 'unrelease':
      return {
        ...words,
        releases: new Map([...words.releases].filter(([audience]) => audience !== edit.audience)),
      };
    case 'release': {
      if (!words.firmware.has(edit.version)) return words;
      const { version, strategy } = edit;
      const release = { version, strategy, approved: [], attempt: 1, paused: false };
      return { ...words, releases: new Map([...words.releases, [edit.audience, release]]) };
    }
    case 'strategy':
      return editRelease(words, edit.audience, (release) => ({
        ...release,
        strategy: edit.strategy,
        // An approval is of a step; one that is gone would be refused.
        approved: release.approved.filter((name) =>
          edit.strategy.steps.some((step) => step.name === name),
        ),
      }));
    case 'approve':
      return editRelease(words, edit.audience, (release) => {
        const name = release.strategy.steps[edit.step]?.name;
        if (name === undefined || release.approved.includes(name)) return release;
        return { ...release, approved: [...release.approved, name] };
      });
    case 'attempt':
      return editRelease(words, edit.audience, (release) => ({
        ...release,
        attempt: release.attempt + 1,
      }));
    case 'pause':
    case 'unpause':
      return editRelease(words, edit.audience, (release) => ({
        ...release,
        paused: edit.type === 'pause',
      }));
    default:
      return unreachable(edit);
  }
}

function editRelease(
  words: FleetWords,
  audience: Audience,
  change: (release: ReleaseWords) => ReleaseWords,
): FleetWords {
  const release = words.releases.get(audience);
  if (release === undefined) return words;
  return { ...words, releases: new Map([...words.releases, [audience, change(release)]]) };
}

/** Names a history's product and its devices, so that several histories can share one state. */
export interface Names {
  readonly product: string;
  device(number: number): string;
}

/** The snapshot of a revision with these manifests. */
export function snapshotOf(
  words: FleetWords,
  setup: Setup,
  names: Names,
  revision: string,
): Snapshot {
  const desired = desiredOf(words, setup, names, revision);
  return {
    revision,
    products: { [names.product]: desired },
    problems: [],
    frozen: [],
    productsByFile: { [FILE]: [names.product] },
    refused: [],
    binaries: Object.fromEntries(
      desired.firmware.map(({ spec }) => [spec.binary.sha256, binaryFacts(spec.binary.sha256)]),
    ),
  };
}

/** The snapshot of a revision with a file that cannot be read: of a known product, or a new one. */
export function brokenSnapshot(names: Names, revision: string, file: 'new' | 'known'): Snapshot {
  const path = file === 'new' ? 'new.yaml' : FILE;
  const problem: Problem = {
    severity: 'error',
    reason: 'InvalidManifest',
    message: 'The file is no YAML.',
    remedy: 'Mend it.',
    place: { file: path, line: 1, column: 1 },
    excerpt: null,
    product: null,
  };
  return {
    revision,
    products: {},
    problems: [problem],
    frozen: file === 'new' ? 'all' : [names.product],
    productsByFile: { [FILE]: [names.product] },
    refused: [],
    binaries: {},
  };
}

/** The digest of the binary of a version. */
export function digestOf(version: number): string {
  return String(version).padStart(64, '0');
}

/** The facts of any binary: opaque, and at hand. */
export function binaryFacts(sha256: string): BinaryFacts {
  return {
    size: 100,
    sha256,
    sha1: 'a'.repeat(40),
    md5: 'b'.repeat(32),
    compiled: {
      format: 'opaque',
      productId: null,
      version: null,
      versionText: null,
      platform: null,
      appHash: null,
      details: [],
    },
    defect: null,
    lfsPointer: false,
  };
}

function desiredOf(words: FleetWords, setup: Setup, names: Names, revision: string): Desired {
  const { product } = names;
  const pollIntervalMs = setup.pollMinutes * 60_000;
  const place = <T>(kind: Kind, name: string, spec: T): Placed<T> => ({
    spec,
    origin: { kind, name, revision, file: FILE, line: 1, column: 1, places: {} },
  });
  const base = buildDesired({
    product,
    revision,
    fleet: {
      pollIntervalMs,
      attemptTimeoutMs: setup.timeoutRounds * pollIntervalMs,
      rebootGraceMs: setup.graceRounds * pollIntervalMs,
      retries: setup.retries,
      bootAttribute: setup.boots ? 'boot' : null,
      groupBy: ['hw'],
    },
    verification: { devices: setup.verifiers },
    firmware: [...words.firmware]
      .sort(([one], [other]) => one - other)
      .map(([version, { from, withdrawn }]) => ({
        version,
        sha256: digestOf(version),
        withdrawn,
        ...(from !== null && { requiresFrom: from }),
      })),
    groups: { listed: setup.listed.map((number) => names.device(number)) },
    matchGroups: { matched: { hw: 'b' } },
  });
  return {
    ...base,
    locks: [...words.locks]
      .sort(([one], [other]) => one - other)
      .map(([device, { version, flash }]) =>
        place('DeviceLock', `lock-${device}`, {
          product,
          devices: [names.device(device)],
          group: null,
          version,
          flash,
          reason: null,
          owner: null,
          expires: null,
        }),
      ),
    releases: (['all', 'listed', 'matched'] as const).flatMap((audience) => {
      const release = words.releases.get(audience);
      if (release === undefined) return [];
      const spec: ReleaseSpec = { product, group: groupOf(audience), ...release };
      return [place('Release', `release-${audience}`, spec)];
    }),
  };
}
