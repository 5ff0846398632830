// What every proposal keeps, whatever is asked for: the changed tree has no new problem, says what was asked, and
// everything else as before; the same request again finds nothing to do.

import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Result } from '../../../controller/base/result.ts';
import { parseManifestFile } from '../../../controller/manifests/parse-file.ts';
import { resolveSnapshot } from '../../../controller/manifests/resolve.ts';
import type { Desired } from '../../../controller/model/desired.ts';
import { problemKey } from '../../../controller/model/review.ts';
import type { Snapshot } from '../../../controller/model/revision.ts';
import { proposeApproval } from '../../../controller/proposals/approve-step.ts';
import { proposeFirmware } from '../../../controller/proposals/firmware.ts';
import { proposeLock } from '../../../controller/proposals/lock.ts';
import type { Proposal, ProposalRefusal } from '../../../controller/proposals/proposal.ts';
import { proposeRelease } from '../../../controller/proposals/release.ts';
import { proposeResumption } from '../../../controller/proposals/resume-release.ts';
import { proposeRevert } from '../../../controller/proposals/revert-release.ts';
import { proposeUnlock } from '../../../controller/proposals/unlock.ts';
import { proposeWithdrawal } from '../../../controller/proposals/withdraw.ts';
import { type Files, moduleOf, ODD_FLEET, readExample, readStarter } from './odd-fleet.ts';

type Outcome = Result<Proposal, ProposalRefusal>;

const TREES: readonly Files[] = [
  ODD_FLEET,
  readExample('thermostat'),
  readExample('pump'),
  readExample('linux-gateway'),
  readStarter(),
];

/** Texts as an editor on Windows leaves them. */
function toWindows(files: Files): Files {
  return new Map(
    [...files].map(([path, text]) => [path, `\ufeff${text.replaceAll('\n', '\r\n')}`]),
  );
}

function resolve(files: Files): Snapshot {
  const encoder = new TextEncoder();
  return resolveSnapshot({
    revision: 'r',
    files: [...files].map(([path, text]) => parseManifestFile(path, encoder.encode(text))),
    previousProductsByFile: null,
    binaries: () => ({ state: 'unchecked' }),
  });
}

function apply(files: Files, { files: changes }: Proposal): Files {
  const after = new Map(files);
  for (const [path, content] of Object.entries(changes)) {
    if (content === null) after.delete(path);
    else if (typeof content === 'string') after.set(path, content);
  }
  return after;
}

/** Specs by kind and name: what a tree says, wherever it says it. */
function specsOf(snapshot: Snapshot): ReadonlyMap<string, unknown> {
  const listed = Object.values(snapshot.products).flatMap(
    ({ config, firmware, groups, locks, releases }: Desired) => [
      ...(config === null ? [] : [config]),
      ...firmware,
      ...groups,
      ...locks,
      ...releases,
    ],
  );
  return new Map(listed.map(({ spec, origin }) => [`${origin.kind} ${origin.name}`, spec]));
}

function changedSpecs(before: Files, after: Files): readonly string[] {
  const [old, next] = [specsOf(resolve(before)), specsOf(resolve(after))];
  return [...new Set([...old.keys(), ...next.keys()])].filter(
    (key) => JSON.stringify(old.get(key)) !== JSON.stringify(next.get(key)),
  );
}

function only(files: Files): Desired {
  const [desired] = Object.values(resolve(files).products);
  if (desired === undefined) throw new Error('no product');
  return desired;
}

/** Checks what holds of any proposal; gives the tree after it. Requests that are refused do not count as runs. */
function expectSound(files: Files, propose: (files: Files) => Outcome): Files {
  const outcome = propose(files);
  expect(propose(files)).toEqual(outcome);
  fc.pre(outcome.ok);
  if (!outcome.ok) throw new Error('a run that does not count goes on');
  const { branch, title, summary } = outcome.value;
  expect(branch).toMatch(/^lockstep\/(?!.*(?:\.\.|\.lock$|[-.]$))[a-z0-9][-a-z0-9.]{0,90}$/);
  expect(title).not.toMatch(/[\r\n]/);
  expect(summary).not.toEqual([]);
  const after = apply(files, outcome.value);
  const standing = new Set(resolve(files).problems.map(problemKey));
  const fresh = resolve(after).problems.filter(
    (problem) => problem.severity === 'error' && !standing.has(problemKey(problem)),
  );
  expect(fresh).toEqual([]);
  const isWindows = [...files.values()].some((text) => text.startsWith('\ufeff'));
  for (const [path, text] of after) {
    const stray = isWindows && files.has(path) ? /(?:^|[^\r])\n|^[^\ufeff]/ : /\r|\ufeff/;
    expect(isWindows && !files.has(path) ? '' : text).not.toMatch(stray);
  }
  return after;
}

interface Sample {
  readonly files: Files;
  readonly desired: Desired;
}

const SAMPLES: readonly Sample[] = TREES.map((files) => ({ files, desired: only(files) }));

