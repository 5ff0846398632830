// The check of a fleet repo of 2,000 locks, whole and after one of them was changed, beside a repo of one such file: for
// a plain directory and for git. What takes the time, listing or reading, is in the notes.

import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

import { assert } from '../controller/base/assert.ts';
import type { Snapshot } from '../controller/model/revision.ts';
import {
  createRevisionLoader,
  type RevisionLoader,
} from '../controller/reconciler/revision-loader.ts';
import { createDirectorySource } from '../controller/sources/directory/directory-source.ts';
import type { Source } from '../controller/sources/source.ts';
import type { Bench, BenchContext, Figure } from './support/bench.ts';
import { commit, lockManifest, PRODUCT_MANIFEST, runGit } from './support/fleet-repo.ts';
import { compare, measureInTurn, summarise, timeMs } from './support/measure.ts';
import { must } from './support/must.ts';
import { openBranch } from './support/serve-fleet.ts';

const LOCKS = 2_000;
const FILES_PER_FOLDER = 100;

/** After this a directory source takes a file's times for its content. */
const RACY_MS = 2_600;

/** `validate` */
export const validateBench: Bench = {
  name: 'validate',
  async run(context) {
    const figures: Figure[] = [];
    for (const kind of ['git', 'directory'] as const) {
      figures.push(...(await measureKind(context, kind)));
    }
    return figures;
  },
};

/** A tree on the disk, and what reads it. */
interface Subject {
  readonly source: Source;
  /** Rewrites one lock, so that the next reading finds one file changed. */
  change(): void;
}

async function measureKind(
  context: BenchContext,
  kind: 'git' | 'directory',
): Promise<readonly Figure[]> {
  const large = openSubject(context, kind, LOCKS);
  const single = openSubject(context, kind, 1);
  try {
    if (kind === 'directory') await sleep(RACY_MS);
    const known = createRevisionLoader();
    await validate(large.source, known);
    let listing: number[] = [];
    const [alone = [], changed = [], whole = []] = await measureInTurn(context.rounds, [
      async () => {
        single.change();
        return timeMs(() => validate(single.source, createRevisionLoader()));
      },
      async () => {
        large.change();
        return timeMs(() => validate(large.source, known, listing));
      },
      () => timeMs(() => validate(large.source, createRevisionLoader())),
    ]);
    listing = listing.slice(-context.rounds);
    return describe(kind, { alone, changed, whole, listing });
  } finally {
    await large.source.close();
    await single.source.close();
  }
}

function openSubject(context: BenchContext, kind: 'git' | 'directory', locks: number): Subject {
  const dir = join(context.folder, `${kind}-${locks}`);
  for (let i = 0; i < locks; i += 1) {
    const folder = join(dir, `hall-${Math.floor(i / FILES_PER_FOLDER)}`);
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, `lock-${i}.yaml`), lockManifest(`lock-${i}`, i));
  }
  if (locks > 1) writeFileSync(join(dir, 'product.yaml'), PRODUCT_MANIFEST);
  const source = kind === 'git' ? openRepo(context, dir) : openDirectory(dir);
  let changes = 0;
  return {
    source,
    change() {
      changes += 1;
      const text = `${lockManifest('lock-0', 0)}  expires: 2099-01-01\n# ${changes}\n`;
      writeFileSync(join(dir, 'hall-0/lock-0.yaml'), text);
      if (kind === 'git') commit(dir, `Change ${changes}`);
    },
  };
}

function openRepo(context: BenchContext, dir: string): Source {
  runGit(dir, 'init', '--quiet', '--initial-branch=main');
  commit(dir, 'Lock the halls');
  return openBranch({ repo: dir, branch: 'main' }, join(context.folder, 'source'));
}

/** Without the rest between two looks, which costs time but no work. */
function openDirectory(directory: string): Source {
  return createDirectorySource({ directory, settleMs: 0, exclude: [] });
}

/** Reads and resolves what the source has now; adds to `listing` the time until the files are known. */
async function validate(
  source: Source,
  loader: RevisionLoader,
  listing: number[] = [],
): Promise<Snapshot> {
  const started = performance.now();
  const tree = must(await source.fetch());
  listing.push(performance.now() - started);
  const snapshot = must(await loader.load(tree, null));
  assert(Object.keys(snapshot.productsByFile).length > 0, 'a tree of a bench holds manifests');
  return snapshot;
}

function describe(
  kind: string,
  series: {
    readonly alone: readonly number[];
    readonly changed: readonly number[];
    readonly whole: readonly number[];
    readonly listing: readonly number[];
  },
): readonly Figure[] {
  const { alone, changed, whole, listing } = series;
  const share = summarise(listing.map((ms, round) => ms / (changed[round] ?? ms))).median;
  const base = { bench: 'validate', devices: null, unit: 'ms' } as const;
  const one = compare(changed, alone);
  const all = compare(whole, alone);
  const name = `a ${kind} of one lock`;
  return [
    {
      ...base,
      what: `2,000 locks, ${kind}, nothing known`,
      ours: all.ours,
      baseline: { name, value: all.baseline },
      ratio: all.ratio,
      target: null,
      note: null,
    },
    {
      ...base,
      what: `2,000 locks, ${kind}, one changed`,
      ours: one.ours,
      baseline: { name, value: one.baseline },
      ratio: one.ratio,
      target: { of: 'ratio', limit: 'at most', value: 2 },
      note: `listing what is there takes ${Math.round(share * 100)} % of it`,
    },
  ];
}
