// Words of the program in which backticks mark code, as they do on the command line.

import { h } from 'preact';

/** @param {{ text: string }} props */
export function Coded({ text }) {
  return h(
    'span',
    null,
    // Every second part stood between two of them; one that nothing closes is an ordinary letter.
    splitCode(text).map((part, index) => (index % 2 === 1 ? h('code', null, part) : part)),
  );
}

/**
 * @param {string} text
 * @returns {readonly string[]} Words and code in turn, words first.
 */
export function splitCode(text) {
  const parts = text.split('`');
  if (parts.length % 2 === 1) return parts;
  return [...parts.slice(0, -2), parts.slice(-2).join('`')];
}
