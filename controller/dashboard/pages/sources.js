// The page Sources.

import { h } from 'preact';
import { Empty, Page } from '../parts/page.js';

/** @param {import('../app.js').PageProps} _props */
export function SourcesPage(_props) {
  return h(Page, { title: 'Sources' }, h(Empty, { title: 'Not there yet' }));
}
