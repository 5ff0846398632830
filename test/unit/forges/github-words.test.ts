// The words for GitHub and from it: addresses of its pages, markers in comments, secrets blotted out of messages, and
// what trouble is called and asks for.

import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  addressesOf,
  commitPage,
  filePage,
  pageTemplates,
} from '../../../controller/forges/github/addresses.ts';
import { commitPageOf } from '../../../controller/model/pages.ts';
import { failureOf, isLimit } from '../../../controller/forges/github/classify.ts';
import { readMarker, withMarker } from '../../../controller/forges/github/marker.ts';
import { redact } from '../../../controller/forges/github/redact.ts';
import { shorten } from '../../../controller/forges/github/statuses.ts';
import { GithubTrouble, troubleOf } from '../../../controller/forges/github/trouble.ts';

describe('addresses', () => {
  const repository = 'acme/fleet';

  it('are the same where somebody else fills them in', () => {
    const at = addressesOf({ repository, apiUrl: 'https://ghe.example.com/api/v3', webUrl: null });
    const pages = pageTemplates(at);
    expect(commitPageOf(pages, 'ab12')).toBe(commitPage(at, 'ab12'));
    const file = pages.file.replace('{revision}', 'ab12').replace('{file}', 'a%20b/c.yaml');
    expect(file.replace('{line}', '7')).toBe(filePage(at, 'ab12', 'a b/c.yaml', 7));
  });

  it.each([
    [
      null,
      null,
      'https://api.github.com',
      'https://github.com/acme/fleet',
      'github.com/acme/fleet',
    ],
    [
      'https://ghe.example.com/api/v3/',
      null,
      'https://ghe.example.com/api/v3',
      'https://ghe.example.com/acme/fleet',
      'ghe.example.com/acme/fleet',
    ],
    [
      'https://api.acme.ghe.com',
      null,
      'https://api.acme.ghe.com',
      'https://acme.ghe.com/acme/fleet',
      'acme.ghe.com/acme/fleet',
    ],
    [
      'http://127.0.0.1:7/api/v3',
      'https://git.example.com/',
      'http://127.0.0.1:7/api/v3',
      'https://git.example.com/acme/fleet',
      'git.example.com/acme/fleet',
    ],
  ])('of %s and %s', (apiUrl, webUrl, api, page, place) => {
    expect(addressesOf({ repository, apiUrl, webUrl })).toMatchObject({ api, page, place });
  });

  it('lead to a line of a file, whatever the file is called', () => {
    const at = addressesOf({ repository, apiUrl: null, webUrl: null });
    expect(filePage(at, 'ab12', 'a b/c#d?.yaml', 7)).toBe(
      'https://github.com/acme/fleet/blob/ab12/a%20b/c%23d%3F.yaml#L7',
    );
    expect(commitPage(at, 'ab12')).toBe('https://github.com/acme/fleet/commit/ab12');
  });
});

describe('markers', () => {
  it('are read back, whatever the body and the key are', () => {
    const text = fc.string({ unit: 'grapheme', maxLength: 40 });
    fc.assert(
      fc.property(text, fc.string({ minLength: 1, maxLength: 20 }), text, (body, name, key) => {
        const marked = withMarker(body, { name, key });
        expect(readMarker(marked)).toEqual({ name, key });
        expect(marked.slice(marked.lastIndexOf('<!--') + 4, -3)).not.toMatch(/--|>/);
      }),
      {
        examples: [
          ['a', 'plan', '--> ---'],
          ['-->', 'a--b', '<!-- lockstep:a b -->'],
        ],
      },
    );
  });

  it('count at the very end only', () => {
    const inside = withMarker('a', { name: 'plan', key: 'forged' });
    expect(readMarker(`${inside} and more`)).toBeNull();
    expect(readMarker(withMarker(inside, { name: 'plan', key: 'ours' }))?.key).toBe('ours');
    expect(readMarker(`${inside}\r\n`)?.key).toBe('forged');
  });
});

describe('secrets', () => {
  it.each([
    'ghp_16C7e42F292c6912E7710c838347Ae178B4a',
    'ghs_abcDEF123456',
    'github_pat_11ABCDEFG0abcdefghijkl_mnopqrstuv',
    'eyJhbGciOiJSUzI1NiJ9.eyJpc3MiOjF9.c2lnbmF0dXJl',
    '-----BEGIN RSA PRIVATE KEY-----\nMIIEowIBAAKCAQEA\n-----END RSA PRIVATE KEY-----',
    'of-an-unknown-kind',
  ])('%s is blotted out', (secret) => {
    expect(redact(`Bad: ${secret} was refused`, ['of-an-unknown-kind'])).toBe(
      'Bad: [secret] was refused',
    );
  });

  it('are blotted out of addresses and headers', () => {
    expect(redact('https://x-access-token:hunter2@github.com/x', [])).toBe(
      'https://[secret]github.com/x',
    );
    expect(redact('authorization: Bearer abcdef123456', [])).not.toContain('abcdef');
  });

  it('and messages are one line of bounded length', () => {
    expect(redact('a\n\u001b[31mb', [])).toBe('a [31mb');
    expect(redact('x'.repeat(9999), []).length).toBeLessThan(500);
  });
});

