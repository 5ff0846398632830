// The filters above the list of devices. What is chosen goes to the address, and the list follows the address.

import { h } from 'preact';
import { useEffect, useId, useRef, useState } from 'preact/hooks';
import { countFilters, orderOf, ORDERS, orderTo, WAITS } from './device-filters.js';

/** @import { FilterName, Filters } from './device-filters.js' */

/** @typedef {Partial<Record<FilterName, string>>} FilterChange */
/** @typedef {readonly (readonly [value: string, label: string])[]} Options */

const TYPING_PAUSE_MS = 250;

/** @type {Readonly<Record<'locked' | 'online' | 'standing', Options>>} */
const OPTIONS = {
  locked: [
    ['true', 'Locked'],
    ['false', 'Not locked'],
  ],
  online: [
    ['true', 'Online'],
    ['false', 'Offline'],
  ],
  standing: [
    ['active', 'Active'],
    ['expected', 'Never seen'],
    ['quarantined', 'In quarantine'],
  ],
};

/**
 * @param {object} props
 * @param {Filters} props.filters
 * @param {Options} props.versions
 * @param {Options} props.groups
 * @param {(change: FilterChange, isTyping?: boolean) => void} props.onChange
 * @param {() => void} props.onClear
 */
export function FilterBar({ filters, versions, groups, onChange, onClear }) {
  /** @param {'running' | 'group' | 'locked' | 'online' | 'standing' | 'waiting'} name */
  const choice = (name, /** @type {string} */ label, /** @type {Options} */ options) =>
    h(Choice, {
      label,
      value: filters[name] ?? '',
      options: [['', 'Any'], ...options],
      onChoose: (value) => onChange({ [name]: value }),
    });
  /** @param {'failing' | 'drifted' | 'updating'} name */
  const mark = (name, /** @type {string} */ label) =>
    h(Mark, {
      label,
      isSet: filters[name] === 'true',
      onSet: (isSet) => onChange({ [name]: isSet ? 'true' : '' }),
    });
  return h(
    'form',
    {
      class: 'device-filters',
      role: 'search',
      'aria-label': 'Filter devices',
      onSubmit: (/** @type {Event} */ event) => event.preventDefault(),
    },
    h(PrefixField, {
      value: filters.prefix ?? '',
      onType: (prefix) => onChange({ prefix }, true),
    }),
    choice('running', 'Version', versions),
    choice('group', 'Group', groups),
    choice('locked', 'Lock', OPTIONS.locked),
    choice('online', 'Connection', OPTIONS.online),
    choice('standing', 'Standing', OPTIONS.standing),
    choice('waiting', 'Waits', WAITS),
    h(Choice, {
      label: 'Sort by',
      value: orderOf(filters),
      options: ORDERS,
      onChoose: (order) => onChange(orderTo(order)),
    }),
    h(
      'div',
      { class: 'device-marks' },
      mark('failing', 'Failing'),
      mark('drifted', 'Drifted'),
      mark('updating', 'Updating'),
      h(
        'button',
        {
          class: 'button small',
          type: 'button',
          disabled: countFilters(filters) === 0,
          onClick: onClear,
        },
        'Clear filters',
      ),
    ),
  );
}

/** @param {{ value: string, onType: (text: string) => void }} props */
function PrefixField({ value, onType }) {
  const id = useId();
  const [text, setText] = useState(value);
  const told = useRef(value);
  const timer = useRef(/** @type {ReturnType<typeof setTimeout> | undefined} */ (undefined));
  useEffect(() => {
    // The address was changed by something else, such as the way back.
    if (value === told.current) return;
    told.current = value;
    setText(value);
  }, [value]);
  useEffect(() => () => clearTimeout(timer.current), []);
  return h(
    'div',
    { class: 'field filter-prefix' },
    h('label', { for: id }, 'Id begins with'),
    h('input', {
      id,
      type: 'search',
      value: text,
      maxLength: 256,
      spellcheck: false,
      autocomplete: 'off',
      onInput: (/** @type {import('preact').TargetedEvent<HTMLInputElement>} */ event) => {
        const typed = event.currentTarget.value;
        setText(typed);
        clearTimeout(timer.current);
        timer.current = setTimeout(() => {
          told.current = typed.trim();
          onType(typed.trim());
        }, TYPING_PAUSE_MS);
      },
    }),
  );
}

/** @param {{ label: string, value: string, options: Options, onChoose: (value: string) => void }} props */
function Choice({ label, value, options, onChoose }) {
  const id = useId();
  const isKnown = options.some(([each]) => each === value);
  // An address may name what is not there any more: it is shown, and can be taken away.
  const all = isKnown ? options : [...options, /** @type {const} */ ([value, value])];
  return h(
    'div',
    { class: 'field' },
    h('label', { for: id }, label),
    h(
      'select',
      {
        id,
        value,
        onChange: (/** @type {import("preact").TargetedEvent<HTMLSelectElement>} */ event) =>
          onChoose(event.currentTarget.value),
      },
      all.map(([each, words]) => h('option', { key: each, value: each }, words)),
    ),
  );
}

/** @param {{ label: string, isSet: boolean, onSet: (isSet: boolean) => void }} props */
function Mark({ label, isSet, onSet }) {
  return h(
    'label',
    { class: 'check' },
    h('input', {
      type: 'checkbox',
      checked: isSet,
      onChange: (event) => onSet(event.currentTarget.checked),
    }),
    label,
  );
}
