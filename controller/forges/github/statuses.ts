// Commit statuses: one per commit and context, written only where the newest says something else.

import type { Octokit } from 'octokit';
import type { StatusContent } from '../forge.ts';
import type { GithubSession } from './session.ts';

const DESCRIPTION_MAX = 140;

/** As `Forge.putStatus`; with `again`, also where it says the same already. */
export async function writeStatus(
  session: GithubSession,
  client: Octokit,
  status: StatusContent,
  { again }: { readonly again: boolean } = { again: false },
): Promise<void> {
  const { state, context } = status;
  const description = shorten(status.description, DESCRIPTION_MAX);
  const newest = again ? null : await newestStatus(session, client, status);
  if (newest?.state === state && newest.description === description) return;
  await client.rest.repos.createCommitStatus({
    ...session.target,
    sha: status.commit,
    state,
    context,
    description,
  });
}

async function newestStatus(
  session: GithubSession,
  client: Octokit,
  { commit, context }: StatusContent,
): Promise<{ readonly state: string; readonly description: string | null } | null> {
  // From the newest to the oldest.
  const pages = client.paginate.iterator(client.rest.repos.listCommitStatusesForRef, {
    ...session.target,
    ref: commit,
    per_page: 100,
  });
  for await (const { data } of pages) {
    const found = data.find((status) => status.context === context);
    if (found !== undefined) return found;
  }
  return null;
}

/** To at most so many UTF-16 units, between characters. */
export function shorten(text: string, max: number): string {
  if (text.length <= max) return text;
  let short = '';
  for (const character of text) {
    if (short.length + character.length > max - 1) break;
    short += character;
  }
  return `${short}…`;
}
