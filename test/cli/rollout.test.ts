// The pure parts of the command line: progress, plan files, log lines, settings and their order.

import { describe, expect, it } from 'vitest';
import { renderLogLine } from '../../controller/cli/log.ts';
import { parseListen } from '../../controller/cli/options.ts';
import { parsePlanFile, renderPlanFile } from '../../controller/cli/plan-file.ts';
import {
  assessRollout,
  measureProgress,
  type ProductProgress,
  renderBar,
  renderNames,
  renderPlainProgress,
} from '../../controller/cli/rollout.ts';
import { describeNext } from '../../controller/reports/release-lines.ts';
import {
  RELEASE_NOW,
  sampleHaltedRelease,
  sampleRelease,
  sampleWaitingRelease,
} from '../unit/reports/release-samples.ts';
import { settleSettings } from '../../controller/cli/settings.ts';
import type { Plan, ProductPlan, Refusal } from '../../controller/model/plan.ts';

const PLACE = { file: 'release.yaml', line: 7, column: 12 };

function buildPlan(part: Partial<ProductPlan>): Plan {
  const product: ProductPlan = {
    product: 'lamp',
    frozen: false,
    actions: [],
    refusals: [],
    warnings: [],
    impact: { devices: 10, flashes: [], locked: 0, offline: 0, quarantined: 0 },
    gates: [],
    newlyVerified: [],
    newlyFinished: [],
    releases: [],
    ...part,
  };
  return { revision: 'r1', fingerprint: 'sha256:0', products: [product], errors: [] };
}

function buildRefusal(lifts: Refusal['lifts']): Refusal {
  return {
    reason: 'ReleaseUnverified',
    message: 'Not verified.',
    remedy: 'Lock a device.',
    place: PLACE,
    manifest: 'Release/lamp',
    flashes: [],
    lifts,
  };
}

const NOBODY = { count: 0, names: [] };
const DONE: ProductProgress = {
  product: 'lamp',
  converged: true,
  pending: 0,
  offline: NOBODY,
  leftAlone: NOBODY,
  inFlight: 0,
  failed: 0,
};

