// Status, devices and events for people, and the table that they stand in.

import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { formatNumber } from '../../../controller/base/count.ts';
import { formatAhead, formatUtc } from '../../../controller/base/format-time.ts';
import type { StatusJson } from '../../../controller/reports/answers.ts';
import type { Action, ExposureCause } from '../../../controller/model/plan.ts';
import { eventOfAction } from '../../../controller/reports/action-events.ts';
import { compilePolicy } from '../../../controller/devices/policy.ts';
import { deviceJson } from '../../../controller/reports/device-json.ts';
import { renderDevicesText } from '../../../controller/reports/devices-text.ts';
import { renderEventsText } from '../../../controller/reports/events-text.ts';
import {
  cleanText,
  formatAgo,
  isoTime,
  shortRevision,
} from '../../../controller/reports/plain-text.ts';
import { releaseJson } from '../../../controller/reports/release-json.ts';
import { renderStatusText } from '../../../controller/reports/status-text.ts';
import { renderTable } from '../../../controller/reports/table.ts';
import {
  RELEASE_NOW,
  sampleHaltedRelease,
  sampleRelease,
  sampleWaitingRelease,
} from './release-samples.ts';
import {
  REVISION,
  sampleAction,
  sampleActions,
  sampleCarriedLock,
  sampleDesired,
  sampleDevice,
  sampleFirmwareRecord,
} from './samples.ts';

const GOLDEN = '../../fixtures/reports';
const PLAIN = { color: false };
const NOW = 1_700_000_600_000;

const FORGE = {
  description: 'github.com/acme/fleet',
  failure: {
    code: 'ForgeUnauthorized',
    message: 'Cannot read the pull requests: the token has expired.',
    disposition: 'stall' as const,
    retryAfterMs: null,
  },
  lookedAt: isoTime(NOW - 90_000),
  openPullRequests: 2,
};

function sampleStatus(): StatusJson {
  return {
    version: '0.1.0',
    ready: true,
    source: 'https://git.example.com/fleet.git#main',
    revisionSeen: REVISION,
    subjectSeen: 'Release 41',
    sourceReadAt: isoTime(NOW - 30_000),
    sourceFailure: null,
    forge: null,
    passes: 12,
    problems: [
      {
        reason: 'VersionMismatch',
        message: 'The binary is version 43, the manifest says 42.',
        remedy: 'Write version 43.',
        file: 'firmware.yaml',
        line: 6,
        column: 12,
      },
    ],
    warnings: [],
    products: [
      {
        product: 'thermostat',
        revision: REVISION,
        observedRevision: REVISION,
        devices: {
          total: 1_000_000,
          online: 999_880,
          offline: 120,
          quarantined: 2,
          locked: 13,
          inFlight: 1_200,
          failed: 4,
        },
        releases: [
          {
            version: 41,
            group: null,
            progress: null,
            manifest: 'Release/thermostat',
            revision: REVISION,
            file: 'release.yaml',
            line: 3,
            column: 1,
          },
        ],
        stopped: false,
        adopted: true,
        listening: false,
        conditions: [
          {
            type: 'Ready',
            status: 'False',
            reason: 'Refused',
            message: 'Part of the revision is refused.',
            lastTransitionTime: isoTime(NOW),
            observedRevision: REVISION,
          },
        ],
        problemCount: 1,
        warningCount: 0,
      },
      {
        product: 'lamp',
        revision: null,
        observedRevision: REVISION,
        devices: null,
        releases: [],
        stopped: true,
        adopted: false,
        listening: true,
        conditions: [],
        problemCount: 0,
        warningCount: 0,
      },
    ],
  };
}

