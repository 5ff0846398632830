// Plays sightings of one device of `thermostat` into its record, for the tests of the mirror.

import { compilePolicy } from '../../../controller/devices/policy.ts';
import type {
  DeviceNews,
  MirrorContext,
  MirrorDecision,
} from '../../../controller/fleets/particle/mirror-device.ts';
import { mirrorDevice } from '../../../controller/fleets/particle/mirror-device.ts';
import type { CloudDetails, CloudDevice } from '../../../controller/fleets/particle/nouns.ts';
import type { DeviceRecord } from '../../../controller/model/device.ts';
import type { ProductPolicy } from '../../../controller/model/policy.ts';
import { buildDesired, type DesiredWords } from '../desired.ts';
import type { TracksWords } from '../tracks.ts';
import { releaseAll } from '../tracks.ts';
import { cloudDevice } from './cloud-model.ts';

export const START = Date.UTC(2026, 0, 5, 12);
export const NO_NEWS: DeviceNews = { transfer: null, appHash: null, lastReset: null };
export const NORMAL: CloudDetails = { heardAt: START, status: 'normal', takesUpdates: true };

/** A policy; all versions are verified unless told otherwise. */
export function policyOf(
  words: DesiredWords,
  options: {
    readonly verified?: readonly number[];
    readonly stopped?: boolean;
    readonly tracks?: TracksWords;
  } = {},
): ProductPolicy {
  const firmware = words.firmware ?? [{ version: 41 }, { version: 42 }];
  const desired = releaseAll(buildDesired({ ...words, firmware }), options.tracks);
  const policy = compilePolicy(
    desired,
    desired.firmware.map(({ spec }) => ({
      product: desired.product,
      version: spec.version,
      sha256: spec.binary.sha256,
      size: 1,
      sha1: '',
      md5: '',
      addedAt: 0,
      addedRevision: 'r1',
      verifiedAt: (options.verified?.includes(spec.version) ?? true) ? 1 : null,
      finishedAt: null,
      withdrawnAt: null,
      stored: true,
    })),
    { stopped: options.stopped ?? false },
  );
  if (policy === null) throw new Error('no policy');
  return policy;
}

export interface Play {
  record: DeviceRecord | null;
  policy: ProductPolicy;
  attributes: Readonly<Record<string, string>>;
  appHashes: ReadonlyMap<number, string>;
  /** Milliseconds since `START`, of both clocks. */
  now: number;
  /** Takes a sighting in; the handshake is told in seconds since `START`. */
  see(
    change?: Partial<CloudDevice> & {
      readonly handshake?: number;
      readonly news?: Partial<DeviceNews>;
    },
  ): MirrorDecision;
}

export function createPlay(policy: ProductPolicy): Play {
  let actionId = 2001;
  const play: Play = {
    record: null,
    policy,
    attributes: {},
    appHashes: new Map(),
    now: 0,
    see({ handshake, news, ...change } = {}) {
      const handshakeAt = handshake === undefined ? START : START + handshake * 1_000;
      const context: MirrorContext = {
        policy: play.policy,
        moment: { at: START + play.now, listened: play.now },
        skewMs: 0,
        appHashes: play.appHashes,
        freshActionId: (actionId += 1),
        exhausted: new Set(),
      };
      const decision = mirrorDevice(
        {
          before: play.record,
          device: cloudDevice('dev-1', { handshakeAt, ...change }),
          news: { ...NO_NEWS, ...news },
          attributes: play.attributes,
        },
        context,
      );
      play.record = decision.device;
      play.attributes = decision.attributes;
      return decision;
    },
  };
  return play;
}
