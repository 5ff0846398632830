// Title and text of the pull requests that the controller opens by itself: the one that takes a halted release back, and the
// one that approves a step. Each says what was seen, what merging it does, and how to go on otherwise.

import { countOf, formatNumber } from '../base/count.ts';
import { formatDuration } from '../base/duration.ts';
import { formatUtc } from '../base/format-time.ts';
import type { HaltSpec, StepSpec, StrategySpec } from '../model/desired.ts';
import type { ReleasePlan, StepPlan } from '../model/plan.ts';
import type { Halt } from '../model/rollout.ts';
import { describeGroup, formatExposure } from '../releases/describe-release.ts';
import { cell, code, escape, list } from './markdown-text.ts';
import { cleanText } from './plain-text.ts';

/** What a pull request says. */
export interface ProposalText {
  /** One line without Markdown, also the subject of its commit. */
  readonly title: string;
  /** Markdown. */
  readonly body: string;
}

/** A device that failed, in its own words. */
export interface FailingDevice {
  readonly device: string;
  /** Attempts that failed. */
  readonly attempts: number;
  /** What it said last; null where it said nothing. */
  readonly message: string | null;
}

export interface HaltProposal {
  readonly product: string;
  readonly release: Pick<
    ReleasePlan,
    'version' | 'group' | 'manifest' | 'base' | 'attempt' | 'step' | 'succeeded'
  >;
  readonly halt: Halt;
  readonly limit: Pick<HaltSpec, 'failureRate' | 'minAttempts'>;
  readonly onRollback: StrategySpec['onRollback'];
  /** Exposure that it had reached when it halted, in hundredths of a percent. */
  readonly exposure: number;
  readonly devices: readonly FailingDevice[];
  /** What the pull request changes in the manifests, one line each. */
  readonly changes: readonly string[];
}

export interface ApprovalProposal {
  readonly product: string;
  readonly release: ReleasePlan;
  /** Name of the step that waits. */
  readonly step: string;
  /** The steps as the manifest says. */
  readonly strategy: readonly StepSpec[];
  readonly changes: readonly string[];
}

const TITLE_MAX = 120;
const DEVICES_SHOWN = 20;
const WORDS_MAX = 160;

/** For a release that halted: takes it back, and marks its firmware withdrawn. */
export function renderHaltProposal(input: HaltProposal): ProposalText {
  const { product, release, halt } = input;
  const { version, group } = release;
  const cause =
    halt.outgrown === true
      ? 'the fleet outgrew its step'
      : `${formatNumber(halt.failed)} of ${countOf(halt.failed + halt.succeeded, 'device')} failed`;
  const whom = group === null ? '' : ` for group ${group}`;
  return {
    title: fit(`Take back version ${version} of ${product}${whom}: ${cause}`),
    body: blocks([
      `The release of version ${version} of ${code(product)} for ${escape(describeGroup(group))} halted by itself on ${formatUtc(halt.at)}: ${escape(halt.message)}`,
      evidenceOf(input),
      ...failingDevices(input.devices),
      `**What this changes**\n\n${changeList(input.changes)}`,
      `**What merging it does**\n\n${describeTakingBack(input)}`,
      `**To go on instead**\n\nMend the cause, set \`attempt: ${release.attempt + 1}\` in ${escape(release.manifest)}, and close this. ${describeResumption(halt)}`,
      FOOTER,
    ]),
  };
}

/** For a step that waits for a person: adds it to `approved` of its release. */
export function renderApprovalProposal(input: ApprovalProposal): ProposalText {
  const { product, release, step } = input;
  const { version, group } = release;
  const whom = group === null ? '' : ` for group ${group}`;
  const ahead = release.steps.find(({ name }) => name === step);
  return {
    title: fit(`Approve step ${step} of version ${version} of ${product}${whom}`),
    body: blocks([
      `The release of version ${version} of ${code(product)} for ${escape(describeGroup(group))} has gone through all steps before ${code(step)}, which waits for a person.`,
      seenSoFar(input),
      `**What this changes**\n\n${changeList(input.changes)}`,
      `**What merging it does**\n\n${describeStep(ahead, version, step)}`,
      `**To wait, or to stop**\n\nLeave it open, or close it: the release stays where it is. To stop it for everybody, set \`paused: true\` in ${escape(release.manifest)}.`,
      FOOTER,
    ]),
  };
}

const FOOTER =
  '<sub>Opened by Lockstep, once: after it is closed it is not opened again. What is merged is carried out.</sub>';

