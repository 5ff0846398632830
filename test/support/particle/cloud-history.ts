// Histories of staged releases at Particle. What people commit and what befalls the machine is drawn by the maker of the
// core's histories; what only the gateway's devices can do becomes what only Particle has: people at its console, devices
// that come and go, and a cloud that is in trouble. Plain data, made from a seed alone.

import type { RandomStream } from '../../../controller/simulator/seeded-random.ts';
import { createRandomStream, drawUnit } from '../../../controller/simulator/seeded-random.ts';
import type { Mood } from '../../../controller/simulator/particle/trouble.ts';
import { drawInteger, isLikely, pick } from '../virtual/draw.ts';
import type { Edit, HistoryEvent, Setup } from '../virtual/history.ts';
import { renderEvent } from '../virtual/history-text.ts';
import { makeHistory } from '../virtual/make-history.ts';

/** What somebody does at Particle's console. Numbers of devices and versions need not exist: then nothing is done. */
export type Meddling =
  | {
      readonly act: 'lock';
      readonly device: number;
      readonly version: number;
      readonly flash: boolean;
    }
  | { readonly act: 'unlock' | 'develop' | 'undevelop'; readonly device: number }
  | { readonly act: 'release'; readonly version: number; readonly group: string | null }
  | { readonly act: 'groups'; readonly device: number; readonly groups: readonly string[] }
  | { readonly act: 'removeGroup'; readonly group: string }
  /** With the CLI, which leaves the device marked as development. */
  | { readonly act: 'flash'; readonly device: number; readonly version: number };

export type CloudHistoryEvent =
  | Exclude<HistoryEvent, { readonly type: 'jump' | 'manners' | 'lazy' | 'hardware' }>
  | ({ readonly type: 'console' } & Meddling)
  /** Requests go wrong for a while: all of them, or those that change something. */
  | {
      readonly type: 'trouble';
      readonly mood: Mood;
      readonly of: 'all' | 'changes';
      readonly rounds: number;
    }
  | { readonly type: 'reset' | 'reconnect' | 'refuse' | 'accept'; readonly device: number };

export interface CloudHistory {
  readonly setup: Setup;
  /** What part of a round a transfer takes. */
  readonly transfer: number;
  /** How long each call takes that changes something: meanwhile devices come and go. */
  readonly callMs: number;
  /** Devices that sleep most of the time, and for how many rounds at a time: what they are due may have ended by then. */
  readonly sleepers: readonly number[];
  readonly asleep: number;
  readonly events: readonly CloudHistoryEvent[];
}

/** Longer than this takes no transfer: one that outlasts a window would be begun, undone and begun again each day. */
const TRANSFER_MINUTES = 20;

const MOODS: readonly Mood[] = [
  'unavailable',
  'device-service',
  'too-many',
  'expired',
  'forbidden',
  'html',
  'html-ok',
  'ok-false',
  'empty',
  'nonsense',
  'truncated',
  'cut-before',
  'cut-after',
  'html-after',
];

/** Makes the history of a seed. */
export function makeCloudHistory(seed: number): CloudHistory {
  const { setup: drawn, events } = makeHistory(seed);
  const chance = createRandomStream(seed, 'particle');
  // Most fleets are small: of a few more devices, some are far from a release's beginning.
  const more = Array.from({ length: drawInteger(chance, 0, 12) }, () => 1);
  const running = [...drawn.running, ...more];
  const share = pick(chance, [0, 0.2, 0.6]);
  // Particle knows no groups by attributes, and devices name no boots.
  const setup: Setup = { ...drawn, boots: false, running, hardware: running.map(() => 'a') };
  return {
    setup,
    asleep: pick(chance, [1.6, 8, 25]),
    sleepers: running.flatMap((_, number) => (isLikely(chance, share) ? [number] : [])),
    transfer: Math.min(TRANSFER_MINUTES / setup.pollMinutes, pick(chance, [0.02, 0.02, 0.3, 1.2])),
    callMs: pick(chance, [0, 0, 100, 3_000]),
    events: events.map((event) => translate(chance, setup, event)),
  };
}

function translate(chance: RandomStream, setup: Setup, event: HistoryEvent): CloudHistoryEvent {
  const { type } = event;
  if (type === 'commit') return { type, edits: event.edits.map(translateEdit) };
  if (type === 'join') return { ...event, hardware: 'a' };
  if (type === 'outage') return isLikely(chance, 0.3) ? event : drawTrouble(chance);
  if (type === 'jump') return drawTrouble(chance);
  if (type === 'manners' || type === 'hardware') {
    return { type: 'console', ...drawMeddling(chance, setup, event.device) };
  }
  if (type === 'lazy') {
    const acts = ['reset', 'reconnect', 'refuse', 'accept'] as const;
    return { type: pick(chance, acts), device: event.device };
  }
  return event;
}

/** Stepping stones bind no device that the cloud meets before the driver does. */
function translateEdit(edit: Edit): Edit {
  if (edit.type === 'firmware') return { ...edit, from: null };
  return 'audience' in edit && edit.audience === 'matched' ? { ...edit, audience: 'listed' } : edit;
}

function drawTrouble(chance: RandomStream): CloudHistoryEvent {
  const of = isLikely(chance, 0.5) ? 'all' : 'changes';
  return { type: 'trouble', mood: pick(chance, MOODS), of, rounds: drawInteger(chance, 1, 4) };
}

function drawMeddling(chance: RandomStream, { running }: Setup, device: number): Meddling {
  const luck = drawUnit(chance);
  const version = drawInteger(chance, 1, 5);
  const reserved = `lockstep-v${drawInteger(chance, 1, 5)}`;
  const group = isLikely(chance, 0.5) ? 'listed' : reserved;
  if (luck < 0.2) return { act: 'lock', device, version, flash: isLikely(chance, 0.5) };
  if (luck < 0.4) {
    return { act: 'unlock', device: isLikely(chance, 0.5) ? device : device % running.length };
  }
  if (luck < 0.55) return { act: 'release', version, group: isLikely(chance, 0.6) ? null : group };
  if (luck < 0.75) return { act: 'groups', device, groups: isLikely(chance, 0.5) ? [group] : [] };
  if (luck < 0.82) return { act: 'removeGroup', group };
  if (luck < 0.88) return { act: 'develop', device };
  if (luck < 0.94) return { act: 'undevelop', device };
  return { act: 'flash', device, version };
}

/** An event in words. */
export function renderCloudEvent(event: CloudHistoryEvent): string {
  return isOwn(event) ? Object.values(event).join(' ') : renderEvent(event);
}

function isOwn(event: CloudHistoryEvent): event is Exclude<CloudHistoryEvent, HistoryEvent> {
  const own = ['console', 'trouble', 'reset', 'reconnect', 'refuse', 'accept'];
  return own.includes(event.type);
}

/** A history in words, for people: the seed is what replays it. */
export function renderCloudHistory(history: CloudHistory): string {
  const { setup, transfer, callMs, sleepers, asleep, events } = history;
  const more = `a transfer takes ${transfer} of a round, a call ${callMs} ms; ${sleepers.join()} sleep for ${asleep} rounds`;
  return [`${JSON.stringify(setup)}; ${more}`, ...events.map(renderCloudEvent)].join('\n');
}
