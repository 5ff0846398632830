// What the reviewer's parts work with, for tests of one part: a forge, a source of changes and a store that are plain
// objects and note what is asked of them. What a test does not say is well, and empty.

import type { Clock } from '../../controller/base/clock.ts';
import type { Failure } from '../../controller/base/failure.ts';
import { failure } from '../../controller/base/failure.ts';
import { fail, ok, type Result } from '../../controller/base/result.ts';
import type { Forge } from '../../controller/forges/forge.ts';
import type { Desired } from '../../controller/model/desired.ts';
import type { EventDraft } from '../../controller/model/event.ts';
import type { ProductPlan, ReleasePlan } from '../../controller/model/plan.ts';
import type { PullRequest } from '../../controller/model/pull-request.ts';
import type { ArrivalRecord, ChangeReview, ReviewRecord } from '../../controller/model/review.ts';
import type { ControllerView, ProductView } from '../../controller/reconciler/controller.ts';
import { createRevisionLoader } from '../../controller/reconciler/revision-loader.ts';
import type { ReviewerPorts } from '../../controller/reviewer/ports.ts';
import type { ChangeSource, MergeReading } from '../../controller/sources/change-source.ts';
import type { Tree } from '../../controller/sources/source.ts';

export const AWAY = failure('ForgeUnavailable', 'GitHub is away.', 'retry');
export const PATIENCE = failure('ForgeRateLimited', 'GitHub asks to wait.', 'wait', 90_000);
export const REFUSED = failure('ForgeRefused', 'GitHub refuses it.', 'stall');

/** A pull request into `main`; its head is `head-N`. */
export function openPullRequest(number: number, more: Partial<PullRequest> = {}): PullRequest {
  return {
    number,
    title: `Change ${number}`,
    url: `https://github.example.com/acme/fleet/pull/${number}`,
    author: 'rosa',
    state: 'open',
    head: { commit: `head-${number}`, branch: `change-${number}`, isFork: false },
    base: 'main',
    mergeCommit: null,
    ...more,
  };
}

export interface NotingForge {
  readonly forge: Forge;
  /** What was asked, as `OPERATION WHAT`; taken out by `takeCalls`. */
  takeCalls(): readonly string[];
  /** By the beginning of a call: what it fails with, until it is deleted. */
  readonly failures: Map<string, Failure>;
  /** Of the repository, as `pullRequest` and the lists tell. */
  pullRequests: readonly PullRequest[];
}

/** A forge that takes what it is given. */
export function createNotingForge(): NotingForge {
  let calls: string[] = [];
  const failures = new Map<string, Failure>();
  async function answer<T>(call: string, value: () => T): Promise<Result<T, Failure>> {
    calls.push(call);
    const found = [...failures].find(([beginning]) => call.startsWith(beginning));
    return found === undefined ? ok(value()) : fail(found[1]);
  }
  const url = 'https://github.example.com/acme/fleet';
  const noting: NotingForge = {
    failures,
    pullRequests: [],
    takeCalls() {
      const taken = calls;
      calls = [];
      return taken;
    },
    forge: {
      description: 'github.example.com/acme/fleet',
      takesWebhooks: true,
      probe: () => answer('probe', () => ({ warnings: [] })),
      defaultBranch: () => answer('defaultBranch', () => 'main'),
      pullRequests: (base) =>
        answer(`pullRequests ${base}`, () =>
          noting.pullRequests.filter((each) => each.state === 'open' && each.base === base),
        ),
      async pullRequest(number) {
        const found = noting.pullRequests.find((each) => each.number === number);
        if (found === undefined) throw new Error(`there is no pull request ${number}`);
        return answer(`pullRequest ${number}`, () => found);
      },
      pullRequestOf: (commit) =>
        answer(
          `pullRequestOf ${commit}`,
          () => noting.pullRequests.find(({ mergeCommit }) => mergeCommit === commit) ?? null,
        ),
      putComment: (number) => answer(`putComment ${number}`, () => ({ url: `${url}/comment` })),
      putCheck: ({ name, commit, state }, options) =>
        answer(
          `putCheck ${name} ${commit} ${state}${options?.again === true ? ' again' : ''}`,
          () => ({ url: `${url}/check` }),
        ),
      putStatus: ({ context, commit, state }) =>
        answer(`putStatus ${context} ${commit} ${state}`, () => undefined),
      openPullRequest: ({ branch }) =>
        answer(`openPullRequest ${branch}`, () => {
          const found = noting.pullRequests.find(({ head }) => head.branch === branch);
          if (found !== undefined) return { pullRequest: found, isNew: false };
          const number = noting.pullRequests.length + 1;
          const head = { commit: `head-${number}`, branch, isFork: false };
          const pullRequest = openPullRequest(number, { head });
          noting.pullRequests = [...noting.pullRequests, pullRequest];
          return { pullRequest, isNew: true };
        }),
      ownPullRequests: (prefix) =>
        answer(`ownPullRequests ${prefix}`, () =>
          noting.pullRequests.filter(
            ({ state, head }) => state === 'open' && head.branch.startsWith(prefix),
          ),
        ),
      closePullRequest: (number) =>
        answer(`closePullRequest ${number}`, () => {
          noting.pullRequests = noting.pullRequests.map((each) =>
            each.number === number ? { ...each, state: 'closed' } : each,
          );
        }),
      gitCredentials: () => answer('gitCredentials', () => null),
      headRef: (number) => `refs/pull/${number}/head`,
      readWebhook: async () => ok({ delivery: 'd', hint: { kind: 'ping' } }),
      fileUrl: (commit, path, line) => `${url}/blob/${commit}/${path}#L${line}`,
      commitUrl: (commit) => `${url}/commit/${commit}`,
      pages: {
        commit: `${url}/commit/{revision}`,
        file: `${url}/blob/{revision}/{file}#L{line}`,
      },
    },
  };
  return noting;
}

