// What proposals promise beyond what is asked for: nothing is guessed, nothing that cannot be read is written beside,
// nothing of others is overwritten or lost, and what another version was told stays behind with it.

import { describe, expect, it } from 'vitest';
import type { Result } from '../../../controller/base/result.ts';
import { proposeApproval } from '../../../controller/proposals/approve-step.ts';
import { nameBranch, slugOf } from '../../../controller/proposals/branch-name.ts';
import { createDraft } from '../../../controller/proposals/draft.ts';
import { findNewProblems } from '../../../controller/proposals/find-new-problems.ts';
import { proposeFirmware } from '../../../controller/proposals/firmware.ts';
import { readFleetTree } from '../../../controller/proposals/fleet-tree.ts';
import { proposeLock } from '../../../controller/proposals/lock.ts';
import type { Mistake, Proposal, ProposalRefusal } from '../../../controller/proposals/proposal.ts';
import { proposeRelease } from '../../../controller/proposals/release.ts';
import { proposeRevert } from '../../../controller/proposals/revert-release.ts';
import { proposeUnlock } from '../../../controller/proposals/unlock.ts';
import { proposeWithdrawal } from '../../../controller/proposals/withdraw.ts';
import { type Files, moduleOf, ODD_FLEET } from './odd-fleet.ts';

type Outcome = Result<Proposal, ProposalRefusal>;

/** The codes of what stands against a request, or why there is nothing to do. */
function told(outcome: Outcome): readonly string[] {
  if (outcome.ok) throw new Error(`proposed: ${outcome.value.title}`);
  const { error } = outcome;
  return error.kind === 'nothingToDo' ? [error.message] : error.mistakes.map(({ code }) => code);
}

function mistakesOf(outcome: Outcome): readonly Mistake[] {
  return outcome.ok || outcome.error.kind === 'nothingToDo' ? [] : outcome.error.mistakes;
}

function proposed(outcome: Outcome): Proposal {
  if (!outcome.ok) throw new Error(told(outcome).join('\n'));
  return outcome.value;
}

function withFile(path: string, change: (text: string) => string): Files {
  return new Map([...ODD_FLEET, [path, change(ODD_FLEET.get(path) ?? '')]]);
}

function without(path: string): Files {
  return new Map([...ODD_FLEET].filter(([each]) => each !== path));
}

const WITHDRAWN_41 = withFile('firmware.yaml', (text) =>
  text.replace('  version: 41', '  version: 41\n  withdrawn: { reason: bricks }'),
);
const TWO_RELEASES = withFile('z.yaml', () =>
  (ODD_FLEET.get('release.yaml') ?? '').replace('name: thermostat', 'name: other'),
);
const BROKEN = 'apiVersion: lockstep/v1\nkind: [\n';
const STALE = withFile('release.yaml', (text) =>
  text.replace('- 42/half ', '- 411/half\n    - 41/half\n    - 42/half '),
);

const toAll = { product: 'thermostat', group: null };
const revert = { ...toAll, version: 42, to: 41, reason: 'halted', url: null };
const approval = { ...toAll, version: 42, step: 'all' };
const release = { version: 41, group: null, product: null };
const lock = { device: 'new-1', version: 41, flash: 'now', reason: null, product: null } as const;
const firmware = {
  fileName: 'out.bin',
  content: moduleOf(43),
  version: null,
  reportedAs: null,
  title: null,
  product: null,
};

describe('withdrawn firmware', () => {
  it('is neither released nor gone back to', () => {
    const files = WITHDRAWN_41;
    expect(told(proposeRelease({ files }, release))).toEqual(['FirmwareWithdrawn']);
    expect(told(proposeRevert({ files }, revert))).toEqual(['FirmwareWithdrawn']);
  });

  it('keeps the reason that it was withdrawn for', () => {
    const request = { version: 41, reason: 'another', url: null, product: null };
    expect(told(proposeWithdrawal({ files: WITHDRAWN_41 }, request))).toEqual([
      'Firmware thermostat-41 (firmware.yaml) is withdrawn already: bricks',
    ]);
  });

  it('that nothing gives any more is not taken back again', () => {
    const files = withFile('firmware.yaml', (text) =>
      text.replace('  version: 42', '  withdrawn: { reason: bricks }\n  version: 42'),
    );
    const moved = new Map([
      ...files,
      ['locks.yaml', (files.get('locks.yaml') ?? '').replace('version: 42', 'version: 41')],
      ['release.yaml', (files.get('release.yaml') ?? '').replace('version: 42', 'version: 41')],
    ]);
    expect(told(proposeRevert({ files: moved }, revert))).toEqual([
      'Nothing gives version 42 to all devices of thermostat any more.',
    ]);
  });
});

