// Schema of a snapshot: the manifests of one revision, read and resolved by the command line, sent here to be planned.
// It comes from outside, so everything that planning relies on is checked.

import { REASONS } from '../../model/reasons.ts';
import { BUCKETS } from '../../model/rollout.ts';
import {
  arrayOf,
  count,
  flag,
  mapOf,
  named,
  nullable,
  object,
  oneWord,
  percent,
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

const contactSettings = {
  admission: oneWord(['open', 'listed']),
  pollIntervalMs: ms,
  versionAttribute: text,
  bootAttribute: nullable(text),
  productAttribute: nullable(text),
  attemptTimeoutMs: ms,
  rebootGraceMs: ms,
  forgetAfterMs: ms,
  retries: count,
  groupBy: { ...arrayOf(text), maxItems: 4 },
};

const productSpec = object({
  productId: nullable(count),
  platform: nullable(text),
  fleet: {
    anyOf: [
      object({
        ...contactSettings,
        driver: { type: 'string', const: 'gateway' },
        part: text,
        tenant: nullable(text),
      }),
      object({
        ...contactSettings,
        driver: { type: 'string', const: 'particle' },
        product: text,
        drift: oneWord(['mend', 'report']),
      }),
    ],
  },
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
  requiresFrom: nullable(version),
  retiring: flag,
});

const groupSpec = object({
  product: name,
  devices: arrayOf(deviceId),
  match: nullable(mapOf(text)),
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

const stepSpec = object({
  name: text,
  exposure: {
    type: 'integer',
    minimum: 0,
    maximum: BUCKETS,
    description: 'In hundredths of a percent.',
  },
  minDevices: count,
  soakMs: ms,
  successes: count,
  approval: flag,
});

const minute: Schema = { type: 'integer', minimum: 0, maximum: 1_440 };

const windowSpec = object({
  days: arrayOf(oneWord(['Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat', 'Sun'])),
  fromMinute: minute,
  toMinute: minute,
  timezone: { ...text, format: 'timezone', description: 'IANA name, such as `Europe/Berlin`.' },
});

const atLeastOne: Schema = { type: 'integer', minimum: 1, maximum: Number.MAX_SAFE_INTEGER };

const strategySpec = object({
  steps: { ...arrayOf(stepSpec), minItems: 1, maxItems: 50 },
  rate: nullable(object({ flashes: atLeastOne, perMs: atLeastOne })),
  windows: { ...arrayOf(windowSpec), maxItems: 20 },
  halt: object({
    failureRate: percent,
    minAttempts: count,
    action: oneWord(['hold', 'rollback']),
  }),
  onRollback: oneWord(['direct', 'staged']),
});

const releaseSpec = object({
  product: name,
  version,
  group: nullable(text),
  strategy: strategySpec,
  approved: arrayOf(text),
  attempt: atLeastOne,
  paused: flag,
});

const desired = object({
  product: name,
  config: nullable(placed(productSpec)),
  firmware: arrayOf(placed(firmwareSpec)),
  groups: arrayOf(placed(groupSpec)),
  locks: arrayOf(placed(lockSpec)),
  releases: arrayOf(placed(releaseSpec)),
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
  named('BinaryFacts', binary),
  named(
    'Snapshot',
    object({
      revision,
      products: { ...mapOf(ref('Desired')), propertyNames: name },
      problems: arrayOf(problem),
      frozen: { anyOf: [{ type: 'string', const: 'all' }, arrayOf(text)] },
      productsByFile: mapOf(arrayOf(text)),
      refused: arrayOf(text),
      binaries: { ...mapOf(ref('BinaryFacts')), propertyNames: sha256 },
    }),
  ),
];
