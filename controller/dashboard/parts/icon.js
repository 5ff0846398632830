// Small pictures drawn here, so that no font and no network is needed. They always stand beside words, and are hidden
// from screen readers.

import { h } from 'preact';

/** @type {Readonly<Record<string, string>>} */
const PATHS = {
  ok: 'M8 1.5a6.5 6.5 0 1 0 0 13 6.5 6.5 0 0 0 0-13Zm3.2 4.9-3.7 4a.8.8 0 0 1-1.1 0L4.8 8.8l1-1 1.1 1.1 3.2-3.5 1.1 1Z',
  warn: 'M8.9 2.2 15 13a1 1 0 0 1-.9 1.5H1.9A1 1 0 0 1 1 13L7.1 2.2a1 1 0 0 1 1.8 0ZM7.2 6v4h1.6V6H7.2Zm0 5.2v1.6h1.6v-1.6H7.2Z',
  bad: 'M5.2 1.5h5.6l3.7 3.7v5.6l-3.7 3.7H5.2l-3.7-3.7V5.2l3.7-3.7Zm.9 3.5L5 6.1 6.9 8 5 9.9 6.1 11 8 9.1 9.9 11 11 9.9 9.1 8 11 6.1 9.9 5 8 6.9 6.1 5Z',
  info: 'M8 1.5a6.5 6.5 0 1 0 0 13 6.5 6.5 0 0 0 0-13ZM7.2 4.4h1.6V6H7.2V4.4Zm0 2.8h1.6v4.6H7.2V7.2Z',
  moving:
    'M8 1.5a6.5 6.5 0 0 1 6.5 6.5H13A5 5 0 0 0 8 3V1.5Zm0 13A6.5 6.5 0 0 1 1.5 8H3a5 5 0 0 0 5 5v1.5ZM8 5a3 3 0 1 1 0 6 3 3 0 0 1 0-6Z',
  waiting:
    'M8 1.5a6.5 6.5 0 1 0 0 13 6.5 6.5 0 0 0 0-13ZM8 3a5 5 0 1 1 0 10A5 5 0 0 1 8 3Zm-.7 1.8v3.6l2.7 1.6.7-1.1-2-1.2V4.8H7.3Z',
  none: 'M8 1.5a6.5 6.5 0 1 0 0 13 6.5 6.5 0 0 0 0-13ZM8 3a5 5 0 1 1 0 10A5 5 0 0 1 8 3Z',
  held: 'M8 1.5a6.5 6.5 0 1 0 0 13 6.5 6.5 0 0 0 0-13ZM5.6 5h1.8v6H5.6V5Zm3 0h1.8v6H8.6V5Z',
  lock: 'M8 1a3.5 3.5 0 0 0-3.5 3.5V6H4a1 1 0 0 0-1 1v6a1 1 0 0 0 1 1h8a1 1 0 0 0 1-1V7a1 1 0 0 0-1-1h-.5V4.5A3.5 3.5 0 0 0 8 1Zm2 5H6V4.5a2 2 0 1 1 4 0V6Z',
  menu: 'M2 3.5h12V5H2V3.5Zm0 3.8h12v1.5H2V7.3Zm0 3.7h12v1.5H2V11Z',
  sun: 'M8 5a3 3 0 1 0 0 6 3 3 0 0 0 0-6Zm-.7-4h1.4v2.4H7.3V1Zm0 11.6h1.4V15H7.3v-2.4ZM1 7.3h2.4v1.4H1V7.3Zm11.6 0H15v1.4h-2.4V7.3ZM2.6 3.5l1-1 1.6 1.8-1 .9-1.6-1.7Zm8.2 8.2 1-1 1.6 1.8-1 1-1.6-1.8Zm1-8.4 1 1-1.7 1.6-1-1 1.7-1.6Zm-8.4 8.4 1.8-1.6 1 1-1.8 1.7-1-1Z',
  moon: 'M6.2 1.8a6.4 6.4 0 1 0 8 8A5.5 5.5 0 0 1 6.2 1.8Z',
  next: 'm6 3.5 4.5 4.5L6 12.5 5 11.4 8.4 8 5 4.6 6 3.5Z',
};

/** @param {{ name: keyof typeof PATHS }} props */
export function Icon({ name }) {
  return h(
    'svg',
    { class: `icon icon-${name}`, viewBox: '0 0 16 16', 'aria-hidden': 'true', focusable: 'false' },
    h('path', { d: PATHS[name], fill: 'currentColor' }),
  );
}
