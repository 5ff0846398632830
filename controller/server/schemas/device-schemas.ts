// Schemas of what the API says of devices, their actions and the events. The same shapes as types: `reports/answers.ts`.

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
  place,
  ref,
  text,
  time,
  version,
  type NamedSchema,
  type Schema,
} from './build.ts';

const actionId: Schema = { ...text, pattern: '^[0-9]+$', description: 'The id on the wire.' };

const deviceFields = {
  product: text,
  id: text,
  standing: oneWord(['expected', 'active', 'quarantined']),
  quarantine: nullable(text),
  registeredAt: nullable(time),
  lastContactAt: nullable(time),
  online: flag,
  hasToken: flag,
  reported: nullable({ ...text, description: 'The version text that it last sent.' }),
  running: nullable({ ...version, description: 'What that text means; null: unknown.' }),
  traits: mapOf(nullable(text), 'Values of the attributes that groups are matched by.'),
  dormant: { ...flag, description: 'Not heard for a week: no release waits for it.' },
  target: object({
    version: nullable({ ...version, description: 'What it is flashed with next.' }),
    goal: nullable({ ...version, description: 'Where that leads.' }),
    rule: nullable(oneWord(['lock', 'groupRelease', 'release', 'base'])),
    manifest: nullable(text),
    revision: nullable(text),
    reason: nullable({ ...text, description: 'Why it is left alone.' }),
    message: nullable(text),
  }),
  lock: nullable(
    object({
      version,
      flash: oneWord(['now', 'on-reset']),
      armed: flag,
      manifest: text,
      revision: text,
      since: time,
    }),
  ),
  action: nullable(
    object({
      id: actionId,
      version,
      attempt: count,
      phase: oneWord(['offered', 'fetched', 'claimed', 'cancelling']),
      manifest: text,
      revision: text,
      offeredAt: time,
      fetchedAt: nullable(time),
      claimedAt: nullable(time),
      cancelRefused: flag,
    }),
  ),
  failures: nullable(
    object({
      version,
      count,
      retryAt: nullable(time),
      lastAt: time,
      lastMessage: text,
    }),
  ),
  outcome: nullable(object({ version, state: oneWord(['inFlight', 'succeeded', 'failed']) })),
} as const satisfies Record<string, Schema>;

const actionFields = {
  id: actionId,
  state: oneWord(['open', 'cancelling', 'cancelled', 'succeeded', 'failed']),
  confirmed: { ...flag, description: 'The version was seen running after it.' },
  version,
  attempt: count,
  manifest: text,
  revision: text,
  offeredAt: time,
  fetchedAt: nullable(time),
  closedAt: nullable(time),
  message: nullable(text),
} as const satisfies Record<string, Schema>;

/** The named schemas of this file. */
export const DEVICE_SCHEMAS: readonly NamedSchema[] = [
  named('Attributes', mapOf(text, 'Exactly as the device sent them; nothing is added.')),
  named('DeviceSummary', object(deviceFields)),
  named('Device', object({ ...deviceFields, attributes: ref('Attributes') })),
  named('ActionSummary', object(actionFields)),
  named(
    'Action',
    object({
      ...actionFields,
      feedback: {
        ...arrayOf(
          object({
            at: time,
            execution: text,
            finished: text,
            progress: nullable(object({ cnt: { type: 'number' }, of: { type: 'number' } })),
            code: nullable({ type: 'number' }),
            details: arrayOf(text),
          }),
        ),
        description: 'The last 50 entries, newest last.',
      },
    }),
  ),
  named(
    'Explanation',
    object({
      summary: text,
      device: ref('DeviceSummary'),
      runningTitle: nullable(text),
      rules: arrayOf(
        object({
          rule: oneWord(['quarantine', 'lock', 'groupRelease', 'release', 'base']),
          outcome: oneWord(['decides', 'overruled', 'doesNotApply']),
          message: text,
          trace: nullable(object({ manifest: text, revision: text, ...place })),
        }),
      ),
      exposure: {
        ...arrayOf(
          object({
            manifest: text,
            version,
            group: nullable(text),
            position: { ...percent, description: 'Where it stands on the circle, in percent.' },
            exposure: { ...percent, description: 'How far the release reaches, in percent.' },
            isReached: flag,
            step: nullable({ ...text, description: 'In which its turn comes.' }),
          }),
        ),
        description: 'Its place on the circles of the releases that cover it, the group’s first.',
      },
      groups: arrayOf(text),
      nextPoll: oneWord(['offer', 'continue', 'cancel', 'ask', 'nothing', 'refused']),
      waits: arrayOf(object({ reason: text, message: text })),
      evidence: arrayOf(
        object({
          version,
          level: oneWord(['claimed', 'reported', 'flashed']),
          passedAt: nullable(time),
          soakedMs: count,
        }),
      ),
      moves: {
        ...arrayOf(object({ at: time, message: text })),
        description: 'When it last moved from group to group, newest first.',
      },
    }),
  ),
  named(
    'Event',
    object({
      id: count,
      type: text,
      at: time,
      product: nullable(text),
      revision: nullable(text),
      manifest: nullable(text),
      device: nullable(text),
      actionId: nullable(actionId),
      message: text,
      ...place,
    }),
  ),
];