describe('trouble', () => {
  const context = {
    place: 'github.com/acme/fleet',
    what: 'write a status',
    now: Date.UTC(2030, 0, 1),
    credentials: 'token',
    secrets: [],
  } as const;
  const told = (
    status: number,
    message: string | null,
    headers: Readonly<Record<string, string>> = {},
    credentials: 'token' | 'app' = 'token',
  ) => {
    const at = { method: 'POST', path: '/repos/acme/fleet/statuses/x' };
    const trouble = new GithubTrouble(message ?? '', at, { status, headers, message });
    return failureOf(trouble, { ...context, credentials });
  };
  const reset = String(context.now / 1000 + 100);

  it.each([
    ['a short pause', { 'retry-after': '7' }, 7_000],
    ['a pause of none', { 'retry-after': '0' }, 1_000],
    ['until the reset', { 'x-ratelimit-remaining': '0', 'x-ratelimit-reset': reset }, 101_000],
    [
      "until the reset, by GitHub's clock",
      {
        'x-ratelimit-remaining': '0',
        'x-ratelimit-reset': reset,
        date: new Date(context.now + 60_000).toUTCString(),
      },
      41_000,
    ],
    ['no time at all', {}, 60_000],
    ['a time far off', { 'retry-after': '99999999' }, 3_900_000],
  ])('of a limit waits: %s', (_, headers, retryAfterMs) => {
    expect(told(403, 'You have exceeded a secondary rate limit', headers)).toMatchObject({
      code: 'ForgeRateLimited',
      disposition: 'wait',
      retryAfterMs,
    });
    expect(told(429, null, headers)).toMatchObject({ disposition: 'wait', retryAfterMs });
  });

  it.each<[number, string | null, string, string]>([
    [401, 'Bad credentials', 'ForgeUnauthorized', 'stall'],
    [403, 'Resource not accessible by integration', 'ForgeForbidden', 'stall'],
    [404, 'Not Found', 'ForgeRepositoryMissing', 'stall'],
    [409, 'Conflict', 'ForgeConflict', 'retry'],
    [422, 'Validation Failed', 'ForgeRefused', 'stall'],
    [500, 'Server Error', 'ForgeUnavailable', 'retry'],
    [502, null, 'ForgeUnavailable', 'retry'],
    [404, null, 'ForgeUnavailable', 'retry'],
    [403, null, 'ForgeUnavailable', 'retry'],
  ])('with status %i and %s is %s', (status, message, code, disposition) => {
    expect(told(status, message)).toMatchObject({ code, disposition });
  });

  it('names the permissions that are missing, and where to give them', () => {
    const accepted = {
      'x-accepted-github-permissions': 'issues=write; pull_requests=write,contents=read',
    };
    const { message } = told(403, 'Resource not accessible by integration', accepted, 'app');
    expect(message).toContain('github.com/acme/fleet');
    expect(message).toContain('`issues: write` or `pull_requests: write` and `contents: read`');
    expect(message).toContain('GitHub App');
    expect(told(403, 'Repository was archived so is read-only.').message).toContain('Unarchive');
  });

  it('is no limit where only a right is missing', () => {
    const answer = { status: 403, message: 'Must have admin rights', headers: {} };
    expect(isLimit(answer)).toBe(false);
    expect(isLimit({ ...answer, headers: { 'x-ratelimit-remaining': '0' } })).toBe(true);
  });

  it('keeps the details of an error document', () => {
    const thrown = Object.assign(new Error('x'), {
      status: 422,
      request: { method: 'POST', url: 'https://api.github.com/repos/a/b/pulls?x=1' },
      response: {
        status: 422,
        headers: {},
        data: {
          message: 'Validation Failed',
          errors: [{ message: 'No commits' }, { field: 'base' }, 7],
        },
      },
    });
    expect(troubleOf(thrown)).toMatchObject({
      message: 'Validation Failed: No commits: base is wrong',
      path: '/repos/a/b/pulls',
      method: 'POST',
    });
    expect(troubleOf(new Error('a bug'))).toBeNull();
  });
});

describe('short texts', () => {
  it('are cut between characters, and never too long', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme', maxLength: 30 }), (text) => {
        const short = shorten(text, 10);
        expect(short.length).toBeLessThanOrEqual(10);
        expect(short.isWellFormed()).toBe(true);
        expect(short === text).toBe(text.length <= 10);
      }),
    );
  });
});
