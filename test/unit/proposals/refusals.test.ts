// What stands against a request: all of it at once, with the place and what would mend it.

import { describe, expect, it } from 'vitest';
import type { Result } from '../../../controller/base/result.ts';
import {
  type ApproveRequest,
  proposeApproval,
} from '../../../controller/proposals/approve-step.ts';
import { nameBranch } from '../../../controller/proposals/branch-name.ts';
import { type FirmwareRequest, proposeFirmware } from '../../../controller/proposals/firmware.ts';
import { renameVersion } from '../../../controller/proposals/firmware-names.ts';
import { proposeLock } from '../../../controller/proposals/lock.ts';
import type { Proposal, ProposalRefusal } from '../../../controller/proposals/proposal.ts';
import { proposeRelease } from '../../../controller/proposals/release.ts';
import {
  proposeResumption,
  type ResumeRequest,
} from '../../../controller/proposals/resume-release.ts';
import { proposeRevert } from '../../../controller/proposals/revert-release.ts';
import { proposeWithdrawal } from '../../../controller/proposals/withdraw.ts';
import { type Files, moduleOf, ODD_FLEET, readExample, readStarter } from './odd-fleet.ts';

function tell(outcome: Result<Proposal, ProposalRefusal>): readonly string[] {
  if (outcome.ok) throw new Error(`proposed: ${outcome.value.title}`);
  if (outcome.error.kind === 'nothingToDo') return [`nothingToDo: ${outcome.error.message}`];
  return outcome.error.mistakes.map(({ code, message, remedy, place }) => {
    const at = place === null ? '' : ` ${place.file}:${place.line}`;
    return `${code}${at}: ${message} ${remedy}`;
  });
}

function withFile(files: Files, path: string, change: (text: string) => string): Files {
  return new Map([...files, [path, change(files.get(path) ?? '')]]);
}

const PUMP = readExample('pump');
const TWO_PRODUCTS: Files = new Map([
  ...ODD_FLEET,
  ...[...PUMP].map(([path, text]) => [`pump/${path}`, text] as const),
]);
const lock = { device: 'new-1', version: 41, flash: 'now', reason: null, product: null } as const;

describe('a lock', () => {
  it('needs a product where there are several, unless the device names one', () => {
    expect(tell(proposeLock({ files: TWO_PRODUCTS }, lock))).toEqual([
      'ProductAmbiguous: There are several products: `pump`, `thermostat`. Say which one is meant: --product NAME.',
    ]);
    const known = proposeLock({ files: TWO_PRODUCTS }, { ...lock, device: 'bench-1', version: 30 });
    expect(tell(known)[0]).toMatch(/^LockConflict pump\/locks.yaml:/);
  });

  it('of an unknown version tells those that there are', () => {
    expect(tell(proposeLock({ files: ODD_FLEET }, { ...lock, version: 43 }))).toEqual([
      'UnknownVersion: There is no Firmware manifest of version 43 of thermostat; there are those of 41, 42. Name a version that has one, or add it with `lockstep propose firmware FILE`.',
    ]);
  });

  it('to withdrawn firmware is refused where that is said', () => {
    const files = withFile(ODD_FLEET, 'firmware.yaml', (text) =>
      text.replace('  version: 41', '  version: 41\n  withdrawn: { reason: bricks }'),
    );
    expect(tell(proposeLock({ files }, lock))).toEqual([
      'FirmwareWithdrawn firmware.yaml:10: Version 41 of thermostat is withdrawn (bricks); it is never offered to any device. Name another version.',
    ]);
  });

  it('is not written beside a file that may hold one already', () => {
    const files = withFile(ODD_FLEET, 'broken.yaml', () => 'apiVersion: lockstep/v1\nkind: [\n');
    expect(tell(proposeLock({ files }, lock))).toEqual([
      expect.stringMatching(/^InvalidManifest broken.yaml:2: broken.yaml cannot be read whole/),
    ]);
    const invalid = withFile(ODD_FLEET, 'locks.yaml', (text) => text.replace('on-reset', 'soon'));
    expect(tell(proposeLock({ files: invalid }, lock))[0]).toMatch(
      /^InvalidManifest locks.yaml:28: DeviceLock slow-radios of thermostat is not valid/,
    );
  });

  it('is refused at its place where an alias stands in the way', () => {
    const files = withFile(ODD_FLEET, 'locks.yaml', (text) =>
      text.replace(/reason: (".*")/, 'reason: &why $1\n  owner: *why'),
    );
    const asked = { ...lock, device: 'e00fce680000000000000009', reason: 'new' };
    expect(tell(proposeLock({ files }, asked))).toEqual([
      'NotEditable locks.yaml:3: The file cannot be edited by a program: `spec.reason` cannot be changed without changing something else in the document. Write the manifest in a plainer form, without aliases and tags, or edit it by hand.',
    ]);
  });

  it('has a name of its own where the id is that of another lock', () => {
    const outcome = proposeLock({ files: ODD_FLEET }, { ...lock, device: 'lobby' });
    expect(outcome.ok && outcome.value.files['locks.yaml']).toContain('{ name: lobby-2 }');
  });

  it('goes to a folder of its own where it is the first', () => {
    const files = new Map([...ODD_FLEET].filter(([path]) => path !== 'locks.yaml'));
    const outcome = proposeLock({ files }, { ...lock, device: '007' });
    expect(outcome.ok && Object.keys(outcome.value.files)).toEqual(['locks/007.yaml']);
    expect(outcome.ok && outcome.value.files['locks/007.yaml']).toBe(
      [
        '# yaml-language-server: $schema=../schemas/device-lock.schema.json',
        'apiVersion: lockstep/v1',
        'kind: DeviceLock',
        'metadata: { name: "007" }',
        'spec:',
        '    product: thermostat',
        '    devices: ["007"]',
        '    version: 41',
        '    flash: now',
        '',
      ].join('\n'),
    );
  });
});

