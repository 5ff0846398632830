// A word about how something stands, with a picture and a colour that say the same again.

import { h } from 'preact';
import { Icon } from './icon.js';

/** @typedef {'ok' | 'warn' | 'bad' | 'info' | 'moving' | 'waiting' | 'none' | 'held' | 'lock'} Tone */

/** @param {{ tone: Tone, title?: string, children?: import('preact').ComponentChildren }} props */
export function Badge({ tone, title, children }) {
  return h('span', { class: `badge tone-${tone}`, title }, h(Icon, { name: tone }), children);
}
