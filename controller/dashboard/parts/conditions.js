// What the controller says of a product: its condition in a word, and all of its conditions in full.

import { h } from 'preact';
import { Badge } from './badge.js';
import { Time } from './time.js';

/** @import { ConditionJson, ProductSummaryJson } from '../answers.js' */
/** @import { Tone } from './badge.js' */

/**
 * How a product stands, in a word: the one thing that matters most comes first.
 * @param {ProductSummaryJson} product
 * @returns {{ tone: Tone, word: string }}
 */
export function productState({ conditions, stopped }) {
  const has = (/** @type {string} */ type) =>
    conditions.find((each) => each.type === type && each.status === 'True');
  if (stopped) return { tone: 'bad', word: 'Emergency stop' };
  if (has('Stalled')) return { tone: 'bad', word: 'Needs a person' };
  if (has('Drifted')) return { tone: 'warn', word: 'Drifted' };
  if (has('Suspended')) return { tone: 'held', word: 'Paused' };
  if (has('Reconciling')) return { tone: 'moving', word: 'On the way' };
  const ready = conditions.find(({ type }) => type === 'Ready');
  if (ready === undefined) return { tone: 'waiting', word: 'Not seen yet' };
  if (ready.status === 'True') return { tone: 'ok', word: 'In step' };
  if (ready.reason === 'NoDevices') return { tone: 'none', word: 'No devices' };
  if (ready.status === 'Unknown') return { tone: 'waiting', word: 'Not known' };
  return { tone: 'warn', word: 'Not ready' };
}

/** @param {{ product: ProductSummaryJson }} props */
export function ProductBadge({ product }) {
  const { tone, word } = productState(product);
  return h(Badge, { tone }, word);
}

/** @param {{ conditions: readonly ConditionJson[] }} props */
export function Conditions({ conditions }) {
  return h(
    'ul',
    { class: 'conditions' },
    conditions.map((condition) => {
      const { type, status, reason, message, lastTransitionTime } = condition;
      return h(
        'li',
        { key: type },
        h(Badge, { tone: toneOf(condition) }, status === 'True' ? type : `${type}: ${status}`),
        h(
          'span',
          null,
          message,
          ' ',
          h(
            'span',
            { class: 'muted nowrap' },
            `${reason}, since `,
            h(Time, { at: lastTransitionTime }),
          ),
        ),
      );
    }),
  );
}

/**
 * @param {ConditionJson} condition
 * @returns {Tone}
 */
function toneOf({ type, status, reason }) {
  switch (type) {
    case 'Ready':
      if (status === 'True') return 'ok';
      if (status === 'Unknown') return 'waiting';
      return reason === 'Progressing' ? 'moving' : reason === 'NoDevices' ? 'none' : 'warn';
    case 'Reconciling':
      return 'moving';
    case 'Stalled':
      return 'bad';
    case 'Drifted':
      return 'warn';
    case 'Suspended':
    default:
      return 'held';
  }
}
