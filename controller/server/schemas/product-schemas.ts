// Schemas of what the API says of the controller and of products. The same shapes as types: `reports/answers.ts`.

import {
  arrayOf,
  count,
  flag,
  listOf,
  mapOf,
  named,
  nullable,
  object,
  oneWord,
  place,
  ref,
  text,
  time,
  version,
  type NamedSchema,
  type Schema,
} from './build.ts';

const trace = { manifest: text, revision: text, ...place } as const satisfies Record<
  string,
  Schema
>;

const summaryFields = {
  product: text,
  revision: nullable({
    ...text,
    description: 'In force: the next poll of each of its devices is answered by it.',
  }),
  observedRevision: nullable({ ...text, description: 'The newest revision that was read.' }),
  devices: nullable(
    object({
      total: count,
      online: count,
      offline: count,
      quarantined: count,
      locked: count,
      inFlight: count,
      failed: count,
    }),
  ),
  releases: arrayOf(ref('Release')),
  stopped: { ...flag, description: 'The emergency stop is pulled.' },
  adopted: flag,
  listening: {
    ...flag,
    description:
      'False while most of the fleet is silent, or was lately: soaks and time-outs wait.',
  },
  conditions: arrayOf(ref('Condition')),
  problemCount: count,
  warningCount: count,
} as const satisfies Record<string, Schema>;

const statusFields = {
  version: { ...text, description: 'Of Lockstep.' },
  ready: { ...flag, description: 'The first revision is in force and devices are served.' },
  source: nullable(text),
  revisionSeen: nullable(text),
  subjectSeen: nullable(text),
  sourceReadAt: nullable(time),
  sourceFailure: nullable(ref('Failure')),
  forge: nullable(
    object(
      {
        description: text,
        failure: nullable(ref('Failure')),
        lookedAt: nullable(time),
        openPullRequests: count,
      },
      { description: 'Where the pull requests live; null where none are looked after.' },
    ),
  ),
  passes: count,
  problems: arrayOf(ref('Problem')),
  warnings: arrayOf(ref('Problem')),
  products: arrayOf(ref('ProductSummary')),
} as const satisfies Record<string, Schema>;

