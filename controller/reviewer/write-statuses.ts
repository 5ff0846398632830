// The status of each product on the commits that its releases come from: the newest one in force, and those that started
// a release which is not at its end. Written where it changed; what the forge shows already is left as it is.

import type { Failure } from '../base/failure.ts';
import type { Result } from '../base/result.ts';
import { ok } from '../base/result.ts';
import type { ControllerView, ProductView } from '../reconciler/controller.ts';
import { describeReleaseStatus } from '../reports/release-status.ts';
import type { StatusContent } from '../forges/forge.ts';
import type { ReviewerPorts } from './ports.ts';

/** Starts of releases that are looked at; those under way at a time are far fewer. */
const STARTS_MAX = 50;

const START_EVENTS = ['ReleaseStarted', 'RollbackStarted'] as const;

export interface StatusWriter {
  /** Writes what is otherwise than before. The first failure is returned; the others are tried again next time. */
  write(view: ControllerView): Promise<Result<void, Failure>>;
}

/** Creates a writer. It remembers what it wrote, so that an unchanged status costs no request. */
export function createStatusWriter({
  forge,
  store,
}: Pick<ReviewerPorts, 'forge' | 'store'>): StatusWriter {
  const written = new Map<string, StatusContent>();

  const put = async (status: StatusContent): Promise<Result<void, Failure>> => {
    const key = `${status.commit} ${status.context}`;
    const before = written.get(key);
    if (before?.state === status.state && before.description === status.description) {
      return ok(undefined);
    }
    const put = await forge.putStatus(status);
    if (put.ok) written.set(key, status);
    return put;
  };

  /** The commit that started the release of each group, where the log still knows. */
  const startsOf = async ({ product, plan }: ProductView): Promise<ReadonlySet<string>> => {
    const open = (plan?.releases ?? []).filter(
      ({ finishedAt, waits }) => finishedAt === null || waits.length > 0,
    );
    if (open.length === 0) return new Set();
    const found = await Promise.all(
      START_EVENTS.map((type) => store.events({ product, type, limit: STARTS_MAX })),
    );
    const events = found.flat().sort((a, b) => b.id - a.id);
    return new Set(
      open.flatMap(
        ({ manifest }) => events.find((event) => event.manifest === manifest)?.revision ?? [],
      ),
    );
  };

  return {
    async write(view) {
      let failed: Failure | null = null;
      const current = new Set<string>();
      for (const product of view.products) {
        if (product.revision === null) continue;
        const { plan, conditions, stoppedAt } = product;
        const said = describeReleaseStatus({ plan, conditions, stopped: stoppedAt !== null });
        const context = `lockstep/${product.product}`;
        const commits = new Set([product.revision, ...(await startsOf(product))]);
        for (const commit of commits) {
          current.add(`${commit} ${context}`);
          const done = await put({ commit, context, ...said });
          if (!done.ok) failed ??= done.error;
        }
      }
      for (const [key, status] of written) {
        if (current.has(key)) continue;
        // Nothing follows this commit any more, so it must not seem to be on its way for ever.
        const done =
          status.state === 'pending' ? await put({ ...status, ...SUPERSEDED }) : ok(undefined);
        if (done.ok) written.delete(key);
        else failed ??= done.error;
      }
      return failed === null ? ok(undefined) : { ok: false, error: failed };
    },
  };
}

const SUPERSEDED = {
  state: 'success',
  description: 'A later commit took its place; its status says how the fleet stands.',
} as const;
