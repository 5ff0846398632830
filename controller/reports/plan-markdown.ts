// The plan for a pull request: what a reviewer has to know first, the details folded. Text of manifests cannot leave its
// place: it is escaped, mentions nobody and refers to nothing. Posting it is the forge's business.

import { countOf, formatNumber } from '../base/count.ts';
import type { FirmwareSpec, Place } from '../model/desired.ts';
import type { Plan, ProductPlan, ReleasePlan } from '../model/plan.ts';
import { cleanText, formatPlace, shortRevision } from './plain-text.ts';
import {
  countPlan,
  describeActions,
  describedFirmware,
  summarisePlan,
  sumDevices,
} from './plan-lines.ts';
import {
  describeFinish,
  describeStanding,
  describeSteps,
  isStaged,
  nameRelease,
} from './release-lines.ts';

/** No report is longer, in characters; a comment on GitHub may have 65,536. */
export const MARKDOWN_MAX = 60_000;

/** How many entries of each list are shown, tried in order until the report fits. */
const LIST_SIZES = [200, 50, 15, 5, 1];

/** The first devices of a release that are named. */
const FIRST_SHOWN = 5;

/** No message or remedy is shown beyond this many characters. */
const MESSAGE_MAX = 600;

/** No description is shown beyond this many characters. */
const DESCRIPTION_MAX = 4_000;

/**
 * The plan as Markdown (GitHub's flavour); ends with a line break and is at most `MARKDOWN_MAX` characters long.
 * `firmware`: manifests whose titles and descriptions are shown where the plan is about their versions. `now` (epoch milliseconds):
 * says how far ahead the end of a staged release is, where it is given.
 */
export function renderPlanMarkdown(
  plan: Plan,
  firmware: readonly FirmwareSpec[] = [],
  now: number | null = null,
): string {
  for (const size of LIST_SIZES) {
    const text = renderWith(plan, firmware, now, size);
    if (text.length <= MARKDOWN_MAX) return text;
  }
  return [
    headline(plan),
    '',
    `${countOf(plan.products.length, 'product')}; too many to list here. \`lockstep plan\` shows all of it.`,
    '',
  ].join('\n');
}

function renderWith(
  plan: Plan,
  firmware: readonly FirmwareSpec[],
  now: number | null,
  size: number,
): string {
  const blocks = [headline(plan), ...errorBlocks(plan, size)];
  for (const product of plan.products) blocks.push(...productBlocks(product, firmware, now, size));
  blocks.push(
    `<sub>Revision ${code(shortRevision(plan.revision))}, plan ${code(plan.fingerprint.slice(0, 19))}. Only what is merged is carried out.</sub>`,
  );
  return `${blocks.join('\n\n')}\n`;
}

function headline(plan: Plan): string {
  const { actions, refusals, errors } = countPlan(plan);
  const mark = errors + refusals > 0 ? '🔴' : actions > 0 ? '🟡' : '🟢';
  return `### ${mark} Lockstep plan: ${summarisePlan(plan)}`;
}

function errorBlocks(plan: Plan, size: number): readonly string[] {
  if (plan.errors.length === 0) return [];
  const items = list(
    plan.errors,
    size,
    ({ reason, message, remedy, place }) =>
      `- ❌ **${reason}**${at(place)}<br>${escape(message)}<br>_${escape(remedy)}_`,
  );
  return ['**Errors.** What they concern is frozen: nothing of it changes.', items];
}

function productBlocks(
  plan: ProductPlan,
  firmware: readonly FirmwareSpec[],
  now: number | null,
  size: number,
): readonly string[] {
  const { impact, refusals, warnings } = plan;
  const fleet = [
    countOf(impact.devices, 'device'),
    `${formatNumber(impact.locked)} locked`,
    `${formatNumber(impact.offline)} offline`,
    ...(impact.quarantined > 0 ? [`${formatNumber(impact.quarantined)} in quarantine`] : []),
  ].join(', ');
  const state = plan.frozen ? ' Frozen: nothing of it changes until the errors are mended.' : '';
  const blocks = [`#### ${code(plan.product)}\n\n${fleet}.${state}`];
  if (impact.flashes.length > 0) blocks.push(flashTable(plan, size));
  const staged = plan.releases.filter(isStaged);
  blocks.push(...staged.slice(0, size).map((release) => describeRelease(release, now, size)));
  if (staged.length > size) {
    blocks.push(`… and ${countOf(staged.length - size, 'more staged release')}`);
  }
  if (refusals.length > 0) {
    blocks.push(
      list(refusals, size, ({ reason, message, remedy, place, flashes }) => {
        const held =
          flashes.length === 0 ? '' : ` It would flash ${countOf(sumDevices(flashes), 'device')}.`;
        return `- ⛔ **${reason}**${at(place)}<br>${escape(message)}${held}<br>_${escape(remedy)}_`;
      }),
    );
  }
  blocks.push(...describedFirmware(plan, firmware).slice(0, size).map(describeVersion));
  if (plan.actions.length > 0) blocks.push(foldActions(plan, size));
  if (warnings.length > 0) {
    const items = list(
      warnings,
      size,
      ({ reason, message, place }) => `- ⚠️ **${reason}**${at(place)}<br>${escape(message)}`,
    );
    blocks.push(fold(countOf(warnings.length, 'warning'), items));
  }
  return blocks;
}

