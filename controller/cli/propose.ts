// `lockstep propose`: writes a change of the manifests, and opens the pull request for it; with --local it edits the
// working tree instead.

import { readFile } from 'node:fs/promises';
import { basename, resolve } from 'node:path';

import { type Command, Option } from 'commander';

import { type Failure, failure } from '../base/failure.ts';
import { fail, type Result } from '../base/result.ts';
import type { FlashMode } from '../model/desired.ts';
import { proposeApproval } from '../proposals/approve-step.ts';
import { proposeFirmware } from '../proposals/firmware.ts';
import { proposeLock } from '../proposals/lock.ts';
import type { Proposal, ProposalInput, ProposalRefusal } from '../proposals/proposal.ts';
import { proposeRelease } from '../proposals/release.ts';
import { proposeResumption } from '../proposals/resume-release.ts';
import { proposeUnlock } from '../proposals/unlock.ts';
import { proposeWithdrawal } from '../proposals/withdraw.ts';
import { readManifestTexts } from '../reconciler/manifest-texts.ts';
import { describeFileTrouble } from './inspect.ts';
import { readSource, readSourceArgument } from './load-source.ts';
import { addExamples, addOutputOptions, parseVersion } from './options.ts';
import { tellProposal, tellRefusal } from './propose-output.ts';
import { openProposeTarget } from './propose-target.ts';
import type { Shell } from './shell.ts';
import { writeFiles } from './write-files.ts';

interface ProposeOptions {
  readonly product?: string;
  readonly source?: string;
  readonly local?: boolean;
}

interface LockOptions extends ProposeOptions {
  readonly flash: FlashMode;
  readonly reason?: string;
}

interface ReleaseOptions extends ProposeOptions {
  readonly group?: string;
}

interface ApproveOptions extends ReleaseOptions {
  readonly version?: number;
}

interface FirmwareOptions extends ProposeOptions {
  readonly version?: number;
  readonly reportedAs?: string;
  readonly title?: string;
}

interface WithdrawOptions extends ProposeOptions {
  readonly reason: string;
  readonly url?: string;
}

/** Adds the command and its subcommands. Exit code 0, also where there is nothing to do; 1 where nothing was changed. */
export function addPropose(program: Command, shell: Shell): void {
  const command = program
    .command('propose')
    .summary('change manifests, and open the pull request')
    .description(
      'Writes a change of the manifests and opens the pull request for it, or edits the working tree with --local. Comments, order and formatting of everything else stay as they are.',
    );
  addOutputOptions(command);
  addExamples(command, [
    ['lockstep propose lock e00fce681234567890abcdef 42', 'one device gets version 42'],
    ['lockstep propose firmware build/thermostat.bin --title "Fix heater drift"', 'a new version'],
    ['lockstep propose release 42 --local', 'edits release.yaml here'],
  ]);
  addLock(command, shell);
  addUnlock(command, shell);
  addRelease(command, shell);
  addFirmware(command, shell);
  addWithdraw(command, shell);
  addApprove(command, shell);
  addResume(command, shell);
}

function addLock(propose: Command, shell: Shell): void {
  const command = propose
    .command('lock')
    .description('Locks one device to a version, whatever is released.')
    .argument('<DEVICE>', 'its id')
    .argument('<VERSION>', 'of a Firmware manifest', parseVersion)
    .addOption(
      new Option('--flash <when>', 'as soon as it is online, or when it next comes online')
        .choices(['now', 'on-reset'])
        .default('now'),
    )
    .option('--reason <text>', 'why, for whoever finds the lock')
    .action(async (device: string, version: number, options: LockOptions) => {
      const { flash, reason = null, product = null } = options;
      shell.exitCode = await runProposal(shell, options, (input) =>
        proposeLock(input, { device, version, flash, reason, product }),
      );
    });
  addProposeOptions(command);
  addExamples(command, [
    ['lockstep propose lock e00fce681234567890abcdef 42 --reason "verify 42"', 'flashed now'],
    ['lockstep propose lock pump-7 41 --flash on-reset --local', 'in the working tree'],
  ]);
}

