// The plan and the files of a proposal in words, before they are drawn.

import { describe, expect, it } from 'vitest';

import { splitCode } from '../../../controller/dashboard/parts/coded.js';
import {
  describeBinary,
  versionState,
} from '../../../controller/dashboard/parts/firmware-words.js';
import { linesOf } from '../../../controller/dashboard/propose/diff-view.js';
import { describePlan } from '../../../controller/dashboard/propose/plan-words.js';
import { renderFileDiff } from '../../../controller/reports/file-diff.ts';
import type { PlanJson, ProductPlanJson } from '../../../controller/reports/plan-json.ts';

const ORIGIN = { manifest: 'Kind/name', revision: 'r1', file: 'a.yaml', line: 1, column: 1 };

describe('a plan', () => {
  it('is a line for each action', () => {
    const { actions } = describePlan(
      plan({
        actions: [
          { type: 'ConfigureProduct', changes: ['new'], ...ORIGIN },
          { type: 'ConfigureProduct', changes: ['a', 'b'], ...ORIGIN },
          { type: 'UploadFirmware', version: 42, sha256: 'ab', ...ORIGIN },
          { type: 'RetireFirmware', version: 40, ...ORIGIN },
          { type: 'WithdrawFirmware', version: 41, ...ORIGIN },
          { type: 'ChangeGroup', group: 'beta', devices: 1, ...ORIGIN },
          { type: 'LockDevice', device: 'dev-1', version: 42, flash: 'now', ...ORIGIN },
          { type: 'UnlockDevice', device: 'dev-2', from: 41, ...ORIGIN },
          release({ from: null, group: null, exposure: 100 }),
          release({ from: 41, group: 'beta', exposure: 1 }),
          release({ from: 41, group: null, exposure: 100, rollback: true }),
          {
            type: 'SetExposure',
            version: 42,
            group: null,
            step: 'all',
            from: 45,
            exposure: 100,
            cause: 'step',
            message: 'Step all begins.',
            ...ORIGIN,
          },
          { type: 'EndRelease', version: 42, group: 'beta', ...ORIGIN },
        ],
      }),
    );
    expect(actions.map(({ symbol, text }) => `${symbol} ${text}`)).toEqual([
      '+ Begin with the product',
      '~ Change the product: a, b',
      '+ Take in version 42',
      '− Retire version 40',
      '− Withdraw version 41: no device is offered it again',
      '~ Group beta has 1 device',
      '+ Lock dev-1 to version 42, and flash it now',
      '− Unlock dev-2 from version 41',
      '+ Release version 42 to every device, all of them at first',
      '+ Release version 42 to group beta, instead of version 41, 1% of them at first',
      '+ Release version 42 to every device, instead of version 41, a rollback',
      '~ Step all begins.',
      '− End the release of version 42 to group beta',
    ]);
  });

  it('tells of many locks of one manifest in one line', () => {
    const lock = { type: 'LockDevice', version: 42, flash: 'on-reset', ...ORIGIN } as const;
    const { actions } = describePlan(
      plan({
        actions: [
          { ...lock, device: 'a' },
          { ...lock, device: 'b' },
          { ...lock, device: 'c', manifest: 'DeviceLock/other' },
        ],
      }),
    );
    expect(actions.map(({ text }) => text)).toEqual([
      'Lock 2 devices to version 42, and flash it when it next comes online',
      'Lock c to version 42, and flash it when it next comes online',
    ]);
  });

  it('says what it means for the devices', () => {
    const impact = {
      devices: 1_000_000,
      flashes: [
        { from: 41, to: 42, devices: 899_990 },
        { from: null, to: 42, devices: 10 },
      ],
      locked: 1,
      offline: 120,
      quarantined: 0,
    };
    expect(describePlan(plan({ impact })).impact).toEqual([
      '900,000 devices of 1,000,000 are to be flashed: 899,990 from version 41 to 42, 10 from an unknown version to 42.',
      '1 device is locked.',
      '120 devices are offline.',
    ]);
    expect(describePlan(plan({})).impact).toEqual(['No device is flashed at once, of 0.']);
  });
});