describe('rollout', () => {
  it('is settled when every product has converged and nothing is left to do', () => {
    expect(assessRollout(buildPlan({}), [DONE])).toMatchObject({
      settled: true,
      waiting: [],
      blocked: [],
    });
    expect(assessRollout(buildPlan({}), [{ ...DONE, converged: false }]).settled).toBe(false);
  });

  it('waits for a gate that devices can lift, and not for what needs a commit', () => {
    const waiting = assessRollout(buildPlan({ refusals: [buildRefusal('devices')] }), [DONE]);
    expect(waiting).toMatchObject({ settled: false, waiting: [{ reason: 'ReleaseUnverified' }] });
    const blocked = assessRollout(buildPlan({ refusals: [buildRefusal('commit')] }), [DONE]);
    expect(blocked).toMatchObject({ settled: true, blocked: [{ reason: 'ReleaseUnverified' }] });
  });

  it.each(['StateNew', 'EmergencyStop'] as const)('needs a person for %s', (reason) => {
    const warning = { reason, message: 'm', remedy: 'r', place: null };
    expect(assessRollout(buildPlan({ warnings: [warning] }), [DONE]).blocked).toHaveLength(1);
  });

  it('is settled while a release soaks, and goes on by itself', () => {
    const rollout = assessRollout(buildPlan({ releases: [sampleRelease()] }), [DONE]);
    expect(rollout).toMatchObject({ settled: true, blocked: [], releases: [{ product: 'lamp' }] });
    const done = sampleRelease({ finishedAt: 1, waits: [] });
    expect(assessRollout(buildPlan({ releases: [done] }), [DONE]).releases).toEqual([]);
  });

  it('does not wait for the devices of a release that has halted', () => {
    const moving = { ...DONE, converged: false, pending: 3 };
    const refusals = [{ ...buildRefusal('commit'), reason: 'ReleaseHalted' as const }];
    const halted = buildPlan({ releases: [sampleHaltedRelease()], refusals });
    expect(assessRollout(halted, [moving])).toMatchObject({
      settled: true,
      blocked: [{ reason: 'ReleaseHalted' }],
    });
    const other = { ...moving, product: 'other' };
    expect(assessRollout(halted, [moving, other]).settled).toBe(false);
    expect(assessRollout(buildPlan({ releases: [sampleRelease()] }), [moving]).settled).toBe(false);
  });

  it('says in one line how a release goes on, or what it waits for', () => {
    const next = (change: Parameters<typeof sampleRelease>[0]): string =>
      describeNext(sampleRelease(change), RELEASE_NOW);
    expect(next({})).toBe(
      'release of 42 is in step tenth (10%) and goes on by itself after successes (98 of 100) and its soak (5h1m left), and finishes in about 29 hours at the earliest',
    );
    expect(next({ waits: [], expectedAt: null })).toBe(
      'release of 42 is in step tenth (10%) and goes on by itself',
    );
    expect(describeNext(sampleWaitingRelease(), RELEASE_NOW)).toBe(
      'release of 42 is in step tenth (10%) and waits for approval of step half. Add 42/half to `approved` of Release/thermostat.',
    );
    expect(describeNext(sampleHaltedRelease(), RELEASE_NOW)).toBe(
      'release of 42 for group beta: halted; 5 of 100 devices failed with version 42 (5%, and 2% is the limit)',
    );
    expect(next({ step: null, waits: [{ kind: 'paused' }] })).toContain(
      'has not begun and waits for the end of its pause. Remove `paused`',
    );
  });

  it('shows the step and the exposure of staged releases in the progress', () => {
    const plan = buildPlan({
      releases: [
        sampleRelease(),
        sampleRelease({ group: 'beta' }),
        sampleRelease({ steps: [], group: 'direct' }),
      ],
    });
    const moment = measureProgress(assessRollout(plan, [{ ...DONE, pending: 3 }]), 10, 0);
    expect(renderPlainProgress(moment)).toBe(
      '7/10 devices, step tenth (10%), beta: step tenth (10%)',
    );
    const two = assessRollout(plan, [DONE, { ...DONE, product: 'other' }]);
    expect(measureProgress(two, 1, 0).steps).toContain('lamp/beta: step tenth (10%)');
  });

  it('counts what is done from the most devices that were on their way', () => {
    const rollout = assessRollout(buildPlan({}), [
      { ...DONE, converged: false, pending: 30, inFlight: 4, failed: 1 },
    ]);
    const moment = measureProgress(rollout, 100, 10_000);
    expect(moment).toMatchObject({ total: 100, done: 70, inFlight: 4, failed: 1, perSecond: 7 });
  });

  it('fits the progress to the terminal, and leaves out what changes without news in a log', () => {
    const moment = {
      total: 100,
      done: 70,
      inFlight: 4,
      failed: 1,
      waiting: 1,
      offline: 2,
      perSecond: 7,
      steps: [],
    };
    expect(renderBar(moment, 200)).toBe(
      `${'█'.repeat(16)}${'░'.repeat(8)}  70% 70/100 devices · 4 in flight · 1 failed · 1 waiting for verification · 2 offline · 7.0/s · about 4s left`,
    );
    expect(renderBar(moment, 30)).toBe('70/100 devices · 4 in flight');
    expect(renderBar({ ...moment, total: 0, done: 0, perSecond: 0 }, 30)).toBe('no device to move');
    for (const width of [0, 5, 20, 40, 60, 80]) {
      expect(renderBar(moment, width).length).toBeLessThanOrEqual(width);
    }
    expect(renderPlainProgress(moment)).toBe(
      '70/100 devices, 4 in flight, 1 failed, 1 waiting for verification, 2 offline',
    );
  });

  it('lists a few names and counts the rest', () => {
    const names = ['a', 'b', 'c', 'd', 'e', 'f'];
    expect(renderNames({ count: 40, names })).toBe('a, b, c, d, e and 35 more');
    expect(renderNames({ count: 2, names: ['a', 'b'] })).toBe('a, b');
  });
});

describe('plan file', () => {
  it('reads back the plan that was saved', () => {
    const plan = buildPlan({ refusals: [buildRefusal('devices')] });
    expect(parsePlanFile('p.json', renderPlanFile(plan))).toEqual({ ok: true, value: plan });
  });

  it.each(['', '[]', '{}', 'null', '{"formatVersion":"lockstep-plan/2"}'])(
    'refuses what this program did not save: %s',
    (text) => {
      expect(parsePlanFile('p.json', text)).toMatchObject({
        ok: false,
        error: { code: 'PlanFileInvalid' },
      });
    },
  );

  it('refuses a plan that was edited beyond recognition', () => {
    const text = renderPlanFile(buildPlan({})).replace('"actions": []', '"actions": 7');
    expect(parsePlanFile('p.json', text).ok).toBe(false);
  });
});

describe('log line', () => {
  it('is short on a terminal: time, level where it matters, message, fields', () => {
    const time = '2026-01-02T12:34:56.789Z';
    expect(renderLogLine(JSON.stringify({ level: 'info', time, msg: 'ready' }))).toBe(
      '12:34:56 ready',
    );
    expect(renderLogLine(JSON.stringify({ level: 'warn', time, n: 1, msg: 'slow' }))).toBe(
      '12:34:56 warning: slow (n=1)',
    );
    expect(renderLogLine('not json\n')).toBe('not json');
  });
});