describe('the texts of the controller', () => {
  it('renders the status as in the golden file', async () => {
    const status = { ...sampleStatus(), forge: FORGE };
    await expect(renderStatusText(status, NOW, PLAIN)).toMatchFileSnapshot(`${GOLDEN}/status.txt`);
  });

  it('shows how far releases are as in the golden file', async () => {
    const status = sampleStatus();
    const [thermostat, lamp] = status.products;
    if (thermostat === undefined || lamp === undefined) throw new Error('two products');
    const [manifest] = thermostat.releases;
    if (manifest === undefined) throw new Error('a release');
    const releases = [
      sampleRelease(),
      sampleHaltedRelease(),
      sampleRelease({ group: 'old', waits: [], finishedAt: NOW }),
    ].map((release) => ({
      ...manifest,
      version: release.version,
      group: release.group,
      progress: releaseJson(release),
    }));
    const message = '5 of 100 devices failed with version 42 (5%, and 2% is the limit).';
    const condition = { message, lastTransitionTime: isoTime(NOW), observedRevision: REVISION };
    const text = renderStatusText(
      {
        ...status,
        sourceReadAt: isoTime(RELEASE_NOW - 30_000),
        problems: [],
        products: [
          {
            ...thermostat,
            releases,
            listening: true,
            conditions: [
              { ...condition, type: 'Ready', status: 'False', reason: 'ReleaseHalted' },
              { ...condition, type: 'Reconciling', status: 'True', reason: 'Progressing' },
              { ...condition, type: 'Stalled', status: 'True', reason: 'ReleaseHalted' },
            ],
          },
          {
            ...lamp,
            stopped: false,
            releases: [
              { ...manifest, version: 42, progress: releaseJson(sampleWaitingRelease()) },
              {
                ...manifest,
                version: 43,
                group: 'beta',
                progress: releaseJson(
                  sampleRelease({ version: 43, group: 'beta', waits: [{ kind: 'paused' }] }),
                ),
              },
            ],
          },
        ],
      },
      RELEASE_NOW,
      PLAIN,
    );
    await expect(text).toMatchFileSnapshot(`${GOLDEN}/status-staged.txt`);
    const table = text.split('\n').filter((line) => /%\s+\d|EXPOSURE/.test(line));
    expect(table).toHaveLength(5);
    expect(Math.max(...table.map((line) => line.length))).toBeLessThanOrEqual(80);
    expect(text.match(/5 of 100 devices failed/g)).toHaveLength(1);
  });

  it('names what keeps a product from being ready once', () => {
    const status = sampleStatus();
    const said = {
      reason: 'Refused',
      message: 'Part of the revision is refused.',
      lastTransitionTime: isoTime(NOW),
      observedRevision: REVISION,
    };
    const conditions = [
      { ...said, type: 'Ready', status: 'False' },
      { ...said, type: 'Stalled', status: 'True' },
    ] as const;
    const products = status.products.map((product) => ({ ...product, conditions }));
    const text = renderStatusText({ ...status, products: products.slice(0, 1) }, NOW, PLAIN);
    expect(text.match(/Part of the revision/g)).toHaveLength(1);
    expect(text).toContain('thermostat Stalled: Refused');
  });

  it('fits 80 columns while every product is at the revision that was seen', () => {
    const status = sampleStatus();
    const products = status.products.map((product) => ({ ...product, revision: REVISION }));
    const table = renderStatusText({ ...status, products }, NOW, PLAIN)
      .split('\n')
      .slice(4, 7);
    expect(table[0]).toContain('PRODUCT');
    expect(table.join('\n')).not.toContain('REVISION');
    expect(table.map((line) => line.split(/ {2,}/)).map(({ length }) => length)).toEqual([8, 8, 8]);
    expect(Math.max(...table.map((line) => line.length))).toBeLessThanOrEqual(80);
  });

  it('says so where there is nothing yet', async () => {
    const text = renderStatusText(
      {
        ...sampleStatus(),
        ready: false,
        revisionSeen: null,
        subjectSeen: null,
        sourceReadAt: null,
        sourceFailure: {
          code: 'SourceUnavailable',
          message: 'The remote did not answer.',
          disposition: 'retry',
          retryAfterMs: null,
        },
        problems: [],
        products: [],
      },
      NOW,
      PLAIN,
    );
    await expect(text).toMatchFileSnapshot(`${GOLDEN}/status-empty.txt`);
    expect(renderDevicesText({ items: [], next: null }, NOW, PLAIN)).toBe('No devices.\n');
    expect(renderEventsText([], PLAIN)).toBe('No events.\n');
  });

  it('renders devices as in the golden file', async () => {
    const records = [sampleFirmwareRecord(41), sampleFirmwareRecord(42)];
    const policy = compilePolicy(sampleDesired(), records, { stopped: false });
    const context = { policy, listened: 10_000_000, now: NOW };
    const contact = { at: NOW - 90_000, listened: 9_910_000 };
    const failures = {
      version: 42,
      round: 0,
      count: 4,
      retryAt: null,
      lastAt: NOW,
      lastMessage: 'flash write failed',
    };
    const items = [
      deviceJson(
        sampleDevice({ id: 'bench-1', lock: sampleCarriedLock(), action: sampleAction() }),
        contact,
        context,
      ),
      deviceJson(
        sampleDevice({
          id: 'bench-2',
          lock: sampleCarriedLock({ flash: 'on-reset', armed: false }),
        }),
        { at: NOW - 7_200_000, listened: 0 },
        context,
      ),
      deviceJson(sampleDevice({ id: 'e00f01' }), contact, context),
      deviceJson(sampleDevice({ id: 'e00f02', failures }), contact, context),
      deviceJson(
        sampleDevice({ id: 'e00f03', standing: 'quarantined', quarantine: 'no manifest names it' }),
        contact,
        context,
      ),
      deviceJson(
        sampleDevice({ id: 'e00f04', standing: 'expected', running: null }),
        null,
        context,
      ),
    ];
    const text = renderDevicesText({ items, next: 'e00f04' }, NOW, PLAIN);
    await expect(text).toMatchFileSnapshot(`${GOLDEN}/devices.txt`);
  });

  it('renders events as in the golden file', async () => {
    const text = renderEventsText(
      [
        {
          id: 2,
          type: 'ActionFailed',
          at: isoTime(NOW),
          product: 'thermostat',
          revision: REVISION,
          manifest: 'Release/thermostat',
          device: 'e00f02',
          actionId: '734211',
          file: null,
          line: null,
          column: null,
          message: 'Failed: flash write failed.',
        },
        {
          id: 1,
          type: 'RevisionSeen',
          at: isoTime(NOW - 1_000),
          product: null,
          revision: REVISION,
          manifest: null,
          device: null,
          actionId: null,
          file: null,
          line: null,
          column: null,
          message: 'Read revision 5f0c1d2e3b4a.',
        },
      ],
      PLAIN,
    );
    await expect(text).toMatchFileSnapshot(`${GOLDEN}/events.txt`);
  });
});

