// What a version is, in a few words. Nothing is drawn here.

import { formatCount } from './number.js';

/** @import { FirmwareJson } from '../../reports/answers.ts' */
/** @import { Tone } from './badge.js' */

/**
 * How a version stands: released or not, verified or not.
 * @param {Pick<FirmwareJson, 'withdrawn' | 'retiring' | 'released' | 'verified' | 'stored' | 'gate'>} firmware
 * @returns {readonly { tone: Tone, word: string }[]}
 */
export function versionState({ withdrawn, retiring, released, verified, stored, gate }) {
  /** @type {{ tone: Tone, word: string }[]} */
  const states = [];
  if (withdrawn !== null) states.push({ tone: 'bad', word: 'Withdrawn' });
  if (retiring) states.push({ tone: 'warn', word: 'Retiring' });
  if (!stored) states.push({ tone: 'warn', word: 'Binary missing' });
  states.push(verifiedState(verified, gate));
  states.push(released ? { tone: 'ok', word: 'Released' } : { tone: 'none', word: 'Not released' });
  return states;
}

/**
 * @param {FirmwareJson['verified']} verified
 * @param {FirmwareJson['gate']} gate
 * @returns {{ tone: Tone, word: string }}
 */
function verifiedState(verified, gate) {
  if (verified !== null) return { tone: 'ok', word: 'Verified' };
  return gate?.verdict === 'waiting'
    ? { tone: 'moving', word: 'Being verified' }
    : { tone: 'none', word: 'Not verified' };
}

/**
 * What is compiled in, as names and values; only what the format carries. Digests are left to others.
 * @param {Pick<FirmwareJson, 'compiled' | 'size'>} firmware
 * @returns {readonly (readonly [name: string, value: string])[]}
 */
export function describeBinary({ compiled, size }) {
  /** @type {(readonly [string, string | null])[]} */
  const facts = [['Size', size === null || size === 0 ? null : `${formatCount(size)} bytes`]];
  if (compiled !== null) {
    const { format, productId, version, versionText, platform, details } = compiled;
    facts.push(
      ['Format', format],
      ['Compiled-in product id', textOf(productId)],
      ['Compiled-in version', versionText ?? textOf(version)],
      ['Platform', platform === null ? null : (platform.name ?? `id ${platform.id}`)],
      ...details.map(({ name, value }) => /** @type {const} */ ([capital(name), value])),
    );
  }
  return facts.flatMap(([name, value]) =>
    value === null ? [] : [/** @type {const} */ ([name, value])],
  );
}

/** @param {number | null} value */
function textOf(value) {
  return value === null ? null : String(value);
}

/** @param {string} text */
function capital(text) {
  return text.slice(0, 1).toUpperCase() + text.slice(1);
}
