// Downloads of a large binary by many devices at once, each of which was offered it, against a bare server that pipes
// the same file. Each server is a process of its own, the devices together another.

import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';

import { assert } from '../controller/base/assert.ts';
import type { BareServer } from './children/bare-server.ts';
import type { GatewayServer } from './children/gateway-server.ts';
import type { Load } from './children/load.ts';
import type { Bench, Figure } from './support/bench.ts';
import { startChild } from './support/child.ts';
import { openConnection, type Connection } from './support/connection.ts';
import { BRANCHES, LARGE_BINARY_BYTES } from './support/fleet-repo.ts';
import { runningOf } from './support/fleet-states.ts';
import { compare, measureInTurn } from './support/measure.ts';
import { getRequest, pathOf } from './support/requests.ts';

const CLIENTS = 32;
const DOWNLOADS_PER_CLIENT = 4;

/** `download` */
export const downloadBench: Bench = {
  name: 'download',
  async run(context) {
    const load = startChild<Load>('load.ts');
    const bare = startChild<BareServer>('bare-server.ts');
    const gateway = startChild<GatewayServer>('gateway-server.ts');
    try {
      const devices = context.sizes[0] ?? 0;
      const folder = join(context.folder, 'state');
      const stateSpec = await context.states.copy(devices, folder);
      const source = { repo: context.states.repo, branch: 'large' };
      const port = await gateway.ask('start', { stateSpec, source });
      const stored = findStored(join(folder, 'binaries'));
      const barePort = await bare.ask('start', { file: stored, size: LARGE_BINARY_BYTES });
      const connection = await openConnection(port);
      const fresh = listFresh(devices);
      const measure = async (at: number, requests: readonly (readonly string[])[]) => {
        const elapsedMs = await load.ask('download', {
          port: at,
          bytes: LARGE_BINARY_BYTES,
          requests,
        });
        return (CLIENTS * DOWNLOADS_PER_CLIENT * LARGE_BINARY_BYTES) / 1e3 / elapsedMs;
      };
      const [theirs = [], ours = []] = await measureInTurn(context.rounds, [
        () => measure(barePort, requestsOf(fresh.slice(0, CLIENTS * DOWNLOADS_PER_CLIENT))),
        async () => {
          const next = fresh.splice(0, CLIENTS * DOWNLOADS_PER_CLIENT);
          for (const i of next) await acceptOffer(connection, i);
          return measure(port, requestsOf(next));
        },
      ]);
      connection.close();
      return [describe(devices, ours, theirs)];
    } finally {
      await load.stop();
      await bare.stop();
      await gateway.stop();
    }
  },
};

/** The large binary, as the gateway's own store keeps it. */
function findStored(folder: string): string {
  const name = readdirSync(folder).find(
    (each) => statSync(join(folder, each)).size === LARGE_BINARY_BYTES,
  );
  assert(name !== undefined, 'the gateway has stored the large binary');
  return join(folder, name);
}

/** Devices that no lock names, and that have not been offered anything. */
function listFresh(devices: number): number[] {
  return Array.from({ length: devices }, (_, i) => i).filter(
    (i) => runningOf(i) === BRANCHES.inForce,
  );
}

/** The device polls, and is offered the large version. */
async function acceptOffer(connection: Connection, i: number): Promise<void> {
  const { body } = await connection.exchange(getRequest(i, pathOf(i)));
  assert(body.includes('deploymentBase'), `the device is offered the large version: ${body}`);
}

/** One list of downloads per client. */
function requestsOf(devices: readonly number[]): readonly (readonly string[])[] {
  const { large } = BRANCHES;
  return Array.from({ length: CLIENTS }, (_, client) =>
    devices
      .filter((_device, index) => index % CLIENTS === client)
      .map((i) => getRequest(i, `${pathOf(i)}/softwaremodules/${large}/artifacts/${large}.bin`)),
  );
}

function describe(devices: number, ours: readonly number[], theirs: readonly number[]): Figure {
  const { ours: value, baseline, ratio } = compare(ours, theirs);
  return {
    bench: 'download',
    what: `4 MiB to ${CLIENTS} clients at once`,
    devices,
    unit: 'MB/s',
    ours: value,
    baseline: { name: 'bare node:http with fs.createReadStream', value: baseline },
    ratio,
    target: { of: 'ratio', limit: 'at least', value: 0.8 },
    note: 'every download by a device of its own, whose delivery is written to the state',
  };
}