function addUnlock(propose: Command, shell: Shell): void {
  const command = propose
    .command('unlock')
    .description('Takes one device out of its lock, so that it follows the release again.')
    .argument('<DEVICE>', 'its id')
    .action(async (device: string, options: ProposeOptions) => {
      const { product = null } = options;
      shell.exitCode = await runProposal(shell, options, (input) =>
        proposeUnlock(input, { device, product }),
      );
    });
  addProposeOptions(command);
  addExamples(command, [
    ['lockstep propose unlock e00fce681234567890abcdef', 'a lock that it alone has goes'],
  ]);
}

function addRelease(propose: Command, shell: Shell): void {
  const command = propose
    .command('release')
    .description(
      'Releases a version. Approvals, attempt and pause of the version before are dropped.',
    )
    .argument('<VERSION>', 'of a Firmware manifest', parseVersion)
    .option('--group <name>', 'to a group only (default: every device of the product)')
    .action(async (version: number, options: ReleaseOptions) => {
      const { group = null, product = null } = options;
      shell.exitCode = await runProposal(shell, options, (input) =>
        proposeRelease(input, { version, group, product }),
      );
    });
  addProposeOptions(command);
  addExamples(command, [
    ['lockstep propose release 42', 'to every device, through the steps of the Release'],
    ['lockstep propose release 41 --group rev-b --local', 'in the working tree'],
  ]);
}

function addFirmware(propose: Command, shell: Shell): void {
  const command = propose
    .command('firmware')
    .description(
      'Adds a version with its binary. Version, product and digest are read from the binary, so nothing is typed twice.',
    )
    .argument('<FILE>', 'the binary')
    .addOption(
      new Option('--version <n>', 'for a binary that carries no version number').argParser(
        parseVersion,
      ),
    )
    .option('--reported-as <text>', 'what devices report for it, where that is not the number')
    .option('--title <text>', 'what it brings, in a line')
    .action(async (file: string, options: FirmwareOptions) => {
      shell.exitCode = await proposeFile(shell, file, options);
    });
  addProposeOptions(command);
  addExamples(command, [
    ['lockstep propose firmware build/thermostat.bin --title "Fix heater drift"', 'all from it'],
    [
      'lockstep propose firmware gateway.swu --version 10500 --reported-as 1.5.0 --local',
      'a file without a header',
    ],
  ]);
}

function addWithdraw(propose: Command, shell: Shell): void {
  const command = propose
    .command('withdraw')
    .description('Withdraws a version: it is never offered to any device again.')
    .argument('<VERSION>', 'of a Firmware manifest', parseVersion)
    .requiredOption('--reason <text>', 'why')
    .option('--url <url>', 'where that is explained')
    .action(async (version: number, options: WithdrawOptions) => {
      const { reason, url = null, product = null } = options;
      shell.exitCode = await runProposal(shell, options, (input) =>
        proposeWithdrawal(input, { version, reason, url, product }),
      );
    });
  addProposeOptions(command);
  addExamples(command, [
    [
      'lockstep propose withdraw 42 --reason "bricks rev B" --url https://example.com/incidents/7',
      'never offered again',
    ],
  ]);
}

function addApprove(propose: Command, shell: Shell): void {
  const command = propose
    .command('approve')
    .description(
      'Approves a step of the version that is released. Approvals of other versions are dropped.',
    )
    .argument('<STEP>', 'its name in the strategy of the Release')
    .option('--group <name>', 'of the release to a group (default: to every device of the product)')
    .addOption(
      new Option(
        '--version <n>',
        'only if the Release is of this version (default: whichever it is of)',
      ).argParser(parseVersion),
    )
    .action(async (step: string, options: ApproveOptions) => {
      const { group = null, version = null, product = null } = options;
      shell.exitCode = await runProposal(shell, options, (input) =>
        proposeApproval(input, { step, group, version, product }),
      );
    });
  addProposeOptions(command);
  addExamples(command, [
    ['lockstep propose approve half', 'the step may begin once this is merged'],
    ['lockstep propose approve all --group rev-b --version 42', 'and no other version'],
  ]);
}

