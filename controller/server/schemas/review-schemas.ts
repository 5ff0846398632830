// Schema of a review as JSON: what the API answers about a change that is proposed. The type is in
// `reports/review-json.ts`.

import {
  arrayOf,
  count,
  flag,
  named,
  nullable,
  object,
  oneWord,
  ref,
  text,
  version,
  type NamedSchema,
} from './build.ts';

const gate = oneWord(
  ['success', 'neutral', 'pending', 'failure'],
  'How the releases of the change stand with the verification gate.',
);

const whole = { file: text, line: count, column: count } as const;

const revision = { type: 'string', minLength: 1, maxLength: 256 } as const;

/** How a forge counts its pull requests. */
export const pullRequestNumber = {
  type: 'integer',
  minimum: 1,
  maximum: Number.MAX_SAFE_INTEGER,
} as const;

/** The named schemas of this file. */
export const REVIEW_SCHEMAS: readonly NamedSchema[] = [
  named(
    'PullRequestReviewed',
    object({
      number: pullRequestNumber,
      title: { type: 'string', maxLength: 1_024 },
      url: { type: 'string', maxLength: 2_048, pattern: '^https?://' },
      head: { ...revision, description: 'Commit that was reviewed.' },
      base: { ...revision, description: 'Tip of the branch that it is proposed to.' },
      merge: { ...revision, description: 'The merge of both.' },
    }),
  ),
  named(
    'ChangeReview',
    object({
      plan: { ...ref('Plan'), description: 'Of the branch with the change merged in.' },
      base: { ...ref('Plan'), description: 'Of the branch alone.' },
      unread: { ...arrayOf(text), description: 'Products whose fleet could not be read.' },
      touchesManifests: flag,
      standing: {
        ...arrayOf(text),
        description: 'Keys of errors and refusals that are there without the change too.',
      },
      gate,
      releases: arrayOf(
        object({
          product: text,
          group: nullable(text),
          version: nullable(version),
          manifest: { ...text, description: '`Kind/name`.' },
          place: nullable(object(whole)),
          state: gate,
          message: text,
          remedy: nullable(text),
          forecast: nullable(ref('ReleasePlan')),
        }),
      ),
      newFirmware: arrayOf(
        object({
          product: text,
          version,
          title: nullable(text),
          description: nullable(text),
          binary: { ...text, description: 'Path or URL.' },
          sha256: text,
          facts: nullable(ref('BinaryFacts')),
        }),
      ),
      policyChanges: arrayOf(text),
    }),
  ),
  named(
    'ReviewComparison',
    object({
      pullRequest: count,
      url: text,
      moved: nullable({
        ...arrayOf(text),
        description: 'What is otherwise than in the review; null: it could not be compared.',
      }),
    }),
  ),
];
