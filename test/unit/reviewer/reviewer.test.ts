// When the reviewer looks: at once, after a pause, or not at all. Time is the test's.

import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';

import { failure } from '../../../controller/base/failure.ts';
import { createReviewer, type Reviewer } from '../../../controller/reviewer/reviewer.ts';
import { buildDesired } from '../../support/desired.ts';
import {
  AWAY,
  controllerView,
  createReviewerWorld,
  openPullRequest,
  PATIENCE,
  productView,
  reviewOf,
  type ReviewerWorld,
} from '../../support/reviewer-parts.ts';

const INTERVAL_MS = 60_000;
/** Of what is asked for at once. */
const SOON_MS = 1;

let world: ReviewerWorld;
let reviewer: Reviewer;
let asked: number[];
beforeEach(() => {
  vi.useFakeTimers();
  world = createReviewerWorld();
  create();
});
afterEach(async () => {
  const closing = reviewer.close();
  await pass(2_000);
  await closing;
  vi.useRealTimers();
});

function create(branch: string | null = 'main', intervalMs = INTERVAL_MS): void {
  // In the middle of the jitter.
  reviewer = createReviewer(world.ports, { branch, intervalMs, random: () => 0.5 });
}

async function pass(ms: number): Promise<void> {
  world.clock.advance(ms);
  await vi.advanceTimersByTimeAsync(ms);
}

async function start(): Promise<void> {
  reviewer.start();
  await pass(SOON_MS);
}

/** Seconds after now at which the forge was asked this, until then. */
async function secondsOf(call: string, untilMs: number): Promise<readonly number[]> {
  asked = [];
  for (let ms = 0; ms <= untilMs; ms += 500) {
    if (world.noting.takeCalls().includes(call)) asked.push(ms / 1_000);
    await pass(500);
  }
  return asked;
}

const ALL = ['ownPullRequests lockstep/halted/', 'ownPullRequests lockstep/approve/'];

describe('the reviewer', () => {
  it('does nothing before it is started, and then looks at all there is', async () => {
    await pass(INTERVAL_MS);
    expect(world.noting.takeCalls()).toEqual([]);
    expect(reviewer.view()).toEqual({ failure: null, lookedAt: null, openPullRequests: 0 });
    world.noting.pullRequests = [openPullRequest(7)];
    await start();
    expect(world.noting.takeCalls()).toEqual([
      'probe',
      'pullRequests main',
      'putCheck lockstep/plan head-7 success',
      'putCheck lockstep/gate head-7 success',
      'putComment 7',
      ...ALL,
    ]);
    const lookedAt = world.clock.now();
    expect(reviewer.view()).toEqual({ failure: null, lookedAt, openPullRequests: 1 });
  });

  it('asks for the branch where none is named, once', async () => {
    create(null);
    await start();
    expect(world.noting.takeCalls().slice(0, 3)).toEqual([
      'probe',
      'defaultBranch',
      'pullRequests main',
    ]);
    reviewer.hint({ kind: 'pullRequest', number: 7 });
    await pass(SOON_MS);
    expect(world.noting.takeCalls()).toEqual(['pullRequests main']);
  });

  it('asks the forge at its interval, whatever is made of passes meanwhile', async () => {
    await start();
    world.noting.takeCalls();
    const seconds = await secondsOf('pullRequests main', 2 * INTERVAL_MS + 30_000);
    expect(seconds).toHaveLength(2);
    expect(Math.abs((seconds[1] ?? 0) - 2 * (seconds[0] ?? 0))).toBeLessThan(2);
  });

  it('waits for the controller before it speaks of releases', async () => {
    const product = productView(buildDesired({ product: 'lamp' }), []);
    world.view = controllerView([product], { ready: false });
    await start();
    expect(world.noting.takeCalls()).toEqual(['probe', 'pullRequests main']);
    world.view = controllerView([product]);
    world.makePass();
    await pass(2_000);
    expect(world.noting.takeCalls()).toEqual(['putStatus lockstep/lamp r1 success', ...ALL]);
  });
});

