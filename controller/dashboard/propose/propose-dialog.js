// The dialog of a proposal: asks for what is not known yet, shows the change of each file and what it would lead to, and
// opens the pull request. Nothing here changes the fleet.

import { h } from 'preact';
import { useEffect, useId, useRef, useState } from 'preact/hooks';
import { tell } from '../api.js';
import { useFrame } from '../hooks.js';
import { Icon } from '../parts/icon.js';
import { Failure, Loading } from '../parts/page.js';
import { fieldsOf, headingOf, requestOf } from './draft.js';
import { ProposalForm } from './proposal-form.js';
import { Preview } from './preview.js';

/** @import { AskFailure } from '../api.js' */
/** @import { ProposalPreviewJson, PullRequestJson } from '../../reports/proposal-answers.ts' */
/** @import { Choices, Draft } from './draft.js' */

/**
 * Where the dialog is.
 * @typedef {{ at: 'form', failure: AskFailure | null }
 *   | { at: 'loading' }
 *   | { at: 'failed', failure: AskFailure }
 *   | { at: 'shown', preview: ProposalPreviewJson, isOpening: boolean, failure: AskFailure | null }
 *   | { at: 'opened', pullRequest: PullRequestJson }} Stage
 */

/** @param {{ draft: Draft, choices: Choices, onClose: () => void }} props */
export function ProposeDialog({ draft: given, choices: known, onClose }) {
  // As they were when the dialog was opened: what becomes live meanwhile must not change what is being filled in.
  const [{ draft, fields }] = useState(() => ({ draft: given, fields: fieldsOf(given, known) }));
  const [said, setSaid] = useState(() =>
    Object.fromEntries(fields.map(({ name, value }) => [name, value])),
  );
  const [stage, setStage] = useState(() => (fields.length > 0 ? FORM : LOADING));
  const dialog = useRef(/** @type {HTMLDialogElement | null} */ (null));
  const isThere = useRef(true);
  const heading = useRef(/** @type {HTMLHeadingElement | null} */ (null));
  const titleId = useId();

  const show = async () => {
    setStage(LOADING);
    /** @type {import('../api.js').Answer<ProposalPreviewJson>} */
    const answer = await tell('POST', '/proposals/preview', requestOf(draft, said));
    if (!isThere.current) return;
    if (answer.ok) {
      setStage({ at: 'shown', preview: answer.value, isOpening: false, failure: null });
    } else if (fields.length > 0) setStage({ at: 'form', failure: answer.error });
    else setStage({ at: 'failed', failure: answer.error });
  };

  /** @param {ProposalPreviewJson} preview */
  const open = async (preview) => {
    setStage({ at: 'shown', preview, isOpening: true, failure: null });
    /** @type {import('../api.js').Answer<{ pullRequest: PullRequestJson }>} */
    const answer = await tell('POST', '/proposals', requestOf(draft, said));
    if (!isThere.current) return;
    if (answer.ok) setStage({ at: 'opened', pullRequest: answer.value.pullRequest });
    else setStage({ at: 'shown', preview, isOpening: false, failure: answer.error });
  };

  useEffect(() => {
    dialog.current?.showModal();
    if (fields.length === 0) void show();
    return () => {
      isThere.current = false;
    };
  }, []);

  // What was pressed is gone then, and the focus with it.
  useEffect(() => {
    if (stage.at === 'shown' || stage.at === 'failed') heading.current?.focus();
  }, [stage.at]);

  return h(
    'dialog',
    { ref: dialog, class: 'dialog', 'aria-labelledby': titleId, onClose },
    h(
      'header',
      { class: 'dialog-head' },
      h(
        'h2',
        { id: titleId, ref: heading, tabIndex: -1 },
        stage.at === 'shown' ? stage.preview.title : headingOf(draft),
      ),
      h(
        'button',
        {
          class: 'icon-button',
          type: 'button',
          'aria-label': 'Close',
          onClick: () => dialog.current?.close(),
        },
        h('span', { 'aria-hidden': 'true' }, '✕'),
      ),
    ),
    h(
      'div',
      { class: 'dialog-body', 'aria-busy': stage.at === 'loading' },
      stage.at === 'form' &&
        h(ProposalForm, { fields, said, failure: stage.failure, onSay: setSaid, onShow: show }),
      stage.at === 'loading' && h(Loading, { lines: 6 }),
      stage.at === 'failed' && h(Failure, { failure: stage.failure }),
      stage.at === 'shown' && h(Preview, { preview: stage.preview }),
      stage.at === 'opened' && h(Opened, { pullRequest: stage.pullRequest }),
    ),
    stage.at === 'shown' &&
      h(OpenBar, {
        stage,
        onOpen: () => open(stage.preview),
        onBack: fields.length === 0 ? null : () => setStage(FORM),
      }),
  );
}

/** @type {Stage} */
const LOADING = { at: 'loading' };
/** @type {Stage} */
const FORM = { at: 'form', failure: null };

/**
 * What can be done about a proposal that is shown.
 * @param {object} props
 * @param {Extract<Stage, { at: 'shown' }>} props.stage
 * @param {() => void} props.onOpen
 * @param {(() => void) | null} props.onBack
 */
function OpenBar({ stage, onOpen, onBack }) {
  const { session } = useFrame();
  const { preview, isOpening, failure } = stage;
  const why = whyNotOpen(preview, session.role);
  const whyId = useId();
  return h(
    'footer',
    { class: 'dialog-foot' },
    failure !== null && h(Failure, { failure }),
    why !== null && h('p', { id: whyId, class: 'hint' }, why),
    h(
      'div',
      { class: 'dialog-buttons' },
      onBack !== null &&
        h('button', { class: 'button', type: 'button', onClick: onBack }, 'Change it'),
      h(
        'button',
        {
          class: 'button primary',
          type: 'button',
          'aria-disabled': why !== null || isOpening ? 'true' : undefined,
          'aria-describedby': why === null ? undefined : whyId,
          onClick: () => {
            if (why === null && !isOpening) onOpen();
          },
        },
        isOpening ? 'Opening…' : 'Open pull request',
      ),
    ),
  );
}

/**
 * Without a forge nobody may, whoever it is; so that comes first.
 * @param {ProposalPreviewJson} preview
 * @param {'viewer' | 'deployer' | null} role
 */
function whyNotOpen({ open, pullRequest }, role) {
  if (!open.may) return open.reason ?? 'It cannot be opened now.';
  if (pullRequest !== null) return 'Its pull request is open already.';
  if (role === 'deployer') return null;
  return 'Opening a pull request needs the role deployer; you are here as a viewer.';
}

/** @param {{ pullRequest: PullRequestJson }} props */
function Opened({ pullRequest: { number, url } }) {
  const link = useRef(/** @type {HTMLAnchorElement | null} */ (null));
  // The button that was pressed is gone.
  useEffect(() => link.current?.focus(), []);
  return h(
    'div',
    { class: 'notice tone-info' },
    h(Icon, { name: 'ok' }),
    h(
      'div',
      null,
      h(
        'p',
        null,
        h(
          'a',
          { ref: link, href: url, target: '_blank', rel: 'noreferrer' },
          `Pull request #${number}`,
        ),
        ' is open.',
      ),
      h('p', null, 'The fleet changes when it is merged, and not before.'),
    ),
  );
}
