// The button that turns light to dark and back. What was chosen is kept in the browser; `theme.js` reads it.

import { h } from 'preact';
import { useState } from 'preact/hooks';
import { Icon } from './icon.js';

/** The button. */
export function ThemeButton() {
  const [isDark, setDark] = useState(isDarkNow);
  const toggle = () => {
    const to = isDark ? 'light' : 'dark';
    document.documentElement.dataset['theme'] = to;
    localStorage.setItem('lockstep-theme', to);
    setDark(!isDark);
  };
  const label = isDark ? 'Use the light theme' : 'Use the dark theme';
  return h(
    'button',
    { class: 'icon-button', type: 'button', onClick: toggle, 'aria-label': label, title: label },
    h(Icon, { name: isDark ? 'sun' : 'moon' }),
  );
}

function isDarkNow() {
  const chosen = document.documentElement.dataset['theme'];
  if (chosen !== undefined) return chosen === 'dark';
  return matchMedia('(prefers-color-scheme: dark)').matches;
}
