// Values of one manifest that each fit the schema and cannot hold together, or can never hold. They refuse that
// manifest alone. What a manifest says of others is looked at in `check-references.ts`.

import type { Kind } from '../model/desired.ts';
import { DIRECT_STRATEGY } from '../model/desired.ts';
import type { FirmwareManifest, ReleaseManifest } from '../model/schema-types.ts';
import { readExposure } from './convert-strategy.ts';
import { findNearest } from './nearest.ts';
import { suggestTimezone, isTimezone } from './timezone.ts';

/** One value that cannot stand as it is. */
export interface Contradiction {
  /** Dotted path of the value. */
  readonly path: string;
  readonly message: string;
  readonly remedy: string;
}

/** All contradictions inside a manifest that fits the schema of its kind, in the order of its fields. */
export function findContradictions(kind: Kind, value: unknown): readonly Contradiction[] {
  // The types are generated from the schemas, which the value fits.
  if (kind === 'Firmware') return checkRequires(value as FirmwareManifest);
  if (kind !== 'Release') return [];
  const { version, strategy, approved } = (value as ReleaseManifest).spec;
  return [
    ...checkSteps(strategy?.steps ?? []),
    ...checkWindows(strategy?.windows ?? []),
    ...checkApprovals(version, strategy?.steps ?? DIRECT_STRATEGY.steps, approved ?? []),
  ];
}

function checkRequires({
  spec: { version, requires },
}: FirmwareManifest): readonly Contradiction[] {
  if (requires === undefined || requires.from < version) return [];
  return [
    {
      path: 'spec.requires.from',
      message: `The firmware requires version ${requires.from}, which is not below its own version ${version}; no device could ever take it.`,
      remedy:
        version === 1
          ? 'Remove `requires`: no version is below 1.'
          : `Write a version from 1 to ${version - 1}, or remove \`requires\`.`,
    },
  ];
}

type Strategy = NonNullable<ReleaseManifest['spec']['strategy']>;
type Steps = NonNullable<Strategy['steps']>;

function checkSteps(steps: Steps): readonly Contradiction[] {
  const found: Contradiction[] = [];
  const firsts = new Map<string, number>();
  /** The step with the largest exposure so far. */
  let widest: Steps[number] | null = null;
  for (const [index, step] of steps.entries()) {
    const path = `spec.strategy.steps.${index}`;
    const first = firsts.get(step.name);
    if (first === undefined) firsts.set(step.name, index);
    else found.push(describeRepeated(`${path}.name`, step.name, first));
    if (widest !== null && readExposure(step.exposure) <= readExposure(widest.exposure)) {
      found.push(describeFalling(`${path}.exposure`, step, widest));
    } else widest = step;
  }
  const last = steps.at(-1);
  if (last !== undefined && readExposure(last.exposure) < FULL) {
    found.push({
      path: `spec.strategy.steps.${steps.length - 1}.exposure`,
      message: `The last step \`${last.name}\` reaches ${last.exposure} of the devices, so the others would never be given the version.`,
      remedy: 'Write `exposure: 100%`, or add a last step such as `{ name: all, exposure: 100% }`.',
    });
  }
  return found;
}

const FULL = 10_000;

function describeRepeated(path: string, name: string, first: number): Contradiction {
  return {
    path,
    message: `The name \`${name}\` is already that of step ${first + 1}, so an approval could mean either.`,
    remedy: 'Give each step a name of its own.',
  };
}

function describeFalling(path: string, step: Steps[number], widest: Steps[number]): Contradiction {
  const isFull = readExposure(widest.exposure) === FULL;
  return {
    path,
    message: `Step \`${step.name}\` reaches ${step.exposure} of the devices, but step \`${widest.name}\` before it reaches ${widest.exposure} already; exposures rise from step to step.`,
    remedy: isFull
      ? `Remove the step, or lower the exposure of \`${widest.name}\`.`
      : `Write an exposure above ${widest.exposure}, or remove the step.`,
  };
}

function checkWindows(windows: NonNullable<Strategy['windows']>): readonly Contradiction[] {
  return windows.flatMap(({ from, to, timezone }, index) => {
    const path = `spec.strategy.windows.${index}`;
    const found: Contradiction[] = [];
    if (from === to) {
      found.push({
        path: `${path}.to`,
        message: `The window opens and closes at ${from}, so it never opens.`,
        remedy: 'Write a later time; for the whole day write `from: "00:00"` and `to: "24:00"`.',
      });
    }
    if (!isTimezone(timezone)) {
      const near = suggestTimezone(timezone);
      found.push({
        path: `${path}.timezone`,
        message: `There is no time zone ${JSON.stringify(timezone)}.`,
        remedy:
          near === null
            ? 'Write an IANA name, such as `timezone: Europe/Berlin` or `timezone: UTC`.'
            : `Write \`timezone: ${near}\`.`,
      });
    }
    return found;
  });
}

function checkApprovals(
  version: number,
  steps: readonly { readonly name: string }[],
  approved: readonly string[],
): readonly Contradiction[] {
  const names = steps.map(({ name }) => name);
  return approved.flatMap((entry, index) => {
    const slash = entry.indexOf('/');
    const approvedVersion = Number(entry.slice(0, slash));
    const name = entry.slice(slash + 1);
    const isOther = approvedVersion !== version;
    const isUnknown = !names.includes(name);
    if (!isOther && !isUnknown) return [];
    const near = isUnknown ? findNearest(name, names) : name;
    const wrong = [
      ...(isOther
        ? [`is of version ${approvedVersion}, but the release is of version ${version}`]
        : []),
      ...(isUnknown ? [`names the step \`${name}\`, which the strategy does not have`] : []),
    ];
    return {
      path: `spec.approved.${index}`,
      message: `The approval \`${entry}\` ${wrong.join(', and ')}.`,
      remedy: describeApprovalRemedy(version, names, near, isOther),
    };
  });
}

function describeApprovalRemedy(
  version: number,
  names: readonly string[],
  near: string | null,
  isOther: boolean,
): string {
  if (near === null) {
    const known = [...new Set(names)].map((name) => `\`${name}\``).join(', ');
    return `Remove it, or name a step that there is: ${known}.`;
  }
  return isOther
    ? `Remove it; to approve the step of this version write \`${version}/${near}\`.`
    : `Write \`${version}/${near}\`, or remove it.`;
}
