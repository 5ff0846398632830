// The page Release: how a release of the product, or of one of its groups, stands, went and goes on; what would stop it;
// and the devices that failed, in their own words.

import { h } from 'preact';
import { useAnswer } from '../hooks.js';
import { Badge } from '../parts/badge.js';
import { useDevicePage } from '../parts/device-pages.js';
import { ExposureChart } from '../parts/exposure-chart.js';
import { Facts } from '../parts/facts.js';
import { CommitLink, DeviceLink, OutLink, PlaceLink } from '../parts/links.js';
import { countOf, formatPercent } from '../parts/number.js';
import { Empty, Loading, Page, Section } from '../parts/page.js';
import { describeCounts, describeWait, needsPerson, releaseState } from '../parts/release-words.js';
import { Steps } from '../parts/steps.js';
import { Table } from '../parts/table.js';
import { Time } from '../parts/time.js';
import { whyNot } from '../propose/draft.js';
import { ProposeButton, usePossible } from '../propose/propose-button.js';
import { hrefOf } from '../router.js';

/** @import { DeviceSummaryJson } from '../../reports/answers.ts' */
/** @import { PossibleProposalJson } from '../../reports/proposal-answers.ts' */
/** @import { RolloutJson } from '../../reports/watch-answers.ts' */
/** @import { StepPlanJson } from '../answers.js' */

/** @param {import('../app.js').PageProps} props */
export function ReleasePage({ route }) {
  const product = route.product ?? '';
  const asked = route.query.get('group');
  /** @type {import('../hooks.js').Question<{ items: readonly RolloutJson[] }>} */
  const question = `/products/${encodeURIComponent(product)}/rollouts`;
  const { data, failure } = useAnswer(question, [`product:${product}`, 'status']);
  const possible = usePossible(product);
  const rollouts = data?.items ?? [];
  const rollout =
    rollouts.find(({ group }) => group === asked) ?? (asked === null ? rollouts[0] : undefined);
  return h(
    Page,
    { title: `Release of ${product}`, failure },
    rollouts.length > 1 && h(Choice, { product, rollouts, chosen: rollout ?? null }),
    data === null && failure === null && h('div', { class: 'section' }, h(Loading, { lines: 8 })),
    data !== null && rollout === undefined && h(NoRelease, { product, group: asked }),
    rollout !== undefined && [
      h(Standing, { key: 'standing', product, rollout, possible }),
      h(Section, { key: 'chart', title: 'How it went' }, h(ExposureChart, { rollout })),
      h(Failed, { key: `failed ${rollout.group}`, product, rollout }),
      h(StepsInFull, { key: 'steps', rollout }),
    ],
  );
}

/** @param {{ product: string, rollouts: readonly RolloutJson[], chosen: RolloutJson | null }} props */
function Choice({ product, rollouts, chosen }) {
  return h(
    'nav',
    { class: 'tabs', 'aria-label': 'Releases' },
    rollouts.map(({ group, version }) =>
      h(
        'a',
        {
          key: group ?? '',
          href: hrefOf(['p', product, 'release'], { group }),
          'aria-current': chosen?.group === group ? 'true' : undefined,
        },
        group === null ? 'Every device' : `Group ${group}`,
        h('span', { class: 'muted' }, ` ${version}`),
      ),
    ),
  );
}

/** @param {{ product: string, group: string | null }} props */
function NoRelease({ product, group }) {
  return h(
    'div',
    { class: 'section' },
    h(
      Empty,
      {
        title: group === null ? 'Nothing is released' : `Nothing is released to the group ${group}`,
      },
      'Devices run what they run. ',
      h('a', { href: hrefOf(['p', product, 'firmware']) }, 'Choose a version to release'),
    ),
  );
}

/**
 * @param {{ product: string, rollout: RolloutJson, possible: readonly PossibleProposalJson[] | null }} props
 */
