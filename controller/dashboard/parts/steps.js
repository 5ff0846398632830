// The steps of a release as a picture: one box after another, each with its name, how far it reaches and how it stands.

import { h } from 'preact';
import { Icon } from './icon.js';
import { countOf, formatPercent } from './number.js';

/** @import { StepPlanJson } from '../answers.js' */
/** @import { Tone } from './badge.js' */

/** @type {Readonly<Record<StepPlanJson['state'], { tone: Tone, word: string }>>} */
const STATES = {
  done: { tone: 'ok', word: 'done' },
  current: { tone: 'moving', word: 'now' },
  ahead: { tone: 'none', word: 'to come' },
};

/** @param {{ steps: readonly StepPlanJson[], label: string, isHeld?: boolean }} props */
export function Steps({ steps, label, isHeld = false }) {
  return h(
    'ol',
    { class: 'steps', 'aria-label': label },
    steps.map((step) => {
      const { word } = STATES[step.state];
      const tone = isHeld && step.state === 'current' ? 'held' : STATES[step.state].tone;
      const wantsApproval = step.approval === 'needed';
      return h(
        'li',
        {
          key: step.name,
          class: `step is-${step.state}`,
          'aria-current': step.state === 'current' ? 'step' : undefined,
        },
        h(
          'span',
          { class: 'step-name' },
          h('span', { class: `tone-${tone}` }, h(Icon, { name: tone })),
          h('strong', null, step.name),
          h('span', { class: 'sr-only' }, `, ${word}`),
        ),
        h(
          'span',
          { class: 'muted' },
          `${formatPercent(step.limit)} · ${countOf(step.devices, 'device')}`,
        ),
        wantsApproval && h('span', { class: 'step-note' }, 'needs approval'),
      );
    }),
  );
}