describe('a hint', () => {
  it.each([
    [{ kind: 'pullRequest', number: 7 }, []],
    [{ kind: 'recheck', commit: 'c' }, []],
    [{ kind: 'push', branch: 'main' }, ['hint']],
  ] as const)('%o makes a round at once', async (hint, controller) => {
    await start();
    world.noting.takeCalls();
    reviewer.hint(hint);
    await pass(SOON_MS);
    expect(world.noting.takeCalls()).toEqual(['pullRequests main']);
    expect(world.takeCalls()).toEqual(controller);
  });

  it('that tells nothing leads to nothing', async () => {
    await start();
    world.noting.takeCalls();
    reviewer.hint({ kind: 'ping' });
    reviewer.hint({ kind: 'other', event: 'star' });
    await pass(1_000);
    expect([world.noting.takeCalls(), world.takeCalls()]).toEqual([[], []]);
  });

  it('during a round leads to another, and many to one', async () => {
    await start();
    world.noting.takeCalls();
    const held = Promise.withResolvers<void>();
    const { forge } = world.noting;
    const list = forge.pullRequests.bind(forge);
    forge.pullRequests = async (base) => {
      await held.promise;
      return list(base);
    };
    for (let hints = 0; hints < 5; hints += 1) {
      reviewer.hint({ kind: 'pullRequest', number: hints });
      await pass(SOON_MS);
    }
    expect(world.noting.takeCalls()).toEqual([]);
    held.resolve();
    await pass(SOON_MS);
    expect(world.noting.takeCalls()).toEqual(['pullRequests main', 'pullRequests main']);
  });

  it('of a check writes it again', async () => {
    world.noting.pullRequests = [openPullRequest(7)];
    await start();
    world.noting.takeCalls();
    reviewer.hint({ kind: 'recheck', commit: 'head-7' });
    await pass(SOON_MS);
    expect(world.noting.takeCalls()).toContain('putCheck lockstep/gate head-7 success again');
  });
});

describe('a pass', () => {
  it('asks the forge nothing', async () => {
    world.noting.pullRequests = [openPullRequest(7)];
    await start();
    world.noting.takeCalls();
    for (let seconds = 0; seconds < 25; seconds += 1) {
      world.makePass();
      await pass(1_000);
    }
    expect(world.noting.takeCalls()).toEqual([]);
    expect(world.source.takeCalls()).toEqual(['base', 'merge refs/pull/7/head']);
  });

  it('turns a check green by itself', async () => {
    world.noting.pullRequests = [openPullRequest(7)];
    world.review = reviewOf('pending');
    await start();
    world.noting.takeCalls();
    world.review = reviewOf('success');
    world.makePass();
    await pass(2_500);
    expect(world.noting.takeCalls()).toEqual([
      'putCheck lockstep/plan head-7 success',
      'putCheck lockstep/gate head-7 success',
      'putComment 7',
    ]);
  });

  it('many of them lead to a round a second', async () => {
    world.noting.pullRequests = [openPullRequest(7)];
    world.review = reviewOf('pending');
    await start();
    world.takeCalls();
    for (let passes = 0; passes < 100; passes += 1) {
      world.makePass();
      await pass(100);
    }
    const judged = world.takeCalls().length;
    expect(judged).toBeGreaterThan(3);
    expect(judged).toBeLessThanOrEqual(10);
  });
});

