// Commit statuses: each one written is kept, and the newest of each context counts.

import { actorDocument, nodeId, repositoryApiUrl } from './documents.ts';
import type { Schema } from './routes.ts';
import type { StatusRecord, World } from './world.ts';
import { isoTime } from './world.ts';

export function addStatus(
  world: World,
  status: Omit<StatusRecord, 'id' | 'createdAt'>,
): StatusRecord {
  const record = { ...status, id: world.nextId(), createdAt: world.now() };
  world.statuses.push(record);
  return record;
}

/** The newest of each context. */
export function latestStatuses(world: World, sha: string): readonly StatusRecord[] {
  const byContext = new Map(
    world.statuses
      .filter((status) => status.sha === sha)
      .map((status) => [status.context, status] as const),
  );
  return [...byContext.values()];
}

export function simpleStatusDocument(
  world: World,
  status: StatusRecord,
): Schema<'simple-commit-status'> {
  return {
    url: `${repositoryApiUrl(world)}/statuses/${status.sha}`,
    avatar_url: null,
    id: status.id,
    node_id: nodeId('SC', status.id),
    state: status.state,
    description: status.description,
    target_url: status.targetUrl,
    context: status.context,
    created_at: isoTime(status.createdAt),
    updated_at: isoTime(status.createdAt),
  };
}

export function statusDocument(world: World, status: StatusRecord): Schema<'status'> {
  return {
    ...simpleStatusDocument(world, status),
    creator: actorDocument(world, status.creator),
  };
}
