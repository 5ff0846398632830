// Releases in stages: how strategies and approvals are resolved, and which contradict themselves.

import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { ReleaseSpec } from '../../../controller/model/desired.ts';
import { DIRECT_STRATEGY } from '../../../controller/model/desired.ts';
import { BASE, release, resolve, tell, tellPaths } from './staged-tree.ts';

function releaseOf(more: string): ReleaseSpec {
  const snapshot = resolve({ ...BASE, 'r.yaml': release(more) });
  expect(tell(snapshot)).toEqual([]);
  const spec = snapshot.products['t']?.releases[0]?.spec;
  if (spec === undefined) throw new Error('the release was not resolved');
  return spec;
}

describe('a release', () => {
  it('without a strategy goes to everyone at once, with the defaults of a halt', () => {
    expect(releaseOf('')).toEqual({
      product: 't',
      version: 42,
      group: null,
      strategy: DIRECT_STRATEGY,
      approved: [],
      attempt: 1,
      paused: false,
    });
  });

  it('with a strategy that says nothing goes the same way', () => {
    expect(releaseOf('  strategy: {}').strategy).toEqual(DIRECT_STRATEGY);
    expect(releaseOf('  strategy: { halt: {}, windows: [] }').strategy).toEqual(DIRECT_STRATEGY);
  });

  it('resolves everything that it says', () => {
    const spec = releaseOf(`
  strategy:
    steps:
      - { name: canary, exposure: 0.29%, minDevices: 0, soak: 1h30m, successes: 20 }
      - { name: half, exposure: 50%, approval: required }
      - { name: all, exposure: 100.00% }
    rate: 100/min
    windows: [{ days: [Tue, Sun], from: 08:30, to: "24:00", timezone: Europe/Berlin }]
    halt: { failureRate: 2.5%, minAttempts: 7, action: rollback }
    onRollback: staged
  approved: [42/half]
  attempt: 3
  paused: true`);
    expect(spec).toEqual({
      product: 't',
      version: 42,
      group: null,
      strategy: {
        steps: [
          {
            name: 'canary',
            exposure: 29,
            minDevices: 0,
            soakMs: 5_400_000,
            successes: 20,
            approval: false,
          },
          {
            name: 'half',
            exposure: 5_000,
            minDevices: 1,
            soakMs: 0,
            successes: 1,
            approval: true,
          },
          {
            name: 'all',
            exposure: 10_000,
            minDevices: 1,
            soakMs: 0,
            successes: 1,
            approval: false,
          },
        ],
        rate: { flashes: 100, perMs: 60_000 },
        windows: [
          { days: ['Tue', 'Sun'], fromMinute: 510, toMinute: 1_440, timezone: 'Europe/Berlin' },
        ],
        halt: { failureRate: 2.5, minAttempts: 7, action: 'rollback' },
        onRollback: 'staged',
      },
      approved: ['half'],
      attempt: 3,
      paused: true,
    });
  });

  it.each([
    ['1/s', 1, 1_000],
    ['30/min', 30, 60_000],
    ['500/h', 500, 3_600_000],
    ['1000000/day', 1_000_000, 86_400_000],
  ])('starts at most %s', (rate, flashes, perMs) => {
    expect(releaseOf(`  strategy: { rate: ${rate} }`).strategy.rate).toEqual({ flashes, perMs });
  });

  it.each(['UTC', 'Europe/Berlin', 'america/new_york', 'Asia/Calcutta', '"+02:00"'])(
    'may have windows in the time zone %s',
    (timezone) => {
      const text = `{ days: [Mon], from: "00:00", to: "24:00", timezone: ${timezone} }`;
      const { windows } = releaseOf(`  strategy: { windows: [${text}] }`).strategy;
      expect(windows[0]).toMatchObject({
        fromMinute: 0,
        toMinute: 1_440,
        timezone: timezone.replaceAll('"', ''),
      });
    },
  );

  it('cannot soak for longer than ten years', () => {
    const text = release(
      '  strategy: { steps: [{ name: a, exposure: 1% }, { name: b, exposure: 100%, soak: 3651d }] }',
    );
    const snapshot = resolve({ ...BASE, 'r.yaml': text });
    expect(tell(snapshot)).toMatchObject([
      { reason: 'InvalidManifest', remedy: 'Write for example `soak: 24h`.' },
    ]);
    expect(tellPaths(text, snapshot)).toEqual([
      [
        'spec.strategy.steps.1.soak',
        '`spec.strategy.steps.1.soak` is 3651d, but must be from 0s to 3650d.',
      ],
    ]);
  });

  it('asks for a percentage, and not for quotes, where an exposure is a bare number', () => {
    const text = release('  strategy: { steps: [{ name: all, exposure: 100 }] }');
    expect(tell(resolve({ ...BASE, 'r.yaml': text }))).toMatchObject([
      { reason: 'InvalidManifest', remedy: 'Write for example `exposure: 1%`.' },
    ]);
  });

  it('names a day as it must be written', () => {
    const text = release(
      '  strategy: { windows: [{ days: [tue], from: "08:00", to: "09:00", timezone: UTC }] }',
    );
    expect(tell(resolve({ ...BASE, 'r.yaml': text }))).toMatchObject([{ remedy: 'Write `Tue`.' }]);
  });
});

