// The comment on a pull request: what a reviewer has to know first, the details folded. Text of manifests and devices cannot
// leave its place, and cannot pass for a comment of ours. Posting it is the forge's business.

import { countOf, formatNumber } from '../base/count.ts';
import { formatUtc } from '../base/format-time.ts';
import type { Refusal } from '../model/plan.ts';
import type { Problem } from '../model/problem.ts';
import type { ChangeReview, ReleaseGateReport } from '../model/review.ts';
import type { ProductDelta, ReviewDelta } from '../plan/review-delta.ts';
import { isTouched, takeApart } from '../plan/review-delta.ts';
import { flashTable, listActions, stepTable } from './markdown-parts.ts';
import type { ShowPlace } from './markdown-text.ts';
import { code, escape, fold, list, LIST_SIZES, MARKDOWN_MAX, sentence } from './markdown-text.ts';
import { formatPlace, shortRevision } from './plain-text.ts';
import { sumDevices } from './plan-lines.ts';
import { describeFinish, nameRelease } from './release-lines.ts';
import { descriptionFolds, firmwareTable } from './review-firmware.ts';
import {
  describeCourse,
  describeEffect,
  GATE_MARKS,
  GATE_WORDS,
  isToldByGate,
  remainingFlashes,
  tellUnread,
} from './review-lines.ts';
import type { MergedNote } from './review-notes.ts';
import { NOTE_MAX, renderMergedNote } from './review-notes.ts';

export interface ReviewLinks {
  /** The page of a line of a file in the change; the path is that from the root of the repository. */
  fileUrl(path: string, line: number): string;
  /** The check `lockstep/plan`, where the whole plan stands; null: not known. */
  readonly checkUrl: string | null;
}

export interface ReviewCommentInput {
  readonly review: ChangeReview;
  /** Full id of the change's newest commit. */
  readonly head: string;
  /** Name of the branch that it is proposed to. */
  readonly base: string;
  /** The folder of the repository that is the fleet repo, with `/` at its end; empty: all of it. */
  readonly prefix: string;
  readonly links: ReviewLinks;
  /** Epoch milliseconds. */
  readonly now: number;
  /** Once it is merged. */
  readonly merged?: MergedNote;
}

/** The comment as Markdown (GitHub's flavour): at most `MARKDOWN_MAX` characters, and it ends with a line break. */
export function renderReviewComment(input: ReviewCommentInput): string {
  const note = input.merged === undefined ? '' : `\n${renderMergedNote(input.merged)}`;
  const room = MARKDOWN_MAX - (input.merged === undefined ? 0 : NOTE_MAX + 1);
  const delta = takeApart(input.review);
  for (const size of LIST_SIZES) {
    const text = renderWith(delta, input, size);
    if (text.length <= room) return `${text}${note}`;
  }
  const { plan } = input.review;
  const rest = `${countOf(plan.products.length, 'product')}; too many to list here. ${whereAllIs(input)}`;
  return `${[...opening(delta, input, 1).slice(0, 2), rest, footer(input)].join('\n\n')}\n${note}`;
}

function renderWith(delta: ReviewDelta, input: ReviewCommentInput, size: number): string {
  const { review, errors, products } = delta;
  const blocks = [
    ...opening(delta, input, size),
    ...tellUnread(review),
    ...policyBlocks(review, size),
    ...errorBlocks(errors.brought, input, size),
    ...products.filter(isTouched).flatMap((each) => productBlocks(each, input, size)),
    ...firmwareTable(review.newFirmware, size),
    ...descriptionFolds(review.newFirmware, size),
    ...standingBlocks(errors.standing, products, input, size),
  ];
  // Only our own lines begin like this: text of manifests stands inside of them.
  const isCut = blocks.some((block) => /^(?:- … and|\| … \||… and )/m.test(block));
  if (isCut) blocks.push(`Lists are cut to what fits here. ${whereAllIs(input)}`);
  return `${[...blocks, footer(input)].join('\n\n')}\n`;
}

function whereAllIs({ links }: ReviewCommentInput): string {
  const check = '`lockstep/plan`';
  const link = links.checkUrl === null ? check : `[${check}](${safeUrl(links.checkUrl)})`;
  return `More of it is in the check ${link}, and all of it is printed by \`lockstep plan\`.`;
}

