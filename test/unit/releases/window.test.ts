// Windows of releases: open and closed by the wall clock of their zone, also on the days on which the clocks change.

import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import type { Weekday, WindowSpec } from '../../../controller/model/desired.ts';
import {
  addOpenTime,
  findClosing,
  findOpening,
  isOpen,
} from '../../../controller/releases/window.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const WEEK: readonly Weekday[] = ['Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat', 'Sun'];

/** A window as a manifest writes it: `Tue,Wed 08:00-15:00`, or `* …` for every day. */
function opens(text: string, timezone = 'UTC'): WindowSpec {
  const [days = '', times = ''] = text.split(' ');
  const [from = '', to = ''] = times.split('-');
  return {
    days: days === '*' ? WEEK : WEEK.filter((day) => days.split(',').includes(day)),
    fromMinute: minuteOf(from),
    toMinute: minuteOf(to),
    timezone,
  };
}

function minuteOf(text: string): number {
  const [hours, minutes] = text.split(':');
  return Number(hours) * 60 + Number(minutes);
}

function at(text: string): number {
  return Date.parse(text);
}

function readable(instant: number | null): string | null {
  return instant === null ? null : new Date(instant).toISOString().replace(/:00\.000Z$/, 'Z');
}

/** The stretches in which the windows are open between two instants, in UTC. */
function stretches(windows: readonly WindowSpec[], from: string, until: string): readonly string[] {
  const found: string[] = [];
  let opening = findOpening(windows, at(from));
  while (opening !== null && opening < at(until)) {
    const closing = findClosing(windows, opening);
    found.push(`${readable(opening)} ${readable(closing)}`);
    if (closing === null) break;
    opening = findOpening(windows, closing);
  }
  return found;
}

describe('no window at all', () => {
  it('is open at any time, and never closes', () => {
    const now = at('2025-06-17T10:00Z');
    expect(isOpen([], now)).toBe(true);
    expect(findOpening([], now)).toBe(now);
    expect(findClosing([], now)).toBeNull();
    expect(addOpenTime([], now, 3 * DAY)).toBe(now + 3 * DAY);
    expect(addOpenTime([], now, 400 * DAY)).toBe(now + 400 * DAY);
    expect(addOpenTime([], now, 401 * DAY)).toBeNull();
  });
});

describe('a window on some days', () => {
  const office = [opens('Tue,Wed,Thu 08:00-15:00', 'Europe/Berlin')];

  it('is open from its first minute to before its last, by the clock of its zone', () => {
    expect(isOpen(office, at('2025-06-17T05:59:59.999Z'))).toBe(false);
    expect(isOpen(office, at('2025-06-17T06:00Z'))).toBe(true);
    expect(isOpen(office, at('2025-06-17T12:59:59.999Z'))).toBe(true);
    expect(isOpen(office, at('2025-06-17T13:00Z'))).toBe(false);
    expect(isOpen(office, at('2025-01-14T06:30Z'))).toBe(false);
    expect(isOpen(office, at('2025-01-14T07:00Z'))).toBe(true);
  });

  it('is closed on all other days', () => {
    const open = WEEK.filter((_, day) => isOpen(office, at('2025-06-16T10:00Z') + day * DAY));
    expect(open).toEqual(['Tue', 'Wed', 'Thu']);
  });

  it('says when it opens and closes', () => {
    const now = at('2025-06-17T10:11:12.345Z');
    expect(findOpening(office, now)).toBe(now);
    expect(readable(findClosing(office, now))).toBe('2025-06-17T13:00Z');
    expect(readable(findOpening(office, at('2025-06-19T13:00Z')))).toBe('2025-06-24T06:00Z');
    expect(readable(findOpening(office, at('2025-06-17T05:59:59.999Z')))).toBe('2025-06-17T06:00Z');
  });

  it('closes at once where it is not open', () => {
    const now = at('2025-06-17T20:00Z');
    expect(findClosing(office, now)).toBe(now);
  });

  it('adds up the time in which it is open', () => {
    const from = at('2025-06-17T12:00Z');
    expect(readable(addOpenTime(office, from, 0))).toBe('2025-06-17T12:00Z');
    expect(readable(addOpenTime(office, from, HOUR))).toBe('2025-06-17T13:00Z');
    expect(readable(addOpenTime(office, from, HOUR + 1))).toBe('2025-06-18T06:00:00.001Z');
    expect(readable(addOpenTime(office, from, 24 * HOUR))).toBe('2025-06-25T08:00Z');
    const closed = at('2025-06-19T20:00Z');
    expect(readable(addOpenTime(office, closed, 0))).toBe('2025-06-24T06:00Z');
    expect(readable(addOpenTime(office, closed, HOUR))).toBe('2025-06-24T07:00Z');
  });

  it('adds up no further than 400 days', () => {
    // From a Tuesday's opening: 57 weeks with 21 hours each, then one more day is within 400 days.
    const utc = [opens('Tue,Wed,Thu 08:00-15:00')];
    const from = at('2025-06-17T08:00Z');
    expect(readable(addOpenTime(utc, from, 57 * 21 * HOUR))).toBe('2026-07-16T15:00Z');
    expect(readable(addOpenTime(utc, from, 57 * 21 * HOUR + 7 * HOUR))).toBe('2026-07-21T15:00Z');
    expect(addOpenTime(utc, from, 57 * 21 * HOUR + 15 * HOUR)).toBeNull();
    expect(addOpenTime(utc, from, Infinity)).toBeNull();
  });
});

