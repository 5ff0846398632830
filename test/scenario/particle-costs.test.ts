// What a product of 10,000 devices at Particle costs in calls: a reading, a release, a step, a halt, a rollback.

import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';

import { CALLS_MAX, CALLS_SPAN_MS } from '../../controller/fleets/particle/budget.ts';
import { EDIT_DEVICES_MAX } from '../../controller/fleets/particle/plan-edits.ts';
import type { ManagedCloud } from '../support/particle/managed-cloud.ts';
import { startManagedCloud } from '../support/particle/managed-cloud.ts';

const DEVICES = 10_000;
const firmware = [{ version: 41 }, { version: 42 }];

describe('10,000 devices at Particle', () => {
  let managed: ManagedCloud;
  beforeAll(async () => {
    managed = await startManagedCloud({
      devices: Array.from({ length: DEVICES }, () => ({ runs: 41 })),
      firmware: [
        { version: 41, isDefault: true },
        { version: 42, groups: ['seed'] },
      ],
    });
    await managed.inForce({ firmware, release: 41 });
    managed.changes();
  }, 120_000);
  afterAll(() => managed.close());

  /** The calls that something takes: all, and those that change something, by what they are. */
  async function count(work: () => Promise<unknown>): Promise<Record<string, number>> {
    const before = managed.cloud.calls.length;
    managed.changes();
    await work();
    const counts: Record<string, number> = { all: managed.cloud.calls.length - before };
    for (const call of managed.changes()) {
      const name = call.split(' ').slice(0, 2).join(' ');
      counts[name] = (counts[name] ?? 0) + 1;
    }
    return counts;
  }

  /** The budget is full again, so that nobody has to wait while something is counted. */
  beforeEach(() => managed.cloud.advance(60_000));

  it('take at most 410 calls in the steady state, and a round a minute stays far within the limit', async () => {
    const { all = 0, ...changes } = await count(() => managed.round());
    expect(changes).toEqual({});
    expect(all).toBeLessThanOrEqual(410);
    expect((all * CALLS_SPAN_MS) / 60_000).toBeLessThan(CALLS_MAX / 4);
    expect((await managed.observe()).reading?.calls).toBe(all);
  }, 60_000);

  it('take one call for a halt of a step that nobody has begun, for each 500 devices', async () => {
    const tracks = { '': { base: 41, limit: 1_000 } };
    const step = await count(() => managed.inForce({ firmware, release: 42 }, { tracks }));
    const exposed = managed.cloud.product.groups.has('lockstep-v42')
      ? [...managed.cloud.product.devices.values()].filter(({ groups }) =>
          groups.includes('lockstep-v42'),
        ).length
      : 0;
    expect(exposed).toBeGreaterThan(900);
    const edits = Math.ceil(exposed / EDIT_DEVICES_MAX);
    expect(step).toMatchObject({
      'PUT /devices': edits,
      'PUT /firmware/release': 2,
      'POST /groups': 1,
    });
    const halt = { action: 'hold' as const, at: 0, failed: 9, succeeded: 0, message: 'Enough.' };
    const held = { '': { base: 41, limit: 1_000, halt } };
    const halted = await count(() => managed.inForce({ firmware, release: 42 }, { tracks: held }));
    expect(halted['DELETE /groups/lockstep-v42'] ?? 0).toBe(1);
    expect(Object.keys(halted).sort()).toEqual(['DELETE /groups/lockstep-v42', 'all']);
  }, 60_000);

  it('take one call for a release to everyone, and one for a rollback', async () => {
    const released = await count(() => managed.inForce({ firmware, release: 42 }));
    expect(released).toEqual({ all: expect.any(Number) as number, 'PUT /firmware/release': 1 });
    const back = await count(() => managed.inForce({ firmware, release: 41 }));
    expect(back).toEqual({ all: expect.any(Number) as number, 'PUT /firmware/release': 1 });
  }, 60_000);

  it('tell how far they are with many locks', async () => {
    await managed.lock(managed.cloud.fleet.ids.slice(0, 250), 41);
    const locked = await count(() => managed.round());
    expect(
      Object.entries(locked).filter(([name]) => name.startsWith('PUT /devices/')),
    ).toHaveLength(250);
    expect(managed.lines.join('\n')).toMatch(/thermostat: 200 of 25\d calls to Particle sent\./);
  }, 60_000);
});
