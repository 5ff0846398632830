// A controller over a state, put together as the program itself does it, and the branches of the fleet repo as sources.

import { assert } from '../../controller/base/assert.ts';
import type { ServedController } from '../../controller/cli/ports.ts';
import { composeController } from '../../controller/compose.ts';
import type { Snapshot } from '../../controller/model/revision.ts';
import type { SyncReport } from '../../controller/reconciler/controller.ts';
import {
  createRevisionLoader,
  type RevisionLoader,
} from '../../controller/reconciler/revision-loader.ts';
import { openSource } from '../../controller/sources/open-source.ts';
import type { Source } from '../../controller/sources/source.ts';
import { must } from './must.ts';

/** A branch of a fleet repo. */
export interface BranchName {
  readonly repo: string;
  readonly branch: string;
}

const SILENT = { info: () => undefined, warn: () => undefined };

/** Opens a state and serves its devices on a free port of 127.0.0.1; the source is read only by `syncFleet`. */
export async function serveFleet(
  stateSpec: string,
  source: BranchName | null,
): Promise<ServedController> {
  return must(
    await composeController({
      source: source === null ? null : specOf(source),
      stateSpec,
      listen: { host: '127.0.0.1', port: 0 },
      deviceListen: null,
      publicUrl: null,
      intervalMs: 60_000,
      gatewayToken: null,
      allowAnonymous: false,
      adopt: true,
      verify: null,
      forge: null,
      notices: [],
      proxy: null,
      followSource: false,
      log: SILENT,
    }),
  );
}

/** Reads the source and makes a pass, which has to carry out all that the revision asks for. */
export async function syncFleet({ controller }: ServedController): Promise<SyncReport> {
  // The branches of the repo do not descend from one another.
  const report = must(await controller.sync({ acceptHistory: true }));
  assert(Object.keys(report.failures).length === 0, JSON.stringify(report.failures));
  assert(
    report.plan.products.every(({ refusals }) => refusals.length === 0),
    'nothing of a revision of a bench is refused',
  );
  return report;
}

/** The port that a controller serves on. */
export function portOf({ address }: ServedController): number {
  return Number(new URL(address).port);
}

/** Opens a branch as a source, with a copy of its own in `cacheDir`. */
export function openBranch(name: BranchName, cacheDir: string): Source {
  const opened = openSource(specOf(name), { cacheDir });
  assert(opened.ok, 'the repo of a bench opens');
  return opened.value;
}

/** Reads and resolves a branch. */
export async function readBranch(name: BranchName, cacheDir: string): Promise<Snapshot> {
  const source = openBranch(name, cacheDir);
  try {
    return await readSource(source, createRevisionLoader());
  } finally {
    await source.close();
  }
}

/** Reads and resolves what a source has now. */
export async function readSource(source: Source, loader: RevisionLoader): Promise<Snapshot> {
  const tree = must(await source.fetch());
  return must(await loader.load(tree, null));
}

function specOf({ repo, branch }: BranchName) {
  return { kind: 'git', url: repo, ref: branch, subfolder: null } as const;
}