/** A tree of text files. */
export function treeOf(revision: string, files: Readonly<Record<string, string>>): Tree {
  const bytesOf = (path: string): Uint8Array => Buffer.from(files[path] ?? '');
  return {
    revision,
    subject: null,
    entries: Object.keys(files)
      .sort()
      .map((path) => ({
        path,
        kind: 'file',
        size: bytesOf(path).byteLength,
        identity: `${path} ${files[path] ?? ''}`,
      })),
    read: async (path) => ok(bytesOf(path)),
    open: async (path) => ok(oneChunk(bytesOf(path))),
  };
}

async function* oneChunk(bytes: Uint8Array): AsyncIterable<Uint8Array> {
  yield bytes;
}

export interface NotingChanges {
  readonly changes: ChangeSource;
  takeCalls(): readonly string[];
  /** The tip of the branch. */
  base: Tree;
  /** By full reference: what merging it gives. Where it is missing, it brings nothing. */
  readonly readings: Map<string, Result<MergeReading, Failure>>;
}

/** A source of changes to a branch, whose tip is `base-1` and holds no files. */
export function createNotingChanges(prefix = ''): NotingChanges {
  let calls: string[] = [];
  const noting: NotingChanges = {
    base: treeOf('base-1', {}),
    readings: new Map(),
    takeCalls() {
      const taken = calls;
      calls = [];
      return taken;
    },
    changes: {
      description: 'fleet',
      prefix,
      async merge(ref) {
        calls.push(`merge ${ref}`);
        const head = `head-${/\d+/.exec(ref)?.[0] ?? ''}`;
        const { base } = noting;
        const merged = { ...base, revision: `${base.revision}+${head}` };
        return noting.readings.get(ref) ?? ok({ kind: 'merged', head, base, merged });
      },
      async base() {
        calls.push('base');
        return ok(noting.base);
      },
      close: async () => undefined,
    },
  };
  return noting;
}

export interface KeptStore {
  readonly store: ReviewerPorts['store'];
  readonly reviews: Map<number, ReviewRecord>;
  readonly arrivals: Map<string, ArrivalRecord>;
  readonly events: EventDraft[];
}

/** A store in memory, of what the reviewer keeps. */
export function createKeptStore(): KeptStore {
  const kept: KeptStore = {
    reviews: new Map(),
    arrivals: new Map(),
    events: [],
    store: {
      reviews: async ({ number, open } = {}) =>
        [...kept.reviews.values()].filter(
          ({ pullRequest, outcome }) =>
            (number === undefined || pullRequest.number === number) &&
            (open === undefined || outcome === null),
        ),
      saveReview: async (review) => void kept.reviews.set(review.pullRequest.number, review),
      arrival: async (revision) => kept.arrivals.get(revision) ?? null,
      events: async ({ product, type }) =>
        kept.events
          .map((event, id) => ({ ...event, id }))
          .filter((event) => event.product === product && event.type === type)
          .toReversed(),
      addEvents: async (events) => void kept.events.push(...events),
      devices: async () => [],
    },
  };
  return kept;
}

