// A plan in words: what would be done, what would be refused, and what it means for the devices. Text of manifests and
// devices is in it, to be shown as text.

/** @import { ActionPlanJson, PlanJson, ProductPlanJson } from '../../reports/plan-json.ts' */
/** @import { FlashCount } from '../../model/plan.ts' */

import { countOf, formatCount, formatPercent } from '../parts/number.js';

/**
 * @typedef {object} PlanWords
 * @property {readonly { symbol: '+' | '~' | '−', text: string, manifest: string }[]} actions
 * @property {readonly { message: string, remedy: string }[]} refusals
 * @property {readonly { message: string, remedy: string }[]} warnings
 * @property {readonly string[]} impact Sentences.
 */

/**
 * @param {PlanJson} plan
 * @returns {PlanWords}
 */
export function describePlan({ products, errors }) {
  return {
    actions: products.flatMap(({ actions }) => joinLocks(actions)),
    refusals: [...errors, ...products.flatMap(({ refusals }) => refusals)].map(toNotice),
    warnings: products.flatMap(({ warnings }) => warnings).map(toNotice),
    impact: products.flatMap(describeImpact),
  };
}

/** @param {{ message: string, remedy: string }} notice */
function toNotice({ message, remedy }) {
  return { message, remedy };
}

/**
 * Many locks of one manifest are one line.
 * @param {readonly ActionPlanJson[]} actions
 */
function joinLocks(actions) {
  /** @type {Map<string, { action: ActionPlanJson, count: number }>} */
  const lines = new Map();
  for (const [index, action] of actions.entries()) {
    const isLock = action.type === 'LockDevice' || action.type === 'UnlockDevice';
    const key = isLock ? `${action.type} ${action.manifest}` : String(index);
    const line = lines.get(key);
    if (line === undefined) lines.set(key, { action, count: 1 });
    else line.count += 1;
  }
  return [...lines.values()].map(({ action, count }) => {
    const [symbol, text] = describeAction(action, count);
    return { symbol, text, manifest: action.manifest };
  });
}

/**
 * @param {ActionPlanJson} action
 * @param {number} count Of devices, where it stands for several.
 * @returns {['+' | '~' | '−', string]}
 */
function describeAction(action, count) {
  switch (action.type) {
    case 'ConfigureProduct':
      return action.changes[0] === 'new'
        ? ['+', 'Begin with the product']
        : ['~', `Change the product: ${action.changes.join(', ')}`];
    case 'UploadFirmware':
      return ['+', `Take in version ${action.version}`];
    case 'RetireFirmware':
      return ['−', `Retire version ${action.version}`];
    case 'WithdrawFirmware':
      return ['−', `Withdraw version ${action.version}: no device is offered it again`];
    case 'ChangeGroup':
      return ['~', `Group ${action.group} has ${countOf(action.devices, 'device')}`];
    case 'LockDevice': {
      const who = count === 1 ? action.device : countOf(count, 'device');
      const when = action.flash === 'now' ? 'flash it now' : 'flash it when it next comes online';
      return ['+', `Lock ${who} to version ${action.version}, and ${when}`];
    }
    case 'UnlockDevice': {
      const who = count === 1 ? action.device : countOf(count, 'device');
      return ['−', `Unlock ${who} from version ${action.from}`];
    }
    case 'ReleaseFirmware': {
      const { version, from, group, rollback, exposure } = action;
      const before = from === null ? '' : `, instead of version ${from}`;
      const reach = rollback ? ', a rollback' : `, ${reachOf(exposure)} at first`;
      return ['+', `Release version ${version} to ${audienceOf(group)}${before}${reach}`];
    }
    case 'SetExposure':
      return [action.exposure === 0 ? '−' : '~', action.message];
    case 'EndRelease':
    default:
      return ['−', `End the release of version ${action.version} to ${audienceOf(action.group)}`];
  }
}

/** @param {string | null} group */
function audienceOf(group) {
  return group === null ? 'every device' : `group ${group}`;
}

/** @param {number} exposure */
function reachOf(exposure) {
  return exposure >= 100 ? 'all of them' : `${formatPercent(exposure)} of them`;
}

/** @param {ProductPlanJson} plan */
function describeImpact({ impact }) {
  const { devices, flashes, locked, offline } = impact;
  const sum = flashes.reduce((total, each) => total + each.devices, 0);
  const begin =
    sum === 0
      ? `No device is flashed at once, of ${formatCount(devices)}.`
      : `${countOf(sum, 'device')} of ${formatCount(devices)} ${sum === 1 ? 'is' : 'are'} to be flashed: ${flashes.map(describeFlash).join(', ')}.`;
  const more = [];
  if (locked > 0) more.push(`${countOf(locked, 'device is', 'devices are')} locked.`);
  if (offline > 0) more.push(`${countOf(offline, 'device is', 'devices are')} offline.`);
  return [begin, ...more];
}

/** @param {FlashCount} flash */
function describeFlash({ from, to, devices }) {
  const before = from === null ? 'an unknown version' : `version ${from}`;
  return `${formatCount(devices)} from ${before} to ${to}`;
}
