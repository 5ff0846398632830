// A proposal before it is made: what it would lead to, what is wrong with it, and the change of each file.

import { h } from 'preact';
import { useAnswer } from '../hooks.js';
import { Coded } from '../parts/coded.js';
import { Icon } from '../parts/icon.js';
import { countOf } from '../parts/number.js';
import { FileChange } from './diff-view.js';
import { describePlan } from './plan-words.js';

/** @import { ComponentChildren } from 'preact' */
/** @import { ProductJson } from '../../reports/answers.ts' */
/** @import { ProposalPreviewJson } from '../../reports/proposal-answers.ts' */

/** @param {{ preview: ProposalPreviewJson }} props */
export function Preview({ preview }) {
  const { files, plan, planFailure, problems, pullRequest } = preview;
  const words = plan === null ? null : describePlan(plan);
  const standing = useStanding(plan?.products[0]?.product ?? null);
  const refusals = distinct(words?.refusals ?? []);
  const warnings = distinct([...problems, ...(words?.warnings ?? [])]);
  /** @param {{ message: string }} notice */
  const isNew = ({ message }) => !standing.has(message);
  const old = [...refusals, ...warnings].filter((notice) => !isNew(notice));
  const isGone = files.some(({ after }) => after === null);
  return h(
    'div',
    { class: 'preview' },
    pullRequest !== null &&
      h(
        Notice,
        { tone: 'info' },
        h(
          'a',
          { href: pullRequest.url, target: '_blank', rel: 'noreferrer' },
          `Pull request #${pullRequest.number}`,
        ),
        ' is open for it already.',
      ),
    h('h3', null, 'What it would do'),
    planFailure !== null &&
      h(Notice, { tone: 'warn' }, 'It could not be planned. ', planFailure.message),
    words !== null && h(PlanList, { words }),
    refusals.filter(isNew).map((notice) => h(Telling, { tone: 'bad', notice })),
    warnings.filter(isNew).map((notice) => h(Telling, { tone: 'warn', notice })),
    old.length > 0 &&
      h(
        'details',
        { class: 'more' },
        h(
          'summary',
          null,
          `${countOf(old.length, 'notice')} that ${old.length === 1 ? 'stands' : 'stand'} already`,
        ),
        old.map((notice) => h(Telling, { tone: 'warn', notice })),
      ),
    h('h3', null, files.length === 1 ? 'The change' : `The change, in ${files.length} files`),
    files.map((file) => h(FileChange, { key: file.path, file })),
    !preview.open.may &&
      h(
        'p',
        { class: 'hint' },
        'Commit ',
        files.length === 1 ? 'this file' : 'these files',
        ' to the fleet repo to make the change',
        isGone && '; what is removed goes with ',
        isGone && h('code', null, 'git rm'),
        '.',
      ),
  );
}

/** @param {{ words: ReturnType<typeof describePlan> }} props */
function PlanList({ words }) {
  const { actions, impact } = words;
  return h(
    'div',
    { class: 'plan-words' },
    actions.length === 0
      ? h('p', null, 'Nothing at once.')
      : h(
          'ul',
          null,
          actions.map(({ symbol, text, manifest }, index) =>
            h(
              'li',
              { key: index },
              h('span', { class: 'plan-symbol mono', 'aria-hidden': 'true' }, symbol),
              h('span', null, text, ' ', h('span', { class: 'muted' }, `(${manifest})`)),
            ),
          ),
        ),
    h('p', { class: 'muted' }, impact.join(' ')),
  );
}

/**
 * The change's own problems and the plan's warnings may be the same.
 * @param {readonly { message: string, remedy: string }[]} notices
 */
function distinct(notices) {
  return [...new Map(notices.map((each) => [each.message, each])).values()];
}

/** @param {{ tone: 'warn' | 'bad', notice: { message: string, remedy: string } }} props */
function Telling({ tone, notice: { message, remedy } }) {
  return h(
    Notice,
    { tone },
    h('strong', null, h(Coded, { text: message })),
    ' ',
    h(Coded, { text: remedy }),
  );
}

/**
 * What stands against a product anyway is no news of a proposal.
 * @param {string | null} product
 * @returns {ReadonlySet<string>} Messages.
 */
function useStanding(product) {
  /** @type {import('../hooks.js').Question<ProductJson> | null} */
  const question = product === null ? null : `/products/${encodeURIComponent(product)}`;
  const { data } = useAnswer(question, []);
  const { problems = [], warnings = [] } = data ?? {};
  return new Set([...problems, ...warnings].map(({ message }) => message));
}

/** @param {{ tone: 'info' | 'warn' | 'bad', children?: ComponentChildren }} props */
function Notice({ tone, children }) {
  return h(
    'div',
    { class: `notice tone-${tone}` },
    h(Icon, { name: tone }),
    h('p', null, children),
  );
}
