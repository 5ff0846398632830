// How a release went, as a running controller notes it: each change once, across a restart, and for as long as it is in
// force.

import { afterEach, beforeEach, expect, it } from 'vitest';

import type { ReleaseSample } from '../../controller/model/release-sample.ts';
import { BUCKETS } from '../../controller/model/rollout.ts';
import { fleetFiles } from '../property/support/fleet-repo.ts';
import { startController, type TestController } from '../support/controller.ts';

let controller: TestController;
beforeEach(async () => {
  controller = await startController();
});
afterEach(() => controller.close());

const DAY_MS = 86_400_000;

/** Counts without the times, of all rounds. */
async function counts(): Promise<readonly Omit<ReleaseSample, 'at'>[]> {
  const samples = await controller.store.releaseSamples('thermostat');
  return samples.map(({ round, exposure, inFlight, succeeded, failed }) => {
    return { round, exposure, inFlight, succeeded, failed };
  });
}

async function release(version: number): Promise<void> {
  await controller.apply(fleetFiles({ firmware: [1, 2], release: version }));
}

/** Version 1 runs on three devices and is released, and so is version 2 since. */
async function startOnTwo(): Promise<void> {
  await controller.apply(fleetFiles({ firmware: [1, 2] }));
  for (const id of ['d1', 'd2', 'd3']) await controller.device(id).introduce(1);
  await controller.device('bench').introduce(2);
  await release(1);
  await release(2);
}

it('is noted with each change, once, also over a restart', async () => {
  await startOnTwo();
  const reached = { round: 2, exposure: BUCKETS, failed: 0 };
  expect((await counts()).at(-1)).toEqual({ ...reached, inFlight: 0, succeeded: 1 });
  const before = (await counts()).length;
  await controller.device('d1').update();
  await controller.device('d2').poll();
  await controller.passTime(2_000);
  await controller.sync();
  const expected = [
    ...(await counts()).slice(0, before),
    { ...reached, inFlight: 1, succeeded: 2 },
  ];
  expect(await counts()).toEqual(expected);
  controller = await controller.restart();
  await controller.passTime(2_000);
  await controller.sync();
  expect(await counts()).toEqual(expected);
  await controller.device('d3').update();
  await controller.passTime(2_000);
  await controller.sync();
  expect(await counts()).toEqual([...expected, { ...reached, inFlight: 1, succeeded: 3 }]);
});

it('is forgotten when another release takes its place, also after a restart', async () => {
  await startOnTwo();
  expect(new Set((await counts()).map(({ round }) => round))).toEqual(new Set([2]));
  controller = await controller.restart();
  await release(1);
  expect(new Set((await counts()).map(({ round }) => round))).toEqual(new Set([3]));
});

it('is no longer noted thirty days after its last step', async () => {
  await startOnTwo();
  const before = await counts();
  await controller.sync();
  controller.clock.advance(31 * DAY_MS);
  await controller.device('d1').update();
  await controller.sync();
  expect(await counts()).toEqual(before);
});