function flashTable({ impact }: ProductPlan, size: number): string {
  const rows = impact.flashes.map(
    ({ from, to, devices }) => `| ${from ?? 'unknown'} | ${to} | ${formatNumber(devices)} |`,
  );
  const shown = rows.slice(0, size);
  const rest = impact.flashes.slice(size);
  if (rest.length > 0) shown.push(`| … | … | ${formatNumber(sumDevices(rest))} |`);
  return ['| from | to | devices |', '| ---: | ---: | ---: |', ...shown].join('\n');
}

function describeRelease(release: ReleasePlan, now: number | null, size: number): string {
  const finish = describeFinish(release, now);
  const first = release.firstDevices ?? [];
  const said = [
    `**${escape(sentence(nameRelease(release)))}**: ${escape(describeStanding(release))}.`,
    ...(finish === null ? [] : [`${sentence(finish)}.`]),
    ...(first.length === 0 ? [] : [`First: ${first.slice(0, FIRST_SHOWN).map(code).join(', ')}.`]),
  ].join(' ');
  const steps = describeSteps(release);
  const rows = steps.slice(0, size).map(({ name, state, exposure, devices, ends, flashes }) => {
    const shown = state === 'current' ? `**${escape(name)}**` : escape(name);
    return `| ${shown} | ${exposure} | ${devices} | ${ends} | ${flashes} |`;
  });
  if (steps.length > size) rows.push('| … | … | … | … | … |');
  const head = ['| step | exposure | devices | ends earliest | flashes |'];
  return [said, '', ...head, '| --- | ---: | ---: | --- | --- |', ...rows].join('\n');
}

function sentence(text: string): string {
  return `${text.slice(0, 1).toUpperCase()}${text.slice(1)}`;
}

function foldActions(plan: ProductPlan, size: number): string {
  const items = list(
    describeActions(plan.actions),
    size,
    ({ type, text, place }) => `- ${code(type)} ${escape(text)}${at({ ...place, column: null })}`,
  );
  return fold(countOf(plan.actions.length, 'action'), items);
}

/** What a version brings: its description is Markdown, and stays inside its quotation. */
function describeVersion({ version, title, description }: FirmwareSpec): string {
  const name = `Version ${version}${title === null ? '' : `: ${disarm(cleanText(title))}`}`;
  if (description === null) return name;
  const lines = description.slice(0, DESCRIPTION_MAX).split(/\r?\n/);
  return fold(name, lines.map((line) => `> ${disarm(cleanText(line))}`).join('\n'));
}

/** GitHub reads Markdown inside a fold only after an empty line. */
function fold(summary: string, body: string): string {
  return `<details><summary>${summary}</summary>\n\n${body}\n\n</details>`;
}

function list<T>(items: readonly T[], size: number, render: (item: T) => string): string {
  const rest = items.length - size;
  const lines = items.slice(0, size).map(render);
  return [...lines, ...(rest > 0 ? [`- … and ${formatNumber(rest)} more`] : [])].join('\n');
}

function at(place: (Omit<Place, 'column'> & { readonly column: number | null }) | null): string {
  return place === null ? '' : ` ${code(formatPlace(place))}`;
}

/** A code span: nothing in it is read as Markdown, and backticks cannot end it. */
function code(text: string): string {
  const clean = cleanText(text.slice(0, 300)).replaceAll('`', 'ˋ').trim();
  return clean === '' ? '' : `\`${clean}\``;
}

/** Text that stays text: no HTML, no Markdown but code spans, no mention, no reference to another pull request. */
function escape(text: string): string {
  const cut = cleanText(text.length > MESSAGE_MAX ? `${text.slice(0, MESSAGE_MAX)}…` : text);
  const parts = cut.split('`');
  // Between a pair of backticks stands code; a backtick without its partner is one of the text.
  if (parts.length % 2 === 0) return escapeWords(cut);
  return parts.map((part, index) => (index % 2 === 1 ? code(part) : escapeWords(part))).join('');
}

function escapeWords(text: string): string {
  return disarm(text.replace(/[\\`*_{}[\]|~]/g, '\\$&'))
    .replace(/:\/\//g, ':<!-- -->//')
    .replace(/\bwww\./gi, '$&<!-- -->');
}

/** Without HTML, mentions and references. */
function disarm(text: string): string {
  return text
    .replace(/&/g, '&amp;')
    .replace(/</g, '&lt;')
    .replace(/>/g, '&gt;')
    .replace(/[@#](?=[\w-])/g, '$&<!-- -->');
}