describe('nothing is guessed', () => {
  it('where there are two releases to the same devices', () => {
    const files = TWO_RELEASES;
    expect(told(proposeRevert({ files }, revert))).toEqual(['ReleaseConflict']);
    expect(told(proposeApproval({ files }, approval))).toEqual(['ReleaseConflict']);
  });

  it('where a file that cannot be read may hold what is asked for', () => {
    const files = new Map([...without('release.yaml'), ['broken.yaml', BROKEN]]);
    expect(told(proposeRevert({ files }, revert))).toEqual(['InvalidManifest']);
    expect(told(proposeRelease({ files }, release))).toEqual(['InvalidManifest']);
    expect(told(proposeFirmware({ files }, firmware))).toEqual(['InvalidManifest']);
    const own = { device: 'e00fce680000000000000009', product: null };
    expect(told(proposeUnlock({ files }, own))).toEqual(['InvalidManifest']);
  });

  it('where a group that is not valid may hold the device', () => {
    const files = withFile('groups.yaml', (text) => text.replace('devices:', 'devicez:'));
    const moved = new Map([...files, ['locks.yaml', '']]);
    expect(told(proposeLock({ files: moved }, lock))).toEqual(['InvalidManifest']);
  });
});

describe('what was said of another version', () => {
  it('is dropped when a release moves, also where the version begins alike', () => {
    const { files, summary } = proposed(proposeRelease({ files: STALE }, release));
    expect(files['release.yaml']).toMatch(/\n\n {2}approved:\n {4}- 41\/half\n/);
    expect(summary).toContain('Approvals of other versions are dropped: 411/half, 42/half.');
  });

  it('is dropped when a step is approved', () => {
    const { files, summary } = proposed(proposeApproval({ files: STALE }, approval));
    expect(files['release.yaml']).toMatch(/\n\n {2}approved:\n {4}- 42\/half .*\n {4}- 42\/all\n/);
    expect(summary).toContain('Approvals of other versions are dropped: 411/half, 41/half.');
  });
});

describe('firmware', () => {
  it('that is only a pointer of Git LFS is refused', () => {
    const pointer = `version https://git-lfs.github.com/spec/v1\noid sha256:${'a'.repeat(64)}\nsize 9\n`;
    const content = new TextEncoder().encode(pointer);
    const outcome = proposeFirmware({ files: ODD_FLEET }, { ...firmware, content });
    expect(mistakesOf(outcome)[0]).toMatchObject({
      code: 'BinaryMissing',
      remedy: 'Run `git lfs pull`, and give the binary itself.',
    });
  });

  it('never takes the place of a binary, or the name of a manifest, that is there', () => {
    const other = `apiVersion: lockstep/v1
kind: Product
metadata: { name: lamp }
spec: { fleet: { driver: gateway } }
---
apiVersion: lockstep/v1
kind: Firmware
metadata: { name: lamp-43 }
spec:
  product: lamp
  version: 43
  binary: { path: firmware/43.bin, sha256: ${'b'.repeat(64)}, format: opaque }
`;
    const files = new Map([...ODD_FLEET, ['lamp.yaml', other]]);
    expect(Object.keys(proposed(proposeFirmware({ files }, firmware)).files)).toContain(
      'firmware/thermostat-43.bin',
    );
    const named = withFile('firmware.yaml', (text) =>
      text.replace('thermostat-41', 'thermostat-43'),
    );
    const text = proposed(proposeFirmware({ files: named }, firmware)).files['firmware.yaml'];
    expect(text).toContain('{name: thermostat-firmware-43}');
  });
});

describe('a lock', () => {
  const OWN = `apiVersion: lockstep/v1
kind: DeviceLock
metadata: { name: own }
spec: { product: thermostat, devices: [e00fce680000000000000002], version: 42, flash: now }
`;

  it('of the group that still holds a device is named where it is unlocked', () => {
    const files = new Map([...ODD_FLEET, ['own.yaml', OWN]]);
    const request = { device: 'e00fce680000000000000002', product: null };
    expect(proposed(proposeUnlock({ files }, request)).summary).toContain(
      'Device e00fce680000000000000002 stays locked to 42 by DeviceLock bench (locks.yaml), as a member of the group bench.',
    );
  });

  it('is taken out of its own document, whatever empty ones stand before it', () => {
    const files = withFile(
      'locks.yaml',
      (text) => `# of the office\n---\n# none yet\n---\n${text}`,
    );
    const request = { device: 'e00fce680000000000000009', product: null };
    const { 'locks.yaml': text } = proposed(proposeUnlock({ files }, request)).files;
    expect(text).not.toContain('name: lobby');
    expect(text).toContain('name: slow-radios');
  });

  it('goes with all others that hold the device alone, and with no other', () => {
    const twin = (name: string): string =>
      OWN.replace('name: own', `name: ${name}`).replace('0002', '0099');
    const text = [twin('one'), OWN, twin('two'), OWN.replace('own', 'own-2')].join('---\n');
    const files = new Map([...without('locks.yaml'), ['locks.yaml', text]]);
    const request = { device: 'e00fce680000000000000099', product: null };
    expect(proposed(proposeUnlock({ files }, request)).files).toEqual({
      'locks.yaml': [OWN, OWN.replace('own', 'own-2')].join('---\n'),
    });
  });

  it('is not written over another file', () => {
    const group = 'apiVersion: lockstep/v1\nkind: DeviceGroup\nmetadata: { name: desk }\n';
    const spec = 'spec: { product: thermostat, devices: [d1] }\n';
    const files = new Map([...without('locks.yaml'), ['locks/new-1.yaml', group + spec]]);
    expect(Object.keys(proposed(proposeLock({ files }, lock)).files)).toEqual([
      'locks/new-1-2.yaml',
    ]);
  });

  it('that cannot be edited is refused at its line of the file', () => {
    const files = withFile('locks.yaml', (text) =>
      text
        .replace('- "123456"', '- &d "123456"')
        .replace('flash: on-reset', 'flash: on-reset\n  owner: *d'),
    );
    const [mistake] = mistakesOf(proposeLock({ files }, { ...lock, device: '123456' }));
    expect(mistake?.code).toBe('NotEditable');
    const line = (files.get('locks.yaml') ?? '').split('\n').indexOf('apiVersion: lockstep/v1', 4);
    expect(mistake?.place).toMatchObject({ file: 'locks.yaml', line: line + 1 });
  });
});