function evidenceOf({ release, halt, limit, exposure }: HaltProposal): string {
  const attempts = halt.failed + halt.succeeded;
  const rows: readonly (readonly [string, string])[] = [
    ['failed', `${formatNumber(halt.failed)} of ${countOf(attempts, 'device')}`],
    ['rate', `${percentOf(halt.failed, attempts)} (the limit is ${limit.failureRate}%)`],
    ['counted from', countOf(limit.minAttempts, 'attempt')],
    ['step', cell(release.step ?? 'none')],
    ['exposure', formatExposure(exposure)],
    ['attempt', String(release.attempt)],
    ['what it did', halt.action === 'hold' ? 'holds: nobody else is offered it' : 'rolled back'],
  ];
  const lines = rows.map(([name, value]) => `| ${name} | ${value} |`);
  return ['| | |', '| --- | --- |', ...lines].join('\n');
}

function failingDevices(devices: readonly FailingDevice[]): readonly string[] {
  if (devices.length === 0) return [];
  const rows = devices
    .slice(0, DEVICES_SHOWN)
    .map(
      ({ device, attempts, message }) =>
        `| ${cell(device)} | ${attempts} | ${cell(shorten(message ?? '-'))} |`,
    );
  const rest = devices.length - DEVICES_SHOWN;
  if (rest > 0) rows.push(`| … and ${formatNumber(rest)} more | | |`);
  const table = ['| device | attempts | last words |', '| --- | ---: | --- |', ...rows].join('\n');
  return [`**Devices that failed**\n\n${table}`];
}

function describeTakingBack({ release, halt, onRollback }: HaltProposal): string {
  const { version, base, succeeded } = release;
  const withdrawn = `Version ${version} is never offered to any device again.`;
  if (base === null) {
    return `No version has finished here before, so there is none to return to: the release ends, and devices stay on what they run. ${withdrawn}`;
  }
  if (halt.action === 'rollback') {
    return `The release was rolled back already, and goes on returning its devices to version ${base}; with this, git says so too. ${withdrawn}`;
  }
  const how =
    onRollback === 'direct'
      ? 'everyone at once: without steps, soaks, approvals or windows'
      : 'through the steps of its strategy, as `onRollback: staged` asks for';
  const devices =
    succeeded === 0 ? 'Devices that run it' : `The ${countOf(succeeded, 'device')} that run it`;
  return `${devices} return to version ${base}, ${how}. ${withdrawn}`;
}

function describeResumption({ action, outgrown }: Halt): string {
  const where =
    action === 'rollback' || outgrown === true
      ? 'and it begins again from its first step'
      : 'and what it has reached stays';
  return `Failures are then counted anew, ${where}.`;
}

function seenSoFar({ release, step, strategy }: ApprovalProposal): string {
  const { devices, succeeded, failed, version } = release;
  const before = release.steps.slice(
    0,
    Math.max(
      0,
      release.steps.findIndex(({ name }) => name === step),
    ),
  );
  const rows = before.map((each) => {
    const asked = strategy.find(({ name }) => name === each.name);
    const soak = asked === undefined || asked.soakMs === 0 ? '-' : formatDuration(asked.soakMs);
    return `| ${cell(each.name)} | ${formatExposure(each.limit)} | ${formatNumber(each.devices)} | ${soak} |`;
  });
  const table = ['| step | exposure | devices | soak |', '| --- | ---: | ---: | ---: |', ...rows];
  const rate = percentOf(failed, failed + succeeded);
  const said = `Of ${countOf(devices, 'device')} that it has reached, ${formatNumber(succeeded)} run version ${version}, and ${formatNumber(failed)} failed (${rate}).`;
  return `**What was seen so far**\n\n${said}${rows.length === 0 ? '' : `\n\n${table.join('\n')}`}`;
}

function describeStep(step: StepPlan | undefined, version: number, name: string): string {
  if (step === undefined) return `Step ${code(name)} begins.`;
  const flashes = step.flashes.reduce((sum, each) => sum + each.devices, 0);
  return `Step ${code(name)} begins: version ${version} reaches ${formatExposure(step.limit)}, ${countOf(step.devices, 'device')} in all. It is offered to ${formatNumber(flashes)} more.`;
}

function changeList(changes: readonly string[]): string {
  return list(changes, 20, (change) => `- ${escape(change)}`);
}

function percentOf(part: number, whole: number): string {
  return whole === 0 ? '0%' : `${Math.round((part * 1_000) / whole) / 10}%`;
}

function blocks(parts: readonly string[]): string {
  return `${parts.join('\n\n')}\n`;
}

function shorten(text: string): string {
  return text.length > WORDS_MAX ? `${text.slice(0, WORDS_MAX)}…` : text;
}

/** One line, without what a forge would read as a mention. */
function fit(text: string): string {
  const clean = cleanText(text);
  return clean.length > TITLE_MAX ? `${clean.slice(0, TITLE_MAX - 1)}…` : clean;
}
