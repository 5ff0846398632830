// The table of the incidents, with what it is worth: what of it is replayed, what is assumed, where a person did better.

import { formatDuration } from '../../controller/base/duration.ts';
import type { StrategySpec } from '../../controller/model/desired.ts';
import { renderTable } from '../../controller/reports/table.ts';
import {
  FAULT_DELAYS_MS,
  FAULT_SHARES,
  FAULTS,
  FLEET,
  INCIDENTS,
  INCIDENTS_SOURCE,
  offeredShare,
  ORDINARY_SHARES,
  type Cell,
  type HealthyRelease,
  type IncidentResults,
} from './incidents.ts';
import { summarise } from './measure.ts';

/** All that is to be said of the results, as text for people. */
export function renderIncidents(results: IncidentResults): string {
  const { strategy, cells, spreadCells, healthy } = results;
  return [
    `Incidents: ${INCIDENTS_SOURCE}`,
    '',
    ...describeStrategy(strategy),
    '',
    ...describeMethod(),
    ...FAULT_SHARES.flatMap((share) => ['', ...renderShare(share, cells)]),
    '',
    ...describeMedians(cells),
    '',
    ...describeWorse(cells, strategy),
    '',
    ...describeSpread(spreadCells),
    '',
    ...describeHealthy(healthy),
  ].join('\n');
}

function describeStrategy({ steps, halt }: StrategySpec): readonly string[] {
  const names = steps.map(({ name, exposure, minDevices, soakMs }) => {
    const least = minDevices > 1 ? `, at least ${minDevices} devices` : '';
    const soak = soakMs === 0 ? '' : `, soak ${formatDuration(soakMs)}`;
    return `${name} ${exposure / 100}%${least}${soak}`;
  });
  return [
    'Strategy, as `lockstep init` writes it:',
    `  ${names.join('; ')};`,
    `  halts when more than ${halt.failureRate}% of at least ${halt.minAttempts} failed (${halt.action}).`,
  ];
}

function describeMethod(): readonly string[] {
  const devices = FLEET.devices.toLocaleString('en-US');
  return [
    'What the incidents tell is what people did: how long the ramp was to last, when it was stopped, and so what share',
    'of the fleet had been offered the build. They do not tell how many devices the fault showed on, how long after the',
    `flash, or how large the fleet was. So every fault is tried on every incident, on a simulated fleet of ${devices}`,
    `devices that poll every five minutes (${FLEET.off * 100}% of them are switched off): the share of updated devices that falls back to`,
    'the old version, and the time after which it does, at each attempt. Our side of the table knows nothing of the',
    `incidents: its cells differ only in the fault and in the fleet that was drawn for them. It is ${FAULTS.length} experiments, each`,
    `made ${INCIDENTS.length} times, beside ${INCIDENTS.length} facts. Passes are made at most once a minute, where the controller makes up to four`,
    'a second; polls that lead to nothing are left out.',
    '',
    'Share of the fleet that was offered the build, in percent; 100: the release was never halted; *: no halt, but it',
    'did not go on either, since too many devices had failed.',
  ];
}

function renderShare(share: number, cells: readonly Cell[]): readonly string[] {
  const columns = [
    { title: 'stopped' },
    { title: 'stream' },
    { title: 'window', align: 'right' },
    { title: 'after', align: 'right' },
    { title: 'person', align: 'right' },
    ...FAULT_DELAYS_MS.map(
      (afterMs) => ({ title: formatDuration(afterMs), align: 'right' }) as const,
    ),
  ] as const;
  const rows = INCIDENTS.map((incident) => [
    incident.date,
    incident.stream,
    `${incident.windowHours}h`,
    `${incident.hoursUntilStop}h`,
    formatShare(incident.offeredShare),
    ...FAULT_DELAYS_MS.map((afterMs) => {
      const found = cells.find(
        ({ incident: its, fault }) =>
          its === incident && fault.share === share && fault.afterMs === afterMs,
      );
      if (found === undefined) return '';
      return `${formatShare(offeredShare(found.played))}${found.played.end === 'stuck' ? '*' : ''}`;
    }),
  ]);
  return [
    `A fault of ${formatShare(share)}% of the updated devices, by the time after which it shows:`,
    ...renderTable(columns, rows, { color: false }),
  ];
}

