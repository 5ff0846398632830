// Pull requests to a fleet of a million thermostats, as their reviewers meet them: each is really planned.

import type { StrategySpec } from '../../../controller/model/desired.ts';
import { DIRECT_STRATEGY } from '../../../controller/model/desired.ts';
import type { BinaryFacts } from '../../../controller/model/firmware.ts';
import type { CensusCell, LiveState } from '../../../controller/model/live.ts';
import { BLOCK_BUCKETS } from '../../../controller/model/live.ts';
import type { Problem } from '../../../controller/model/problem.ts';
import type { ChangeReview } from '../../../controller/model/review.ts';
import type { PlanWords } from '../../support/plan-input.ts';
import {
  carried,
  HOUR_MS,
  liveOf,
  namedDevice,
  NOW,
  remembered,
  shaOf,
} from '../../support/plan-input.ts';
import type { ChangeWords } from '../../support/review-input.ts';
import { review } from '../../support/review-input.ts';

export const HEAD = '7c1e90a4b2d35f68c1e90a4b2d35f687c1e90a4b';

/** What `renderReviewComment` is given besides the review. */
export const PAGE = {
  head: HEAD,
  base: 'main',
  prefix: 'fleet/',
  links: {
    fileUrl: (path: string, line: number) =>
      `https://github.com/acme/devices/blob/${HEAD}/${path.split('/').map(encodeURIComponent).join('/')}#L${line}`,
    checkUrl: 'https://github.com/acme/devices/runs/71',
  },
  now: NOW,
} as const;

const STAGED: StrategySpec = {
  ...DIRECT_STRATEGY,
  steps: [
    {
      name: 'canary',
      exposure: 100,
      minDevices: 5,
      soakMs: 24 * HOUR_MS,
      successes: 20,
      approval: false,
    },
    {
      name: 'tenth',
      exposure: 1_000,
      minDevices: 1,
      soakMs: 24 * HOUR_MS,
      successes: 100,
      approval: false,
    },
    {
      name: 'half',
      exposure: 5_000,
      minDevices: 1,
      soakMs: 24 * HOUR_MS,
      successes: 1,
      approval: false,
    },
    { name: 'all', exposure: 10_000, minDevices: 1, soakMs: 0, successes: 1, approval: false },
  ],
};

/** The manifests on main: 41 is released through the steps, bench-1 and bench-2 are the bench. */
export const MAIN: PlanWords = {
  productId: 94,
  platform: 'photon',
  firmware: [{ version: 41, title: 'First light' }],
  groups: { bench: ['bench-1', 'bench-2'] },
  verification: { group: 'bench', soakMs: HOUR_MS },
  guardrails: { maxAffected: 25 },
  release: 41,
  rollout: { strategy: STAGED },
};

const FIRMWARE_42 = { version: 42, title: 'Fix heater drift' };
export const WITH_42: PlanWords = { ...MAIN, firmware: [...(MAIN.firmware ?? []), FIRMWARE_42] };
const BENCH_LOCK = {
  'bench-on-42': { version: 42, devices: ['bench-1'], reason: 'verify 42' },
};

/** Counted devices, evenly around the circle. */
function evenly(version: number, devices: number): CensusCell {
  const each = Math.floor(devices / 10_000);
  const blocks = Array.from({ length: 100 }, (_, block) => {
    const counts = Uint32Array.from({ length: BLOCK_BUCKETS }, (_, index) => {
      const bucket = block * BLOCK_BUCKETS + index;
      return each + (bucket < devices - each * 10_000 ? 1 : 0);
    });
    return [block, counts] as const;
  });
  return { version, traits: {}, dormant: false, blocks: new Map(blocks) };
}

/** A million devices, of which 899,990 run 41, and the bench. */
export function million(more: Partial<LiveState> = {}): LiveState {
  return {
    ...liveOf([namedDevice('bench-1'), namedDevice('bench-2', { online: false })]),
    devices: 1_000_000,
    offline: 120,
    unlocked: [
      { version: 40, devices: 100_010 },
      { version: 41, devices: 899_990 },
    ],
    census: [evenly(40, 100_010), evenly(41, 899_990)],
    firmware: [
      remembered(40, { verifiedAt: 1, finishedAt: 1 }),
      remembered(41, { verifiedAt: 1, finishedAt: 2 }),
    ],
    ...more,
  };
}

export const VERIFIED_42 = {
  firmware: [remembered(41, { verifiedAt: 1, finishedAt: 2 }), remembered(42, { verifiedAt: 3 })],
  unlocked: [{ version: 41, devices: 1_000_000 }],
  census: [evenly(41, 1_000_000)],
};

export function factsOf(version: number, more: Partial<BinaryFacts> = {}): BinaryFacts {
  return {
    size: 61_440,
    sha256: shaOf(version),
    sha1: 'a'.repeat(40),
    md5: 'b'.repeat(32),
    compiled: {
      format: 'particle',
      productId: 94,
      version,
      versionText: null,
      platform: { id: 6, name: 'photon' },
      appHash: null,
      details: [],
    },
    defect: null,
    lfsPointer: false,
    ...more,
  };
}

