// Schema of the plan as JSON: what the API answers, and what a saved plan has to be. The type is in
// `reports/plan-json.ts`.

import { REASONS } from '../../model/reasons.ts';
import {
  arrayOf,
  count,
  flag,
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

const reason = oneWord(Object.keys(REASONS));

const origin = {
  manifest: { ...text, description: '`Kind/name`.' },
  revision: text,
  file: text,
  line: count,
  column: count,
} as const satisfies Record<string, Schema>;

function action(type: string, fields: Readonly<Record<string, Schema>>): Schema {
  return object({ type: { type: 'string', const: type }, ...fields, ...origin });
}

const flash = object({ from: nullable(version), to: version, devices: count });

const actions: readonly Schema[] = [
  action('ConfigureProduct', { changes: arrayOf(text) }),
  action('UploadFirmware', { version, sha256: text }),
  action('RetireFirmware', { version }),
  action('WithdrawFirmware', { version }),
  action('ChangeGroup', { group: text, devices: count }),
  action('LockDevice', { device: text, version, flash: oneWord(['now', 'on-reset']) }),
  action('UnlockDevice', { device: text, from: version }),
  action('ReleaseFirmware', {
    version,
    from: nullable(version),
    group: nullable(text),
    rollback: flag,
    exposure: { ...percent, description: 'With which it starts, in percent.' },
  }),
  action('SetExposure', {
    version,
    group: nullable(text),
    step: nullable({ ...text, description: 'The step that it is in from then on.' }),
    from: { ...percent, description: 'Exposure before, in percent.' },
    exposure: { ...percent, description: 'Exposure from then on, in percent.' },
    cause: oneWord(['step', 'hold', 'rollback', 'resume', 'pause', 'unpause', 'edit']),
    message: text,
  }),
  action('EndRelease', { version, group: nullable(text) }),
];

const step = object({
  name: text,
  state: oneWord(['done', 'current', 'ahead']),
  exposure: { ...percent, description: 'As the manifest says, in percent.' },
  limit: { ...percent, description: 'What it reaches with its `minDevices`, in percent.' },
  devices: { ...count, description: 'Unlocked devices that the release reaches by then.' },
  flashes: {
    ...arrayOf(object({ version: nullable(version), devices: count })),
    description: 'Those that this step adds and that would be flashed, by the version they run.',
  },
  approval: oneWord(['none', 'needed', 'given']),
  endsAt: nullable({
    ...time,
    description: 'At the earliest; null where a person decides, and once it is done.',
  }),
});

function wait(kind: string, fields: Readonly<Record<string, Schema>> = {}): Schema {
  return object({ kind: { type: 'string', const: kind }, ...fields });
}

const waits: readonly Schema[] = [
  wait('devices'),
  wait('approval', { step: text }),
  wait('successes', { have: count, need: count }),
  wait('soak', { leftMs: { type: 'number', minimum: 0, description: 'Listening time.' } }),
  wait('failureRate', { failed: count, succeeded: count }),
  wait('window', { opensAt: nullable(time) }),
  wait('halted', { message: text }),
  wait('paused'),
  wait('stopped'),
  wait('frozen'),
  wait('firmware', { reason }),
];

const release = object(
  {
    version,
    group: nullable(text),
    manifest: { ...text, description: '`Release/name`.' },
    base: nullable({ ...version, description: 'The version that last finished here.' }),
    rollback: flag,
    attempt: count,
    step: nullable({ ...text, description: 'The current step; null before the first.' }),
    exposure: { ...percent, description: 'Reached, in percent.' },
    finishedAt: nullable(time),
    devices: { ...count, description: 'Unlocked devices that it reaches now.' },
    succeeded: count,
    failed: count,
    inFlight: count,
    steps: arrayOf(step),
    waits: {
      ...arrayOf({ type: 'object', oneOf: waits }),
      description: 'Empty: only for devices.',
    },
    expectedAt: nullable({
      ...time,
      description: 'When it finishes at the earliest; null where a person decides.',
    }),
    firstDevices: nullable({
      ...arrayOf(text),
      description: 'The first that it would flash; null where they were not looked up.',
    }),
  },
  { description: 'How a release goes on.' },
);

/** The named schemas of this file. */
export const PLAN_SCHEMAS: readonly NamedSchema[] = [
  named('ReleasePlan', release),
  named('PlanAction', { type: 'object', oneOf: actions }),
  named(
    'ProductPlan',
    object(
      {
        product: text,
        readAt: { ...time, description: 'When the fleet was read, where it has to be asked.' },
        frozen: { ...flag, description: 'Nothing of it changes until the errors are mended.' },
        actions: arrayOf(ref('PlanAction')),
        refusals: arrayOf(
          object({
            reason,
            message: text,
            remedy: text,
            file: text,
            line: count,
            column: count,
            manifest: text,
            flashes: arrayOf(flash),
            lifts: oneWord(['devices', 'commit', 'person'], 'Who can lift it.'),
          }),
        ),
        warnings: arrayOf(object({ reason, message: text, remedy: text, ...place })),
        impact: object({
          devices: count,
          flashes: arrayOf(flash),
          locked: count,
          offline: count,
          quarantined: count,
        }),
        gates: arrayOf(
          object({
            version,
            verdict: oneWord(['passed', 'waiting', 'blocked']),
            reason: nullable(reason),
            message: text,
          }),
        ),
        newlyVerified: arrayOf(version),
        newlyFinished: arrayOf(version),
        releases: arrayOf(ref('ReleasePlan')),
      },
      { optional: ['readAt'] },
    ),
  ),
  named(
    'Plan',
    object({
      formatVersion: text,
      revision: text,
      fingerprint: text,
      products: arrayOf(ref('ProductPlan')),
      errors: arrayOf(
        object({
          reason,
          message: text,
          remedy: text,
          ...place,
          product: nullable(text),
          excerpt: nullable(text),
        }),
      ),
    }),
  ),
];
