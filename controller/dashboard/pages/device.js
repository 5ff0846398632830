// The page of one device: why it runs, or should run, what it does. The words are those of `lockstep why`.

import { h } from 'preact';
import { useAnswer } from '../hooks.js';
import { ActionList } from '../parts/action-list.js';
import { Badge } from '../parts/badge.js';
import { Coded } from '../parts/coded.js';
import { describeDevice, describeLock, describeVersion } from '../parts/device-words.js';
import { Facts } from '../parts/facts.js';
import { CommitLink, ManifestLink, PlaceLink } from '../parts/links.js';
import { formatPercent } from '../parts/number.js';
import { Empty, Loading, Page, Section } from '../parts/page.js';
import { Table } from '../parts/table.js';
import { Age, formatDuration, Time } from '../parts/time.js';
import { ProposeButton } from '../propose/propose-button.js';
import { hrefOf } from '../router.js';

/** @import { ActionSummaryJson, DeviceSummaryJson, FirmwareJson } from '../../reports/answers.ts' */
/** @import { Explanation } from '../../reports/why.ts' */
/** @import { RuleExplanation } from '../../reports/why-rules.ts' */

const ACTIONS_SHOWN = 20;

/** @param {import('../app.js').PageProps} props */
export function DevicePage({ route }) {
  const product = route.product ?? '';
  const id = route.device ?? '';
  const topics = [`product:${product}`];
  const path = `/products/${encodeURIComponent(product)}`;
  const own = `${path}/devices/${encodeURIComponent(id)}`;
  /** @type {import('../hooks.js').Question<Explanation>} */
  const why = `${own}/why`;
  const { data, failure } = useAnswer(why, topics);
  /** @type {import('../hooks.js').Question<{ items: readonly FirmwareJson[] }>} */
  const versions = `${path}/firmware`;
  const { data: firmware } = useAnswer(versions, topics);
  // A device that only a manifest names has sent and done nothing.
  const isKnown = data !== null && data.device.standing !== 'expected';
  /** @type {import('../hooks.js').Question<Readonly<Record<string, string>>>} */
  const sent = `${own}/attributes`;
  const { data: attributes } = useAnswer(isKnown ? sent : null, topics);
  /** @type {import('../hooks.js').Question<{ items: readonly ActionSummaryJson[] }>} */
  const done = `${own}/actions?limit=${ACTIONS_SHOWN}`;
  const { data: actions } = useAnswer(isKnown ? done : null, topics);
  return h(
    Page,
    {
      title: id,
      lead: h(
        'span',
        null,
        'A device of ',
        h('a', { href: hrefOf(['p', product, 'devices']) }, product),
      ),
      failure,
    },
    data === null && failure === null && h('div', { class: 'section' }, h(Loading, { lines: 8 })),
    data !== null && [
      h(Standing, { key: 'standing', product, why: data, firmware: firmware?.items ?? null }),
      h(Rules, { key: 'rules', product, why: data }),
      h(
        Section,
        { key: 'actions', title: 'Actions' },
        isKnown && actions === null
          ? h(Loading, { lines: 4 })
          : h(ActionList, { product, own, actions: actions?.items ?? [] }),
      ),
      h(Evidence, { key: 'evidence', why: data }),
      h(Attributes, { key: 'attributes', attributes: attributes ?? (isKnown ? null : {}) }),
    ],
  );
}

/**
 * @param {{ product: string, why: Explanation, firmware: readonly FirmwareJson[] | null }} props
 */
function Standing({ product, why, firmware }) {
  const { summary, device, waits } = why;
  const { tone, text, detail } = describeDevice(device);
  // The most important one is in the summary.
  const more = waits.filter(({ message }) => !summary.includes(message));
  return h(
    'section',
    { class: 'section', 'aria-labelledby': 'standing' },
    h(
      'div',
      { class: 'section-head' },
      h('h2', { id: 'standing' }, 'What it runs, and why'),
      h(Badge, { tone }, text),
    ),
    h(
      'div',
      { class: 'section-body release-body' },
      h('p', { class: 'why' }, h(Coded, { text: summary })),
      detail !== null && !summary.includes(detail) && h('p', { class: 'muted' }, detail),
      more.length > 0 &&
        h(
          'ul',
          { class: 'waits' },
          more.map(({ reason, message }) =>
            h(
              'li',
              { key: reason },
              h(Badge, { tone: 'waiting' }, reason),
              h(Coded, { text: message }),
            ),
          ),
        ),
      h(Locking, { product, device, firmware }),
      h(Facts, { facts: factsOf(why) }),
    ),
  );
}

/**
 * @param {{ product: string, device: DeviceSummaryJson, firmware: readonly FirmwareJson[] | null }} props
 */
function Locking({ product, device: { id, lock, running }, firmware }) {
  const versions = (firmware ?? [])
    .filter(({ withdrawn, retiring }) => withdrawn === null && !retiring)
    .toSorted((a, b) => b.version - a.version)
    .map(({ version, title, verified }) => ({
      value: String(version),
      label: [
        title === null ? String(version) : `${version}: ${title}`,
        version === running ? ' (runs it)' : '',
        verified === null ? ' (not verified)' : '',
      ].join(''),
    }));
  const none =
    firmware !== null && versions.length === 0 ? 'The product has no version to lock it to.' : null;
  return h(
    'div',
    { class: 'proposals' },
    /** @type {const} */ (['now', 'on-reset']).map((flash) =>
      h(ProposeButton, {
        key: flash,
        draft: { kind: 'lock', product, device: id, flash },
        choices: { versions },
        why: none,
      }),
    ),
    h(ProposeButton, {
      draft: { kind: 'unlock', product, device: id },
      why: lock === null ? 'No lock holds it.' : null,
    }),
  );
}

