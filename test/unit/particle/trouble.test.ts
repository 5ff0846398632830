// What Particle answers instead of what was asked for, and what is made of it.

import { describe, expect, it } from 'vitest';

import { redact } from '../../../controller/fleets/particle/redact.ts';
import type { Answer } from '../../../controller/fleets/particle/trouble.ts';
import { readAnswer, unanswered, unreadable } from '../../../controller/fleets/particle/trouble.ts';

const TOKEN = '0123456789abcdef0123456789abcdef01234567';
const QUESTION = { what: 'read the devices of thermostat-v2', secrets: [TOKEN] };

function answer(status: number, body: unknown, headers: Answer['headers'] = {}): Answer {
  return { status, headers, text: typeof body === 'string' ? body : JSON.stringify(body) };
}

function failureOf(status: number, body: unknown, headers?: Answer['headers']): unknown {
  const read = readAnswer(answer(status, body, headers), QUESTION);
  return read.ok ? null : read.error;
}

describe('an answer', () => {
  it('is its body where all is well, and nothing where there is none', () => {
    expect(readAnswer(answer(200, { devices: [] }), QUESTION)).toEqual({
      ok: true,
      body: { devices: [] },
    });
    expect(readAnswer(answer(204, ''), QUESTION)).toEqual({ ok: true, body: null });
  });

  it.each([
    [
      'OAuth’s words',
      400,
      { error: 'invalid_request', error_description: 'Firmware version already exists' },
      'ParticleRefused',
      'Firmware version already exists',
    ],
    [
      'words with information',
      403,
      { error: 'Permission Denied', info: "I didn't recognize that device name or ID" },
      'ParticleForbidden',
      "I didn't recognize that device",
    ],
    [
      'a plain no',
      404,
      { ok: false, error: 'Product not found.' },
      'ParticleNotFound',
      'Product not found.',
    ],
    ['a list of texts', 400, { ok: false, errors: ['Bad thing'] }, 'ParticleRefused', 'Bad thing'],
    [
      'a list of objects',
      400,
      { ok: false, errors: [{ error: 'Worse thing' }] },
      'ParticleRefused',
      'Worse thing',
    ],
    [
      'a description',
      400,
      { error: 'bad_request', description: 'no such bucket' },
      'ParticleRefused',
      'no such bucket',
    ],
    [
      'a no under a status that says yes',
      200,
      { ok: false, error: 'nope' },
      'ParticleRefused',
      'nope',
    ],
  ])('with %s is read', (_, status, body, code, words) => {
    expect(failureOf(status, body)).toMatchObject({
      code,
      disposition: 'stall',
      message: expect.stringContaining(words) as string,
    });
  });

  it.each([
    [
      'none was given',
      400,
      { error: 'invalid_request', error_description: 'The access token was not found' },
    ],
    [
      'it has expired',
      401,
      { error: 'invalid_token', error_description: 'The access token provided has expired.' },
    ],
    ['the password is bad', 401, { ok: false, errors: ['Bad password'] }],
    ['a page says so', 401, '<html>401</html>'],
  ])('about a token calls a person: %s', (_, status, body) => {
    const expected =
      status === 401 && typeof body === 'string' ? 'ParticleUnavailable' : 'ParticleUnauthorized';
    expect(failureOf(status, body)).toMatchObject({ code: expected });
  });

  it.each([408, 500, 502, 503, 504])('with status %i is tried again', (status) => {
    expect(
      failureOf(status, { ok: false, code: status, errors: ['Request Timed Out'] }),
    ).toMatchObject({
      code: 'ParticleUnavailable',
      disposition: 'retry',
    });
    expect(failureOf(status, '<h1>Bad Gateway</h1>')).toMatchObject({ disposition: 'retry' });
  });

  it.each([
    [{}, 30_000],
    [{ 'retry-after': '7' }, 7_000],
    [{ 'retry-after': '0' }, 1_000],
    [{ 'retry-after': '999999' }, 1_800_000],
    [{ 'retry-after': 'soon' }, 30_000],
  ])('that asks for patience (%o) is waited out', (headers, retryAfterMs) => {
    for (const status of [429, 529]) {
      expect(failureOf(status, { error: 'slow down' }, headers as Answer['headers'])).toMatchObject(
        {
          code: 'ParticleRateLimited',
          disposition: 'wait',
          retryAfterMs,
        },
      );
    }
  });

  it('that is no JSON, or ends too soon, is never taken for an answer', () => {
    expect(failureOf(200, '{"devices":[{"id":"e0')).toMatchObject({
      code: 'ParticleUnavailable',
      disposition: 'retry',
      message: expect.stringContaining('ends too soon') as string,
    });
    expect(failureOf(200, '<html>maintenance</html>')).toMatchObject({
      disposition: 'retry',
      message: expect.stringContaining('a page for people, with status 200') as string,
    });
    expect(failureOf(200, '')).toMatchObject({ disposition: 'retry' });
  });

  it('never carries a token into a message', () => {
    const other = 'f'.repeat(40);
    const said = `token ${TOKEN} or ${other} of https://me:pw@host?access_token=abc Bearer xyz`;
    const text = JSON.stringify(failureOf(400, { error: said }));
    for (const secret of [TOKEN, other, 'me:pw', 'abc', 'xyz']) expect(text).not.toContain(secret);
    expect(unanswered(`socket of ${TOKEN} closed`, QUESTION).message).not.toContain(TOKEN);
    expect(unreadable({ what: `use ${TOKEN}`, secrets: [TOKEN] }).message).not.toContain(TOKEN);
  });
});

describe('redacting', () => {
  it('leaves one line of bounded length', () => {
    expect(redact('a\nb\u0000c', [''])).toBe('a b c');
    expect(redact('x'.repeat(900), [])).toHaveLength(501);
  });
});
