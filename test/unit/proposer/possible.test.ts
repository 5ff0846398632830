// What may be proposed of a product, and the reasons why the rest may not.

import { describe, expect, it } from 'vitest';

import type { Placed } from '../../../controller/model/desired.ts';
import { REASONS } from '../../../controller/model/reasons.ts';
import { listPossible, type PossibleProposal } from '../../../controller/proposer/possible.ts';
import type { ProductView } from '../../../controller/reconciler/controller.ts';
import { apiPicture } from '../../support/api.ts';

const VIEW = apiPicture().products[0]!;
const PLAN = VIEW.plan!;

function changeSpec<S>(
  placed: readonly Placed<S>[],
  isMeant: (spec: S) => boolean,
  by: Partial<S>,
) {
  return placed.map((each) =>
    isMeant(each.spec) ? { ...each, spec: { ...each.spec, ...by } } : each,
  );
}

function reasonOf(
  view: ProductView,
  wanted: Partial<Omit<PossibleProposal, 'may' | 'reason'>>,
): string | null {
  const found = listPossible(view).filter((each) =>
    Object.entries(wanted).every(([key, value]) => each[key as keyof PossibleProposal] === value),
  );
  expect(found).toHaveLength(1);
  const [item] = found;
  expect(item?.may).toBe(item?.reason === null);
  return item?.reason ?? null;
}

describe('a release', () => {
  const to = { kind: 'release', group: null } as const;
  const gateOf = (verdict: 'passed' | 'waiting' | 'blocked'): ProductView => ({
    ...VIEW,
    plan: {
      ...PLAN,
      gates: [{ version: 42, verdict, reason: null, message: '0 of 1 device verified it.' }],
    },
  });

  it('is possible once the gate has passed, and before says what is missing', () => {
    expect(reasonOf(gateOf('passed'), { ...to, version: 42 })).toBeNull();
    expect(reasonOf(gateOf('waiting'), { ...to, version: 42 })).toBe(
      'Version 42 is not verified: 0 of 1 device verified it. Devices are on the way to it. Nothing to commit: wait until they have verified it.',
    );
    expect(reasonOf(gateOf('blocked'), { ...to, version: 42 })).toBe(
      `Version 42 is not verified: 0 of 1 device verified it. ${REASONS.ReleaseUnverified.remedy}`,
    );
    expect(reasonOf({ ...VIEW, plan: null }, { ...to, version: 42 })).toMatch(
      /^The fleet has not been seen/,
    );
  });

  it('of the version that is released there already is none', () => {
    expect(reasonOf(VIEW, { ...to, version: 41 })).toBe(
      'Version 41 is released to every device already.',
    );
  });

  it('is listed for the product and for each group that has one', () => {
    const groups = VIEW.inForce.releases.map(({ spec }) => spec.group);
    const listed = listPossible(VIEW)
      .filter(({ kind, version }) => kind === 'release' && version === 42)
      .map(({ group }) => group);
    expect(new Set(listed)).toEqual(new Set(groups));
    expect(listed.length).toBeGreaterThan(1);
  });
});

describe('withdrawn and retiring firmware', () => {
  const withSpec = (by: object): ProductView => ({
    ...VIEW,
    inForce: {
      ...VIEW.inForce,
      firmware: changeSpec(VIEW.inForce.firmware, ({ version }) => version === 41, by),
    },
  });

  it('is neither released, withdrawn again nor resumed', () => {
    const why = 'Version 41 is withdrawn: bricks rev B';
    const view = withSpec({ withdrawn: { reason: 'bricks rev B', url: null } });
    const { remedy } = REASONS.FirmwareWithdrawn;
    expect(reasonOf(view, { kind: 'release', group: null, version: 41 })).toBe(`${why}. ${remedy}`);
    expect(reasonOf(view, { kind: 'withdraw', version: 41 })).toBe(why);
    expect(reasonOf(view, { kind: 'resume', group: null })).toBe(why);
  });

  it('that has no manifest any more cannot be changed there', () => {
    const view = withSpec({ retiring: true });
    const why = 'The Firmware manifest of version 41 is gone.';
    const released = reasonOf(view, { kind: 'release', group: null, version: 41 });
    expect(released).toBe('Version 41 is released to every device already.');
    expect(reasonOf(view, { kind: 'withdraw', version: 41 })).toBe(why);
    expect(reasonOf(VIEW, { kind: 'withdraw', version: 41 })).toBeNull();
  });
});

describe('an approval', () => {
  it('is possible for the step that waits for it', () => {
    expect(reasonOf(VIEW, { kind: 'approve', step: 'all' })).toBeNull();
    const [release] = PLAN.releases;
    const view = { ...VIEW, plan: { ...PLAN, releases: [{ ...release!, waits: [] }] } };
    expect(reasonOf(view, { kind: 'approve', step: 'all' })).toBe(
      'The step all does not wait for an approval yet: the release is at the step canary.',
    );
    const before = {
      ...VIEW,
      plan: { ...PLAN, releases: [{ ...release!, waits: [], step: null }] },
    };
    expect(reasonOf(before, { kind: 'approve', step: 'all' })).toContain('has not started');
  });

  it('is listed only for steps that need one still', () => {
    const steps = listPossible(VIEW).filter(({ kind }) => kind === 'approve');
    expect(steps.map(({ step }) => step)).toEqual(['all']);
  });
});

describe('a resumption', () => {
  const resume = { kind: 'resume', group: null } as const;

  it('is possible where the release is paused, or has halted', () => {
    expect(reasonOf(VIEW, resume)).toBe('The release is neither halted nor paused.');
    const { inForce } = VIEW;
    const releases = changeSpec(inForce.releases, ({ group }) => group === null, { paused: true });
    expect(reasonOf({ ...VIEW, inForce: { ...inForce, releases } }, resume)).toBeNull();
    const rollout = {
      rounds: 1,
      tracks: (inForce.rollout?.tracks ?? []).map((track) => ({
        ...track,
        release: track.release && {
          ...track.release,
          halt: { action: 'hold' as const, at: 0, failed: 1, succeeded: 0, message: 'One failed.' },
        },
      })),
    };
    expect(reasonOf({ ...VIEW, inForce: { ...inForce, rollout } }, resume)).toBeNull();
  });
});
