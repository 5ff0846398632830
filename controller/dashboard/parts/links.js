// Links to where things come from: a commit and a line of a manifest at the forge, a manifest's page here. Where nothing
// is known to link to, the same words stand without a link.

import { h } from 'preact';
import { useFrame } from '../hooks.js';
import { hrefOf } from '../router.js';

/**
 * A commit, by the short form of its name.
 * @param {{ revision: string | null, label?: string }} props
 */
export function CommitLink({ revision, label }) {
  const { sources } = useFrame();
  if (revision === null) return h('span', { class: 'muted' }, 'none');
  const words = h('span', { class: 'mono', title: revision }, label ?? shortRevision(revision));
  const template = sources?.commitUrlTemplate ?? null;
  if (template === null) return words;
  const href = template.replace('{revision}', encodeURIComponent(revision));
  return h(OutLink, { href }, words);
}

/**
 * A place in the fleet repo: `release.yaml:7`.
 * @param {{ file: string, line: number | null, revision: string | null }} props
 */
export function PlaceLink({ file, line, revision }) {
  const { sources } = useFrame();
  const words = h('span', { class: 'mono' }, line === null ? file : `${file}:${line}`);
  const template = sources?.manifestUrlTemplate ?? null;
  if (template === null || revision === null) return words;
  const href = template
    .replace('{revision}', encodeURIComponent(revision))
    .replace('{file}', file.split('/').map(encodeURIComponent).join('/'))
    .replace('{line}', String(line ?? 1));
  return h(OutLink, { href }, words);
}

/** Which page shows the manifests of a kind. */
/** @type {Readonly<Record<string, string>>} */
const PAGE_OF_KIND = {
  Product: 'release',
  Release: 'release',
  Firmware: 'firmware',
  DeviceLock: 'devices',
  DeviceGroup: 'devices',
};

/**
 * A manifest, `Kind/name`, with a link to the page that shows it.
 * @param {{ manifest: string, product: string | null }} props
 */
export function ManifestLink({ manifest, product }) {
  const page = PAGE_OF_KIND[manifest.split('/')[0] ?? ''];
  const words = h('span', { class: 'mono' }, manifest);
  if (page === undefined || product === null) return words;
  return h('a', { href: hrefOf(['p', product, page]) }, words);
}

/** @param {{ product: string, id: string }} props */
export function DeviceLink({ product, id }) {
  return h('a', { class: 'mono', href: hrefOf(['p', product, 'devices', id]) }, id);
}

/**
 * A link that leaves the dashboard. Only addresses of the web are followed: others may be what a manifest says.
 * @param {{ href: string, children?: import('preact').ComponentChildren }} props
 */
export function OutLink({ href, children }) {
  if (!/^https?:\/\//i.test(href)) return h('span', null, children);
  return h('a', { href, target: '_blank', rel: 'noreferrer noopener' }, children);
}

/**
 * Commits are known by their first letters; other revisions are named in full, unless they are long.
 * @param {string} revision
 */
export function shortRevision(revision) {
  return revision.replace(/^(sha256:)?([0-9a-f]{7})[0-9a-f]{30,}$/, '$1$2');
}
