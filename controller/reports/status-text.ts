// What the controller knows, for people at a terminal: the source, then each product with its devices, its versions'
// state and what is wrong.

import { countOf, formatNumber } from '../base/count.ts';
import type { ReleasePlan } from '../model/plan.ts';
import { describeWaits, findRemedy, formatExposure } from '../releases/describe-release.ts';
import type {
  ConditionJson,
  DeviceCountsJson,
  ProblemJson,
  ProductSummaryJson,
  ForgeJson,
  StatusJson,
} from './answers.ts';
import { cleanText, formatAgo, formatPlace } from './plain-text.ts';
import { paint, shortRevision, type Paint, type TextStyle } from './plain-text.ts';
import { describeFinish } from './release-lines.ts';
import { parseReleaseJson } from './release-json.ts';
import { renderTable, type Cell, type Column } from './table.ts';
import { LISTENING_PAUSED } from './why-waits.ts';

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

const RELEASE_COLUMNS: readonly Column[] = [
  { title: 'RELEASE' },
  { title: 'STEP' },
  { title: 'EXPOSURE', align: 'right' },
  { title: 'DEVICES', align: 'right' },
  { title: 'SUCCEEDED', align: 'right' },
  { title: 'FAILED', align: 'right' },
  { title: 'UPDATING', align: 'right' },
];

/** The status as text; ends with a line break. `now`: epoch milliseconds. */
export function renderStatusText(status: StatusJson, now: number, style: TextStyle): string {
  const lines = [...renderSource(status, now, style), ''];
  if (status.products.length === 0) lines.push('No products yet.');
  else lines.push(...renderProducts(status, style));
  const open = status.products.flatMap(listOpenReleases);
  if (open.length > 0) lines.push('', ...renderReleases(open, now, style));
  for (const product of status.products) {
    const isTold = open.some((release) => release.product === product.product);
    for (const condition of listConditions(product, isTold)) {
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
  if (status.forge !== null) lines.push(...renderForge(status.forge, now, style));
  return lines;
}

function renderForge(
  { description, failure, lookedAt, openPullRequests }: ForgeJson,
  now: number,
  style: TextStyle,
): readonly string[] {
  const open = countOf(openPullRequests, 'open pull request');
  const lines = [
    `forge     ${cleanText(description)}, ${open}, looked at ${formatAgo(lookedAt, now)}`,
  ];
  if (failure !== null) {
    lines.push(paint(style, 'red', cleanText(`${failure.code}: ${failure.message}`)));
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

/** The conditions that need lines of their own; what the releases' table says already does not. */
function listConditions(
  { conditions }: ProductSummaryJson,
  areReleasesTold: boolean,
): readonly ConditionJson[] {
  const stalled = conditions.find(({ type }) => type === 'Stalled');
  return conditions.filter((condition) => {
    const { type, status, reason, message } = condition;
    if ((type === 'Ready' && status === 'True') || status === 'Unknown') return false;
    if (areReleasesTold && (type === 'Reconciling' || TOLD_BY_RELEASES.has(reason))) return false;
    const isRepeated = condition !== stalled && message === stalled?.message;
    return !(isRepeated && reason === stalled?.reason);
  });
}

const TOLD_BY_RELEASES: ReadonlySet<string> = new Set(['ReleaseHalted', 'ReleasePaused']);

interface OpenRelease {
  readonly product: string;
  readonly release: ReleasePlan;
}

/** The releases that are not finished, or that something holds. */
function listOpenReleases({ product, releases }: ProductSummaryJson): readonly OpenRelease[] {
  return releases
    .flatMap(({ progress }) => (progress === null ? [] : [parseReleaseJson(progress)]))
    .filter(({ finishedAt, waits }) => finishedAt === null || waits.length > 0)
    .map((release) => ({ product, release }));
}

/** A row for each release, and below it what it waits for. */
function renderReleases(
  open: readonly OpenRelease[],
  now: number,
  style: TextStyle,
): readonly string[] {
  const [heading = '', ...rows] = renderTable(RELEASE_COLUMNS, open.map(releaseRow), style);
  return [
    heading,
    ...rows.flatMap((row, index) => [row, ...renderStanding(open[index]?.release, now, style)]),
  ];
}

function releaseRow({ product, release }: OpenRelease): readonly Cell[] {
  const { version, group, step, exposure, devices, succeeded, failed, inFlight, waits } = release;
  const wanted = waits.find(({ kind }) => kind === 'successes');
  const need = wanted?.kind === 'successes' ? `/${formatNumber(wanted.need)}` : '';
  return [
    `${product}${group === null ? '' : `/${group}`} ${version}`,
    step ?? '-',
    formatExposure(exposure),
    formatNumber(devices),
    `${formatNumber(succeeded)}${need}`,
    failed > 0 ? { text: formatNumber(failed), paint: 'red' } : '0',
    formatNumber(inFlight),
  ];
}

function renderStanding(
  release: ReleasePlan | undefined,
  now: number,
  style: TextStyle,
): readonly string[] {
  if (release === undefined) return [];
  const { waits } = release;
  const halt = waits.find(({ kind }) => kind === 'halted');
  const lines: string[] = [];
  if (halt?.kind === 'halted')
    lines.push(paint(style, 'red', `  halted: ${cleanText(halt.message)}`));
  else if (waits.some(({ kind }) => kind === 'paused')) lines.push('  paused by its manifest');
  else {
    const finish = describeFinish(release, now);
    const parts = [
      ...(waits.length === 0 ? [] : [`waits for ${describeWaits(waits, { exact: true })}`]),
      ...(finish === null ? [] : [finish]),
    ];
    lines.push(...parts.map((part) => `  ${cleanText(part)}`));
  }
  const remedies = waits.map((wait) => findRemedy(wait, release)).filter((each) => each !== null);
  return [...lines, ...remedies.map((remedy) => `  mend: ${cleanText(remedy)}`)];
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
