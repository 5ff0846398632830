// Scenes for the planner of calls to Particle, and its calls in words.

import type { Call } from '../../../controller/fleets/particle/calls.ts';
import type { Ledger } from '../../../controller/fleets/particle/ledger.ts';
import { EMPTY_LEDGER } from '../../../controller/fleets/particle/ledger.ts';
import type { CloudDevice, Snapshot } from '../../../controller/fleets/particle/nouns.ts';
import type {
  PlanCallsInput,
  PlannedCalls,
} from '../../../controller/fleets/particle/plan-calls.ts';
import { planCalls } from '../../../controller/fleets/particle/plan-calls.ts';
import type { DeviceRecord } from '../../../controller/model/device.ts';
import { expectedDevice } from '../../../controller/model/device.ts';
import { buildDesired, type DesiredWords } from '../desired.ts';
import type { TracksWords } from '../tracks.ts';
import { releaseAll } from '../tracks.ts';
import { cloudDevice, filed } from './cloud-model.ts';
import { policyOf, START } from './mirror-play.ts';

/** What is in force, what is so at Particle and what is known of each device, in a few words. */
export interface SceneWords {
  readonly words?: DesiredWords;
  readonly tracks?: TracksWords;
  readonly stopped?: boolean;
  /** All of them where it is left out. */
  readonly verified?: readonly number[];
  readonly devices?: readonly (Partial<CloudDevice> & { readonly id: string })[];
  readonly records?: Readonly<Record<string, Partial<DeviceRecord>>>;
  readonly everyone?: number;
  readonly groups?: Readonly<Record<string, number | null>>;
  readonly ledger?: Partial<Ledger>;
  readonly drift?: 'mend' | 'report';
  readonly mayDelete?: boolean;
  readonly mayGroup?: boolean;
  readonly refused?: readonly number[];
  readonly awoken?: readonly string[];
  readonly arrived?: readonly string[];
}

const FIRMWARE = [{ version: 40 }, { version: 41 }, { version: 42 }];

export function inputOf(scene: SceneWords): PlanCallsInput {
  const words = { firmware: FIRMWARE, ...scene.words };
  const devices = new Map(
    (scene.devices ?? []).map((each) => [each.id, cloudDevice(each.id, each)]),
  );
  const snapshot: Snapshot = {
    readAt: START,
    devices,
    firmware: new Map(
      [40, 41, 42, 43].map((version) => [
        version,
        { ...filed(version), isDefault: version === scene.everyone },
      ]),
    ),
    groups: new Map(
      Object.entries(scene.groups ?? {}).map(([name, version]) => [name, { name, version }]),
    ),
  };
  const records = new Map(
    [...devices.values()].map(({ id, version }): [string, DeviceRecord] => [
      id,
      {
        ...expectedDevice('thermostat', id),
        standing: 'active',
        registeredAt: START,
        running: version,
        ...scene.records?.[id],
      },
    ]),
  );
  return {
    policy: policyOf(words, {
      ...(scene.verified !== undefined && { verified: scene.verified }),
      tracks: scene.tracks ?? {},
      stopped: scene.stopped ?? false,
    }),
    desired: releaseAll(buildDesired(words), scene.tracks),
    snapshot,
    records,
    ledger: { ...EMPTY_LEDGER, ...scene.ledger },
    moment: { at: START, listened: 0 },
    skewMs: 0,
    drift: scene.drift ?? 'mend',
    refused: new Set(scene.refused),
    awoken: new Set(scene.awoken),
    arrived: new Set(scene.arrived),
    mayDelete: scene.mayDelete ?? true,
    mayGroup: scene.mayGroup ?? true,
  };
}

export function plan(scene: SceneWords): PlannedCalls {
  return planCalls(inputOf(scene));
}

/** A call in words. */
export function told(call: Call): string {
  switch (call.type) {
    case 'createGroup':
    case 'deleteGroup':
      return `${call.type} ${call.group}`;
    case 'release':
      return `release ${call.version} to ${[...(call.isDefault ? ['everyone'] : []), ...call.groups].join(' ')}${call.prompt ? ' at once' : ''}`;
    case 'editGroups':
      return `edit ${call.devices.length > 3 ? call.devices.length : call.devices.join(' ')}${call.add.map((name) => ` +${name}`).join('')}${call.remove.map((name) => ` -${name}`).join('')}`;
    case 'lock':
      return `lock ${call.device} to ${call.version}${call.flash ? ' and flash' : ''}${call.own === null ? '' : ' (own)'}`;
    case 'unlock':
      return `unlock ${call.device}`;
    default:
      return '?';
  }
}

/** The calls of a scene, in words. */
export function calls(scene: SceneWords): readonly string[] {
  return plan(scene).calls.map(told);
}

export const FLEET = ['a', 'b', 'c'].map((id) => ({ id, version: 41 }));
export const lockTo = (
  version: number,
  flash: 'now' | 'on-reset' = 'now',
): Partial<DeviceRecord> => ({
  lock: { version, flash, armed: flash === 'now', manifest: 'bench', revision: 'r1', since: 0 },
});
export const HALT = { action: 'hold' as const, at: 0, failed: 5, succeeded: 0, message: 'Enough.' };
