// The actions of a plan in words: one line per action, with many locks of one manifest as a single line. How a line looks
// in a terminal or in a pull request is not decided here.

import { unreachable } from '../base/assert.ts';
import { countOf } from '../base/count.ts';
import type { Place } from '../model/desired.ts';
import type { Action, ExposureCause } from '../model/plan.ts';
import { BUCKETS } from '../model/rollout.ts';
import { describeGroup, formatExposure } from '../releases/describe-release.ts';

/** What an action does to what is in force: adds, changes, takes away. */
export type PlanSymbol = '+' | '~' | '-';

/** One action, or several of one manifest, in words. */
export interface PlanLine {
  readonly symbol: PlanSymbol;
  readonly type: Action['type'];
  /** Not cleaned: holds text of manifests. */
  readonly text: string;
  readonly manifest: string;
  readonly place: Place;
  /** The devices, where the line stands for several actions. */
  readonly devices: readonly string[];
}

/** The lines of a product's actions, in the order of execution. */
export function describeActions(actions: readonly Action[]): readonly PlanLine[] {
  const lines: PlanLine[] = [];
  const groups = new Map<string, { readonly index: number; readonly devices: string[] }>();
  for (const action of actions) {
    const line = describeAction(action);
    if (action.type !== 'LockDevice' && action.type !== 'UnlockDevice') {
      lines.push(line);
      continue;
    }
    const key = `${line.manifest} ${describeLock(action)}`;
    const group = groups.get(key);
    if (group === undefined) {
      groups.set(key, { index: lines.length, devices: [action.device] });
      lines.push(line);
    } else {
      group.devices.push(action.device);
      const { index, devices } = group;
      lines[index] = {
        ...line,
        text: `${countOf(devices.length, 'device')} ${describeLock(action)}`,
        devices,
      };
    }
  }
  return lines;
}

function describeAction(action: Action): PlanLine {
  const { manifest, place } = action.trace;
  const line = (symbol: PlanSymbol, text: string): PlanLine => ({
    symbol,
    type: action.type,
    text,
    manifest,
    place,
    devices: [],
  });
  switch (action.type) {
    case 'ConfigureProduct':
      return action.changes[0] === 'new'
        ? line('+', 'new product')
        : line('~', action.changes.join(', '));
    case 'UploadFirmware':
      return line('+', `version ${action.version}`);
    case 'RetireFirmware':
    case 'WithdrawFirmware':
      return line('-', `version ${action.version}`);
    case 'ChangeGroup':
      return action.devices === 0
        ? line('-', `${action.group}, no devices`)
        : line('~', `${action.group}, ${countOf(action.devices, 'device')}`);
    case 'LockDevice':
      return line('+', `${action.device} ${describeLock(action)}`);
    case 'UnlockDevice':
      return line('-', `${action.device} ${describeLock(action)}`);
    case 'ReleaseFirmware':
      return line(action.from === null ? '+' : '~', describeRelease(action));
    case 'SetExposure':
      return line(action.exposure === 0 ? '-' : '~', describeExposure(action));
    case 'EndRelease':
      return line('-', `version ${action.version} for ${describeGroup(action.group)}`);
    default:
      return unreachable(action);
  }
}

function describeLock(action: Extract<Action, { type: 'LockDevice' | 'UnlockDevice' }>): string {
  return action.type === 'LockDevice'
    ? `on version ${action.version}, flash ${action.flash}`
    : `from version ${action.from}`;
}

function describeRelease(action: Extract<Action, { type: 'ReleaseFirmware' }>): string {
  const { version, from, group, rollback, exposure } = action;
  const versions = from === null ? `version ${version}` : `version ${from} -> ${version}`;
  const reach = exposure === BUCKETS ? '' : `, exposure ${formatExposure(exposure)} at first`;
  return `${versions} for ${describeGroup(group)}${rollback ? ', a rollback' : reach}`;
}

function describeExposure(action: Extract<Action, { type: 'SetExposure' }>): string {
  const { version, group, from, exposure, step, cause } = action;
  const reach =
    from === exposure
      ? formatExposure(exposure)
      : `${formatExposure(from)} -> ${formatExposure(exposure)}`;
  const what = cause === 'step' ? (step === null ? '' : `, step ${step}`) : `, ${CAUSES[cause]}`;
  return `version ${version} for ${describeGroup(group)}: ${reach}${what}`;
}

const CAUSES: Readonly<Record<Exclude<ExposureCause, 'step'>, string>> = {
  hold: 'halted: holds',
  rollback: 'halted: rolled back',
  resume: 'resumed',
  pause: 'paused',
  unpause: 'no longer paused',
  edit: 'strategy changed',
};
