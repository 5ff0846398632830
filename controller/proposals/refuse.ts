// The refusals that all kinds of proposals share, and the checks of what a request brings itself.

import { fail } from '../base/result.ts';
import type { Mistake, ProposalRefusal } from './proposal.ts';

/** Refuses for what was found; at least one mistake. The same mistake is told once. */
export function refuse(mistakes: readonly Mistake[]): {
  readonly ok: false;
  readonly error: ProposalRefusal;
} {
  const told = new Map(mistakes.map((mistake) => [JSON.stringify(mistake), mistake]));
  return fail({ kind: 'mistakes', mistakes: [...told.values()] });
}

/** Refuses since everything is as it is asked for. */
export function refuseNothingToDo(message: string): {
  readonly ok: false;
  readonly error: ProposalRefusal;
} {
  return fail({ kind: 'nothingToDo', message });
}

/** A mistake in the request itself. */
export function mistakeOf(code: string, message: string, remedy: string): Mistake {
  return { code, message, remedy, place: null };
}

/** Longest reason that a manifest holds. */
export const REASON_MAX = 1_000;

/** What is wrong with the text of a reason; null where nothing is. */
export function checkReason(reason: string): readonly Mistake[] {
  if (reason.trim() !== '' && reason.length <= REASON_MAX) return [];
  return [
    mistakeOf(
      'InvalidReason',
      reason.trim() === ''
        ? 'The reason is empty.'
        : `The reason is longer than ${REASON_MAX} characters.`,
      'Say in a sentence why.',
    ),
  ];
}

/** Whether a manifest can hold the address of an explanation. */
export function isUrl(url: string): boolean {
  return URL_PATTERN.test(url) && url.length <= 2_048;
}

// As in the schema of Firmware.
const URL_PATTERN =
  /^(https:\/\/[^\s/?#@\\]+|http:\/\/(localhost|127\.0\.0\.1)(:\d{1,5})?)(\/[^\s\\]*)?$/;

/** What is wrong with the address of an explanation. */
export function checkUrl(url: string | null): readonly Mistake[] {
  if (url === null || isUrl(url)) return [];
  return [
    mistakeOf(
      'InvalidUrl',
      `${JSON.stringify(url.slice(0, 80))} is no https:// URL without user name and password.`,
      'Give one such as https://example.com/incidents/7.',
    ),
  ];
}

/** What is wrong with the id of a device. */
export function checkDevice(device: string): readonly Mistake[] {
  if (/^\S{1,256}$/.test(device)) return [];
  return [
    mistakeOf(
      'InvalidDevice',
      `${JSON.stringify(device.slice(0, 80))} is no device id.`,
      'Give the id as the device reports it: 1 to 256 characters without white space.',
    ),
  ];
}

/** Text for a title: at most `max` characters. */
export function shorten(text: string, max: number): string {
  if (text.length <= max) return text;
  // Not between the two halves of a character.
  return `${text.slice(0, max - 1).replace(/[\ud800-\udbff]$/, '')}…`;
}
