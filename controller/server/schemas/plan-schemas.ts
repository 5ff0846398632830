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
  place,
  ref,
  text,
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
  }),
  action('EndRelease', { version, group: nullable(text) }),
];

/** The named schemas of this file. */
export const PLAN_SCHEMAS: readonly NamedSchema[] = [
  named('PlanAction', { type: 'object', oneOf: actions }),
  named(
    'ProductPlan',
    object({
      product: text,
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
    }),
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
