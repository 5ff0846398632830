// Proposals as people would see them: what is asked for, the files before, and the files after. The golden files are
// to be read.

import { describe, expect, it } from 'vitest';
import type { Result } from '../../../controller/base/result.ts';
import { proposeApproval } from '../../../controller/proposals/approve-step.ts';
import { proposeFirmware } from '../../../controller/proposals/firmware.ts';
import { proposeLock } from '../../../controller/proposals/lock.ts';
import type {
  Proposal,
  ProposalInput,
  ProposalRefusal,
} from '../../../controller/proposals/proposal.ts';
import { proposeRelease } from '../../../controller/proposals/release.ts';
import { proposeResumption } from '../../../controller/proposals/resume-release.ts';
import { proposeRevert } from '../../../controller/proposals/revert-release.ts';
import { proposeUnlock } from '../../../controller/proposals/unlock.ts';
import { proposeWithdrawal } from '../../../controller/proposals/withdraw.ts';
import { type Files, moduleOf, ODD_FLEET, readExample, readStarter } from './odd-fleet.ts';

type Outcome = Result<Proposal, ProposalRefusal>;

function render(request: unknown, files: Files, outcome: Outcome): string {
  const lines = [`request: ${JSON.stringify(request)}`, ''];
  if (!outcome.ok) {
    if (outcome.error.kind === 'nothingToDo') lines.push(`nothing to do: ${outcome.error.message}`);
    else {
      for (const { code, message, remedy, place } of outcome.error.mistakes) {
        const at = place === null ? '' : ` ${place.file}:${place.line}:${place.column}`;
        lines.push(`${code}${at}`, `  ${message}`, `  ${remedy}`);
      }
    }
    return `${lines.join('\n')}\n`;
  }
  const { branch, title, summary, files: changed } = outcome.value;
  lines.push(`branch: ${branch}`, `title: ${title}`, ...summary.map((sentence) => `* ${sentence}`));
  for (const [path, content] of Object.entries(changed)) {
    const before = files.get(path);
    if (before !== undefined) lines.push('', `======== before: ${path}`, before.trimEnd());
    lines.push('', `======== ${before === undefined ? 'new' : 'after'}: ${path}`);
    if (content === null) lines.push('(removed)');
    else if (typeof content === 'string') lines.push(content.trimEnd());
    else lines.push(`(${content.length} bytes)`);
  }
  return `${lines.join('\n')}\n`;
}

interface Case {
  readonly name: string;
  readonly files: Files;
  readonly request: Readonly<Record<string, unknown>>;
  readonly propose: (input: ProposalInput) => Outcome;
}

function caseOf<R extends object>(
  name: string,
  files: Files,
  propose: (input: ProposalInput, request: R) => Outcome,
  request: R,
): Case {
  const shown = Object.entries(request).filter(([key]) => key !== 'content');
  return {
    name,
    files,
    request: Object.fromEntries(shown),
    propose: (input) => propose(input, request),
  };
}

const lock = { flash: 'now', reason: null, product: null } as const;
const firmware = { version: null, reportedAs: null, title: null, product: null };
const EVIDENCE = 'Halted at step half: 12 of 300 devices failed ("E42: no boot").';
const revert = {
  product: 'thermostat',
  group: null,
  version: 42,
  reason: EVIDENCE,
  url: 'https://lockstep.example.com/halts/7',
};

const CASES: readonly Case[] = [
  caseOf('lock-own', ODD_FLEET, proposeLock, {
    ...lock,
    device: 'e00fce680000000000000009',
    version: 42,
    flash: 'on-reset',
  }),
  caseOf('lock-shared', ODD_FLEET, proposeLock, {
    ...lock,
    device: '123456',
    version: 42,
    reason: 'verify: 42 #1',
  }),
  caseOf('lock-new', readStarter(), proposeLock, { ...lock, device: 'sim-00002', version: 3 }),
  caseOf('lock-group', ODD_FLEET, proposeLock, {
    ...lock,
    device: 'e00fce680000000000000002',
    version: 41,
  }),
  caseOf('lock-mistakes', ODD_FLEET, proposeLock, {
    ...lock,
    device: 'two words',
    version: 43,
    reason: ' ',
    product: 'thermostad',
  }),
  caseOf('unlock-own', ODD_FLEET, proposeUnlock, {
    device: 'e00fce680000000000000009',
    product: null,
  }),
  caseOf('unlock-shared', ODD_FLEET, proposeUnlock, {
    device: 'e00fce680000000000000013',
    product: null,
  }),
  caseOf('unlock-file', readExample('thermostat'), proposeUnlock, {
    device: 'e00fce680000000000000009',
    product: null,
  }),
  caseOf('unlock-unknown', ODD_FLEET, proposeUnlock, {
    device: 'e00fce680000000000000010',
    product: null,
  }),
  caseOf('release', ODD_FLEET, proposeRelease, { version: 41, group: null, product: null }),
  caseOf('release-group', readExample('pump'), proposeRelease, {
    version: 38,
    group: 'bench',
    product: null,
  }),
  caseOf('firmware', ODD_FLEET, proposeFirmware, {
    ...firmware,
    fileName: 'out/thermostat.bin',
    content: moduleOf(43),
    title: 'Now with a: colon',
  }),
  caseOf('firmware-sibling', readStarter(), proposeFirmware, {
    ...firmware,
    fileName: 'new.bin',
    content: moduleOf(12),
  }),
  caseOf('firmware-opaque', readExample('linux-gateway'), proposeFirmware, {
    ...firmware,
    fileName: 'gateway.swu',
    content: new TextEncoder().encode('an image'),
    version: 10_500,
    reportedAs: '1.5.0',
    title: 'Faster boot',
  }),
  caseOf('withdraw', ODD_FLEET, proposeWithdrawal, {
    version: 42,
    reason: 'bricks rev B',
    url: 'https://example.com/incidents/7',
    product: null,
  }),
  caseOf('revert', ODD_FLEET, proposeRevert, { ...revert, to: 41 }),
  caseOf('revert-to-none', ODD_FLEET, proposeRevert, { ...revert, to: null }),
  caseOf('approve', ODD_FLEET, proposeApproval, {
    product: 'thermostat',
    group: null,
    version: 42,
    step: 'all',
  }),
  caseOf('approve-pump', readExample('pump'), proposeApproval, {
    product: 'pump',
    group: null,
    version: 41,
    step: 'half',
  }),
  caseOf('resume', ODD_FLEET, proposeResumption, {
    product: null,
    group: null,
    halted: { version: 42, attempt: 2 },
  }),
  caseOf('resume-starter', readStarter(), proposeResumption, {
    product: null,
    group: null,
    halted: 'unknown',
  }),
];

describe('a proposal', () => {
  it.each(CASES)('$name is as in the golden file', async ({ name, files, request, propose }) => {
    const text = render(request, files, propose({ files }));
    await expect(text).toMatchFileSnapshot(join(`${name}.txt`));
  });
});

function join(file: string): string {
  return `${import.meta.dirname}/golden/${file}`;
}
