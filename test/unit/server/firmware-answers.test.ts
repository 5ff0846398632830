// What people see of a version: who runs it, who verified it and when, and why it may not be released.

import { describe, expect, it } from 'vitest';

import type { EvidenceRecord } from '../../../controller/model/device.ts';
import type { FirmwareRecord } from '../../../controller/model/firmware.ts';
import type { LiveState } from '../../../controller/model/live.ts';
import type { GateReport } from '../../../controller/model/plan.ts';
import { REASONS } from '../../../controller/model/reasons.ts';
import type { ProductView } from '../../../controller/reconciler/controller.ts';
import type { FirmwareJson } from '../../../controller/reports/answers.ts';
import { firmwareAnswers } from '../../../controller/server/firmware-answers.ts';
import { API_FIRMWARE, API_NOW, apiPicture } from '../../support/api.ts';

const [RECORD] = API_FIRMWARE.filter(({ version }) => version === 42);
const BLOCKED: GateReport = {
  version: 42,
  verdict: 'blocked',
  reason: 'ReleaseUnverified',
  message: '0 of 1 device verified it.',
};
const PASSED: GateReport = { version: 42, verdict: 'passed', reason: null, message: 'Verified.' };

interface Words {
  readonly record?: Partial<FirmwareRecord> | null;
  readonly gate?: GateReport | null;
  readonly live?: Partial<LiveState> | null;
  readonly evidence?: readonly EvidenceRecord[];
  readonly change?: (view: ProductView) => ProductView;
}

/** The answer for version 42, stored and verified unless it is said otherwise. */
function answer(words: Words = {}): FirmwareJson {
  const { record = {}, gate = PASSED, live = {}, evidence = [], change = (view) => view } = words;
  const { products, snapshot } = apiPicture();
  const [view] = products;
  if (view === undefined || view.live === null || view.plan === null || RECORD === undefined) {
    throw new Error('no view');
  }
  const product = change({
    ...view,
    live: live === null ? null : { ...view.live, ...live },
    plan: { ...view.plan, gates: gate === null ? [] : [gate] },
  });
  const records = record === null ? [] : [{ ...RECORD, ...record }];
  const found = firmwareAnswers(product, records, evidence, snapshot).find(
    ({ version }) => version === 42,
  );
  if (found === undefined) throw new Error('no version 42');
  return found;
}

/** With the manifest of version 42 changed. */
function withSpec(spec: Partial<ProductView['inForce']['firmware'][number]['spec']>): Words {
  return {
    change: (view) => ({
      ...view,
      inForce: {
        ...view.inForce,
        firmware: view.inForce.firmware.map((each) =>
          each.spec.version === 42 ? { ...each, spec: { ...each.spec, ...spec } } : each,
        ),
      },
    }),
  };
}

function evidenceOf(device: string, passedAt: number | null, more = {}): EvidenceRecord {
  const { sha256 = '' } = RECORD ?? {};
  return {
    product: 'thermostat',
    version: 42,
    sha256,
    device,
    level: 'flashed',
    since: 0,
    passedAt,
    soakedMs: 0,
    ...more,
  };
}