function Standing({ product, rollout, possible }) {
  const { version, group, progress, halt } = rollout;
  const { tone, word } = releaseState(progress);
  const isHeld = tone === 'bad' || tone === 'held';
  return h(
    'section',
    { class: 'section', 'aria-labelledby': 'standing' },
    h(
      'div',
      { class: 'section-head' },
      h(
        'h2',
        { id: 'standing' },
        `Version ${version} to ${group === null ? 'every device' : `group ${group}`}`,
        progress?.rollback === true && ', a rollback',
      ),
      h(Badge, { tone }, word),
    ),
    h(
      'div',
      { class: 'section-body release-body' },
      progress !== null &&
        h(Steps, { steps: progress.steps, label: `Steps of the release of ${version}`, isHeld }),
      progress !== null && h('p', { class: 'release-sum' }, describeCounts(progress), '.'),
      halt !== null &&
        h(
          'p',
          { class: 'notice tone-bad' },
          h(
            'span',
            null,
            h('strong', null, halt.message),
            ' Halted ',
            h(Time, { at: halt.at }),
            '.',
          ),
        ),
      progress !== null && h(Waits, { waits: progress.waits }),
      h(Actions, { product, rollout, possible }),
      h(Facts, { facts: factsOf(rollout) }),
    ),
  );
}

/** @param {{ waits: NonNullable<RolloutJson['progress']>['waits'] }} props */
function Waits({ waits }) {
  // A halt is told above, with its numbers.
  const shown = waits.filter(({ kind }) => kind !== 'halted');
  if (shown.length === 0) return null;
  return h(
    'ul',
    { class: 'waits' },
    shown.map((wait, index) =>
      h(
        'li',
        { key: index },
        h(Badge, { tone: needsPerson(wait) ? 'warn' : 'waiting' }, 'Waits for'),
        h('span', null, describeWait(wait)),
      ),
    ),
  );
}

/**
 * @param {{ product: string, rollout: RolloutJson, possible: readonly PossibleProposalJson[] | null }} props
 */
function Actions({ product, rollout: { version, group, progress }, possible }) {
  const step = progress?.steps.find(
    ({ approval, state }) => approval === 'needed' && state !== 'done',
  );
  /** @type {import('../propose/draft.js').Draft[]} */
  const drafts = [];
  if (step !== undefined)
    drafts.push({ kind: 'approve', product, version, group, step: step.name });
  drafts.push({ kind: 'resume', product, group }, { kind: 'withdraw', product, version });
  return h(
    'div',
    { class: 'proposals' },
    drafts.map((draft) =>
      h(ProposeButton, {
        key: draft.kind,
        draft,
        why: whyNot(possible, draft),
        isPrimary: draft.kind !== 'withdraw' && whyNot(possible, draft) === null,
        ...(draft.kind === 'withdraw' && { label: `Withdraw version ${version}` }),
      }),
    ),
  );
}

/**
 * @param {RolloutJson} rollout
 * @returns {readonly import('../parts/facts.js').Fact[]}
 */
function factsOf(rollout) {
  const { progress, startedAt, stepAt, finishedAt, expectedAt, revision, pullRequest } = rollout;
  const { haltRate, minAttempts, haltAction, manifest, file, line } = rollout;
  const then = haltAction === 'hold' ? 'it holds' : 'it is rolled back';
  return [
    ['Started', h(Time, { at: startedAt })],
    finishedAt === null
      ? ['Expected finish', expectedAt === null ? NOT_KNOWN : h(Expected, { at: expectedAt })]
      : ['Finished', h(Time, { at: finishedAt })],
    ['Step began', h(Time, { at: stepAt })],
    [
      'Halt line',
      `Above ${formatPercent(haltRate)} failed, from ${countOf(minAttempts, 'device')} on, ${then}.`,
    ],
    ['Base', progress === null || progress.base === null ? 'none' : `version ${progress.base}`],
    ['Attempt', progress === null ? 'none' : String(progress.attempt)],
    ['Commit', h(CommitLink, { revision })],
    [
      'Pull request',
      pullRequest === null
        ? h('span', { class: 'muted' }, 'none is known')
        : h(OutLink, { href: pullRequest.url }, `#${pullRequest.number}`),
    ],
    [
      'Manifest',
      h('span', null, manifest, ' ', file !== null && h(PlaceLink, { file, line, revision })),
    ],
  ];
}

