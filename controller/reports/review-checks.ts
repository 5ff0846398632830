// The two checks of a pull request, as content: `lockstep/plan` says whether the merge result can be carried out,
// `lockstep/gate` whether what it releases is verified. A check that could not run is never a pass.

import { countOf } from '../base/count.ts';
import type { Place } from '../model/desired.ts';
import type { Plan, Refusal } from '../model/plan.ts';
import type { Problem } from '../model/problem.ts';
import type { ChangeReview, GateState, ReleaseGateReport } from '../model/review.ts';
import type { ProductDelta, ReviewDelta } from '../plan/review-delta.ts';
import { isTouched, takeApart } from '../plan/review-delta.ts';
import { escape, list, MARKDOWN_MAX, sentence } from './markdown-text.ts';
import { cleanText } from './plain-text.ts';
import { renderPlanMarkdown } from './plan-markdown.ts';
import { describeEffect, GATE_MARKS, GATE_WORDS, tellUnread } from './review-lines.ts';

/** What became of the review of a pull request. */
export type ReviewOutcome =
  | { readonly kind: 'reviewed'; readonly review: ChangeReview }
  /** Git cannot merge it by itself. Paths from the root of the repository. */
  | { readonly kind: 'conflict'; readonly files: readonly string[] }
  /** The plan could not be made; the message says what would mend that. */
  | { readonly kind: 'failed'; readonly message: string };

/** An annotation of a line: plain text, not Markdown. */
export interface LineNote {
  /** Path from the root of the repository. */
  readonly path: string;
  readonly line: number;
  readonly level: 'notice' | 'warning' | 'failure';
  readonly title: string;
  readonly message: string;
}

export interface CheckReport {
  readonly state: GateState;
  /** One line, at most 140 characters. */
  readonly title: string;
  /** Markdown, at most 60,000 characters. */
  readonly summary: string;
  /** Markdown, at most 60,000 characters; null: none. */
  readonly text: string | null;
  /** At most 50: the gravest first, then by place. */
  readonly annotations: readonly LineNote[];
}

export interface CheckInput {
  readonly outcome: ReviewOutcome;
  /** The folder of the repository that is the fleet repo, with `/` at its end; empty: all of it. */
  readonly prefix: string;
  /** Name of the branch that it is proposed to. */
  readonly base: string;
  /** Epoch milliseconds. */
  readonly now: number;
}

const TITLE_MAX = 140;
const NOTES_MAX = 50;
const NOTE_MAX = 2_000;
/** How many entries of each list a summary shows, tried in order until it fits. */
const LIST_SIZES = [30, 10, 3, 1];

/**
 * `lockstep/plan`: fails for errors and refusals that the change brings. Those that stand without it are told and fail
 * nothing, and an unverified version is the gate's matter.
 */
export function renderPlanCheck(input: CheckInput): CheckReport {
  const { outcome, now } = input;
  if (outcome.kind !== 'reviewed') return renderUnreviewed(outcome);
  const { review } = outcome;
  if (!review.touchesManifests) return UNTOUCHED;
  const delta = takeApart(review);
  const { errors, products: deltas } = delta;
  const brought = [...errors.brought, ...deltas.flatMap(ownRefusals)];
  const standing = [
    ...errors.standing,
    ...deltas.flatMap(({ standing: { refusals } }) => refusals),
  ];
  const effect = sentence(describeEffect(delta, now));
  const isBad = brought.length > 0 || review.unread.length > 0;
  const title = brought.length > 0 ? `${countOf(brought.length, 'problem')}. ${effect}` : effect;
  return {
    state: isBad ? 'failure' : 'success',
    title: fit(title),
    summary: fitted((size) => summaryOf(input, delta, effect, brought, standing, size)),
    text: renderPlanMarkdown(withoutAges(review.plan), [], now),
    annotations: notesOf([
      ...brought.map((each) => noteOf(each, 'failure', input.prefix)),
      ...deltas.flatMap(({ warnings }) =>
        warnings.map((each) => noteOf(each, 'warning', input.prefix)),
      ),
      ...standing.map((each) => noteOf(each, 'notice', input.prefix, `on ${input.base} already`)),
    ]),
  };
}

/** An age would be untrue a moment later, and writing it anew would be a request for nothing. */
function withoutAges(plan: Plan): Plan {
  return { ...plan, products: plan.products.map((each) => ({ ...each, readAt: undefined })) };
}

/** `lockstep/gate`: as the worst of the releases that the change brings stands with the verification gate. */
export function renderGateCheck(input: CheckInput): CheckReport {
  const { outcome, prefix } = input;
  if (outcome.kind !== 'reviewed') return renderUnreviewed(outcome);
  const { review } = outcome;
  if (!review.touchesManifests) return UNTOUCHED;
  const { gate, releases } = review;
  if (releases.length === 0) {
    const title = 'No version is released that was not before';
    return { state: gate, title, summary: `${title}.`, text: null, annotations: [] };
  }
  const worst = releases.filter(({ state }) => state === gate);
  const versions = [...new Set(worst.map(({ version }) => version))];
  const [version] = versions;
  const what =
    versions.length > 1
      ? `${versions.length} versions`
      : typeof version === 'number'
        ? `version ${version}`
        : (worst[0]?.manifest ?? 'a release');
  return {
    state: gate,
    title: fit(`${sentence(what)}: ${GATE_WORDS[gate]}`),
    summary: fitted((size) => list(releases, size, tellRelease)),
    text: null,
    annotations: notesOf(
      releases.flatMap(({ state, place, message, remedy }) => {
        if (state === 'success') return [];
        const level = state === 'failure' ? 'failure' : 'notice';
        const said = { reason: sentence(GATE_WORDS[state]), message, remedy: remedy ?? '', place };
        return [noteOf(said, level, prefix)];
      }),
    ),
  };
}

