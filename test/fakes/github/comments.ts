// Comments on pull requests.

import {
  actorDocument,
  nodeId,
  performedBy,
  repositoryApiUrl,
  repositoryUrl,
} from './documents.ts';
import type { Actor } from './identity.ts';
import type { Schema } from './routes.ts';
import type { CommentRecord, World } from './world.ts';
import { isoTime } from './world.ts';

export function addComment(
  world: World,
  number: number,
  body: string,
  author: Actor,
): CommentRecord {
  const at = world.now();
  const comment = { id: world.nextId(), number, author, body, createdAt: at, updatedAt: at };
  world.comments.push(comment);
  return comment;
}

export function editComment(world: World, comment: CommentRecord, body: string): void {
  comment.body = body;
  comment.updatedAt = world.now();
}

export function commentDocument(world: World, comment: CommentRecord): Schema<'issue-comment'> {
  const { id, number, author, body, createdAt, updatedAt } = comment;
  const url = repositoryApiUrl(world);
  return {
    id,
    node_id: nodeId('IC', id),
    url: `${url}/issues/comments/${id}`,
    html_url: `${repositoryUrl(world)}/pull/${number}#issuecomment-${id}`,
    issue_url: `${url}/issues/${number}`,
    user: actorDocument(world, author),
    body,
    created_at: isoTime(createdAt),
    updated_at: isoTime(updatedAt),
    author_association: author.app === null ? 'MEMBER' : 'NONE',
    performed_via_github_app: performedBy(world, author),
  };
}
