// What makes the controller open pull requests: which causes there are, and that a branch belongs to one cause alone.

import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import type { ReleasePlan, ReleaseWait } from '../../../controller/model/plan.ts';
import type { Halt } from '../../../controller/model/rollout.ts';
import type { ProductView } from '../../../controller/reconciler/controller.ts';
import { branchesWithSense, findCauses } from '../../../controller/reviewer/find-causes.ts';
import { isRefName } from '../../../controller/sources/git/git-url.ts';
import { buildDesired } from '../../support/desired.ts';
import { productView } from '../../support/reviewer-parts.ts';
import { releaseAll, type TrackWords } from '../../support/tracks.ts';
import { sampleRelease, sampleWaitingRelease } from '../reports/release-samples.ts';

const START = 1_700_000_000_000;
const HALT: Halt = { action: 'hold', at: START, failed: 2, succeeded: 1, message: '2 failed.' };

const STEP = { minDevices: 1, soakMs: 0, successes: 1, approval: false };

interface Words {
  readonly product?: string;
  readonly group?: string | null;
  readonly version?: number;
  readonly state?: TrackWords;
  readonly plan?: Partial<ReleasePlan>;
}

/** A product with one release, to all of it or to a group. */
function viewOf({ product = 'thermostat', group = null, version = 42, state, plan }: Words = {}) {
  const released = group === null ? { release: version } : { groupReleases: { [group]: version } };
  const inForce = releaseAll(buildDesired({ product, ...released }), {
    [group ?? '']: { startedAt: START, ...state },
  });
  return productView(inForce, [sampleRelease({ group, version, waits: [], ...plan })]);
}

function branches(view: ProductView): readonly string[] {
  return findCauses(view).map(({ branch }) => branch);
}

const HALTED: Words = { state: { halt: HALT, base: 41 } };

/** Step `half` waits for a person, or would, but for `waits`. */
function waiting(waits?: readonly ReleaseWait[]): Words {
  const release = sampleWaitingRelease();
  return { plan: { ...release, ...(waits !== undefined && { waits }) } };
}

describe('causes', () => {
  it('are a halt, with what came before it', () => {
    expect(findCauses(viewOf(HALTED))).toMatchObject([
      {
        kind: 'halted',
        product: 'thermostat',
        group: null,
        version: 42,
        to: 41,
        halt: HALT,
        release: { manifest: 'Release/thermostat' },
      },
    ]);
  });

  it('tell what a release had reached, also before a rollback took it away', () => {
    const exposures = [1_500, 0].flatMap((limit) => {
      const view = viewOf({ state: { ...HALTED.state, step: 'half', limit } });
      const { releases } = view.inForce;
      const steps = [{ ...STEP, name: 'half', exposure: 1_000 }];
      const staged = releases.map((each) => ({
        ...each,
        spec: { ...each.spec, strategy: { ...each.spec.strategy, steps } },
      }));
      return findCauses({ ...view, inForce: { ...view.inForce, releases: staged } });
    });
    expect(exposures).toMatchObject([{ exposure: 1_500 }, { exposure: 1_000 }]);
  });

  it('are a step that waits for approval, and nothing else that a release waits for', () => {
    expect(findCauses(viewOf(waiting()))).toMatchObject([{ kind: 'approval', step: 'half' }]);
    const others: readonly ReleaseWait[] = [
      { kind: 'devices' },
      { kind: 'soak', leftMs: 1 },
      { kind: 'paused' },
      { kind: 'stopped' },
    ];
    expect(findCauses(viewOf(waiting(others)))).toEqual([]);
  });

  it('are none where the fleet outgrew a release, or nothing is known of it', () => {
    const outgrown: Halt = { ...HALT, outgrown: true };
    expect(findCauses(viewOf({ state: { halt: outgrown } }))).toEqual([]);
    expect(findCauses({ ...viewOf(HALTED), plan: null })).toEqual([]);
    // The plan is of a revision whose release is not in force yet.
    expect(findCauses(viewOf({ ...HALTED, plan: { version: 43 } }))).toEqual([]);
  });

  it('that halted ask for no approval', () => {
    const view = viewOf({ ...HALTED, ...waiting() });
    expect(findCauses(view).map(({ kind }) => kind)).toEqual(['halted']);
  });
});

