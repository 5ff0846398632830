// A button that proposes a change of the manifests, and the dialog behind it. A button that may not be pressed stays where
// it is and says why beside it; it can still be reached by the keyboard, so that its reason is read out as well.

import { h } from 'preact';
import { useId, useState } from 'preact/hooks';
import { useAnswer } from '../hooks.js';
import { Coded } from '../parts/coded.js';
import { labelOf } from './draft.js';
import { ProposeDialog } from './propose-dialog.js';

/** @import { PossibleProposalJson } from '../../reports/proposal-answers.ts' */
/** @import { Choices, Draft } from './draft.js' */

/**
 * @typedef {object} ProposeButtonProps
 * @property {Draft} draft What is proposed, as far as it is known here.
 * @property {string | null} [why] Why it may not be proposed now; null: it may.
 * @property {Choices} [choices] For what the dialog asks for first.
 * @property {string} [label] Instead of the usual words for its kind.
 * @property {boolean} [isPrimary]
 */

/** @param {ProposeButtonProps} props */
export function ProposeButton({ draft, why = null, choices = {}, label, isPrimary = false }) {
  const [isOpen, setOpen] = useState(false);
  const reasonId = useId();
  const isOff = why !== null;
  return h(
    'div',
    { class: 'propose' },
    h(
      'button',
      {
        class: isPrimary ? 'button primary' : 'button',
        type: 'button',
        'aria-disabled': isOff ? 'true' : undefined,
        'aria-describedby': isOff ? reasonId : undefined,
        'aria-haspopup': 'dialog',
        onClick: () => {
          if (!isOff) setOpen(true);
        },
      },
      label ?? labelOf(draft),
    ),
    isOff && h('p', { id: reasonId, class: 'hint' }, h(Coded, { text: why })),
    isOpen && h(ProposeDialog, { draft, choices, onClose: () => setOpen(false) }),
  );
}

/**
 * What may be proposed of a product, and why not the rest; null until it is known.
 * @param {string} product
 * @returns {readonly PossibleProposalJson[] | null}
 */
export function usePossible(product) {
  /** @type {import('../hooks.js').Current<{ items: readonly PossibleProposalJson[] }>} */
  const { data } = useAnswer(`/products/${encodeURIComponent(product)}/proposals`, [
    `product:${product}`,
    'status',
  ]);
  return data?.items ?? null;
}
