// The notifier against receivers on real sockets and a real state: each notice once, whatever receivers do and whenever
// the process ends.

import { createHmac } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { systemClock } from '../../../controller/base/clock.ts';
import type { EventDraft, EventType } from '../../../controller/model/event.ts';
import type { NoticeTarget } from '../../../controller/notices/notice-settings.ts';
import { createNotifier, type Notifier } from '../../../controller/notices/notifier.ts';
import type { NotifierTimes } from '../../../controller/notices/ports.ts';
import { openSqliteStore } from '../../../controller/stores/sqlite/sqlite-store.ts';
import type { Store } from '../../../controller/stores/store.ts';
import {
  type NoticeReceiver,
  type ReceiverAnswer,
  startNoticeReceiver,
} from '../../fakes/notice-receiver.ts';

const SECRET_PATH = '/services/T0/B0/5ecret';
const AT = Date.UTC(2026, 0, 5, 12);

/** Quick ones; a look is made when the test says so, or soon. */
const TIMES: NotifierTimes = {
  limit: 400,
  pause: 10,
  pauseMax: 40,
  lookGap: 10,
  look: 20,
  idleSave: 0,
  closeGrace: 60_000,
};

let folder: string;
let store: Store;
let receiver: NoticeReceiver;
let notifiers: Notifier[];
let log: string[];
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'lockstep-notices-'));
  store = await openStore();
  receiver = await startNoticeReceiver();
  notifiers = [];
  log = [];
});
afterEach(async () => {
  await Promise.all(notifiers.map((each) => each.close()));
  await receiver.close();
  await store.close();
  rmSync(folder, { recursive: true });
});

async function openStore(): Promise<Store> {
  const opened = await openSqliteStore(join(folder, 'state.db'));
  if (!opened.ok) throw new Error(opened.error.message);
  return opened.value;
}

function targetOf(change: Partial<NoticeTarget> = {}): NoticeTarget {
  return {
    name: 'ops',
    url: `${receiver.url}${SECRET_PATH}`,
    format: 'json',
    products: null,
    on: null,
    secret: null,
    ...change,
  };
}

async function start(
  targets: readonly NoticeTarget[] = [targetOf()],
  times: Partial<NotifierTimes> = {},
  over: Partial<Store> = {},
): Promise<Notifier> {
  const note = (line: string): void => void log.push(line);
  const notifier = createNotifier(
    targets,
    {
      store: { ...store, ...over },
      controller: { nextPass: (ms) => new Promise((resolve) => setTimeout(resolve, ms)) },
      clock: systemClock,
      log: { info: note, warn: note },
    },
    { version: '1.2.3', random: () => 0.5, times: { ...TIMES, ...times } },
  );
  notifiers.push(notifier);
  await notifier.start();
  return notifier;
}

function eventOf(type: EventType, change: Partial<EventDraft> = {}): EventDraft {
  return {
    type,
    at: AT,
    product: 'thermostat',
    revision: 'c0ffee',
    manifest: 'Release/thermostat',
    device: null,
    actionId: null,
    message: `${type}.`,
    ...change,
  };
}

/** Writes this many events that are noticed, with messages from `first` on. */
function happen(count: number, first = 1): Promise<void> {
  return store.addEvents(
    Array.from({ length: count }, (_, index) =>
      eventOf('FirmwareVerified', { message: String(first + index) }),
    ),
  );
}

/** Messages of what was received, in order; `left out N` for those that stand for others. */
function messages(of: NoticeReceiver = receiver): readonly string[] {
  return of.received.map(({ body }) => {
    const { event, leftOut } = JSON.parse(body) as {
      readonly event: { readonly message: string } | null;
      readonly leftOut: { readonly count: number } | null;
    };
    return event?.message ?? `left out ${leftOut?.count}`;
  });
}

function keys(of: NoticeReceiver = receiver): readonly unknown[] {
  return of.received.map(({ headers }) => headers['idempotency-key']);
}

async function until(what: () => unknown): Promise<void> {
  await expect.poll(what, { timeout: 5_000, interval: 5 }).toBeTruthy();
}

/** Answers in turn, and 200 after the last. */
function answerWith(...answers: readonly ReceiverAnswer[]): void {
  const left = [...answers];
  receiver.answer = () => left.shift() ?? { status: 200 };
}

