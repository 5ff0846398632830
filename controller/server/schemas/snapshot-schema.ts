// Schema of a snapshot: the manifests of one revision, read and resolved by the command line, sent here to be planned.
// It comes from outside, so everything that planning relies on is checked.

import { REASONS } from '../../model/reasons.ts';
import {
  arrayOf,
  count,
  flag,
  mapOf,
  named,
  nullable,
  object,
  oneWord,
  ref,
  text,
  version,
  type NamedSchema,
  type Schema,
} from './build.ts';

const name: Schema = { type: 'string', pattern: '^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$' };
const path: Schema = { type: 'string', minLength: 1, maxLength: 4_096 };
const revision: Schema = { type: 'string', minLength: 1, maxLength: 256 };
const sha256: Schema = { type: 'string', pattern: '^[0-9a-f]{64}$' };
const deviceId: Schema = { type: 'string', minLength: 1, maxLength: 256 };
const ms: Schema = { type: 'integer', minimum: 0, maximum: Number.MAX_SAFE_INTEGER };
const percent: Schema = { type: 'number', minimum: 0, maximum: 100 };
const flash = oneWord(['now', 'on-reset']);
const place = object({ file: path, line: count, column: count });

const origin = object({
  kind: oneWord(['Product', 'Firmware', 'DeviceGroup', 'DeviceLock', 'Release']),
  name: { type: 'string', minLength: 1, maxLength: 256 },
  revision,
  file: path,
  line: count,
  column: count,
  places: mapOf({ type: 'array', items: count, minItems: 2, maxItems: 2 }),
});

function placed(spec: Schema): Schema {
  return object({ spec, origin });
}

const productSpec = object({
  productId: nullable(count),
  platform: nullable(text),
  fleet: object({
    driver: { type: 'string', const: 'gateway' },
    admission: oneWord(['open', 'listed']),
    pollIntervalMs: ms,
    versionAttribute: text,
    bootAttribute: nullable(text),
    productAttribute: nullable(text),
    part: text,
    tenant: nullable(text),
    attemptTimeoutMs: ms,
    rebootGraceMs: ms,
    forgetAfterMs: ms,
    retries: count,
  }),
  verification: object({
    devices: { type: 'integer', minimum: 1 },
    soakMs: ms,
    group: nullable(text),
    evidence: oneWord(['flashed', 'reported', 'claimed']),
  }),
  guardrails: object({
    maxAffected: nullable(percent),
    maxUnlocked: nullable(percent),
    maxUnverified: count,
    allowEmpty: flag,
  }),
});

const firmwareSpec = object({
  product: name,
  version,
  reportedAs: nullable(text),
  title: nullable(text),
  description: nullable(text),
  binary: object({
    path: nullable(path),
    url: nullable(text),
    sha256,
    format: nullable(oneWord(['opaque'])),
  }),
  withdrawn: nullable(object({ reason: text, url: nullable(text) })),
  retiring: flag,
});

const lockSpec = object({
  product: name,
  devices: nullable(arrayOf(deviceId)),
  group: nullable(text),
  version,
  flash,
  reason: nullable(text),
  owner: nullable(text),
  expires: nullable({ type: 'string', pattern: '^\\d{4}-\\d{2}-\\d{2}$' }),
});

const desired = object({
  product: name,
  config: nullable(placed(productSpec)),
  firmware: arrayOf(placed(firmwareSpec)),
  groups: arrayOf(placed(object({ product: name, devices: arrayOf(deviceId) }))),
  locks: arrayOf(placed(lockSpec)),
  releases: arrayOf(placed(object({ product: name, version, group: nullable(text) }))),
});

const compiled = object({
  format: oneWord(['particle', 'esp-idf', 'mcuboot', 'opaque']),
  productId: nullable(count),
  version: nullable(count),
  versionText: nullable(text),
  platform: nullable(object({ id: count, name: nullable(text) })),
  appHash: nullable(text),
  details: arrayOf({ type: 'array', items: text, minItems: 2, maxItems: 2 }),
});

const binary = object({
  size: count,
  sha256,
  sha1: text,
  md5: text,
  compiled: nullable(compiled),
  defect: nullable(object({ format: nullable(text), message: text })),
  lfsPointer: flag,
});

const problem = object({
  severity: oneWord(['error', 'warning']),
  reason: oneWord(Object.keys(REASONS)),
  message: text,
  remedy: text,
  place: nullable(place),
  excerpt: nullable(text),
  product: nullable(text),
});

/** The named schemas of this file. */
export const SNAPSHOT_SCHEMAS: readonly NamedSchema[] = [
  named('Desired', desired),
  named(
    'Snapshot',
    object({
      revision,
      products: { ...mapOf(ref('Desired')), propertyNames: name },
      problems: arrayOf(problem),
      frozen: { anyOf: [{ type: 'string', const: 'all' }, arrayOf(text)] },
      productsByFile: mapOf(arrayOf(text)),
      refused: arrayOf(text),
      binaries: { ...mapOf(binary), propertyNames: sha256 },
    }),
  ),
];
