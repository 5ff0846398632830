// What can be proposed, as far as it is known where its button stands: the words for it, what has to be asked for before
// it can be shown, and whether it may be proposed at all. Nothing is drawn here.

/** @import { PossibleProposalJson } from '../../reports/proposal-answers.ts' */

/** @typedef {'lock' | 'unlock' | 'release' | 'withdraw' | 'approve' | 'resume'} ProposalKind */

/**
 * @typedef {object} Draft
 * @property {ProposalKind} kind
 * @property {string} product
 * @property {string} [device]
 * @property {number} [version]
 * @property {'now' | 'on-reset'} [flash]
 * @property {string | null} [group] Null: the release to the whole product.
 * @property {string} [step]
 */

/** @typedef {{ value: string, label: string }} Option */

/**
 * Something that a person has to say first.
 * @typedef {object} Field
 * @property {'version' | 'device' | 'group' | 'reason' | 'url'} name
 * @property {string} label
 * @property {boolean} isRequired
 * @property {string | null} hint
 * @property {readonly Option[] | null} options Null: free text.
 * @property {string} value To begin with.
 */

/**
 * What may be chosen from.
 * @typedef {object} Choices
 * @property {readonly Option[]} [versions]
 * @property {readonly string[]} [groups] Those that a release may be meant for.
 * @property {boolean} [mayEveryone] Whether it may be meant for every device as well; default: yes.
 */

/**
 * What the button says.
 * @param {Draft} draft
 */
export function labelOf({ kind, flash, step }) {
  switch (kind) {
    case 'lock':
      return flash === 'on-reset' ? 'Lock and flash on reset' : 'Lock and flash now';
    case 'unlock':
      return 'Unlock';
    case 'release':
      return 'Release';
    case 'withdraw':
      return 'Withdraw';
    case 'approve':
      return step === undefined ? 'Approve step' : `Approve step ${step}`;
    case 'resume':
    default:
      return 'Resume';
  }
}

/**
 * What the dialog is about until the proposal has a title of its own.
 * @param {Draft} draft
 */
export function headingOf(draft) {
  const { kind, device, version, product } = draft;
  const label = labelOf(draft);
  if (kind === 'lock' || kind === 'unlock') return `${label}: ${device ?? 'a device'}`;
  if (version !== undefined) return `${label}: version ${version} of ${product}`;
  return `${label}: ${product}`;
}

/**
 * What has to be asked for; nothing where the draft says it all.
 * @param {Draft} draft
 * @param {Choices} choices
 * @returns {readonly Field[]}
 */
export function fieldsOf({ kind, device, version, group }, choices) {
  const { versions = [], groups = [], mayEveryone = true } = choices;
  /** @type {Field[]} */
  const fields = [];
  /**
   * @param {Field['name']} name
   * @param {string} label
   * @param {Partial<Field>} more
   */
  const add = (name, label, more = {}) => {
    fields.push({ name, label, isRequired: true, hint: null, options: null, value: '', ...more });
  };
  if (kind === 'lock') {
    if (device === undefined) add('device', 'Device', { hint: 'Its id, as it polls.' });
    if (version === undefined) {
      add('version', 'Version', { options: versions, value: versions[0]?.value ?? '' });
    }
    add('reason', 'Reason', { isRequired: false, hint: 'For those who find the lock later.' });
  }
  if (kind === 'release' && group === undefined && groups.length > 0) {
    const options = [
      ...(mayEveryone ? [EVERYONE] : []),
      ...groups.map((name) => ({ value: name, label: `Group ${name}` })),
    ];
    add('group', 'To', { isRequired: false, options, value: options[0]?.value ?? '' });
  }
  if (kind === 'withdraw') {
    add('reason', 'Reason', { hint: 'Why no device shall be offered it again.' });
    add('url', 'Link', { isRequired: false, hint: 'Such as the report of the defect.' });
  }
  return fields;
}

const EVERYONE = { value: '', label: 'Every device of the product' };

/**
 * The body of the request, of the draft and of what was said; empty answers are left out.
 * @param {Draft} draft
 * @param {Readonly<Record<string, string>>} said By the names of the fields.
 * @returns {Readonly<Record<string, unknown>>}
 */
export function requestOf(draft, said) {
  /** @type {Record<string, unknown>} */
  const request = {};
  for (const [name, value] of Object.entries(draft)) {
    if (value !== undefined && value !== null) request[name] = value;
  }
  for (const [name, text] of Object.entries(said)) {
    const value = text.trim();
    if (value !== '') request[name] = name === 'version' ? Number(value) : value;
  }
  return request;
}

/**
 * Why a draft may not be proposed now; null where it may, and where nobody can say yet. A release to nobody in particular
 * may be proposed where any group may have it.
 * @param {readonly PossibleProposalJson[] | null} possible
 * @param {Draft} draft
 * @returns {string | null}
 */
export function whyNot(possible, draft) {
  const meant = (possible ?? []).filter(
    ({ kind, version, group, step }) =>
      kind === draft.kind &&
      (draft.version === undefined || version === draft.version) &&
      (draft.group === undefined || group === draft.group) &&
      (draft.step === undefined || step === draft.step),
  );
  if (meant.some(({ may }) => may)) return null;
  return meant[0]?.reason ?? null;
}

/**
 * The groups that a version may be released to.
 * @param {readonly PossibleProposalJson[] | null} possible
 * @param {number} version
 */
export function groupsFor(possible, version) {
  return (possible ?? []).flatMap(({ kind, group, may, version: of }) =>
    kind === 'release' && of === version && may && group !== null ? [group] : [],
  );
}
