// From the options of a command to the API that it talks to: a running controller, or the state opened in place.

import type { Failure } from '../base/failure.ts';
import { ok, type Result } from '../base/result.ts';
import { isStateThere } from '../stores/open-state.ts';
import { type ApiClient, createHttpClient, createOfflineClient } from './api-client.ts';
import { createLog } from './log.ts';
import type { FleetOptions } from './options.ts';
import type { Shell } from './shell.ts';

/** What a command does with the state: `read` makes none where it is missing. */
export type Access = 'read' | 'write';

/** Connects to the live fleet. The client is closed by whoever asked for it. */
export async function connectFleet(
  shell: Shell,
  options: FleetOptions,
  access: Access,
): Promise<Result<ApiClient, Failure>> {
  if (options.server !== undefined) {
    return ok(await createHttpClient(options.server, options.token ?? null));
  }
  if (access === 'read' && !isStateThere(options.state)) {
    shell.note(
      `No state is at ${options.state}, so no fleet is known here. A running controller is named with --server URL or LOCKSTEP_SERVER.`,
    );
  }
  const compose = await shell.loadCompose();
  const fleet = await compose.composeOffline({
    stateSpec: options.state,
    readOnly: access === 'read',
    log: createLog(shell),
  });
  return fleet.ok ? ok(createOfflineClient(fleet.value, options.state)) : fleet;
}

/** Connects, runs a task and closes. Returns its exit code; a failed connection is told and is 1. */
export async function withFleet(
  shell: Shell,
  options: FleetOptions,
  access: Access,
  task: (client: ApiClient) => Promise<number>,
): Promise<number> {
  const client = await connectFleet(shell, options, access);
  if (!client.ok) return shell.failed(client.error);
  try {
    return await task(client.value);
  } finally {
    await client.value.close();
  }
}
