// Every example can be copied: it loads without a problem, and plans against a fleet that runs its first version.

import { readdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import { emptyDesired } from '../../controller/model/desired.ts';
import type { FirmwareRecord } from '../../controller/model/firmware.ts';
import type { LiveState } from '../../controller/model/live.ts';
import type { Snapshot } from '../../controller/model/revision.ts';
import { buildPlan } from '../../controller/plan/build-plan.ts';
import { createRevisionLoader } from '../../controller/reconciler/revision-loader.ts';
import { openSource } from '../../controller/sources/open-source.ts';
import { censusOf } from '../support/census.ts';

const EXAMPLES = resolve(import.meta.dirname, '../../examples');
const names = readdirSync(EXAMPLES, { withFileTypes: true })
  // Workflows, settings and what watches a controller, and no manifests.
  .filter((entry) => entry.isDirectory() && !['github', 'monitoring'].includes(entry.name))
  .map(({ name }) => name);

describe('examples', () => {
  it('are at least three', () => {
    expect(names.length).toBeGreaterThanOrEqual(3);
  });

  it.each(names)('%s loads without a problem', async (name) => {
    const snapshot = await load(name);
    expect(snapshot.problems).toEqual([]);
    expect(Object.keys(snapshot.products)).toHaveLength(1);
  });

  it.each(names)('%s plans against a fleet that has just come', async (name) => {
    const snapshot = await load(name);
    const [product = ''] = Object.keys(snapshot.products);
    const versions = snapshot.products[product]?.firmware.map(({ spec }) => spec.version) ?? [];
    const { plan } = planFor(snapshot, product, liveOn(product, versions[0] ?? 1));
    const types = plan.products[0]?.actions.map(({ type }) => type) ?? [];
    expect(types).toContain('ConfigureProduct');
    expect(types).toContain('UploadFirmware');
    // No device has vouched for the versions yet, so the gate holds each release back: nothing else is wrong.
    const releases = snapshot.products[product]?.releases ?? [];
    expect(plan.products[0]?.refusals.map(({ reason }) => reason)).toEqual(
      releases.map(() => 'ReleaseUnverified'),
    );
    expect(plan.errors).toEqual([]);
  });

  it('pump shows each part of a staged release, and begins with its first step', async () => {
    const snapshot = await load('pump');
    const desired = snapshot.products['pump'];
    const strategy = desired?.releases.find(({ spec }) => spec.group === null)?.spec.strategy;
    expect(strategy?.steps.some(({ approval }) => approval)).toBe(true);
    expect(strategy?.windows.length).toBeGreaterThan(1);
    expect(strategy?.rate).not.toBeNull();
    expect(desired?.groups.some(({ spec }) => spec.match !== null)).toBe(true);
    expect(desired?.firmware.some(({ spec }) => spec.requiresFrom !== null)).toBe(true);

    const firmware = desired?.firmware.map(({ spec }): FirmwareRecord => {
      const { sha256 } = spec.binary;
      return { ...VERIFIED, product: 'pump', version: spec.version, sha256 };
    });
    const { plan } = planFor(snapshot, 'pump', {
      ...liveOn('pump', 38),
      firmware: firmware ?? [],
    });
    expect(plan.products[0]?.refusals).toEqual([]);
    const staged = plan.products[0]?.releases.find(({ group }) => group === null);
    expect(staged?.steps.map(({ name }) => name)).toEqual(['canary', 'tenth', 'half', 'all']);
    expect(staged?.steps[0]?.devices).toBe(10);
    expect(staged?.steps[2]?.approval).toBe('needed');
  });
});

const VERIFIED: Omit<FirmwareRecord, 'product' | 'version' | 'sha256'> = {
  size: 70,
  sha1: '',
  md5: '',
  addedAt: 1,
  addedRevision: 'r0',
  verifiedAt: 1,
  finishedAt: null,
  withdrawnAt: null,
  stored: true,
};

function planFor(
  snapshot: Snapshot,
  product: string,
  live: LiveState,
): ReturnType<typeof buildPlan> {
  return buildPlan({
    snapshot,
    inForce: new Map([[product, emptyDesired(product)]]),
    live: new Map([[product, live]]),
    context: {
      now: Date.UTC(2026, 0, 1),
      today: '2026-01-01',
      adopt: true,
      unavailable: new Map(),
    },
  });
}

async function load(name: string): Promise<Snapshot> {
  const source = openSource(
    { kind: 'directory', directory: join(EXAMPLES, name) },
    { cacheDir: join(EXAMPLES, '.none'), settleMs: 1 },
  );
  if (!source.ok) throw new Error(source.error.message);
  const tree = await source.value.fetch();
  if (!tree.ok) throw new Error(tree.error.message);
  const loaded = await createRevisionLoader().load(tree.value, null);
  await source.value.close();
  if (!loaded.ok) throw new Error(loaded.error.message);
  return loaded.value;
}

function liveOn(product: string, version: number): LiveState {
  return {
    product,
    adopted: true,
    stopped: false,
    devices: 50,
    offline: 0,
    quarantined: 0,
    unlocked: [{ version, devices: 50 }],
    locked: [],
    outcomes: [],
    rounds: [],
    census: censusOf([{ version, devices: 50 }]),
    listened: 0,
    listening: true,
    named: new Map(),
    firmware: [],
    evidence: [],
  };
}
