// The page Release.

import { h } from 'preact';
import { Empty, Page } from '../parts/page.js';

/** @param {import('../app.js').PageProps} props */
export function ReleasePage({ route }) {
  return h(Page, { title: `Release of ${route.product}` }, h(Empty, { title: 'Not there yet' }));
}
