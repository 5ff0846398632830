// Reads one YAML document: is it ours, of which kind, does it fit the kind's schema, and what does it ask for by
// itself. Other documents are not looked at.

import type { Document, ParsedNode } from 'yaml';
import { unreachable } from '../base/assert.ts';
import type { Kind, Origin } from '../model/desired.ts';
import type { Problem } from '../model/problem.ts';
import type { Reason } from '../model/reasons.ts';
import type {
  DeviceGroupManifest,
  DeviceLockManifest,
  FirmwareManifest,
  ProductManifest,
  ReleaseManifest,
} from '../model/schema-types.ts';
import { checkDurations } from './check-durations.ts';
import { checkFleet } from './check-fleet.ts';
import { checkSchema } from './check-schema.ts';
import { findContradictions } from './contradictions.ts';
import {
  convertFirmware,
  convertGroup,
  convertLock,
  convertProduct,
  convertRelease,
} from './convert.ts';
import { findNearest } from './nearest.ts';
import { buildProblem, KINDS, type ParsedDocument, type SpecByKind } from './parsed.ts';
import { type NodeReading, readNode } from './read-node.ts';
import type { YamlText } from './read-yaml.ts';

/** A document of ours. `document` is null when its kind cannot be told. */
export interface DocumentReading {
  readonly document: ParsedDocument | null;
  readonly product: string | null;
  readonly problems: readonly Problem[];
}

const API_VERSION = 'lockstep/v1';

/** Reads a document without YAML errors. Null: it is not ours, and left alone. */
export function parseDocument(
  path: string,
  lines: readonly string[],
  yaml: Document.Parsed,
  locate: YamlText['locate'],
): DocumentReading | null {
  const root: ParsedNode | null = yaml.contents;
  if (root === null) return null;
  const reading = readNode(root);
  const fields = asFields(reading.value);
  if (fields === null || !isOurs(fields)) return null;

  const kind = KINDS.find((known) => known === fields['kind']) ?? null;
  const product = findProduct(fields, kind);
  const problems: Problem[] = [];
  const report = (reason: Reason, offset: number, message: string, remedy: string) => {
    problems.push(
      buildProblem({ path, lines }, locate(offset), { reason, message, remedy, product }),
    );
  };
  const offsets = createOffsets(reading);
  for (const defect of reading.defects) {
    report('InvalidManifest', defect.offset, defect.message, defect.remedy);
  }
  for (const warning of yaml.warnings) {
    const message = `The YAML is not plain: ${warning.message.slice(0, 200)}.`;
    if (reading.defects.length === 0) {
      report('InvalidManifest', warning.pos[0], message, 'Remove the tag or directive.');
    }
  }
  if (fields['apiVersion'] !== API_VERSION) {
    report('InvalidManifest', offsets.value('apiVersion'), ...describeApiVersion(fields));
    return { document: null, product, problems };
  }
  if (kind === null) {
    const at = offsets.value('kind');
    report('InvalidManifest', at, ...describeKind(fields['kind'], reading.written.get('kind')));
    return { document: null, product, problems };
  }

  const rest = reading.value;
  const contrary = checkFleet(kind, rest);
  for (const { path, message, remedy } of contrary) {
    report('Contradiction', offsets.value(path), message, remedy);
  }
  const told = new Set(reading.defects.map(({ offset }) => offset));
  for (const mistake of checkSchema(kind, rest, reading.written)) {
    const at = mistake.atKey ? offsets.key(mistake.path) : offsets.value(mistake.path);
    if (told.has(at)) continue;
    report('InvalidManifest', at, mistake.message, mistake.remedy);
  }
  for (const mistake of checkDurations(kind, rest)) {
    report('InvalidManifest', offsets.value(mistake.path), mistake.message, mistake.remedy);
  }
  const isInvalid = problems.some((problem) => problem.reason === 'InvalidManifest');
  const verdict = isInvalid ? 'invalid' : contrary.length > 0 ? 'refused' : 'good';
  const spec = asFields(fields['spec']);
  const version = spec?.['version'];
  const document = {
    kind,
    name: asText(asFields(fields['metadata'])?.['name']),
    product,
    version: Number.isSafeInteger(version) ? (version as number) : null,
    ...locate(offsets.value('')),
    places: buildPlaces(reading.valueOffsets, locate),
    keyPlaces: buildPlaces(reading.keyOffsets, locate),
    verdict,
    spec: verdict === 'good' ? convert(kind, rest) : null,
    contradictions: verdict === 'good' ? findContradictions(kind, rest) : [],
  } as ParsedDocument;
  return { document, product, problems };
}

