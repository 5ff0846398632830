// What became of reviewed pull requests: told once, compared with what arrived, and waited for without asking anybody.

import { beforeEach, describe, expect, it } from 'vitest';

import { failure } from '../../../controller/base/failure.ts';
import type { Plan } from '../../../controller/model/plan.ts';
import type { ReviewRecord } from '../../../controller/model/review.ts';
import {
  createMergedFollower,
  type MergedFollower,
} from '../../../controller/reviewer/follow-merged.ts';
import {
  AWAY,
  controllerView,
  createReviewerWorld,
  openPullRequest,
  reviewOf,
  type ReviewerWorld,
} from '../../support/reviewer-parts.ts';

const COMMIT = 'c0ffee'.padEnd(40, '0');
const PLAN: Plan = reviewOf('success').plan;

let world: ReviewerWorld;
let follower: MergedFollower;
beforeEach(() => {
  world = createReviewerWorld();
  follower = createMergedFollower(world.ports);
});

/** Pull request 7 was reviewed, and is now like this. */
function reviewed(more: Parameters<typeof openPullRequest>[1]): void {
  const pullRequest = openPullRequest(7, more);
  world.noting.pullRequests = [pullRequest];
  const review: ReviewRecord = {
    pullRequest: { number: 7, title: pullRequest.title, url: pullRequest.url },
    head: 'head-7',
    base: 'base-1',
    merge: 'm',
    review: reviewOf('success'),
    at: 1,
    outcome: null,
  };
  world.kept.reviews.set(7, review);
}

const MERGED = { state: 'merged', mergeCommit: COMMIT } as const;

function arrive(plan: Plan = PLAN): void {
  world.kept.arrivals.set(COMMIT, { revision: COMMIT, plan, at: 2 });
}

function outcome() {
  return world.kept.reviews.get(7)?.outcome;
}

/** What the forge is asked, then everybody else. */
async function ask(open: readonly number[] = []): Promise<readonly string[]> {
  expect(await follower.ask(new Set(open), 'main')).toEqual({ ok: true, value: undefined });
  return [...world.noting.takeCalls(), ...world.takeCalls()];
}

async function look(): Promise<readonly string[]> {
  expect(await follower.look('main')).toEqual({ ok: true, value: undefined });
  return [...world.noting.takeCalls(), ...world.takeCalls()];
}

describe('a merge', () => {
  it('that has arrived is compared and told, once', async () => {
    reviewed(MERGED);
    arrive();
    expect(await ask()).toEqual(['pullRequest 7', 'putComment 7']);
    expect(outcome()).toEqual({ kind: 'merged', commit: COMMIT, moved: [] });
    expect(world.kept.events).toMatchObject([
      {
        type: 'PullRequestMerged',
        revision: COMMIT,
        message: expect.stringContaining('reviewed one'),
      },
    ]);
    expect(await ask()).toEqual([]);
    expect(world.kept.events).toHaveLength(1);
  });

  it('says what moved', async () => {
    reviewed(MERGED);
    const { ports } = world;
    const error = {
      severity: 'error',
      reason: 'InvalidManifest',
      message: 'Unknown field.',
      remedy: 'Remove it.',
      place: null,
      excerpt: null,
      product: null,
    } as const;
    arrive({ ...PLAN, errors: [error] });
    await follower.ask(new Set(), 'main');
    expect(outcome()).toMatchObject({ moved: [expect.stringContaining('Unknown field.')] });
    expect(world.kept.events[0]?.message).toContain('Otherwise than reviewed: ');
    expect(ports.clock.now()).toBe(world.kept.events[0]?.at);
  });

  it('that is news to the controller, too, is waited for without asking anybody again', async () => {
    reviewed(MERGED);
    expect(await ask()).toEqual(['pullRequest 7', `descends ${COMMIT} r1`, 'hint']);
    expect(await look()).toEqual([]);
    world.view = controllerView([], { revisionSeen: COMMIT });
    expect(await look()).toEqual([]);
    arrive();
    expect(await look()).toEqual(['putComment 7']);
    expect(outcome()).toMatchObject({ moved: [] });
    expect(await look()).toEqual([]);
  });

  it('hints again whenever the forge is asked, unless the controller has seen it and waits for a person', async () => {
    reviewed(MERGED);
    await ask();
    expect(await ask()).toEqual(['hint']);
    world.view = controllerView([], { revisionSeen: COMMIT });
    expect(await ask()).toEqual([]);
    expect(outcome()).toBeNull();
  });

  it('that came together with later commits is told, and not compared', async () => {
    reviewed(MERGED);
    await ask();
    world.view = controllerView([], { revisionSeen: 'r2' });
    world.descents.add(`${COMMIT} r2`);
    expect(await look()).toEqual(['putComment 7', `descends ${COMMIT} r2`]);
    expect(outcome()).toEqual({ kind: 'merged', commit: COMMIT, moved: null });
  });

  it('asks git once for each revision', async () => {
    reviewed(MERGED);
    await ask();
    world.view = controllerView([], { revisionSeen: 'r2' });
    expect(await look()).toEqual([`descends ${COMMIT} r2`]);
    expect(await look()).toEqual([]);
  });

  it('that cannot be told now is told later, and only then counts', async () => {
    reviewed(MERGED);
    arrive();
    world.noting.failures.set('putComment', AWAY);
    expect(await follower.ask(new Set(), 'main')).toEqual({ ok: false, error: AWAY });
    expect([outcome(), world.kept.events]).toEqual([null, []]);
    world.noting.failures.clear();
    world.noting.takeCalls();
    expect(await look()).toEqual(['putComment 7']);
    expect(outcome()).not.toBeNull();
  });

  it('into another branch is none here', async () => {
    reviewed({ ...MERGED, base: 'develop' });
    expect(await ask()).toEqual(['pullRequest 7']);
    expect(outcome()).toEqual({ kind: 'closed' });
    expect(await ask()).toEqual([]);
  });

  it('is not looked for while the forge cannot be asked', async () => {
    reviewed(MERGED);
    world.noting.failures.set('pullRequest', AWAY);
    expect(await follower.ask(new Set(), 'main')).toEqual({ ok: false, error: AWAY });
    expect(outcome()).toBeNull();
  });
});

describe('a pull request', () => {
  it('that is not there any more is over', async () => {
    reviewed({});
    const gone = failure('ForgeNotFound', 'There is no such thing.', 'stall');
    world.noting.failures.set('pullRequest', gone);
    expect(await ask()).toEqual(['pullRequest 7']);
    expect(outcome()).toEqual({ kind: 'closed' });
    expect(await ask()).toEqual([]);
  });

  it('that is open is left alone', async () => {
    reviewed({});
    expect(await ask([7])).toEqual([]);
    // Opened again, or turned to another branch, since the list was read.
    expect(await ask()).toEqual(['pullRequest 7']);
    expect(outcome()).toBeNull();
  });

  it('that was closed is over, without a word', async () => {
    reviewed({ state: 'closed' });
    expect(await ask()).toEqual(['pullRequest 7']);
    expect(outcome()).toEqual({ kind: 'closed' });
    expect(await ask()).toEqual([]);
  });
});