const sample = fc
  .tuple(fc.constantFrom(...SAMPLES), fc.boolean())
  .map(([{ files, desired }, isWindows]) => ({
    files: isWindows ? toWindows(files) : files,
    desired,
  }));

/** A version that the tree has, mostly. */
function versionOf({ desired }: Sample): fc.Arbitrary<number> {
  return fc.constantFrom(...desired.firmware.map(({ spec }) => spec.version), 65_534);
}

const STRANGERS = [
  'e00fce680000000000000077',
  '123457',
  '1e5',
  'null',
  'ÜNÏ-✓',
  'a:b#c,[d]',
  '\'q"',
  '-',
  'x'.repeat(256),
];

/** The tree with every release paused. */
function paused(files: Files): Files {
  return new Map(
    [...files].map(([path, text]) => {
      if (!/^kind: Release\r?$/m.test(text)) return [path, text];
      return [
        path,
        text.includes('paused: false')
          ? text.replaceAll('paused: false', 'paused: true')
          : text.replaceAll(/^( +)version: .*?(\r?)$/gm, '$&\n$1paused: true$2'),
      ];
    }),
  );
}

/** Devices that locks list. */
function lockedOf({ desired }: Sample): readonly string[] {
  return desired.locks.flatMap(({ spec }) => spec.devices ?? []);
}

const reason = fc.constantFrom('verify', 'it: failed # twice', 'two\nlines', '*', "don't");

