// Schemas of proposals: what is asked for, how it is shown, and what may be asked for. The types of the answers are in
// `reports/answers.ts`.

import {
  arrayOf,
  flag,
  listOf,
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
import { pullRequestNumber } from './review-schemas.ts';

const product: Schema = { type: 'string', minLength: 1, maxLength: 63 };
const group: Schema = {
  ...nullable({ type: 'string', minLength: 1, maxLength: 127 }),
  description: 'Left out or null: the release to the whole product.',
};
const device: Schema = { type: 'string', minLength: 1, maxLength: 256, pattern: '^\\S+$' };
const reason: Schema = { type: 'string', minLength: 1, maxLength: 1_000 };

function request(kind: string, fields: Record<string, Schema>, optional: string[] = []): Schema {
  return object({ kind: { type: 'string', const: kind }, product, ...fields }, { optional });
}

const requests: readonly Schema[] = [
  request(
    'lock',
    {
      device,
      version,
      flash: oneWord(['now', 'on-reset'], 'As soon as it is online, or when it next comes online.'),
      reason,
    },
    ['reason'],
  ),
  request('unlock', { device }),
  request('release', { version, group }, ['group']),
  request(
    'withdraw',
    { version, reason, url: { type: 'string', minLength: 1, maxLength: 2_048 } },
    ['url'],
  ),
  request('approve', { version, group, step: { type: 'string', minLength: 1, maxLength: 127 } }, [
    'group',
  ]),
  request('resume', { group }, ['group']),
];

/** The named schemas of this file. */
export const PROPOSAL_SCHEMAS: readonly NamedSchema[] = [
  named('ProposalRequest', {
    type: 'object',
    required: ['kind'],
    discriminator: { propertyName: 'kind' },
    oneOf: requests,
  }),
  named('PullRequest', object({ number: pullRequestNumber, url: text })),
  named(
    'ProposalPreview',
    object({
      title: text,
      branch: text,
      body: { ...text, description: 'Markdown.' },
      files: arrayOf(
        object({
          path: { ...text, description: 'From the root of the source.' },
          before: { ...nullable(text), description: 'Null: the file is new.' },
          after: { ...nullable(text), description: 'Null: the file goes.' },
          diff: { ...text, description: 'Unified.' },
        }),
      ),
      plan: {
        ...nullable(ref('Plan')),
        description:
          'Of the changed manifests against the live fleet, the part of the product alone; null where none could be made.',
      },
      planFailure: { ...nullable(ref('Failure')), description: 'Why there is no plan.' },
      problems: {
        ...arrayOf(ref('Problem')),
        description: 'What the change brings that was not there before.',
      },
      pullRequest: { ...nullable(ref('PullRequest')), description: 'One that is open already.' },
      open: object(
        { may: flag, reason: nullable(text) },
        { description: 'Whether a pull request can be opened, or why not.' },
      ),
    }),
  ),
];

/** What may be proposed of a product. */
export const POSSIBLE_PROPOSALS: Schema = listOf(
  object({
    kind: oneWord(['release', 'withdraw', 'approve', 'resume']),
    group: nullable(text),
    version,
    step: nullable(text),
    may: flag,
    reason: { ...nullable(text), description: 'Why not; null where it may be proposed.' },
  }),
);
