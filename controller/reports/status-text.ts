// What the controller knows, for people at a terminal: the source, then each product with its devices, its versions'
// state and what is wrong.

import type {
  ConditionJson,
  DeviceCountsJson,
  ProblemJson,
  ProductSummaryJson,
  StatusJson,
} from './answers.ts';
import { cleanText, countOf, formatAgo, formatNumber, formatPlace } from './plain-text.ts';
import { paint, shortRevision, type Paint, type TextStyle } from './plain-text.ts';
import { LISTENING_PAUSED } from './why.ts';
import { renderTable, type Cell, type Column } from './table.ts';

const REVISION_COLUMN: Column = { title: 'REVISION' };
const COLUMNS: readonly Column[] = [
  { title: 'PRODUCT' },
  { title: 'STATE' },
  REVISION_COLUMN,
  { title: 'RELEASED', align: 'right' },
  { title: 'DEVICES', align: 'right' },
  { title: 'OFFLINE', align: 'right' },
  { title: 'LOCKED', align: 'right' },
  { title: 'UPDATING', align: 'right' },
  { title: 'FAILED', align: 'right' },
];

/** The status as text; ends with a line break. `now`: epoch milliseconds. */
export function renderStatusText(status: StatusJson, now: number, style: TextStyle): string {
  const lines = [...renderSource(status, now, style), ''];
  if (status.products.length === 0) lines.push('No products yet.');
  else lines.push(...renderProducts(status, style));
  for (const product of status.products) {
    for (const condition of product.conditions) {
      if (isQuiet(condition)) continue;
      const head = `${product.product} ${condition.type}: ${condition.reason}`;
      lines.push('', paint(style, 'yellow', cleanText(head)), `  ${cleanText(condition.message)}`);
    }
  }
  for (const { product, listening } of status.products) {
    if (listening) continue;
    lines.push('', paint(style, 'yellow', `${cleanText(product)} ListeningPaused`));
    lines.push(`  ${LISTENING_PAUSED}`);
  }
  for (const problem of status.problems) lines.push('', ...renderNotice(problem, 'red', style));
  for (const warning of status.warnings) lines.push('', ...renderNotice(warning, 'yellow', style));
  return `${lines.join('\n')}\n`;
}

function renderSource(status: StatusJson, now: number, style: TextStyle): readonly string[] {
  const state = status.ready ? paint(style, 'green', 'ready') : paint(style, 'yellow', 'not ready');
  const subject = status.subjectSeen === null ? '' : ` (${status.subjectSeen})`;
  const seen = status.revisionSeen === null ? 'none yet' : shortRevision(status.revisionSeen);
  const lines = [
    `Lockstep ${status.version}, ${state}`,
    `source    ${cleanText(status.source ?? 'none')}`,
    `revision  ${cleanText(`${seen}${subject}`)}, read ${formatAgo(status.sourceReadAt, now)}`,
  ];
  if (status.sourceFailure !== null) {
    const { code, message } = status.sourceFailure;
    lines.push(paint(style, 'red', cleanText(`${code}: ${message}`)));
  }
  return lines;
}

/** The revision of each product stands there only where one differs: the table then fits 80 columns. */
function renderProducts(
  { products, revisionSeen }: StatusJson,
  style: TextStyle,
): readonly string[] {
  const isNeeded = products.some(({ revision }) => revision !== revisionSeen);
  const keep = (index: number): boolean => isNeeded || COLUMNS[index] !== REVISION_COLUMN;
  return renderTable(
    COLUMNS.filter((_, index) => keep(index)),
    products.map((product) => productRow(product).filter((_, index) => keep(index))),
    style,
  );
}

function productRow(product: ProductSummaryJson): readonly Cell[] {
  const { devices, releases } = product;
  const released = releases.find(({ group }) => group === null)?.version ?? null;
  const count = (pick: (counts: DeviceCountsJson) => number): string =>
    devices === null ? '?' : formatNumber(pick(devices));
  return [
    product.product,
    describeState(product),
    product.revision === null ? '-' : shortRevision(product.revision),
    released === null ? '-' : String(released),
    count(({ total }) => total),
    count(({ offline }) => offline),
    count(({ locked }) => locked),
    count(({ inFlight }) => inFlight),
    count(({ failed }) => failed),
  ];
}

function describeState(product: ProductSummaryJson): Cell {
  if (product.stopped) return { text: 'stopped', paint: 'red' };
  if (product.problemCount > 0) {
    return { text: countOf(product.problemCount, 'problem'), paint: 'red' };
  }
  const ready = product.conditions.find(({ type }) => type === 'Ready');
  if (ready === undefined) return '-';
  return { text: ready.reason, paint: ready.status === 'True' ? 'green' : 'yellow' };
}

/** A condition that says that all is well needs no line of its own. */
function isQuiet({ type, status }: ConditionJson): boolean {
  return (type === 'Ready' && status === 'True') || status === 'Unknown';
}

function renderNotice(notice: ProblemJson, color: Paint, style: TextStyle): readonly string[] {
  const place = formatPlace(notice);
  const head = place === '' ? notice.reason : `${notice.reason}  ${place}`;
  return [
    paint(style, color, head),
    `  ${cleanText(notice.message)}`,
    `  mend: ${cleanText(notice.remedy)}`,
  ];
}