/** The named schemas of this file. */
export const PRODUCT_SCHEMAS: readonly NamedSchema[] = [
  named(
    'Error',
    object({
      error: object({
        code: { ...text, pattern: '^[A-Z][A-Za-z]+$', description: 'Stable PascalCase word.' },
        message: text,
        remedy: { ...text, description: 'What would mend it.' },
      }),
    }),
  ),
  named(
    'Failure',
    object({
      code: text,
      message: text,
      disposition: oneWord(['retry', 'wait', 'stall']),
      retryAfterMs: nullable(count),
    }),
  ),
  named('Problem', object({ reason: text, message: text, remedy: text, ...place })),
  named(
    'Condition',
    object({
      type: oneWord(['Ready', 'Reconciling', 'Stalled', 'Drifted', 'Suspended']),
      status: oneWord(['True', 'False', 'Unknown']),
      reason: text,
      message: text,
      lastTransitionTime: time,
      observedRevision: nullable(text),
    }),
  ),
  named(
    'Release',
    object({
      version,
      group: nullable(text),
      progress: nullable(ref('ReleasePlan')),
      ...trace,
    }),
  ),
  named('ProductSummary', object(summaryFields)),
  named(
    'Product',
    object({
      ...summaryFields,
      problems: arrayOf(ref('Problem')),
      warnings: arrayOf(ref('Problem')),
      versions: arrayOf(
        object({
          version: nullable(version),
          devices: count,
          locked: count,
          inFlight: count,
          succeeded: count,
          failed: count,
        }),
      ),
      stoppedAt: nullable(time),
      adoptedAt: nullable(time),
      fleet: nullable(object({ driver: text })),
      verification: nullable(
        object({
          devices: count,
          soakMs: count,
          group: nullable(text),
          evidence: oneWord(['flashed', 'reported', 'claimed']),
        }),
      ),
      guardrails: nullable(
        object({
          maxAffected: nullable({ type: 'number', description: 'Percent.' }),
          maxUnlocked: nullable({ type: 'number', description: 'Percent.' }),
          maxUnverified: count,
          allowEmpty: flag,
        }),
      ),
    }),
  ),
  named('Status', object(statusFields)),
  named(
    'Firmware',
    object({
      version,
      digest: { ...text, description: 'SHA-256, hex.' },
      size: nullable({ ...count, description: 'Bytes.' }),
      title: nullable(text),
      description: nullable(text),
      reportedAs: text,
      stored: flag,
      withdrawn: nullable(object({ reason: text, url: nullable(text) })),
      retiring: flag,
      compiled: nullable(
        object(
          {
            format: oneWord(['particle', 'esp-idf', 'mcuboot', 'opaque']),
            productId: nullable({ type: 'integer' }),
            version: nullable({ type: 'integer' }),
            versionText: nullable(text),
            platform: nullable(object({ id: { type: 'integer' }, name: nullable(text) })),
            appHash: nullable(text),
            details: arrayOf(object({ name: text, value: text })),
          },
          {
            description:
              'What is compiled into its binary; null where the newest revision has none that can be read.',
          },
        ),
      ),
      verified: nullable(
        object({
          at: { ...time, description: 'When its gate first passed.' },
          by: {
            ...arrayOf(
              object({
                device: text,
                level: oneWord(['claimed', 'reported', 'flashed']),
                at: { ...time, description: 'When its evidence was there.' },
              }),
            ),
            description: 'The earliest first; at most 100 of them.',
          },
          count: { ...count, description: 'How many have verified it in all.' },
        }),
      ),
      running: nullable({ ...count, description: 'Devices that run it.' }),
      share: nullable({
        type: 'number',
        minimum: 0,
        maximum: 1,
        description: 'Of all devices; null while the fleet has not been seen.',
      }),
      released: flag,
      releasable: object(
        { may: flag, reason: nullable(text), message: nullable(text), remedy: nullable(text) },
        {
          description:
            'Whether a release to every device could start now, were its manifest merged; where not, why.',
        },
      ),
      gate: nullable(
        object({
          verdict: oneWord(['passed', 'waiting', 'blocked']),
          reason: nullable(text),
          message: text,
        }),
      ),
      ...trace,
    }),
  ),
  named(
    'Lock',
    object({
      name: text,
      version,
      flash: oneWord(['now', 'on-reset']),
      group: nullable(text),
      devices: arrayOf(text),
      reason: nullable(text),
      owner: nullable(text),
      expires: nullable(text),
      carriedOut: nullable(count),
      running: nullable(count),
      ...trace,
    }),
  ),
  named(
    'Group',
    object({
      name: text,
      devices: arrayOf(text),
      match: nullable(mapOf(text, 'Values that a member’s attributes have.')),
      release: nullable(version),
      ...trace,
    }),
  ),
  named(
    'Convergence',
    object({
      converged: flag,
      pending: count,
      offline: object({ count, names: arrayOf(text) }),
      leftAlone: object({ count, names: arrayOf(text) }),
      inFlight: count,
      failed: count,
    }),
  ),
  named(
    'SyncReport',
    object({
      revision: text,
      plan: ref('Plan'),
      failures: mapOf(ref('Failure'), 'By product: what failed for an outside reason.'),
      reviewed: nullable(ref('ReviewComparison')),
    }),
  ),
];

/** Lists whose items are named schemas of this file. */
export const PRODUCT_LISTS = {
  products: listOf(ref('ProductSummary')),
  firmware: listOf(ref('Firmware')),
  releases: listOf(ref('Release')),
  locks: listOf(ref('Lock')),
  groups: listOf(ref('Group')),
} as const;
