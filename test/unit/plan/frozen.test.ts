// A frozen product: nothing of it changes, but failing devices halt its releases.

import { describe, expect, it } from 'vitest';

import { actionsOf, desired, planOne, refusalsOf } from '../../support/plan-input.ts';
import { halting, hundred, IN_CANARY, WORDS } from '../../support/staged.ts';

const words = { ...WORDS, rollout: { strategy: halting({ failureRate: 20, action: 'rollback' }) } };
const inForce = desired({ ...words, tracks: { '': { ...IN_CANARY, soakSince: 0 } } });
const snapshot = { frozen: ['thermostat'] };
const frozen = (live: ReturnType<typeof hundred>, now = desired({ ...words, release: 41 })) =>
  planOne({ now, inForce, live, snapshot });

describe('a frozen product', () => {
  it('goes on with no step, whatever its devices say', () => {
    const { plan, next } = frozen(hundred({ running: 10 }));
    expect(plan).toMatchObject({ frozen: true, actions: [], refusals: [], newlyFinished: [] });
    expect(next).toBe(inForce);
    expect(plan.releases[0]?.waits).toContainEqual({ kind: 'frozen' });
    expect(plan.releases[0]?.expectedAt).toBeNull();
  });

  it('halts a release that fails, as the manifests in force say, and keeps all else', () => {
    const { plan, next } = frozen(hundred({ running: 4, failed: 6 }));
    expect(actionsOf(plan)).toEqual(['SetExposure 42 group - rollback canary 1000 to 0']);
    expect(refusalsOf(plan)).toEqual(['ReleaseHalted']);
    expect({ ...next, rollout: null }).toEqual({ ...inForce, rollout: null });
    expect(next.rollout?.tracks).toMatchObject([
      { base: 41, rolledBack: [42], release: { limit: 0, halt: { action: 'rollback' } } },
    ]);
  });

  it('does not resume what its unread manifests may ask for', () => {
    const halted = frozen(hundred({ running: 4, failed: 6 })).next;
    const { plan, next } = planOne({
      now: desired({ ...words, rollout: { ...words.rollout, attempt: 2 } }),
      inForce: halted,
      live: hundred(),
      snapshot,
    });
    expect(actionsOf(plan)).toEqual([]);
    expect(next).toBe(halted);
  });
});
