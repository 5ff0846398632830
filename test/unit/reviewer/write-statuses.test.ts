// The statuses of commits: written once, on every commit that somebody watches, and none left pending for ever.

import { beforeEach, describe, expect, it } from 'vitest';

import type { ReleasePlan } from '../../../controller/model/plan.ts';
import {
  createStatusWriter,
  type StatusWriter,
} from '../../../controller/reviewer/write-statuses.ts';
import { buildDesired } from '../../support/desired.ts';
import {
  AWAY,
  controllerView,
  createKeptStore,
  createNotingForge,
  type KeptStore,
  type NotingForge,
  productView,
} from '../../support/reviewer-parts.ts';
import { sampleRelease } from '../reports/release-samples.ts';

let noting: NotingForge;
let kept: KeptStore;
let writer: StatusWriter;
beforeEach(() => {
  noting = createNotingForge();
  kept = createKeptStore();
  writer = createStatusWriter({ forge: noting.forge, store: kept.store });
});

const UNDER_WAY = sampleRelease();
const FINISHED = sampleRelease({ step: 'all', finishedAt: 1, waits: [] });

/** Product, its revision in force, and its release. */
type Words = readonly [product: string, revision: string | null, release: ReleasePlan];

function view(...products: readonly Words[]) {
  return controllerView(
    products.map(([product, revision, release]) =>
      productView(buildDesired({ product }), [release], { revision }),
    ),
  );
}

/** Notes which revision started a release. */
function start(product: string, revision: string, manifest = 'Release/thermostat'): void {
  const at = kept.events.length;
  const nobody = { device: null, actionId: null, message: 'Started.' };
  kept.events.push({ type: 'ReleaseStarted', at, product, revision, manifest, ...nobody });
}

async function write(...products: readonly Words[]): Promise<readonly string[]> {
  expect(await writer.write(view(...products))).toEqual({ ok: true, value: undefined });
  return noting.takeCalls();
}

describe('the status of a commit', () => {
  it('is written for each product, and once for as long as it says the same', async () => {
    const products = [
      ['lamp', 'c1', FINISHED],
      ['thermostat', 'c2', UNDER_WAY],
    ] as const;
    expect(await write(...products)).toEqual([
      'putStatus lockstep/lamp c1 success',
      'putStatus lockstep/thermostat c2 pending',
    ]);
    expect(await write(...products)).toEqual([]);
    // One more success is no news.
    expect(await write(products[0], ['thermostat', 'c2', { ...UNDER_WAY, inFlight: 3 }])).toEqual(
      [],
    );
    expect(await write(products[0], ['thermostat', 'c2', FINISHED])).toEqual([
      'putStatus lockstep/thermostat c2 success',
    ]);
  });

  it('follows the release also on the commit that started it, until it is over', async () => {
    start('thermostat', 'c0', 'Release/other');
    start('thermostat', 'older');
    start('thermostat', 'c1');
    expect(await write(['thermostat', 'c2', UNDER_WAY])).toEqual([
      'putStatus lockstep/thermostat c2 pending',
      'putStatus lockstep/thermostat c1 pending',
    ]);
    // A halt is not the end of it.
    const halted = sampleRelease({ waits: [{ kind: 'halted', message: 'Half of it failed.' }] });
    expect(await write(['thermostat', 'c2', halted])).toEqual([
      'putStatus lockstep/thermostat c2 failure',
      'putStatus lockstep/thermostat c1 failure',
    ]);
  });

  it('ends on a commit that nothing follows any more', async () => {
    start('thermostat', 'c1');
    await write(['thermostat', 'c1', UNDER_WAY]);
    start('thermostat', 'c2');
    expect(await write(['thermostat', 'c2', UNDER_WAY])).toEqual([
      'putStatus lockstep/thermostat c2 pending',
      'putStatus lockstep/thermostat c1 success',
    ]);
    expect(await write(['thermostat', 'c2', UNDER_WAY])).toEqual([]);
  });

  it('that has ended stays as it ended', async () => {
    const halted = sampleRelease({ waits: [{ kind: 'halted', message: 'Half of it failed.' }] });
    await write(['thermostat', 'c1', halted]);
    expect(await write(['thermostat', 'c2', FINISHED])).toEqual([
      'putStatus lockstep/thermostat c2 success',
    ]);
  });

  it('that cannot be written is tried again, and keeps no other from being written', async () => {
    noting.failures.set('putStatus lockstep/lamp', AWAY);
    const products = [
      ['lamp', 'c1', FINISHED],
      ['thermostat', 'c2', FINISHED],
    ] as const;
    expect(await writer.write(view(...products))).toEqual({ ok: false, error: AWAY });
    expect(noting.takeCalls()).toHaveLength(2);
    noting.failures.clear();
    expect(await write(...products)).toEqual(['putStatus lockstep/lamp c1 success']);
    // So is the end of one.
    await write(['lamp', 'c1', UNDER_WAY], products[1]);
    noting.failures.set('putStatus lockstep/lamp c1', AWAY);
    await writer.write(view(['lamp', 'c3', FINISHED], products[1]));
    noting.failures.clear();
    noting.takeCalls();
    expect(await write(['lamp', 'c3', FINISHED], products[1])).toEqual([
      'putStatus lockstep/lamp c1 success',
    ]);
  });

  it('is none of a product of which nothing was carried out', async () => {
    expect(await write(['lamp', null, UNDER_WAY])).toEqual([]);
  });
});
