// The addresses of GitHub: where its API is, where its pages are, and the name of a repository in messages.

import { assert } from '../../base/assert.ts';
import type { PageTemplates } from '../../model/pages.ts';
import type { GithubSettings } from '../forge-settings.ts';

export interface Addresses {
  readonly owner: string;
  readonly repo: string;
  /** Without a `/` at its end. */
  readonly api: string;
  /** Of the repository's page, without a `/` at its end. */
  readonly page: string;
  /** `github.com/acme/fleet`. */
  readonly place: string;
}

const PUBLIC_API = 'https://api.github.com';

export function addressesOf(
  settings: Pick<GithubSettings, 'repository' | 'apiUrl' | 'webUrl'>,
): Addresses {
  const [owner = '', repo = '', more] = settings.repository.split('/');
  assert(owner !== '' && repo !== '' && more === undefined, 'a repository is named owner/name');
  const api = withoutSlash(settings.apiUrl ?? PUBLIC_API);
  const web = withoutSlash(settings.webUrl ?? webOf(api));
  return {
    owner,
    repo,
    api,
    page: `${web}/${owner}/${repo}`,
    place: `${new URL(web).host}/${owner}/${repo}`,
  };
}

/** The page of a line of a file at a commit. */
export function filePage(at: Addresses, commit: string, path: string, line: number): string {
  const segments = path.split('/').map((segment) => encodeURIComponent(segment));
  return `${at.page}/blob/${encodeURIComponent(commit)}/${segments.join('/')}#L${line}`;
}

export function commitPage(at: Addresses, commit: string): string {
  return `${at.page}/commit/${encodeURIComponent(commit)}`;
}

/** Both, as templates. */
export function pageTemplates({ page }: Pick<Addresses, 'page'>): PageTemplates {
  return { commit: `${page}/commit/{revision}`, file: `${page}/blob/{revision}/{file}#L{line}` };
}

/** GitHub and its data residency have the API on a host of its own; GitHub Enterprise Server has it beside the pages. */
function webOf(api: string): string {
  const url = new URL(api);
  const hasHostOfItsOwn = url.host === 'api.github.com' || /^api\..+\.ghe\.com$/.test(url.host);
  return hasHostOfItsOwn ? `${url.protocol}//${url.host.slice('api.'.length)}` : url.origin;
}

function withoutSlash(url: string): string {
  return url.replace(/\/+$/, '');
}