function describeMedians(cells: readonly Cell[]): readonly string[] {
  const theirs = summarise(INCIDENTS.map((incident) => incident.offeredShare)).median;
  const parts = FAULT_SHARES.map((share) => {
    const median = medianOf(cells.filter(({ fault }) => fault.share === share));
    return `${formatShare(share)}%: ${formatShare(median)}`;
  });
  return [
    `Median over all ${cells.length} cells: ${formatShare(medianOf(cells))}%, where people had reached ${formatShare(theirs)}%.`,
    `By the share of the devices that the fault shows on: ${parts.join(', ')}.`,
  ];
}

/** Cells in which more of the fleet was offered the build than when the person stopped it, by the reason. */
function describeWorse(cells: readonly Cell[], strategy: StrategySpec): readonly string[] {
  const worse = cells.filter(
    ({ incident, played }) => offeredShare(played) > incident.offeredShare,
  );
  const first = strategy.steps[0]?.name;
  const { failureRate } = strategy.halt;
  const because: readonly (readonly [string, (cell: Cell) => boolean])[] = [
    [
      `never halted: the fault shows on fewer devices than the ${failureRate}% that a release may lose`,
      ({ played, fault }) => played.end === 'finished' && fault.share * 100 <= failureRate,
    ],
    [
      'never halted: too few devices had failed at any one time',
      ({ played, fault }) => played.end === 'finished' && fault.share * 100 > failureRate,
    ],
    [
      `halted in step ${first}, which alone reaches more than had been offered`,
      ({ played }) => played.end !== 'finished' && played.step === first,
    ],
    [
      `halted after step ${first}: by chance, that had too few of the devices that fail`,
      ({ played }) => played.end !== 'finished' && played.step !== first,
    ],
  ];
  const lines = because.flatMap(([why, holds]) => {
    const found = worse.filter(holds);
    if (found.length === 0) return [];
    const shares = FAULT_SHARES.flatMap((share) => {
      const count = found.filter(({ fault }) => fault.share === share).length;
      return count === 0 ? [] : [`${count} with ${formatShare(share)}%`];
    });
    return [`  ${found.length} ${why} (${shares.join(', ')});`];
  });
  return [`The person was better in ${worse.length} of ${cells.length} cells:`, ...lines];
}

function describeSpread(cells: readonly Cell[]): readonly string[] {
  const faults = [...new Set(cells.map(({ fault }) => fault))];
  const parts = faults.map((fault) => {
    const found = cells.filter((cell) => cell.fault === fault);
    const never = found.filter(({ played }) => played.end === 'finished').length;
    const missed = never === 0 ? '' : ` (${never} of ${found.length} never halted)`;
    return `  ${formatShare(fault.share)}% after about ${formatDuration(fault.afterMs)}: ${formatShare(medianOf(found))}%${missed}`;
  });
  return [
    'The same, where devices fall back after half to one and a half times as long, not all after the same time.',
    'Medians:',
    ...parts,
  ];
}

function describeHealthy(healthy: readonly HealthyRelease[]): readonly string[] {
  const lines = ORDINARY_SHARES.map((share) => {
    const found = healthy.filter((each) => each.share === share);
    const wrong = found.filter(({ played }) => played.end !== 'finished');
    const steps = [...new Set(wrong.map(({ played }) => played.step))];
    const where = steps.length === 0 ? '' : `, in ${steps.join(', ')}`;
    return `  ${share * 100}%: ${wrong.length} of ${found.length} halted${where}`;
  });
  const done = healthy.filter(({ played }) => played.end === 'finished');
  const hours = done.length === 0 ? null : summarise(done.map(({ played }) => played.hours)).median;
  return [
    'Healthy firmware, of which some devices report at every attempt that they could not install it:',
    ...lines,
    hours === null
      ? '  None of them finished.'
      : `  A release finished ${Math.round(hours)} hours after its start (median).`,
  ];
}

function medianOf(cells: readonly Cell[]): number {
  return summarise(cells.map(({ played }) => offeredShare(played))).median;
}

/** Percent with one digit where that says something. */
function formatShare(share: number): string {
  const percent = share * 100;
  return percent >= 10 ? String(Math.round(percent)) : String(Number(percent.toFixed(1)));
}
