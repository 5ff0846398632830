// The page Firmware: every version of a product with what is known of it: what was compiled in, who runs it, who has
// verified it, and whether it is, or may be, released.

import { h } from 'preact';
import { useState } from 'preact/hooks';
import { useAnswer } from '../hooks.js';
import { VersionCard } from '../parts/version-card.js';
import { countOf, formatCount, formatShare } from '../parts/number.js';
import { Empty, Loading, Page, Section } from '../parts/page.js';
import { Table } from '../parts/table.js';
import { usePossible } from '../propose/propose-button.js';
import { hrefOf } from '../router.js';

/** @import { FirmwareJson, ProductJson, VersionCountJson } from '../../reports/answers.ts' */

/** More are shown when they are asked for. */
const SHOWN_FIRST = 12;

/** @param {import('../app.js').PageProps} props */
export function FirmwarePage({ route }) {
  const product = route.product ?? '';
  const topics = [`product:${product}`, 'status'];
  const path = `/products/${encodeURIComponent(product)}`;
  /** @type {import('../hooks.js').Question<{ items: readonly FirmwareJson[] }>} */
  const question = `${path}/firmware`;
  const { data, failure } = useAnswer(question, topics);
  /** @type {import('../hooks.js').Question<ProductJson>} */
  const about = path;
  const { data: summary } = useAnswer(about, topics);
  const possible = usePossible(product);
  const [isAll, setAll] = useState(false);
  const versions = (data?.items ?? []).toSorted((a, b) => b.version - a.version);
  const shown = isAll ? versions : versions.slice(0, SHOWN_FIRST);
  const left = versions.length - shown.length;
  return h(
    Page,
    {
      title: `Firmware of ${product}`,
      lead: data !== null && countOf(versions.length, 'version'),
      failure,
    },
    data === null && failure === null && h('div', { class: 'section' }, h(Loading, { lines: 10 })),
    data !== null &&
      versions.length === 0 &&
      h(
        'div',
        { class: 'section' },
        h(Empty, { title: 'No version yet' }, 'A manifest of the kind Firmware makes one.'),
      ),
    shown.map((firmware) => h(VersionCard, { key: firmware.version, product, firmware, possible })),
    left > 0 &&
      h(
        'button',
        { class: 'button', type: 'button', onClick: () => setAll(true) },
        `Show ${countOf(left, 'older version')}`,
      ),
    summary !== null && data !== null && h(Others, { product, summary, versions }),
  );
}

/**
 * What devices run that no manifest in force names.
 * @param {{ product: string, summary: ProductJson, versions: readonly FirmwareJson[] }} props
 */
function Others({ product, summary, versions }) {
  const known = new Set(versions.map(({ version }) => version));
  const others = summary.versions.filter(
    ({ version, devices }) => devices > 0 && (version === null || !known.has(version)),
  );
  if (others.length === 0) return null;
  const total = summary.devices?.total ?? 0;
  /** @type {readonly import('../parts/table.js').Column<VersionCountJson>[]} */
  const columns = [
    {
      title: 'Version',
      isHeader: true,
      cell: ({ version }) => (version === null ? 'Unknown' : `Version ${version}`),
    },
    {
      title: 'Devices',
      align: 'end',
      cell: ({ version, devices }) =>
        h(
          'a',
          { href: hrefOf(['p', product, 'devices'], { running: String(version ?? 'unknown') }) },
          formatCount(devices),
        ),
    },
    { title: 'Share', align: 'end', cell: ({ devices }) => formatShare(devices, total) },
  ];
  return h(
    Section,
    { title: 'Versions without a manifest' },
    Table({
      caption: 'Versions that devices run and no manifest names',
      columns,
      rows: others,
      keyOf: ({ version }) => version ?? 'unknown',
    }),
  );
}