type Fields = Readonly<Record<string, unknown>>;

function asFields(value: unknown): Fields | null {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
    ? (value as Fields)
    : null;
}

function asText(value: unknown): string | null {
  return typeof value === 'string' && value !== '' ? value : null;
}

/**
 * Ours by `apiVersion`; also where that is mistyped or missing and everything else says that it is a manifest: left
 * alone, such a document would read as the removal of what it held before.
 */
function isOurs(fields: Fields): boolean {
  const version = fields['apiVersion'];
  if (typeof version === 'string' && version.startsWith('lockstep/')) return true;
  if (!KINDS.some((kind) => kind === fields['kind'])) return false;
  if (typeof version === 'string') return findNearest(version, [API_VERSION]) !== null;
  const isManifest = asText(asFields(fields['metadata'])?.['name']) !== null;
  const spec = asFields(fields['spec']);
  return (
    version === undefined && isManifest && (spec?.['product'] ?? spec?.['fleet']) !== undefined
  );
}

function findProduct(fields: Fields, kind: Kind | null): string | null {
  const name = asText(asFields(fields['metadata'])?.['name']);
  if (kind === 'Product') return name;
  const product = asText(asFields(fields['spec'])?.['product']);
  return product ?? (kind === null ? name : null);
}

/** Offsets by path; where a path has none, those of the nearest parent that has. */
function createOffsets(reading: NodeReading) {
  const find = (offsets: ReadonlyMap<string, number>, path: string): number => {
    for (let at = path; at !== ''; at = at.slice(0, Math.max(0, at.lastIndexOf('.')))) {
      const offset = offsets.get(at);
      if (offset !== undefined) return offset;
    }
    return reading.valueOffsets.get('') ?? 0;
  };
  return {
    value: (path: string) => find(reading.valueOffsets, path),
    key: (path: string) => find(reading.keyOffsets, path),
  };
}

function buildPlaces(
  offsets: ReadonlyMap<string, number>,
  locate: YamlText['locate'],
): Origin['places'] {
  const places = [...offsets].flatMap(([path, offset]) => {
    const { line, column } = locate(offset);
    return path === '' ? [] : [[path, [line, column] as const] as const];
  });
  return Object.fromEntries(places);
}

function describeApiVersion(fields: Fields): readonly [message: string, remedy: string] {
  const found = fields['apiVersion'];
  return [
    found === undefined
      ? '`apiVersion` is missing.'
      : `\`apiVersion\` is "${typeof found === 'string' ? found.slice(0, 80) : JSON.stringify(found).slice(0, 80)}", which this version of Lockstep does not know.`,
    `Write \`apiVersion: ${API_VERSION}\`.`,
  ];
}

function describeKind(
  found: unknown,
  written: string | undefined,
): readonly [message: string, remedy: string] {
  const text = typeof found === 'string' ? found : (written ?? '');
  const near = findNearest(text, KINDS);
  return [
    found === undefined
      ? '`kind` is missing.'
      : `\`kind\` is "${text.slice(0, 80)}", which is no kind of manifest.`,
    near === null
      ? `Write one of ${KINDS.map((kind) => `\`${kind}\``).join(', ')}.`
      : `Write \`kind: ${near}\`.`,
  ];
}

/** The value fits the kind's schema, and the types are generated from the schemas: that makes the assertions true. */
function convert(kind: Kind, value: unknown): SpecByKind[Kind] {
  switch (kind) {
    case 'Product':
      return convertProduct(value as ProductManifest);
    case 'Firmware':
      return convertFirmware(value as FirmwareManifest);
    case 'DeviceGroup':
      return convertGroup(value as DeviceGroupManifest);
    case 'DeviceLock':
      return convertLock(value as DeviceLockManifest);
    case 'Release':
      return convertRelease(value as ReleaseManifest);
    default:
      return unreachable(kind);
  }
}
