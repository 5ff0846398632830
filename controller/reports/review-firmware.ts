// The firmware that a change brings, as Markdown: what is compiled into each binary, and what its manifest says of it.

import { formatNumber } from '../base/count.ts';
import type { BinaryFacts } from '../model/firmware.ts';
import type { NewFirmware } from '../model/review.ts';
import { cell, fold, inertMarkdown } from './markdown-text.ts';

/** No description is shown beyond this many characters. */
const DESCRIPTION_MAX = 4_000;

const COLUMNS = ['version', 'format', 'product id', 'compiled in', 'platform', 'size', 'SHA-256'];

/** A row for each new version; nothing where there is none. */
export function firmwareTable(firmware: readonly NewFirmware[], size: number): readonly string[] {
  if (firmware.length === 0) return [];
  const rows = firmware.slice(0, size).map(rowOf);
  if (firmware.length > size) rows.push(COLUMNS.map(() => '…'));
  const lines = [COLUMNS, COLUMNS.map(() => '---'), ...rows].map((row) => `| ${row.join(' | ')} |`);
  return [`**New firmware**, as read out of its binaries\n\n${lines.join('\n')}`];
}

/** The description of each new version that has one. It is Markdown, and stays inside its quotation. */
export function descriptionFolds(
  firmware: readonly NewFirmware[],
  size: number,
): readonly string[] {
  return firmware.slice(0, size).flatMap(({ product, version, description }) => {
    if (description === null) return [];
    const lines = description.slice(0, DESCRIPTION_MAX).split(/\r?\n/);
    const quoted = lines.map((line) => `> ${inertMarkdown(line)}`).join('\n');
    return [fold(`What ${cell(product)} ${version} brings`, quoted)];
  });
}

function rowOf({ product, version, title, sha256, facts }: NewFirmware): readonly string[] {
  const name = cell(title === null ? `${product} ${version}` : `${product} ${version}: ${title}`);
  const digest = `\`${sha256.slice(0, 12)}\``;
  if (facts === null) return [name, '_not read_', '', '', '', '', digest];
  const { compiled, size, defect } = facts;
  return [
    name,
    cell(compiled?.format ?? (defect === null ? 'unknown' : `damaged ${defect.format ?? ''}`)),
    cell(orDash(compiled?.productId)),
    cell(versionOf(facts)),
    cell(platformOf(facts)),
    `${formatNumber(size)} B`,
    digest,
  ];
}

function versionOf({ compiled }: BinaryFacts): string {
  const { version = null, versionText = null } = compiled ?? {};
  if (version === null || versionText === null) return orDash(versionText ?? version);
  return versionText === String(version) ? versionText : `${version} (${versionText})`;
}

function platformOf({ compiled }: BinaryFacts): string {
  const platform = compiled?.platform ?? null;
  if (platform === null) return '-';
  return platform.name === null ? `unknown (${platform.id})` : `${platform.name} (${platform.id})`;
}

function orDash(value: string | number | null | undefined): string {
  return value === null || value === undefined ? '-' : String(value);
}
