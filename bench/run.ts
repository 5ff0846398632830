// Runs the benches: `npm run bench -- [NAME…] [--devices N,N] [--rounds N] [--out FILE]`; without a name, all but
// `million`. Prints a table, and writes all figures as JSON. Everything is measured on this machine, over the loopback
// interface, in a folder that is removed.

import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { parseArgs } from 'node:util';

import { dashboardsBench } from './dashboards.ts';
import { devicesBench } from './devices.ts';
import { downloadBench } from './download.ts';
import { historiesBench } from './histories.ts';
import { incidentsBench } from './incidents.ts';
import { millionBench } from './million.ts';
import { particleBench } from './particle.ts';
import { planBench } from './plan.ts';
import { pollsBench } from './polls.ts';
import { releaseBench } from './release.ts';
import { meetsTarget, type Bench, type Figure } from './support/bench.ts';
import { createFleetStates } from './support/fleet-states.ts';
import { describeMachine, renderFigures, renderMachine } from './support/render.ts';
import { validateBench } from './validate.ts';
import { webhookBench } from './webhook.ts';

const BENCHES: readonly Bench[] = [
  planBench,
  pollsBench,
  dashboardsBench,
  releaseBench,
  downloadBench,
  devicesBench,
  validateBench,
  webhookBench,
  particleBench,
  incidentsBench,
  historiesBench,
  millionBench,
];

const ROUNDS_MAX = 100;
const DEVICES_MAX = 5_000_000;

interface Settings {
  readonly benches: readonly Bench[];
  readonly sizes: readonly number[];
  readonly rounds: number;
  readonly out: string;
}

/** The settings, or what is wrong with the arguments. */
function readSettings(args: readonly string[]): Settings | string {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      devices: { type: 'string', default: '10000,100000,1000000' },
      rounds: { type: 'string', default: '5' },
      out: { type: 'string', default: join(import.meta.dirname, 'results/latest.json') },
    },
  });
  const unknown = positionals.filter((name) => BENCHES.every((bench) => bench.name !== name));
  if (unknown.length > 0) {
    return `There is no bench ${unknown.join(', ')}; there are ${BENCHES.map(({ name }) => name).join(', ')}.`;
  }
  const sizes = [...new Set(values.devices.split(',').map(Number))].sort((a, b) => a - b);
  if (!sizes.every((size) => Number.isInteger(size) && size >= 1_000 && size <= DEVICES_MAX)) {
    return `--devices takes whole numbers from 1000 to ${DEVICES_MAX}, with commas.`;
  }
  const rounds = Number(values.rounds);
  if (!Number.isInteger(rounds) || rounds < 1 || rounds > ROUNDS_MAX) {
    return `--rounds takes a whole number from 1 to ${ROUNDS_MAX}.`;
  }
  const benches = BENCHES.filter(({ name, onlyByName }) =>
    positionals.length === 0 ? onlyByName !== true : positionals.includes(name),
  );
  return { benches, sizes, rounds, out: values.out };
}

async function runBenches({ benches, sizes, rounds }: Settings): Promise<readonly Figure[]> {
  const folder = mkdtempSync(join(tmpdir(), 'lockstep-bench-'));
  const tell = (line: string): void => void process.stderr.write(`${line}\n`);
  const print = (text: string): void => void process.stdout.write(`${text}\n\n`);
  const figures: Figure[] = [];
  try {
    const states = createFleetStates(folder, tell);
    for (const { name, run } of benches) {
      tell(`bench ${name}`);
      const own = join(folder, name);
      mkdirSync(own);
      figures.push(...(await run({ folder: own, sizes, rounds, states, tell, print })));
      rmSync(own, { recursive: true, force: true });
    }
    return figures;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

const settings = readSettings(process.argv.slice(2));
if (typeof settings === 'string') {
  process.stderr.write(`${settings}\n`);
  process.exitCode = 1;
} else {
  const machine = describeMachine();
  const started = new Date().toISOString();
  const figures = await runBenches(settings);
  process.stdout.write(`${renderMachine(machine)}\n\n${renderFigures(figures)}\n`);
  const report = figures.map((figure) => ({ ...figure, met: meetsTarget(figure) }));
  mkdirSync(dirname(settings.out), { recursive: true });
  const { rounds } = settings;
  const content = JSON.stringify({ started, machine, rounds, figures: report }, null, 2);
  writeFileSync(settings.out, `${content}\n`);
}