describe('after a failure', () => {
  it('pauses double up to the interval, whatever passes and hints come', async () => {
    create('main', 10_000);
    world.noting.failures.set('probe', AWAY);
    reviewer.start();
    await pass(SOON_MS);
    const seconds = secondsOf('probe', 40_000);
    const hints = setInterval(() => {
      world.makePass();
      reviewer.hint({ kind: 'pullRequest', number: 1 });
    }, 700);
    expect(await seconds).toEqual([0, 1, 3, 7, 15, 25, 35]);
    clearInterval(hints);
    expect(reviewer.view()).toMatchObject({ failure: AWAY, lookedAt: null });
    expect(world.log).toEqual([`forge: ${AWAY.message}`]);
  });

  it('everything goes on as before, and begins with short pauses at the next one', async () => {
    world.noting.failures.set('pullRequests', AWAY);
    await start();
    await pass(3_500);
    world.noting.failures.clear();
    await pass(4_000);
    expect(reviewer.view()).toMatchObject({ failure: null });
    expect(world.log).toEqual([`forge: ${AWAY.message}`, 'forge: it can be used again']);
    world.noting.failures.set('pullRequests', AWAY);
    reviewer.hint({ kind: 'pullRequest', number: 7 });
    await pass(SOON_MS);
    world.noting.takeCalls();
    expect(await secondsOf('pullRequests main', 4_000)).toEqual([1, 3]);
  });

  it('that asks for patience it waits as long as it is told, whatever hints come, also its own', async () => {
    await start();
    await pass(INTERVAL_MS - 10_000);
    world.noting.failures.set('pullRequests', PATIENCE);
    reviewer.hint({ kind: 'pullRequest', number: 7 });
    await pass(SOON_MS);
    world.noting.takeCalls();
    // Its interval ends meanwhile.
    for (let seconds = 0; seconds < 89; seconds += 1) {
      world.makePass();
      reviewer.hint({ kind: 'push', branch: 'main' });
      await pass(1_000);
    }
    expect(world.noting.takeCalls()).toEqual([]);
    world.noting.failures.clear();
    await pass(1_500);
    expect(world.noting.takeCalls()).toEqual(['pullRequests main']);
    expect(reviewer.view().failure).toBeNull();
  });

  it('of the forge, what the controller knows is said all the same', async () => {
    world.noting.failures.set('pullRequests', AWAY);
    await start();
    expect(world.noting.takeCalls()).toEqual(['probe', 'pullRequests main', ...ALL]);
  });

  it('that is a bug or the state’s, what was to be asked is asked again', async () => {
    const { store } = world.kept;
    const reviews = store.reviews.bind(store);
    store.reviews = () => Promise.reject(new Error('the disk is full'));
    await start();
    expect(reviewer.view().failure).toEqual(
      failure('ReviewFailed', 'A round failed: the disk is full', 'retry'),
    );
    world.noting.takeCalls();
    store.reviews = reviews;
    expect(await secondsOf('pullRequests main', INTERVAL_MS + 20_000)).toHaveLength(2);
    expect(reviewer.view().failure).toBeNull();
  });
});

describe('closing', () => {
  it('ends everything, after the round under way', async () => {
    await start();
    const held = Promise.withResolvers<void>();
    const { forge } = world.noting;
    const list = forge.pullRequests.bind(forge);
    forge.pullRequests = async (base) => {
      await held.promise;
      return list(base);
    };
    reviewer.hint({ kind: 'pullRequest', number: 7 });
    await pass(SOON_MS);
    let isClosed = false;
    const closing = reviewer.close().then(() => (isClosed = true));
    await pass(5_000);
    expect(isClosed).toBe(false);
    held.resolve();
    await closing;
    // No longer than it waits for a pass at a time.
    await pass(1_000);
    expect(vi.getTimerCount()).toBe(0);
    world.noting.takeCalls();
    world.makePass();
    reviewer.hint({ kind: 'push', branch: 'main' });
    await pass(10 * INTERVAL_MS);
    expect(world.noting.takeCalls()).toEqual([]);
  });

  it('leaves no timer behind where nothing is under way', async () => {
    await start();
    await reviewer.close();
    await pass(1_000);
    expect(vi.getTimerCount()).toBe(0);
  });

  it('ends a pause as well, and says nothing of what fails by it', async () => {
    world.noting.failures.set('probe', AWAY);
    await start();
    await reviewer.close();
    world.noting.takeCalls();
    await pass(10 * INTERVAL_MS);
    expect(world.noting.takeCalls()).toEqual([]);
    expect(world.log).toHaveLength(1);
  });
});
