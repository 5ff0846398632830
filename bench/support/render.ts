// The figures as a table, and the machine they were measured on.

import { cpus, totalmem } from 'node:os';

import { renderTable } from '../../controller/reports/table.ts';
import { meetsTarget, type Figure } from './bench.ts';
import type { Spread } from './measure.ts';

export interface Machine {
  readonly cpu: string;
  readonly cores: number;
  readonly memoryGib: number;
  readonly node: string;
  readonly system: string;
}

/** The machine that this runs on. */
export function describeMachine(): Machine {
  const cores = cpus();
  return {
    cpu: cores[0]?.model.trim() ?? 'unknown',
    cores: cores.length,
    memoryGib: Math.round(totalmem() / 2 ** 30),
    node: process.version,
    system: `${process.platform} ${process.arch}`,
  };
}

/** One line about the machine. */
export function renderMachine(machine: Machine): string {
  const { cpu, cores, memoryGib, node, system } = machine;
  return `${cpu}, ${cores} cores, ${memoryGib} GiB, ${system}, Node ${node}`;
}

/** The figures as a table, then their notes. Medians; the ratio with its lowest and highest round. */
export function renderFigures(figures: readonly Figure[]): string {
  const rows = figures.map((figure) => [
    figure.bench,
    figure.what,
    figure.devices === null ? '' : figure.devices.toLocaleString('en-US'),
    `${formatValue(figure.ours.median)} ${figure.unit}`,
    `${formatValue(figure.baseline.value.median)} ${figure.unit}`,
    `${formatValue(figure.ratio.median)} (${formatRange(figure.ratio)})`,
    renderTarget(figure),
  ]);
  const columns = [
    { title: 'bench' },
    { title: 'what' },
    { title: 'devices', align: 'right' },
    { title: 'ours', align: 'right' },
    { title: 'baseline', align: 'right' },
    { title: 'ratio (min to max)', align: 'right' },
    { title: 'target' },
  ] as const;
  const notes = figures.flatMap(({ bench, what, devices, note }) =>
    note === null ? [] : [`${bench}, ${what}${devices === null ? '' : `, ${devices}`}: ${note}`],
  );
  const baselines = new Set(
    figures.map(({ bench, what, baseline }) => `${bench}, ${what}: against ${baseline.name}`),
  );
  return [...renderTable(columns, rows, { color: false }), '', ...baselines, ...notes].join('\n');
}

function renderTarget(figure: Figure): string {
  const { target } = figure;
  if (target === null) return '';
  const of = target.of === 'ratio' ? '' : ` ${figure.unit}`;
  const verdict = { true: 'met', false: 'missed', null: 'void' }[`${meetsTarget(figure)}`];
  return `${verdict}: ${target.limit} ${formatValue(target.value)}${of}`;
}

function formatRange({ min, max }: Spread): string {
  return `${formatValue(min)} to ${formatValue(max)}`;
}

/** Three significant digits, or whole numbers with commas. */
function formatValue(value: number): string {
  if (value >= 1000) return Math.round(value).toLocaleString('en-US');
  return String(Number(value.toPrecision(3)));
}