const NOT_KNOWN = h('span', { class: 'muted' }, 'not known: a person, or devices, decide');

/** @param {{ at: string }} props */
function Expected({ at }) {
  return h('span', null, h(Time, { at }), ' at the earliest');
}

/** @param {{ product: string, rollout: RolloutJson }} props */
function Failed({ product, rollout: { group } }) {
  const list = useDevicePage(product, { failing: 'true', ...(group !== null && { group }) }, null);
  const items = list.page?.items ?? [];
  const query = { failing: 'true', group };
  return h(
    Section,
    {
      title: 'Failed devices',
      aside:
        items.length > 0 &&
        h('a', { href: hrefOf(['p', product, 'devices'], query) }, 'All failing devices'),
    },
    list.failure !== null && h('p', { class: 'section-body tone-bad' }, list.failure.message),
    items.length === 0 &&
      (list.isSearching
        ? h(Loading, { lines: 3 })
        : list.failure === null && h(Empty, { title: 'No device is failing' })),
    items.length > 0 &&
      Table({
        caption: 'Devices that failed, and their last words',
        rows: items,
        keyOf: ({ id }) => id,
        columns: FAILED_COLUMNS,
      }),
  );
}

/** @type {readonly import('../parts/table.js').Column<DeviceSummaryJson>[]} */
const FAILED_COLUMNS = [
  { title: 'Device', isHeader: true, cell: ({ product, id }) => h(DeviceLink, { product, id }) },
  { title: 'With version', align: 'end', cell: ({ failures }) => failures?.version },
  { title: 'Attempts', align: 'end', cell: ({ failures }) => failures?.count },
  { title: 'Last', cell: ({ failures }) => h(Time, { at: failures?.lastAt ?? null }) },
  { title: 'Last words', className: 'words', cell: ({ failures }) => failures?.lastMessage },
  {
    title: 'Next try',
    cell: ({ failures }) =>
      failures === null || failures.retryAt === null
        ? h('span', { class: 'muted' }, 'none: left alone')
        : h(Time, { at: failures.retryAt }),
  },
];

/** @param {{ rollout: RolloutJson }} props */
function StepsInFull({ rollout: { progress } }) {
  if (progress === null) return null;
  return h(
    Section,
    { title: 'Steps in full' },
    Table({
      caption: 'The steps of the release',
      rows: progress.steps,
      keyOf: ({ name }) => name,
      columns: STEP_COLUMNS,
    }),
  );
}

/** @type {Readonly<Record<StepPlanJson['state'], string>>} */
const STATE_WORDS = { done: 'Done', current: 'Now', ahead: 'To come' };
/** @type {Readonly<Record<StepPlanJson['approval'], string>>} */
const APPROVAL_WORDS = { none: 'not asked for', needed: 'needed', given: 'given' };

/** @type {readonly import('../parts/table.js').Column<StepPlanJson>[]} */
const STEP_COLUMNS = [
  { title: 'Step', isHeader: true, cell: ({ name }) => name },
  { title: 'State', cell: ({ state }) => STATE_WORDS[state] },
  { title: 'Exposure', align: 'end', cell: ({ limit }) => formatPercent(limit) },
  { title: 'Devices by then', align: 'end', cell: ({ devices }) => countOf(devices, 'device') },
  {
    title: 'Still to be flashed',
    cell: ({ flashes }) =>
      flashes.length === 0
        ? h('span', { class: 'muted' }, 'none')
        : flashes
            .map(
              ({ version, devices }) =>
                `${countOf(devices, 'device')} on ${version ?? 'an unknown version'}`,
            )
            .join(', '),
  },
  { title: 'Approval', cell: ({ approval }) => APPROVAL_WORDS[approval] },
  {
    title: 'Ends at the earliest',
    cell: ({ endsAt, state }) =>
      endsAt === null
        ? h('span', { class: 'muted' }, state === 'done' ? 'ended' : 'not known')
        : h(Time, { at: endsAt }),
  },
];