describe('a version', () => {
  it('is run by a share of the devices', () => {
    expect(answer({ live: { devices: 4 } })).toMatchObject({ running: 1, share: 0.25 });
    expect(answer({ live: { devices: 0, locked: [] } })).toMatchObject({ running: 0, share: 0 });
    expect(answer({ live: null })).toMatchObject({ running: null, share: null });
  });

  it('is verified by those whose evidence is of this very binary, the earliest first', () => {
    const evidence = [
      evidenceOf('late', API_NOW),
      evidenceOf('b', 5, { level: 'reported' }),
      evidenceOf('a', 5),
      evidenceOf('soaking', null),
      evidenceOf('other', 1, { sha256: 'ff' }),
      evidenceOf('older', 1, { version: 41 }),
    ];
    const { verified } = answer({ record: { verifiedAt: 7 }, evidence });
    expect(verified).toEqual({
      at: new Date(7).toISOString(),
      by: [
        { device: 'a', level: 'flashed', at: new Date(5).toISOString() },
        { device: 'b', level: 'reported', at: new Date(5).toISOString() },
        { device: 'late', level: 'flashed', at: new Date(API_NOW).toISOString() },
      ],
      count: 3,
    });
    expect(answer({ record: { verifiedAt: null }, evidence }).verified).toBeNull();
  });

  it('names at most a hundred of them, and counts all', () => {
    const evidence = Array.from({ length: 130 }, (_, index) => evidenceOf(`d${index}`, index));
    const { verified } = answer({ record: { verifiedAt: 7 }, evidence });
    expect([verified?.by.length, verified?.by.at(-1)?.device, verified?.count]).toEqual([
      100,
      'd99',
      130,
    ]);
  });

  it('says what is compiled in, where its binary was read', () => {
    expect(answer().compiled).toEqual({
      format: 'particle',
      productId: 94,
      version: 42,
      versionText: null,
      platform: { id: 6, name: 'photon' },
      appHash: null,
      details: [{ name: 'module', value: 'user part' }],
    });
    expect(
      answer(withSpec({ binary: { path: 'x', url: null, sha256: 'ff', format: null } })),
    ).toMatchObject({
      compiled: null,
    });
  });
});

describe('a release of a version', () => {
  it('may be made once it is verified and stored', () => {
    expect(answer().releasable).toEqual({ may: true, reason: null, message: null, remedy: null });
  });

  it.each<[string, Words, string, RegExp]>([
    [
      'withdrawn',
      withSpec({ withdrawn: { reason: 'bricks rev B', url: null } }),
      'FirmwareWithdrawn',
      /^Version 42 is withdrawn: bricks rev B\.$/,
    ],
    [
      'retiring',
      withSpec({ retiring: true }),
      'UnknownVersion',
      /manifest of version 42 is gone\.$/,
    ],
    ['not stored', { record: { stored: false } }, 'BinaryMissing', /not at hand\.$/],
    ['not known to the state', { record: null }, 'BinaryMissing', /not at hand\.$/],
    ['of a fleet that was not seen', { gate: null }, 'FleetUnreachable', /not been seen/],
    ['of a product that is new here', { live: { adopted: false } }, 'StateNew', /never seen/],
    [
      'not verified',
      { gate: BLOCKED },
      'ReleaseUnverified',
      /^Version 42 is not verified: 0 of 1 device verified it\.$/,
    ],
  ])('may not be made while it is %s, and says why', (_, words, reason, message) => {
    const { releasable } = answer(words);
    expect(releasable).toMatchObject({
      may: false,
      reason,
      remedy: REASONS[reason as keyof typeof REASONS].remedy,
    });
    expect(releasable.message).toMatch(message);
  });

  it('waits for devices that are on the way', () => {
    const { releasable } = answer({ gate: { ...BLOCKED, verdict: 'waiting' } });
    expect(releasable).toMatchObject({ may: false, reason: 'ReleaseUnverified' });
    expect(releasable.message).toMatch(/on the way/);
    expect(releasable.remedy).toMatch(/^Nothing to commit/);
  });

  it('is not made again, but may be for every device where only a group has it', () => {
    const releaseTo = (group: string | null): Words => ({
      change: (view) => ({
        ...view,
        inForce: {
          ...view.inForce,
          releases: view.inForce.releases.map(({ spec, origin }) => ({
            origin,
            spec: { ...spec, version: spec.group === group ? 42 : 41 },
          })),
        },
      }),
    });
    expect(answer(releaseTo(null))).toMatchObject({
      released: true,
      releasable: { may: false, reason: null, message: expect.stringContaining('is released') },
    });
    expect(answer(releaseTo('bench'))).toMatchObject({ released: true, releasable: { may: true } });
  });
});
