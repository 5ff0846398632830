// The page Device.

import { h } from 'preact';
import { Empty, Page } from '../parts/page.js';

/** @param {import('../app.js').PageProps} props */
export function DevicePage({ route }) {
  return h(Page, { title: `Device of ${route.product}` }, h(Empty, { title: 'Not there yet' }));
}
