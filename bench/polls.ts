// Polls of devices that have nothing to do, which is nearly all that a gateway serves, against a bare `node:http` server
// that sends the same bytes. Each server is a process of its own, the load generator another.

import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { setTimeout as sleep } from 'node:timers/promises';

import { assert } from '../controller/base/assert.ts';
import type { BareServer } from './children/bare-server.ts';
import type { GatewayServer } from './children/gateway-server.ts';
import type { Load, PollResult } from './children/load.ts';
import type { Bench, BenchContext, Figure } from './support/bench.ts';
import { startChild, type Child } from './support/child.ts';
import { openConnection } from './support/connection.ts';
import { compare, summarise } from './support/measure.ts';
import { getRequest, pathOf } from './support/requests.ts';
import { seededId } from './support/seed-fleet.ts';

const CONNECTIONS = 32;
const ROUND_MS = 2_500;
const WARM_UP_MS = 1_500;

/** A server that had less of a core than this was waiting for the generator, or for another process. */
const BUSY_MIN = 0.85;

/** Contacts are written once a second; one that is not there after this is late. */
const DURABLE_WITHIN_MS = 1_500;

const RSS_MAX_MB = 500;

/** `polls` */
export const pollsBench: Bench = {
  name: 'polls',
  async run(context) {
    const load = startChild<Load>('load.ts');
    const bare = startChild<BareServer>('bare-server.ts');
    const figures: Figure[] = [];
    try {
      const barePort = await startBare(bare, context);
      for (const devices of context.sizes) {
        context.tell(`polls of ${devices.toLocaleString('en-US')} devices`);
        figures.push(...(await measureSize(context, devices, { load, bare, barePort })));
      }
      return figures;
    } finally {
      await load.stop();
      await bare.stop();
    }
  },
};

interface Peers {
  readonly load: Child<Load>;
  readonly bare: Child<BareServer>;
  readonly barePort: number;
}

/** One round of load on one server. */
interface Round {
  readonly perSecond: number;
  readonly cpuUs: number;
  readonly p99Ms: number;
  /** Share of a core that the server had. */
  readonly busy: number;
  readonly rssMb: number;
}

/** A round on each, in turn. */
interface Pair {
  readonly ours: Round;
  readonly theirs: Round;
}

/** The bare server sends what the gateway answers to a poll, byte for byte. */
async function startBare(bare: Child<BareServer>, context: BenchContext): Promise<number> {
  const smallest = context.sizes[0];
  assert(smallest !== undefined, 'a bench has a size');
  const gateway = startChild<GatewayServer>('gateway-server.ts');
  try {
    const stateSpec = await context.states.copy(smallest, join(context.folder, 'sample'));
    const port = await gateway.ask('start', { stateSpec, source: null });
    const connection = await openConnection(port);
    const i = 101;
    const { head, body, status } = await connection.exchange(getRequest(i, pathOf(i)));
    connection.close();
    assert(status === 200 && body !== '', 'a poll is answered');
    return await bare.ask('start', { headers: readHeaders(head), body });
  } finally {
    await gateway.stop();
  }
}

/** The headers of an answer, without those that `node:http` adds by itself. */
function readHeaders(head: string): Readonly<Record<string, string>> {
  const own = new Set(['date', 'connection', 'keep-alive']);
  const lines = head.split('\r\n').slice(1);
  return Object.fromEntries(
    lines.flatMap((line) => {
      const colon = line.indexOf(':');
      const name = line.slice(0, colon).toLowerCase();
      return own.has(name) ? [] : [[name, line.slice(colon + 1).trim()]];
    }),
  );
}