/**
 * @param {Explanation} why
 * @returns {readonly import('../parts/facts.js').Fact[]}
 */
function factsOf({ device, runningTitle, groups, exposure }) {
  const { lock, target, product } = device;
  return [
    [
      'Runs',
      [describeVersion(device), runningTitle !== null && `: ${runningTitle}`]
        .filter(Boolean)
        .join(''),
    ],
    [
      'Target',
      target.version === null
        ? 'none: it is left alone'
        : h(
            'span',
            null,
            `version ${target.version}`,
            target.goal !== null &&
              target.goal !== target.version &&
              ` on the way to ${target.goal}`,
            target.manifest !== null && [
              ', by ',
              h(ManifestLink, { manifest: target.manifest, product }),
            ],
          ),
    ],
    [
      'Lock',
      lock === null
        ? 'none'
        : h(
            'span',
            null,
            describeLock(lock),
            `, flash ${lock.flash}, since `,
            h(Time, { at: lock.since }),
            ', by ',
            h('span', { class: 'mono' }, lock.manifest),
            ' of ',
            h(CommitLink, { revision: lock.revision }),
          ),
    ],
    [
      'Connection',
      h(
        'span',
        null,
        device.online ? 'online, last heard ' : 'offline, last heard ',
        h(Age, { at: device.lastContactAt }),
      ),
    ],
    ['Registered', h(Time, { at: device.registeredAt })],
    ['Groups', groups.length === 0 ? 'none' : groups.join(', ')],
    ...exposure.map(({ manifest, position, exposure: reach, isReached, step }) => {
      const turn = isReached ? 'reached' : step === null ? 'not reached' : `turn in step ${step}`;
      const name = `Place in ${manifest}`;
      return /** @type {const} */ ([
        name,
        `at ${formatPercent(position)} of the circle; exposure ${formatPercent(reach)}: ${turn}`,
      ]);
    }),
    ['Token of its own', device.hasToken ? 'yes' : 'no'],
  ];
}

/** @type {Readonly<Record<RuleExplanation['rule'], string>>} */
const RULES = {
  quarantine: 'Quarantine',
  lock: 'Lock',
  groupRelease: 'Release to its group',
  release: 'Release to every device',
  base: 'Base',
};

/** @type {Readonly<Record<RuleExplanation['outcome'], { tone: import('../parts/badge.js').Tone, word: string }>>} */
const OUTCOMES = {
  decides: { tone: 'ok', word: 'Decides' },
  overruled: { tone: 'none', word: 'Overruled' },
  doesNotApply: { tone: 'none', word: 'Does not apply' },
};

/** @param {{ product: string, why: Explanation }} props */
function Rules({ product, why: { rules, moves } }) {
  return h(
    Section,
    { title: 'Rules, in the order in which they are tried' },
    Table({
      caption: 'The rules that decide what the device should run',
      rows: rules,
      keyOf: ({ rule, message }) => `${rule} ${message}`,
      rowClass: ({ outcome }) => (outcome === 'decides' ? 'is-deciding' : undefined),
      columns: [
        { title: 'Rule', isHeader: true, cell: ({ rule }) => RULES[rule] },
        {
          title: 'Outcome',
          cell: ({ outcome }) => h(Badge, { tone: OUTCOMES[outcome].tone }, OUTCOMES[outcome].word),
        },
        { title: 'Why', className: 'words', cell: ({ message }) => message },
        {
          title: 'From',
          cell: ({ trace }) =>
            trace === null
              ? h('span', { class: 'muted' }, 'no manifest')
              : h(
                  'span',
                  null,
                  h(ManifestLink, { manifest: trace.manifest, product }),
                  ' ',
                  trace.file !== null &&
                    h(PlaceLink, { file: trace.file, line: trace.line, revision: trace.revision }),
                  ' ',
                  h(CommitLink, { revision: trace.revision }),
                ),
        },
      ],
    }),
    moves.length > 0 &&
      h(
        'ul',
        { class: 'section-body moves' },
        moves.map(({ at, message }) => h('li', { key: at }, h(Time, { at }), ' ', message)),
      ),
  );
}

/** @param {{ why: Explanation }} props */
function Evidence({ why: { evidence } }) {
  return h(
    Section,
    { title: 'Evidence that it gave' },
    evidence.length === 0
      ? h(Empty, { title: 'It has verified no version' })
      : Table({
          caption: 'Versions that the device has verified, or is about to',
          rows: evidence,
          keyOf: ({ version, level }) => `${version} ${level}`,
          columns: [
            { title: 'Version', isHeader: true, cell: ({ version }) => `Version ${version}` },
            { title: 'Evidence', cell: ({ level }) => level },
            {
              title: 'Verified',
              cell: ({ passedAt }) => (passedAt === null ? 'not yet' : h(Time, { at: passedAt })),
            },
            {
              title: 'Soaked',
              align: 'end',
              cell: ({ soakedMs }) => formatDuration(soakedMs),
            },
          ],
        }),
  );
}

/** @param {{ attributes: Readonly<Record<string, string>> | null }} props */
function Attributes({ attributes }) {
  const rows = attributes === null ? [] : Object.entries(attributes);
  return h(
    Section,
    { title: 'Attributes, as it sent them' },
    attributes === null && h(Loading, { lines: 3 }),
    attributes !== null && rows.length === 0 && h(Empty, { title: 'It has sent none' }),
    rows.length > 0 &&
      Table({
        caption: 'Attributes of the device',
        rows,
        keyOf: ([name]) => name,
        columns: [
          { title: 'Name', isHeader: true, cell: ([name]) => h('code', null, name) },
          { title: 'Value', className: 'words', cell: ([, value]) => h('code', null, value) },
        ],
      }),
  );
}
