// What was done to a device, newest first, each with what the device said of it.

import { h } from 'preact';
import { useState } from 'preact/hooks';
import { useAnswer } from '../hooks.js';
import { Badge } from './badge.js';
import { CommitLink, ManifestLink } from './links.js';
import { Empty, Loading } from './page.js';
import { Time } from './time.js';

/** @import { ActionJson, ActionSummaryJson } from '../../reports/answers.ts' */
/** @import { Tone } from './badge.js' */

/** @type {Readonly<Record<ActionSummaryJson['state'], { tone: Tone, word: string }>>} */
const STATES = {
  open: { tone: 'moving', word: 'Under way' },
  cancelling: { tone: 'held', word: 'Being cancelled' },
  cancelled: { tone: 'none', word: 'Cancelled' },
  succeeded: { tone: 'ok', word: 'Succeeded' },
  failed: { tone: 'bad', word: 'Failed' },
};

/** @param {{ product: string, own: string, actions: readonly ActionSummaryJson[] }} props */
export function ActionList({ product, own, actions }) {
  if (actions.length === 0) {
    return h(
      Empty,
      { title: 'Nothing was ever done to it' },
      'It has been offered no version yet.',
    );
  }
  return h(
    'ol',
    { class: 'actions' },
    actions.map((action, index) =>
      h(Action, { key: action.id, product, own, action, isFirst: index === 0 }),
    ),
  );
}

/**
 * @param {{ product: string, own: string, action: ActionSummaryJson, isFirst: boolean }} props
 */
function Action({ product, own, action, isFirst }) {
  const [isOpen, setOpen] = useState(isFirst);
  const { id, state, version, attempt, offeredAt, fetchedAt, closedAt, confirmed } = action;
  const { tone, word } = STATES[state];
  return h(
    'li',
    null,
    h(
      'details',
      {
        open: isOpen,
        onToggle: (/** @type {Event} */ event) =>
          setOpen(/** @type {HTMLDetailsElement} */ (event.currentTarget).open),
      },
      h(
        'summary',
        null,
        h(Badge, { tone }, word),
        h('strong', null, `Version ${version}`),
        attempt > 1 && h('span', { class: 'muted' }, `attempt ${attempt}`),
        h('span', { class: 'muted' }, h(Time, { at: offeredAt })),
      ),
      h(
        'div',
        { class: 'action-body' },
        action.message !== null && h('p', { class: 'words' }, action.message),
        h(
          'p',
          { class: 'hint' },
          `Action ${id}, by `,
          h(ManifestLink, { manifest: action.manifest, product }),
          ' of ',
          h(CommitLink, { revision: action.revision }),
          '. Offered ',
          h(Time, { at: offeredAt }),
          fetchedAt !== null && [', fetched ', h(Time, { at: fetchedAt })],
          closedAt !== null && [', ended ', h(Time, { at: closedAt })],
          confirmed ? ', and seen running.' : '.',
        ),
        isOpen && h(Feedback, { question: `${own}/actions/${id}`, product }),
      ),
    ),
  );
}

/** @param {{ question: import('../hooks.js').Question<ActionJson>, product: string }} props */
function Feedback({ question, product }) {
  const { data, failure, isLoading } = useAnswer(question, [`product:${product}`]);
  if (isLoading) return h(Loading, { lines: 2 });
  if (data === null) return h('p', { class: 'tone-bad' }, failure?.message);
  if (data.feedback.length === 0) {
    return h('p', { class: 'hint' }, 'The device has said nothing of it.');
  }
  return h(
    'ol',
    { class: 'feedback', 'aria-label': 'What the device said, newest last' },
    data.feedback.map(({ at, execution, finished, progress, code, details }, index) =>
      h(
        'li',
        { key: index },
        h(Time, { at }),
        h(
          'span',
          { class: 'mono' },
          `${execution} / ${finished}`,
          progress !== null && ` ${progress.cnt} of ${progress.of}`,
          code !== null && ` code ${code}`,
        ),
        details.length > 0 && h('span', { class: 'words' }, details.join('\n')),
      ),
    ),
  );
}
