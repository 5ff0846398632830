// What is said of a round: drift with the best actor known, devices that the driver holds, and what stands apart. Events
// for what is new, remarks for what stands.

import { countOf } from '../../base/count.ts';
import type { Failure } from '../../base/failure.ts';
import type { EventDraft } from '../../model/event.ts';
import type { FleetRemark } from '../../model/live.ts';
import type { Ledger } from './ledger.ts';
import { FIGHT_ROUNDS_MAX } from './ledger.ts';
import type { CloudDevice } from './nouns.ts';
import type { DriftNote } from './plan-calls.ts';

const NAMES_MAX = 5;

/** Who released what, as far as the event stream named it: user by version. */
export type Actors = ReadonlyMap<number, string>;

/** The event of drift that was not there at the round before. */
export function driftEvent(
  product: string,
  note: DriftNote,
  actors: Actors,
  at: number,
): EventDraft {
  return {
    type: 'DriftDetected',
    at,
    product,
    revision: null,
    manifest: null,
    device: note.device,
    actionId: null,
    message: `At Particle, ${describe(note, actors)}.`,
  };
}

function describe({ message, version, isMended }: DriftNote, actors: Actors): string {
  const actor = version === null ? undefined : actors.get(version);
  const by = actor === undefined ? 'by somebody else' : `by user ${actor}`;
  return `${message} (${by}; ${isMended ? 'it is mended' : 'it is left as it is'})`;
}

/** What a plan warns of. */
export function remarksOf(input: {
  readonly drift: readonly DriftNote[];
  readonly actors: Actors;
  readonly ledger: Ledger;
  readonly devices: ReadonlyMap<string, CloudDevice>;
  readonly unheld: readonly string[];
  readonly differing: readonly number[];
  readonly unfit: readonly string[];
  readonly refused: readonly Failure[];
  readonly skewWarnings: readonly string[];
}): readonly FleetRemark[] {
  const { drift, actors, ledger, devices, unheld, differing, unfit, refused } = input;
  const remarks: FleetRemark[] = [];
  const shown = drift.slice(0, NAMES_MAX).map((note) => describe(note, actors));
  if (shown.length > 0) {
    const more = drift.length - shown.length;
    const others = more > 0 ? `, and ${more} more` : '';
    remarks.push({ reason: 'FleetDrift', message: `At Particle, ${shown.join('; ')}${others}.` });
  }
  for (const [thing, { rounds }] of Object.entries(ledger.fights)) {
    if (rounds < FIGHT_ROUNDS_MAX) continue;
    remarks.push({
      reason: 'FleetDrift',
      message: `Somebody changed this back ${rounds} times within a day, so it is left as it is for now: ${thing}.`,
    });
  }
  for (const [id, { version, cause }] of Object.entries(ledger.own).slice(0, NAMES_MAX)) {
    remarks.push({
      reason: 'DeviceHeld',
      message: `${id} is held on version ${version}: ${cause}`,
    });
  }
  const developing = [...devices.values()].filter(({ development }) => development).length;
  if (developing > 0) {
    remarks.push({
      reason: 'DevelopmentDevices',
      message: `${countOf(developing, 'development device')} ${developing === 1 ? 'is' : 'are'} left out of releases by Particle.`,
    });
  }
  if (unheld.length > 0) {
    remarks.push({
      reason: 'DeviceNotHeld',
      message: `What is released reaches ${countOf(unheld.length, 'device')} that should be left alone: ${nameSome(unheld)}.`,
    });
  }
  for (const version of differing) {
    remarks.push({
      reason: 'FirmwareDiffers',
      message: `Particle holds another binary as version ${version} than the manifest names.`,
    });
  }
  if (unfit.length > 0) {
    remarks.push({
      reason: 'FirmwareUnfit',
      message: `Particle holds firmware under ${unfit.length === 1 ? 'a number' : 'numbers'} that no device can report: ${nameSome(unfit)}.`,
    });
  }
  for (const { message } of refused) remarks.push({ reason: 'FleetRefused', message });
  for (const message of input.skewWarnings) remarks.push({ reason: 'FleetRefused', message });
  return remarks;
}

function nameSome(ids: readonly string[]): string {
  const more = ids.length - NAMES_MAX;
  return `${ids.slice(0, NAMES_MAX).join(', ')}${more > 0 ? ` and ${more} more` : ''}`;
}
