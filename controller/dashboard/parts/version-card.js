// One version of a product: what it is, who runs it, who has verified it, and what may be proposed of it.

import { h } from 'preact';
import { groupsFor, whyNot } from '../propose/draft.js';
import { ProposeButton } from '../propose/propose-button.js';
import { hrefOf } from '../router.js';
import { Badge } from './badge.js';
import { Bar } from './bar.js';
import { Facts } from './facts.js';
import { describeBinary, versionState } from './firmware-words.js';
import { CommitLink, DeviceLink, OutLink, PlaceLink } from './links.js';
import { countOf, formatCount, formatShare } from './number.js';
import { Time } from './time.js';

/** @import { FirmwareJson } from '../../reports/answers.ts' */
/** @import { PossibleProposalJson } from '../../reports/proposal-answers.ts' */

/** Devices that are named before one asks for more. */
const NAMED_FIRST = 3;

/**
 * @typedef {object} VersionProps
 * @property {string} product
 * @property {FirmwareJson} firmware
 * @property {readonly PossibleProposalJson[] | null} possible
 */

/** @param {VersionProps} props */
export function VersionCard({ product, firmware, possible }) {
  const { version, title, description, withdrawn } = firmware;
  const id = `version-${version}`;
  return h(
    'section',
    { class: 'section', 'aria-labelledby': id },
    h(
      'div',
      { class: 'section-head' },
      h('h2', { id }, `Version ${version}`, title !== null && [': ', title]),
      h(
        'span',
        { class: 'badges' },
        versionState(firmware).map(({ tone, word }) => h(Badge, { key: word, tone }, word)),
      ),
    ),
    h(
      'div',
      { class: 'section-body version' },
      h(
        'div',
        { class: 'version-about' },
        withdrawn !== null &&
          h(
            'p',
            { class: 'notice tone-bad' },
            h(
              'span',
              null,
              h('strong', null, 'Withdrawn: '),
              withdrawn.reason,
              withdrawn.url !== null && [' ', h(OutLink, { href: withdrawn.url }, withdrawn.url)],
            ),
          ),
        description !== null && h('p', { class: 'prose' }, description),
        h(Facts, { facts: factsOf(firmware) }),
      ),
      h(
        'div',
        { class: 'version-fleet' },
        h(Running, { product, firmware }),
        h(Verified, { product, firmware }),
        h(Proposals, { product, firmware, possible }),
      ),
    ),
  );
}

/**
 * @param {FirmwareJson} firmware
 * @returns {readonly import('./facts.js').Fact[]}
 */
function factsOf(firmware) {
  const { reportedAs, digest, compiled, manifest, file, line, revision } = firmware;
  return [
    ...describeBinary(firmware),
    ['Devices report', h('code', null, reportedAs)],
    ['Commit', h(CommitLink, { revision })],
    [
      'Manifest',
      h('span', null, manifest, ' ', file !== null && h(PlaceLink, { file, line, revision })),
    ],
    ...(compiled === null || compiled.appHash === null
      ? []
      : [/** @type {const} */ (['Application hash', h('code', null, compiled.appHash), true])]),
    ['SHA-256', h('code', null, digest), true],
  ];
}

/** @param {{ product: string, firmware: FirmwareJson }} props */
function Running({ product, firmware: { version, running, share } }) {
  if (running === null) return h('p', { class: 'muted' }, 'The fleet has not been seen yet.');
  const percent = formatShare(share ?? 0, 1);
  const label = `${countOf(running, 'device runs', 'devices run')} it, ${percent} of the fleet`;
  return h(
    'div',
    { class: 'release-counts' },
    h(
      'p',
      null,
      h(
        'a',
        { href: hrefOf(['p', product, 'devices'], { running: String(version) }) },
        countOf(running, 'device'),
      ),
      ` ${running === 1 ? 'runs' : 'run'} it: ${percent}`,
    ),
    h(Bar, { total: 1, label, parts: [{ value: share ?? 0, tone: 'info', label: 'run it' }] }),
  );
}

/** @param {{ product: string, firmware: FirmwareJson }} props */
function Verified({ product, firmware: { verified } }) {
  // What it lacks is said where it would be released.
  if (verified === null) return h('p', { class: 'muted' }, 'Verified by no device yet.');
  const { at, by, count } = verified;
  const first = by.slice(0, NAMED_FIRST);
  const rest = by.slice(NAMED_FIRST);
  const unnamed = count - by.length;
  return h(
    'div',
    null,
    h('p', null, 'Verified since ', h(Time, { at }), by.length > 0 && ' by'),
    h(Verifiers, { product, by: first }),
    rest.length > 0 &&
      h(
        'details',
        { class: 'more' },
        h('summary', null, `${formatCount(count - first.length)} more`),
        h(Verifiers, { product, by: rest }),
        unnamed > 0 && h('p', { class: 'muted' }, `and ${countOf(unnamed, 'other device')}`),
      ),
  );
}

/** @param {{ product: string, by: NonNullable<FirmwareJson['verified']>['by'] }} props */
function Verifiers({ product, by }) {
  return h(
    'ul',
    { class: 'verifiers' },
    by.map(({ device, level, at }) =>
      h(
        'li',
        { key: device },
        h(DeviceLink, { product, id: device }),
        h('span', { class: 'muted' }, ` ${level}, `, h(Time, { at })),
      ),
    ),
  );
}

/** @param {VersionProps} props */
function Proposals({ product, firmware, possible }) {
  const { version, withdrawn, retiring } = firmware;
  const groups = groupsFor(possible, version);
  const why = whyNotRelease(firmware, groups);
  const isGone = withdrawn !== null || retiring;
  return h(
    'div',
    { class: 'proposals' },
    h(ProposeButton, {
      draft: { kind: 'release', product, version, ...(groups.length === 0 && { group: null }) },
      choices: { groups, mayEveryone: firmware.releasable.may },
      why,
      isPrimary: firmware.releasable.may,
      ...(why === null && !firmware.releasable.may && { label: 'Release to a group' }),
    }),
    !isGone &&
      h(ProposeButton, {
        draft: { kind: 'lock', product, version, flash: 'now' },
        label: 'Lock a device to it',
      }),
    !isGone &&
      h(ProposeButton, {
        draft: { kind: 'withdraw', product, version },
        why: whyNot(possible, { kind: 'withdraw', product, version }),
      }),
  );
}

/**
 * @param {FirmwareJson} firmware
 * @param {readonly string[]} groups That it may be released to, besides everyone.
 */
function whyNotRelease({ releasable: { may, message, remedy } }, groups) {
  if (may || groups.length > 0) return null;
  return [message, remedy].filter((part) => part !== null).join(' ');
}