/** A clock that a test moves. */
export function createHandClock(): Clock & { advance(ms: number): void } {
  let ms = 1_000;
  return {
    now: () => 1_700_000_000_000 + ms,
    monotonicMs: () => ms,
    advance: (by) => {
      ms += by;
    },
  };
}

/** A product with these releases in its plan, all well otherwise. */
export function productView(
  inForce: Desired,
  releases: readonly ReleasePlan[],
  more: Partial<ProductView> = {},
): ProductView {
  return {
    product: inForce.product,
    revision: 'r1',
    inForce,
    live: null,
    plan: { ...NOTHING_LEFT, product: inForce.product, releases },
    conditions: [
      {
        type: 'Ready',
        status: 'True',
        reason: 'Converged',
        message: 'Every device is on target.',
        lastTransitionTime: 0,
        observedRevision: 'r1',
      },
    ],
    stoppedAt: null,
    adoptedAt: null,
    ...more,
  };
}

/** A plan that is carried out. */
const NOTHING_LEFT: Omit<ProductPlan, 'product' | 'releases'> = {
  frozen: false,
  actions: [],
  refusals: [],
  warnings: [],
  impact: { devices: 7, flashes: [], locked: 1, offline: 0, quarantined: 0 },
  gates: [],
  newlyVerified: [],
  newlyFinished: [],
};

/** A controller that is ready. */
export function controllerView(
  products: readonly ProductView[],
  more: Partial<ControllerView> = {},
): ControllerView {
  return {
    source: 'fleet',
    sourceKind: 'git',
    snapshot: null,
    revisionSeen: 'r1',
    subjectSeen: null,
    sourceReadAt: 0,
    sourceFailure: null,
    problems: [],
    products,
    ready: true,
    passes: 1,
    ...more,
  };
}

export interface ReviewerWorld {
  readonly ports: ReviewerPorts;
  readonly noting: NotingForge;
  readonly source: NotingChanges;
  readonly kept: KeptStore;
  readonly clock: ReturnType<typeof createHandClock>;
  readonly log: string[];
  /** What every change is judged to be; by number where it is there. */
  review: ChangeReview;
  readonly judgements: Map<number, Result<ChangeReview, Failure>>;
  /** The controller's picture. */
  view: ControllerView;
  /** The controller makes a pass. */
  makePass(): void;
  /** Whether a revision descends from another, as `OLDER NEWER`. */
  readonly descents: Set<string>;
  /** What was asked of others than the forge, in order: `judge N`, `hint`, `descends OLDER NEWER`. */
  takeCalls(): readonly string[];
}

/** A review of a change whose one release stands with the gate like this. */
export function reviewOf(gate: ChangeReview['gate']): ChangeReview {
  const plan = { revision: 'm', fingerprint: 'sha256:00', products: [], errors: [] };
  return {
    plan,
    base: plan,
    unread: [],
    touchesManifests: true,
    standing: [],
    gate,
    releases: [],
    newFirmware: [],
    policyChanges: [],
  };
}

/** All that the reviewer works with. */
export function createReviewerWorld(): ReviewerWorld {
  let calls: string[] = [];
  const noting = createNotingForge();
  const source = createNotingChanges();
  const kept = createKeptStore();
  const clock = createHandClock();
  const log: string[] = [];
  const waiting = new Set<() => void>();
  const world: ReviewerWorld = {
    noting,
    source,
    kept,
    clock,
    log,
    review: reviewOf('success'),
    judgements: new Map(),
    view: controllerView([]),
    descents: new Set(),
    makePass() {
      world.view = { ...world.view, passes: world.view.passes + 1 };
      for (const wake of waiting) wake();
    },
    takeCalls() {
      const taken = calls;
      calls = [];
      return taken;
    },
    ports: {
      forge: noting.forge,
      changes: source.changes,
      loader: createRevisionLoader(),
      judge: async ({ pullRequest: { number } }) => {
        calls.push(`judge ${number}`);
        return world.judgements.get(number) ?? ok(world.review);
      },
      controller: {
        view: () => world.view,
        hint: () => void calls.push('hint'),
        nextPass: (ms) =>
          new Promise((resolve) => {
            const end = (): void => {
              clearTimeout(timer);
              waiting.delete(end);
              resolve();
            };
            const timer = setTimeout(end, ms);
            waiting.add(end);
          }),
      },
      store: kept.store,
      descends: async (older, newer) => {
        calls.push(`descends ${older} ${newer}`);
        return ok(world.descents.has(`${older} ${newer}`));
      },
      clock,
      log: { info: (line) => void log.push(line), warn: (line) => void log.push(line) },
    },
  };
  return world;
}