describe('a draft', () => {
  const about = { branch: 'b', title: 't', summary: [] };
  const ABC = ['a', 'b', 'c'].map(
    (name) =>
      `apiVersion: lockstep/v1\nkind: DeviceGroup\nmetadata: { name: ${name} }\nspec: { product: thermostat, devices: [d1] }\n`,
  );
  const files = new Map([...ODD_FLEET, ['abc.yaml', ABC.join('---\n')]]);
  const tree = readFleetTree({ files });
  const named = (name: string) => tree.list('DeviceGroup').find((each) => each.name === name)!;

  it('of nothing is nothing to do', () => {
    const draft = createDraft(tree);
    expect(told(draft.finish(about))).toEqual(['The manifests are as they are asked for.']);
    draft.edit(named('a'), { kind: 'set', path: ['spec', 'product'], value: 'thermostat' });
    expect(told(draft.finish(about))).toEqual(['The manifests are as they are asked for.']);
  });

  it('writes the files that change, and no other', () => {
    const draft = createDraft(tree);
    draft.edit(named('a'), { kind: 'set', path: ['spec', 'product'], value: 'thermostat' });
    draft.edit(named('bench'), { kind: 'append', path: ['spec', 'devices'], value: 'd9' });
    expect(Object.keys(proposed(draft.finish(about)).files)).toEqual(['groups.yaml']);
  });

  it('takes out the very documents that are meant, beside one that is added', () => {
    const draft = createDraft(tree);
    draft.remove(named('a'));
    draft.remove(named('c'));
    const spec = { product: 'thermostat', devices: ['d9'] };
    const manifest = { kind: 'DeviceGroup', product: 'thermostat', name: 'x', spec } as const;
    draft.add(manifest, { path: 'abc.yaml', after: 0 }, named('b'));
    const text = String(proposed(draft.finish(about)).files['abc.yaml']);
    expect(text.match(/name: \w+/g)).toEqual(['name: x', 'name: b']);
  });
});

describe('the last check', () => {
  it('counts what is wrong, so that nothing hides behind the same', () => {
    const odd = 'apiVersion: lockstep/v1\nkind: Nonsense\n';
    const tree = readFleetTree({ files: new Map([...ODD_FLEET, ['odd.yaml', odd]]) });
    expect(findNewProblems(tree, { 'odd.yaml': `# moved\n${odd}` })).toEqual([]);
    expect(findNewProblems(tree, { 'odd.yaml': `${odd}---\n${odd}` })).toHaveLength(1);
  });

  it('lets a proposal be in a tree that has other errors', () => {
    const files = withFile('locks.yaml', (text) => text.replace('version: 41 ', 'version: 99 '));
    expect(proposed(proposeRelease({ files }, release)).files).toHaveProperty(['release.yaml']);
  });

  it('does not count warnings, such as of a binary that is not looked at', () => {
    const unchecked = `apiVersion: lockstep/v1
kind: Firmware
metadata: { name: thermostat-43 }
spec:
  product: thermostat
  version: 43
  binary: { path: firmware/43.bin, sha256: ${'b'.repeat(64)} }
`;
    expect(findNewProblems(readFleetTree({ files: ODD_FLEET }), { 'new.yaml': unchecked })).toEqual(
      [],
    );
  });
});

describe('the name of a branch', () => {
  it('has no two dots', () => {
    expect(slugOf('1..2...3')).toBe('1.2.3');
    expect(nameBranch('lock', ['a..b'], 1)).not.toContain('..');
  });
});
