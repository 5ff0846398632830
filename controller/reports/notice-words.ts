// What a notice says, in words, and the key that a receiver tells a repeat by. The forms that it is sent in are made of
// this in the files beside.

import { formatNumber } from '../base/count.ts';
import type { Event } from '../model/event.ts';
import type { Notice, NoticeKind } from '../model/notice.ts';
import { cleanText, isoTime, shortRevision } from './plain-text.ts';

/** A notice as people read it; each on one line, and without what a terminal would act on. */
export interface NoticeWords {
  /** `thermostat: halted` */
  readonly title: string;
  /** One or two sentences. */
  readonly message: string;
  /** Where it goes back to, and when it was; never empty. */
  readonly origin: string;
}

const TITLES: Readonly<Record<NoticeKind, string>> = {
  refused: 'refused',
  verified: 'verified',
  step: 'next step',
  halted: 'halted',
  'rolled-back': 'rolled back',
  done: 'done',
  stopped: 'emergency stop',
  resumed: 'emergency stop ended',
  waiting: 'waits for a person',
};

/** Longest message, in characters: those of events quote manifests. */
const MESSAGE_MAX = 1_000;

/** What a notice says. */
export function describeNotice(notice: Notice): NoticeWords {
  if (notice.kind === 'left-out') {
    const count =
      notice.count === 1 ? '1 notice was' : `${formatNumber(notice.count)} notices were`;
    return {
      title: 'Lockstep: notices left out',
      message: `${count} left out while this address could not be reached; \`lockstep events\` has them.`,
      origin: `${isoTime(notice.from)} to ${isoTime(notice.to)}`,
    };
  }
  const { event } = notice;
  return {
    title: `${subjectOf(event)}: ${TITLES[notice.kind]}`,
    message: cutText(cleanText(event.message), MESSAGE_MAX),
    origin: [
      ...(event.manifest === null ? [] : [cleanText(event.manifest)]),
      ...(event.revision === null ? [] : [shortRevision(event.revision)]),
      isoTime(event.at),
    ].join(' · '),
  };
}

/**
 * Tells the notices of a target from one another, and is the same when one is sent again. The time keeps apart the
 * events of two states, which count alike.
 */
export function noticeKey(target: string, notice: Notice): string {
  if (notice.kind === 'left-out') return `${target}/${notice.lastId}/left-out-${notice.count}`;
  return `${target}/${notice.event.id}/${notice.event.at}`;
}

/** At most `max` characters, the last of them `…` where something was cut off. */
function cutText(text: string, max: number): string {
  const characters = Array.from(text);
  return characters.length <= max ? text : `${characters.slice(0, max - 1).join('')}…`;
}

/** What an event without a product is about is the source as a whole. */
function subjectOf({ product }: Event): string {
  return product === null ? 'source' : cleanText(product);
}
