// What every page has: a heading that takes the focus when the page is gone to, a title, and a place for what could not
// be had.

import { h } from 'preact';
import { useEffect, useRef } from 'preact/hooks';
import { Icon } from './icon.js';

/** @import { AskFailure } from '../api.js' */
/** @import { ComponentChildren } from 'preact' */

/** The first page that is drawn takes no focus: the browser has its own idea of where to begin. */
let isFirst = true;

/**
 * @param {object} props
 * @param {string} props.title
 * @param {ComponentChildren} [props.lead] A sentence under the heading.
 * @param {ComponentChildren} [props.actions] Beside the heading.
 * @param {AskFailure | null} [props.failure] Why what is shown is not the newest, or why there is nothing.
 * @param {ComponentChildren} [props.children]
 */
export function Page({ title, lead, actions, failure = null, children }) {
  const heading = useRef(/** @type {HTMLHeadingElement | null} */ (null));
  useEffect(() => {
    document.title = `${title} · Lockstep`;
  }, [title]);
  useEffect(() => {
    if (!isFirst) {
      scrollTo(0, 0);
      heading.current?.focus({ preventScroll: true });
    }
    isFirst = false;
  }, []);
  return h(
    'div',
    { class: 'page' },
    h(
      'header',
      { class: 'page-head' },
      h('div', null, h('h1', { ref: heading, tabIndex: -1 }, title), lead && h('p', null, lead)),
      actions && h('div', { class: 'page-actions' }, actions),
    ),
    failure !== null && h(Failure, { failure }),
    children,
  );
}

/** @param {{ failure: AskFailure }} props */
export function Failure({ failure }) {
  return h(
    'div',
    { class: 'notice tone-bad', role: 'alert' },
    h(Icon, { name: 'bad' }),
    h(
      'div',
      null,
      h('strong', null, failure.message),
      failure.remedy && h('p', null, failure.remedy),
    ),
  );
}

/**
 * Stands where something will be, so that nothing jumps when it comes.
 * @param {{ lines?: number }} props
 */
export function Loading({ lines = 3 }) {
  return h(
    'div',
    { class: 'loading', role: 'status' },
    h('span', { class: 'sr-only' }, 'Loading'),
    Array.from({ length: lines }, (_, index) => h('div', { key: index, class: 'loading-line' })),
  );
}

/**
 * Says that there is nothing, and what would change that.
 * @param {{ title: string, children?: ComponentChildren }} props
 */
export function Empty({ title, children }) {
  return h('div', { class: 'empty' }, h('strong', null, title), children && h('p', null, children));
}

/**
 * A part of a page under a heading of its own.
 * @param {object} props
 * @param {string} props.title
 * @param {string} [props.id]
 * @param {ComponentChildren} [props.aside] Beside the heading.
 * @param {ComponentChildren} [props.children]
 */
export function Section({ title, id, aside, children }) {
  const name = id ?? title.toLowerCase().replaceAll(/[^a-z0-9]+/g, '-');
  return h(
    'section',
    { class: 'section', 'aria-labelledby': name },
    h('div', { class: 'section-head' }, h('h2', { id: name }, title), aside),
    children,
  );
}