describe('a window over midnight', () => {
  const night = [opens('Fri 22:00-06:00', 'America/New_York')];

  it('belongs to the day on which it opens', () => {
    expect(stretches(night, '2025-06-16T00:00Z', '2025-06-30T00:00Z')).toEqual([
      '2025-06-21T02:00Z 2025-06-21T10:00Z',
      '2025-06-28T02:00Z 2025-06-28T10:00Z',
    ]);
  });

  it('goes over from Sunday to Monday', () => {
    expect(stretches([opens('Sun 23:30-00:30')], '2025-06-17T00:00Z', '2025-06-24T00:00Z')).toEqual(
      ['2025-06-22T23:30Z 2025-06-23T00:30Z'],
    );
  });
});

describe('a window up to 24:00', () => {
  it('goes over without a break into one that begins at 00:00', () => {
    const windows = [opens('Mon 20:00-24:00'), opens('Tue 00:00-02:00')];
    expect(stretches(windows, '2025-06-16T00:00Z', '2025-06-20T00:00Z')).toEqual([
      '2025-06-16T20:00Z 2025-06-17T02:00Z',
    ]);
  });

  it('never closes where it is every day of the week', () => {
    const always = [opens('* 00:00-24:00', 'Australia/Lord_Howe')];
    const now = at('2025-03-30T00:00Z');
    expect(isOpen(always, now)).toBe(true);
    expect(findClosing(always, now)).toBeNull();
    expect(addOpenTime(always, now, 300 * DAY)).toBe(now + 300 * DAY);
  });

  it('closes in the end where one day of the week is missing', () => {
    const windows = [opens('Mon,Tue,Wed,Thu,Fri,Sat 00:00-24:00')];
    expect(readable(findClosing(windows, at('2025-06-16T00:00Z')))).toBe('2025-06-22T00:00Z');
  });
});

describe('several windows', () => {
  it('that overlap are one', () => {
    const windows = [
      opens('Mon 10:00-12:00'),
      opens('Mon 08:00-11:00'),
      opens('Mon 12:00-12:30'),
      opens('Mon 09:00-09:30'),
    ];
    expect(stretches(windows, '2025-06-16T00:00Z', '2025-06-20T00:00Z')).toEqual([
      '2025-06-16T08:00Z 2025-06-16T12:30Z',
    ]);
    expect(readable(addOpenTime(windows, at('2025-06-16T00:00Z'), 5 * HOUR))).toBe(
      '2025-06-23T08:30Z',
    );
  });

  it('each go by their own zone', () => {
    const windows = [opens('Mon 09:00-10:00', 'Asia/Kolkata'), opens('Mon 09:00-10:00')];
    expect(stretches(windows, '2025-06-16T00:00Z', '2025-06-20T00:00Z')).toEqual([
      '2025-06-16T03:30Z 2025-06-16T04:30Z',
      '2025-06-16T09:00Z 2025-06-16T10:00Z',
    ]);
  });

  it('that name no day never open', () => {
    const never: readonly WindowSpec[] = [{ ...opens('Mon 08:00-09:00'), days: [] }];
    const now = at('2025-06-16T08:30Z');
    expect(isOpen(never, now)).toBe(false);
    expect(findOpening(never, now)).toBeNull();
    expect(addOpenTime(never, now, 0)).toBeNull();
    expect(addOpenTime(never, now, 1)).toBeNull();
  });
});

