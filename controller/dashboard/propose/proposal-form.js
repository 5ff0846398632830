// Asks for what a proposal needs besides where its button stands.

import { h } from 'preact';
import { useEffect, useRef } from 'preact/hooks';
import { Failure } from '../parts/page.js';

/** @import { AskFailure } from '../api.js' */
/** @import { Field } from './draft.js' */

/**
 * @param {object} props
 * @param {readonly Field[]} props.fields
 * @param {Readonly<Record<string, string>>} props.said
 * @param {AskFailure | null} props.failure
 * @param {(said: Record<string, string>) => void} props.onSay
 * @param {() => void} props.onShow
 */
export function ProposalForm({ fields, said, failure, onSay, onShow }) {
  const form = useRef(/** @type {HTMLFormElement | null} */ (null));
  useEffect(() => {
    const first = form.current?.elements.item(0);
    if (first instanceof HTMLElement) first.focus();
  }, []);
  return h(
    'form',
    {
      ref: form,
      class: 'form',
      onSubmit: (/** @type {SubmitEvent} */ event) => {
        event.preventDefault();
        onShow();
      },
    },
    fields.map((field, index) =>
      h(FormField, {
        key: field.name,
        field,
        // For when the dialog opens; the effect above is for when one comes back to the form.
        isFirst: index === 0,
        value: said[field.name] ?? '',
        onSay: (value) => onSay({ ...said, [field.name]: value }),
      }),
    ),
    failure !== null && h(Failure, { failure }),
    h(
      'div',
      { class: 'dialog-buttons' },
      h('button', { class: 'button primary', type: 'submit' }, 'Show the change'),
    ),
  );
}

/** @param {{ field: Field, isFirst: boolean, value: string, onSay: (value: string) => void }} props */
function FormField({ field, isFirst, value, onSay }) {
  const { name, label, isRequired, hint, options } = field;
  const id = `propose-${name}`;
  const shared = {
    id,
    name,
    required: isRequired,
    autofocus: isFirst,
    value,
    'aria-describedby': hint === null ? undefined : `${id}-hint`,
  };
  return h(
    'div',
    { class: 'field' },
    h('label', { for: id }, isRequired || options !== null ? label : `${label} (optional)`),
    options === null
      ? h('input', {
          ...shared,
          type: 'text',
          spellcheck: false,
          autocomplete: 'off',
          maxLength: name === 'url' ? 2_048 : name === 'device' ? 256 : 1_000,
          onInput: (/** @type {Event} */ event) => onSay(valueOf(event)),
        })
      : h(
          'select',
          { ...shared, onChange: (/** @type {Event} */ event) => onSay(valueOf(event)) },
          options.map((option) =>
            h('option', { key: option.value, value: option.value }, option.label),
          ),
        ),
    hint !== null && h('p', { id: `${id}-hint`, class: 'hint' }, hint),
  );
}

/** @param {Event} event */
function valueOf(event) {
  return /** @type {HTMLInputElement | HTMLSelectElement} */ (event.currentTarget).value;
}