const steps = (...list: readonly string[]) =>
  `  strategy: { steps: [${list.map((text) => `{ ${text} }`).join(', ')}] }`;
const windowOf = (rest: string) => `  strategy: { windows: [{ days: [Mon], ${rest} }] }`;

/** A release that contradicts itself: where, what is said, and what would mend it. */
const CONTRADICTIONS: readonly (readonly [
  name: string,
  spec: string,
  path: string,
  message: string,
  remedy: string,
])[] = [
  [
    'an exposure that falls',
    steps('name: a, exposure: 10%', 'name: b, exposure: 5%', 'name: c, exposure: 100%'),
    'spec.strategy.steps.1.exposure',
    'Step `b` reaches 5% of the devices, but step `a` before it reaches 10% already; exposures rise from step to step.',
    'Write an exposure above 10%, or remove the step.',
  ],
  [
    'an exposure that stays',
    steps('name: a, exposure: 10%', 'name: b, exposure: 10.0%', 'name: c, exposure: 100%'),
    'spec.strategy.steps.1.exposure',
    'Step `b` reaches 10.0% of the devices, but step `a` before it reaches 10% already; exposures rise from step to step.',
    'Write an exposure above 10%, or remove the step.',
  ],
  [
    'a step after the one that reaches all',
    steps('name: a, exposure: 100%', 'name: b, exposure: 100%'),
    'spec.strategy.steps.1.exposure',
    'Step `b` reaches 100% of the devices, but step `a` before it reaches 100% already; exposures rise from step to step.',
    'Remove the step, or lower the exposure of `a`.',
  ],
  [
    'a name given to two steps',
    steps('name: a, exposure: 1%', 'name: b, exposure: 5%', 'name: a, exposure: 100%'),
    'spec.strategy.steps.2.name',
    'The name `a` is already that of step 1, so an approval could mean either.',
    'Give each step a name of its own.',
  ],
  [
    'a last step that does not reach all',
    steps('name: a, exposure: 1%', 'name: b, exposure: 99.99%'),
    'spec.strategy.steps.1.exposure',
    'The last step `b` reaches 99.99% of the devices, so the others would never be given the version.',
    'Write `exposure: 100%`, or add a last step such as `{ name: all, exposure: 100% }`.',
  ],
  [
    'an approval of another version',
    '  approved: [41/all]',
    'spec.approved.0',
    'The approval `41/all` is of version 41, but the release is of version 42.',
    'Remove it; to approve the step of this version write `42/all`.',
  ],
  [
    'an approval of a step that is near another',
    `${steps('name: half, exposure: 50%', 'name: all, exposure: 100%')}\n  approved: [42/all, 42/halv]`,
    'spec.approved.1',
    'The approval `42/halv` names the step `halv`, which the strategy does not have.',
    'Write `42/half`, or remove it.',
  ],
  [
    'an approval of a step that there is not',
    `${steps('name: half, exposure: 50%', 'name: all, exposure: 100%')}\n  approved: [42/canary]`,
    'spec.approved.0',
    'The approval `42/canary` names the step `canary`, which the strategy does not have.',
    'Remove it, or name a step that there is: `half`, `all`.',
  ],
  [
    'an approval that is wrong in both',
    '  approved: [41/canary]',
    'spec.approved.0',
    'The approval `41/canary` is of version 41, but the release is of version 42, and names the step `canary`, which the strategy does not have.',
    'Remove it, or name a step that there is: `all`.',
  ],
  [
    'a window that never opens',
    windowOf('from: "08:00", to: "08:00", timezone: UTC'),
    'spec.strategy.windows.0.to',
    'The window opens and closes at 08:00, so it never opens.',
    'Write a later time; for the whole day write `from: "00:00"` and `to: "24:00"`.',
  ],
  [
    'a time zone with a slip',
    windowOf('from: "08:00", to: "09:00", timezone: Europe/Berlinn'),
    'spec.strategy.windows.0.timezone',
    'There is no time zone "Europe/Berlinn".',
    'Write `timezone: Europe/Berlin`.',
  ],
  [
    'a time zone that is only a city',
    windowOf('from: "08:00", to: "09:00", timezone: New York'),
    'spec.strategy.windows.0.timezone',
    'There is no time zone "New York".',
    'Write `timezone: America/New_York`.',
  ],
  [
    'a time zone that nothing is near to',
    windowOf('from: "08:00", to: "09:00", timezone: Middle-earth/Hobbiton'),
    'spec.strategy.windows.0.timezone',
    'There is no time zone "Middle-earth/Hobbiton".',
    'Write an IANA name, such as `timezone: Europe/Berlin` or `timezone: UTC`.',
  ],
];