describe('where the clocks go forward', () => {
  const onTheDay = (text: string, timezone = 'Europe/Berlin'): readonly string[] =>
    stretches([opens(text, timezone)], '2025-03-29T12:00Z', '2025-03-30T12:00Z');

  it('a window that begins in the gap opens at its end', () => {
    expect(onTheDay('Sun 02:30-05:00')).toEqual(['2025-03-30T01:00Z 2025-03-30T03:00Z']);
    expect(onTheDay('Sun 02:59-03:01')).toEqual(['2025-03-30T01:00Z 2025-03-30T01:01Z']);
  });

  it('a window that ends in the gap closes at its beginning', () => {
    expect(onTheDay('Sun 01:30-02:30')).toEqual(['2025-03-30T00:30Z 2025-03-30T01:00Z']);
  });

  it('a window that lies in the gap does not open that day', () => {
    expect(onTheDay('* 02:15-02:45')).toEqual([]);
    const gap = [opens('Sun 02:00-03:00', 'Europe/Berlin')];
    expect(readable(findOpening(gap, at('2025-03-23T02:00Z')))).toBe('2025-04-06T00:00Z');
  });

  it('a window over midnight is an hour shorter', () => {
    expect(onTheDay('Sat 22:00-06:00')).toEqual(['2025-03-29T21:00Z 2025-03-30T04:00Z']);
  });

  it('by half an hour, half an hour is missing', () => {
    // Lord Howe Island: 02:00 became 02:30.
    const on = (text: string): readonly string[] =>
      stretches([opens(text, 'Australia/Lord_Howe')], '2025-10-04T12:00Z', '2025-10-05T06:00Z');
    expect(on('Sun 02:00-02:30')).toEqual([]);
    expect(on('Sun 02:15-03:00')).toEqual(['2025-10-04T15:30Z 2025-10-04T16:00Z']);
    expect(on('Sun 01:00-04:00')).toEqual(['2025-10-04T14:30Z 2025-10-04T17:00Z']);
  });

  it('at midnight, a window from 00:00 opens at 01:00', () => {
    // Havana: midnight became 01:00.
    const window = [opens('Sun 00:00-02:00', 'America/Havana')];
    expect(stretches(window, '2025-03-08T12:00Z', '2025-03-09T12:00Z')).toEqual([
      '2025-03-09T05:00Z 2025-03-09T06:00Z',
    ]);
  });

  it('by a whole day, the windows of that day do not open', () => {
    // Apia: Thursday was followed by Saturday, at 2011-12-30T10:00Z.
    const on = (text: string): readonly string[] =>
      stretches([opens(text, 'Pacific/Apia')], '2011-12-29T12:00Z', '2012-01-01T00:00Z');
    expect(on('Fri 08:00-12:00')).toEqual([]);
    expect(on('Thu,Fri,Sat 08:00-12:00')).toEqual([
      '2011-12-29T18:00Z 2011-12-29T22:00Z',
      '2011-12-30T18:00Z 2011-12-30T22:00Z',
    ]);
    expect(on('Thu 22:00-06:00')).toEqual(['2011-12-30T08:00Z 2011-12-30T10:00Z']);
    expect(on('Fri 22:00-06:00')).toEqual(['2011-12-30T10:00Z 2011-12-30T16:00Z']);
  });
});

