// What devices send, read: the limits of the protocol, and no surprise from hostile bodies.

import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import {
  applyAttributes,
  parseObject,
  readAttributes,
  readFeedback,
  readInstalled,
} from '../../../controller/fleets/gateway/request-bodies.ts';

describe('a feedback body', () => {
  const status = { execution: 'closed', result: { finished: 'success' } };

  it('is read with what is optional, and without what is not ours', () => {
    const body = {
      id: 7,
      time: '20260105T120000',
      status: {
        ...status,
        result: { finished: 'success', progress: { cnt: 2, of: 5 } },
        code: 3,
        details: ['a', 'b'],
      },
    };
    expect(readFeedback(body)).toEqual({
      ok: true,
      value: {
        execution: 'closed',
        finished: 'success',
        progress: { cnt: 2, of: 5 },
        code: 3,
        details: ['a', 'b'],
      },
    });
  });

  it.each([
    {},
    { status: null },
    { status: { result: { finished: 'success' } } },
    { status: { execution: 'exploded', result: { finished: 'success' } } },
    { status: { execution: 'closed' } },
    { status: { execution: 'closed', result: {} } },
    { status: { execution: 'closed', result: { finished: 'maybe' } } },
    { status: { ...status, details: 'text' } },
    { status: { ...status, details: [1] } },
  ])('is 400 without what is required, or with unknown words: %j', (body) => {
    expect(readFeedback(body)).toMatchObject({ ok: false, error: { status: 400 } });
  });
});

describe('attributes', () => {
  it.each([
    {},
    { data: {} },
    { data: [] },
    { data: 'x' },
    { mode: 'other', data: { a: 'b' } },
    { data: { '': 'b' } },
    { data: { a: 5 } },
    { data: { a: {} } },
    { data: { ä: 'b' } },
    { data: { a: 'ü' } },
    { data: { a: 'line\nbreak' } },
    { data: { a: 'x'.repeat(129) } },
    { data: { ['x'.repeat(129)]: 'a' } },
  ])('are 400 outside the limits: %j', (body) => {
    expect(readAttributes(body)).toMatchObject({ ok: false, error: { status: 400 } });
  });

  function apply(known: Readonly<Record<string, string>>, body: Record<string, unknown>): unknown {
    const change = readAttributes(body);
    if (!change.ok) throw new Error(change.error.message);
    const applied = applyAttributes(known, change.value);
    return applied.ok ? applied.value : applied.error.status;
  }

  it('are merged by default, and null takes one away', () => {
    expect(apply({ a: '1', b: '2' }, { data: { b: null, c: '3' } })).toEqual({ a: '1', c: '3' });
  });

  it('are replaced or removed where the mode says so', () => {
    const known = { a: '1', b: '2' };
    expect(apply(known, { mode: 'replace', data: { c: '3', d: null } })).toEqual({ c: '3' });
    expect(apply(known, { mode: 'remove', data: { a: 'whatever', x: null } })).toEqual({ b: '2' });
  });

  it('are at most 100, counted after merging', () => {
    const many = Object.fromEntries(Array.from({ length: 100 }, (_, n) => [`k${n}`, 'v']));
    expect(apply(many, { data: { k0: 'w' } })).toMatchObject({ k0: 'w' });
    expect(apply(many, { data: { more: 'v' } })).toBe(429);
    expect(apply(many, { data: { more: 'v', k0: null } })).toMatchObject({ more: 'v' });
  });

  it('keep a key that JavaScript has plans for', () => {
    const body = parseObject('{"data":{"__proto__":"x","constructor":"y"}}');
    if (!body.ok) throw new Error('unreadable');
    const applied = apply({}, body.value);
    expect(JSON.stringify(applied)).toBe('{"__proto__":"x","constructor":"y"}');
  });
});

describe('any body', () => {
  it('is read or refused, and never throws', () => {
    const text = fc.oneof(
      fc.string(),
      fc.json(),
      fc.jsonValue().map((value) => JSON.stringify(value)),
    );
    fc.assert(
      fc.property(text, (body) => {
        const parsed = parseObject(body);
        if (!parsed.ok) return;
        for (const read of [readFeedback, readAttributes, readInstalled]) {
          expect(typeof read(parsed.value).ok).toBe('boolean');
        }
      }),
    );
  });

  it('names what is installed by a text of at most 128 characters', () => {
    expect(readInstalled({ name: 'x', version: '42' })).toEqual({ ok: true, value: '42' });
    expect(readInstalled({ version: 42 }).ok).toBe(false);
    expect(readInstalled({ version: 'x'.repeat(129) }).ok).toBe(false);
  });
});
