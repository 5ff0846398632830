// One look at all open pull requests: what is due when, and what it costs.

import { beforeEach, describe, expect, it } from 'vitest';

import { failure } from '../../../controller/base/failure.ts';
import { fail, ok } from '../../../controller/base/result.ts';
import { createReviewRound, type ReviewRound } from '../../../controller/reviewer/review-round.ts';
import {
  AWAY,
  createReviewerWorld,
  openPullRequest,
  PATIENCE,
  REFUSED,
  reviewOf,
  type ReviewerWorld,
} from '../../support/reviewer-parts.ts';

/** Longer than anything is left unjudged. */
const LONG_MS = 31_000;

let world: ReviewerWorld;
let round: ReviewRound;
beforeEach(() => {
  world = createReviewerWorld();
  round = createReviewRound(world.ports);
  world.noting.pullRequests = [openPullRequest(7)];
});

interface Cost {
  readonly forge: readonly string[];
  readonly others: readonly string[];
}

function costs(): Cost {
  const others = [...world.source.takeCalls(), ...world.takeCalls()];
  return { forge: world.noting.takeCalls(), others };
}

/** A round that goes well; what it cost. */
async function make(asks: boolean): Promise<Cost> {
  expect(await round.make('main', asks)).toEqual(ok(undefined));
  return costs();
}

const NOTHING: Cost = { forge: [], others: [] };
const ASKED: Cost = { forge: ['pullRequests main'], others: ['base'] };

/** What writing all of a review asks of the forge. */
function written(number: number, gate: string, plan = 'success', again = ''): readonly string[] {
  return [
    `putCheck lockstep/plan head-${number} ${plan}${again}`,
    `putCheck lockstep/gate head-${number} ${gate}${again}`,
    `putComment ${number}`,
  ];
}

describe('a round that asks', () => {
  it('reviews what is open, keeps it, and writes it', async () => {
    expect(await make(true)).toEqual({
      forge: ['pullRequests main', ...written(7, 'success')],
      others: ['base', 'merge refs/pull/7/head', 'judge 7'],
    });
    expect(round.open()).toBe(1);
    expect([...world.kept.reviews.values()]).toMatchObject([
      {
        pullRequest: { number: 7, title: 'Change 7' },
        head: 'head-7',
        base: 'base-1',
        merge: 'base-1+head-7',
        review: { gate: 'success' },
        outcome: null,
      },
    ]);
  });

  it('has nothing to do where nothing moved', async () => {
    await make(true);
    expect(await make(true)).toEqual(ASKED);
  });

  it('reads and judges again where the head or the base moved, and writes what is new', async () => {
    await make(true);
    world.source.base = { ...world.source.base, revision: 'base-2' };
    const moved = await make(true);
    expect(moved.others).toEqual(['base', 'merge refs/pull/7/head', 'judge 7']);
    // It says the same on another base.
    expect(moved.forge).toEqual(['pullRequests main']);
    expect(await make(true)).toEqual(ASKED);
    const head = { commit: 'head-71', branch: 'change-7', isFork: false };
    world.noting.pullRequests = [openPullRequest(7, { head })];
    const { base } = world.source;
    const merged = { ...base, revision: 'm2' };
    const reading = { kind: 'merged', head: 'head-71', base, merged } as const;
    world.source.readings.set('refs/pull/7/head', ok(reading));
    expect((await make(true)).forge).toEqual(
      ['pullRequests main', ...written(7, 'success')].map((call) =>
        call.replace('head-7 ', 'head-71 '),
      ),
    );
    expect(world.kept.reviews.get(7)).toMatchObject({ head: 'head-71', merge: 'm2' });
  });

  it('follows what was closed, and reviews it anew when it is opened again', async () => {
    await make(true);
    world.noting.pullRequests = [openPullRequest(7, { state: 'closed' })];
    expect(await make(true)).toEqual({ forge: ['pullRequests main', 'pullRequest 7'], others: [] });
    expect(world.kept.reviews.get(7)?.outcome).toEqual({ kind: 'closed' });
    expect(round.open()).toBe(0);
    expect(await make(true)).toEqual({ forge: ['pullRequests main'], others: [] });
    world.noting.pullRequests = [openPullRequest(7)];
    expect((await make(true)).forge).toEqual(['pullRequests main', ...written(7, 'success')]);
    expect(world.kept.reviews.get(7)?.outcome).toBeNull();
  });
});

describe('a round after a pass', () => {
  it('costs nothing for what is settled', async () => {
    await make(true);
    round.lookAgain();
    expect(await make(false)).toEqual(NOTHING);
  });

  it('asks the fleet about it now and then, and the forge only when the answer is another', async () => {
    await make(true);
    world.clock.advance(LONG_MS);
    expect(await make(false)).toEqual({ forge: [], others: ['judge 7'] });
    expect(await make(false)).toEqual(NOTHING);
    world.clock.advance(LONG_MS);
    world.review = reviewOf('failure');
    expect(await make(false)).toEqual({ forge: written(7, 'failure'), others: ['judge 7'] });
  });

  it.each(['pending', 'neutral'] as const)(
    'looks at once whether a gate that is %s has passed',
    async (gate) => {
      world.review = reviewOf(gate);
      await make(true);
      expect(await make(false)).toEqual(NOTHING);
      round.lookAgain();
      expect(await make(false)).toEqual({ forge: [], others: ['judge 7'] });
      expect(await make(false)).toEqual(NOTHING);
      world.review = reviewOf('success');
      round.lookAgain();
      expect(await make(false)).toEqual({ forge: written(7, 'success'), others: ['judge 7'] });
      expect(world.kept.reviews.get(7)).toMatchObject({ review: { gate: 'success' } });
      round.lookAgain();
      expect(await make(false)).toEqual(NOTHING);
    },
  );
});

