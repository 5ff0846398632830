// Bad input never moves the fleet: frozen products, empty sources, missing fleets, refused Product manifests.

import { describe, expect, it } from 'vitest';

import { emptyDesired } from '../../../controller/model/desired.ts';
import type { Problem } from '../../../controller/model/problem.ts';
import { buildPlan } from '../../../controller/plan/build-plan.ts';
import {
  actionsOf,
  carried,
  desired,
  live,
  liveOf,
  namedDevice,
  NOW,
  planAll,
  planOne,
  refusalsOf,
  remembered,
  snapshot,
  TODAY,
  warningsOf,
} from '../../support/plan-input.ts';

const firmware = [{ version: 41 }];
const inForce = desired({
  firmware,
  release: 41,
  locks: { bench: { version: 41, devices: ['d1', 'd2', 'd3', 'd4', 'd5'] } },
});
const fleet = liveOf(
  ['d1', 'd2', 'd3', 'd4', 'd5'].map((id) => namedDevice(id, { lock: carried(41, 'bench') })),
  { firmware: [remembered(41, { verifiedAt: 1 })], crowd: [{ version: 40, devices: 7 }] },
);

function problem(more: Partial<Problem>): Problem {
  return {
    severity: 'error',
    reason: 'InvalidManifest',
    message: 'unreadable',
    remedy: 'mend it',
    place: { file: 'broken.yaml', line: 3, column: 5 },
    excerpt: null,
    product: null,
    ...more,
  };
}

describe('a frozen product', () => {
  it('has no action, whatever its other manifests say, and keeps all that is in force', () => {
    for (const frozen of ['all', ['thermostat']] as const) {
      const { plan, next } = planAll({
        now: desired(),
        inForce,
        live: fleet,
        snapshot: { frozen, problems: [problem({})] },
      });
      expect(plan.products).toMatchObject([{ frozen: true, actions: [], refusals: [] }]);
      expect(plan.products[0]?.impact).toMatchObject({ devices: 12, locked: 5, flashes: [] });
      expect(plan.errors).toMatchObject([{ reason: 'InvalidManifest' }]);
      expect(next.get('thermostat')).toBe(inForce);
    }
  });

  it('does not freeze another one', () => {
    const other = { ...desired({ product: 'valve', firmware }), product: 'valve' };
    const { plan } = buildPlan({
      snapshot: snapshot([desired(), other], { frozen: ['thermostat'] }),
      inForce: new Map([['thermostat', inForce]]),
      live: new Map([
        ['thermostat', fleet],
        ['valve', live({ product: 'valve' })],
      ]),
      context: { now: NOW, today: TODAY, adopt: false, unavailable: new Map() },
    });
    expect(plan.products.map(({ product, frozen }) => [product, frozen])).toEqual([
      ['thermostat', true],
      ['valve', false],
    ]);
    expect(plan.products[1]?.actions).not.toEqual([]);
  });
});

describe('an empty source', () => {
  it('is an error and no deletion', () => {
    const { plan, next } = planAll({ now: null, inForce, live: fleet });
    expect(plan.errors).toMatchObject([{ reason: 'EmptySource', place: null }]);
    expect(plan.errors[0]?.message).toContain('what is in force stays');
    expect(plan.products).toMatchObject([{ frozen: true, actions: [] }]);
    expect(next.get('thermostat')).toBe(inForce);
  });

  it('is an error also where nothing is in force yet', () => {
    const { plan } = planAll({ now: null });
    expect(plan.errors).toMatchObject([{ reason: 'EmptySource' }]);
    expect(plan.errors[0]?.remedy).toContain('lockstep init');
    expect(plan.products).toEqual([]);
  });

  it('removes the product where allowEmpty was in force before', () => {
    const allowed = desired({ firmware, release: 41, guardrails: { allowEmpty: true } });
    const { plan, next } = planAll({ now: null, inForce: allowed, live: live() });
    expect(plan.errors).toEqual([]);
    expect(actionsOf(plan.products[0] ?? never())).toEqual([
      'EndRelease 41 group -',
      'RetireFirmware 41',
    ]);
    expect(next.get('thermostat')).toEqual(emptyDesired('thermostat'));
  });

  it('does not remove more locks at once than maxUnlocked allows, nor the product with them', () => {
    const guardrails = { allowEmpty: true, maxUnlocked: 10 };
    const before = desired({
      firmware,
      guardrails,
      locks: { bench: { version: 41, devices: ['d1', 'd2', 'd3', 'd4', 'd5'] } },
    });
    const { plan, next } = planAll({ now: null, inForce: before, live: fleet });
    expect(plan.products.map(refusalsOf)).toEqual([['TooManyUnlocked']]);
    expect(plan.products.map(actionsOf)).toEqual([[]]);
    expect(next.get('thermostat')).toMatchObject({ locks: [{}], config: { spec: { guardrails } } });
  });
});