describe('settings', () => {
  const file = (text: string) => ({ name: 'run.yaml', text });

  it('have defaults that serve this machine only', () => {
    expect(settleSettings({}, {}, null)).toEqual({
      ok: true,
      value: {
        source: null,
        state: 'sqlite:.lockstep/state.db',
        listen: { host: '127.0.0.1', port: 8080 },
        deviceListen: null,
        publicUrl: null,
        intervalMs: 60_000,
        gatewayToken: null,
        particleToken: null,
        particleApi: null,
        allowAnonymous: false,
        adopt: false,
        verify: null,
        github: null,
        githubPrivateKey: null,
        reviewHosts: [],
        notices: [],
        proxy: null,
        folder: '',
      },
    });
  });

  it('come from flags first, then the environment, then the file', () => {
    const text = 'listen: 127.0.0.1:1\ninterval: 1m\ngatewayToken: file\nsource: ./fleet\n';
    const env = { LOCKSTEP_LISTEN: '127.0.0.1:2', LOCKSTEP_GATEWAY_TOKEN: 'env' };
    const settled = settleSettings({ gatewayToken: 'flag' }, env, file(text));
    expect(settled).toMatchObject({
      value: {
        listen: { port: 2 },
        intervalMs: 60_000,
        gatewayToken: 'flag',
        source: './fleet',
      },
    });
  });

  it('say how Particle is reached, by the environment or the file', () => {
    const text = 'particleToken: file\nparticleApi: http://127.0.0.1:9\n';
    expect(settleSettings({}, {}, file(text))).toMatchObject({
      value: { particleToken: 'file', particleApi: 'http://127.0.0.1:9' },
    });
    const env = { LOCKSTEP_PARTICLE_TOKEN: 'env', LOCKSTEP_PARTICLE_API: 'http://127.0.0.1:10' };
    expect(settleSettings({}, env, file(text))).toMatchObject({
      value: { particleToken: 'env', particleApi: 'http://127.0.0.1:10' },
    });
    const wrong = settleSettings({}, { LOCKSTEP_PARTICLE_API: 'particle' }, null);
    expect(wrong.ok ? '' : wrong.error.message).toContain('LOCKSTEP_PARTICLE_API is "particle".');
  });

  it('are read from JSON as well, and from an empty file', () => {
    expect(settleSettings({}, {}, file('{ "adopt": true }'))).toMatchObject({
      value: { adopt: true },
    });
    expect(settleSettings({}, {}, file('# nothing yet\n')).ok).toBe(true);
  });

  it('tell every mistake at once, with its place', () => {
    const settled = settleSettings({}, {}, file('listne: x\nadopt: 1\nzebra: 2\n'));
    expect(settled).toMatchObject({ ok: false, error: { code: 'SettingsInvalid' } });
    const message = settled.ok ? '' : settled.error.message;
    expect(message).toContain('run.yaml:1:1: `listne` is no setting. Did you mean `listen`?');
    expect(message).toContain('run.yaml:2:8: `adopt` must be boolean.');
    expect(message).toContain('run.yaml:3:1: `zebra` is no setting. Known are source, state,');
  });

  it('name the variable or the line whose value cannot be read, never a token', () => {
    const settled = settleSettings(
      {},
      { LOCKSTEP_INTERVAL: 'often', LOCKSTEP_GATEWAY_TOKEN: 'sesame' },
      file('listen: nowhere\n'),
    );
    const message = settled.ok ? '' : settled.error.message;
    expect(message).toContain('LOCKSTEP_INTERVAL is "often".');
    expect(message).toContain('run.yaml: listen is "nowhere".');
    expect(message).not.toContain('sesame');
  });
});

describe('listen address', () => {
  it.each([
    ['127.0.0.1:80', '127.0.0.1', 80],
    ['8080', '127.0.0.1', 8080],
    [':0', '127.0.0.1', 0],
    ['localhost:65535', 'localhost', 65_535],
    ['[::1]:80', '::1', 80],
    ['0.0.0.0:8080', '0.0.0.0', 8080],
  ])('reads %s', (text, host, port) => {
    expect(parseListen(text)).toEqual({ host, port });
  });

  it.each(['', 'host', 'host:', 'a b:80', '::1:80', '1.2.3.4:65536', '1.2.3.4:-1'])(
    'refuses %j',
    (text) => {
      expect(() => parseListen(text)).toThrow('Give HOST:PORT');
    },
  );
});