async function measureSize(
  context: BenchContext,
  devices: number,
  { load, bare, barePort }: Peers,
): Promise<readonly Figure[]> {
  const folder = join(context.folder, String(devices));
  const stateSpec = await context.states.copy(devices, folder);
  const gateway = startChild<GatewayServer>('gateway-server.ts');
  const db = new DatabaseSync(join(folder, 'state.db'), { readOnly: true });
  try {
    const port = await gateway.ask('start', { stateSpec, source: null });
    const run = (
      server: Child<GatewayServer> | Child<BareServer>,
      at: number,
      durationMs: number,
    ) => runRound({ load, server, port: at, devices, durationMs });
    await run(bare, barePort, WARM_UP_MS);
    await run(gateway, port, WARM_UP_MS);
    const valid: Pair[] = [];
    const all: Pair[] = [];
    // A machine that is busy with something else may void rounds for ever.
    while (valid.length < context.rounds && all.length < 2 * context.rounds) {
      const startedAt = Date.now();
      const theirs = await run(bare, barePort, ROUND_MS);
      const ours = await run(gateway, port, ROUND_MS);
      await checkContacts(db, ours.polled, startedAt);
      all.push({ ours, theirs });
      if (Math.min(ours.busy, theirs.busy) >= BUSY_MIN) valid.push({ ours, theirs });
    }
    return describe(
      devices,
      valid.length === context.rounds ? valid : all,
      all.length - valid.length,
    );
  } finally {
    db.close();
    await gateway.stop();
  }
}

async function runRound(options: {
  readonly load: Child<Load>;
  readonly server: Child<GatewayServer> | Child<BareServer>;
  readonly port: number;
  readonly devices: number;
  readonly durationMs: number;
}): Promise<Round & Pick<PollResult, 'polled'>> {
  const { load, port, devices, durationMs } = options;
  // Both kinds of servers answer this one.
  const server = options.server as Child<BareServer>;
  const before = await server.ask('usage', null);
  const result = await load.ask('poll', { port, devices, durationMs, connections: CONNECTIONS });
  const after = await server.ask('usage', null);
  const cpuUs = after.cpuUs - before.cpuUs;
  return {
    perSecond: (result.requests * 1000) / result.elapsedMs,
    cpuUs: cpuUs / result.requests,
    p99Ms: result.p99Ms,
    busy: cpuUs / 1000 / (after.at - before.at),
    rssMb: after.rssBytes / 1e6,
    polled: result.polled,
  };
}

/** Every contact has to be on the disk by now, as another connection to the file sees it. */
async function checkContacts(
  db: DatabaseSync,
  polled: readonly number[],
  startedAt: number,
): Promise<void> {
  const select = db.prepare(
    'SELECT at FROM contact WHERE key = (SELECT key FROM device WHERE id = ? LIMIT 1)',
  );
  const isThere = (i: number): boolean => Number(select.get(seededId(i))?.['at'] ?? 0) >= startedAt;
  const deadline = performance.now() + DURABLE_WITHIN_MS;
  while (!polled.every(isThere)) {
    assert(performance.now() < deadline, 'a contact was not durable in time');
    await sleep(50);
  }
}

function describe(devices: number, pairs: readonly Pair[], voided: number): readonly Figure[] {
  const ours = pairs.map((pair) => pair.ours);
  const theirs = pairs.map((pair) => pair.theirs);
  const isLargest = devices >= 1_000_000;
  const figure = (
    what: string,
    unit: string,
    of: (round: Round) => number,
    target: Figure['target'],
    note: string | null = null,
    isVoid = false,
  ): Figure => {
    const { ours: value, baseline, ratio } = compare(ours.map(of), theirs.map(of));
    return {
      bench: 'polls',
      what,
      devices,
      unit,
      ours: value,
      baseline: { name: 'bare node:http, same bytes', value: baseline },
      ratio,
      target,
      isVoid,
      note,
    };
  };
  const busy = summarise([...ours, ...theirs].map((round) => round.busy));
  const note = `the servers had ${percent(busy.min)} to ${percent(busy.max)} of a core; ${voided} rounds were void`;
  return [
    figure(
      'requests per second',
      '/s',
      (round) => round.perSecond,
      isLargest ? { of: 'ratio', limit: 'at least', value: 0.5 } : null,
      note,
      busy.min < BUSY_MIN,
    ),
    figure('CPU of the server per request', 'µs', (round) => round.cpuUs, null),
    figure('99th percentile', 'ms', (round) => round.p99Ms, null),
    figure(
      'resident memory',
      'MB',
      (round) => round.rssMb,
      isLargest ? { of: 'ours', limit: 'at most', value: RSS_MAX_MB } : null,
    ),
  ];
}

function percent(share: number): string {
  return `${Math.round(share * 100)} %`;
}
