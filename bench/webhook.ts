// From a merge to the first flash: the webhook of a push arrives, the controller fetches and plans the commit, and a device
// that polls is offered the released version. Over the fake GitHub, with git over HTTP; the baseline is how long a controller
// without webhooks waits on average before it even looks.

import { assert } from '../controller/base/assert.ts';
import type { DeviceHand } from '../test/support/device-hand.ts';
import { createDeviceHands } from '../test/support/device-hand.ts';
import {
  firmwareFiles,
  fleetFiles,
  lockFile,
  releaseFile,
  startForgeWorld,
} from '../test/support/forge-world.ts';
import type { Bench, Figure } from './support/bench.ts';
import { compare, timeMs } from './support/measure.ts';

/** The default of `interval`. */
const INTERVAL_MS = 60_000;

/** A first flash later than this is none. */
const PATIENCE_MS = 30_000;

/** `webhook` */
export const webhookBench: Bench = {
  name: 'webhook',
  async run({ rounds, tell }) {
    tell('from webhooks to first flashes');
    const measured: number[] = [];
    // The first warms up.
    for (let round = 0; round <= rounds; round += 1) {
      const ms = await measureRound();
      if (round > 0) measured.push(ms);
    }
    return [describe(measured)];
  },
};

async function measureRound(): Promise<number> {
  const world = await startForgeWorld({
    files: { ...fleetFiles([41], 41), ...firmwareFiles(42), ...lockFile(42) },
    intervalMs: INTERVAL_MS,
  });
  try {
    await world.start();
    world.startDevices(['bench-1'], 42);
    const hands = createDeviceHands(world.served().address);
    const hand = hands.device('thermostat', 'dev-1');
    await hand.introduce(41);
    await world.until('version 42 is verified', () =>
      (world.view()?.plan?.gates ?? []).some(
        ({ version, verdict }) => version === 42 && verdict === 'passed',
      ),
    );
    const ms = await timeMs(async () => {
      await world.github.push('main', releaseFile(42));
      await waitForOffer(hand);
    });
    await hands.close();
    return ms;
  } finally {
    await world.close();
  }
}

/** Polls without a pause until a deployment is offered. */
async function waitForOffer(hand: DeviceHand): Promise<void> {
  const deadline = performance.now() + PATIENCE_MS;
  for (;;) {
    const { link } = await hand.poll();
    if (link?.kind === 'deployment') return;
    assert(performance.now() < deadline, 'the released version is offered in time');
  }
}

function describe(measured: readonly number[]): Figure {
  const { ours, baseline, ratio } = compare(
    measured,
    measured.map(() => INTERVAL_MS / 2),
  );
  return {
    bench: 'webhook',
    what: 'from the push to the first offer',
    devices: null,
    unit: 'ms',
    ours,
    baseline: { name: 'the wait for the next poll of the source, on average', value: baseline },
    ratio,
    target: { of: 'ours', limit: 'at most', value: 1_000 },
    note: 'the push itself, by git fast-import, is within the time; the device polls without a pause',
  };
}
