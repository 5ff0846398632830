// How far a simulated fleet is, as one line with a bar: for `simulate` and the demo. Pure; drawing it is up to them.

import { formatNumber } from '../base/count.ts';
import { fitParts, renderProgressBar } from '../reports/progress-bar.ts';
import { listActivity, renderConnected, renderVersions } from '../simulator/progress.ts';
import type { FleetSnapshot } from '../simulator/snapshot.ts';

/** What a simulated fleet is on its way to: so many devices that run the version, as they report it. */
export interface SimulationGoal {
  readonly version: string;
  readonly devices: number;
}

/** The line for a terminal of that width; what is least important is left out first. Without a goal: who is connected. */
export function renderSimulationLine(
  snapshot: FleetSnapshot,
  goal: SimulationGoal | null,
  width: number,
): string {
  const { connected, devices } = snapshot;
  const bar =
    goal === null
      ? `${renderProgressBar({ done: connected, total: devices })} connected`
      : `${renderProgressBar(measureGoal(snapshot, goal))} on version ${goal.version}`;
  const [head = '', ...parts] = listParts(snapshot, goal);
  return fitParts([bar.length <= width ? bar : head, ...parts], width);
}

/** The same for a log, without the bar. */
export function renderSimulationNote(snapshot: FleetSnapshot, goal: SimulationGoal | null): string {
  return listParts(snapshot, goal).join(', ');
}

/** The goal after another look: the version that most devices came to since the one before; else the goal so far. */
export function findGoal(
  snapshot: FleetSnapshot,
  before: FleetSnapshot,
  goal: SimulationGoal | null,
): SimulationGoal | null {
  let most = 0;
  let found = goal;
  for (const [version, count] of Object.entries(snapshot.byVersion)) {
    const gained = count - (before.byVersion[version] ?? 0);
    if (gained > most) {
      most = gained;
      found = { version, devices: snapshot.devices };
    }
  }
  return found;
}

function measureGoal(
  { byVersion }: FleetSnapshot,
  { version, devices }: SimulationGoal,
): { readonly done: number; readonly total: number } {
  return { done: Math.min(byVersion[version] ?? 0, devices), total: devices };
}

function listParts(snapshot: FleetSnapshot, goal: SimulationGoal | null): readonly string[] {
  const activity = listActivity(snapshot);
  if (goal === null) return [renderConnected(snapshot), renderVersions(snapshot), ...activity];
  const { done, total } = measureGoal(snapshot, goal);
  return [
    `${formatNumber(done)}/${formatNumber(total)} on version ${goal.version}`,
    ...(snapshot.connected < snapshot.online ? [renderConnected(snapshot)] : []),
    ...activity,
  ];
}