/** The headline, and what the gate says. */
function opening(delta: ReviewDelta, input: ReviewCommentInput, size: number): readonly string[] {
  const { review, errors, products } = delta;
  const refused = products.some(({ refusals, releases }) =>
    refusals.some((refusal) => !isToldByGate(refusal, releases)),
  );
  const isBad =
    review.gate === 'failure' || review.unread.length > 0 || refused || errors.brought.length > 0;
  const isQuiet = !products.some(isTouched);
  const mark = isBad ? '🔴' : isQuiet ? '🟢' : review.gate === 'success' ? '🟡' : '🔵';
  const effect = escape(sentence(describeEffect(delta, input.now)));
  return [`### ${mark} ${effect}`, ...gateBlocks(input, size)];
}

function gateBlocks(
  { review, links, prefix }: ReviewCommentInput,
  size: number,
): readonly string[] {
  const { releases } = review;
  const show = linkTo(links, prefix);
  if (releases.length === 0) return ['**Gate** ✅ No version is released that was not before.'];
  const line = (report: ReleaseGateReport): string => {
    const { state, message, remedy, place } = report;
    const verdict = `${GATE_MARKS[state]} **${sentence(GATE_WORDS[state])}**`;
    const next = remedy === null ? '' : `<br>➡️ ${escape(remedy)}`;
    return `${verdict}${show(place)}<br>${escape(message)}${next}`;
  };
  const [first] = releases;
  if (releases.length === 1 && first !== undefined) return [`**Gate** ${line(first)}`];
  const worst = [...releases].sort((a, b) => SEVERITY[a.state] - SEVERITY[b.state]);
  const named = (report: ReleaseGateReport): string =>
    `- ${code(report.product)} ${escape(report.manifest)} ${line(report)}`;
  return [`**Gate**\n\n${list(worst, size, named)}`];
}

const SEVERITY: Readonly<Record<ChangeReview['gate'], number>> = {
  failure: 0,
  pending: 1,
  neutral: 2,
  success: 3,
};

function policyBlocks({ policyChanges }: ChangeReview, size: number): readonly string[] {
  if (policyChanges.length === 0) return [];
  const items = list(policyChanges, size, (text) => `- ${escape(text)}`).replace(/^/gm, '> ');
  return [
    `> [!WARNING]\n> **This changes the rules.** They bind from the next commit on; this one is still bound by those before it.\n>\n${items}`,
  ];
}

function errorBlocks(
  errors: readonly Problem[],
  { links, prefix }: ReviewCommentInput,
  size: number,
): readonly string[] {
  if (errors.length === 0) return [];
  const show = linkTo(links, prefix);
  return [
    '**Errors.** What they concern is frozen: nothing of it changes.',
    list(errors, size, (error) => troubleItem('❌', error, show)),
  ];
}

function troubleItem(mark: string, trouble: Problem | Refusal, show: ShowPlace): string {
  const { reason, message, remedy, place } = trouble;
  const flashes = 'flashes' in trouble ? trouble.flashes : [];
  const held =
    flashes.length === 0
      ? ''
      : ` It would flash ${countOf(sumDevices(flashes), 'device')} at first.`;
  return `- ${mark} **${reason}**${show(place)}<br>${escape(message)}${held}<br>➡️ ${escape(remedy)}`;
}

function productBlocks(
  delta: ProductDelta,
  input: ReviewCommentInput,
  size: number,
): readonly string[] {
  const { plan, actions, warnings, flashes, spared, releases } = delta;
  const show = linkTo(input.links, input.prefix);
  const refusals = delta.refusals.filter((refusal) => !isToldByGate(refusal, releases));
  const blocks = [`#### ${code(plan.product)}\n\n${describeFleet(delta)}`];
  if (refusals.length > 0) {
    blocks.push(list(refusals, size, (refusal) => troubleItem('⛔', refusal, show)));
  }
  if (flashes.length > 0) blocks.push(`**Flashed at once**\n\n${flashTable(flashes, size)}`);
  if (spared.length > 0) blocks.push(`**No longer flashed**\n\n${flashTable(spared, size)}`);
  const going = releases.filter(hasMoreToTell);
  blocks.push(...going.slice(0, size).map((report) => releaseBlock(report, input.now, size)));
  if (going.length > size) blocks.push(`… and ${countOf(going.length - size, 'more release')}`);
  if (actions.length > 0) {
    blocks.push(fold(countOf(actions.length, 'action'), listActions(actions, size, show)));
  }
  if (warnings.length > 0) {
    const items = list(
      warnings,
      size,
      ({ reason, message, place }) => `- ⚠️ **${reason}**${show(place)}<br>${escape(message)}`,
    );
    blocks.push(fold(countOf(warnings.length, 'warning'), items));
  }
  return blocks;
}

