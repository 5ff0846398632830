// Where the desired state comes from: the revision that was seen, what is in force of it, and what is refused, with the
// manifest and the line that it is about.

import { h } from 'preact';
import { useFrame } from '../hooks.js';
import { Badge } from '../parts/badge.js';
import { Excerpt } from '../parts/excerpt.js';
import { CommitLink, PlaceLink } from '../parts/links.js';
import { countOf } from '../parts/number.js';
import { Empty, Loading, Page, Section } from '../parts/page.js';
import { Table } from '../parts/table.js';
import { Age } from '../parts/time.js';
import { hrefOf } from '../router.js';

/** @import { SourceRefusalJson, SourcesJson } from '../answers.js' */

/** The page. */
export function SourcesPage() {
  const { sources, sourcesFailure } = useFrame();
  return h(
    Page,
    {
      title: 'Sources',
      lead: 'Where the manifests come from, what of them is in force, and what is refused.',
      failure: sourcesFailure,
    },
    sources === null
      ? sourcesFailure === null && h('div', { class: 'section' }, h(Loading, { lines: 6 }))
      : [
          h(Source, { key: 'source', sources }),
          h(InForce, { key: 'in-force', sources }),
          h(Refusals, { key: 'refusals', sources }),
        ],
  );
}

/** @param {{ sources: SourcesJson }} props */
function Source({ sources }) {
  const { source, kind, readAt, failure, revisionSeen, subjectSeen } = sources;
  const { status } = useFrame();
  const forge = status?.forge ?? null;
  return h(
    Section,
    { title: 'Source' },
    h(
      'dl',
      { class: 'facts section-body' },
      h(
        'div',
        null,
        h('dt', null, kind === 'directory' ? 'Directory' : 'Git repository'),
        h('dd', { class: 'mono' }, source ?? 'None: what is in force stays in force.'),
      ),
      h(
        'div',
        null,
        h('dt', null, 'Read'),
        h(
          'dd',
          null,
          failure === null
            ? h(Badge, { tone: 'ok' }, h(Age, { at: readAt }))
            : h(Badge, { tone: 'bad' }, 'Last read ', h(Age, { at: readAt })),
          failure !== null && h('p', null, failure.message),
        ),
      ),
      h(
        'div',
        null,
        h('dt', null, 'Revision seen'),
        h(
          'dd',
          null,
          h(CommitLink, { revision: revisionSeen }),
          subjectSeen !== null && h('p', null, subjectSeen),
        ),
      ),
      h(
        'div',
        null,
        h('dt', null, 'Forge'),
        h(
          'dd',
          null,
          forge === null
            ? 'None: changes are committed by hand.'
            : `${forge.description}, ${countOf(forge.openPullRequests, 'open pull request')}`,
          forge !== null &&
            forge.failure !== null &&
            h('p', { class: 'tone-bad' }, forge.failure.message),
        ),
      ),
    ),
  );
}

/** @param {{ sources: SourcesJson }} props */
function InForce({ sources: { products, revisionSeen, refusals } }) {
  return h(
    Section,
    { title: 'In force' },
    products.length === 0
      ? h(Empty, { title: 'No product yet' }, 'A manifest of the kind Product makes one.')
      : Table({
          caption: 'The revision in force of each product',
          rows: products,
          keyOf: ({ product }) => product,
          columns: [
            {
              title: 'Product',
              isHeader: true,
              cell: ({ product }) => h('a', { href: hrefOf(['p', product, 'release']) }, product),
            },
            { title: 'In force', cell: ({ revision }) => h(CommitLink, { revision }) },
            {
              title: 'State',
              cell: ({ product, revision }) => {
                const problems = refusals.filter(
                  (each) => each.product === product && each.severity === 'problem',
                ).length;
                if (problems > 0) {
                  return h(Badge, { tone: 'bad' }, countOf(problems, 'problem'));
                }
                return revision === revisionSeen
                  ? h(Badge, { tone: 'ok' }, 'Newest')
                  : h(Badge, { tone: 'warn' }, 'Older than seen');
              },
            },
          ],
        }),
  );
}

/** @param {{ sources: SourcesJson }} props */
function Refusals({ sources: { refusals, refusalCount } }) {
  const hidden = refusalCount - refusals.length;
  return h(
    Section,
    { title: 'Refusals and warnings' },
    refusals.length === 0
      ? h(
          Empty,
          { title: 'Nothing is refused.' },
          'Everything that the manifests ask for is in force.',
        )
      : h(
          'ul',
          { class: 'refusals' },
          refusals.map((refusal, index) => h(Refusal, { key: index, refusal })),
          hidden > 0 && h('li', { class: 'muted' }, `And ${hidden} more.`),
        ),
  );
}

/** @param {{ refusal: SourceRefusalJson }} props */
function Refusal({ refusal }) {
  const { reason, message, remedy, product, severity, file, line, revision, excerpt } = refusal;
  return h(
    'li',
    { class: 'refusal' },
    h(
      'div',
      { class: 'refusal-head' },
      h(Badge, { tone: severity === 'problem' ? 'bad' : 'warn' }, reason),
      product !== null && h('span', { class: 'muted' }, product),
      file !== null && h(PlaceLink, { file, line, revision }),
    ),
    h('p', null, message),
    h('p', { class: 'remedy' }, h('strong', null, 'What helps: '), remedy),
    excerpt !== null && h(Excerpt, { excerpt, label: `${file ?? 'Manifest'}, line ${line ?? ''}` }),
  );
}
