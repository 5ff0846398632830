// The page Activity.

import { h } from 'preact';
import { Empty, Page } from '../parts/page.js';

/** @param {import('../app.js').PageProps} _props */
export function ActivityPage(_props) {
  return h(Page, { title: 'Activity' }, h(Empty, { title: 'Not there yet' }));
}
