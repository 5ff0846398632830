// The gateway as a process of its own: a state with what is in force in it, or brought to a branch first.

import { answerParent, readUsage, type Usage } from '../support/child.ts';
import { openFleet, type BranchSource, type OpenFleet } from '../support/open-fleet.ts';

export interface GatewayServerOptions {
  readonly stateSpec: string;
  /** Carried out before it serves; null: what is in force stays. */
  readonly source: BranchSource | null;
}

let fleet: OpenFleet | null = null;

const calls = {
  /** Starts to serve devices; the port. */
  async start(options: GatewayServerOptions): Promise<number> {
    fleet = await openFleet(options);
    if (options.source !== null) await fleet.sync();
    return fleet.serve();
  },
  usage: async (_input: null): Promise<Usage> => readUsage(),
  async close(_input: null): Promise<void> {
    await fleet?.close();
    fleet = null;
  },
};

export type GatewayServer = typeof calls;

answerParent(calls);
