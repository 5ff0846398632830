// The page Overview.

import { h } from 'preact';
import { Empty, Page } from '../parts/page.js';

/** @param {import('../app.js').PageProps} _props */
export function OverviewPage(_props) {
  return h(Page, { title: 'Overview' }, h(Empty, { title: 'Not there yet' }));
}