describe('a release that contradicts itself', () => {
  it.each(CONTRADICTIONS)(
    'is refused alone, at the value: %s',
    (_, spec, path, message, remedy) => {
      const text = release(spec);
      const snapshot = resolve({ ...BASE, 'r.yaml': text });
      expect(tell(snapshot)).toMatchObject([{ reason: 'Contradiction', message, remedy }]);
      expect(tellPaths(text, snapshot)).toEqual([[path, message]]);
      expect(snapshot.refused).toEqual(['Release/t/r']);
      expect(snapshot.frozen).toEqual([]);
      expect(snapshot.products['t']).toMatchObject({ releases: [], firmware: [{}] });
    },
  );

  it('is told of everything at once, other mistakes included', () => {
    const text = release(`  group: none
  strategy:
    steps:
      - { name: a, exposure: 50% }
      - { name: a, exposure: 10% }
      - { name: b, exposure: 20% }
    windows:
      - { days: [Mon], from: "08:00", to: "08:00", timezone: Nowhere/Land }
  approved: [41/a, 42/c]`);
    const paths = tellPaths(text, resolve({ ...BASE, 'r.yaml': text })).map(([path]) => path);
    expect(paths).toEqual([
      'spec.group',
      'spec.strategy.steps.1.name',
      'spec.strategy.steps.1.exposure',
      'spec.strategy.steps.2.exposure',
      'spec.strategy.steps.2.exposure',
      'spec.strategy.windows.0.to',
      'spec.strategy.windows.0.timezone',
      'spec.approved.0',
      'spec.approved.1',
    ]);
  });

  it('freezes its product where a value is malformed, and says nothing of contradictions', () => {
    const text = release(steps('name: a, exposure: 10%', 'name: b, exposure: 5'));
    const snapshot = resolve({ ...BASE, 'r.yaml': text });
    expect(tell(snapshot)).toMatchObject([{ reason: 'InvalidManifest' }]);
    expect(snapshot.frozen).toEqual(['t']);
  });
});