describe('a release', () => {
  it('names an unknown group with the nearest one', () => {
    const request = { version: 42, group: 'bensh', product: null };
    expect(tell(proposeRelease({ files: ODD_FLEET }, request))).toEqual([
      'UnknownGroup: There is no DeviceGroup "bensh" of thermostat. Write `bench`.',
    ]);
  });

  it('is refused where two Releases have the same audience', () => {
    const files = withFile(ODD_FLEET, 'z.yaml', () =>
      (ODD_FLEET.get('release.yaml') ?? '').replace('name: thermostat', 'name: other'),
    );
    const request = { version: 41, group: null, product: null };
    expect(tell(proposeRelease({ files }, request))).toEqual([
      'ReleaseConflict z.yaml:12: Product thermostat has several Releases: Release thermostat (release.yaml), Release other (z.yaml). Keep one of them.',
    ]);
  });

  it('drops the approvals of other versions, and keeps its own', () => {
    const files = withFile(ODD_FLEET, 'release.yaml', (text) =>
      text.replace('- 42/half ', '- 42/canary\n    - 41/half\n    - 42/half '),
    );
    const outcome = proposeRelease({ files }, { version: 41, group: null, product: null });
    expect(outcome.ok && outcome.value.files['release.yaml']).toMatch(
      /\n\n {2}approved:\n {4}- 41\/half\n\n/,
    );
    expect(outcome.ok && outcome.value.summary).toContain(
      'Approvals of other versions are dropped: 42/canary, 42/half.',
    );
  });

  it('that is so already is nothing to do', () => {
    const request = { version: 42, group: null, product: null };
    expect(tell(proposeRelease({ files: ODD_FLEET }, request))).toEqual([
      'nothingToDo: Release thermostat (release.yaml) releases version 42 already.',
    ]);
  });

  it('of a product without any has the strategy of a new fleet repo', () => {
    const files = new Map([...readStarter()].filter(([path]) => path !== 'release.yaml'));
    const outcome = proposeRelease({ files }, { version: 2, group: null, product: null });
    expect(outcome.ok && outcome.value.files['release.yaml']).toBe(
      readStarter().get('release.yaml')?.replace('version: 1', 'version: 2'),
    );
  });

  it('in an empty tree says where to start', () => {
    const request = { version: 2, group: null, product: null };
    expect(tell(proposeRelease({ files: new Map() }, request))).toEqual([
      'UnknownProduct: There is no Product manifest. Add one first, or start from `lockstep init`.',
    ]);
  });
});