describe('a check that a person asks for again', () => {
  it('is written though it says the same, once', async () => {
    await make(true);
    round.writeAgain('head-7');
    expect((await make(true)).forge).toEqual([
      'pullRequests main',
      ...written(7, 'success', 'success', ' again'),
    ]);
    expect(await make(true)).toEqual(ASKED);
  });

  it('is asked for until it is written', async () => {
    await make(true);
    round.writeAgain('head-7');
    world.noting.failures.set('putCheck', AWAY);
    expect(await round.make('main', true)).toEqual(fail(AWAY));
    costs();
    world.noting.failures.clear();
    expect((await make(false)).forge).toEqual(written(7, 'success', 'success', ' again'));
  });

  it('of a commit that is none of these leads to nothing, now or later', async () => {
    await make(true);
    round.writeAgain('head-8');
    expect(await make(true)).toEqual(ASKED);
    world.noting.pullRequests = [openPullRequest(7), openPullRequest(8)];
    expect((await make(true)).forge).toEqual(['pullRequests main', ...written(8, 'success')]);
  });
});

describe('trouble', () => {
  beforeEach(() => {
    world.noting.pullRequests = [openPullRequest(7), openPullRequest(8)];
  });

  it('with one pull request keeps no other from its review', async () => {
    world.noting.failures.set('putCheck lockstep/plan head-7', AWAY);
    expect(await round.make('main', true)).toEqual(fail(AWAY));
    expect(costs().forge.slice(-3)).toEqual(written(8, 'success'));
    // It was kept before anything was written, so that a merge is compared with it all the same.
    expect(world.kept.reviews.has(7)).toBe(true);
    world.noting.failures.clear();
    expect((await make(false)).forge).toEqual(written(7, 'success'));
  });

  it('that is a limit ends the round: it is everybody’s', async () => {
    world.noting.failures.set('putCheck lockstep/plan head-7', PATIENCE);
    expect(await round.make('main', true)).toEqual(fail(PATIENCE));
    expect(costs().forge).toEqual(['pullRequests main', 'putCheck lockstep/plan head-7 success']);
  });

  it('with what the forge does not take is no trouble of the others, and is tried again later', async () => {
    world.noting.failures.set('putComment 7', REFUSED);
    expect((await make(true)).forge).toEqual([
      'pullRequests main',
      ...written(7, 'success'),
      ...written(8, 'success'),
    ]);
    expect(world.log).toEqual([`pull request 7: ${REFUSED.message}`]);
    expect(await make(true)).toEqual(ASKED);
    world.clock.advance(LONG_MS);
    expect((await make(false)).forge).toEqual(written(7, 'success'));
    // A new head is another matter, and so is a person's word.
    round.writeAgain('head-7');
    world.noting.failures.clear();
    expect((await make(false)).forge).toEqual(written(7, 'success', 'success', ' again'));
  });

  it('with the forge itself leaves what was open as it was', async () => {
    await make(true);
    world.noting.failures.set('pullRequests', AWAY);
    world.review = reviewOf('failure');
    world.clock.advance(LONG_MS);
    expect(await round.make('main', true)).toEqual(fail(AWAY));
    expect(costs().others).toEqual(['judge 7', 'judge 8']);
    expect(round.open()).toBe(2);
  });

  it('with the fleet passes, or is what the checks say', async () => {
    const away = failure('FleetUnreachable', 'The fleet is away.', 'retry');
    world.judgements.set(7, fail(away));
    world.judgements.set(8, fail({ ...away, disposition: 'stall' }));
    expect(await round.make('main', true)).toEqual(fail(away));
    expect(costs().forge).toEqual(['pullRequests main', ...written(8, 'failure', 'failure')]);
    // Nothing was found out that a merge could be compared with.
    expect(world.kept.reviews.size).toBe(0);
  });
});

it('a bug that one pull request meets is told, and keeps no other from its review', async () => {
  const { judge } = world.ports;
  round = createReviewRound({
    ...world.ports,
    async judge(change, ...more) {
      if (change.pullRequest.number === 7) throw new TypeError('a bug');
      return judge(change, ...more);
    },
  });
  world.noting.pullRequests = [6, 7, 8].map((number) => openPullRequest(number));
  expect(await round.make('main', true)).toEqual(
    fail(failure('ReviewFailed', 'Pull request 7 cannot be reviewed: a bug', 'retry')),
  );
  expect(costs().forge).toEqual([
    'pullRequests main',
    ...written(6, 'success'),
    ...written(8, 'success'),
  ]);
});
