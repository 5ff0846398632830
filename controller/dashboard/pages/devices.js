// The page Devices.

import { h } from 'preact';
import { Empty, Page } from '../parts/page.js';

/** @param {import('../app.js').PageProps} props */
export function DevicesPage({ route }) {
  return h(Page, { title: `Devices of ${route.product}` }, h(Empty, { title: 'Not there yet' }));
}
