// What Markdown reports show of a product's plan: the table of its flashes, the steps of a release, its actions, and what a
// version brings.

import { formatNumber } from '../base/count.ts';
import type { FirmwareSpec } from '../model/desired.ts';
import type { Action, FlashCount, ReleasePlan } from '../model/plan.ts';
import { describeActions } from '../plan/action-lines.ts';
import {
  at,
  cell,
  code,
  disarm,
  escape,
  fold,
  list,
  sentence,
  type ShowPlace,
} from './markdown-text.ts';
import { cleanText } from './plain-text.ts';
import { sumDevices } from './plan-lines.ts';
import { describeFinish, describeStanding, describeSteps, nameRelease } from './release-lines.ts';

/** The first devices of a release that are named. */
const FIRST_SHOWN = 5;

/** No description is shown beyond this many characters. */
const DESCRIPTION_MAX = 4_000;

/** How many devices would be flashed, from and to which version. */
export function flashTable(flashes: readonly FlashCount[], size: number): string {
  const rows = flashes.map(
    ({ from, to, devices }) => `| ${from ?? 'unknown'} | ${to} | ${formatNumber(devices)} |`,
  );
  const shown = rows.slice(0, size);
  const rest = flashes.slice(size);
  if (rest.length > 0) shown.push(`| … | … | ${formatNumber(sumDevices(rest))} |`);
  return ['| from | to | devices |', '| ---: | ---: | ---: |', ...shown].join('\n');
}

/** A release: where it stands, when it is done at the earliest, and a row for each of its steps. */
export function describeRelease(release: ReleasePlan, now: number | null, size: number): string {
  const finish = describeFinish(release, now);
  const first = release.firstDevices ?? [];
  const said = [
    `**${escape(sentence(nameRelease(release)))}**: ${escape(describeStanding(release))}.`,
    ...(finish === null ? [] : [`${sentence(finish)}.`]),
    ...(first.length === 0 ? [] : [`First: ${first.slice(0, FIRST_SHOWN).map(code).join(', ')}.`]),
  ].join(' ');
  return [said, '', stepTable(release, size)].join('\n');
}

/** A row for each step of a release. */
export function stepTable(release: ReleasePlan, size: number): string {
  const steps = describeSteps(release);
  const rows = steps.slice(0, size).map(({ name, state, exposure, devices, ends, flashes }) => {
    const shown = state === 'current' ? `**${cell(name)}**` : cell(name);
    return `| ${shown} | ${exposure} | ${devices} | ${ends} | ${flashes} |`;
  });
  if (steps.length > size) rows.push('| … | … | … | … | … |');
  const head = ['| step | exposure | devices | ends earliest | flashes |'];
  return [...head, '| --- | ---: | ---: | --- | --- |', ...rows].join('\n');
}

/** A line for each action, or for several of one manifest. */
export function listActions(
  actions: readonly Action[],
  size: number,
  show: ShowPlace = at,
): string {
  return list(
    describeActions(actions),
    size,
    ({ type, text, place }) => `- ${code(type)} ${escape(text)}${show({ ...place, column: null })}`,
  );
}

/** What a version brings: its description is Markdown, and stays inside its quotation. */
export function describeVersion({ version, title, description }: FirmwareSpec): string {
  const name = `Version ${version}${title === null ? '' : `: ${disarm(cleanText(title))}`}`;
  if (description === null) return name;
  const lines = description.slice(0, DESCRIPTION_MAX).split(/\r?\n/);
  return fold(name, lines.map((line) => `> ${disarm(cleanText(line))}`).join('\n'));
}
