// The plan for a pull request: what a reviewer has to know first, the details folded. Text of manifests cannot leave its
// place: it is escaped, mentions nobody and refers to nothing. Posting it is the forge's business.

import { countOf, formatNumber } from '../base/count.ts';
import type { FirmwareSpec } from '../model/desired.ts';
import type { Plan, ProductPlan } from '../model/plan.ts';
import { describeRelease, describeVersion, flashTable, listActions } from './markdown-parts.ts';
import { at, code, escape, fold, list, LIST_SIZES, MARKDOWN_MAX } from './markdown-text.ts';
import { shortRevision } from './plain-text.ts';
import {
  countPlan,
  describedFirmware,
  describeReading,
  summarisePlan,
  sumDevices,
} from './plan-lines.ts';
import { isStaged } from './release-lines.ts';

/**
 * The plan as Markdown (GitHub's flavour); ends with a line break and is at most `MARKDOWN_MAX` characters long.
 * `firmware`: manifests whose titles and descriptions are shown where the plan is about their versions. `now` (epoch milliseconds):
 * says how far ahead the end of a staged release is, where it is given.
 */
export function renderPlanMarkdown(
  plan: Plan,
  firmware: readonly FirmwareSpec[] = [],
  now: number | null = null,
): string {
  for (const size of LIST_SIZES) {
    const text = renderWith(plan, firmware, now, size);
    if (text.length <= MARKDOWN_MAX) return text;
  }
  return [
    headline(plan),
    '',
    `${countOf(plan.products.length, 'product')}; too many to list here. \`lockstep plan\` shows all of it.`,
    '',
  ].join('\n');
}

function renderWith(
  plan: Plan,
  firmware: readonly FirmwareSpec[],
  now: number | null,
  size: number,
): string {
  const blocks = [headline(plan), ...errorBlocks(plan, size)];
  for (const product of plan.products) blocks.push(...productBlocks(product, firmware, now, size));
  blocks.push(
    `<sub>Revision ${code(shortRevision(plan.revision))}, plan ${code(plan.fingerprint.slice(0, 19))}. Only what is merged is carried out.</sub>`,
  );
  return `${blocks.join('\n\n')}\n`;
}

function headline(plan: Plan): string {
  const { actions, refusals, errors } = countPlan(plan);
  const mark = errors + refusals > 0 ? '🔴' : actions > 0 ? '🟡' : '🟢';
  return `### ${mark} Lockstep plan: ${summarisePlan(plan)}`;
}

function errorBlocks(plan: Plan, size: number): readonly string[] {
  if (plan.errors.length === 0) return [];
  const items = list(
    plan.errors,
    size,
    ({ reason, message, remedy, place }) =>
      `- ❌ **${reason}**${at(place)}<br>${escape(message)}<br>_${escape(remedy)}_`,
  );
  return ['**Errors.** What they concern is frozen: nothing of it changes.', items];
}

function productBlocks(
  plan: ProductPlan,
  firmware: readonly FirmwareSpec[],
  now: number | null,
  size: number,
): readonly string[] {
  const { impact, refusals, warnings } = plan;
  const fleet = [
    countOf(impact.devices, 'device'),
    `${formatNumber(impact.locked)} locked`,
    `${formatNumber(impact.offline)} offline`,
    ...(impact.quarantined > 0 ? [`${formatNumber(impact.quarantined)} in quarantine`] : []),
  ].join(', ');
  const state = plan.frozen ? ' Frozen: nothing of it changes until the errors are mended.' : '';
  const read = describeReading(plan, now);
  const age = read === null ? '' : ` ${read.replace('fleet', 'Fleet')}.`;
  const blocks = [`#### ${code(plan.product)}\n\n${fleet}.${age}${state}`];
  if (impact.flashes.length > 0) blocks.push(flashTable(impact.flashes, size));
  const staged = plan.releases.filter(isStaged);
  blocks.push(...staged.slice(0, size).map((release) => describeRelease(release, now, size)));
  if (staged.length > size) {
    blocks.push(`… and ${countOf(staged.length - size, 'more staged release')}`);
  }
  if (refusals.length > 0) {
    blocks.push(
      list(refusals, size, ({ reason, message, remedy, place, flashes }) => {
        const held =
          flashes.length === 0 ? '' : ` It would flash ${countOf(sumDevices(flashes), 'device')}.`;
        return `- ⛔ **${reason}**${at(place)}<br>${escape(message)}${held}<br>_${escape(remedy)}_`;
      }),
    );
  }
  blocks.push(...describedFirmware(plan, firmware).slice(0, size).map(describeVersion));
  if (plan.actions.length > 0) {
    blocks.push(fold(countOf(plan.actions.length, 'action'), listActions(plan.actions, size)));
  }
  if (warnings.length > 0) {
    const items = list(
      warnings,
      size,
      ({ reason, message, place }) => `- ⚠️ **${reason}**${at(place)}<br>${escape(message)}`,
    );
    blocks.push(fold(countOf(warnings.length, 'warning'), items));
  }
  return blocks;
}