describe('the audit log’s line for an action', () => {
  it('tells a change of exposure by its cause', () => {
    const types = (['step', 'hold', 'rollback', 'resume', 'pause', 'unpause', 'edit'] as const).map(
      (cause) => {
        const event = eventOfAction('thermostat', sampleExposure(cause), NOW);
        expect(event).toMatchObject({ message: 'Words.', manifest: 'Release/beta', device: null });
        return event.type;
      },
    );
    expect(types).toEqual([
      'ExposureChanged',
      'ReleaseHalted',
      'ReleaseRolledBack',
      'ReleaseResumed',
      'ReleasePaused',
      'ReleaseResumed',
      'ReleaseEdited',
    ]);
  });

  it('tells a rollback from a release', () => {
    const start = sampleActions().find(({ type }) => type === 'ReleaseFirmware');
    if (start?.type !== 'ReleaseFirmware') throw new Error('one of each action');
    const typeOf = (rollback: boolean): string =>
      eventOfAction('thermostat', { ...start, rollback }, NOW).type;
    expect([typeOf(false), typeOf(true)]).toEqual(['ReleaseStarted', 'RollbackStarted']);
  });

  it('says with which exposure a release starts, and counts devices in words', () => {
    const messages = sampleActions().map(
      (action) => eventOfAction('thermostat', action, NOW).message,
    );
    expect(messages).toContain(
      'Released version 41 for every device instead of 40, exposure 100%.',
    );
    expect(messages).toContain('Group bench has 12 devices.');
  });
});

function sampleExposure(cause: ExposureCause): Action {
  const found = sampleActions().find(({ type }) => type === 'SetExposure');
  if (found?.type !== 'SetExposure') throw new Error('one of each action');
  return { ...found, cause, message: 'Words.' };
}

describe('the pieces of a text', () => {
  it('aligns every line of a table, whatever stands in it', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.string(), fc.string())), (rows) => {
        const lines = renderTable(
          [{ title: 'a' }, { title: 'b', align: 'right' }],
          rows.map(([a, b]) => [a, `${b}x`]),
          PLAIN,
        );
        expect(lines).toHaveLength(rows.length + 1);
        const widths = new Set(lines.map((line) => Array.from(line).length));
        expect(widths.size).toBe(1);
        for (const line of lines) expect(line).not.toContain('\n');
      }),
    );
  });

  it('tells moments to come, and how far they are', () => {
    expect(formatUtc(RELEASE_NOW + 59_999)).toBe('2026-11-25 12:00Z');
    expect(formatUtc(Number.MAX_SAFE_INTEGER)).toContain('Z');
    const ahead = (ms: number): string => formatAhead(NOW + ms, NOW);
    expect(
      [-1, 0, 59_999, 60_000, 5_000_000, 5_400_000, 100_000_000, 129_600_000, 259_200_000].map(
        ahead,
      ),
    ).toEqual([
      'now',
      'now',
      'in less than a minute',
      'in about 1 minute',
      'in about 83 minutes',
      'in about 2 hours',
      'in about 28 hours',
      'in about 2 days',
      'in about 3 days',
    ]);
  });

  it('writes numbers, ages, revisions and times in one way', () => {
    expect([0, 999, 1_000, 1_234_567].map(formatNumber)).toEqual([
      '0',
      '999',
      '1,000',
      '1,234,567',
    ]);
    const ago = (ms: number): string => formatAgo(isoTime(NOW - ms), NOW);
    expect([5_000, 300_000, 7_200_000, 200_000_000, -5_000].map(ago)).toEqual([
      '5s ago',
      '5m ago',
      '2h ago',
      '2d ago',
      '0s ago',
    ]);
    expect(formatAgo(null, NOW)).toBe('never');
    expect(shortRevision(REVISION)).toBe('5f0c1d2e3b4a');
    expect(shortRevision(`dir-${REVISION}`)).toBe('dir-5f0c1d2e3b4a');
    expect(shortRevision('dir-0011')).toBe('dir-0011');
    expect(isoTime(null)).toBeNull();
    expect(isoTime(Number.MAX_SAFE_INTEGER)).toMatch(/^\+275760/);
    expect(cleanText('a\r\nb\u001b[31m')).toBe('a b·[31m');
  });
});