/** Strategies made of valid parts, as they are written. */
const strategies = fc.record(
  {
    steps: fc
      .uniqueArray(fc.integer({ min: 1, max: 9_999 }), { maxLength: 6 })
      .chain((exposures) => {
        const rising = [...exposures.sort((a, b) => a - b), 10_000];
        return fc.tuple(
          ...rising.map((exposure, index) =>
            fc.record(
              {
                name: fc.constantFrom('step', 'a.b', 'x-').map((word) => `${word}${index}`),
                exposure: fc.constant(`${exposure / 100}%`),
                minDevices: fc.integer({ min: 0, max: 1_000_000 }),
                soak: fc.constantFrom('0s', '24h', '1d12h'),
                successes: fc.integer({ min: 1, max: 1_000_000 }),
                approval: fc.constant('required'),
              },
              { requiredKeys: ['name', 'exposure'] },
            ),
          ),
        );
      }),
    rate: fc
      .tuple(fc.integer({ min: 1, max: 1_000_000 }), fc.constantFrom('s', 'min', 'h', 'day'))
      .map(([count, unit]) => `${count}/${unit}`),
    windows: fc.array(
      fc.record({
        days: fc.subarray(['Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat', 'Sun'], { minLength: 1 }),
        from: fc.constantFrom('00:00', '08:15', '23:59'),
        to: fc.constantFrom('00:01', '15:00', '24:00'),
        timezone: fc.constantFrom('UTC', ...Intl.supportedValuesOf('timeZone')),
      }),
      { maxLength: 3 },
    ),
    halt: fc.record(
      {
        failureRate: fc.constantFrom('0%', '2%', '12.5%', '100%'),
        minAttempts: fc.integer({ min: 1, max: 1_000_000 }),
        action: fc.constantFrom('hold', 'rollback'),
      },
      { requiredKeys: [] },
    ),
    onRollback: fc.constantFrom('direct', 'staged'),
  },
  { requiredKeys: [] },
);

describe('any strategy made of valid parts', () => {
  it('is accepted, and its exposures rise to all devices', () => {
    const property = fc.property(strategies, fc.context(), (strategy, context) => {
      const approved = (strategy.steps ?? []).map(({ name }) => `42/${name}`);
      const text = JSON.stringify({
        apiVersion: 'lockstep/v1',
        kind: 'Release',
        metadata: { name: 'r' },
        spec: { product: 't', version: 42, strategy, approved },
      });
      context.log(text);
      const snapshot = resolve({ ...BASE, 'r.yaml': text });
      expect(tell(snapshot)).toEqual([]);
      const spec = snapshot.products['t']?.releases[0]?.spec;
      const exposures = spec?.strategy.steps.map(({ exposure }) => exposure) ?? [];
      expect(exposures).toEqual(
        strategy.steps?.map(({ exposure }) => Math.round(Number.parseFloat(exposure) * 100)) ?? [
          10_000,
        ],
      );
      expect(new Set(exposures).size).toBe(exposures.length);
      expect(exposures).toEqual([...exposures].sort((a, b) => a - b));
      expect(exposures.at(-1)).toBe(10_000);
      expect(spec?.approved).toEqual(strategy.steps?.map(({ name }) => name) ?? []);
    });
    expect(() => fc.assert(property, { numRuns: 150 })).not.toThrow();
  });

  it('is refused once two of its exposures change places', () => {
    const property = fc.property(
      strategies.filter(({ steps: list }) => (list?.length ?? 0) > 1),
      fc.nat(),
      (strategy, choice) => {
        const list = [...(strategy.steps ?? [])];
        const at = choice % (list.length - 1);
        const [first, second] = [list[at], list[at + 1]];
        if (first === undefined || second === undefined) return;
        list[at] = { ...first, exposure: second.exposure };
        list[at + 1] = { ...second, exposure: first.exposure };
        const text = JSON.stringify({
          apiVersion: 'lockstep/v1',
          kind: 'Release',
          metadata: { name: 'r' },
          spec: { product: 't', version: 42, strategy: { ...strategy, steps: list } },
        });
        const snapshot = resolve({ ...BASE, 'r.yaml': text });
        expect(tell(snapshot).map(({ reason }) => reason)).toContain('Contradiction');
        expect(snapshot.refused).toEqual(['Release/t/r']);
      },
    );
    expect(() => fc.assert(property, { numRuns: 50 })).not.toThrow();
  });
});