describe('a target', () => {
  it('is told each kind once, in the order of the log, and nothing else', async () => {
    await happen(3);
    await start();
    const told: readonly EventType[] = [
      'ReleaseRefused',
      'FirmwareVerified',
      'ExposureChanged',
      'ReleaseHalted',
      'ReleaseRolledBack',
      'RollbackStarted',
      'ReleaseFinished',
      'EmergencyStopped',
      'EmergencyResumed',
      'SourceWaiting',
      'RevisionRefused',
    ];
    const silent: readonly EventType[] = ['ActionOffered', 'ReleaseEdited', 'DeviceLocked'];
    for (const type of [...silent, ...told, ...silent]) await store.addEvents([eventOf(type)]);
    await until(() => receiver.received.length >= told.length);
    expect(messages()).toEqual(told.map((type) => `${type}.`));
    const kinds = receiver.received.map(({ body }) => (JSON.parse(body) as { kind: string }).kind);
    expect(kinds).toEqual([
      'refused',
      'verified',
      'step',
      'halted',
      'rolled-back',
      'rolled-back',
      'done',
      'stopped',
      'resumed',
      'waiting',
      'refused',
    ]);
    expect(new Set(keys()).size).toBe(told.length);
    expect(receiver.received[0]).toMatchObject({
      path: SECRET_PATH,
      headers: {
        'content-type': 'application/json; charset=utf-8',
        'user-agent': 'lockstep/1.2.3',
        'idempotency-key': `ops/7/${AT}`,
      },
    });
    expect(receiver.received[0]?.headers).not.toHaveProperty('lockstep-signature');
    expect(log).toEqual([]);
  });

  it('is told only of the products and kinds that it wants, and always of the source', async () => {
    const on = new Set(['halted', 'waiting'] as const);
    const notifier = await start([targetOf({ products: new Set(['pump']), on })]);
    await store.addEvents([
      eventOf('ReleaseHalted'),
      eventOf('ReleaseHalted', { product: 'pump', message: 'pump' }),
      eventOf('FirmwareVerified', { product: 'pump' }),
      eventOf('SourceWaiting', { product: null, message: 'source' }),
    ]);
    await until(() => receiver.received.length >= 2);
    await until(async () => (await store.noticeCursors()).get('ops') === 4);
    expect(messages()).toEqual(['pump', 'source']);
    expect(notifier.view()).toEqual([{ name: 'ops', sent: 2, failed: 0, dropped: 0, pending: 0 }]);
  });

  it('gets bodies that it can check by their signature', async () => {
    await start([targetOf({ secret: 's3cret' })]);
    await happen(1);
    await until(() => receiver.received.length > 0);
    const { headers, body = '' } = receiver.received[0] ?? {};
    const expected = createHmac('sha256', 's3cret').update(body, 'utf8').digest('hex');
    expect(headers?.['lockstep-signature']).toBe(`sha256=${expected}`);
  });
});

