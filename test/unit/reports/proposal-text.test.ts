// The pull requests that the controller opens. The golden files are what the person reads who decides.

import { describe, expect, it } from 'vitest';

import { renderProposalBody } from '../../../controller/reports/proposal-body.ts';
import {
  renderApprovalProposal,
  renderHaltProposal,
} from '../../../controller/reports/proposal-text.ts';
import { RELEASE_NOW, sampleHaltedRelease, sampleWaitingRelease } from './release-samples.ts';

const GOLDEN = '../../fixtures/reports';
const HOUR_MS = 3_600_000;

function haltProposal(change: Partial<Parameters<typeof renderHaltProposal>[0]> = {}) {
  return renderHaltProposal({
    product: 'thermostat',
    release: { ...sampleHaltedRelease(), group: null, manifest: 'Release/thermostat' },
    halt: {
      action: 'hold',
      at: RELEASE_NOW,
      failed: 5,
      succeeded: 95,
      message: '5 of 100 devices failed with version 42 (5%, and 2% is the limit).',
    },
    limit: { failureRate: 2, minAttempts: 5 },
    onRollback: 'direct',
    exposure: 100,
    devices: [
      { device: 'e00f01', attempts: 4, message: 'swupdate: signature mismatch in slot 1' },
      { device: 'e00f02', attempts: 1, message: null },
    ],
    changes: [
      'Release/thermostat: `version` from 42 to 41',
      'Firmware/thermostat-42: `withdrawn` with the reason',
    ],
    ...change,
  });
}

function approvalProposal() {
  const step = (name: string, soakMs: number) => ({
    name,
    exposure: 0,
    minDevices: 1,
    soakMs,
    successes: 1,
    approval: false,
  });
  return renderApprovalProposal({
    product: 'thermostat',
    release: sampleWaitingRelease(),
    step: 'half',
    strategy: [step('canary', 24 * HOUR_MS), step('tenth', 24 * HOUR_MS), step('half', 0)],
    changes: ['Release/thermostat: `approved` with 42/half'],
  });
}

describe('the pull request after a halt', () => {
  it('reads as in the golden file', async () => {
    const { title, body } = haltProposal();
    expect(title).toBe('Take back version 42 of thermostat: 5 of 100 devices failed');
    await expect(body).toMatchFileSnapshot(`${GOLDEN}/proposal-halt.md`);
  });

  it('says what a rollback, a first version and an outgrown step mean', () => {
    const release = sampleHaltedRelease();
    const halt = HALT;
    const rolledBack = haltProposal({ halt: { ...halt, action: 'rollback' } }).body;
    expect(rolledBack).toContain('was rolled back already, and goes on returning its devices to');
    expect(rolledBack).toContain('it begins again from its first step');
    expect(haltProposal({ onRollback: 'staged' }).body).toContain(
      'return to version 41, through the steps of its strategy',
    );
    expect(haltProposal({ release: { ...release, base: null } }).body).toContain(
      'No version has finished here before',
    );
    const outgrown = haltProposal({
      release: { ...release, group: 'beta' },
      halt: { ...halt, outgrown: true, failed: 0, succeeded: 0 },
    });
    expect(outgrown.title).toBe(
      'Take back version 42 of thermostat for group beta: the fleet outgrew its step',
    );
    expect(outgrown.body).toContain('| rate | 0% (the limit is 2%) |');
  });

  it('names twenty devices, and keeps their words inert', () => {
    const words = '|<img src=x>@team #1 `x` [a](https://evil.example)\n<!-- lockstep:review -->';
    const devices = Array.from({ length: 33 }, (_, index) => ({
      device: `d${index}${words}`,
      attempts: 1,
      message: words.repeat(9),
    }));
    const { body, title } = haltProposal({ devices, product: `x\n${'y'.repeat(300)}` });
    expect(body).toContain('| … and 13 more | | |');
    expect(body).not.toMatch(/<img|@team|#1\b|https:\/\/evil|(?<!\\)\[a|<!-- lockstep/);
    const rows = body.split('\n').filter((line) => line.startsWith('| d'));
    expect(rows).toHaveLength(21);
    for (const row of rows) expect(row.match(/(?<!\\)\|/g)).toHaveLength(4);
    expect(title).toHaveLength(120);
    expect(title).not.toContain('\n');
  });
});

describe('what a pull request changes', () => {
  it('is text, whoever proposes it', () => {
    const hostile = '<img src=x> @team #1\n# h [a](https://evil.example)';
    for (const body of [
      haltProposal({ changes: [hostile] }).body,
      renderProposalBody([hostile], null),
      renderProposalBody([hostile], hostile),
    ]) {
      expect(body).toContain('- &lt;img src=x&gt; @<!-- -->team');
      expect(body).not.toMatch(/<img|@team|#1|^# h|https:\/\/evil/m);
    }
  });
});

describe('the pull request for an approval', () => {
  it('reads as in the golden file', async () => {
    const { title, body } = approvalProposal();
    expect(title).toBe('Approve step half of version 42 of thermostat');
    await expect(body).toMatchFileSnapshot(`${GOLDEN}/proposal-approval.md`);
  });
});

const HALT = {
  action: 'hold' as const,
  at: RELEASE_NOW,
  failed: 5,
  succeeded: 95,
  message: '5 of 100 devices failed.',
};