describe('a proposal on any tree', () => {
  it('locks the device, and changes nothing else', () => {
    const request = sample.chain((from) =>
      fc.record({
        files: fc.constant(from.files),
        device: fc.constantFrom(...STRANGERS, ...lockedOf(from)),
        version: versionOf(from),
        flash: fc.constantFrom('now' as const, 'on-reset' as const),
        reason: fc.option(reason),
      }),
    );
    fc.assert(
      fc.property(request, ({ files, ...asked }) => {
        const propose = (from: Files) => proposeLock({ files: from }, { ...asked, product: null });
        const after = expectSound(files, propose);
        const holding = only(after).locks.filter(({ spec }) =>
          spec.devices?.includes(asked.device),
        );
        expect(holding).toHaveLength(1);
        expect(holding[0]?.spec).toMatchObject({ version: asked.version, flash: asked.flash });
        expect(changedSpecs(files, after).every((key) => key.startsWith('DeviceLock '))).toBe(true);
        expect(propose(after)).toMatchObject({ error: { kind: 'nothingToDo' } });
      }),
      { numRuns: 20 },
    );
  });

  it('unlocks the device, and changes nothing else', () => {
    const request = sample
      .filter((from) => lockedOf(from).length > 0)
      .chain((from) => fc.tuple(fc.constant(from.files), fc.constantFrom(...lockedOf(from))));
    fc.assert(
      fc.property(request, ([files, device]) => {
        const after = expectSound(files, (from) =>
          proposeUnlock({ files: from }, { device, product: null }),
        );
        const holding = Object.values(resolve(after).products).flatMap(({ locks }) =>
          locks.filter(({ spec }) => spec.devices?.includes(device)),
        );
        expect(holding).toEqual([]);
        expect(changedSpecs(files, after)).toHaveLength(1);
      }),
      { numRuns: 10 },
    );
  });

  it('releases the version, and changes nothing else', () => {
    const request = sample.chain((from) =>
      fc.record({
        files: fc.constant(from.files),
        version: versionOf(from),
        group: fc.option(fc.constantFrom(...from.desired.groups.map(({ origin }) => origin.name))),
      }),
    );
    fc.assert(
      fc.property(request, ({ files, version, group }) => {
        const propose = (from: Files) =>
          proposeRelease({ files: from }, { version, group, product: null });
        const after = expectSound(files, propose);
        const release = only(after).releases.find(({ spec }) => spec.group === group);
        expect(release?.spec).toMatchObject({ version, attempt: 1, paused: false });
        expect(changedSpecs(files, after)).toEqual([`Release ${release?.origin.name}`]);
        expect(propose(after)).toMatchObject({ error: { kind: 'nothingToDo' } });
      }),
      { numRuns: 12 },
    );
  });

  it('withdraws the version, and changes nothing else', () => {
    const request = sample.chain((from) =>
      fc.record({ files: fc.constant(from.files), version: versionOf(from), why: reason }),
    );
    fc.assert(
      fc.property(request, ({ files, version, why }) => {
        const asked = { version, reason: why, url: null, product: null };
        const propose = (from: Files) => proposeWithdrawal({ files: from }, asked);
        const after = expectSound(files, propose);
        const firmware = only(after).firmware.find(({ spec }) => spec.version === version);
        expect(firmware?.spec.withdrawn).toEqual({ reason: why, url: null });
        expect(changedSpecs(files, after)).toHaveLength(1);
        expect(propose(after)).toMatchObject({ error: { kind: 'nothingToDo' } });
      }),
      { numRuns: 10 },
    );
  });

  it('takes a release back, and leaves no lock on what failed', () => {
    const request = sample.chain((from) =>
      fc.record({
        files: fc.constant(from.files),
        product: fc.constant(from.desired.product),
        version: versionOf(from),
        to: fc.option(versionOf(from)),
        reason,
      }),
    );
    fc.assert(
      fc.property(request, ({ files, ...asked }) => {
        const { version, to } = asked;
        const propose = (from: Files) =>
          proposeRevert({ files: from }, { ...asked, group: null, url: null });
        const after = expectSound(files, propose);
        const { firmware, locks, releases } = only(after);
        const marked = firmware.find(({ spec }) => spec.version === version);
        expect(marked === undefined || marked.spec.withdrawn !== null).toBe(true);
        const toAll = releases.find(({ spec }) => spec.group === null);
        expect(toAll?.spec.version).not.toBe(version);
        const left = locks.filter(({ spec }) => spec.version === version);
        expect(to === null ? [] : left).toEqual([]);
        expect(propose(after)).toMatchObject({ error: { kind: 'nothingToDo' } });
      }),
      { numRuns: 20 },
    );
  });

  it('approves the step, and keeps the approvals of the version', () => {
    const request = sample.chain(({ files, desired }) => {
      const release = desired.releases.find(({ spec }) => spec.group === null)?.spec;
      return fc.record({
        files: fc.constant(files),
        product: fc.constant(desired.product),
        version: fc.constant(release?.version ?? 1),
        step: fc.constantFrom(...(release?.strategy.steps.map(({ name }) => name) ?? [])),
      });
    });
    fc.assert(
      fc.property(request, ({ files, ...asked }) => {
        const propose = (from: Files) =>
          proposeApproval({ files: from }, { ...asked, group: null });
        const after = expectSound(files, propose);
        const approvals = (from: Files) =>
          only(from).releases.find(({ spec }) => spec.group === null)?.spec.approved ?? [];
        expect(approvals(after)).toEqual([...approvals(files), asked.step]);
        expect(changedSpecs(files, after)).toHaveLength(1);
        expect(propose(after)).toMatchObject({ error: { kind: 'nothingToDo' } });
      }),
      { numRuns: 20 },
    );
  });

  it('resumes the release once for each halt, and changes nothing else', () => {
    const request = sample.chain(({ files, desired }) =>
      fc.record({
        release: fc.constantFrom(...desired.releases.map(({ spec }) => spec)),
        isHalted: fc.boolean(),
        files: fc.boolean().map((isPaused) => (isPaused ? paused(files) : files)),
      }),
    );
    fc.assert(
      fc.property(request, ({ files, release: { version, attempt, group }, isHalted }) => {
        const halted = isHalted ? { version, attempt } : null;
        const propose = (from: Files) =>
          proposeResumption({ files: from }, { product: null, group, halted });
        const after = expectSound(files, propose);
        const release = only(after).releases.find(({ spec }) => spec.group === group);
        const next = isHalted ? attempt + 1 : attempt;
        expect(release?.spec).toMatchObject({ version, attempt: next, paused: false });
        expect(changedSpecs(files, after)).toEqual([`Release ${release?.origin.name}`]);
        const kind = isHalted ? 'nothingToDo' : 'mistakes';
        expect(propose(after)).toMatchObject({ error: { kind } });
      }),
      { numRuns: 20 },
    );
  });

  it('adds the firmware, and changes nothing else', () => {
    const title = fc.option(fc.constantFrom('Fix: drift', '"quoted"', '# hash', '1.10'));
    const image = new TextEncoder().encode('an image without a header');
    const request = sample.chain(({ files, desired }) => {
      const newest = Math.max(...desired.firmware.map(({ spec }) => spec.version));
      const isOpaque = fc.constant(desired.firmware[0]?.spec.binary.format === 'opaque');
      const version = fc.integer({ min: newest + 1, max: newest + 1_000 });
      return fc.record({ files: fc.constant(files), version, isOpaque, title });
    });
    fc.assert(
      fc.property(request, ({ files, version, isOpaque, title: line }) => {
        const asked = {
          fileName: isOpaque ? 'image.swu' : 'out.bin',
          content: isOpaque ? image : moduleOf(version),
          version: isOpaque ? version : null,
          reportedAs: isOpaque ? `9.${version}` : null,
          title: line,
          product: null,
        };
        const propose = (from: Files) => proposeFirmware({ files: from }, asked);
        const after = expectSound(files, propose);
        const added = only(after).firmware.find(({ spec }) => spec.version === version);
        expect(added?.spec).toMatchObject({ title: line, reportedAs: asked.reportedAs });
        expect(changedSpecs(files, after)).toEqual([`Firmware ${added?.origin.name}`]);
        const outcome = propose(files);
        const path = added?.spec.binary.path ?? '';
        expect(outcome.ok && outcome.value.files[path]).toBe(asked.content);
        expect(propose(after)).toMatchObject({ error: { kind: 'nothingToDo' } });
      }),
      { numRuns: 12 },
    );
  });
});
