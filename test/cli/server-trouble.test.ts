// A controller that cannot be reached, or does not let us: every way is told apart, with what would mend it.

import { createServer, type Server } from 'node:http';
import { afterEach, describe, expect, it } from 'vitest';
import { findFreePort, hasStack, runCli } from '../support/cli.ts';

let server: Server | null = null;
afterEach(() => {
  server?.closeAllConnections();
  server?.close();
  server = null;
});

/** Serves one answer to everything; resolves with its URL and the requests that came. */
async function answerWith(
  status: number,
  body: string,
): Promise<{ readonly url: string; readonly requests: { url: string; auth: string }[] }> {
  const requests: { url: string; auth: string }[] = [];
  const started = createServer((request, response) => {
    requests.push({ url: request.url ?? '', auth: request.headers.authorization ?? '' });
    response.writeHead(status, { 'content-type': 'application/json' }).end(body);
  });
  server = started;
  await new Promise<void>((resolve) => started.listen(0, '127.0.0.1', resolve));
  const address = started.address();
  if (typeof address !== 'object' || address === null) throw new Error('no port was given');
  return { url: `http://127.0.0.1:${address.port}`, requests };
}

const DENIED =
  '{"error":{"code":"Forbidden","message":"The token is a viewer.","remedy":"Use a deployer."}}';
const UNKNOWN =
  '{"error":{"code":"UnknownDevice","message":"No such device.","remedy":"Check the id."}}';
const STALE = '{"error":{"code":"StalePlan","message":"It moved.","remedy":"Plan again."}}';

describe('a controller in trouble', { timeout: 120_000 }, () => {
  it.each<[string, number, string, RegExp]>([
    ['an invalid token', 401, '{}', /^error Unauthorized\n.*Give a token with LOCKSTEP_TOKEN/],
    [
      'a role that may not',
      403,
      DENIED,
      /^error Forbidden\n {2}The token is a viewer\. Use a deployer\./,
    ],
    ['an unknown thing', 404, UNKNOWN, /^error UnknownDevice\n {2}No such device\. Check the id\./],
    ['a proxy whose controller is gone', 502, '<html>', /^error ServerFailed\n.*HTTP 502/],
    ['something that is no controller', 200, 'hello', /^error NotLockstep\n.*Check the address/],
    ['a page that is not there', 404, '<html>', /^error NotLockstep\n/],
    ['a redirect', 302, '', /^error NotLockstep\n/],
  ])('is told apart: %s', async (_, status, body, told) => {
    const { url } = await answerWith(status, body);
    const result = await runCli(['status', '--server', url]);
    expect(result).toMatchObject({ code: 1, stdout: '' });
    expect(result.stderr).toMatch(told);
    expect(hasStack(result.stderr)).toBe(false);
  });

  it('says so when nobody listens there', async () => {
    const url = `http://127.0.0.1:${await findFreePort()}`;
    const result = await runCli(['devices', '--server', url]);
    expect(result).toMatchObject({ code: 1, stdout: '' });
    expect(result.stderr).toContain(
      `No controller can be reached at ${url}: the connection was refused.`,
    );
  });

  it('sends the token and never shows it', async () => {
    const { url, requests } = await answerWith(401, '{}');
    const { stdout, stderr } = await runCli(['status', '--server', `${url}/`], {
      env: { LOCKSTEP_TOKEN: 'sesame' },
    });
    expect(requests).toEqual([{ url: '/api/v1/status', auth: 'Bearer sesame' }]);
    expect(stderr).toContain('not, or no longer, known there');
    expect(stdout + stderr).not.toContain('sesame');
  });

  it('keeps what a user names inside its segment of the path', async () => {
    const { url, requests } = await answerWith(404, UNKNOWN);
    await runCli(['why', '../../x?y#z', '--product', 'a/b', '--server', url]);
    expect(requests[0]?.url).toBe('/api/v1/products/a%2Fb/devices/..%2F..%2Fx%3Fy%23z/why');
  });

  it('takes the state that is named rather than the controller of the environment', async () => {
    const { url, requests } = await answerWith(500, '');
    const { code } = await runCli(['status', '--state', 'sqlite:/nonexistent/state.db'], {
      env: { LOCKSTEP_SERVER: url },
    });
    expect({ code, requests }).toEqual({ code: 0, requests: [] });
  });

  it('exits 3 when a controller refuses a plan as stale', async () => {
    const { url } = await answerWith(409, STALE);
    const result = await runCli(['apply', '--server', url]);
    expect(result).toMatchObject({ code: 3, stdout: '' });
    expect(result.stderr).toMatch(/^error StalePlan\n/);
  });
});
