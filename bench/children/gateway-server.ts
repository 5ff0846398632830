// The controller as a process of its own: serves the devices of a state, with what is in force in it, or brought to a
// branch first.

import { answerParent, readUsage, type Usage } from '../support/child.ts';
import { portOf, serveFleet, syncFleet, type BranchName } from '../support/serve-fleet.ts';

export interface GatewayServerOptions {
  readonly stateSpec: string;
  /** Carried out before `start` returns; null: what is in force stays. */
  readonly source: BranchName | null;
}

const calls = {
  /** Starts to serve devices; the port. */
  async start({ stateSpec, source }: GatewayServerOptions): Promise<number> {
    const fleet = await serveFleet(stateSpec, source);
    if (source !== null) await syncFleet(fleet);
    return portOf(fleet);
  },
  usage: async (_input: null): Promise<Usage> => readUsage(),
};

/** What the process answers. */
export type GatewayServer = typeof calls;

answerParent(calls);
