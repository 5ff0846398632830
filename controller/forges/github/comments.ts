// Comments on pull requests: one of ours per name, found by its marker and author, and updated in place.

import type { Octokit } from 'octokit';
import type { CommentContent } from '../forge.ts';
import { readMarker, withMarker } from './marker.ts';
import type { GithubSession } from './session.ts';
import { isAnswer } from './trouble.ts';

interface OwnComment {
  readonly id: number;
  readonly url: string;
  readonly key: string;
}

/** As `Forge.putComment`. */
export async function writeComment(
  session: GithubSession,
  client: Octokit,
  number: number,
  content: CommentContent,
): Promise<{ readonly url: string } | null> {
  const { login } = await session.identity(client);
  const body = withMarker(content.body, content);
  for (let isAgain = false; ; isAgain = true) {
    const own = await findComment(session, client, number, { login, name: content.name });
    if (own === null) break;
    if (own.key === content.key) return { url: own.url };
    try {
      const { data } = await client.rest.issues.updateComment({
        ...session.target,
        comment_id: own.id,
        body,
      });
      return { url: data.html_url };
    } catch (thrown) {
      // Somebody deleted it meanwhile: what is there is looked at again.
      if (!isAnswer(thrown, 404) || isAgain) throw thrown;
    }
  }
  if (!content.create) return null;
  const { data } = await client.rest.issues.createComment({
    ...session.target,
    issue_number: number,
    body,
  });
  return { url: data.html_url };
}

/** The first, where a race of old left several. */
async function findComment(
  session: GithubSession,
  client: Octokit,
  number: number,
  { login, name }: { readonly login: string; readonly name: string },
): Promise<OwnComment | null> {
  const pages = client.paginate.iterator(client.rest.issues.listComments, {
    ...session.target,
    issue_number: number,
    per_page: 100,
  });
  for await (const { data } of pages) {
    for (const comment of data) {
      if (comment.user?.login !== login) continue;
      const marker = readMarker(comment.body ?? '');
      if (marker?.name !== name) continue;
      return { id: comment.id, url: comment.html_url, key: marker.key };
    }
  }
  return null;
}