describe('firmware', () => {
  const request: FirmwareRequest = {
    fileName: 'out.bin',
    content: moduleOf(43),
    version: null,
    reportedAs: null,
    title: null,
    product: null,
  };
  const image = new TextEncoder().encode('an image');
  const damaged = Uint8Array.from(moduleOf(43));
  damaged[200] = (damaged[200] ?? 0) ^ 1;

  it.each<[string, Files, Partial<FirmwareRequest>, RegExp]>([
    [
      'another binary of a version',
      ODD_FLEET,
      { content: moduleOf(42, { seed: 1 }) },
      /^FirmwareChanged firmware.yaml:.*already, with another binary/,
    ],
    [
      'a version below the newest',
      ODD_FLEET,
      { content: moduleOf(40) },
      /^VersionNotIncreasing firmware.yaml:\d+: Version 40 is below 42/,
    ],
    [
      'another product id',
      ODD_FLEET,
      { content: moduleOf(43, { productId: 95 }) },
      /^ProductMismatch: .*product id 95.*thermostat \(94, photon\)/,
    ],
    [
      'another platform',
      ODD_FLEET,
      { content: moduleOf(43, { platformId: 10 }), product: 'thermostat' },
      /^PlatformMismatch: .*“electron”/,
    ],
    [
      'a version that is not the one inside',
      ODD_FLEET,
      { version: 44 },
      /^VersionMismatch: .*version 43 compiled in, not 44/,
    ],
    [
      'a version that is not set',
      ODD_FLEET,
      { content: moduleOf(65_535) },
      /^VersionMissing: .*carries no version number/,
    ],
    ['a damaged binary', ODD_FLEET, { content: damaged }, /^BinaryUnreadable: out.bin: /],
    ['an empty file', ODD_FLEET, { content: new Uint8Array() }, /^BinaryUnreadable: /],
    [
      'a file without a header among such with one',
      ODD_FLEET,
      { content: image, version: 43 },
      /^BinaryUnreadable firmware.yaml.*most likely the wrong file/,
    ],
    ['no header and no version', PUMP, { content: image }, /^VersionMissing: .*--version N/],
    [
      'no text that devices report',
      PUMP,
      { content: image, version: 50 },
      /^ReportedAsMissing firmware.yaml:.*"2.1.0" for 41.*--reported-as/,
    ],
    ['a title of two lines', ODD_FLEET, { title: 'a\nb' }, /^InvalidTitle/],
    [
      'a text that is taken',
      PUMP,
      { content: image, version: 50, reportedAs: '2.1.0' },
      /^DuplicateName firmware.yaml/,
    ],
  ])('with %s is refused', (_, files, change, wanted) => {
    expect(tell(proposeFirmware({ files }, { ...request, ...change })).join('\n')).toMatch(wanted);
  });

  it('tells all that is wrong at once', () => {
    const change = {
      content: moduleOf(40, { productId: 95 }),
      version: 41,
      title: '',
      product: 'thermostat',
    };
    const codes = tell(proposeFirmware({ files: ODD_FLEET }, { ...request, ...change })).map(
      (line) => line.split(/[: ]/)[0],
    );
    expect(codes).toEqual([
      'VersionMismatch',
      'InvalidTitle',
      'VersionNotIncreasing',
      'ProductMismatch',
    ]);
  });

  it('that is there already is nothing to do', () => {
    const change = { content: moduleOf(42) };
    expect(tell(proposeFirmware({ files: ODD_FLEET }, { ...request, ...change }))).toEqual([
      'nothingToDo: Firmware thermostat-42 (firmware.yaml) is this very binary already.',
    ]);
  });

  it('finds its product among several by the id inside', () => {
    const outcome = proposeFirmware({ files: TWO_PRODUCTS }, request);
    expect(outcome.ok && outcome.value.title).toBe('Add firmware 43 of thermostat');
  });

  it.each<[string, string | null]>([
    ['thermostat-41', 'thermostat-42'],
    ['41-on-41', '41-on-42'],
    ['pump-1.9.41', null],
    ['v41.0', null],
    ['t141', null],
    ['firmware', null],
  ])('named after %s is named %s', (name, wanted) => {
    const [old, next] = [
      { version: 41, reportedAs: null },
      { version: 42, reportedAs: null },
    ];
    expect(renameVersion(name, old, next)).toBe(wanted);
  });
});