describe('the change of a file', () => {
  it('is shown line by line, without the names', () => {
    const diff = renderFileDiff('a.yaml', 'one\ntwo\n', 'one\nthree\n');
    expect(linesOf(diff)).toEqual([
      { kind: 'place', text: '@@ -1,2 +1,2 @@' },
      { kind: 'same', text: ' one' },
      { kind: 'remove', text: '-two' },
      { kind: 'add', text: '+three' },
    ]);
  });

  it('keeps lines that look like names of files', () => {
    const diff = renderFileDiff('a.yaml', '', '++ a\n-- b\n');
    expect(linesOf(diff).map(({ text }) => text)).toEqual(['@@ -0,0 +1,2 @@', '+++ a', '+-- b']);
  });
});

describe('a version', () => {
  const version = {
    withdrawn: null,
    retiring: false,
    released: false,
    verified: null,
    stored: true,
    gate: null,
  };
  const words = (change: Partial<Parameters<typeof versionState>[0]>): string =>
    versionState({ ...version, ...change })
      .map(({ word }) => word)
      .join(', ');

  it('is told by what matters', () => {
    const verified = { at: '', by: [], count: 1 };
    const waiting = { verdict: 'waiting', reason: null, message: '' } as const;
    expect([
      words({}),
      words({ gate: waiting }),
      words({ verified, released: true }),
      words({ withdrawn: { reason: 'x', url: null }, retiring: true, stored: false }),
    ]).toEqual([
      'Not verified, Not released',
      'Being verified, Not released',
      'Verified, Released',
      'Withdrawn, Retiring, Binary missing, Not verified, Not released',
    ]);
  });

  it('shows of its binary what is known', () => {
    const compiled = {
      format: 'particle',
      productId: 94,
      version: 42,
      versionText: null,
      platform: { id: 6, name: null },
      appHash: 'ab',
      details: [{ name: 'module', value: 'user part 1' }],
    } as const;
    expect(
      describeBinary({ compiled, size: 4096 }).map(([name, value]) => `${name}: ${value}`),
    ).toEqual([
      'Size: 4,096 bytes',
      'Format: particle',
      'Compiled-in product id: 94',
      'Compiled-in version: 42',
      'Platform: id 6',
      'Module: user part 1',
    ]);
    expect(describeBinary({ compiled: null, size: null })).toEqual([]);
    expect(describeBinary({ compiled: null, size: 0 })).toEqual([]);
  });
});

describe('code in words', () => {
  it('stands between backticks that close', () => {
    expect(splitCode('Run `lockstep why` now')).toEqual(['Run ', 'lockstep why', ' now']);
    expect(splitCode('plain')).toEqual(['plain']);
    expect(splitCode('a `b` c ` d')).toEqual(['a ', 'b', ' c ` d']);
  });
});

function release(
  words: Partial<Extract<ProductPlanJson['actions'][number], { type: 'ReleaseFirmware' }>>,
): ProductPlanJson['actions'][number] {
  return {
    type: 'ReleaseFirmware',
    version: 42,
    from: null,
    group: null,
    rollback: false,
    exposure: 100,
    ...ORIGIN,
    ...words,
  };
}

function plan(words: Partial<ProductPlanJson>): PlanJson {
  const product: ProductPlanJson = {
    product: 'thermostat',
    frozen: false,
    actions: [],
    refusals: [],
    warnings: [],
    impact: { devices: 0, flashes: [], locked: 0, offline: 0, quarantined: 0 },
    gates: [],
    newlyVerified: [],
    newlyFinished: [],
    releases: [],
    ...words,
  };
  return {
    formatVersion: '1.0',
    revision: 'r1',
    fingerprint: '',
    products: [product],
    errors: [],
  };
}
