// The whole fleet at a glance: each product with its condition, its devices, its releases under way with their steps and
// what they wait for; what needs a person; and what was decided last.

import { h } from 'preact';
import { useAnswer, useFrame } from '../hooks.js';
import { Badge } from '../parts/badge.js';
import { Bar } from '../parts/bar.js';
import { Conditions, ProductBadge } from '../parts/conditions.js';
import { EventTable } from '../parts/event-table.js';
import { typesOf } from '../parts/event-words.js';
import { Icon } from '../parts/icon.js';
import { CommitLink } from '../parts/links.js';
import { countOf, formatCount } from '../parts/number.js';
import { Empty, Loading, Page, Section } from '../parts/page.js';
import { describeCounts, describeWait, needsPerson, releaseState } from '../parts/release-words.js';
import { Steps } from '../parts/steps.js';
import { Age, Time } from '../parts/time.js';
import { hrefOf, queryText } from '../router.js';

/** @import { DeviceCountsJson, EventPageJson, ProductSummaryJson, ReleaseJson, StatusJson } from '../answers.js' */

const EVENTS_SHOWN = 8;

/** The page. */
export function OverviewPage() {
  const { status, statusFailure } = useFrame();
  return h(
    Page,
    {
      title: 'Overview',
      lead: 'Which firmware the manifests ask for, and how far each product’s devices are with it.',
      failure: statusFailure,
    },
    status === null
      ? statusFailure === null && h('div', { class: 'section' }, h(Loading, { lines: 8 }))
      : [
          h(SourceLine, { key: 'source', status }),
          h(Products, { key: 'products', status }),
          h(Latest, { key: 'latest' }),
        ],
  );
}

/** @param {{ status: StatusJson }} props */
function SourceLine({ status }) {
  const { source, sourceFailure, sourceReadAt, revisionSeen, subjectSeen, problems, forge } =
    status;
  const isBad = sourceFailure !== null || problems.length > 0;
  return h(
    'div',
    { class: `notice source-line ${isBad ? 'tone-bad' : ''}` },
    h('span', { class: isBad ? 'tone-bad' : 'tone-ok' }, h(Icon, { name: isBad ? 'bad' : 'ok' })),
    h(
      'div',
      null,
      h(
        'p',
        null,
        revisionSeen === null
          ? h(
              'strong',
              null,
              source === null ? 'No source: what is in force stays.' : 'No revision yet',
            )
          : [h(CommitLink, { revision: revisionSeen }), ' ', h('strong', null, subjectSeen)],
      ),
      h(
        'p',
        { class: 'hint' },
        'Read ',
        h(Age, { at: sourceReadAt }),
        ' from ',
        h('span', { class: 'mono' }, source ?? 'nowhere'),
        forge !== null && `, ${countOf(forge.openPullRequests, 'open pull request')}`,
      ),
      sourceFailure !== null && h('p', null, sourceFailure.message),
      problems.length > 0 &&
        h(
          'p',
          null,
          `${countOf(problems.length, 'problem')} in the newest revision. `,
          h('a', { href: hrefOf(['sources']) }, 'See what is refused'),
        ),
    ),
  );
}

/** @param {{ status: StatusJson }} props */
function Products({ status: { products } }) {
  if (products.length === 0) {
    return h(
      'div',
      { class: 'section' },
      h(Empty, { title: 'No product yet' }, 'A manifest of the kind Product makes one.'),
    );
  }
  return products.map((product) => h(Product, { key: product.product, product }));
}

/** @param {{ product: ProductSummaryJson }} props */
function Product({ product }) {
  const { product: name, devices, releases, conditions, listening, adopted, revision } = product;
  const id = `product-${name}`;
  return h(
    'section',
    { class: 'section', 'aria-labelledby': id },
    h(
      'div',
      { class: 'section-head' },
      h('h2', { id }, h('a', { href: hrefOf(['p', name, 'release']) }, name)),
      h(ProductBadge, { product }),
      h('span', { class: 'section-end hint' }, 'In force: ', h(CommitLink, { revision })),
    ),
    h(
      'div',
      { class: 'section-body product' },
      h(Counts, { name, devices }),
      !listening &&
        h(
          'p',
          { class: 'notice tone-warn' },
          h(Icon, { name: 'warn' }),
          'Most of the fleet is silent, or was until lately: soaks and time-outs wait.',
        ),
      !adopted &&
        h(
          'p',
          { class: 'notice tone-warn' },
          h(Icon, { name: 'warn' }),
          'This state has never seen the product: its releases start once a person says --adopt.',
        ),
      releases.map((release) => h(Release, { key: release.group ?? '', product: name, release })),
      releases.length === 0 &&
        h('p', { class: 'muted' }, 'Nothing is released: devices run what they run.'),
      h(Conditions, { conditions }),
    ),
  );
}

