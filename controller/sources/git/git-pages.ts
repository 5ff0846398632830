// The pages of a repository that a git address leads to, for hosts whose pages are laid out as GitHub's or GitLab's. An
// address may hold credentials: none of them gets into a page.

import type { PageTemplates } from '../../model/pages.ts';
import { parseGitUrl } from './git-url.ts';

/** What stands between the repository and `commit` or `blob`. */
const LAYOUTS: readonly (readonly [host: RegExp, between: string])[] = [
  [/^(?:www\.)?github\./, ''],
  [/\.ghe\.com$/, ''],
  [/^gitlab\./, '/-'],
];

/** Null: it is a path, or a host of which nothing is known. */
export function pagesOfGitUrl(address: string): PageTemplates | null {
  const parsed = parseGitUrl(address);
  if (!parsed.ok || parsed.value.transport === 'file') return null;
  const page = repositoryPage(parsed.value.description);
  if (page === null) return null;
  const layout = LAYOUTS.find(([host]) => host.test(page.hostname));
  if (layout === undefined) return null;
  const base = `${page.origin}${page.pathname}${layout[1]}`;
  return { commit: `${base}/commit/{revision}`, file: `${base}/blob/{revision}/{file}#L{line}` };
}

/** `description`: without credentials; a URL, or `HOST:PATH` of SSH. */
function repositoryPage(description: string): URL | null {
  const [, host, path] = /^([^/:]+):(?!\/\/)(.+)$/.exec(description) ?? [];
  const text = host === undefined ? description : `ssh://${host}/${path}`;
  const url = URL.parse(text);
  if (url === null) return null;
  // The pages are not where SSH listens.
  const origin = url.protocol === 'ssh:' ? `https://${url.hostname}` : url.origin;
  const repository = url.pathname
    .replace(/^\/+/, '')
    .replace(/\/+$/, '')
    .replace(/\.git$/, '');
  return repository.includes('/') ? URL.parse(`${origin}/${repository}`) : null;
}
