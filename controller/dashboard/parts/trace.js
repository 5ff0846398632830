// Where something comes from: links to the commit and to the line of the manifest, where the source has pages of them.

import { h } from 'preact';
import { useAnswer } from '../hooks.js';

/** @import { SourcesJson } from '../../reports/answers.ts' */

/**
 * How commits and manifests are looked at; null: there are no pages of them.
 * @typedef {Pick<SourcesJson, 'commitUrlTemplate' | 'manifestUrlTemplate'> | null} Pages
 */

/** @typedef {{ file?: string | null, line?: number | null, manifest?: string | null, revision: string }} Trace */

/** @returns {Pages} */
export function usePages() {
  /** @type {import('../hooks.js').Current<SourcesJson>} */
  const { data } = useAnswer('/sources', ['status']);
  return data;
}

/**
 * A revision, short, as a link to its commit.
 * @param {{ revision: string, pages: Pages }} props
 */
export function Commit({ revision, pages }) {
  const url = commitUrl(pages, revision);
  const text = h('code', { title: revision }, shortRevision(revision));
  return url === null ? text : h('a', { href: url, rel: 'noreferrer' }, text);
}

/**
 * A manifest by its name, as a link to its line.
 * @param {{ trace: Trace, pages: Pages }} props
 */
export function Manifest({ trace, pages }) {
  const { manifest, file, line } = trace;
  const place = file == null ? null : `${file}${line == null ? '' : `:${line}`}`;
  const url = manifestUrl(pages, trace);
  const text = manifest ?? place ?? '';
  if (url === null) return h('span', { title: place ?? undefined }, text);
  return h('a', { href: url, title: place ?? undefined, rel: 'noreferrer' }, text);
}

/**
 * @param {Pages} pages
 * @param {string} revision
 * @returns {string | null}
 */
export function commitUrl(pages, revision) {
  const template = pages?.commitUrlTemplate ?? null;
  // The content of a directory is no commit.
  if (template === null || revision.startsWith('dir-')) return null;
  return template.replace('{revision}', encodeURIComponent(revision));
}

/**
 * @param {Pages} pages
 * @param {Trace} trace
 * @returns {string | null}
 */
export function manifestUrl(pages, { revision, file, line }) {
  const template = pages?.manifestUrlTemplate ?? null;
  if (template === null || file == null || revision.startsWith('dir-')) return null;
  const segments = file.split('/').map(encodeURIComponent).join('/');
  // One pass, so that what is filled in is never looked into.
  return template.replaceAll(/\{(revision|file|line)\}/g, (_, /** @type {string} */ name) => {
    if (name === 'revision') return encodeURIComponent(revision);
    return name === 'file' ? segments : String(line ?? 1);
  });
}

/** @param {string} revision */
export function shortRevision(revision) {
  return revision.startsWith('dir-') ? revision.slice(0, 12) : revision.slice(0, 8);
}