describe('where the clocks go back', () => {
  const onTheDay = (text: string, timezone = 'Europe/Berlin'): readonly string[] =>
    stretches([opens(text, timezone)], '2025-10-25T12:00Z', '2025-10-26T12:00Z');

  it('a window in the hour that comes twice is open both times', () => {
    expect(onTheDay('Sun 02:15-02:45')).toEqual([
      '2025-10-26T00:15Z 2025-10-26T00:45Z',
      '2025-10-26T01:15Z 2025-10-26T01:45Z',
    ]);
    expect(onTheDay('Sun 02:00-03:00')).toEqual(['2025-10-26T00:00Z 2025-10-26T02:00Z']);
  });

  it('a window that ends in that hour opens again for the rest of it', () => {
    expect(onTheDay('Sun 01:30-02:30')).toEqual([
      '2025-10-25T23:30Z 2025-10-26T00:30Z',
      '2025-10-26T01:00Z 2025-10-26T01:30Z',
    ]);
  });

  it('a window that begins in that hour closes for a while', () => {
    expect(onTheDay('Sun 02:30-04:00')).toEqual([
      '2025-10-26T00:30Z 2025-10-26T01:00Z',
      '2025-10-26T01:30Z 2025-10-26T03:00Z',
    ]);
  });

  it('a window over midnight is an hour longer', () => {
    expect(onTheDay('Sat 22:00-06:00')).toEqual(['2025-10-25T20:00Z 2025-10-26T05:00Z']);
    const window = [opens('Sat 22:00-06:00', 'America/New_York')];
    expect(stretches(window, '2025-11-01T12:00Z', '2025-11-02T18:00Z')).toEqual([
      '2025-11-02T02:00Z 2025-11-02T11:00Z',
    ]);
  });

  it('by half an hour, half an hour comes twice', () => {
    // Lord Howe Island: 02:00 became 01:30.
    const window = [opens('Sun 01:30-02:00', 'Australia/Lord_Howe')];
    expect(stretches(window, '2025-04-05T06:00Z', '2025-04-06T06:00Z')).toEqual([
      '2025-04-05T14:30Z 2025-04-05T15:30Z',
    ]);
  });

  it('over midnight, the evening before comes twice', () => {
    // São Paulo: midnight before Sunday 18 February became 23:00 of Saturday.
    const window = [opens('Sat 23:15-23:45', 'America/Sao_Paulo')];
    expect(stretches(window, '2018-02-17T12:00Z', '2018-02-18T12:00Z')).toEqual([
      '2018-02-18T01:15Z 2018-02-18T01:45Z',
      '2018-02-18T02:15Z 2018-02-18T02:45Z',
    ]);
  });
});

describe('before 1970 and with odd offsets', () => {
  it('goes by the wall clock all the same', () => {
    // Monrovia was 44 minutes and 30 seconds behind until 1972.
    const window = [opens('* 08:00-09:00', 'Africa/Monrovia')];
    expect(stretches(window, '1969-06-16T00:00Z', '1969-06-17T00:00Z')).toEqual([
      '1969-06-16T08:44:30.000Z 1969-06-16T09:44:30.000Z',
    ]);
  });
});

/** Instants at which clocks change, each in its zone, and another zone to mix in. */
const CHANGES: readonly (readonly [instant: string, timezone: string, other: string])[] = [
  ['2025-03-30T01:00Z', 'Europe/Berlin', 'UTC'],
  ['2025-10-26T01:00Z', 'Europe/Berlin', 'America/New_York'],
  ['2025-03-09T07:00Z', 'America/New_York', 'America/Havana'],
  ['2025-11-02T06:00Z', 'America/New_York', 'Asia/Kolkata'],
  ['2025-04-05T15:00Z', 'Australia/Lord_Howe', 'Europe/Berlin'],
  ['2025-10-04T15:30Z', 'Australia/Lord_Howe', 'UTC'],
  ['2011-12-30T10:00Z', 'Pacific/Apia', 'Asia/Kathmandu'],
  ['2018-02-18T02:00Z', 'America/Sao_Paulo', 'Australia/Lord_Howe'],
  ['2018-11-04T03:00Z', 'America/Sao_Paulo', 'America/New_York'],
];

/** How far around a change the oracle reads the clocks. */
const BEFORE = 5 * DAY;
const AFTER = 19 * DAY;

/** What the clock of a zone shows, minute by minute around a change, as minutes since Monday 00:00. */
const clocks = new Map<string, Int16Array>();

function readClock(timezone: string, from: number): Int16Array {
  const key = `${timezone} ${from}`;
  let shown = clocks.get(key);
  if (shown === undefined) {
    const format = new Intl.DateTimeFormat('en-US', {
      timeZone: timezone,
      weekday: 'short',
      hour: '2-digit',
      minute: '2-digit',
      hourCycle: 'h23',
    });
    shown = Int16Array.from({ length: (BEFORE + AFTER) / MINUTE }, (_, minute) => {
      const text = format.format(from + minute * MINUTE);
      const [, day, hours, minutes] = /^(\w+)\W+(\d+):(\d+)$/.exec(text) ?? [];
      const weekday = WEEK.findIndex((name) => name === day);
      return weekday * 1440 + Number(hours) * 60 + Number(minutes);
    });
    clocks.set(key, shown);
  }
  return shown;
}