describe('a withdrawal', () => {
  it('wants a reason and an address that a manifest can hold', () => {
    const request = { version: 40, reason: '', url: 'http://example.com', product: null };
    const told = tell(proposeWithdrawal({ files: ODD_FLEET }, request)).map(
      (line) => line.split(':')[0],
    );
    expect(told).toEqual(['InvalidReason', 'InvalidUrl', 'UnknownVersion']);
  });
});

describe('a resumption', () => {
  const paused = withFile(ODD_FLEET, 'release.yaml', (text) =>
    text.replace('paused: false', 'paused: true'),
  );
  const resume = (files: Files, halted: ResumeRequest['halted'], group: string | null = null) =>
    proposeResumption({ files }, { product: 'thermostat', group, halted });
  const branchOf = (outcome: ReturnType<typeof resume>) => outcome.ok && outcome.value.branch;

  it('of a release that goes on, or is not there, is refused', () => {
    expect(tell(resume(ODD_FLEET, null))).toEqual([
      'NotHalted release.yaml:12: Release thermostat (release.yaml) is neither halted nor paused. Nothing holds it here; `lockstep status` says what it waits for.',
    ]);
    expect(tell(resume(ODD_FLEET, null, 'bench'))).toEqual([
      'UnknownRelease: There is no Release to the group bench of thermostat. Release a version first: `lockstep propose release VERSION`.',
    ]);
  });

  it('of an attempt that was raised since is nothing to do', () => {
    expect(tell(resume(ODD_FLEET, { version: 42, attempt: 1 }))).toEqual([
      'nothingToDo: Release thermostat (release.yaml) has `attempt: 2` already; attempt 1 is what halted.',
    ]);
  });

  it('of another version than the one that halted is refused', () => {
    expect(tell(resume(paused, { version: 41, attempt: 2 }))).toEqual([
      'VersionMismatch release.yaml:12: Release thermostat (release.yaml) is of version 42; what halted is version 41. Wait until version 42 is in force: it starts by itself, as its own first attempt.',
    ]);
  });

  it('of a withdrawn version is refused', () => {
    const files = withFile(paused, 'firmware.yaml', (text) =>
      text.replace('  version: 42', '  withdrawn: { reason: bricks }\n  version: 42'),
    );
    expect(tell(resume(files, { version: 42, attempt: 2 }))[0]).toMatch(/^FirmwareWithdrawn/);
  });

  it('is not guessed where there are two releases', () => {
    const twin = [...ODD_FLEET].map(([path, text]) =>
      path === 'release.yaml'
        ? ['twin.yaml', text.replace('name: thermostat', 'name: twin')]
        : [path, text],
    ) as [string, string][];
    const files = new Map([...ODD_FLEET, ...twin]);
    expect(tell(resume(files, 'unknown'))[0]).toMatch(/^ReleaseConflict/);
  });

  it('ends only the pause where nobody looked whether it has halted, and both where it has', () => {
    const outcome = resume(paused, 'unknown');
    expect(outcome.ok && outcome.value.summary).toEqual([
      'Release thermostat (release.yaml) is no longer paused.',
    ]);
    const both = resume(paused, { version: 42, attempt: 2 });
    expect(both.ok && both.value.summary).toHaveLength(2);
    expect(both.ok && both.value.files['release.yaml']).toMatch(/attempt: 3\n {2}paused: false/);
    const halted = resume(ODD_FLEET, { version: 42, attempt: 2 });
    expect(new Set([outcome, both, halted].map(branchOf)).size).toBe(3);
  });
});