/** @param {{ name: string, devices: DeviceCountsJson | null }} props */
function Counts({ name, devices }) {
  if (devices === null) return h('p', { class: 'muted' }, 'The fleet has not been seen yet.');
  /** @type {readonly (readonly [label: string, count: number, query: import('../router.js').Query])[]} */
  const counts = [
    ['devices', devices.total, {}],
    ['online', devices.online, { online: 'true' }],
    ['offline', devices.offline, { online: 'false' }],
    ['under way', devices.inFlight, { updating: 'true' }],
    ['failed', devices.failed, { failing: 'true' }],
    ['locked', devices.locked, { locked: 'true' }],
    ['quarantined', devices.quarantined, { standing: 'quarantined' }],
  ];
  return h(
    'ul',
    { class: 'counts', 'aria-label': `Devices of ${name}` },
    counts.map(([label, count, query]) =>
      h(
        'li',
        { key: label },
        h(
          'a',
          {
            href: hrefOf(['p', name, 'devices'], query),
            class: label === 'failed' && count > 0 ? 'count is-bad' : 'count',
          },
          h('strong', null, formatCount(count)),
          ' ',
          label,
        ),
      ),
    ),
  );
}

/** @param {{ product: string, release: ReleaseJson }} props */
function Release({ product, release: { version, group, progress } }) {
  const { tone, word } = releaseState(progress);
  const name = group === null ? `Release of ${version}` : `Release of ${version} to ${group}`;
  return h(
    'div',
    { class: 'release' },
    h(
      'div',
      { class: 'release-head' },
      h(
        'h3',
        null,
        h('a', { href: hrefOf(['p', product, 'release'], { group }) }, name),
        progress?.rollback === true && ', a rollback',
      ),
      h(Badge, { tone }, word),
    ),
    progress !== null &&
      progress.steps.length > 1 &&
      h(Steps, {
        steps: progress.steps,
        label: `Steps of the ${name.toLowerCase()}`,
        isHeld: tone === 'bad' || tone === 'held',
      }),
    progress !== null &&
      h(
        'div',
        { class: 'release-counts' },
        h(Bar, {
          total: progress.devices,
          label: describeCounts(progress),
          parts: [
            { value: progress.succeeded, tone: 'ok', label: 'succeeded' },
            { value: progress.failed, tone: 'bad', label: 'failed' },
            { value: progress.inFlight, tone: 'moving', label: 'under way' },
          ],
        }),
        h('p', { class: 'hint' }, describeCounts(progress)),
      ),
    progress !== null &&
      progress.waits.length > 0 &&
      h(
        'ul',
        { class: 'waits' },
        progress.waits.map((wait, index) =>
          h(
            'li',
            { key: index },
            h(Badge, { tone: needsPerson(wait) ? 'warn' : 'waiting' }, 'Waits for'),
            h('span', null, describeWait(wait)),
          ),
        ),
      ),
    progress !== null &&
      progress.expectedAt !== null &&
      progress.finishedAt === null &&
      h(
        'p',
        { class: 'hint' },
        'Finishes ',
        h(Time, { at: progress.expectedAt }),
        ' at the earliest.',
      ),
  );
}

/** @type {import('../hooks.js').Question<EventPageJson>} */
const LATEST = `/events?${queryText({ type: typesOf('decisions'), limit: String(EVENTS_SHOWN) })}`;

/** What was decided last. */
function Latest() {
  const { data, failure, isLoading } = useAnswer(LATEST, ['events']);
  return h(
    Section,
    { title: 'Decided last', aside: h('a', { href: hrefOf(['activity']) }, 'All activity') },
    isLoading
      ? h(Loading, { lines: EVENTS_SHOWN })
      : h(EventTable, { events: data?.items ?? [], caption: 'The newest decisions' }),
    failure !== null && h('p', { class: 'section-body tone-bad' }, failure.message),
  );
}