function problem(more: Partial<Problem>): Problem {
  return {
    severity: 'error',
    reason: 'VersionMismatch',
    message: 'The manifest says version 42, and version 43 is compiled into firmware/42.bin.',
    remedy: 'Write `version: 43`, or build the binary with PRODUCT_VERSION(42).',
    place: { file: 'firmware.yaml', line: 23, column: 12 },
    excerpt: '  version: 42',
    product: 'thermostat',
    ...more,
  };
}

const BINARIES = { [shaOf(42)]: factsOf(42) };

const STORIES = {
  /** 42 is released, and nobody leads there. */
  refused: {
    base: MAIN,
    merged: { ...WITH_42, release: 42 },
    mergedSnapshot: { binaries: BINARIES },
    live: million(),
  },
  /** The same with the lock that verifies it. */
  neutral: {
    base: MAIN,
    merged: { ...WITH_42, release: 42, locks: BENCH_LOCK },
    mergedSnapshot: { binaries: BINARIES },
    live: million(),
  },
  /** The lock is merged, and bench-1 on its way. */
  pending: {
    base: { ...WITH_42, locks: BENCH_LOCK },
    merged: { ...WITH_42, locks: BENCH_LOCK, release: 42 },
    live: million({
      firmware: [...million().firmware, remembered(42)],
      named: new Map([
        ['bench-1', namedDevice('bench-1', { lock: carried(42, 'bench-on-42') })],
        ['bench-2', namedDevice('bench-2', { online: false })],
      ]),
    }),
  },
  /** 42 is verified. */
  verified: {
    base: WITH_42,
    merged: { ...WITH_42, release: 42 },
    live: million(VERIFIED_42),
  },
  /** The revert of a release that reached a tenth. */
  rollback: {
    base: { ...WITH_42, release: 42 },
    inForce: {
      ...WITH_42,
      release: 42,
      tracks: {
        '': {
          base: 41,
          baseBefore: 41,
          step: 'tenth',
          limit: 1_000,
          finishedAt: null,
          round: 5,
          soakSince: null,
        },
      },
    },
    merged: WITH_42,
    live: million({
      ...VERIFIED_42,
      unlocked: [
        { version: 41, devices: 900_000 },
        { version: 42, devices: 100_000 },
      ],
      census: [evenly(41, 900_000), evenly(42, 100_000)],
    }),
  },
  /** The binary is not what its manifest says. */
  mismatch: {
    base: MAIN,
    merged: { ...MAIN, release: 42 },
    mergedSnapshot: {
      problems: [
        problem({}),
        problem({
          reason: 'PlatformMismatch',
          message: 'The binary is built for p1 (8); the product names photon.',
          remedy: 'Use a binary built for photon, or correct `platform` of the Product.',
          place: { file: 'firmware.yaml', line: 27, column: 7 },
        }),
      ],
      refused: ['Firmware/thermostat/thermostat-42'],
    },
    live: million(),
  },
  /** A file that cannot be read. */
  frozen: {
    base: MAIN,
    merged: MAIN,
    mergedSnapshot: {
      problems: [
        problem({
          reason: 'InvalidManifest',
          message: 'Unknown field `verison` in spec; did you mean `version`?',
          remedy: 'Write `version`.',
          place: { file: 'release.yaml', line: 7, column: 3 },
        }),
      ],
      frozen: ['thermostat'],
    },
    live: million(),
  },
  /** Limits are loosened; somebody else may verify. */
  policy: {
    base: MAIN,
    merged: {
      ...MAIN,
      groups: { bench: ['bench-1', 'lab-9'] },
      verification: { group: 'bench', soakMs: 0 },
      guardrails: { maxAffected: null, allowEmpty: true },
    },
    live: million(),
  },
  /** A label is added, while main has a release refused, and devices are on their way. */
  standing: {
    base: { ...WITH_42, release: 42 },
    inForce: MAIN,
    merged: { ...WITH_42, release: 42, groups: { ...MAIN.groups, lab: ['lab-1'] } },
    mergedSnapshot: { problems: [problem({ place: { file: 'old.yaml', line: 9, column: 3 } })] },
    baseSnapshot: { problems: [problem({ place: { file: 'old.yaml', line: 4, column: 3 } })] },
    live: million(),
  },
  untouched: { base: MAIN, merged: MAIN, live: million() },
  unread: { base: MAIN, merged: { ...WITH_42, release: 42 }, live: null },
} satisfies Record<string, ChangeWords>;

export type Story = keyof typeof STORIES;

/** The review of a story. */
export function storyOf(name: Story): ChangeReview {
  return review(STORIES[name]);
}

/** So many refusals that no comment can hold them. */
export function monster(refusals: number): ChangeReview {
  const problems = Array.from({ length: refusals }, (_, index) =>
    problem({
      message: `${'Wrong, and at some length. '.repeat(20)}(${index})`,
      place: { file: `firmware/${index % 90}.yaml`, line: index + 1, column: 3 },
    }),
  );
  return review({ base: MAIN, merged: WITH_42, mergedSnapshot: { problems }, live: million() });
}
