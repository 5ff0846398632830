// Schemas of what people watch: rollouts and the source. The same shapes as types: `reports/watch-answers.ts`.

import {
  arrayOf,
  count,
  flag,
  listOf,
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
} from './build.ts';

const commitUrl = nullable({ ...text, description: 'The page of the commit, where one is known.' });

/** The named schemas of this file. */
export const WATCH_SCHEMAS: readonly NamedSchema[] = [
  named(
    'Rollout',
    object({
      version,
      group: nullable(text),
      progress: nullable(ref('ReleasePlan')),
      manifest: text,
      revision: text,
      ...place,
      commitUrl,
      pullRequest: nullable(
        object(
          { number: count, url: text },
          { description: 'That brought the revision, where it was reviewed here.' },
        ),
      ),
      round: nullable({
        ...count,
        description: 'Numbers the starts and resumptions of the product’s releases.',
      }),
      startedAt: nullable(time),
      stepAt: nullable({ ...time, description: 'When the current step began.' }),
      finishedAt: nullable(time),
      expectedAt: nullable({
        ...time,
        description:
          'When it is done at the earliest, if nothing fails; null where a person, devices that have yet to come, or their failures decide.',
      }),
      paused: flag,
      halt: nullable(
        object({
          action: oneWord(['hold', 'rollback']),
          at: time,
          failed: count,
          succeeded: count,
          message: text,
        }),
      ),
      haltRate: {
        ...percent,
        description:
          'Share of failed devices, of those that failed or succeeded, above which it halts.',
      },
      minAttempts: {
        ...count,
        description: 'Devices that must have failed or succeeded before the rate counts.',
      },
      haltAction: oneWord(['hold', 'rollback']),
      samples: {
        ...arrayOf(
          object({
            at: time,
            exposure: percent,
            inFlight: count,
            succeeded: count,
            failed: count,
          }),
        ),
        description:
          'How its round went, oldest first; each holds until the next. The newest figures are in `progress`.',
      },
    }),
  ),
  named(
    'Sources',
    object({
      source: nullable(text),
      kind: nullable(oneWord(['git', 'directory'])),
      readAt: nullable(time),
      failure: nullable(ref('Failure')),
      revisionSeen: nullable({ ...text, description: 'The newest, whatever became of it.' }),
      subjectSeen: nullable(text),
      commitUrl,
      commitUrlTemplate: nullable({
        ...text,
        description: 'The page of any commit, with `{revision}`; null where none is known.',
      }),
      manifestUrlTemplate: nullable({
        ...text,
        description:
          'The page of a line of a manifest, with `{revision}`, `{file}` (each segment encoded) and `{line}`; null where none is known.',
      }),
      products: arrayOf(
        object({
          product: text,
          revision: nullable({ ...text, description: 'In force.' }),
          observedRevision: nullable(text),
          commitUrl,
        }),
      ),
      refusals: {
        ...arrayOf(
          object({
            reason: text,
            message: text,
            remedy: text,
            ...place,
            product: nullable(text),
            severity: oneWord(['problem', 'warning']),
            revision: nullable({ ...text, description: 'Whose text the place is in.' }),
            excerpt: nullable(
              object(
                {
                  from: { ...count, description: 'Number of the first line.' },
                  lines: arrayOf(text),
                  marked: { ...count, description: 'Number of the line that it is about.' },
                },
                {
                  description:
                    'The lines around the place; null where the text of the revision is not at hand.',
                },
              ),
            ),
          }),
        ),
        description: 'Problems first; at most 100 of them.',
      },
      refusalCount: { ...count, description: 'How many there are in all.' },
    }),
  ),
];

/** Lists whose items are named schemas of this file. */
export const WATCH_LISTS = { rollouts: listOf(ref('Rollout')) } as const;
