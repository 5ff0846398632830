// The plan for people at a terminal: per product what would be done, what is refused and why, what it means for the
// fleet; at the end one line that sums it up. The same plan gives the same text.

import { countOf, formatNumber } from '../base/count.ts';
import type { FirmwareSpec } from '../model/desired.ts';
import type { Plan, ProductPlan, Refusal, ReleasePlan, Warning } from '../model/plan.ts';
import { describeActions, type PlanSymbol } from '../plan/action-lines.ts';
import {
  cleanText,
  formatPlace,
  listNames,
  paint,
  shortRevision,
  type Paint,
  type TextStyle,
} from './plain-text.ts';
import { describedFirmware, describeReading, summarisePlan, sumDevices } from './plan-lines.ts';
import { renderProblem } from './problems.ts';
import {
  describeFinish,
  describeStanding,
  describeSteps,
  isStaged,
  nameRelease,
} from './release-lines.ts';
import { renderTable } from './table.ts';

const PAINTS: Readonly<Record<PlanSymbol, Paint>> = { '+': 'green', '~': 'yellow', '-': 'red' };

/** The first devices of a release that are named. */
const FIRST_SHOWN = 5;

/** Names of devices that are listed below a line that stands for many locks. */
const DEVICES_SHOWN = 6;

/**
 * The plan as text; ends with a line break. `firmware`: manifests whose titles are shown where the plan is about their
 * versions. `now` (epoch milliseconds): says how far ahead the end of a staged release is, where it is given.
 */
export function renderPlanText(
  plan: Plan,
  style: TextStyle,
  firmware: readonly FirmwareSpec[] = [],
  now: number | null = null,
): string {
  const head = `${paint(style, 'bold', 'Plan')} for revision ${shortRevision(plan.revision)}`;
  const blocks = [
    head,
    ...plan.products.map((product) => renderProduct(product, firmware, now, style)),
    ...plan.errors.map((error) => renderProblem(error, style)),
  ];
  if (plan.products.length === 0 && plan.errors.length === 0) blocks.push('No products.');
  blocks.push(`${paint(style, 'bold', 'Plan:')} ${summarisePlan(plan)}`);
  return `${blocks.join('\n\n')}\n`;
}

function renderProduct(
  plan: ProductPlan,
  firmware: readonly FirmwareSpec[],
  now: number | null,
  style: TextStyle,
): string {
  const titles = describedFirmware(plan, firmware).flatMap(({ version, title }) =>
    title === null ? [] : [`    version ${version} is: ${cleanText(title)}`],
  );
  const sections = [
    renderActions(plan, style),
    ...titles,
    ...plan.refusals.map((refusal) => renderRefusal(refusal, style)),
    ...plan.warnings.map((warning) => renderWarning(warning, style)),
    renderImpact(plan, now, style),
    ...plan.releases.filter(isStaged).map((release) => renderRelease(release, now, style)),
  ];
  return [paint(style, 'bold', cleanText(plan.product)), ...sections].join('\n');
}

function renderActions(plan: ProductPlan, style: TextStyle): string {
  if (plan.frozen) return '  frozen: nothing of it changes until the errors below are mended';
  const lines = describeActions(plan.actions);
  if (lines.length === 0) return '  nothing to do';
  const typeWidth = Math.max(...lines.map(({ type }) => type.length));
  const textWidth = Math.min(60, Math.max(...lines.map(({ text }) => cleanText(text).length)));
  return lines
    .flatMap(({ symbol, type, text, place, devices }) => {
      const what = `${type.padEnd(typeWidth)}  ${cleanText(text).padEnd(textWidth)}`;
      const at = paint(style, 'dim', formatPlace({ file: place.file, line: place.line }));
      const line = `  ${paint(style, PAINTS[symbol], symbol)} ${what}  ${at}`;
      const names = listNames(devices, DEVICES_SHOWN);
      return devices.length === 0 ? [line] : [line, `      ${paint(style, 'dim', names)}`];
    })
    .join('\n');
}

function renderRefusal(refusal: Refusal, style: TextStyle): string {
  const { reason, message, remedy, place, flashes } = refusal;
  const lines = [
    `  ${paint(style, 'red', `! refused ${reason}`)}  ${formatPlace(place)}`,
    `      ${cleanText(message)}`,
  ];
  if (flashes.length > 0) {
    lines.push(`      It would flash ${countOf(sumDevices(flashes), 'device')}.`);
  }
  lines.push(`      ${paint(style, 'cyan', 'mend:')} ${cleanText(remedy)}`);
  return `\n${lines.join('\n')}`;
}

function renderWarning(warning: Warning, style: TextStyle): string {
  const at = warning.place === null ? '' : `  ${formatPlace(warning.place)}`;
  const head = `  ${paint(style, 'yellow', `! warning ${warning.reason}`)}${at}`;
  const remedy = `      ${paint(style, 'cyan', 'mend:')} ${cleanText(warning.remedy)}`;
  const lines = [head, `      ${cleanText(warning.message)}`];
  return `\n${[...lines, ...(isAdvice(warning.remedy) ? [remedy] : [])].join('\n')}`;
}

/** A remedy that asks for nothing only takes up a line. */
function isAdvice(remedy: string): boolean {
  return !remedy.startsWith('Nothing to do');
}

function renderImpact(plan: ProductPlan, now: number | null, style: TextStyle): string {
  const { impact } = plan;
  const read = describeReading(plan, now);
  const { devices, locked, offline, quarantined, flashes } = impact;
  const parts = [`${formatNumber(locked)} locked`, `${formatNumber(offline)} offline`];
  if (quarantined > 0) parts.push(`${formatNumber(quarantined)} more in quarantine`);
  const fleet = `  fleet: ${countOf(devices, 'device')} (${parts.join(', ')})${read === null ? '' : `, ${read.replace(/^fleet /, '')}`}`;
  if (flashes.length === 0) return `\n${fleet}; none would be flashed`;
  const table = renderTable(
    [
      { title: 'from', align: 'right' },
      { title: 'to', align: 'right' },
      { title: 'devices', align: 'right' },
    ],
    flashes.map((flash) => [
      flash.from === null ? 'unknown' : String(flash.from),
      String(flash.to),
      formatNumber(flash.devices),
    ]),
    { ...style, indent: 4 },
  );
  return `\n${[`${fleet}; would be flashed:`, ...table].join('\n')}`;
}

function renderRelease(release: ReleasePlan, now: number | null, style: TextStyle): string {
  const rows = describeSteps(release).map(({ name, state, exposure, devices, flashes, ends }) => {
    const isCurrent = state === 'current';
    const step = `${isCurrent ? '>' : ' '} ${name}`;
    return [
      isCurrent ? ({ text: step, paint: 'green' } as const) : step,
      exposure,
      devices,
      ends,
      flashes,
    ];
  });
  const table = renderTable(
    [
      { title: '  step' },
      { title: 'exposure', align: 'right' },
      { title: 'devices', align: 'right' },
      { title: 'ends earliest' },
      { title: 'flashes' },
    ],
    rows,
    { ...style, indent: 2 },
  );
  const finish = describeFinish(release, now);
  const first = release.firstDevices ?? [];
  const lines = [
    `  ${cleanText(nameRelease(release))}: ${cleanText(describeStanding(release))}`,
    ...table,
    ...(finish === null ? [] : [`    ${finish}`]),
    ...(first.length === 0 ? [] : [`    first: ${listNames(first, FIRST_SHOWN)}`]),
  ];
  return `\n${lines.join('\n')}`;
}