function tellRelease({ product, manifest, state, message, remedy }: ReleaseGateReport): string {
  const next = remedy === null ? '' : `<br>➡️ ${escape(remedy)}`;
  return `- ${GATE_MARKS[state]} **${escape(product)}**, ${escape(manifest)}: ${escape(message)}${next}`;
}

/** The longest form of a summary that fits. */
function fitted(render: (size: number) => string): string {
  const texts = LIST_SIZES.map(render);
  return texts.find(({ length }) => length <= MARKDOWN_MAX) ?? texts.at(-1) ?? '';
}

/** Refusals that the plan check answers for. */
function ownRefusals({ refusals }: ProductDelta): readonly Refusal[] {
  return refusals.filter(({ reason }) => reason !== 'ReleaseUnverified');
}

function summaryOf(
  { base }: CheckInput,
  { review, products }: ReviewDelta,
  effect: string,
  brought: readonly (Problem | Refusal)[],
  standing: readonly (Problem | Refusal)[],
  size: number,
): string {
  const blocks = [`**${escape(effect)}.**`, ...tellUnread(review)];
  if (brought.length > 0) blocks.push(list(brought, size, itemOf));
  const frozen = products.filter((each) => each.plan.frozen && isTouched(each));
  if (frozen.length > 0) {
    const names = frozen.map(({ product }) => escape(product)).join(', ');
    blocks.push(`Frozen until the errors are mended: ${names}.`);
  }
  if (standing.length > 0) {
    blocks.push(
      `Already so on ${escape(base)}, and no fault of this change:\n\n${list(standing, size, itemOf)}`,
    );
  }
  if (review.policyChanges.length > 0) {
    const rules = list(review.policyChanges, size, (text) => `- ${escape(text)}`);
    blocks.push(`⚠️ **It changes the rules** for what is merged after it:\n\n${rules}`);
  }
  return `${blocks.join('\n\n')}\n`;
}

function itemOf({ reason, message, remedy, place }: Problem | Refusal): string {
  const where = place === null ? '' : ` (${escape(`${place.file}:${place.line}`)})`;
  return `- **${reason}**${where}: ${escape(message)}<br>➡️ ${escape(remedy)}`;
}

function renderUnreviewed(
  outcome: Exclude<ReviewOutcome, { readonly kind: 'reviewed' }>,
): CheckReport {
  const none = { state: 'failure', text: null, annotations: [] } as const;
  if (outcome.kind === 'failed') {
    return {
      ...none,
      title: 'The plan could not be made',
      summary: `${escape(outcome.message)}\n\n➡️ It is tried again by itself; re-running this check asks for it at once.\n`,
    };
  }
  const { files } = outcome;
  const named =
    files.length === 0
      ? ''
      : `:\n\n${list(files, LIST_SIZES[0] ?? 1, (file) => `- ${escape(file)}`)}`;
  return {
    ...none,
    title: 'No plan: it cannot be merged',
    summary: `Git cannot merge it by itself${named === '' ? '.' : named}\n\n➡️ Merge the base branch into it, or rebase it, and push.\n`,
  };
}

const UNTOUCHED: CheckReport = {
  state: 'success',
  title: 'It touches no manifest',
  summary: 'It touches no manifest: the fleet stays as it is, whether this is merged or not.\n',
  text: null,
  annotations: [],
};

const LEVELS: readonly LineNote['level'][] = ['failure', 'warning', 'notice'];

function noteOf(
  said: {
    readonly reason: string;
    readonly message: string;
    readonly remedy: string;
    readonly place: Place | null;
  },
  level: LineNote['level'],
  prefix: string,
  remark?: string,
): LineNote | null {
  const { reason, message, remedy, place } = said;
  if (place === null) return null;
  const text = [message, remedy].filter((part) => part !== '').map(cleanText);
  return {
    path: `${prefix}${place.file}`,
    line: place.line,
    level,
    title: fit(remark === undefined ? reason : `${reason} (${remark})`),
    message: text.join('\n').slice(0, NOTE_MAX),
  };
}

function notesOf(notes: readonly (LineNote | null)[]): readonly LineNote[] {
  return notes
    .filter((note) => note !== null)
    .sort(
      (a, b) =>
        LEVELS.indexOf(a.level) - LEVELS.indexOf(b.level) ||
        compare(a.path, b.path) ||
        a.line - b.line,
    )
    .slice(0, NOTES_MAX);
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

/** One line of at most 140 characters. */
function fit(text: string): string {
  const clean = cleanText(text);
  return clean.length > TITLE_MAX ? `${clean.slice(0, TITLE_MAX - 1)}…` : clean;
}