describe('a receiver that takes nothing', () => {
  it.each<[string, ReceiverAnswer, string]>([
    ['fails', { status: 500 }, 'answered 500'],
    ['is busy', { status: 408 }, 'answered 408'],
    ['cuts the connection', 'cut', 'cannot be reached: '],
    ['never answers', 'hang', 'cannot be reached: no answer in time'],
  ])('is tried again with growing pauses when it %s', async (_, answer, told) => {
    const times = { limit: 60, pause: 20, pauseMax: 80 };
    answerWith(answer, answer, answer, answer);
    const notifier = await start([targetOf()], times);
    await happen(2);
    await until(() => receiver.received.length >= 6);
    expect(messages()).toEqual(['1', '1', '1', '1', '1', '2']);
    expect(new Set(keys()).size).toBe(2);
    const moments = receiver.received.slice(0, 5).map(({ at }) => at);
    const gaps = moments.slice(1).map((at, index) => at - (moments[index] ?? 0));
    for (const [index, least] of [20, 40, 80, 80].entries()) {
      expect(gaps[index]).toBeGreaterThan(least - 2);
    }
    await until(() => notifier.view()[0]?.pending === 0);
    expect(notifier.view()).toMatchObject([{ sent: 2, failed: 4, dropped: 0 }]);
    expect(log).toHaveLength(2);
    expect(log[0]).toContain(`notices to ops (${receiver.host}): ${receiver.host} ${told}`);
    expect(log[1]).toContain('taken again');
    expect(log.join()).not.toContain('5ecret');
  });

  it('is tried again soon when it fails after it had taken something', async () => {
    const failing: ReceiverAnswer = { status: 500 };
    answerWith(failing, failing, failing, { status: 200 }, failing);
    await start([targetOf()], { pause: 30, pauseMax: 60_000 });
    await happen(2);
    await until(() => receiver.received.length >= 6);
    const [fifth = 0, sixth = 0] = receiver.received.slice(4).map(({ at }) => at);
    expect(sixth - fifth).toBeLessThan(230);
  });

  it('says how long it wants to be left alone', async () => {
    answerWith(
      { status: 429, headers: { 'retry-after': '1' } },
      { status: 503, headers: { 'retry-after': 'soon' } },
    );
    await start();
    await happen(1);
    await until(() => receiver.received.length >= 3);
    const [first = 0, second = 0, third = 0] = receiver.received.map(({ at }) => at);
    expect(second - first).toBeGreaterThan(990);
    // What cannot be read asks for nothing.
    expect(third - second).toBeLessThan(900);
  });

  it.each<[string, ReceiverAnswer, string]>([
    ['refuses', { status: 404 }, 'answered 404.'],
    ['leads elsewhere', { status: 302, headers: { location: '/elsewhere' } }, 'a redirect'],
  ])('gets each notice once when it %s, and the log says so once', async (_, answer, told) => {
    answerWith(answer, answer);
    const notifier = await start();
    await happen(3);
    await until(() => receiver.received.length >= 3);
    await until(() => notifier.view()[0]?.sent === 1);
    expect(messages()).toEqual(['1', '2', '3']);
    expect(receiver.received.map(({ path }) => path)).toEqual(Array(3).fill(SECRET_PATH));
    expect(notifier.view()).toMatchObject([{ sent: 1, failed: 2, dropped: 2, pending: 0 }]);
    expect(log).toHaveLength(2);
    expect(log[0]).toContain(told);
    expect(log.join()).not.toContain('5ecret');
  });

  it('took what it answered, also where the answer never ends', async () => {
    answerWith('endless');
    const notifier = await start([targetOf()], { limit: 100 });
    await happen(2);
    await until(() => notifier.view()[0]?.sent === 2);
    expect(messages()).toEqual(['1', '2']);
  });

  it('holds up nobody else', async () => {
    const slow = await startNoticeReceiver();
    slow.answer = () => 'hang';
    try {
      const notifier = await start([targetOf({ name: 'slow', url: slow.url }), targetOf()], {
        limit: 60_000,
        closeGrace: 20,
      });
      await happen(20);
      await until(() => receiver.received.length >= 20);
      expect(slow.received).toHaveLength(1);
      expect(notifier.view()).toMatchObject([
        { name: 'slow', sent: 0, pending: 20 },
        { name: 'ops', sent: 20, pending: 0 },
      ]);
      expect(await store.noticeCursors()).toEqual(
        new Map([
          ['slow', 0],
          ['ops', 20],
        ]),
      );
      // A request under way does not keep the process from ending.
      await notifier.close();
    } finally {
      await slow.close();
    }
  });

  it('is told the newest 200 after a long time, and how many were left out', async () => {
    receiver.answer = () => ({ status: 503 });
    const first = await start();
    await happen(250);
    await until(() => receiver.received.length > 1);
    await first.close();
    await happen(700, 251);
    const second = await start();
    await until(() => second.view()[0]?.pending === 201);
    expect(second.view()).toMatchObject([{ sent: 0, dropped: 750 }]);
    receiver.received.length = 0;
    receiver.answer = () => ({ status: 200 });
    await until(() => second.view()[0]?.pending === 0);
    const told = messages();
    expect(told).toHaveLength(201);
    expect(told.slice(0, 2)).toEqual(['left out 750', '751']);
    expect(told.at(-1)).toBe('950');
    expect(JSON.parse(receiver.received[0]?.body ?? '')).toMatchObject({
      kind: 'left-out',
      key: 'ops/750/left-out-750',
      text: 'Lockstep: notices left out: 750 notices were left out while this address could not be reached; `lockstep events` has them.',
    });
  });
});

