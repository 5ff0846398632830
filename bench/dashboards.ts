// What a thousand open dashboards cost the gateway: the same devices poll the same gateway, while the fleet changes every
// second, with nobody looking and with a thousand who look. Also the processor time that they take by themselves, which no
// other process of the machine disturbs.

import { join } from 'node:path';

import { assert } from '../controller/base/assert.ts';
import type { Dashboards, Looking } from './children/dashboards.ts';
import type { GatewayServer } from './children/gateway-server.ts';
import type { Load } from './children/load.ts';
import type { Bench, BenchContext, Figure } from './support/bench.ts';
import { startChild, type Child } from './support/child.ts';
import { compare, summarise } from './support/measure.ts';

const DASHBOARDS = 1_000;
const CONNECTIONS = 32;
/** In a round about every dashboard is told of a change, in its turn. */
const ROUND_MS = 10_000;
const WARM_UP_MS = 1_500;

/** A gateway that had less of a core than this was waiting for the generators. */
const BUSY_MIN = 0.85;

interface Round {
  readonly pollsPerSecond: number;
  /** Share of a core that the gateway had. */
  readonly busy: number;
  readonly looking: Looking;
}

interface Peers {
  readonly gateway: Child<GatewayServer>;
  readonly load: Child<Load>;
  readonly dashboards: Child<Dashboards>;
  readonly port: number;
  readonly devices: number;
}

/** `dashboards` */
export const dashboardsBench: Bench = {
  name: 'dashboards',
  async run(context) {
    const devices = context.sizes.at(-1);
    assert(devices !== undefined, 'a bench has a size');
    const gateway = startChild<GatewayServer>('gateway-server.ts');
    const load = startChild<Load>('load.ts');
    const dashboards = startChild<Dashboards>('dashboards.ts');
    try {
      const stateSpec = await context.states.copy(devices, join(context.folder, 'fleet'));
      const port = await gateway.ask('start', { stateSpec, source: null });
      return await measure({ gateway, load, dashboards, port, devices }, context);
    } finally {
      await load.stop();
      await dashboards.stop();
      await gateway.stop();
    }
  },
};

async function measure(peers: Peers, context: BenchContext): Promise<readonly Figure[]> {
  const { load, port, devices, dashboards } = peers;
  context.tell(`${DASHBOARDS} dashboards beside ${devices.toLocaleString('en-US')} devices`);
  await load.ask('poll', { port, devices, durationMs: WARM_UP_MS, connections: CONNECTIONS });
  const alone: Round[] = [];
  const watched: Round[] = [];
  const idle: number[] = [];
  const shown: number[] = [];
  for (let round = 0; round < context.rounds; round += 1) {
    alone.push(await pollForRound(peers));
    idle.push(await measureShare(peers));
    await dashboards.ask('open', { port, dashboards: DASHBOARDS });
    const seen = await pollForRound(peers);
    assert(seen.looking.told >= DASHBOARDS / 2, `only ${seen.looking.told} changes were told`);
    watched.push(seen);
    shown.push(await measureShare(peers));
    await dashboards.ask('close', null);
  }
  return describe(devices, { alone, watched, idle, shown });
}

/** Devices poll as fast as they are answered, while the fleet changes. */
async function pollForRound({ gateway, load, dashboards, port, devices }: Peers): Promise<Round> {
  const before = await gateway.ask('usage', null);
  const [polled, looking] = await Promise.all([
    load.ask('poll', { port, devices, durationMs: ROUND_MS, connections: CONNECTIONS }),
    dashboards.ask('churn', { port, durationMs: ROUND_MS }),
  ]);
  const after = await gateway.ask('usage', null);
  return {
    pollsPerSecond: (polled.requests * 1_000) / polled.elapsedMs,
    busy: (after.cpuUs - before.cpuUs) / 1_000 / (after.at - before.at),
    looking,
  };
}

/** Percent of a core that the gateway takes while no device polls and the fleet changes. */
async function measureShare({ gateway, dashboards, port }: Peers): Promise<number> {
  const before = await gateway.ask('usage', null);
  await dashboards.ask('churn', { port, durationMs: ROUND_MS });
  const after = await gateway.ask('usage', null);
  return (after.cpuUs - before.cpuUs) / 10 / (after.at - before.at);
}

function describe(
  devices: number,
  rounds: {
    readonly alone: readonly Round[];
    readonly watched: readonly Round[];
    readonly idle: readonly number[];
    readonly shown: readonly number[];
  },
): readonly Figure[] {
  const { alone, watched, idle, shown } = rounds;
  const speedOf = ({ pollsPerSecond }: Round): number => pollsPerSecond;
  const polls = compare(watched.map(speedOf), alone.map(speedOf));
  const share = compare(shown, idle);
  const busy = summarise([...alone, ...watched].map((round) => round.busy));
  const told = summarise(watched.map(({ looking }) => looking.told));
  const answers = summarise(watched.map(({ looking }) => looking.answers));
  const common = { bench: 'dashboards', devices };
  return [
    {
      ...common,
      what: `polls a second, ${DASHBOARDS} dashboards open`,
      unit: '/s',
      ours: polls.ours,
      baseline: { name: 'the same gateway, none open', value: polls.baseline },
      ratio: polls.ratio,
      target: { of: 'ratio', limit: 'at least', value: 0.9 },
      isVoid: busy.min < BUSY_MIN,
      note: `in ${ROUND_MS / 1_000} s they were told ${told.median} changes and asked ${answers.median} times; the gateway had ${Math.round(busy.min * 100)} to ${Math.round(busy.max * 100)} % of a core`,
    },
    {
      ...common,
      what: `processor, ${DASHBOARDS} dashboards open, no polls`,
      unit: '% of a core',
      ours: share.ours,
      baseline: { name: 'the same gateway, none open', value: share.baseline },
      ratio: share.ratio,
      target: { of: 'ours', limit: 'at most', value: 10 },
      note: null,
    },
  ];
}