describe('a revert', () => {
  const request = {
    product: 'thermostat',
    group: null,
    version: 42,
    to: 41,
    reason: 'halted',
    url: null,
  };

  it('has one branch whatever the evidence, and another for another attempt', () => {
    const branchOf = (files: Files, reason: string): string => {
      const outcome = proposeRevert({ files }, { ...request, reason });
      return outcome.ok ? outcome.value.branch : '';
    };
    const again = withFile(ODD_FLEET, 'release.yaml', (text) =>
      text.replace('attempt: 2', 'attempt: 3'),
    );
    const first = branchOf(ODD_FLEET, '3 of 40 failed');
    expect(branchOf(ODD_FLEET, '4 of 40 failed')).toBe(first);
    expect(branchOf(again, '3 of 40 failed')).not.toBe(first);
  });

  it('leaves a Release alone that a person has moved on', () => {
    const files = withFile(ODD_FLEET, 'release.yaml', (text) =>
      text.replace('version: 42', 'version: 41').replace('42/half', '41/half'),
    );
    const outcome = proposeRevert({ files }, { ...request, to: null });
    expect(outcome.ok && Object.keys(outcome.value.files)).toEqual(['firmware.yaml']);
    expect(outcome.ok && outcome.value.summary[0]).toBe(
      'Release thermostat (release.yaml) names version 41 by now, and stays as it is.',
    );
  });

  it('cuts what a manifest cannot hold', () => {
    const long = { ...request, reason: 'x'.repeat(1_500), url: 'http://10.0.0.1:8080/halts' };
    const outcome = proposeRevert({ files: ODD_FLEET }, long);
    const text = outcome.ok ? String(outcome.value.files['firmware.yaml']) : '';
    expect(text).toContain(`reason: ${'x'.repeat(999)}…`);
    expect(text).not.toContain('url:');
  });

  it('to what is not there is refused', () => {
    expect(tell(proposeRevert({ files: ODD_FLEET }, { ...request, to: 40 }))[0]).toMatch(
      /^UnknownVersion/,
    );
    expect(tell(proposeRevert({ files: ODD_FLEET }, { ...request, product: 'gone' }))[0]).toMatch(
      /^UnknownProduct/,
    );
  });
});

describe('an approval', () => {
  const request: ApproveRequest = {
    product: 'thermostat',
    group: null,
    version: 42,
    step: 'all',
  };

  it.each<[string, Partial<ApproveRequest>, RegExp]>([
    [
      'another version',
      { version: 41 },
      /^VersionMismatch release.yaml:\d+: .* of version 42, not of 41/,
    ],
    ['an unknown step', { step: 'hal' }, /^UnknownStep release.yaml:\d+: .*Write `half`\.$/],
    ['no Release', { group: 'bench' }, /^UnknownRelease: There is no Release to the group bench/],
    [
      'what is approved',
      { step: 'half' },
      /^nothingToDo: .* approves the step half of version 42 already/,
    ],
  ])('of %s is refused', (_, change, wanted) => {
    const asked = { ...request, ...change };
    expect(tell(proposeApproval({ files: ODD_FLEET }, asked)).join('\n')).toMatch(wanted);
  });
});

describe('names of branches', () => {
  it('are safe for git, whatever they are made of', () => {
    expect(nameBranch('lock', ['thermostat', 'ÜÑ..~^: \\x.lock', 42], 1)).toMatch(
      /^lockstep\/lock-thermostat-[-.a-z0-9]+-42-[0-9a-f]{10}$/,
    );
    expect(nameBranch('lock', ['x'.repeat(500)], 1).length).toBeLessThan(100);
    expect(nameBranch('lock', ['…'], 1)).toMatch(/^lockstep\/lock-[0-9a-f]{10}$/);
  });

  it('differ where the requests do', () => {
    expect(nameBranch('lock', ['a'], { flash: 'now' })).not.toBe(
      nameBranch('lock', ['a'], { flash: 'on-reset' }),
    );
  });
});
