// From what the controller knows of its source to the answer that people look at: revisions with links, and what stands
// against the manifests with the lines that it is about. Pure.

import type { Excerpt } from '../model/excerpt.ts';
import type { PageTemplates } from '../model/pages.ts';
import { commitPageOf } from '../model/pages.ts';
import type { ControllerView } from '../reconciler/controller.ts';
import { isoTime } from '../reports/plain-text.ts';
import type { SourcesJson } from '../reports/watch-answers.ts';
import { failureAnswer, problemAnswer } from './product-answers.ts';
import type { Standing } from './standing-problems.ts';

/** Refusals that are shown with their lines; what is beyond is counted. */
export const REFUSALS_SHOWN = 100;

/** `excerpts`: of the first of `standing`, in their order. */
export function sourcesAnswer(
  view: ControllerView,
  pages: PageTemplates | null,
  standing: readonly Standing[],
  excerpts: readonly (Excerpt | null)[],
): SourcesJson {
  const { source, sourceKind, sourceReadAt, sourceFailure, revisionSeen, subjectSeen } = view;
  return {
    source,
    kind: sourceKind,
    readAt: isoTime(sourceReadAt),
    failure: sourceFailure === null ? null : failureAnswer(sourceFailure),
    revisionSeen,
    subjectSeen,
    commitUrl: commitUrlOf(pages, revisionSeen),
    commitUrlTemplate: pages?.commit ?? null,
    manifestUrlTemplate: pages?.file ?? null,
    products: view.products.map(({ product, revision, conditions }) => ({
      product,
      revision,
      observedRevision: conditions[0]?.observedRevision ?? revisionSeen,
      commitUrl: commitUrlOf(pages, revision),
    })),
    refusals: standing.slice(0, REFUSALS_SHOWN).map((each, index) => ({
      ...problemAnswer(each),
      product: each.product,
      severity: each.severity,
      revision: each.revision,
      excerpt: excerpts[index] ?? null,
    })),
    refusalCount: standing.length,
  };
}

/** Null where there is no page of it: a directory's revision is no commit. */
export function commitUrlOf(pages: PageTemplates | null, revision: string | null): string | null {
  if (pages === null || revision === null || revision.startsWith('dir-')) return null;
  return commitPageOf(pages, revision);
}
