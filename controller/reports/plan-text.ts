// The plan for people at a terminal: per product what would be done, what is refused and why, what it means for the
// fleet; at the end one line that sums it up. The same plan gives the same text.

import type { FirmwareSpec } from '../model/desired.ts';
import type { Plan, ProductPlan, Refusal, Warning } from '../model/plan.ts';
import {
  cleanText,
  countOf,
  formatNumber,
  formatPlace,
  listNames,
  paint,
  shortRevision,
  type Paint,
  type TextStyle,
} from './plain-text.ts';
import {
  describeActions,
  describedFirmware,
  summarisePlan,
  sumDevices,
  type PlanSymbol,
} from './plan-lines.ts';
import { renderProblem } from './problems.ts';
import { renderTable } from './table.ts';

const PAINTS: Readonly<Record<PlanSymbol, Paint>> = { '+': 'green', '~': 'yellow', '-': 'red' };

/** Names of devices that are listed below a line that stands for many locks. */
const DEVICES_SHOWN = 6;

/**
 * The plan as text; ends with a line break. `firmware`: manifests whose titles are shown where the plan is about their
 * versions.
 */
export function renderPlanText(
  plan: Plan,
  style: TextStyle,
  firmware: readonly FirmwareSpec[] = [],
): string {
  const head = `${paint(style, 'bold', 'Plan')} for revision ${shortRevision(plan.revision)}`;
  const blocks = [
    head,
    ...plan.products.map((product) => renderProduct(product, firmware, style)),
    ...plan.errors.map((error) => renderProblem(error, style)),
  ];
  if (plan.products.length === 0 && plan.errors.length === 0) blocks.push('No products.');
  blocks.push(`${paint(style, 'bold', 'Plan:')} ${summarisePlan(plan)}`);
  return `${blocks.join('\n\n')}\n`;
}

function renderProduct(
  plan: ProductPlan,
  firmware: readonly FirmwareSpec[],
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
    renderImpact(plan, style),
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

function renderImpact({ impact }: ProductPlan, style: TextStyle): string {
  const { devices, locked, offline, quarantined, flashes } = impact;
  const parts = [`${formatNumber(locked)} locked`, `${formatNumber(offline)} offline`];
  if (quarantined > 0) parts.push(`${formatNumber(quarantined)} more in quarantine`);
  const fleet = `  fleet: ${countOf(devices, 'device')} (${parts.join(', ')})`;
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
