// The options of `lockstep simulate` by which its devices fail or differ, and how they are read. What a fault does is in
// `simulator/`.

import { type Command, InvalidArgumentError, Option } from 'commander';

import { type AttributeShare, parseAttributeShare } from '../simulator/attribute-share.ts';
import { BAD_WAYS, type BadVersion, parseBadVersion } from '../simulator/bad-version.ts';
import { parseShare } from '../simulator/draw.ts';
import { FAULT_NAMES, FAULTS, type FaultShares } from '../simulator/faults.ts';
import type { SimulatedFleetOptions } from '../simulator/fleet-options.ts';
import { parseCount, parseDurationMs } from './options.ts';

/** What the options of this file hold once they are read. */
export interface FaultOptions {
  readonly attributeShare?: readonly AttributeShare[];
  readonly badVersion?: readonly BadVersion[];
  readonly spare?: readonly string[];
  readonly fallBackAfter: number;
  readonly slowLinkRate: number;
}

const GROUP = 'Faults:';

/** Makes `--attribute-share`, which goes with the other attributes. */
export function createAttributeShareOption(): Option {
  return new Option(
    '--attribute-share <name=value:share>',
    'one that only a share of the devices has; may be repeated',
  ).argParser(collectAttributeShare);
}

/** Adds what makes devices fail. */
export function addFaultOptions(command: Command): Command {
  for (const fault of FAULT_NAMES) {
    command.addOption(
      new Option(`--${fault} <share>`, `share of the devices that ${FAULTS[fault]}, such as 10%`)
        .argParser(readShare)
        .helpGroup(GROUP),
    );
  }
  return command
    .addOption(
      new Option(
        '--bad-version <version=share:how:delay>',
        'a version that fails on a share of the devices, see below; may be repeated',
      )
        .argParser(collectBadVersion)
        .helpGroup(GROUP),
    )
    .addOption(new Option('--spare <id...>', 'devices on which no version is bad').helpGroup(GROUP))
    .addOption(
      new Option('--fall-back-after <duration>', 'how long the new version runs with --fall-back')
        .default(30_000, '30s')
        .argParser(parseDurationMs)
        .helpGroup(GROUP),
    )
    .addOption(
      new Option('--slow-link-rate <bytes>', 'bytes a second of a slow link')
        .default(2_048)
        .argParser(parseCount(1))
        .helpGroup(GROUP),
    )
    .addHelpText('after', `\n${BAD_VERSION_HELP}`);
}

const BAD_VERSION_HELP = [
  'Bad versions: VERSION=SHARE[:HOW[:DELAY]], such as 42=10%, 42=10%:fall-back:30s',
  ...Object.entries(BAD_WAYS).map(([how, does]) => `  ${how.padEnd(10)} ${does}`),
  '  Without HOW it is fail. DELAY counts from the boot into the version, and is 0s if not given.',
].join('\n');

/** The faults that were asked for, as a simulated fleet takes them. */
export function readFaults(
  command: Command,
  options: FaultOptions,
): Pick<
  SimulatedFleetOptions,
  'attributeShares' | 'badVersions' | 'spared' | 'fallBackMs' | 'slowLinkBytesPerSecond' | 'faults'
> {
  return {
    attributeShares: options.attributeShare ?? [],
    badVersions: options.badVersion ?? [],
    spared: options.spare ?? [],
    fallBackMs: options.fallBackAfter,
    slowLinkBytesPerSecond: options.slowLinkRate,
    faults: readShares(command),
  };
}

/** The shares by the name that the faults have in the simulator. */
function readShares(command: Command): FaultShares {
  const shares: { -readonly [name in keyof FaultShares]: number } = {};
  for (const option of command.options) {
    const fault = FAULT_NAMES.find((name) => option.long === `--${name}`);
    const share: unknown =
      fault === undefined ? undefined : command.getOptionValue(option.attributeName());
    if (fault !== undefined && typeof share === 'number') shares[fault] = share;
  }
  return shares;
}

function readShare(text: string): number {
  const share = parseShare(text);
  if (share !== null) return share;
  throw new InvalidArgumentError('Give a share such as 10% or 2.5%.');
}

function collectAttributeShare(
  text: string,
  before: readonly AttributeShare[] = [],
): readonly AttributeShare[] {
  const share = parseAttributeShare(text);
  if (share === null)
    throw new InvalidArgumentError('Give NAME=VALUE:SHARE, such as hw_rev=B:30%.');
  return [...before, share];
}

function collectBadVersion(
  text: string,
  before: readonly BadVersion[] = [],
): readonly BadVersion[] {
  const bad = parseBadVersion(text);
  if (bad !== null) return [...before, bad];
  throw new InvalidArgumentError(
    `Give VERSION=SHARE, VERSION=SHARE:HOW or VERSION=SHARE:HOW:DELAY, such as 42=10%:fall-back:30s; HOW is one of ${Object.keys(BAD_WAYS).join(', ')}, and fail takes no delay.`,
  );
}