/** Whether the table of flashes leaves something unsaid about a release. */
function hasMoreToTell({ forecast, state }: ReleaseGateReport): boolean {
  return forecast !== null && (state !== 'success' || forecast.steps.length > 1);
}

function describeFleet({ plan }: ProductDelta): string {
  const { devices, locked, offline, quarantined } = plan.impact;
  const fleet = [
    countOf(devices, 'device'),
    `${formatNumber(locked)} locked`,
    `${formatNumber(offline)} offline`,
    ...(quarantined > 0 ? [`${formatNumber(quarantined)} in quarantine`] : []),
  ].join(', ');
  const state = plan.frozen ? ' Frozen: nothing of it changes until the errors are mended.' : '';
  return `${fleet}.${state}`;
}

/** How a release would go: its steps, and the first devices where they were looked up. */
function releaseBlock({ forecast, state }: ReleaseGateReport, now: number, size: number): string {
  if (forecast === null) return '';
  const isCertain = state === 'success';
  const finish = isCertain ? describeFinish(forecast, now) : null;
  const devices = countOf(sumDevices(remainingFlashes(forecast)), 'device');
  const first = forecast.firstDevices ?? [];
  const isStaged = forecast.steps.length > 1;
  const said = [
    `**${escape(sentence(nameRelease(forecast)))}**${isCertain ? '' : ', once it is verified'}: ${devices}, ${describeCourse(forecast, now)}.`,
    ...(finish === null || !isStaged ? [] : [`${sentence(finish)}.`]),
    ...(isCertain || !isStaged ? [] : ['Its times are those of a start right now.']),
    ...(first.length === 0 ? [] : [`First: ${first.slice(0, 5).map(code).join(', ')}.`]),
  ].join(' ');
  if (!isStaged) return said;
  const steps = forecast.steps.map((step) =>
    step.state === 'current' && !isCertain ? { ...step, state: 'ahead' as const } : step,
  );
  return `${said}\n\n${stepTable({ ...forecast, steps }, size)}`;
}

/** What goes on, or is refused, whether the change is merged or not. */
function standingBlocks(
  errors: readonly Problem[],
  deltas: readonly ProductDelta[],
  input: ReviewCommentInput,
  size: number,
): readonly string[] {
  const show = linkTo(input.links, input.prefix);
  const parts: string[] = [];
  const said: string[] = [];
  const troubles: readonly (Problem | Refusal)[] = [
    ...errors,
    ...deltas.flatMap(({ standing }) => standing.refusals),
  ];
  if (troubles.length > 0) {
    said.push(countOf(troubles.length, 'problem'));
    parts.push(list(troubles, size, (trouble) => troubleItem('▫️', trouble, show)));
  }
  const actions = deltas.flatMap(({ standing }) => standing.actions);
  if (actions.length > 0) {
    said.push(countOf(actions.length, 'action'));
    parts.push(listActions(actions, size, show));
  }
  const flashes = deltas.flatMap(({ standing }) => standing.flashes);
  if (flashes.length > 0) {
    said.push(`${countOf(sumDevices(flashes), 'device')} on the way`);
    parts.push(flashTable(flashes, size));
  }
  if (parts.length === 0) return [];
  return [fold(`Already so on ${escape(input.base)}: ${said.join(', ')}`, parts.join('\n\n'))];
}

function footer({ review, head, base, now }: ReviewCommentInput): string {
  const { plan } = review;
  return `<sub>What merging ${code(shortRevision(head))} into ${code(base)} would do, as of ${formatUtc(now)}; plan ${code(plan.fingerprint.slice(0, 19))}. Kept current in place. Only what is merged is carried out.</sub>`;
}

/** Shows a place as a link to its line. */
function linkTo(links: ReviewLinks, prefix: string): ShowPlace {
  return (place) => {
    if (place === null) return '';
    const path = `${prefix}${place.file}`;
    const name = code(formatPlace({ file: path, line: place.line }));
    return name === '' ? '' : ` [${name}](${safeUrl(links.fileUrl(path, place.line))})`;
  };
}

/** A URL that cannot end its link, whoever made it. */
function safeUrl(url: string): string {
  return url.replace(/[^\w.~:/?#@!$&'*+,;=%-]/gu, (each) =>
    /[()[\]]/.test(each)
      ? `%${each.charCodeAt(0).toString(16)}`
      : encodeURIComponent(each.toWellFormed()),
  );
}