describe('the place in the log', () => {
  it('is where the log ends for a new target, and where it was for one that is known', async () => {
    await happen(2);
    const first = await start();
    await happen(1, 3);
    await until(() => receiver.received.length >= 1);
    await first.close();
    await happen(2, 4);
    const other = await startNoticeReceiver();
    try {
      await start([targetOf(), targetOf({ name: 'new', url: other.url })]);
      await happen(1, 6);
      await until(() => receiver.received.length >= 4 && other.received.length >= 1);
      expect([messages(), messages(other)]).toEqual([['3', '4', '5', '6'], ['6']]);
    } finally {
      await other.close();
    }
  });

  it('is behind a request whose answer comes while the process ends', async () => {
    const { promise: answer, resolve: answerNow } = Promise.withResolvers<ReceiverAnswer>();
    receiver.answer = () => answer;
    const first = await start([targetOf()], { limit: 60_000 });
    await happen(2);
    await until(() => receiver.received.length >= 1);
    const closed = first.close();
    answerNow({ status: 200 });
    await closed;
    expect(await store.noticeCursors()).toEqual(new Map([['ops', 1]]));
    await start();
    await until(() => receiver.received.length >= 2);
    expect(messages()).toEqual(['1', '2']);
  });

  it('is forgotten once settings no longer name the target', async () => {
    await (await start([targetOf({ name: 'old' })])).close();
    await happen(3);
    await (await start([targetOf()])).close();
    expect(await store.noticeCursors()).toEqual(new Map([['ops', 3]]));
  });

  it('is written after the delivery: what a kill between the two repeats has the same key', async () => {
    let saves = 0;
    const first = await start(
      [targetOf()],
      {},
      {
        async saveNoticeCursors(changes) {
          saves += 1;
          // The process is gone by the time that the place of the delivery would be written.
          if (saves === 1) return store.saveNoticeCursors(changes);
          expect(receiver.received.length).toBeGreaterThan(0);
          throw new Error('killed');
        },
      },
    );
    await happen(1);
    await until(() => receiver.received.length >= 1 && saves > 1);
    await first.close();
    expect(await store.noticeCursors()).toEqual(new Map([['ops', 0]]));
    await store.close();
    store = await openStore();
    await start();
    await happen(1, 2);
    await until(() => receiver.received.length >= 3);
    expect(messages()).toEqual(['1', '1', '2']);
    expect(keys()[0]).toBe(keys()[1]);
  });

  it('is written with each delivery', async () => {
    await start([targetOf()], { idleSave: 1e9 });
    await happen(2);
    const place = async (): Promise<unknown> => (await store.noticeCursors()).get('ops');
    await expect.poll(place, { timeout: 5_000, interval: 5 }).toBe(2);
  });

  it('leads through a log of many pages, of which each event is read once', async () => {
    await (await start()).close();
    await happen(205);
    await store.addEvents(
      Array.from({ length: 5 }, (_, index) =>
        eventOf('ReleaseHalted', { message: `halted ${index}` }),
      ),
    );
    await happen(205, 206);
    await start();
    await until(() => receiver.received.length >= 201);
    await until(async () => (await store.noticeCursors()).get('ops') === 415);
    const numbers = Array.from({ length: 200 }, (_, index) => String(index + 211));
    expect(messages()).toEqual(['left out 215', ...numbers]);
  });

  it('does not move before the receiver has answered', async () => {
    receiver.answer = () => 'hang';
    const first = await start([targetOf()], { limit: 60_000, closeGrace: 20 });
    await happen(1);
    await until(() => receiver.received.length >= 1);
    await first.close();
    expect(await store.noticeCursors()).toEqual(new Map([['ops', 0]]));
    expect(log).toEqual([]);
    receiver.answer = () => ({ status: 200 });
    await start();
    await until(() => receiver.received.length >= 2);
    expect(keys()[0]).toBe(keys()[1]);
  });

  it('passes over nothing that is written while the log is read', async () => {
    // A rare event comes while the kinds are read one after the other, and a later one of another kind with it.
    let reads = 0;
    await start(
      [targetOf()],
      {},
      {
        async events(query) {
          const found = await store.events(query);
          reads += 1;
          if (query.type === 'ReleaseRefused' && reads < 40) {
            await store.addEvents([
              eventOf('ReleaseRefused', { message: `refused at ${reads}` }),
              eventOf('SourceWaiting', { message: `waiting at ${reads}` }),
            ]);
          }
          return found;
        },
      },
    );
    await happen(1);
    await until(() => reads > 80);
    const written = (await store.events({ limit: 1_000, afterId: 0 })).map(({ id }) => id);
    await until(() => receiver.received.length >= written.length);
    const ids = receiver.received.map(
      ({ body }) => (JSON.parse(body) as { event: { id: number } }).event.id,
    );
    expect(ids).toEqual(written);
  });

  it('goes on after the state could not be used', async () => {
    let isBroken = true;
    await start(
      [targetOf()],
      {},
      {
        events: (query) =>
          isBroken ? Promise.reject(new Error('disk full')) : store.events(query),
      },
    );
    await happen(1);
    await until(() => log.length > 0);
    isBroken = false;
    await until(async () => (await store.noticeCursors()).size > 0);
    await happen(1, 2);
    await until(() => receiver.received.length >= 1);
    expect(messages()).toEqual(['2']);
    expect(log[0]).toContain('disk full');
  });
});