describe('a revision without one of the products in force', () => {
  const others = {
    ...snapshot({ ...desired({ product: 'valve' }), product: 'valve' }),
    revision: 'r2',
  };
  const plan = (state: ReturnType<typeof desired>, refused: readonly string[] = []) =>
    buildPlan({
      snapshot: { ...others, refused },
      inForce: new Map([['thermostat', state]]),
      live: new Map([['thermostat', fleet]]),
      context: { now: NOW, today: TODAY, adopt: false, unavailable: new Map() },
    });

  it('is refused for that product (EmptySource)', () => {
    const result = plan(inForce);
    expect(result.plan.products).toMatchObject([
      { actions: [], refusals: [{ reason: 'EmptySource', place: { file: 'thermostat.yaml' } }] },
    ]);
    expect(result.plan.products[0]?.impact.locked).toBe(5);
    expect(result.next.get('thermostat')).toBe(inForce);
    expect(result.plan.errors).toEqual([]);
  });

  it('with a refused manifest of it is no deletion either: allowEmpty does not apply', () => {
    const allowed = desired({ firmware, release: 41, guardrails: { allowEmpty: true } });
    const { plan: made, next } = plan(allowed, ['Product/thermostat/thermostat']);
    expect(next.get('thermostat')?.config).toEqual(allowed.config);
    expect(made.products.flatMap(refusalsOf)).toEqual([]);
  });
});

describe('a source as a whole', () => {
  it('that was rewritten changes nothing', () => {
    const rewritten = problem({ reason: 'HistoryRewritten', place: null });
    const { plan, next } = buildPlan({
      snapshot: snapshot(desired({ firmware: [{ version: 50 }] })),
      inForce: new Map([['thermostat', inForce]]),
      live: new Map([['thermostat', fleet]]),
      context: { now: NOW, today: TODAY, adopt: false, unavailable: new Map() },
      sourceProblems: [rewritten],
    });
    expect(plan.errors).toEqual([rewritten]);
    expect(plan.products).toMatchObject([{ frozen: true, actions: [] }]);
    expect(next.get('thermostat')).toBe(inForce);
  });

  it('shows its file problems as errors, once, and not the refusals of single manifests', () => {
    const { plan } = planAll({
      now: desired({ firmware }),
      snapshot: {
        problems: [
          problem({ reason: 'DuplicateName', product: 'thermostat' }),
          problem({ reason: 'DigestMismatch', product: 'thermostat' }),
          problem({ reason: 'BinaryNotChecked', severity: 'warning' }),
        ],
      },
    });
    expect(plan.errors.map(({ reason }) => reason)).toEqual(['DuplicateName']);
  });
});

describe('a fleet that cannot be reached', () => {
  it('is left out of the plan: no reading is no empty reading', () => {
    const { plan, next } = buildPlan({
      snapshot: snapshot(desired()),
      inForce: new Map([['thermostat', inForce]]),
      live: new Map(),
      context: { now: NOW, today: TODAY, adopt: false, unavailable: new Map() },
    });
    expect(plan.products).toEqual([]);
    expect(next.size).toBe(0);
  });
});

describe('a manifest that was refused when it was read', () => {
  const digest = problem({ reason: 'DigestMismatch', product: 'thermostat' });

  it('is a refusal of the plan, with its place and remedy, and refuses nothing else', () => {
    const { plan } = planOne({
      now: desired({ firmware, release: 41 }),
      inForce,
      live: fleet,
      snapshot: {
        problems: [
          digest,
          problem({ reason: 'BinaryNotChecked', severity: 'warning', product: 'thermostat' }),
        ],
        refused: ['Firmware/thermostat/thermostat-42', 'DeviceLock/thermostat/bench'],
      },
    });
    expect(plan.refusals).toMatchObject([
      { reason: 'DigestMismatch', remedy: 'mend it', place: digest.place, lifts: 'commit' },
    ]);
    expect(warningsOf(plan)).toContain('BinaryNotChecked');
    expect(actionsOf(plan)).toEqual([]);
  });

  it('of another product is not this one’s', () => {
    const { plan } = planOne({
      now: desired({ firmware }),
      snapshot: { problems: [problem({ reason: 'DigestMismatch', product: 'valve' })] },
    });
    expect(refusalsOf(plan)).toEqual([]);
  });

  it('that is the Product itself keeps all else waiting while none is in force (ProductNotAccepted)', () => {
    const now = { ...desired({ firmware, release: 41 }), config: null };
    const { plan, next } = planOne({
      now,
      snapshot: {
        revision: 'r1',
        refused: ['Product/thermostat/thermostat'],
        problems: [problem({ reason: 'Contradiction', product: 'thermostat' })],
      },
    });
    expect(refusalsOf(plan)).toEqual(['Contradiction', 'ProductNotAccepted']);
    expect(plan.refusals[1]).toMatchObject({ place: { file: 'broken.yaml', line: 3 } });
    expect(actionsOf(plan)).toEqual([]);
    expect(next).toEqual(emptyDesired('thermostat'));
  });

  it('that is the Product itself leaves the one in force standing', () => {
    const { plan, next } = planOne({
      now: { ...desired({ firmware, release: 41, revision: 'r2' }), config: null },
      inForce: desired({ firmware, release: 41 }),
      live: live({ devices: 1, firmware: fleet.firmware }),
      snapshot: { refused: ['Product/thermostat/thermostat'] },
    });
    expect(actionsOf(plan)).toEqual([]);
    expect(next.config?.origin.revision).toBe('r1');
  });
});

function never(): never {
  throw new Error('no product was planned');
}
