// The change of a file, line by line, with a way to take the file along: where no forge opens a pull request, a person
// commits it.

import { h } from 'preact';
import { useState } from 'preact/hooks';

/** @import { ProposedFileJson } from '../../reports/proposal-answers.ts' */

/** @param {{ file: ProposedFileJson }} props */
export function FileChange({ file }) {
  const { path, before, after, diff } = file;
  const what = after === null ? 'removed' : before === null ? 'new' : 'changed';
  return h(
    'div',
    { class: 'change' },
    h(
      'div',
      { class: 'change-head' },
      h('code', null, path),
      h('span', { class: 'hint' }, what),
      after !== null && h(TakeAlong, { path, text: after }),
    ),
    h(
      'pre',
      // It may be wider than the page, and is scrolled by the keyboard as well.
      { class: 'diff', tabIndex: 0, role: 'region', 'aria-label': `Change of ${path}` },
      linesOf(diff).map(({ kind, text }, index) =>
        h('span', { key: index, class: `diff-line diff-${kind}` }, `${text}\n`),
      ),
    ),
  );
}

/** @param {{ path: string, text: string }} props */
function TakeAlong({ path, text }) {
  const [isCopied, setCopied] = useState(false);
  const copy = async () => {
    await navigator.clipboard.writeText(text);
    setCopied(true);
  };
  const download = () => {
    const url = URL.createObjectURL(new Blob([text], { type: 'application/yaml' }));
    const link = document.createElement('a');
    link.href = url;
    link.download = path.split('/').at(-1) ?? 'manifest.yaml';
    link.click();
    URL.revokeObjectURL(url);
  };
  return h(
    'span',
    { class: 'change-buttons' },
    // Browsers give pages the clipboard only where the connection is safe.
    globalThis.isSecureContext &&
      h(
        'button',
        { class: 'button small', type: 'button', onClick: copy, 'aria-label': `Copy ${path}` },
        isCopied ? 'Copied' : 'Copy',
      ),
    h(
      'button',
      {
        class: 'button small',
        type: 'button',
        onClick: download,
        'aria-label': `Download ${path}`,
      },
      'Download',
    ),
  );
}

/**
 * The lines of a unified diff, without the names of the files that it begins with.
 * @param {string} diff
 * @returns {readonly { kind: 'add' | 'remove' | 'place' | 'same', text: string }[]}
 */
export function linesOf(diff) {
  const lines = diff.replace(/\n$/, '').split('\n');
  const first = lines.findIndex((line) => line.startsWith('@@'));
  return lines.slice(Math.max(0, first)).map((text) => ({ kind: kindOf(text), text }));
}

/** @param {string} line */
function kindOf(line) {
  if (line.startsWith('@@')) return 'place';
  if (line.startsWith('+')) return 'add';
  return line.startsWith('-') ? 'remove' : 'same';
}
