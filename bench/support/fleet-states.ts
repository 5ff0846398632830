// States of fleets of any size, ready to be opened: every device known, with a token, heard just now; the manifests of
// branch `inForce` carried out. Each size is made once per run; a bench works on a copy.

import { hash } from 'node:crypto';
import { constants, cpSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';

import { assert } from '../../controller/base/assert.ts';
import type { FirmwareRecord } from '../../controller/model/firmware.ts';
import type { Snapshot } from '../../controller/model/revision.ts';
import { emptyDesired } from '../../controller/model/desired.ts';
import { openState } from '../../controller/stores/open-state.ts';
import { BRANCHES, isLockedDevice, PRODUCT, RUNNING, writeFleetRepo } from './fleet-repo.ts';
import { must } from './must.ts';
import { readBranch, serveFleet, syncFleet } from './serve-fleet.ts';
import { seedFleet } from './seed-fleet.ts';

export interface FleetStates {
  /** The fleet repo. */
  readonly repo: string;
  /** Copies the state of a fleet into `folder`, which is made; returns what to open it by. */
  copy(devices: number, folder: string): Promise<string>;
}

/** The target token of device `i` of a seeded fleet. */
export function tokenOf(i: number): string {
  return `${i.toString(16).padStart(8, '0')}c0ffee5eed0123456789abcdef`;
}

/** What device `i` of a seeded fleet runs: one in ten an old version. */
export function runningOf(i: number): number {
  return i % 10 === 0 || isLockedDevice(i) ? RUNNING.old : RUNNING.current;
}

/** Creates the repo and no state yet; all of it is kept under `folder`. */
export function createFleetStates(folder: string, tell: (line: string) => void): FleetStates {
  const repo = join(folder, 'repo');
  writeFleetRepo(repo);
  const made = new Map<number, string>();

  async function make(devices: number): Promise<string> {
    const home = join(folder, `fleet-${devices}`);
    mkdirSync(home);
    tell(`seeding ${devices.toLocaleString('en-US')} devices`);
    seedFleet(join(home, 'state.db'), {
      product: PRODUCT,
      devices,
      running: runningOf,
      tokenFor: (i) => hash('sha256', tokenOf(i)),
    });
    await putInForce(home, repo);
    return home;
  }

  return {
    repo,
    async copy(devices, target) {
      const home = made.get(devices) ?? (await make(devices));
      made.set(devices, home);
      cpSync(home, target, { recursive: true, mode: constants.COPYFILE_FICLONE });
      return `sqlite:${join(target, 'state.db')}`;
    },
  };
}

/** Carries out branch `inForce` on a seeded state, in which every version has passed its gate before. */
async function putInForce(home: string, repo: string): Promise<void> {
  const stateSpec = `sqlite:${join(home, 'state.db')}`;
  const large = await readBranch({ repo, branch: 'large' }, join(home, 'source'));
  const state = must(await openState(stateSpec));
  const now = Date.now();
  await state.store.saveProduct({
    product: {
      name: PRODUCT,
      adoptedAt: now,
      stoppedAt: null,
      inForce: emptyDesired(PRODUCT),
      revision: null,
      listenedMs: 0,
      conditions: [],
    },
    firmware: verifiedFirmware(large, now),
  });
  await state.release();
  const fleet = await serveFleet(stateSpec, { repo, branch: 'inForce' });
  await syncFleet(fleet);
  await fleet.close();
}

function verifiedFirmware(snapshot: Snapshot, now: number): readonly FirmwareRecord[] {
  const firmware = snapshot.products[PRODUCT]?.firmware ?? [];
  assert(firmware.length === Object.keys(BRANCHES).length + 1, 'a bench knows all its firmware');
  return firmware.map(({ spec }) => ({
    product: PRODUCT,
    version: spec.version,
    sha256: spec.binary.sha256,
    size: 0,
    sha1: '',
    md5: '',
    addedAt: now,
    addedRevision: snapshot.revision,
    verifiedAt: now,
    finishedAt: null,
    withdrawnAt: null,
    stored: false,
  }));
}
