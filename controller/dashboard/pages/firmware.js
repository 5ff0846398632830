// The page Firmware.

import { h } from 'preact';
import { Empty, Page } from '../parts/page.js';

/** @param {import('../app.js').PageProps} props */
export function FirmwarePage({ route }) {
  return h(Page, { title: `Firmware of ${route.product}` }, h(Empty, { title: 'Not there yet' }));
}