function addResume(propose: Command, shell: Shell): void {
  const command = propose
    .command('resume')
    .description(
      'Lets a release go on: ends its pause, or raises its attempt after a halt. Whether it has halted is not looked up.',
    )
    .option('--group <name>', 'of the release to a group (default: to every device of the product)')
    .action(async (options: ReleaseOptions) => {
      const { group = null, product = null } = options;
      shell.exitCode = await runProposal(shell, options, (input) =>
        proposeResumption(input, { group, product, halted: 'unknown' }),
      );
    });
  addProposeOptions(command);
  addExamples(command, [
    ['lockstep propose resume', 'after a halt or a pause'],
    ['lockstep propose resume --group rev-b --local', 'in the working tree'],
  ]);
}

/** Adds what all subcommands take. */
function addProposeOptions(command: Command): void {
  command
    .option('--product <name>', 'where there are several products')
    .option('--source <dir>', 'the fleet repo (default: here)')
    .option('--local', 'edit the working tree, and open no pull request');
  addOutputOptions(command);
}

async function proposeFile(shell: Shell, file: string, options: FirmwareOptions): Promise<number> {
  let content: Uint8Array;
  try {
    content = await readFile(resolve(shell.cwd, file));
  } catch (thrown) {
    return shell.failed(failure('FileUnreadable', describeFileTrouble(file, thrown), 'stall'));
  }
  const { version = null, reportedAs = null, title = null, product = null } = options;
  const request = { fileName: basename(file), content, version, reportedAs, title, product };
  return runProposal(shell, options, (input) => proposeFirmware(input, request));
}

type Propose = (input: ProposalInput) => Result<Proposal, ProposalRefusal>;

function runProposal(shell: Shell, options: ProposeOptions, propose: Propose): Promise<number> {
  return options.local === true
    ? proposeLocally(shell, options.source, propose)
    : proposeToForge(shell, options, propose);
}

async function proposeLocally(
  shell: Shell,
  argument: string | undefined,
  propose: Propose,
): Promise<number> {
  const directory = findDirectory(shell, argument);
  if (!directory.ok) return shell.failed(directory.error);
  const spec = { kind: 'directory', directory: directory.value } as const;
  const files = await readSource(spec, null, readManifestTexts);
  if (!files.ok) return shell.failed(files.error);
  const proposal = propose({ files: files.value });
  if (!proposal.ok) return tellRefusal(shell, proposal.error, files.value);
  const written = await writeFiles(directory.value, proposal.value.files, files.value);
  if (!written.ok) return shell.failed(written.error);
  tellProposal(shell, proposal.value, files.value, null);
  return 0;
}

function findDirectory(shell: Shell, argument: string | undefined): Result<string, Failure> {
  const spec = readSourceArgument(shell, argument);
  if (!spec.ok) return spec;
  if (spec.value.kind === 'directory') return { ok: true, value: spec.value.directory };
  const message =
    'With --local a working tree is edited, but the source is a git repository. Give the directory of a checkout: --source DIR.';
  return fail(failure('SourceInvalid', message, 'stall'));
}

async function proposeToForge(
  shell: Shell,
  options: ProposeOptions,
  propose: Propose,
): Promise<number> {
  const target = await openProposeTarget(shell, options);
  if (!target.ok) return shell.failed(target.error);
  const from = await target.value.readFiles();
  if (!from.ok) return shell.failed(from.error);
  const proposal = propose({ files: from.value.files });
  if (!proposal.ok) return tellRefusal(shell, proposal.error, from.value.files);
  const opened = await target.value.carryOut(proposal.value, from.value);
  if (!opened.ok) return shell.failed(opened.error);
  tellProposal(shell, proposal.value, from.value.files, opened.value);
  return 0;
}
