// Asks for a token where the server does not know who is asking. The token goes to the server once; from then on a cookie
// that no script can read stands for it.

import { h } from 'preact';
import { useState } from 'preact/hooks';
import { tell } from '../api.js';
import { Page } from '../parts/page.js';

/** @import { AskFailure } from '../api.js' */

/** @param {{ onSignedIn: () => void }} props */
export function SignInPage({ onSignedIn }) {
  const [failure, setFailure] = useState(/** @type {AskFailure | null} */ (null));
  const [isBusy, setBusy] = useState(false);
  /** @param {SubmitEvent} event */
  const submit = async (event) => {
    event.preventDefault();
    const form = /** @type {HTMLFormElement} */ (event.currentTarget);
    const field = /** @type {HTMLInputElement} */ (form.elements.namedItem('token'));
    const token = field.value.trim();
    setBusy(true);
    const answer = await tell('POST', '/session', { token });
    setBusy(false);
    if (answer.ok) {
      onSignedIn();
      return;
    }
    setFailure(answer.error);
    field.select();
  };
  return h(
    'main',
    { class: 'sign-in' },
    h(
      Page,
      { title: 'Sign in to Lockstep', failure },
      h(
        'form',
        { class: 'card form', onSubmit: submit },
        h('label', { for: 'token' }, 'Token'),
        h('input', {
          id: 'token',
          name: 'token',
          type: 'password',
          autocomplete: 'current-password',
          required: true,
          spellcheck: false,
          'aria-describedby': 'token-hint',
        }),
        h(
          'p',
          { id: 'token-hint', class: 'hint' },
          'Whoever runs the controller makes one: ',
          h('code', null, 'lockstep token create NAME --role viewer'),
        ),
        h('button', { class: 'button primary', disabled: isBusy }, 'Sign in'),
      ),
    ),
  );
}