describe('the branch of a cause', () => {
  it('is the same however often it is looked at, and reads like what it is for', () => {
    expect(branches(viewOf(HALTED))).toEqual(branches(viewOf(HALTED)));
    expect(branches(viewOf(HALTED))[0]).toMatch(/^lockstep\/halted\/thermostat\/42-[0-9a-z]+-1$/);
    expect(branches(viewOf({ ...HALTED, group: 'eu.west' }))[0]).toMatch(
      /^lockstep\/halted\/thermostat\/group-eu_west\/42-[0-9a-z]+-1$/,
    );
    expect(branches(viewOf(waiting()))[0]).toMatch(
      /^lockstep\/approve\/thermostat\/42-half-[0-9a-z]+-1$/,
    );
    // Messages and counts move on while it is the same halt.
    const later = { ...HALT, at: START + 1, failed: 9, message: '9 failed.' };
    expect(branches(viewOf({ state: { halt: later } }))).toEqual(branches(viewOf(HALTED)));
  });

  it('is another one after a new start or a higher attempt', () => {
    const all = [
      HALTED,
      { state: { halt: HALT, attempt: 2 } },
      { state: { halt: HALT, startedAt: START + 1_000 } },
      { ...HALTED, version: 43 },
    ].flatMap((words) => branches(viewOf(words)));
    expect(new Set(all).size).toBe(4);
  });

  it('tells long names apart that begin alike', () => {
    const all = ['a', 'b']
      .map((end) => 'p'.repeat(60) + end)
      .flatMap((name) => [
        ...branches(viewOf({ ...HALTED, group: name })),
        ...branches(viewOf({ plan: { waits: [{ kind: 'approval', step: name }] } })),
      ]);
    expect(new Set(all).size).toBe(4);
    expect(all.every((branch) => branch.length < 120)).toBe(true);
  });

  it('belongs to one cause alone, and never stands in the way of another', () => {
    const name = (max: number) =>
      fc.oneof(
        // Near one another, as people name things, and as long as they may be.
        fc.constantFrom('a', 'a-b', 'a.b', 'a-b-1', 'group-a', '42', 'lock', 'x.lock'),
        fc.constantFrom('p'.repeat(max), `${'p'.repeat(max - 1)}q`),
        fc.stringMatching(new RegExp(`^[a-z0-9]([-a-z0-9.]{0,${max - 2}}[a-z0-9])?$`)),
      );
    const cause = fc.record({
      product: name(63).map((each) => each.replaceAll('.', '-')),
      group: fc.option(name(127)),
      step: fc.option(name(63)),
      version: fc.constantFrom(1, 42, 65_534),
      attempt: fc.constantFrom(1, 2, 11),
      startedAt: fc.constantFrom(START, START + 1_000, START + 36_000),
    });
    fc.assert(
      fc.property(
        fc.uniqueArray(cause, { maxLength: 12, selector: (each) => JSON.stringify(each) }),
        (causes) => {
          const found = causes.flatMap(({ product, group, step, version, attempt, startedAt }) =>
            branches(
              viewOf({
                product,
                group,
                version,
                state: { attempt, startedAt, halt: step === null ? HALT : null },
                plan: { waits: step === null ? [] : [{ kind: 'approval', step }] },
              }),
            ),
          );
          expect(found).toHaveLength(causes.length);
          expect(new Set(found).size).toBe(causes.length);
          for (const branch of found) {
            expect([branch, isRefName(branch)]).toEqual([branch, true]);
            // Git keeps no branch below another.
            expect(found.filter((other) => other.startsWith(`${branch}/`))).toEqual([]);
          }
        },
      ),
    );
  });
});

describe('branches with sense', () => {
  it('are those of the causes, and of approvals that are still ahead while something else is waited for', () => {
    const asked = branches(viewOf(waiting()));
    expect(branchesWithSense(viewOf(waiting()))).toEqual([...asked, ...asked]);
    expect(branchesWithSense(viewOf(waiting([{ kind: 'stopped' }])))).toEqual(asked);
    expect(branchesWithSense(viewOf(HALTED))).toEqual(branches(viewOf(HALTED)));
  });

  it('are none once it is approved, has gone on, or is over', () => {
    const { steps } = sampleWaitingRelease();
    const given = steps.map((each) => ({ ...each, approval: 'given' as const }));
    const done = steps.map((each) => ({ ...each, state: 'done' as const }));
    for (const each of [given, done]) {
      expect(branchesWithSense(viewOf({ plan: { steps: each } }))).toEqual([]);
    }
    expect(
      branchesWithSense(viewOf({ ...waiting([]), state: { version: 41 } as TrackWords })),
    ).toEqual([]);
    expect(branchesWithSense({ ...viewOf(waiting()), plan: null })).toEqual([]);
  });
});