/** For each minute around a change, whether a window is open: by what the clocks show, and nothing else. */
function readOpen(windows: readonly WindowSpec[], from: number): Uint8Array {
  const open = new Uint8Array((BEFORE + AFTER) / MINUTE);
  for (const { days, fromMinute, toMinute, timezone } of windows) {
    const shown = readClock(timezone, from);
    open.forEach((_, index) => {
      const minute = (shown[index] ?? 0) % 1440;
      const weekday = Math.floor((shown[index] ?? 0) / 1440);
      const today = days.includes(WEEK[weekday] ?? 'Mon');
      const yesterday = days.includes(WEEK[(weekday + 6) % 7] ?? 'Mon');
      const inside =
        toMinute > fromMinute
          ? today && minute >= fromMinute && minute < toMinute
          : (today && minute >= fromMinute) || (yesterday && minute < toMinute);
      if (inside) open[index] = 1;
    });
  }
  return open;
}

const aCase = fc
  .record({
    change: fc.constantFrom(...CHANGES),
    windows: fc.array(
      fc.record({
        days: fc.subarray([...WEEK], { minLength: 1 }),
        fromMinute: fc.oneof(
          fc.integer({ min: 0, max: 1439 }),
          fc.integer({ min: 0, max: 180 }),
          fc.constantFrom(0, 60, 120, 150, 1380),
        ),
        length: fc.oneof(
          fc.integer({ min: 1, max: 1439 }),
          fc.integer({ min: 1, max: 90 }),
          fc.constant(1440),
        ),
        isOther: fc.boolean(),
      }),
      { minLength: 1, maxLength: 4 },
    ),
    sinceChange: fc.oneof(
      fc.integer({ min: -4 * DAY, max: 4 * DAY }),
      fc.integer({ min: -5 * HOUR, max: 5 * HOUR }),
      fc.constantFrom(-MINUTE, -1, 0, MINUTE),
    ),
    ms: fc.oneof(
      fc.integer({ min: 0, max: 14 * DAY }),
      fc.integer({ min: 0, max: 2 * DAY }),
      fc.integer({ min: 0, max: 40 }).map((quarters) => quarters * 15 * MINUTE),
    ),
  })
  .map(({ change: [instant, timezone, other], windows, sinceChange, ms }) => ({
    from: at(instant) - BEFORE,
    now: at(instant) + sinceChange,
    ms,
    windows: windows.map(({ days, fromMinute, length, isOther }): WindowSpec => {
      const end = length === 1440 ? 1440 : fromMinute + length;
      return {
        days,
        fromMinute: length === 1440 ? 0 : fromMinute,
        toMinute: end > 1440 ? end - 1440 : end,
        timezone: isOther ? other : timezone,
      };
    }),
  }));

describe('around a change of the clocks, for any windows', () => {
  it('agrees with a walk minute by minute', () => {
    fc.assert(
      fc.property(aCase, ({ from, now, windows, ms }) => {
        const open = readOpen(windows, from);
        const minute = Math.floor((now - from) / MINUTE);
        /** The first instant from now on whose minute is open (1) or closed (0), within 14 days. */
        const first = (state: 0 | 1): number | null => {
          const index = open.indexOf(state, minute);
          const instant = Math.max(from + index * MINUTE, now);
          return index === -1 || instant > now + 14 * DAY ? null : instant;
        };
        expect(isOpen(windows, now)).toBe(open[minute] === 1);
        expect(findOpening(windows, now)).toBe(first(1));
        expect(findClosing(windows, now)).toBe(first(0));

        let leftMs = ms;
        let reached = now;
        let expected = ms === 0 ? first(1) : null;
        for (let index = minute; expected === null && index < open.length; index++) {
          const end = from + (index + 1) * MINUTE;
          if (open[index] === 1) {
            if (end - reached >= leftMs) expected = reached + leftMs;
            leftMs -= end - reached;
          }
          reached = end;
        }
        // What is not reached in what the oracle has read is left to the additions below.
        const added = addOpenTime(windows, now, ms);
        const isLater = added === null || added >= reached;
        expect(expected === null && isLater ? null : added).toBe(expected);
      }),
      { numRuns: 400 },
    );
  });

  it('comes to the same instant in one addition as in two', () => {
    fc.assert(
      fc.property(aCase, fc.integer({ min: 1, max: 200 * DAY }), ({ now, windows, ms }, more) => {
        const halfway = addOpenTime(windows, now, ms + 1) ?? Infinity;
        fc.pre(halfway < Infinity);
        const added = addOpenTime(windows, now, ms + 1 + more);
        const twice = addOpenTime(windows, halfway, more) ?? Infinity;
        // The second of two additions reaches further ahead.
        expect(twice > now + 400 * DAY ? null : twice).toBe(added);
      }),
      { numRuns: 300 },
    );
  });
});
